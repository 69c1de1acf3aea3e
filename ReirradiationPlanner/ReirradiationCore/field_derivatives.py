"""Derivatives of a displacement field: volume change, strain, energy, rotation."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk

from .errors import GeometryError
from .grids import Grid, Volume
from .point_transforms import field_on_grid, linear_part, map_points

FloatArray = npt.NDArray[np.float64]

BONE_STRAIN_HU = 250.0
BONE_SAMPLE_MM = 2.0
STRAIN_POINTS = 100_000
SLAB_VOXELS = 4_000_000
FREE = Grid((1, 1, 1), (1.0, 1.0, 1.0))  # steps of 1 mm along LPS, where no field brings a grid


def displacement_gradient(displacement: Volume) -> FloatArray:
    """Gradient of a displacement field by central differences.

    One-sided at the border and beside unknown voxels.

    Parameters
    ----------
    displacement : Volume
        Shape ``(k, j, i, 3)``, LPS, mm.

    Returns
    -------
    ndarray, shape ``(k, j, i, 3, 3)``
        ``[..., m, n]`` is the derivative of component m along LPS axis n, without unit.

    Raises
    ------
    GeometryError
        Fewer than two voxels along an axis, or uneven planes.
    """
    grid = displacement.grid
    if min(grid.size) < 2 or grid.plane_offsets_mm is not None:
        msg = f"a gradient needs two evenly spaced voxels along each axis, not {grid.size}"
        raise GeometryError(msg)
    array = np.asarray(displacement.array, dtype=np.float64)
    steps = [(2 - axis, spacing) for axis, spacing in enumerate(grid.spacing_mm)]
    along_ijk = np.stack([_slope(array, *step) for step in steps], axis=-1)
    return along_ijk @ grid.axes.T


def _slope(array: FloatArray, axis: int, spacing_mm: float) -> FloatArray:
    """Return the derivative along an axis, by one neighbour alone where the other is unknown."""
    slope = np.gradient(array, spacing_mm, axis=axis)
    beside = np.isnan(slope) & ~np.isnan(array)
    if beside.any():
        step = np.diff(array, axis=axis) / spacing_mm
        beyond = np.full_like(array.take([0], axis=axis), np.nan)
        behind, ahead = (
            np.concatenate(pair, axis=axis)[beside] for pair in ((beyond, step), (step, beyond))
        )
        slope[beside] = np.where(np.isnan(ahead), behind, ahead)
    return slope


def jacobian_determinants(displacement: Volume) -> Volume:
    """``det(I + grad u)`` at every voxel of a displacement field; NaN at unknown voxels."""
    gradient = displacement_gradient(displacement) + np.eye(3)
    with np.errstate(invalid="ignore"):
        return Volume(np.linalg.det(gradient), displacement.grid)


def harmonic_energy_density(displacement: Volume) -> Volume:
    """Sum of the squared derivatives of a displacement field at every voxel."""
    gradient = displacement_gradient(displacement)
    return Volume(np.sum(gradient**2, axis=(-2, -1)), displacement.grid)


def curl(displacement: Volume) -> Volume:
    """Rotation of a displacement field, shape ``(k, j, i, 3)``, LPS."""
    g = displacement_gradient(displacement)
    parts = [g[..., 2, 1] - g[..., 1, 2], g[..., 0, 2] - g[..., 2, 0], g[..., 1, 0] - g[..., 0, 1]]
    return Volume(np.stack(parts, axis=-1), displacement.grid)


def jacobian_map(transform: sitk.Transform, grid: Grid) -> Volume:
    """Jacobian determinants on the displacement field's own grid, or on ``grid`` without one.

    Those of a linear transform are the same everywhere and exact.

    Parameters
    ----------
    transform : sitk.Transform
        Reference to prior; of a composite the transform applied first decides the grid.
    grid : Grid
        Grid of the reference image.
    """
    if transform.IsLinear():
        return Volume(np.full(grid.shape, np.linalg.det(linear_part(transform)[0])), grid)
    grid = own_grid(transform, grid)
    count, step = grid.size[2], max(1, SLAB_VOXELS // (grid.size[0] * grid.size[1]))
    slabs = []
    for start in range(0, count, step):  # a plane more on either side, for its derivatives
        first = max(0, start - 1)
        slab = _planes(grid, first, min(count, start + step + 1))
        found = jacobian_determinants(field_on_grid(transform, slab)).array
        slabs.append(found[start - first :][:step])
    return Volume(np.concatenate(slabs), grid)


def _planes(grid: Grid, first: int, end: int) -> Grid:
    """Return the planes ``first`` to ``end`` (without it) of a grid."""
    origin = grid.points_at(np.array([[0.0, 0.0, first]]))[0]
    size = (grid.size[0], grid.size[1], end - first)
    return replace(grid, size=size, origin_lps=tuple(origin.tolist()))


def own_grid(transform: sitk.Transform, grid: Grid) -> Grid:
    """Return the grid of the displacement field that is applied first, ``grid`` without one."""
    first = transform
    while first.GetTransformEnum() == sitk.sitkComposite:
        parts = sitk.CompositeTransform(first)
        first = parts.GetNthTransform(parts.GetNumberOfTransforms() - 1)
    if first.GetTransformEnum() != sitk.sitkDisplacementField:
        return grid
    image = sitk.DisplacementFieldTransform(first).GetDisplacementField()
    direction = tuple(image.GetDirection())
    return Grid(image.GetSize(), image.GetSpacing(), image.GetOrigin(), direction)


def strain_norms(transform: sitk.Transform, points_lps: npt.NDArray[np.floating]) -> FloatArray:
    """Frobenius norm of the Green strain ``(F^T F - I) / 2``, F the gradient of the map.

    Nought for every rigid movement, however large its rotation; 0.05 for a stretch by about 5 % in
    one direction. Exact for linear transforms; else by central differences over the spacing of the
    displacement field that is applied first, over 1 mm without one.

    Parameters
    ----------
    points_lps : ndarray, shape (N, 3)
        Points of the reference image, LPS, mm.

    Returns
    -------
    ndarray, shape (N,)
        Without unit; NaN where the transform is unknown.
    """
    if transform.IsLinear():
        return np.full(len(points_lps), _green_norms(linear_part(transform)[0]))
    parts = range(0, len(points_lps), STRAIN_POINTS)
    found = [
        _green_norms(_map_gradient(transform, points_lps[start : start + STRAIN_POINTS]))
        for start in parts
    ]
    return np.concatenate([np.empty(0), *found])


def _green_norms(gradient: FloatArray) -> FloatArray:
    strain = (np.swapaxes(gradient, -1, -2) @ gradient - np.eye(3)) / 2
    return np.sqrt(np.sum(strain**2, axis=(-2, -1)))


def _map_gradient(transform: sitk.Transform, points_lps: FloatArray) -> FloatArray:
    """Gradient (N, 3, 3) of a map at points; NaN where it is unknown."""
    grid, known = own_grid(transform, FREE), map_points(transform, points_lps)[1]
    columns = np.empty((len(points_lps), 3, 3))
    for axis in range(3):
        ends = np.stack([grid.indices_of(points_lps)] * 2)
        ends[0, :, axis] += 1
        ends[1, :, axis] -= 1
        if grid is not FREE:  # beyond its last nodes a field is held constant
            np.clip(ends[..., axis], 0, grid.size[axis] - 1, out=ends[..., axis])
        moved, seen = map_points(transform, grid.points_at(ends.reshape(-1, 3)))
        length = (ends[0, :, axis] - ends[1, :, axis]) * grid.spacing_mm[axis]
        ahead, behind = moved.reshape(2, -1, 3)
        columns[..., axis] = (ahead - behind) / length[:, None]
        known &= seen.reshape(2, -1).all(axis=0)
    columns[~known] = np.nan
    return columns @ grid.axes.T


@dataclass(frozen=True)
class BoneStrain:
    """How much a registration bends bone, which ought to stay rigid; NaN where none is seen.

    Parameters
    ----------
    mean, p95, maximum : float
        Norm of the Green strain inside bone, without unit.
    volume_cc : float
        Volume of the bone it was measured in.
    """

    mean: float
    p95: float
    maximum: float
    volume_cc: float


def bone_strain(
    transform: sitk.Transform, reference: Volume, threshold_hu: float = BONE_STRAIN_HU
) -> BoneStrain:
    """Measure the strain inside the bone of the reference CT.

    Parameters
    ----------
    transform : sitk.Transform
        Reference to prior.
    reference : Volume
        CT, HU; air and marrow below ``threshold_hu`` do not count.
    """
    every = [max(1, int(BONE_SAMPLE_MM / spacing)) for spacing in reference.grid.spacing_mm[::-1]]
    array = reference.array[tuple(slice(None, None, step) for step in every)]
    index = np.argwhere(array > threshold_hu) * every
    values = strain_norms(transform, reference.grid.points_at(index[:, ::-1]))
    values = values[~np.isnan(values)]
    volume_cc = values.size * float(np.prod(every)) * reference.grid.voxel_volume_cc
    if not values.size:
        return BoneStrain(math.nan, math.nan, math.nan, 0.0)
    p95 = float(np.percentile(values, 95))
    return BoneStrain(float(values.mean(dtype=float)), p95, float(values.max()), volume_cc)
