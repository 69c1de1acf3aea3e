"""Which sample points can decide a near-maximum, whatever alpha/beta, recovery or prescription.

A cumulative dose grows with the dose of every phase. A point can therefore be left out of ``DxCC``
if points of at least that volume received more from every phase. What is left is usually a few per
cent of an organ, and the near-maximum found there is that of the whole organ exactly.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

MOST_CELLS = 65536
_ROUNDING = 1e-9
_LEAST_CC = 1e-12


def hot_points(
    phase_doses_gy: Sequence[npt.NDArray[np.floating]],
    volumes_cc: npt.NDArray[np.floating],
    volume_cc: float,
) -> npt.NDArray[np.intp]:
    """Return the indices of the points that can be among the hottest ``volume_cc``.

    Parameters
    ----------
    phase_doses_gy : sequence of ndarray (N,)
        Physical dose of every phase of every course, Gy; NaN where unknown.
    volumes_cc : ndarray (N,)
        Volumes of the points, cc.
    volume_cc : float
        Volume of the metric, cc; 0 for the maximum.

    Returns
    -------
    ndarray
        Ascending; every point with an unknown dose is among them.
    """
    unknown = np.isnan(np.sum(phase_doses_gy, axis=0))
    bins = max(2, int(MOST_CELLS ** (1.0 / len(phase_doses_gy))))
    index, shape = np.zeros(len(volumes_cc), dtype=np.int64), (bins,) * len(phase_doses_gy)
    for dose in phase_doses_gy:
        index = index * bins + _binned(dose, unknown, bins)
    known_cc = np.where(unknown, 0.0, volumes_cc)
    hotter = np.bincount(index, known_cc, minlength=bins ** len(shape)).reshape(shape)
    for axis in range(hotter.ndim):
        hotter = _above(hotter, axis)
    enough = max(volume_cc * (1.0 + _ROUNDING), _LEAST_CC)
    return np.flatnonzero(unknown | (hotter.ravel()[index] < enough))


def _binned(
    dose: npt.NDArray[np.floating], unknown: npt.NDArray[np.bool_], bins: int
) -> npt.NDArray[np.int64]:
    """Bin of each dose, ascending; a higher bin is a higher dose."""
    known = np.where(unknown, 0.0, dose)
    highest = float(known.max()) if known.size else 0.0
    if not highest > 0:
        return np.zeros(len(dose), dtype=np.int64)
    return np.minimum((known * (bins / highest)).astype(np.int64), bins - 1)


def _above(cells: npt.NDArray[np.float64], axis: int) -> npt.NDArray[np.float64]:
    """Sum of all cells strictly above each one along an axis."""
    flipped = np.flip(cells, axis)
    return np.flip(np.cumsum(flipped, axis) - flipped, axis)
