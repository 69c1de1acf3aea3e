"""Voxel maps for the viewers and for export: pictures of the sum, never the basis of a verdict.

Every voxel is painted with one organ: where organs overlap the smallest limit wins, then organs
at risk without a limit, then targets; voxels of no organ use the default alpha/beta. Unknown dose
is NaN in every map, never zero.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from .contours import coverage_on_grid
from .courses import Structure, StructureKind
from .dose_models import LQ, DoseConversion
from .grids import Grid, Volume
from .remaining import remaining_dose

FloatArray = npt.NDArray[np.float32]
DEFAULT_ALPHA_BETA_GY = 3.0
OVERLAP_THRESHOLD_EQD2_GY = 5.0
INSIDE_COVERAGE = 0.5


@dataclass(frozen=True, eq=False)
class PaintedOrgan:
    """An organ as painted on the maps.

    Parameters
    ----------
    structure : Structure
        Where it is.
    alpha_beta_gy : float
        Alpha/beta of its limit if it has one, else of the organ, Gy.
    recovery : mapping
        Course id to recovered fraction 0..1.
    limit_eqd2_gy : float, optional
        Smallest cumulative near-maximum limit, Gy EQD2; None if the organ has none.
    instead_eqd2_gy : mapping
        Course id to the EQD2 (before recovery) that stands for that course in the whole organ
        instead of its mapped dose; NaN where the course cannot be shown point by point.
    rigid : frozenset of str
        Courses that are mapped by the rigid part of their registration in this organ.
    lost : frozenset of str
        Courses whose map is not evaluable in this organ: unknown in all of it, also where another
        organ is painted.
    """

    structure: Structure
    alpha_beta_gy: float
    recovery: Mapping[str, float] = field(default_factory=dict)
    limit_eqd2_gy: float | None = None
    instead_eqd2_gy: Mapping[str, float] = field(default_factory=dict)
    rigid: frozenset[str] = frozenset()
    lost: frozenset[str] = frozenset()


@dataclass(frozen=True, eq=False)
class Paint:
    """Which organ each voxel is painted with: index into ``organs``, -1 for none.

    ``lost`` holds by course the voxels of all organs in which its map is not evaluable.
    """

    grid: Grid
    index: npt.NDArray[np.int16]
    organs: tuple[PaintedOrgan, ...]
    lost: Mapping[str, npt.NDArray[np.bool_]] = field(default_factory=dict)

    def lookup(self, values: Sequence[float], default: float) -> FloatArray:
        """Return a map of one value per organ; ``default`` where no organ is painted."""
        return np.array([*values, default], dtype=np.float32)[self.index]


def paint_organs(
    organs: Sequence[PaintedOrgan], grid: Grid, slice_spacing_mm: float | None = None
) -> Paint:
    """Decide for each voxel which organ it is shown as (rule in the file's docstring).

    ``slice_spacing_mm`` is the thickness of structures drawn on one slice only.
    """
    ordered = tuple(sorted(organs, key=_paint_order))
    index = np.full(grid.shape, -1, dtype=np.int16)
    lost: dict[str, npt.NDArray[np.bool_]] = {}
    for number, organ in enumerate(ordered):
        coverage = coverage_on_grid(organ.structure, grid, slice_spacing_mm).array
        # A structure thinner than a voxel nowhere covers half of one; it must not vanish.
        inside = coverage >= min(INSIDE_COVERAGE, max(float(coverage.max()), 1e-6))
        index[inside] = number
        for course in organ.lost:
            lost[course] = lost.get(course, False) | inside
    return Paint(grid, index, ordered, lost)


def _paint_order(organ: PaintedOrgan) -> tuple[int, float]:
    if organ.limit_eqd2_gy is not None:
        return 2, -organ.limit_eqd2_gy
    return (0 if organ.structure.kind is StructureKind.TARGET else 1), 0.0


@dataclass(frozen=True, eq=False)
class CourseOnGrid:
    """Delivered physical dose of each phase of a course on the grid of the maps, Gy."""

    id: str
    phase_doses_gy: tuple[FloatArray, ...]
    fractions: tuple[int, ...]
    model: DoseConversion = LQ

    def eqd2(self, alpha_beta_gy: FloatArray) -> FloatArray:
        """EQD2 with the alpha/beta of each voxel, Gy."""
        total = np.zeros(alpha_beta_gy.shape, dtype=np.float32)
        for value in np.unique(alpha_beta_gy):
            voxels = alpha_beta_gy == value
            doses = [dose[voxels] for dose in self.phase_doses_gy]
            total[voxels] = self.model.course_eqd2(doses, self.fractions, float(value))
        return total


def make_maps(
    paint: Paint,
    priors: Sequence[CourseOnGrid],
    planned: CourseOnGrid,
    mapped_rigidly: Sequence[CourseOnGrid] = (),
) -> dict[str, Volume]:
    """Compute every map of contract.md on the grid of ``paint``.

    Parameters
    ----------
    paint : Paint
        Organs of the voxels.
    priors, planned : CourseOnGrid
        Doses already mapped onto the grid.
    mapped_rigidly : sequence of CourseOnGrid
        Prior courses again, mapped by the rigid part of their registration, for organs that are
        mapped so; a course whose registration has no rigid part of its own is left out.

    Returns
    -------
    dict of str to Volume
        ``alpha_beta`` Gy, ``recovery_<course>`` 0..1, ``mapped_dose_<course>`` Gy physical,
        ``eqd2_<course>`` Gy before recovery, ``cumulative_eqd2`` Gy after recovery,
        ``tolerance_percent`` %, ``overlap_eqd2`` Gy, ``remaining_dose`` Gy physical and
        ``over_limit`` (1 where the prior dose alone exceeds the limit). Where an organ recovers:
        ``cumulative_no_recovery`` and ``recovery_difference`` (Gy EQD2 that recovery takes off).
        With all courses ``mapped_rigidly``: ``mapping_difference`` Gy, see `mapping_difference`.
    """
    alpha_beta = paint.lookup([o.alpha_beta_gy for o in paint.organs], DEFAULT_ALPHA_BETA_GY)
    maps = {"alpha_beta": alpha_beta}
    background = np.zeros(paint.index.shape, dtype=np.float32)
    prior_total = np.zeros(paint.index.shape, dtype=np.float32)
    rigidly = {course.id: course for course in mapped_rigidly}
    for course in (_as_judged(paint, one, rigidly.get(one.id)) for one in priors):
        recovery = paint.lookup([o.recovery.get(course.id, 0.0) for o in paint.organs], 0.0)
        prior_eqd2 = course.eqd2(alpha_beta)
        instead = paint.lookup([o.instead_eqd2_gy.get(course.id, -1.0) for o in paint.organs], -1.0)
        prior_eqd2 = np.where(instead == -1.0, prior_eqd2, instead)
        maps[f"recovery_{course.id}"] = recovery
        maps[f"mapped_dose_{course.id}"] = np.sum(course.phase_doses_gy, axis=0, dtype=np.float32)
        maps[f"eqd2_{course.id}"] = prior_eqd2
        background += (1 - recovery) * prior_eqd2
        prior_total += prior_eqd2
    background += _without_dose(paint, [course.id for course in priors])
    planned_eqd2 = planned.eqd2(alpha_beta)
    maps[f"mapped_dose_{planned.id}"] = np.sum(planned.phase_doses_gy, axis=0, dtype=np.float32)
    maps[f"eqd2_{planned.id}"] = planned_eqd2
    maps["cumulative_eqd2"] = background + planned_eqd2
    maps["overlap_eqd2"] = overlap(prior_total, planned_eqd2)
    limit = paint.lookup(
        [np.nan if o.limit_eqd2_gy is None else o.limit_eqd2_gy for o in paint.organs], np.nan
    )
    maps["tolerance_percent"] = 100 * maps["cumulative_eqd2"] / limit
    remaining, over = _remaining(background, limit, alpha_beta, sum(planned.fractions))
    maps["remaining_dose"], maps["over_limit"] = remaining, over
    if any(fraction > 0 for organ in paint.organs for fraction in organ.recovery.values()):
        maps["recovery_difference"] = _recovered(maps, [course.id for course in priors])
        maps["cumulative_no_recovery"] = maps["cumulative_eqd2"] + maps["recovery_difference"]
    if priors and len(rigidly) == len(priors):
        maps["mapping_difference"] = mapping_difference(paint, priors, mapped_rigidly)
    return {name: Volume(array, paint.grid) for name, array in maps.items()}


def _as_judged(paint: Paint, course: CourseOnGrid, rigid: CourseOnGrid | None) -> CourseOnGrid:
    """Return the doses of the maps that the organs are judged by, unknown where one is lost."""
    phases = course.phase_doses_gy
    if rigid is not None and any(course.id in organ.rigid for organ in paint.organs):
        where = paint.lookup([float(course.id in o.rigid) for o in paint.organs], 0.0) > 0
        pairs = zip(phases, rigid.phase_doses_gy, strict=True)
        phases = tuple(np.where(where, r, dose) for dose, r in pairs)
    lost = paint.lost.get(course.id)
    if lost is not None:
        phases = tuple(np.where(lost, np.float32(np.nan), dose) for dose in phases)
    return replace(course, phase_doses_gy=phases)


def _recovered(maps: Mapping[str, FloatArray], priors: Sequence[str]) -> FloatArray:
    """EQD2 of the prior courses that recovery takes off; NaN where the sum is unknown."""
    taken = sum(maps[f"recovery_{course}"] * maps[f"eqd2_{course}"] for course in priors)
    return np.where(np.isnan(maps["cumulative_eqd2"]), np.float32(np.nan), taken)


def mapping_difference(
    paint: Paint, priors: Sequence[CourseOnGrid], mapped_rigidly: Sequence[CourseOnGrid]
) -> FloatArray:
    """How far the cumulative EQD2 depends on the mapping of the prior doses, Gy.

    The absolute difference between the sums with ``priors`` and with ``mapped_rigidly`` (the same
    courses in the same order), after recovery. NaN where either is unknown, and in organs for
    which a course is not judged point by point, because no mapping enters their sum.
    """
    alpha_beta = paint.lookup([o.alpha_beta_gy for o in paint.organs], DEFAULT_ALPHA_BETA_GY)
    pointwise = [np.nan if o.instead_eqd2_gy else 0.0 for o in paint.organs]
    change = paint.lookup(pointwise, 0.0)
    for course, rigid in zip(priors, mapped_rigidly, strict=True):
        recovery = paint.lookup([o.recovery.get(course.id, 0.0) for o in paint.organs], 0.0)
        change += (1 - recovery) * (course.eqd2(alpha_beta) - rigid.eqd2(alpha_beta))
    return np.abs(change)


def _without_dose(paint: Paint, on_grid: Sequence[str]) -> FloatArray:
    """NaN in organs that a course without a dose distribution has irradiated, else 0."""
    missing = [any(course not in on_grid for course in o.instead_eqd2_gy) for o in paint.organs]
    return paint.lookup([np.nan if m else 0.0 for m in missing], 0.0)


def overlap(
    prior_eqd2_gy: FloatArray,
    planned_eqd2_gy: FloatArray,
    threshold_gy: float = OVERLAP_THRESHOLD_EQD2_GY,
    planned_threshold_gy: float | None = None,
) -> FloatArray:
    """EQD2 that prior and planned courses both reach, Gy.

    The smaller of both where both reach their threshold (the same one unless
    ``planned_threshold_gy`` is given), 0 where the courses do not overlap, NaN where one of them
    is unknown.
    """
    least = threshold_gy if planned_threshold_gy is None else planned_threshold_gy
    apart = (prior_eqd2_gy < threshold_gy) | (planned_eqd2_gy < least)
    both = np.minimum(prior_eqd2_gy, planned_eqd2_gy)
    return np.where(apart & ~np.isnan(both), np.float32(0.0), both)


def _remaining(
    background: FloatArray, limit: FloatArray, alpha_beta: FloatArray, fractions: int
) -> tuple[FloatArray, FloatArray]:
    remaining = np.full(background.shape, np.nan, dtype=np.float32)
    over = np.zeros(background.shape, dtype=np.float32)
    for value in np.unique(alpha_beta):
        voxels = (alpha_beta == value) & ~np.isnan(limit)
        dose, exceeded = remaining_dose(background[voxels], limit[voxels], fractions, float(value))
        remaining[voxels], over[voxels] = dose, exceeded
    over[np.isnan(background) | np.isnan(limit)] = np.nan
    return remaining, over
