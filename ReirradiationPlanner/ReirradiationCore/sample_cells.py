"""Cells of the sampling lattice: how much of each is inside, and where in it its point is."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .contour_pieces import Lattice, Layer

LEAST_COVERAGE = 1e-3
FULL_COVERAGE = 0.999
STAGGER_SHARE = 0.999
STAGGER = np.array([[0, 0.7549, 0.5698], [0.5698, 0, 0.7549], [0.7549, 0.5698, 0]])

FloatArray = npt.NDArray[np.floating]


def cells_of_layer(
    layer: Layer, parts: int, lattice: Lattice
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Points (N, 3; u, v, w, mm) and volumes (N,; cc) of the cells of a layer that are inside.

    ``parts`` is the number of sub-planes the layer is divided into.
    """
    thickness = (layer.high_mm - layer.low_mm) / parts
    pixel = lattice.pixel_mm[0]
    size = np.array([pixel, pixel, thickness])
    corner = np.array([*lattice.corner_mm, layer.low_mm])
    points, volumes = [np.empty((0, 3))], [np.empty(0)]
    for k in range(parts):
        height = layer.low_mm + (k + 0.5) * thickness
        covered, (v0, u0) = layer.coverage(height, (pixel, thickness))
        inside = np.flatnonzero(covered > LEAST_COVERAGE)
        v, u = np.divmod(inside, max(covered.shape[1], 1))
        part = covered.ravel()[inside]
        cell = np.empty((3, len(inside)))
        cell[0], cell[1], cell[2] = u + u0, v + v0, k
        within = _staggered(cell.T)
        _move_into_cut_cells(within, covered, v, u, part)
        cell += within.T
        for axis in range(3):  # axis by axis: three numbers at a time would be slow
            cell[axis] += 0.5
            cell[axis] *= size[axis]
            cell[axis] += corner[axis]
        points.append(cell.T)
        volumes.append(part * (pixel * pixel * thickness / 1000))
    return np.concatenate(points), np.concatenate(volumes)


def _move_into_cut_cells(
    within: npt.NDArray[np.float64],
    covered: npt.NDArray[np.float32],
    v: npt.NDArray[np.int64],
    u: npt.NDArray[np.int64],
    part: npt.NDArray[np.float32],
) -> None:
    """Set where in their cell (-0.5 to 0.5) the points of cut cells are.

    Points of full cells are staggered, so that a dose that changes along the lattice does not
    come in steps of a whole spacing; those of cut cells are near the center of their inner part.
    """
    cut = np.flatnonzero(part < FULL_COVERAGE)
    padded = np.zeros((covered.shape[0] + 2, covered.shape[1] + 2), dtype=np.float32)
    padded[1:-1, 1:-1] = covered
    v, u = v[cut] + 1, u[cut] + 1
    inward = np.stack([padded[v, u + 1] - padded[v, u - 1], padded[v + 1, u] - padded[v - 1, u]])
    within[cut, :2] = _centered(inward.T, part[cut])


def _staggered(index: FloatArray) -> npt.NDArray[np.float64]:
    """Positions (N, 3; -0.5 to 0.5) in full cells, different from row to row of the lattice."""
    u, v, w = np.ascontiguousarray(index.T)
    within = np.empty((3, len(index)))
    for axis in range(3):
        turn = u * STAGGER[0, axis]
        turn += v * STAGGER[1, axis]
        turn += w * STAGGER[2, axis]
        turn -= np.floor(turn)
        turn -= 0.5
        np.multiply(turn, STAGGER_SHARE, out=within[axis])
    return within.T


def _centered(inward: FloatArray, part: FloatArray) -> FloatArray:
    """Positions (N, 2) near the center of the part of cut cells that lies ``inward``."""
    length = np.maximum(np.linalg.norm(inward, axis=1), 1e-6)
    return inward * ((1 - part) / 2 / length)[:, None]


def cover_parts(
    layer: Layer,
    lattice: Lattice,
    corner: npt.NDArray[np.float64],
    index: npt.NDArray[np.int64],
    size: npt.NDArray[np.float64],
    full: npt.NDArray[np.bool_],
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Coverage (N,) of small cells and where in them (N, 3; -0.5 to 0.5) their points are.

    Parameters
    ----------
    layer : Layer
        Where all the cells are.
    lattice : Lattice
        Lattice the layer was built on.
    corner : ndarray
        (3,): outer corner of the cell with index 0, u, v, w, mm.
    index : ndarray
        (N, 3): index of each cell along u, v, w.
    size : ndarray
        (3,): size of the cells, mm.
    full : ndarray
        (N,): parts of a cell that is inside as a whole; nothing is asked of the layer for them.
    """
    cell = (float(size[0]), float(size[2]))
    within, covered = _staggered(index), np.ones(len(index))
    border = np.flatnonzero(~full)
    center = corner + (index[border] + 0.5) * size
    covered[border] = layer.coverage_at(center, lattice, cell)
    cut = np.flatnonzero((covered[border] > 0) & (covered[border] < FULL_COVERAGE))
    steps = np.stack([[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0]]) * size
    around = (center[cut] + steps[:, None]).reshape(-1, 3)
    right, left, down, up = layer.coverage_at(around, lattice, cell).reshape(4, -1)
    inward = np.stack([right - left, down - up], axis=1)
    cut = border[cut]
    within[cut, :2] = _centered(inward, covered[cut])
    return covered, within
