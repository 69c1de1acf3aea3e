"""Measure a registration with the structures of both courses, as contract.md records it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from .contours import coverage_on_grid
from .courses import Course, Structure, StructureKind, slice_spacing_mm
from .dose_mapping import dose_on_grid
from .field_derivatives import jacobian_map
from .grids import Grid, Volume
from .progress import Progress
from .registration import RegistrationResult
from .registration_quality import Verdict, jacobian_statistics, structure_quality
from .structure_pairs import StructurePair, pair_structures

REGION_SPACING_MM = 3.0
MARGIN_MM = 6.0
VOXELS_PER_STRUCTURE = 150_000
FINEST_MM, COARSEST_MM = 1.0, 3.0
IRRADIATED_GY = 1.0


def quality_record(
    result: RegistrationResult,
    planned: Course,
    prior: Course,
    structure_map: Mapping[str, str],
    progress: Progress,
) -> dict[str, Any]:
    """Return the quality of a registration: folding where it matters, and every paired organ.

    The Jacobian numbers hold for the planned structures' box where the prior dose is 1 Gy or
    more (physics.md 7.2). Inverse consistency is None: no backward registration is run here.
    """
    region = _irradiated_region(result, planned, prior)
    determinants = jacobian_map(result.transform, region.grid)
    jacobian = jacobian_statistics(determinants, region)
    pairing = pair_structures(planned.structures, prior.structures, structure_map)
    pairs = [p for p in pairing.pairs if p.reference.kind is StructureKind.OAR]
    measured = []
    for number, pair in enumerate(pairs):
        progress("Measuring the registration", number / len(pairs))
        measured.append(_structure(pair, result, planned, prior, determinants))
    return {
        "folding_fraction": _number(jacobian.folding_fraction),
        "jacobian_min": _number(jacobian.minimum),
        "jacobian_max": _number(jacobian.maximum),
        "inverse_consistency_mm": None,
        "structures": measured,
        "warnings": list(result.warnings),
        "parameters": {key: str(value) for key, value in result.parameters.items()},
    }


def _irradiated_region(result: RegistrationResult, planned: Course, prior: Course) -> Volume:
    """Mask of the box of all structures where the prior dose is known and at least 1 Gy."""
    grid = box_around(planned.structures, REGION_SPACING_MM, 0.0)
    dose = np.sum(dose_on_grid(prior, grid, result.transform), axis=0)
    return Volume((dose >= IRRADIATED_GY).astype(np.float32), grid)


def box_around(structures: tuple[Structure, ...], spacing_mm: float, margin_mm: float) -> Grid:
    """Even grid along the axes of LPS that holds structures with a margin."""
    points = np.concatenate([contour for s in structures for contour in s.contours])
    low, high = points.min(axis=0) - margin_mm, points.max(axis=0) + margin_mm
    size = np.maximum(3, np.ceil((high - low) / spacing_mm).astype(int) + 1)
    return Grid(tuple(size.tolist()), (spacing_mm,) * 3, tuple(low.tolist()))


def _structure(
    pair: StructurePair,
    result: RegistrationResult,
    planned: Course,
    prior: Course,
    determinants: Volume,
) -> dict[str, Any]:
    volumes = [
        _coverage(structure, course)
        for structure, course in ((pair.reference, planned), (pair.prior, prior))
    ]
    quality = structure_quality(pair.reference.name, *volumes, result.transform, determinants)
    return {
        "structure": pair.reference.name,
        "dsc": _number(quality.dsc),
        "mda_mm": _number(quality.mda_mm),
        "hd95_mm": _number(quality.hd95_mm),
        "volume_ratio": _number(quality.volume_ratio),
        "jacobian_min": _number(quality.jacobian.minimum),
        "jacobian_max": _number(quality.jacobian.maximum),
        "verdict": quality.verdict.value,
        "failed": [name for name, v in quality.verdicts.items() if v is Verdict.FAIL],
    }


def _coverage(structure: Structure, course: Course) -> Volume:
    extent = np.ptp(np.concatenate(structure.contours), axis=0) + 2 * MARGIN_MM
    spacing = float(np.cbrt(np.prod(extent) / VOXELS_PER_STRUCTURE))
    grid = box_around((structure,), min(max(spacing, FINEST_MM), COARSEST_MM), MARGIN_MM)
    return coverage_on_grid(structure, grid, slice_spacing_mm(course))


def _number(value: float) -> float | None:
    return None if math.isnan(value) else float(value)
