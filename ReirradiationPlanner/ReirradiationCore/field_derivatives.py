"""Derivatives of a displacement field: volume change, energy, rotation."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk

from .errors import GeometryError
from .grids import Grid, Volume
from .point_transforms import field_on_grid

FloatArray = npt.NDArray[np.float64]


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
    first = transform
    while first.GetTransformEnum() == sitk.sitkComposite:
        parts = sitk.CompositeTransform(first)
        first = parts.GetNthTransform(parts.GetNumberOfTransforms() - 1)
    if first.GetTransformEnum() == sitk.sitkDisplacementField:
        image = sitk.DisplacementFieldTransform(first).GetDisplacementField()
        direction = tuple(image.GetDirection())
        grid = Grid(image.GetSize(), image.GetSpacing(), image.GetOrigin(), direction)
    return jacobian_determinants(field_on_grid(transform, grid))
