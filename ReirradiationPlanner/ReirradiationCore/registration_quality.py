"""How good a registration is, organ by organ: folding, inverse consistency, surfaces, verdict.

Definitions and levels: TG-132 (Brock et al., Med Phys 44:e43, 2017) where it has a value; the
others are defaults that a clinic sets for itself in `QualityLevels`. Structures that steered a
registration cannot validate it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import Enum

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk

from .grids import Volume, sample_volume
from .point_transforms import map_points
from .surface_distances import (
    common_box,
    dice_of_coverage,
    propagated,
    surface_distances,
    surface_of,
)

FloatArray = npt.NDArray[np.float64]

FEWEST_NODES = 8


class Verdict(Enum):
    """What a metric, or all metrics of an organ together, allow."""

    PASS = "pass"
    WARN = "warn"
    FAIL = "fail"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class JacobianStatistics:
    """Volume change and folding in a region; NaN where the transform is unknown everywhere.

    Parameters
    ----------
    folding_fraction : float
        Part of the region's volume with a determinant of 0 or less.
    minimum, maximum : float
        Range of the determinant.
    """

    folding_fraction: float
    minimum: float
    maximum: float


def jacobian_statistics(determinants: Volume, region: Volume) -> JacobianStatistics:
    """Folding and volume change inside a region of the reference image.

    Parameters
    ----------
    determinants : Volume
        From `field_derivatives.jacobian_map`.
    region : Volume
        Mask or coverage; values above 0.5 are inside. A region with few voxels of
        ``determinants`` is judged by values interpolated at its own voxels.
    """
    mask = Volume(region.array.astype(np.float32), region.grid)
    inside = sample_volume(mask, determinants.grid.centers_lps()) > 0.5
    values = determinants.array.ravel()[inside]
    if values.size < FEWEST_NODES:
        points = region.grid.centers_lps()[region.array.ravel() > 0.5]
        values = sample_volume(determinants, points)
    values = values[~np.isnan(values)]
    if values.size == 0:
        return JacobianStatistics(math.nan, math.nan, math.nan)
    folded = float(np.mean(values <= 0))
    return JacobianStatistics(folded, float(values.min()), float(values.max()))


def inverse_consistency_mm(
    forward: sitk.Transform, backward: sitk.Transform, points_lps: npt.NDArray[np.floating]
) -> FloatArray:
    """Distance of points to where they come back to after going there and back, mm; NaN unknown.

    Parameters
    ----------
    forward, backward : sitk.Transform
        Reference to prior, and prior to reference, registered independently.
    points_lps : ndarray, shape (N, 3)
        Points of the reference image, LPS, mm.
    """
    there, known = map_points(forward, points_lps)
    back, known_back = map_points(backward, there)
    distance = np.linalg.norm(back - points_lps, axis=1)
    distance[~(known & known_back)] = np.nan
    return distance


def target_registration_errors_mm(
    transform: sitk.Transform, reference_lps: FloatArray, prior_lps: FloatArray
) -> FloatArray:
    """Distances (N,) of mapped reference landmarks to their prior counterparts; NaN unknown."""
    mapped, known = map_points(transform, reference_lps)
    distance = np.linalg.norm(mapped - prior_lps, axis=1)
    distance[~known] = np.nan
    return distance


@dataclass(frozen=True)
class QualityLevels:
    """Up to where a metric passes, and up to where it only warns.

    Parameters
    ----------
    mda_mm, hd95_mm : tuple of float
        Largest for pass and for warn; MDA at least 1 and 1.5 times the largest voxel edge.
    dsc : tuple of float
        Smallest for pass and for warn; only of organs above ``dsc_from_cc``.
    jacobian, volume_ratio : tuple of (low, high)
        Ranges for pass and for warn. Any folding fails.
    """

    mda_mm: tuple[float, float] = (2.0, 3.0)
    hd95_mm: tuple[float, float] = (5.0, 10.0)
    dsc: tuple[float, float] = (0.90, 0.80)
    dsc_from_cc: float = 10.0
    jacobian: tuple[tuple[float, float], tuple[float, float]] = ((0.5, 2.0), (0.3, 3.0))
    volume_ratio: tuple[tuple[float, float], tuple[float, float]] = ((0.8, 1.25), (0.5, 2.0))


@dataclass(frozen=True)
class StructureQuality:
    """Registration quality of one organ.

    Parameters
    ----------
    structure : str
        Name.
    dsc, mda_mm, hd95_mm : float
        Propagated prior against reference delineation; NaN where not computable.
    volume_ratio : float
        Prior over reference volume.
    jacobian : JacobianStatistics
        Inside the reference delineation.
    verdict : Verdict
        Worst of ``verdicts``; unknown where no surface distance could be computed.
    verdicts : dict of str to Verdict
        Per metric.
    """

    structure: str
    dsc: float
    mda_mm: float
    hd95_mm: float
    volume_ratio: float
    jacobian: JacobianStatistics
    verdict: Verdict
    verdicts: dict[str, Verdict] = field(default_factory=dict)


def structure_quality(
    name: str,
    reference: Volume,
    prior: Volume,
    transform: sitk.Transform,
    determinants: Volume,
    levels: QualityLevels | None = None,
) -> StructureQuality:
    """Compare the propagated prior delineation of an organ with that on the reference image.

    Parameters
    ----------
    reference, prior : Volume
        Coverage (0..1) on a grid of the reference and of the prior image; each grid holds the
        whole structure with a margin of at least a voxel.
    transform : sitk.Transform
        Reference to prior.
    determinants : Volume
        From `field_derivatives.jacobian_map`.
    """
    volumes = [float(v.array.sum(dtype=float)) * v.grid.voxel_volume_cc for v in (reference, prior)]
    if min(volumes) == 0:
        return _unknown(name)
    reference = common_box(reference, prior, transform)
    moved = propagated(prior, transform, reference.grid)
    if np.isnan(moved.array[reference.array > 0.5]).any():
        return _unknown(name)
    moved = Volume(np.nan_to_num(moved.array, nan=0.0), moved.grid)
    distances = surface_distances(surface_of(moved), surface_of(reference))
    dsc, ratio = dice_of_coverage(moved, reference), volumes[1] / volumes[0]
    jacobian = jacobian_statistics(determinants, reference)
    levels = levels or QualityLevels()
    voxel = max(reference.grid.spacing_mm)
    verdicts = {
        "mda_mm": judge_upper(distances.mda_mm, _widened(levels.mda_mm, voxel)),
        "hd95_mm": judge_upper(distances.hd95_mm, levels.hd95_mm),
        "jacobian": _judge_jacobian(jacobian, levels),
        "volume_ratio": _judge_range(ratio, ratio, levels.volume_ratio),
    }
    if volumes[0] > levels.dsc_from_cc:
        verdicts["dsc"] = judge_upper(-dsc, (-levels.dsc[0], -levels.dsc[1]))
    return StructureQuality(
        name, dsc, distances.mda_mm, distances.hd95_mm, ratio, jacobian, worst(verdicts), verdicts
    )


def _unknown(name: str) -> StructureQuality:
    nan = math.nan
    nowhere = JacobianStatistics(nan, nan, nan)
    return StructureQuality(name, nan, nan, nan, nan, nowhere, Verdict.UNKNOWN)


def _widened(levels: tuple[float, float], voxel_mm: float) -> tuple[float, float]:
    return max(levels[0], voxel_mm), max(levels[1], 1.5 * voxel_mm)


def judge_upper(value: float, levels: tuple[float, float]) -> Verdict:
    """Judge a value that passes up to the first level and warns up to the second."""
    if math.isnan(value):
        return Verdict.UNKNOWN
    if value <= levels[0]:
        return Verdict.PASS
    return Verdict.WARN if value <= levels[1] else Verdict.FAIL


def _judge_range(
    low: float, high: float, levels: tuple[tuple[float, float], tuple[float, float]]
) -> Verdict:
    if math.isnan(low):
        return Verdict.UNKNOWN
    for verdict, (least, most) in zip((Verdict.PASS, Verdict.WARN), levels, strict=True):
        if least <= low and high <= most:
            return verdict
    return Verdict.FAIL


def _judge_jacobian(jacobian: JacobianStatistics, levels: QualityLevels) -> Verdict:
    if jacobian.folding_fraction > 0:
        return Verdict.FAIL
    return _judge_range(jacobian.minimum, jacobian.maximum, levels.jacobian)


def worst(verdicts: dict[str, Verdict]) -> Verdict:
    """Return the worst verdict; unknown counts as worst but for fail."""
    for verdict in (Verdict.FAIL, Verdict.UNKNOWN, Verdict.WARN):
        if verdict in verdicts.values():
            return verdict
    return Verdict.PASS if verdicts else Verdict.UNKNOWN
