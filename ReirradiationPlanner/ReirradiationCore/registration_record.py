"""Measure a registration with the structures of both courses, as contract.md records it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import SimpleITK as sitk

from .case import Case
from .courses import Course, slice_spacing_mm
from .field_derivatives import bone_strain, jacobian_map
from .grids import Volume
from .landmark_errors import landmark_rows
from .progress import Progress
from .registration import RegistrationResult
from .registration_doubts import with_doubts
from .registration_quality import (
    CONSISTENCY_POINTS,
    MeasuredMap,
    inverse_consistency_mm,
    jacobian_statistics,
    mean_known,
)
from .registration_regions import (
    GRADIENT_ALPHA_BETA_GY,
    irradiated_region,
    local_correlation,
    measured_box,
    near_targets,
    points_inside,
    unknown_fraction,
)
from .registration_structures import (
    Measuring,
    NearTarget,
    common_view,
    number,
    structure_records,
)


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
    transform, rigid = result.transform, result.rigid
    region, around = irradiated_region(transform, planned, prior), near_targets(planned)
    determinants = jacobian_map(transform, measured_box(planned, around))
    view = common_view(transform, planned, prior)
    tested = MeasuredMap(transform, determinants, backward.transform, view)
    near = None
    if around is not None:
        jacobian = jacobian_statistics(determinants, around)
        is_seen = not math.isnan(jacobian.folding_fraction)
        unknown = unknown_fraction(around, transform, planned) if is_seen else 1.0
        near = NearTarget(around, jacobian, unknown)
    landmarks = landmark_rows(case, courses, result)
    rigidly = landmarks
    if rigid is not None:
        rigidly = landmark_rows(case, courses, replace(result, transform=rigid))
    measuring = Measuring(
        result, planned, prior, tested, case.quality.levels, _largest_edge(planned), landmarks,
        rigidly, near,
    )  # fmt: skip
    record = {
        **_of_map(tested, region),
        "inverse_consistency_note": backward.note,
        "near_target": None if near is None else _near_target(near, measuring),
        "bone_strain": _bone_strain(transform, planned.image),
        "landmarks": [one.record() for one in landmarks],
        **structure_records(measuring, case.structure_map, progress),
        "guided_by": list(result.guided),
        "levels": case.quality.levels.record(),
        "typed_levels": list(case.quality.levels.typed),
        "voxel_mm": measuring.voxel_mm,
        "gradient_alpha_beta_gy": GRADIENT_ALPHA_BETA_GY,
        "warnings": list(result.warnings),
        "parameters": {key: str(value) for key, value in result.parameters.items()},
    }
    return with_doubts(record, result.mode, {one.name: one.kind for one in planned.structures})


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
        "folding_fraction": number(jacobian.folding_fraction),
        "jacobian_min": number(jacobian.minimum),
        "jacobian_max": number(jacobian.maximum),
        "inverse_consistency_mm": number(error),
    }


def _bone_strain(transform: sitk.Transform, image: Volume | None) -> dict[str, Any] | None:
    """How far bone was bent (0 for a rigid map); it has no level, None without a CT."""
    if image is None:
        return None
    strain = bone_strain(transform, image)
    return {
        "mean": number(strain.mean),
        "p95": number(strain.p95),
        "max": number(strain.maximum),
        "volume_cc": number(strain.volume_cc),
    }


def _near_target(near: NearTarget, measuring: Measuring) -> dict[str, Any]:
    images = measuring.planned.image, measuring.prior.image
    correlation = local_correlation(near.region, *images, measuring.result.transform)
    return {
        "folding_fraction": number(near.jacobian.folding_fraction),
        "jacobian_min": number(near.jacobian.minimum),
        "jacobian_max": number(near.jacobian.maximum),
        "unknown_fraction": near.unknown_fraction,
        "correlation": number(correlation),
    }
