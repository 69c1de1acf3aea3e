"""Largest prior dose within an ellipsoid around each voxel or sample.

References
----------
Mechalakos et al. 2024 (RADAR, abstract): voxel-wise ellipsoid search in dose accumulation, and its
restriction to the structure. The definition in detail is ours.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from .ellipsoid_points import EllipsoidNeighbours
from .errors import RadiobiologyError

FloatArray = npt.NDArray[np.floating]
Triple = tuple[float, float, float]


def ellipsoid_search(
    eqd2_gy: FloatArray,
    spacing_mm: Triple,
    semi_axes_mm: Triple,
    organ: npt.NDArray[np.bool_] | None = None,
) -> FloatArray:
    """Return for each voxel the largest known dose within an ellipsoid around it.

    With ``organ`` the search stays inside the organ (the default for judging); without it, dose is
    also pulled in from outside, which is meant for organs whose edge itself is uncertain. Where a
    semi-axis is shorter than the spacing, the dose is interpolated at the tips of the ellipsoid.

    Parameters
    ----------
    eqd2_gy : ndarray [k, j, i]
        Mapped prior EQD2, Gy; NaN where unknown.
    spacing_mm, semi_axes_mm : tuple of float
        Along i, j, k.
    organ : ndarray of bool [k, j, i], optional
        Voxels of the organ.

    Returns
    -------
    ndarray [k, j, i]
        Gy; NaN where the dose itself is unknown and outside the organ.

    Raises
    ------
    RadiobiologyError
        Negative semi-axes, arrays that do not match.
    """
    if min(semi_axes_mm) < 0 or (organ is not None and organ.shape != eqd2_gy.shape):
        msg = f"an ellipsoid of {semi_axes_mm} mm cannot be searched on {eqd2_gy.shape}"
        raise RadiobiologyError(msg)
    inside = ~np.isnan(eqd2_gy) if organ is None else organ & ~np.isnan(eqd2_gy)
    values = np.where(inside, eqd2_gy, -np.inf)
    found = _dilate(values, spacing_mm, semi_axes_mm)
    for offset in _tips(spacing_mm, semi_axes_mm):
        np.maximum(found, _shifted(eqd2_gy, inside, offset), out=found)
    return np.where(inside, found, np.nan).astype(eqd2_gy.dtype, copy=False)


def _dilate(values: FloatArray, spacing_mm: Triple, semi_axes_mm: Triple) -> FloatArray:
    """Grey dilation with an ellipsoidal footprint, as shifted runs along i."""
    steps = [int(a / s + 1e-9) for a, s in zip(semi_axes_mm, spacing_mm, strict=True)]
    padded = np.pad(values, [(n, n) for n in (steps[2], steps[1], 0)], constant_values=-np.inf)
    runs: dict[int, FloatArray] = {}
    out = values.copy()
    for k, j in product(range(-steps[2], steps[2] + 1), range(-steps[1], steps[1] + 1)):
        left = 1.0 - _squared(k, spacing_mm[2], semi_axes_mm[2])
        left -= _squared(j, spacing_mm[1], semi_axes_mm[1])
        if left < -1e-9:
            continue
        width = int(np.sqrt(max(left, 0.0)) * semi_axes_mm[0] / spacing_mm[0] + 1e-9)
        if width not in runs:
            runs[width] = ndimage.maximum_filter1d(
                padded, 2 * width + 1, axis=2, mode="constant", cval=-np.inf
            )
        rows = slice(steps[2] + k, steps[2] + k + values.shape[0])
        columns = slice(steps[1] + j, steps[1] + j + values.shape[1])
        np.maximum(out, runs[width][rows, columns], out=out)
    return out


def _squared(steps: int, spacing: float, semi_axis: float) -> float:
    return (steps * spacing / semi_axis) ** 2 if steps else 0.0


def _tips(spacing_mm: Triple, semi_axes_mm: Triple) -> Iterator[tuple[float, float, float]]:
    """Offsets (k, j, i) in voxels to the surface, if an axis is finer than the grid."""
    if not any(0 < a < s for a, s in zip(semi_axes_mm, spacing_mm, strict=True)):
        return
    for signs in product((-1, 0, 1), repeat=3):
        length = np.sqrt(sum(abs(sign) for sign in signs))
        if length:
            scaled = zip(signs, semi_axes_mm, spacing_mm, strict=True)
            i, j, k = (sign * a / s / length for sign, a, s in scaled)
            yield k, j, i


def _shifted(
    values: FloatArray, inside: npt.NDArray[np.bool_], offset: tuple[float, float, float]
) -> FloatArray:
    """Interpolated values at an offset; -inf unless all they come from is known and inside."""
    back = tuple(-x for x in offset)
    moved = ndimage.shift(np.where(inside, values, 0.0), back, order=1, mode="nearest")
    weight = ndimage.shift(inside.astype(float), back, order=1, mode="nearest")
    return np.where(weight > 1.0 - 1e-9, moved, -np.inf)


def ellipsoid_search_points(
    eqd2_gy: FloatArray, points_lps: FloatArray, semi_axes_mm: Triple, spacing_mm: float
) -> FloatArray:
    """Structure-restricted ellipsoid search on the samples of one organ.

    The samples are binned to a lattice of their spacing, on which the search is exact; axes are
    those of the patient (left-right, anterior-posterior, superior-inferior). To search several
    distributions use `ellipsoid_points.EllipsoidNeighbours`.

    Parameters
    ----------
    eqd2_gy : ndarray (N,)
        Mapped prior EQD2, Gy; NaN where unknown.
    points_lps : ndarray (N, 3)
        Positions, mm.
    spacing_mm : float
        Distance of neighbouring samples, mm.

    Returns
    -------
    ndarray (N,)
        Gy; NaN where the dose itself is unknown.
    """
    return EllipsoidNeighbours(points_lps, semi_axes_mm, spacing_mm).largest(eqd2_gy)
