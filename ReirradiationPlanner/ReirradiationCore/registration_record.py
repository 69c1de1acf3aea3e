"""Measure a registration with the structures of both courses, as contract.md records it."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import SimpleITK as sitk

from .case import Case
from .common_view import CommonView
from .contours import coverage_on_grid
from .courses import Course, Structure, StructureKind, slice_spacing_mm
from .field_derivatives import bone_strain, jacobian_map
from .grids import Volume
from .landmark_errors import MeasuredLandmark, errors_for, landmark_rows
from .progress import Progress
from .registration import RegistrationResult
from .registration_levels import QualityLevels
from .registration_quality import (
    CONSISTENCY_POINTS,
    JacobianStatistics,
    MeasuredMap,
    StructureQuality,
    inside_quality,
    inverse_consistency_mm,
    jacobian_statistics,
    mean_known,
    structure_quality,
)
from .registration_regions import (
    GRADIENT_ALPHA_BETA_GY,
    box_around,
    irradiated_region,
    local_correlation,
    near_targets,
    points_inside,
    reaches,
    steepest_gradient,
)
from .registration_verdicts import LOSES_MAP, Circumstances, judge_structure, why
from .structure_pairs import StructurePair, pair_structures

MARGIN_MM = 6.0
VOXELS_PER_STRUCTURE = 150_000
FINEST_MM, COARSEST_MM = 1.0, 3.0
THIN = re.compile(r"A_|V_|Vessels|GreatVes|SpinalCord|ThecalSac|CaudaEquina|.*Plex")  # TG-263 names
MOBILE = re.compile(r"Bowel|Colon|Sigmoid|Duodenum|Stomach|Lung|Heart|Esophagus|Trachea|Bronchus")
JUDGED = (StructureKind.OAR, StructureKind.TARGET)


@dataclass(frozen=True, eq=False)
class Backward:
    """The way back, for inverse consistency.

    Parameters
    ----------
    transform : sitk.Transform, optional
        Prior to reference; None where there is none.
    note : str
        How it was made, or why there is none.
    """

    transform: sitk.Transform | None
    note: str


@dataclass(frozen=True, eq=False)
class _Measuring:
    """Everything that does not change from structure to structure."""

    result: RegistrationResult
    planned: Course
    prior: Course
    tested: MeasuredMap
    levels: QualityLevels
    voxel_mm: float
    landmarks: Sequence[MeasuredLandmark]
    folding_near: Volume | None


def quality_record(
    result: RegistrationResult,
    courses: tuple[Course, Course],
    case: Case,
    backward: Backward,
    progress: Progress,
) -> dict[str, Any]:
    """Return the quality of a registration: where it matters, and at every structure.

    The numbers of the whole map hold inside the body where the prior dose is 1 Gy or more
    (physics.md 7.2).

    Parameters
    ----------
    result : RegistrationResult
        What is measured.
    courses : tuple of Course
        Planned and prior course.
    case : Case
        Levels, landmarks and standard names.
    backward : Backward
        For inverse consistency.
    """
    planned, prior = courses
    region = irradiated_region(result.transform, planned, prior)
    tested = MeasuredMap(
        result.transform,
        jacobian_map(result.transform, region.grid),
        backward.transform,
        _view(result.transform, planned, prior),
    )
    near = near_targets(planned)
    around = jacobian_statistics(tested.determinants, near) if near is not None else NOWHERE
    landmarks = landmark_rows(case, prior, result)
    measuring = _Measuring(
        result, planned, prior, tested, case.quality.levels, _largest_edge(planned), landmarks,
        near if around.folding_fraction > 0 else None,
    )  # fmt: skip
    return {
        **_of_map(tested, region),
        "inverse_consistency_note": backward.note,
        "near_target": None if near is None else _near_target(near, around, measuring),
        "bone_strain": _bone_strain(result.transform, planned.image),
        "landmarks": [one.record() for one in landmarks],
        **_structures(measuring, case.structure_map, progress),
        "guided_by": list(result.guided),
        "levels": case.quality.levels.record(),
        "typed_levels": list(case.quality.levels.typed),
        "voxel_mm": measuring.voxel_mm,
        "gradient_alpha_beta_gy": GRADIENT_ALPHA_BETA_GY,
        "warnings": list(result.warnings),
        "parameters": {key: str(value) for key, value in result.parameters.items()},
    }


NOWHERE = JacobianStatistics(math.nan, math.nan, math.nan)


def _view(transform: sitk.Transform, planned: Course, prior: Course) -> CommonView | None:
    """Return what both CTs show; None where a course has no CT."""
    if planned.image is None or prior.image is None:
        return None
    return CommonView(planned.image.grid, prior.image.grid, transform)


def _largest_edge(planned: Course) -> float:
    """Largest edge of a voxel of the reference CT, mm; the slice spacing without a CT."""
    if planned.image is not None:
        return float(max(planned.image.grid.spacing_mm))
    return float(slice_spacing_mm(planned) or 0.0)


def _of_map(tested: MeasuredMap, region: Volume) -> dict[str, Any]:
    jacobian = jacobian_statistics(tested.determinants, region)
    error = math.nan
    if tested.backward is not None:
        points = points_inside(region)
        points = points[:: max(1, len(points) // CONSISTENCY_POINTS)]
        error = mean_known(inverse_consistency_mm(tested.transform, tested.backward, points))
    return {
        "folding_fraction": _number(jacobian.folding_fraction),
        "jacobian_min": _number(jacobian.minimum),
        "jacobian_max": _number(jacobian.maximum),
        "inverse_consistency_mm": _number(error),
    }


def _bone_strain(transform: sitk.Transform, image: Volume | None) -> dict[str, Any] | None:
    """How far bone was bent (0 for a rigid map); it has no level, None without a CT."""
    if image is None:
        return None
    strain = bone_strain(transform, image)
    return {
        "mean": _number(strain.mean),
        "p95": _number(strain.p95),
        "max": _number(strain.maximum),
        "volume_cc": _number(strain.volume_cc),
    }


def _near_target(
    near: Volume, jacobian: JacobianStatistics, measuring: _Measuring
) -> dict[str, Any]:
    images = measuring.planned.image, measuring.prior.image
    return {
        "folding_fraction": _number(jacobian.folding_fraction),
        "jacobian_min": _number(jacobian.minimum),
        "jacobian_max": _number(jacobian.maximum),
        "correlation": _number(local_correlation(near, *images, measuring.result.transform)),
    }


def _structures(
    measuring: _Measuring, structure_map: Mapping[str, str], progress: Progress
) -> dict[str, list[dict[str, Any]]]:
    """Return the structures of both courses, and those that only the planned course has."""
    planned, prior = measuring.planned, measuring.prior
    pairing = pair_structures(planned.structures, prior.structures, structure_map)
    partners = {pair.reference.name: pair for pair in pairing.pairs}
    judged = [s for s in planned.structures if s.kind in JUDGED]
    found: dict[str, list[dict[str, Any]]] = {"structures": [], "not_paired": []}
    for number, structure in enumerate(judged):
        progress("Measuring the registration", number / len(judged))
        pair = partners.get(structure.name)
        if pair is None:
            found["not_paired"].append(_alone(structure, measuring))
        else:
            found["structures"].append(_pair(pair, measuring))
    return found


def _alone(structure: Structure, measuring: _Measuring) -> dict[str, Any]:
    coverage = coverage_of(structure, measuring.planned)
    quality = inside_quality(structure.name, coverage, measuring.tested)
    known = _known(structure, structure.name, coverage, measuring, is_paired=False)
    return _entry(quality, known, measuring.levels)


def _pair(pair: StructurePair, measuring: _Measuring) -> dict[str, Any]:
    coverages = (
        coverage_of(pair.reference, measuring.planned), coverage_of(pair.prior, measuring.prior)
    )  # fmt: skip
    quality = structure_quality(pair.reference.name, *coverages, measuring.tested)
    guided = {pair.name, pair.reference.name} & set(measuring.result.guided)
    known = _known(pair.reference, pair.name, coverages[0], measuring, is_guided=bool(guided))
    gradients = steepest_gradient(coverages[0], measuring.prior, measuring.result.transform)
    return {
        **_entry(quality, known, measuring.levels),
        "gradient_gy_per_mm": _number(gradients[0]),
        "relevance_gy": _number(gradients[0] * quality.mda_mm),
        "relevance_eqd2_gy": _number(gradients[1] * quality.mda_mm),
        "rigid": _rigid(pair, coverages, known, measuring),
    }


def _rigid(
    pair: StructurePair,
    coverages: tuple[Volume, Volume],
    known: Circumstances,
    measuring: _Measuring,
) -> dict[str, Any] | None:
    """Measure the rigid part as well, where it is another map: RIGID is judged by it."""
    rigid = measuring.result.rigid
    if rigid is None or measuring.result.mode != "deformable":
        return None
    view = _view(rigid, measuring.planned, measuring.prior)
    quality = structure_quality(pair.reference.name, *coverages, MeasuredMap(rigid, view=view))
    apart = replace(known, is_guided=False, landmarks=None, folds_near_target=False)
    return _entry(quality, apart, measuring.levels)


def _known(
    structure: Structure,
    name: str,
    coverage: Volume,
    measuring: _Measuring,
    *,
    is_paired: bool = True,
    is_guided: bool = False,
) -> Circumstances:
    folding = measuring.folding_near
    return Circumstances(
        measuring.voxel_mm,
        is_paired,
        is_guided,
        structure.kind is StructureKind.TARGET,
        THIN.match(name) is not None,
        errors_for(structure.name, measuring.landmarks),
        folding is not None and reaches(coverage, folding),
        MOBILE.match(name) is not None,
    )


def _entry(
    quality: StructureQuality, known: Circumstances, levels: QualityLevels
) -> dict[str, Any]:
    verdict, findings = judge_structure(quality, levels, known)
    return {
        "structure": quality.structure,
        "dsc": _number(quality.dsc),
        "mda_mm": _number(quality.mda_mm),
        "hd95_mm": _number(quality.hd95_mm),
        "volume_ratio": _number(quality.volume_ratio),
        "common_share": quality.common_share,
        "folding_fraction": _number(quality.jacobian.folding_fraction),
        "jacobian_min": _number(quality.jacobian.minimum),
        "jacobian_max": _number(quality.jacobian.maximum),
        "jacobian_relative_min": _number(quality.relative_jacobian.minimum),
        "jacobian_relative_max": _number(quality.relative_jacobian.maximum),
        "inverse_consistency_mm": _number(quality.inverse_consistency_mm),
        "tre_mean_mm": None if known.landmarks is None else _number(known.landmarks.mean_mm),
        "guided": known.is_guided,
        "verdict": verdict.value,
        "verdicts": {one.metric: one.verdict.value for one in findings},
        "failed": [one.metric for one in findings if one.verdict.value in LOSES_MAP],
        "why": why(findings),
    }


def coverage_of(structure: Structure, course: Course) -> Volume:
    """Coverage (0..1) of a structure on a grid fine enough to measure it, with a margin of 6 mm."""
    extent = np.ptp(np.concatenate(structure.contours), axis=0) + 2 * MARGIN_MM
    spacing = float(np.cbrt(np.prod(extent) / VOXELS_PER_STRUCTURE))
    grid = box_around((structure,), min(max(spacing, FINEST_MM), COARSEST_MM), MARGIN_MM)
    return coverage_on_grid(structure, grid, slice_spacing_mm(course))


def _number(value: float) -> float | None:
    return None if math.isnan(value) else float(value)
