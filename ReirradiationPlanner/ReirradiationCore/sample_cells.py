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
    points, volumes = [np.empty((0, 3))], [np.empty(0)]
    for k in range(parts):
        height = layer.low_mm + (k + 0.5) * thickness
        covered, (v0, u0) = layer.coverage(height, (pixel, thickness))
        v, u = np.nonzero(covered > LEAST_COVERAGE)
        cell = np.stack([u + u0, v + v0, np.full(len(u), k)], axis=1)
        within = _position_in_cell(covered, v, u, cell)
        size = np.array([pixel, pixel, thickness])
        corner = np.array([*lattice.corner_mm, layer.low_mm])
        points.append(corner + (cell + 0.5 + within) * size)
        volumes.append(covered[v, u] * (pixel * pixel * thickness / 1000))
    return np.concatenate(points), np.concatenate(volumes)


def _position_in_cell(
    covered: npt.NDArray[np.float32],
    v: npt.NDArray[np.int64],
    u: npt.NDArray[np.int64],
    cell: npt.NDArray[np.int64],
) -> npt.NDArray[np.float64]:
    """Where in its cell (N, 3; -0.5 to 0.5) the point of a cell is.

    Points of full cells are staggered, so that a dose that changes along the lattice does not
    come in steps of a whole spacing; those of cut cells are near the center of their inner part.
    """
    part = covered[v, u]
    within = _staggered(cell)
    padded = np.pad(covered, 1)
    inward = np.stack(
        [padded[v + 1, u + 2] - padded[v + 1, u], padded[v + 2, u + 1] - padded[v, u + 1]], axis=1
    )
    cut = part < FULL_COVERAGE
    within[cut, :2] = _centered(inward[cut], part[cut])
    return within


def _staggered(index: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Positions (N, 3; -0.5 to 0.5) in full cells, different from row to row of the lattice."""
    return (np.mod(index @ STAGGER, 1.0) - 0.5) * STAGGER_SHARE


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
    """
    cell = (float(size[0]), float(size[2]))
    center = corner + (index + 0.5) * size
    covered = layer.coverage_at(center, lattice, cell)
    within = _staggered(index)
    cut = np.flatnonzero((covered > 0) & (covered < FULL_COVERAGE))
    steps = np.eye(3)[:2] * size
    inward = np.stack(
        [
            layer.coverage_at(center[cut] + step, lattice, cell)
            - layer.coverage_at(center[cut] - step, lattice, cell)
            for step in steps
        ],
        axis=1,
    )
    within[cut, :2] = _centered(inward, covered[cut])
    return covered, within
