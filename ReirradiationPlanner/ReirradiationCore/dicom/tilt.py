"""CT acquired with a tilted gantry: slices that are shifted against each other become straight."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from ..errors import RefusedError

STRAIGHT_MM = 0.5
_LINEAR_MM = 0.1
_OUTSIDE_HU = -1024


def tilt_degrees(positions: npt.NDArray[np.float64], label: str) -> float:
    """Return the angle between the slice normal and the line of the slices; 0 if straight.

    Parameters
    ----------
    positions : ndarray
        Slice positions (N, 3) along rows, columns and normal, mm, ascending along the normal.
    label : str
        Series named in messages.

    Raises
    ------
    RefusedError
        Shifts that do not grow evenly from slice to slice.
    """
    if np.ptp(positions[:, :2], axis=0).max() <= STRAIGHT_MM:
        return 0.0
    along = positions[:, 2] - positions[:, 2].mean()
    slopes = along @ positions[:, :2] / (along @ along)
    rest = positions[:, :2] - positions[:, :2].mean(axis=0) - along[:, None] * slopes
    if np.abs(rest).max() > _LINEAR_MM:
        msg = (
            f"{label}: the slices are shifted against each other by up to "
            f"{np.abs(rest).max():.1f} mm without order (two scans in one series?); give the "
            "planning CT alone"
        )
        raise RefusedError(msg)
    return float(np.degrees(np.arctan(np.linalg.norm(slopes))))


def straightened(
    array: npt.NDArray[np.generic],
    positions: npt.NDArray[np.float64],
    spacing_mm: tuple[float, float],
) -> tuple[npt.NDArray[np.generic], npt.NDArray[np.float64]]:
    """Return slices on one common raster, enlarged so that nothing is cut off.

    Parameters
    ----------
    array : ndarray
        HU (N, rows, columns).
    positions : ndarray
        Slice positions (N, 3) along rows, columns and normal, mm.
    spacing_mm : tuple of float
        Spacing along rows (i) and columns (j), mm.

    Returns
    -------
    array : ndarray
        HU (N, more rows, more columns), linear interpolation within each slice; -1024 where a
        slice has no data.
    positions : ndarray
        Positions (N, 3) of the enlarged slices.
    """
    start = positions[:, :2].min(axis=0)
    shift = (positions[:, :2] - start) / np.array(spacing_mm)
    extra = np.ceil(shift.max(axis=0)).astype(int)
    rows, columns = array.shape[1] + extra[1], array.shape[2] + extra[0]
    out = np.full((len(array), rows, columns), _OUTSIDE_HU, array.dtype)
    for k, (across, down) in enumerate(shift):
        padded = np.full((rows, columns), _OUTSIDE_HU, np.float32)
        padded[: array.shape[1], : array.shape[2]] = array[k]
        moved = ndimage.shift(padded, (down, across), order=1, cval=_OUTSIDE_HU)
        out[k] = np.rint(moved) if np.issubdtype(array.dtype, np.integer) else moved
    straight = positions.copy()
    straight[:, :2] = start
    return out, straight
