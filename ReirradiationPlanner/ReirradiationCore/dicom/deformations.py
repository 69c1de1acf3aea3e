"""Displacements of a Deformable Spatial Registration as a transform, and the inverse of it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk

from ..errors import RegistrationError
from ..grids import Grid
from ..point_transforms import inverse_points, map_points

UNKNOWN_SHIFT_MM = 1.0e6


def field_transform(shift: npt.NDArray[np.float64], grid: Grid) -> sitk.Transform:
    """Return the transform of displacements (N, 3), mm; undefined ones lead outside every image."""
    shift = np.where(np.isfinite(shift).all(axis=1, keepdims=True), shift, UNKNOWN_SHIFT_MM)
    image = sitk.GetImageFromArray(shift.reshape(*grid.shape, 3), isVector=True)
    image.SetSpacing(grid.spacing_mm)
    image.SetOrigin(grid.origin_lps)
    image.SetDirection(grid.direction)
    return sitk.Transform(sitk.DisplacementFieldTransform(image))


def inverse_of(steps: Sequence[sitk.Transform], name: str) -> sitk.Transform:
    """Return the inverse of an item, as displacements on a grid around what it reaches.

    Parameters
    ----------
    steps : sequence of sitk.Transform
        As a composite takes them: the last is applied first, a displacement field if there are two.
    name : str
        How messages call the object.

    Raises
    ------
    RegistrationError
        A field that is undefined everywhere.
    """
    composite = sitk.CompositeTransform(3)
    for step in steps:
        composite.AddTransform(step)
    transform = sitk.Transform(composite)
    if len(steps) == 1:
        return transform.GetInverse()
    field = sitk.DisplacementFieldTransform(steps[1]).GetDisplacementField()
    own = Grid(field.GetSize(), field.GetSpacing(), field.GetOrigin(), tuple(field.GetDirection()))
    reached, _ = map_points(transform, own.centers_lps())
    reached = reached[np.abs(reached).max(axis=1) < UNKNOWN_SHIFT_MM / 2]
    if not len(reached):
        msg = f"{name}: the deformation is undefined everywhere"
        raise RegistrationError(msg)
    low, high = reached.min(axis=0), reached.max(axis=0)
    spacing = np.array(own.spacing_mm)
    size = np.ceil((high - low) / spacing).astype(int) + 1
    grid = Grid(tuple(size.tolist()), tuple(spacing.tolist()), tuple(low.tolist()))
    centers = grid.centers_lps()
    found, known = inverse_points(transform, centers)
    shift = np.where(known[:, None], found - centers, np.nan)
    return field_transform(shift, grid)
