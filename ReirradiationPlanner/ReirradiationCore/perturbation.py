"""Perturbed mappings: shifts and smooth random displacements added to a registration.

A perturbed mapping of a point x is ``T(x + u(x))``: move the points first, then map them.
"""

from __future__ import annotations

from itertools import product

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from .errors import RadiobiologyError
from .grids import Grid, Volume, sample_volume

FloatArray = npt.NDArray[np.floating]
Triple = tuple[float, float, float]


def axis_shifts(amplitude_mm: Triple) -> tuple[Triple, ...]:
    """Return the six shifts (LPS, mm) by an amplitude along each axis, both ways."""
    shifts = []
    for axis, sign in product(range(3), (-1.0, 1.0)):
        shift = [0.0, 0.0, 0.0]
        shift[axis] = sign * amplitude_mm[axis]
        shifts.append((shift[0], shift[1], shift[2]))
    return tuple(shifts)


def random_displacement(grid: Grid, rms_mm: Triple, correlation_mm: float, seed: int) -> Volume:
    """Return a smooth random displacement field (LPS, mm), the same for the same seed.

    Gaussian random field: each component has the given root mean square, and its correlation falls
    to 1/e at ``correlation_mm``. The field repeats beyond the grid, so give a grid larger than the
    patient by that length.

    Parameters
    ----------
    grid : Grid
        Where the field is given; a spacing of a third of the correlation length is enough.
    seed : int
        Seed of the random numbers.

    Raises
    ------
    RadiobiologyError
        A correlation length that is not above zero.
    """
    if not correlation_mm > 0:
        msg = f"a correlation length of {correlation_mm:g} mm is not possible"
        raise RadiobiologyError(msg)
    random = np.random.default_rng(seed)
    sigma = [correlation_mm / 2.0 / s for s in grid.spacing_mm[::-1]]
    impulse = np.zeros(grid.shape)
    impulse[0, 0, 0] = 1.0
    norm = np.sqrt(np.sum(ndimage.gaussian_filter(impulse, sigma, mode="wrap") ** 2))
    field = np.empty((*grid.shape, 3), dtype=np.float32)
    for axis in range(3):
        noise = random.standard_normal(grid.shape)
        field[..., axis] = ndimage.gaussian_filter(noise, sigma, mode="wrap") * rms_mm[axis] / norm
    return Volume(field, grid)


def displace(points_lps: FloatArray, field: Volume) -> FloatArray:
    """Return points (N, 3) moved by a displacement field, LPS, mm; NaN outside it."""
    moved = np.array(points_lps, dtype=float)
    for axis in range(3):
        component = Volume(np.ascontiguousarray(field.array[..., axis]), field.grid)
        moved[:, axis] += sample_volume(component, points_lps)
    return moved
