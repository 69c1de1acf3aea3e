"""Prior dose of an organ at points of the prior image, where a voxel-wise map is not used.

UNIFORM_BG, POINT_SUM and OVERLAP_POINT_SUM read the prior dose in the organ as it was contoured in
the prior course; ZERO has to be proved on the reference image (physics.md section 4).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from scipy.spatial import cKDTree

from .accumulation import CourseDose, not_evaluable
from .case import MappingStrategy
from .contours import coverage_on_grid
from .courses import Course, Structure, StructureKind, slice_spacing_mm
from .dose_mapping import dose_at_points, dose_on_grid
from .errors import RefusedError
from .grids import Grid
from .mapping_strategies import (
    OVERLAP_EQD2_GY,
    UNIFORM_MARGIN_MM,
    OverlapMasks,
    Region,
    points_near,
    require_zero_prior_dose,
)
from .organ_models import OrganModel
from .pipeline_data import RegisteredCourse
from .point_transforms import inverse_points, map_points
from .radiobiology import course_eqd2
from .registration_regions import box_around
from .sampling import SamplePoints, sample_structure

PROOF_ALPHA_BETA_GY = 3.0
PROOF_SPACING_MM = 3.0
TISSUE_SPACING_MM = 2.0
TARGET_SPACING_MM = 2.0
NATIVE = (
    MappingStrategy.UNIFORM_BG,
    MappingStrategy.POINT_SUM,
    MappingStrategy.OVERLAP_POINT_SUM,
)


@dataclass(frozen=True, eq=False)
class NativeCourse:
    """A prior course with what is needed to read its dose in its own image.

    Parameters
    ----------
    prior, planned : Course
        Both courses.
    registered : RegisteredCourse
        Way from the reference image to the prior image.
    partners : mapping
        Structures of the prior course by name of the reference structure.
    targets : ndarray (M, 3)
        Points of the planned targets on the reference image, LPS, mm, for UNIFORM_BG.
    """

    prior: Course
    planned: Course
    registered: RegisteredCourse
    partners: Mapping[str, Structure]
    targets: npt.NDArray[np.float64]

    @property
    def fractions(self) -> tuple[int, ...]:
        """Fractions delivered in each phase of the prior course."""
        return fractions_of(self.prior)

    def targets_on_prior(self) -> npt.NDArray[np.float64] | None:
        """Points of the planned targets on the prior image, by the rigid part where it is known.

        None where the registration does not reach all of them.

        Raises
        ------
        RefusedError
            No target in the planned course.
        """
        if not len(self.targets):
            reason = "UNIFORM_BG needs a PTV in the planned course; none was found"
            raise RefusedError(reason)
        result = self.registered.result
        points, known = map_points(result.rigid or result.transform, self.targets)
        return points if known.all() else None


def fractions_of(course: Course) -> tuple[int, ...]:
    """Fractions delivered in each phase of a course."""
    return tuple(phase.fractions_delivered for phase in course.phases)


def native_dose(model: OrganModel, course: NativeCourse, samples: SamplePoints) -> CourseDose:
    """Return the prior dose of an organ at points of the prior image.

    UNIFORM_BG presumes 0 where no part of the organ lies near the target. The place of the target
    comes from the map: where UNIFORM_BG stands in for one that failed, nothing is presumed and the
    dose is not evaluable.

    Parameters
    ----------
    model : OrganModel
        Organ with its strategy for the course, one of ``NATIVE``.
    course : NativeCourse
        Prior course.
    samples : SamplePoints
        Sample points of the organ on the reference image.

    Raises
    ------
    RefusedError
        A point sum of an organ that was not contoured in the prior course; UNIFORM_BG without a
        target.
    """
    strategy = model.mapping[course.prior.id]
    organ = course.partners.get(model.name)
    if strategy is MappingStrategy.UNIFORM_BG:
        found = _uniform(model.name, organ, course)
        is_empty = found.volumes_cc is not None and not found.volumes_cc.size
        if organ is not None and is_empty and model.is_fallback(course.prior.id):
            return not_evaluable(course.fractions, _not_presumed(model, organ, course))
        return found
    if organ is None:
        reason = (
            f"{model.name}: strategy {strategy.value} needs the organ contoured in "
            f"{course.prior.id}; it is not, choose another strategy or map its name with "
            "structure_map"
        )
        raise RefusedError(reason)
    own = sample_structure(organ, slice_spacing_mm=slice_spacing_mm(course.prior))
    doses = dose_at_points(course.prior, own.points_lps)
    found = CourseDose(doses, course.fractions, strategy, own.volumes_cc)
    if strategy is MappingStrategy.POINT_SUM:
        return found
    masks = _overlap(course, own.points_lps, found, samples)
    note = (
        f"overlap: both courses at least {OVERLAP_EQD2_GY:g} Gy EQD2 (alpha/beta 3 Gy), "
        f"{own.volumes_cc[masks.prior].sum():.1f} cc of the organ on the prior image"
    )
    return CourseDose(doses, course.fractions, strategy, own.volumes_cc, note, overlap=masks)


def _uniform(name: str, organ: Structure | None, course: NativeCourse) -> CourseDose:
    """Dose of the organ near the planned target, and of all tissue there where it is needed."""
    targets = course.targets_on_prior()
    none = tuple(np.empty(0) for _ in course.fractions)
    if targets is None:
        note = "unknown: the registration does not reach the whole planned target"
        return CourseDose(none, course.fractions, MappingStrategy.UNIFORM_BG, None, note)
    doses, volumes = none, None
    if organ is not None:
        own = sample_structure(organ, slice_spacing_mm=slice_spacing_mm(course.prior))
        near = points_near(own.points_lps, targets, UNIFORM_MARGIN_MM, TARGET_SPACING_MM)
        doses = dose_at_points(course.prior, own.points_lps[near])
        volumes = own.volumes_cc[near]
    fallback = None
    if volumes is None or any(np.isnan(dose).any() for dose in doses):
        fallback = _tissue(course, targets)
    found = CourseDose(
        doses, course.fractions, MappingStrategy.UNIFORM_BG, volumes, fallback=fallback
    )
    note = found.background(PROOF_ALPHA_BETA_GY, name).note
    if organ is not None and volumes is not None and not volumes.size:
        note += f"; its maximum elsewhere on the prior image is {_maximum(course, own)}"
    return CourseDose(doses, course.fractions, MappingStrategy.UNIFORM_BG, volumes, note, fallback)


def _not_presumed(model: OrganModel, organ: Structure, course: NativeCourse) -> str:
    """Say why an organ that seems far from the target under a map that failed has no dose."""
    own = sample_structure(organ, slice_spacing_mm=slice_spacing_mm(course.prior))
    nearest, _ = cKDTree(course.targets_on_prior()).query(own.points_lps)
    return (
        f"{model.mapping_statement.get(course.prior.id, model.name)}, which gives no dose: the map "
        f"that failed puts the planned PTV about {nearest.min():.0f} mm from {model.name} on the "
        f"prior image, further than {UNIFORM_MARGIN_MM / 10:g} cm, and that does not show that it "
        f"got 0 Gy; its maximum there is {_maximum(course, own)}; choose POINT_SUM for it, or "
        "register again"
    )


def _maximum(course: NativeCourse, own: SamplePoints) -> str:
    """Say how much an organ received anywhere: presumed 0 is not none."""
    doses = dose_at_points(course.prior, own.points_lps)
    eqd2 = np.asarray(course_eqd2(doses, course.fractions, PROOF_ALPHA_BETA_GY))
    known = eqd2[~np.isnan(eqd2)]
    highest = f"{known.max():.1f} Gy EQD2" if known.size else "not known"
    return f"{highest} (alpha/beta 3 Gy)"


def _tissue(course: NativeCourse, targets: npt.NDArray[np.float64]) -> Region | None:
    """Everything inside the external contour of the prior course within 2 cm of the target."""
    bodies = [s for s in course.prior.structures if s.kind is StructureKind.EXTERNAL]
    if not bodies:
        return None
    margin = UNIFORM_MARGIN_MM + TARGET_SPACING_MM
    low, high = targets.min(axis=0) - margin, targets.max(axis=0) + margin
    size = np.ceil((high - low) / TISSUE_SPACING_MM).astype(int) + 1
    grid = Grid(tuple(size.tolist()), (TISSUE_SPACING_MM,) * 3, tuple(low.tolist()))
    body = coverage_on_grid(bodies[0], grid, slice_spacing_mm(course.prior)).array.ravel()
    points = grid.centers_lps()
    near = points_near(points, targets, UNIFORM_MARGIN_MM, TARGET_SPACING_MM) & (body > 0)
    doses = dose_at_points(course.prior, points[near])
    return Region(doses, course.fractions, body[near].astype(float) * grid.voxel_volume_cc)


def _overlap(
    course: NativeCourse,
    prior_points: npt.NDArray[np.float64],
    prior_dose: CourseDose,
    samples: SamplePoints,
) -> OverlapMasks:
    """Where both courses reach 5 Gy EQD2, on either image; unknown dose may reach it."""
    result = course.registered.result
    transform = result.rigid or result.transform
    back, known = inverse_points(transform, prior_points)
    planned_there = [np.where(known, d, np.nan) for d in dose_at_points(course.planned, back)]
    planned_here = dose_at_points(course.planned, samples.points_lps)
    prior_here = dose_at_points(course.prior, samples.points_lps, transform)
    masks, is_known = [], True
    for prior, planned in (
        (prior_dose.phase_doses_gy, planned_there),
        (prior_here, planned_here),
    ):
        one = course_eqd2(prior, course.fractions, PROOF_ALPHA_BETA_GY)
        other = course_eqd2(planned, fractions_of(course.planned), PROOF_ALPHA_BETA_GY)
        both = ~(one < OVERLAP_EQD2_GY) & ~(other < OVERLAP_EQD2_GY)
        is_known &= not bool((both & (np.isnan(one) | np.isnan(other))).any())
        masks.append(both)
    return OverlapMasks(masks[0], masks[1], is_known)


def prove_zero(
    model: OrganModel, planned: Course, prior: Course, registered: RegisteredCourse
) -> str:
    """Return the note that justifies ZERO for an organ.

    Raises
    ------
    RefusedError
        Prior dose at the organ or 2 cm around it, or unknown dose there without a statement.
    """
    grid = box_around((model.structure,), PROOF_SPACING_MM, UNIFORM_MARGIN_MM + PROOF_SPACING_MM)
    inside = coverage_on_grid(model.structure, grid, slice_spacing_mm(planned)).array > 0
    distance = ndimage.distance_transform_edt(~inside, sampling=grid.spacing_mm[::-1])
    around = distance <= UNIFORM_MARGIN_MM
    doses = dose_on_grid(prior, grid, registered.result.transform)
    eqd2 = course_eqd2([dose[around] for dose in doses], fractions_of(prior), PROOF_ALPHA_BETA_GY)
    statement = model.mapping_statement.get(prior.id, "")
    return require_zero_prior_dose(np.asarray(eqd2), model.name, statement)
