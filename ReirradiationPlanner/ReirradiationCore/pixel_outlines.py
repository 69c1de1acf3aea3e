"""Contours of a mask along the edges of its pixels: their area is that of the pixels."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .grids import Grid

Mask = npt.NDArray[np.bool_]
Points = npt.NDArray[np.float64]


def mask_contours(mask: Mask, grid: Grid) -> tuple[Points, ...]:
    """Return the closed contours of a mask in every plane of its grid.

    Parameters
    ----------
    mask : ndarray of bool
        Shape ``(k, j, i)``.
    grid : Grid
        Where the voxels are.

    Returns
    -------
    tuple of ndarray
        Loops (N, 3), LPS, mm, without repeated first point; holes are loops of their own, so that
        loops of a plane combine even-odd. The volume between half a plane distance below and
        above is exactly that of the voxels.
    """
    loops = []
    for k in np.flatnonzero(mask.any(axis=(1, 2))):
        for loop in pixel_outlines(mask[k]):
            index = np.column_stack([loop, np.full(len(loop), float(k))])
            loops.append(grid.points_at(index))
    return tuple(loops)


def pixel_outlines(mask: Mask) -> list[Points]:
    """Loops (N, 2) in order i, j along the edges of the pixels of a mask ``[j, i]``.

    Pixel (0, 0) reaches from -0.5 to 0.5. Only corners are kept.
    """
    rows = np.flatnonzero(mask.any(axis=1))
    if rows.size == 0:
        return []
    columns = np.flatnonzero(mask.any(axis=0))
    part = mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    starts, ends, width = _edges(np.pad(part, 1))
    offset = np.array([columns[0], rows[0]]) - 1.5
    return [_corners(loop, width) + offset for loop in _chained(starts, ends)]


def _edges(padded: Mask) -> tuple[list[int], list[int], int]:
    """Start and end corner of each edge with the inside on its left; corners count row by row."""
    width = padded.shape[1] + 1
    j, i = np.nonzero(padded)
    corner = j * width + i
    sides = (
        (padded[j - 1, i], corner, corner + 1),
        (padded[j, i + 1], corner + 1, corner + 1 + width),
        (padded[j + 1, i], corner + 1 + width, corner + width),
        (padded[j, i - 1], corner + width, corner),
    )
    starts = np.concatenate([start[~inside] for inside, start, _ in sides])
    ends = np.concatenate([end[~inside] for inside, _, end in sides])
    return starts.tolist(), ends.tolist(), width


def _chained(starts: list[int], ends: list[int]) -> list[list[int]]:
    """Edges joined to loops of corners; where pixels touch at a corner any way is the same area."""
    after: dict[int, list[int]] = {}
    for start, end in zip(starts, ends, strict=True):
        after.setdefault(start, []).append(end)
    loops = []
    while after:
        first = corner = next(iter(after))
        loop = []
        while True:
            loop.append(corner)
            following = after[corner]
            end = following.pop()
            if not following:
                del after[corner]
            corner = end
            if corner == first:
                break
        loops.append(loop)
    return loops


def _corners(loop: list[int], width: int) -> Points:
    """Corners (N, 2) in order i, j where a loop turns, from the corner of the first pixel."""
    j, i = np.divmod(np.array(loop), width)
    points = np.column_stack([i, j]).astype(float)
    before = points - np.roll(points, 1, axis=0)
    behind = np.roll(points, -1, axis=0) - points
    return points[np.any(before != behind, axis=1)]
