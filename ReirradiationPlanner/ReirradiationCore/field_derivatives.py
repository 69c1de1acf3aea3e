"""Derivatives of a displacement field: volume change, strain, energy, rotation."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk

from .errors import GeometryError
from .grids import Grid, Volume, sample_volume
from .point_transforms import field_on_grid

FloatArray = npt.NDArray[np.float64]

BONE_STRAIN_HU = 250.0
BONE_SAMPLE_MM = 2.0


def displacement_gradient(displacement: Volume) -> FloatArray:
    """Gradient of a displacement field by central differences (one-sided at the border).

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
    parts = [np.gradient(array[..., m], *grid.spacing_mm[::-1]) for m in range(3)]
    along_ijk = np.stack([np.stack(part[::-1], axis=-1) for part in parts], axis=-2)
    return along_ijk @ grid.axes.T


def jacobian_determinants(displacement: Volume) -> Volume:
    """``det(I + grad u)`` at every voxel of a displacement field; NaN next to unknown voxels."""
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

    Parameters
    ----------
    transform : sitk.Transform
        Reference to prior; of a composite the transform applied first decides the grid.
    grid : Grid
        Grid of the reference image.
    """
    return jacobian_determinants(field_on_grid(transform, own_grid(transform, grid)))


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


def strain_norms(transform: sitk.Transform, grid: Grid) -> Volume:
    """Frobenius norm of the Green strain ``(F^T F - I) / 2``, F the gradient of the map.

    Nought for every rigid movement, however large its rotation; 0.05 for a stretch by about 5 % in
    one direction. Taken on the displacement field's own grid, or on ``grid`` without one.
    """
    gradient = displacement_gradient(field_on_grid(transform, own_grid(transform, grid)))
    gradient += np.eye(3)
    strain = (np.swapaxes(gradient, -1, -2) @ gradient - np.eye(3)) / 2
    return Volume(np.sqrt(np.sum(strain**2, axis=(-2, -1))), own_grid(transform, grid))


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
    strain = strain_norms(transform, reference.grid)
    every = [max(1, int(BONE_SAMPLE_MM / spacing)) for spacing in reference.grid.spacing_mm[::-1]]
    array = reference.array[tuple(slice(None, None, step) for step in every)]
    index = np.argwhere(array > threshold_hu) * every
    values = sample_volume(strain, reference.grid.points_at(index[:, ::-1]))
    values = values[~np.isnan(values)]
    volume_cc = values.size * float(np.prod(every)) * reference.grid.voxel_volume_cc
    if not values.size:
        return BoneStrain(math.nan, math.nan, math.nan, 0.0)
    p95 = float(np.percentile(values, 95))
    return BoneStrain(float(values.mean(dtype=float)), p95, float(values.max()), volume_cc)
