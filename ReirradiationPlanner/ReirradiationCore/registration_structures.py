"""Measure a registration at every structure of the planned course, as contract.md records it."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import SimpleITK as sitk

from .common_view import CommonView
from .contours import coverage_on_grid
from .courses import Course, Structure, StructureKind, slice_spacing_mm
from .grids import Volume
from .landmark_errors import MeasuredLandmark, errors_anywhere, errors_for
from .progress import Progress
from .registration import RegistrationResult
from .registration_fallback import DEFORMED
from .registration_levels import QualityLevels
from .registration_quality import (
    JacobianStatistics,
    MeasuredMap,
    StructureQuality,
    inside_quality,
    structure_quality,
)
from .registration_regions import box_around, reaches, steepest_gradient
from .registration_verdicts import JUDGED, LOSES_MAP, Circumstances, judge_structure, why
from .structure_pairs import StructurePair, pair_structures

MARGIN_MM = 6.0
VOXELS_PER_STRUCTURE = 150_000
FINEST_MM, COARSEST_MM = 1.0, 3.0
THIN = re.compile(r"A_|V_|Vessels|GreatVes|SpinalCord|ThecalSac|CaudaEquina|.*Plex")  # TG-263 names
MOBILE = re.compile(r"Bowel|Colon|Sigmoid|Duodenum|Stomach|Lung|Heart|Esophagus|Trachea|Bronchus")


@dataclass(frozen=True, eq=False)
class NearTarget:
    """What is known of a map within 2 cm of the planned PTVs.

    Parameters
    ----------
    region : Volume
        Mask of these 2 cm.
    jacobian : JacobianStatistics
        Of the part where the map is known.
    unknown_fraction : float
        Part 0..1 of the region, inside the patient, that lies outside the domain of the map.
    """

    region: Volume
    jacobian: JacobianStatistics
    unknown_fraction: float


@dataclass(frozen=True, eq=False)
class Measuring:
    """Everything that does not change from structure to structure.

    Parameters
    ----------
    result : RegistrationResult
        What is measured.
    planned, prior : Course
        Both courses.
    tested : MeasuredMap
        The map with its determinants and the way back.
    levels : QualityLevels
        By which it is judged.
    voxel_mm : float
        Largest edge of a voxel of the reference CT, mm.
    landmarks, rigid_landmarks : sequence of MeasuredLandmark
        Under the map, and under its rigid part.
    near : NearTarget, optional
        Around the planned target; None without one.
    """

    result: RegistrationResult
    planned: Course
    prior: Course
    tested: MeasuredMap
    levels: QualityLevels
    voxel_mm: float
    landmarks: Sequence[MeasuredLandmark]
    rigid_landmarks: Sequence[MeasuredLandmark]
    near: NearTarget | None


def common_view(transform: sitk.Transform, planned: Course, prior: Course) -> CommonView | None:
    """Return what both CTs show; None where a course has no CT."""
    if planned.image is None or prior.image is None:
        return None
    return CommonView(planned.image.grid, prior.image.grid, transform)


def structure_records(
    measuring: Measuring, structure_map: Mapping[str, str], progress: Progress
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


def _alone(structure: Structure, measuring: Measuring) -> dict[str, Any]:
    coverage = coverage_of(structure, measuring.planned)
    quality = inside_quality(structure.name, coverage, measuring.tested)
    known = _known(structure, structure.name, coverage, measuring, is_paired=False)
    return {
        **_entry(quality, known, measuring.levels),
        "rigid": _rigid((coverage,), quality, known, measuring),
    }


def _pair(pair: StructurePair, measuring: Measuring) -> dict[str, Any]:
    coverages = (
        coverage_of(pair.reference, measuring.planned), coverage_of(pair.prior, measuring.prior)
    )  # fmt: skip
    quality = structure_quality(pair.reference.name, *coverages, measuring.tested)
    guided = {pair.name, pair.reference.name} & set(measuring.result.guided)
    known = _known(pair.reference, pair.name, coverages[0], measuring, is_guided=bool(guided))
    gradients = steepest_gradient(coverages[0], measuring.prior, measuring.result.transform)
    return {
        **_entry(quality, known, measuring.levels),
        "gradient_gy_per_mm": number(gradients[0]),
        "relevance_gy": number(gradients[0] * quality.mda_mm),
        "relevance_eqd2_gy": number(gradients[1] * quality.mda_mm),
        "rigid": _rigid(coverages, quality, known, measuring),
    }


def _rigid(
    coverages: tuple[Volume, ...],
    quality: StructureQuality,
    known: Circumstances,
    measuring: Measuring,
) -> dict[str, Any] | None:
    """Measure the rigid part as well, where it may be another map: RIGID is judged by it.

    ``coverages`` are those of the structure on the reference and, if it is drawn there, on the
    prior image; ``quality`` is that of the whole map.
    """
    result = measuring.result
    if result.rigid is None or result.mode not in DEFORMED:
        return None
    name = quality.structure
    if result.rigid is not result.transform:
        view = common_view(result.rigid, measuring.planned, measuring.prior)
        tested = MeasuredMap(result.rigid, view=view)
        measure = inside_quality if len(coverages) == 1 else structure_quality
        quality = measure(name, *coverages, tested)
    apart = replace(
        known,
        is_guided=False,
        landmarks=errors_for(name, coverages[0], measuring.rigid_landmarks),
        landmarks_anywhere=errors_anywhere(name, measuring.rigid_landmarks),
    )
    if result.rigid is not result.transform:
        apart = replace(apart, folds_near_target=False, unknown_near_target=0.0)
    return _entry(quality, apart, measuring.levels)


def _known(
    structure: Structure,
    name: str,
    coverage: Volume,
    measuring: Measuring,
    *,
    is_paired: bool = True,
    is_guided: bool = False,
) -> Circumstances:
    near = measuring.near
    if near is not None and not reaches(coverage, near.region):
        near = None
    return Circumstances(
        measuring.voxel_mm,
        is_paired,
        is_guided,
        structure.kind is StructureKind.TARGET,
        THIN.match(name) is not None,
        errors_for(structure.name, coverage, measuring.landmarks),
        near is not None and near.jacobian.folding_fraction > 0,
        MOBILE.match(name) is not None,
        errors_anywhere(structure.name, measuring.landmarks),
        0.0 if near is None else near.unknown_fraction,
    )


def _entry(
    quality: StructureQuality, known: Circumstances, levels: QualityLevels
) -> dict[str, Any]:
    verdict, findings = judge_structure(quality, levels, known)
    return {
        "structure": quality.structure,
        "dsc": number(quality.dsc),
        "mda_mm": number(quality.mda_mm),
        "hd95_mm": number(quality.hd95_mm),
        "volume_ratio": number(quality.volume_ratio),
        "common_share": quality.common_share,
        "folding_fraction": number(quality.jacobian.folding_fraction),
        "jacobian_min": number(quality.jacobian.minimum),
        "jacobian_max": number(quality.jacobian.maximum),
        "jacobian_relative_min": number(quality.relative_jacobian.minimum),
        "jacobian_relative_max": number(quality.relative_jacobian.maximum),
        "inverse_consistency_mm": number(quality.inverse_consistency_mm),
        "tre_mean_mm": None if known.landmarks is None else number(known.landmarks.mean_mm),
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


def number(value: float) -> float | None:
    """Return a number as it is recorded: None where it is unknown."""
    return None if math.isnan(value) else float(value)
