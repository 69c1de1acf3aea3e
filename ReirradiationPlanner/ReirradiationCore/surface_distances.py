"""How far two delineations of one organ are apart: Dice, mean distance to agreement, HD95."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk
from scipy import ndimage
from scipy.spatial import cKDTree

from .grids import Grid, Volume, require_same_grid, sample_volume
from .point_transforms import inverse_points, map_points

FloatArray = npt.NDArray[np.float64]
Index = npt.NDArray[np.int_]

BOX_MARGIN_MM = 8.0
BOX_POINTS = 2000


def propagated(coverage: Volume, transform: sitk.Transform, grid: Grid) -> Volume:
    """Bring the coverage (0..1) of a prior structure to a grid of the reference image.

    Parameters
    ----------
    coverage : Volume
        On a grid that holds the whole structure; outside of it there is none.
    transform : sitk.Transform
        Reference to prior.

    Returns
    -------
    Volume
        float32; NaN where the transform is unknown.
    """
    mapped, known = map_points(transform, grid.centers_lps())
    source = Volume(coverage.array.astype(np.float32, copy=False), coverage.grid)
    values = np.nan_to_num(sample_volume(source, mapped), nan=0.0)
    values[~known] = np.nan
    return Volume(values.reshape(grid.shape), grid)


def common_box(reference: Volume, prior: Volume, transform: sitk.Transform) -> Volume:
    """Return the reference coverage in a box that holds both structures with a margin of 8 mm.

    Parameters
    ----------
    reference, prior : Volume
        Coverage (0..1) of one organ on an even grid of the reference and of the prior image that
        holds the whole organ; outside of it there is none.
    transform : sitk.Transform
        Reference to prior; its inverse tells where the prior structure comes to lie.
    """
    grid = reference.grid
    there = _centers(prior)
    back, known = inverse_points(transform, there[:: max(1, len(there) // BOX_POINTS)])
    index = grid.indices_of(np.concatenate([_centers(reference), back[known]]))
    margin = np.ceil(BOX_MARGIN_MM / np.array(grid.spacing_mm))
    low = np.floor(index.min(axis=0) - margin).astype(int)
    high = np.ceil(index.max(axis=0) + margin).astype(int) + 1
    origin = tuple(grid.points_at(low[None].astype(float))[0].tolist())
    box = Grid(tuple((high - low).tolist()), grid.spacing_mm, origin, grid.direction)
    return Volume(_window(reference.array, low[::-1], high[::-1]), box)


def _window(array: npt.NDArray[Any], low: Index, high: Index) -> npt.NDArray[Any]:
    """Part of an array from ``low`` to ``high`` (k, j, i), zero where these reach beyond it."""
    shape = np.array(array.shape)
    first, last = np.clip(low, 0, shape), np.clip(high, 0, shape)
    inside = array[tuple(slice(*ends) for ends in zip(first, last, strict=True))]
    return np.pad(inside, list(zip(first - low, high - last, strict=True)))


def _centers(coverage: Volume) -> FloatArray:
    return coverage.grid.points_at(np.argwhere(coverage.array > 0)[:, ::-1])


def dice_of_coverage(a: Volume, b: Volume) -> float:
    """Dice similarity coefficient of two coverages (0..1) on one grid; NaN if both are empty.

    Raises
    ------
    GeometryError
        Different grids.
    """
    require_same_grid(a.grid, b.grid, "the two structures")
    both = float(a.array.sum(dtype=np.float64) + b.array.sum(dtype=np.float64))
    common = float(np.minimum(a.array, b.array).sum(dtype=np.float64))
    return 2 * common / both if both else float("nan")


@dataclass(frozen=True, eq=False)
class Surface:
    """Points of a closed surface with the area each stands for.

    Parameters
    ----------
    points_lps : ndarray, shape (N, 3)
        LPS, mm.
    areas_mm2 : ndarray, shape (N,)
        Weights of means and percentiles.
    normals : ndarray, shape (N, 3)
        Unit vectors across the surface, LPS.
    reach_mm : float
        How far the plane through a point stands for the surface: about the distance of points.
    """

    points_lps: FloatArray
    areas_mm2: FloatArray
    normals: FloatArray
    reach_mm: float


def surface_of(coverage: Volume) -> Surface:
    """Surface of a coverage (0..1) at one half, from its crossings of the grid lines.

    Between neighbours on either side of one half the crossing is interpolated linearly. Each
    crossing stands for the voxel face it pierces times the cosine to the local normal, so that the
    weights add up to the area of the surface.
    """
    spacing = np.array(coverage.grid.spacing_mm)
    values = np.pad(coverage.array.astype(np.float64), 1) - 0.5
    smooth = ndimage.gaussian_filter(values, 0.7)
    slope = np.stack(np.gradient(smooth, *spacing[::-1])[::-1], axis=-1)
    parts = [_crossings(values, slope, axis) for axis in range(3)]
    index = np.concatenate([part[0] for part in parts])
    normals = np.concatenate([part[1] for part in parts])
    faces = np.concatenate(
        [
            np.abs(part[1][:, 2 - axis]) * np.prod(spacing) / spacing[2 - axis]
            for axis, part in enumerate(parts)
        ]
    )
    points = coverage.grid.points_at(index[:, ::-1] - 1)
    return Surface(points, faces, normals @ coverage.grid.axes.T, float(spacing.min()))


def _crossings(values: FloatArray, slope: FloatArray, axis: int) -> tuple[FloatArray, FloatArray]:
    """Continuous indices (k, j, i) and unit normals (i, j, k) of crossings along one array axis."""
    before, after = [slice(None)] * 3, [slice(None)] * 3
    before[axis], after[axis] = slice(None, -1), slice(1, None)
    low, high = values[tuple(before)], values[tuple(after)]
    where = np.nonzero((low > 0) != (high > 0))
    share = low[where] / (low[where] - high[where])
    index = np.stack(where, axis=1).astype(float)
    index[:, axis] += share
    across = slope[tuple(before)][where] * (1 - share[:, None])
    across = across + slope[tuple(after)][where] * share[:, None]
    length = np.linalg.norm(across, axis=1, keepdims=True)
    return index, across / np.maximum(length, 1e-12)


@dataclass(frozen=True)
class SurfaceDistances:
    """Distances of two surfaces.

    Parameters
    ----------
    mda_mm : float
        Mean distance to agreement: mean of both directed, area-weighted mean distances.
    hd95_mm : float
        Larger of both directed 95th percentiles.
    """

    mda_mm: float
    hd95_mm: float


def surface_distances(a: Surface, b: Surface) -> SurfaceDistances:
    """Return MDA and HD95 of two surfaces; NaN where one is empty or has no weight."""
    if not all(len(one.points_lps) and one.areas_mm2.any() for one in (a, b)):
        return SurfaceDistances(float("nan"), float("nan"))
    means, percentiles = [], []
    for one, other in ((a, b), (b, a)):
        distance = _distances(one.points_lps, other)
        means.append(float(np.average(distance, weights=one.areas_mm2)))
        order = np.argsort(distance, kind="stable")
        below = np.cumsum(one.areas_mm2[order])
        percentiles.append(float(distance[order][np.searchsorted(below, 0.95 * below[-1])]))
    return SurfaceDistances(float(np.mean(means)), max(percentiles))


def _distances(points: FloatArray, surface: Surface) -> FloatArray:
    """Distance to the disc of the surface's reach around the nearest of its points."""
    distance, nearest = cKDTree(surface.points_lps).query(points)
    gap = points - surface.points_lps[nearest]
    across = np.abs(np.sum(gap * surface.normals[nearest], axis=1))
    along = np.sqrt(np.maximum(distance**2 - across**2, 0.0))
    return np.hypot(across, np.maximum(along - surface.reach_mm, 0.0))
