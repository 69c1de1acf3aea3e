"""Contours of a mask along the edges of its pixels: their area is that of the pixels."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .grids import Grid
from .mask_box import mask_box

Mask = npt.NDArray[np.bool_]
Points = npt.NDArray[np.float64]
Corners = npt.NDArray[np.int64]
PIXELS_AT_ONCE = 2_000_000


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
    if not mask.any():
        return ()
    box = mask_box(mask)
    first = np.array([part.start for part in box[::-1]], float)
    part, loops = mask[box], []
    planes = max(1, PIXELS_AT_ONCE // max(1, part[:1].size))
    for k in range(0, len(part), planes):
        index, lengths = _outlines(part[k : k + planes])
        points = grid.points_at(index + first + [0.0, 0.0, k])
        loops += np.split(points, np.cumsum(lengths)[:-1]) if lengths else []
    return tuple(loops)


def pixel_outlines(mask: Mask) -> list[Points]:
    """Loops (N, 2) in order i, j along the edges of the pixels of a mask ``[j, i]``.

    Pixel (0, 0) reaches from -0.5 to 0.5. Only corners are kept.
    """
    index, lengths = _outlines(mask[None])
    return np.split(index[:, :2], np.cumsum(lengths)[:-1]) if lengths else []


def _outlines(planes: Mask) -> tuple[Points, list[int]]:
    """Corners (N, 3) in order i, j, k of all loops of some planes, and how many each loop has."""
    padded = np.pad(planes, ((0, 0), (1, 1), (1, 1)))
    starts, ends = _edges(padded)
    order, lengths = _chained(starts, ends)
    k, j, i = np.unravel_index(starts[order], padded.shape)
    return np.column_stack([i - 1.5, j - 1.5, k]), lengths


def _edges(padded: Mask) -> tuple[Corners, Corners]:
    """Start and end corner of each straight edge with the inside on its left.

    A corner has the number of the pixel that follows it, plane by plane and row by row.
    """
    above, before = np.zeros_like(padded), np.zeros_like(padded)
    above[:, 1:], before[:, :, 1:] = padded[:, :-1], padded[:, :, :-1]
    upper, lower = _runs(padded & ~above), _runs(above & ~padded)
    left, right = _runs_down(padded & ~before), _runs_down(before & ~padded)
    starts = np.concatenate([upper[0], lower[1], left[1], right[0]])
    return starts, np.concatenate([upper[1], lower[0], left[0], right[1]])


def _runs(edges: Mask) -> tuple[Corners, Corners]:
    """First and last corner of edges one after the other, along the last axis."""
    flat = edges.ravel()  # the last of each row is outside, so that no run goes on in the next
    first = np.flatnonzero(flat[1:] & ~flat[:-1]) + 1
    return first, np.flatnonzero(flat[:-1] & ~flat[1:]) + 1


def _runs_down(edges: Mask) -> tuple[Corners, Corners]:
    turned = np.ascontiguousarray(np.swapaxes(edges, 1, 2))
    places = (np.unravel_index(run, turned.shape) for run in _runs(turned))
    return tuple(np.ravel_multi_index((k, j, i), edges.shape) for k, i, j in places)


def _chained(starts: Corners, ends: Corners) -> tuple[list[int], list[int]]:
    """Edges in the order of their loops, and how many each has.

    Where pixels touch at a corner any way is the same area.
    """
    following = np.empty(len(starts), int)
    following[np.argsort(ends, kind="stable")] = np.argsort(starts, kind="stable")
    after, order, lengths = following.tolist(), [], []
    for first in range(len(after)):
        edge, done = first, len(order)
        while after[edge] >= 0:
            order.append(edge)
            after[edge], edge = -1, after[edge]
        if len(order) > done:
            lengths.append(len(order) - done)
    return order, lengths
