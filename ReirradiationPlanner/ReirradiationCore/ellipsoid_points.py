"""Ellipsoid search on the samples of one organ, sparse: rows without samples cost nothing.

The samples are put into a lattice of cells; two samples are within reach if the centres of their
cells are. A reach is therefore exact to half a cell (usually 0.25 mm).

References
----------
Mechalakos et al. 2024 (RADAR, abstract); the definition in detail is ours, see `ellipsoid_search`.
"""

from __future__ import annotations

from itertools import product

import numpy as np
import numpy.typing as npt
from scipy import ndimage

FloatArray = npt.NDArray[np.floating]
Triple = tuple[float, float, float]
CELLS_PER_SEMI_AXIS = 8
OUTSIDE_STEPS = 3


class EllipsoidNeighbours:
    """Who is within an ellipsoid around whom, ready for many distributions.

    Parameters
    ----------
    points_lps : ndarray (N, 3)
        Positions, mm.
    semi_axes_mm : tuple of float
        Left-right, anterior-posterior, superior-inferior, mm.
    spacing_mm : float
        Distance of neighbouring samples where they are closest, mm.
    """

    def __init__(self, points_lps: FloatArray, semi_axes_mm: Triple, spacing_mm: float) -> None:
        shortest = min([a for a in semi_axes_mm if a > 0], default=0.0)
        cell = max(spacing_mm, shortest / CELLS_PER_SEMI_AXIS)
        index = np.rint((points_lps - points_lps.min(axis=0)) / cell).astype(np.int64)
        reach = [int(a / cell + 1e-9) for a in semi_axes_mm]
        rows, columns = index[:, 2] + reach[2], index[:, 1] + reach[1]
        shape = (int(rows.max()) + reach[2] + 1, int(columns.max()) + reach[1] + 1)
        occupied, self._row = np.unique(rows * shape[1] + columns, return_inverse=True)
        self._number = np.full(shape[0] * shape[1], len(occupied), dtype=np.int64)
        self._number[occupied] = np.arange(len(occupied))
        self._occupied, self._width = occupied, shape[1]
        self._along, self._length = index[:, 0], int(index[:, 0].max()) + 1
        self._runs = _runs(reach, semi_axes_mm, cell)

    def largest(self, values: FloatArray) -> FloatArray:
        """Return the largest known value (N,) within reach; NaN where the value itself is NaN."""
        table = np.full((len(self._occupied) + 1, self._length), -np.inf, dtype=values.dtype)
        np.maximum.at(table, (self._row, self._along), np.where(np.isnan(values), -np.inf, values))
        found = np.array(values)
        for half_width, offsets in self._runs.items():
            longest = ndimage.maximum_filter1d(
                table, 2 * half_width + 1, axis=1, mode="constant", cval=-np.inf
            ).ravel()
            for k, j in offsets:
                neighbour = self._number[self._occupied + k * self._width + j] * self._length
                np.fmax(found, longest[neighbour[self._row] + self._along], out=found)
        found[np.isnan(values)] = np.nan
        return found


def _runs(reach: list[int], semi_axes: Triple, cell: float) -> dict[int, list[tuple[int, int]]]:
    """Half-width along i, in cells, to the rows (k, j) that are reached over that width."""
    runs: dict[int, list[tuple[int, int]]] = {}
    for k, j in product(range(-reach[2], reach[2] + 1), range(-reach[1], reach[1] + 1)):
        left = 1.0
        left -= (k * cell / semi_axes[2]) ** 2 if k else 0.0
        left -= (j * cell / semi_axes[1]) ** 2 if j else 0.0
        if left >= -1e-9:
            width = int(np.sqrt(max(left, 0.0)) * semi_axes[0] / cell + 1e-9)
            runs.setdefault(width, []).append((k, j))
    return runs


def points_around(
    points_lps: FloatArray, semi_axes_mm: Triple, spacing_mm: float
) -> npt.NDArray[np.float64]:
    """Return points (M, 3) outside the samples but within an ellipsoid of one of them, LPS, mm.

    They lie on a lattice; its cells that hold a sample are not outside.

    Parameters
    ----------
    points_lps : ndarray (N, 3)
        Samples of the organ, LPS, mm.
    spacing_mm : float
        Distance of neighbouring samples, mm; the points are at least a third of the shortest
        semi-axis apart.
    """
    axes = np.array([max(a, 1e-3) for a in semi_axes_mm])
    step = max(spacing_mm, min([a for a in semi_axes_mm if a > 0], default=1.0) / OUTSIDE_STEPS)
    low = points_lps.min(axis=0) - step * np.ceil(axes / step)
    index = np.rint((points_lps - low) / step).astype(np.int64)
    shape = np.rint((points_lps.max(axis=0) - low + axes) / step).astype(int) + 1
    empty = np.ones(tuple(shape.tolist()), dtype=bool)
    empty[tuple(index.T)] = False
    distance = ndimage.distance_transform_edt(empty, sampling=step / axes)
    return np.argwhere(empty & (distance <= 1 + 1e-9)) * step + low
