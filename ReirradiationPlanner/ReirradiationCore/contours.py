"""Coverage of the voxels of a grid by a structure, for masks, quality checks and display.

Dose-volume metrics do not come from masks but from the sample points of `sampling`.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .contour_pieces import Lattice, Layer
from .contour_planes import ContourStack, stack_contours
from .contour_shapes import build_layers
from .courses import Structure
from .grids import Grid, Volume
from .sampling import default_spacing_mm

PARALLEL_COSINE = 1 - 1e-6
LARGEST_STEP_MM = 0.8
FINEST_DIVISION = 8
VOXELS_AT_ONCE = 500_000
OCTANTS = (np.indices((2, 2, 2)).reshape(3, -1).T - 0.5) / 2


def coverage_on_grid(
    structure: Structure, grid: Grid, slice_spacing_mm: float | None = None
) -> Volume:
    """Part of each voxel that is inside a structure.

    Parameters
    ----------
    structure : Structure
        Closed planar contours in any orientation, LPS, mm.
    grid : Grid
        Voxels to cover; where its planes are parallel to the contours the coverage is that of
        the interpolated contours, else the mean of eight points in each voxel.
    slice_spacing_mm : float, optional
        Slice spacing of the image, needed for a structure of one contour plane.

    Returns
    -------
    Volume
        Float32, 0..1. A binary mask is ``array >= 0.5``.

    Raises
    ------
    GeometryError
        Contours that cannot be used; see `contour_planes.stack_contours`.
    """
    stack = stack_contours(structure, slice_spacing_mm)
    if abs(stack.axes[:, 2] @ grid.axes[:, 2]) < PARALLEL_COSINE:
        return _cover_points(stack, grid)
    turned = stack.in_axes(grid.axes)
    factor = _finer(grid, stack)
    origin = np.array(grid.origin_lps) @ grid.axes
    pixel = (grid.spacing_mm[0] / factor, grid.spacing_mm[1] / factor)
    corner = origin[:2] - np.array(grid.spacing_mm[:2]) / 2
    shape = (grid.size[1] * factor, grid.size[0] * factor)
    lattice = Lattice((float(corner[0]), float(corner[1])), pixel, shape)
    edges = _plane_edges(grid) + origin[2]
    layers = list(build_layers(turned, lattice))
    array = np.zeros(grid.shape, dtype=np.float32)
    for k in range(grid.size[2]):
        if edges[k + 1] > layers[0].low_mm and edges[k] < layers[-1].high_mm:
            _cover_plane(array[k], layers, edges[k : k + 2], float(np.sqrt(np.prod(pixel))), factor)
    return Volume(array, grid)


def _finer(grid: Grid, stack: ContourStack) -> int:
    """Return how many times finer than its pixels a grid must be divided for a small structure."""
    ratio = max(grid.spacing_mm[:2]) / default_spacing_mm(stack)
    return int(np.clip(np.ceil(ratio - 1e-6), 1, FINEST_DIVISION))


def _plane_edges(grid: Grid) -> npt.NDArray[np.float64]:
    """Borders (K + 1,) between the planes of a grid, mm from the centre of the first."""
    offsets = grid.plane_offsets_mm
    if offsets is None:
        return (np.arange(grid.size[2] + 1) - 0.5) * grid.spacing_mm[2]
    middle = (np.array(offsets[:-1]) + np.array(offsets[1:])) / 2
    first, last = 2 * offsets[0] - middle[0], 2 * offsets[-1] - middle[-1]
    return np.concatenate([[first], middle, [last]])


def _cover_plane(
    plane: npt.NDArray[np.float32],
    layers: list[Layer],
    edges: npt.NDArray[np.float64],
    pixel_mm: float,
    factor: int,
) -> None:
    """Add to one plane of the grid what the layers cover between its two edges."""
    low, high = float(edges[0]), float(edges[1])
    for layer in layers:
        bottom, top = max(low, layer.low_mm), min(high, layer.high_mm)
        if top <= bottom or not layer.pieces:
            continue
        parts = int(np.ceil((top - bottom) / LARGEST_STEP_MM - 1e-6))
        step = (top - bottom) / parts
        for part in range(parts):
            covered, first = layer.coverage(bottom + (part + 0.5) * step, (pixel_mm, step))
            _add_window(plane, covered * np.float32(step / (high - low)), first, factor)
    np.clip(plane, 0, 1, out=plane)


def _add_window(
    plane: npt.NDArray[np.float32],
    values: npt.NDArray[np.float32],
    first: tuple[int, int],
    factor: int,
) -> None:
    """Add the mean of ``factor`` x ``factor`` values to each pixel, as far as it is on the plane.

    ``first`` is the index of the first value, counted in values.
    """
    rows, columns = (
        np.arange(f, f + n) // factor for f, n in zip(first, values.shape, strict=True)
    )
    here = [
        (index >= 0) & (index < n) for index, n in zip((rows, columns), plane.shape, strict=True)
    ]
    rows, columns, values = rows[here[0]], columns[here[1]], values[np.ix_(*here)]
    if values.size:
        starts = [np.flatnonzero(np.r_[True, np.diff(index) > 0]) for index in (rows, columns)]
        sums = np.add.reduceat(np.add.reduceat(values, starts[0], axis=0), starts[1], axis=1)
        plane[np.ix_(rows[starts[0]], columns[starts[1]])] += sums / factor**2


def _cover_points(stack: ContourStack, grid: Grid) -> Volume:
    """Coverage of voxels at an angle to the contours: mean of eight points in each of them."""
    spacing = min(*grid.spacing_mm, LARGEST_STEP_MM * 2) / 2
    lattice = Lattice.around(stack, min(spacing, default_spacing_mm(stack)))
    layers = list(build_layers(stack, lattice))
    edges = np.array([layer.high_mm for layer in layers])
    array = np.zeros(int(np.prod(grid.size)), dtype=np.float32)
    near = _voxels_near(stack, grid, layers)
    cell = float(np.cbrt(np.prod(grid.spacing_mm))) / 2
    for start in range(0, len(near), VOXELS_AT_ONCE):
        voxels = near[start : start + VOXELS_AT_ONCE]
        k, j, i = np.unravel_index(voxels, grid.shape)
        for offset in OCTANTS:
            points = grid.points_at(np.stack([i, j, k], axis=1) + offset) @ stack.axes
            number = np.searchsorted(edges, points[:, 2])
            for n in np.unique(number[number < len(layers)]):
                chosen = number == n
                covered = layers[n].coverage_at(points[chosen], lattice, (cell, cell))
                inside = points[chosen, 2] > layers[n].low_mm
                array[voxels[chosen]] += (covered * inside / len(OCTANTS)).astype(np.float32)
    return Volume(np.clip(array, 0, 1).reshape(grid.shape), grid)


def _voxels_near(stack: ContourStack, grid: Grid, layers: list[Layer]) -> npt.NDArray[np.int64]:
    """Flat indices of the voxels whose centres are in the box of a structure, or just beside it."""
    low, high = stack.box_mm()
    margin = float(np.linalg.norm(grid.spacing_mm))
    low = np.array([*low, layers[0].low_mm]) - margin
    high = np.array([*high, layers[-1].high_mm]) + margin
    local = grid.centers_lps() @ stack.axes
    return np.flatnonzero(np.all((local > low) & (local < high), axis=1))
