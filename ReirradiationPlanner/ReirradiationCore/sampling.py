"""Sample points of structures: where doses are asked for and how much volume each stands for.

Points lie in the cells of a regular lattice aligned with the contour planes. Each stands for the
part of its cell that is inside the structure, by exact coverage in the contour planes and
shape-based interpolation between them (`contour_shapes`). Ends: half a plane distance beyond the
last contour where the structure ends flat, rounded where its trend closes before the next plane.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from .contour_pieces import Lattice, Layer
from .contour_planes import ContourStack, stack_contours
from .contour_shapes import build_layers
from .courses import Structure
from .errors import GeometryError
from .sample_cells import FULL_COVERAGE, cells_of_layer, cover_parts

FINE_SPACING_MM = 0.5
BASE_SPACING_MM = 1.0
COARSEST_SPACING_MM = 3.0
CELLS_PER_ORGAN = 150_000
CELLS_ACROSS = 8
CELLS_THICK = 2
MOST_PIXELS_ACROSS = 500
SMALLEST_SPACING_MM = 0.02
MOST_PARTS = 40
HOT_CC = 2.0
HOT_CELLS = 200

FloatArray = npt.NDArray[np.floating]


@dataclass(frozen=True, eq=False)
class _Cells:
    """What is needed to split cells again: the solid and the layer each point came from."""

    axes: npt.NDArray[np.float64]
    lattice: Lattice
    layers: tuple[Layer, ...]
    parts: npt.NDArray[np.int32]
    layer_of: npt.NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class SamplePoints:
    """Points inside a structure with the volume each stands for.

    Parameters
    ----------
    points_lps : ndarray
        (N, 3), LPS, mm: one point in each lattice cell.
    volumes_cc : ndarray
        (N,), cc: volume of the cell times the part of it inside the structure.
    spacing_mm : float
        Size of the cells of the base lattice.
    notes : tuple of str
        What a reader of the result should know about contours and spacing.
    finest_spacing_mm : float, optional
        Size of the smallest cells, where the hottest part was refined.
    kept : ndarray, optional
        After `refine_hot`: which points of the unrefined samples the first points are, so that
        what is known of them need not be asked for again.
    """

    points_lps: npt.NDArray[np.float64]
    volumes_cc: npt.NDArray[np.float64]
    spacing_mm: float
    notes: tuple[str, ...] = ()
    finest_spacing_mm: float | None = None
    cells: _Cells | None = field(default=None, repr=False)
    kept: npt.NDArray[np.int64] | None = field(default=None, repr=False)

    @property
    def volume_cc(self) -> float:
        """Volume of the structure, cc."""
        return float(self.volumes_cc.sum())

    def added(self) -> SamplePoints:
        """Return the points that `refine_hot` made; those it kept come before them."""
        first = len(self.kept)
        return SamplePoints(self.points_lps[first:], self.volumes_cc[first:], self.spacing_mm)


def base_spacing_mm(volume_cc: float) -> float:
    """Spacing of the base lattice for a structure of a given volume.

    The smallest multiple of 0.5 mm that needs at most 150 000 cells: 0.5 mm up to 18.75 cc, 1 mm
    up to 150 cc, 1.5 mm up to 506 cc and so on; 3 mm at most. The hottest part of all that are
    not sampled every 0.5 mm is meant to be refined by `refine_hot`.
    """
    least = np.cbrt(volume_cc * 1000 / CELLS_PER_ORGAN)
    steps = max(1, int(np.ceil(least / FINE_SPACING_MM - 1e-9)))
    return min(steps * FINE_SPACING_MM, COARSEST_SPACING_MM)


def default_spacing_mm(stack: ContourStack) -> float:
    """Spacing for the volume of a structure, finer where it is very small or thin.

    At least eight cells across the largest plane and two across the typical thickness
    (twice the area over the perimeter), within bounds that keep the number of cells finite.
    """
    areas = np.array([stack.plane_area_mm2(k) for k in range(len(stack.loops))])
    spacing = base_spacing_mm(float(areas.sum()) * stack.slice_spacing_mm / 1000)
    thickness = 2 * float(areas.sum()) / stack.perimeter_mm()
    spacing = min(spacing, float(np.sqrt(areas.max())) / CELLS_ACROSS, thickness / CELLS_THICK)
    low, high = stack.box_mm()
    return max(spacing, SMALLEST_SPACING_MM, float(np.max(high - low)) / MOST_PIXELS_ACROSS)


def sample_structure(
    structure: Structure, spacing_mm: float | None = None, slice_spacing_mm: float | None = None
) -> SamplePoints:
    """Sample a structure.

    Parameters
    ----------
    structure : Structure
        Closed planar contours, LPS, mm; several loops of a plane combine even-odd.
    spacing_mm : float, optional
        Size of the cells; by default as `default_spacing_mm` says.
    slice_spacing_mm : float, optional
        Slice spacing of the image, needed for a structure of one contour plane.

    Raises
    ------
    GeometryError
        Contours that cannot be used (see `contour_planes.stack_contours`) or are thinner than
        the cells.
    """
    stack = stack_contours(structure, slice_spacing_mm)
    spacing_mm = spacing_mm or default_spacing_mm(stack)
    lattice = Lattice.around(stack, spacing_mm)
    layers = tuple(build_layers(stack, lattice))
    parts = np.array([_parts(layer, spacing_mm) for layer in layers], dtype=np.int32)
    found = [cells_of_layer(*one, lattice) for one in zip(layers, parts, strict=True)]
    local = np.concatenate([np.empty((0, 3)), *(points for points, _ in found)])
    if len(local) == 0:
        msg = f"structure '{structure.name}' is too thin to be sampled every {spacing_mm:g} mm"
        raise GeometryError(msg)
    volumes = np.concatenate([volume for _, volume in found])
    layer_of = np.repeat(np.arange(len(layers), dtype=np.int32), [len(p) for p, _ in found])
    cells = _Cells(stack.axes, lattice, layers, parts, layer_of)
    notes = (*stack.notes, *_spacing_note(spacing_mm))
    return SamplePoints(_turned(local, stack.axes), volumes, spacing_mm, notes, spacing_mm, cells)


def refine_hot(
    samples: SamplePoints,
    priority: FloatArray,
    hot_cc: float = HOT_CC,
    spacing_mm: float = FINE_SPACING_MM,
) -> SamplePoints:
    """Split the cells that can hold the hottest part of a structure.

    Parameters
    ----------
    samples : SamplePoints
        As `sample_structure` returned them.
    priority : ndarray
        (N,) or (R, N): one or several distributions (the dose of each course, their sum ...);
        the hottest cells of each are split. NaN counts as coldest.
    hot_cc : float
        Volume that is split for each distribution, at least 200 cells.
    spacing_mm : float
        Largest size of the parts.

    Returns
    -------
    SamplePoints
        Same total volume. Cells at the border are covered anew by the interpolated contours;
        the parts of each cell keep its volume. The points that were not split come first.
    """
    if samples.spacing_mm <= spacing_mm * (1 + 1e-6) or samples.cells is None:
        return samples
    rows = np.atleast_2d(np.asarray(priority, dtype=float))
    hot_cc = max(hot_cc, HOT_CELLS * samples.spacing_mm**3 / 1000)
    hot = np.any([_hottest(row, samples.volumes_cc, hot_cc) for row in rows], axis=0)
    split = [
        _split_cells(samples, np.flatnonzero(hot & (samples.cells.layer_of == number)), spacing_mm)
        for number in np.unique(samples.cells.layer_of[hot])
    ]
    points = np.concatenate([samples.points_lps[~hot], *(p for p, _ in split)])
    volumes = np.concatenate([samples.volumes_cc[~hot], *(v for _, v in split)])
    finest = samples.spacing_mm / np.ceil(samples.spacing_mm / spacing_mm - 1e-6)
    kept = np.flatnonzero(~hot)
    return SamplePoints(
        points, volumes, samples.spacing_mm, samples.notes, float(finest), None, kept
    )


def _hottest(row: FloatArray, volumes_cc: FloatArray, hot_cc: float) -> npt.NDArray[np.bool_]:
    """Mark the cells of highest value that hold ``hot_cc`` together."""
    cold = -np.nan_to_num(row, nan=-np.inf)
    count = HOT_CELLS
    while count < len(row):  # ranks no more cells than it takes
        chosen = np.flatnonzero(cold <= np.partition(cold, count)[count])
        if volumes_cc[chosen].sum() >= hot_cc:
            break
        count *= 4
    else:
        chosen = np.arange(len(row))
    order = chosen[np.argsort(cold[chosen], kind="stable")]
    before = np.cumsum(volumes_cc[order]) - volumes_cc[order]
    hot = np.zeros(len(row), dtype=bool)
    hot[order[before < hot_cc]] = True
    return hot & ~np.isnan(row)


def _split_cells(
    samples: SamplePoints, chosen: npt.NDArray[np.int64], spacing_mm: float
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Points and volumes of the parts of some cells of one layer."""
    cells = samples.cells
    number = cells.layer_of[chosen[0]]
    layer = cells.layers[number]
    thickness = (layer.high_mm - layer.low_mm) / cells.parts[number]
    size = np.array([samples.spacing_mm, samples.spacing_mm, thickness])
    count = np.ceil(size / spacing_mm - 1e-6).astype(int)
    corner = np.array([*cells.lattice.corner_mm, layer.low_mm])
    local = _turned(samples.points_lps[chosen], cells.axes.T)
    parents = np.floor((local - corner) / size).astype(int)
    parts = np.indices(count).reshape(3, -1).T
    index = (parents[:, None] * count + parts[None]).reshape(-1, 3)
    full = samples.volumes_cc[chosen] >= FULL_COVERAGE * np.prod(size) / 1000
    full = np.repeat(full, len(parts))
    covered, within = cover_parts(layer, cells.lattice, corner, index, size / count, full)
    total = covered.reshape(len(chosen), -1).sum(axis=1)
    share = np.where(total > 0, samples.volumes_cc[chosen] / np.where(total > 0, total, 1), 0)
    volumes = covered * np.repeat(share, len(parts))
    lost = np.flatnonzero(total == 0)
    used = volumes > 0
    points = _turned((corner + (index + 0.5 + within) * size / count)[used], cells.axes)
    return (
        np.concatenate([points, samples.points_lps[chosen[lost]]]),
        np.concatenate([volumes[used], samples.volumes_cc[chosen[lost]]]),
    )


def _turned(
    points: npt.NDArray[np.float64], axes: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Points (N, 3) times the transpose of ``axes``; axial contours save the matrix product."""
    return points if np.array_equal(axes, np.eye(3)) else np.ascontiguousarray((axes @ points.T).T)


def _parts(layer: Layer, spacing_mm: float) -> int:
    """Return the number of sub-planes: even where something may end in the middle, or one."""
    ratio = (layer.high_mm - layer.low_mm) / spacing_mm
    ends = any(piece.reach_mm is not None for piece in layer.pieces)
    if ratio <= 1 + 1e-6 and not ends:
        return 1
    return min(MOST_PARTS, 2 * max(1, int(np.floor(ratio / 2 + 0.5))))


def _spacing_note(spacing_mm: float) -> tuple[str, ...]:
    """Say when the base lattice is coarser than 1 mm."""
    if spacing_mm <= BASE_SPACING_MM * (1 + 1e-6):
        return ()
    return (f"large structure: base points {spacing_mm:.1f} mm apart",)
