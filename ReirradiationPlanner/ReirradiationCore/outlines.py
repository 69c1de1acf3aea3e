"""Closed outlines of a shape in a plane: marching squares with the crossings made exact."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

# Edges of a cell: 0 bottom, 1 right, 2 top, 3 left. For each of the 16 patterns of corners inside
# (bit 0 lower left, 1 lower right, 2 upper right, 3 upper left) the segments, inside on the left.
_SEGMENTS: dict[int, tuple[tuple[int, int], ...]] = {
    1: ((0, 3),), 2: ((1, 0),), 3: ((1, 3),), 4: ((2, 1),), 5: ((0, 3), (2, 1)), 6: ((2, 0),),
    7: ((2, 3),), 8: ((3, 2),), 9: ((0, 2),), 10: ((1, 0), (3, 2)), 11: ((1, 2),), 12: ((3, 1),),
    13: ((0, 1),), 14: ((3, 0),),
}  # fmt: skip


def closed_outlines(depth: Array, x: Array, y: Array) -> list[Array]:
    """Loops (M, 2) around the positive part of samples on a regular lattice.

    Parameters
    ----------
    depth : ndarray
        Samples (len(y), len(x)), positive inside; the border is taken as outside.
    x, y : ndarray
        Evenly spaced positions of columns and rows, mm.

    Returns
    -------
    list of ndarray
        Loops with the inside on the left, linear between samples, without repeated first point.
    """
    values = depth.copy()
    values[[0, -1], :] = np.minimum(values[[0, -1], :], -1e-6)
    values[:, [0, -1]] = np.minimum(values[:, [0, -1]], -1e-6)
    inside = values > 0
    follower = _follow(inside)
    points = _crossings(values, inside, x, y)
    loops = []
    while follower:
        edge, after = follower.popitem()
        loop = [edge]
        while after != edge:
            loop.append(after)
            after = follower.pop(after)
        loops.append(points(np.array(loop)))
    return loops


def _follow(inside: npt.NDArray[np.bool_]) -> dict[int, int]:
    """Map each crossed edge to the next one along the outline.

    Edge ``2 (j nx + i)`` goes from sample (j, i) to (j, i + 1), the odd one after it to (j + 1, i).
    """
    b = inside.astype(np.int8)
    cells = b[:-1, :-1] + 2 * b[:-1, 1:] + 4 * b[1:, 1:] + 8 * b[1:, :-1]
    nx = inside.shape[1]
    rows, columns = np.nonzero((cells > 0) & (cells < 15))
    base = 2 * (rows * nx + columns)
    edges = np.stack([base, base + 3, base + 2 * nx, base + 1]).T.tolist()
    result: dict[int, int] = {}
    for pattern, edge in zip(cells[rows, columns].tolist(), edges, strict=True):
        for start, end in _SEGMENTS[pattern]:
            result[edge[start]] = edge[end]
    return result


def _crossings(
    values: Array, inside: npt.NDArray[np.bool_], x: Array, y: Array
) -> Callable[[npt.NDArray[np.int64]], Array]:
    """Return the function from edge numbers to the points (M, 2) where the outline crosses them."""
    nx, flat = inside.shape[1], values.ravel()

    def points(edges: npt.NDArray[np.int64]) -> Array:
        start, upwards = edges // 2, (edges % 2).astype(bool)
        end = start + np.where(upwards, nx, 1)
        t = flat[start] / (flat[start] - flat[end])
        row, column = np.divmod(start, nx)
        step_x, step_y = x[1] - x[0], y[1] - y[0]
        return np.stack(
            [
                x[column] + np.where(upwards, 0, t * step_x),
                y[row] + np.where(upwards, t * step_y, 0),
            ],
            axis=1,
        )

    return points


def thinned(loop: Array, gap_mm: float) -> Array:
    """Loop (M, 2) without the points that follow another closer than ``gap_mm``."""
    step = np.linalg.norm(np.diff(loop, axis=0, prepend=loop[-1:]), axis=1)
    keep = step >= gap_mm
    keep[1:] |= ~keep[:-1]
    return loop[keep] if keep.sum() >= 3 else loop


def enclosed_area(loop: Array) -> float:
    """Area inside a loop (M, 2), mm^2, negative where the inside is on the right."""
    x, y = loop[:, 0], loop[:, 1]
    return float(np.sum(x * np.roll(y, -1) - y * np.roll(x, -1)) / 2)
