"""How good a registration is, organ by organ: folding, inverse consistency, surfaces.

Definitions: TG-132 (Brock et al., Med Phys 44:e43, 2017). What the numbers mean is decided in
`registration_verdicts` by the levels of `registration_levels`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk

from .common_view import CommonView
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
CONSISTENCY_POINTS = 5000


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
class StructureQuality:
    """What was measured of a registration at one structure; NaN where it could not be.

    Parameters
    ----------
    structure : str
        Name.
    volume_cc : float
        On the reference image.
    jacobian : JacobianStatistics
        Inside the reference delineation.
    inverse_consistency_mm : float
        Mean over the reference delineation; NaN where nothing was registered backwards.
    dsc, mda_mm, hd95_mm : float
        Propagated prior against reference delineation.
    volume_ratio : float
        Prior over reference volume.
    common_share : float
        Part 0..1 of the reference volume that both CTs show, where the contours are compared.
    """

    structure: str
    volume_cc: float
    jacobian: JacobianStatistics
    inverse_consistency_mm: float = math.nan
    dsc: float = math.nan
    mda_mm: float = math.nan
    hd95_mm: float = math.nan
    volume_ratio: float = math.nan
    common_share: float = 1.0

    @property
    def relative_jacobian(self) -> JacobianStatistics:
        """Determinants over the drawn volume ratio: 1 where the map does what the contours say.

        As they are where there is no volume ratio. Folding stays absolute.
        """
        ratio, own = self.volume_ratio, self.jacobian
        if math.isnan(ratio):
            return own
        return replace(own, minimum=own.minimum / ratio, maximum=own.maximum / ratio)


@dataclass(frozen=True, eq=False)
class MeasuredMap:
    """A transform with what is needed to measure it.

    Parameters
    ----------
    transform : sitk.Transform
        Reference to prior.
    determinants : Volume, optional
        From `field_derivatives.jacobian_map`; None for a rigid transform, where all are 1.
    backward : sitk.Transform, optional
        Prior to reference, registered independently.
    view : CommonView, optional
        What both CTs show; contours are compared there only.
    """

    transform: sitk.Transform
    determinants: Volume | None = None
    backward: sitk.Transform | None = None
    view: CommonView | None = None


def inside_quality(name: str, reference: Volume, tested: MeasuredMap) -> StructureQuality:
    """Measure what needs no delineation in the prior course: Jacobian and inverse consistency.

    Parameters
    ----------
    reference : Volume
        Coverage (0..1) on a grid of the reference image.
    """
    volume = float(reference.array.sum(dtype=float)) * reference.grid.voxel_volume_cc
    jacobian = JacobianStatistics(0.0, 1.0, 1.0)
    if tested.determinants is not None:
        jacobian = jacobian_statistics(tested.determinants, reference)
    error = math.nan
    if tested.backward is not None:
        inside = reference.grid.points_at(np.argwhere(reference.array > 0.5)[:, ::-1].astype(float))
        points = inside[:: max(1, len(inside) // CONSISTENCY_POINTS)]
        error = mean_known(inverse_consistency_mm(tested.transform, tested.backward, points))
    return StructureQuality(name, volume, jacobian, error)


def mean_known(values: FloatArray) -> float:
    """Mean of the values that are known; NaN if none is."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else math.nan


def structure_quality(
    name: str, reference: Volume, prior: Volume, tested: MeasuredMap
) -> StructureQuality:
    """Compare the propagated prior delineation of an organ with that on the reference image.

    Parameters
    ----------
    reference, prior : Volume
        Coverage (0..1) on a grid of the reference and of the prior image; each grid holds the
        whole structure with a margin of at least a voxel.

    Returns
    -------
    StructureQuality
        Without the surface distances where one delineation is empty or the transform is unknown
        in a part of the organ.
    """
    volumes = [float(v.array.sum(dtype=float)) * v.grid.voxel_volume_cc for v in (reference, prior)]
    inside = inside_quality(name, reference, tested)
    if min(volumes) == 0:
        return inside
    share, view = 1.0, tested.view
    if view is not None:
        share = _seen_share(reference, view)
        volumes = [share * volumes[0], view.seen_share_of_prior(prior) * volumes[1]]
        if min(volumes) == 0:
            return replace(inside, common_share=share)
    measured = replace(inside, volume_ratio=volumes[1] / volumes[0], common_share=share)
    reference = common_box(reference, prior, tested.transform)
    moved = propagated(prior, tested.transform, reference.grid)
    if np.isnan(moved.array[reference.array > 0.5]).any():
        return measured
    moved = Volume(np.nan_to_num(moved.array, nan=0.0), moved.grid)
    surfaces, coverages = [surface_of(moved), surface_of(reference)], [moved, reference]
    if view is not None:
        surfaces = [view.seen_surface(surface) for surface in surfaces]
        coverages = [view.seen_part(coverage) for coverage in coverages]
    distances, dsc = surface_distances(*surfaces), dice_of_coverage(*coverages)
    return replace(measured, dsc=dsc, mda_mm=distances.mda_mm, hd95_mm=distances.hd95_mm)


def _seen_share(coverage: Volume, view: CommonView) -> float:
    seen = view.seen_part(coverage)
    return float(seen.array.sum(dtype=float) / coverage.array.sum(dtype=float))
