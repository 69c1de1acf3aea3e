"""Contours of one structure sorted into parallel planes, and exact area coverage of a plane."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from .courses import Structure
from .errors import GeometryError

FloatArray = npt.NDArray[np.floating]

PLANE_TOLERANCE_MM = 0.05
FLATNESS_TOLERANCE_MM = 0.5
BRIDGED_SPACINGS = 2.05
SMALLEST_AREA_MM2 = 1e-3
SUB_LINES = 8


@dataclass(frozen=True, eq=False)
class ContourStack:
    """Closed loops of one structure in parallel planes.

    Parameters
    ----------
    name : str
        ROI name, for messages.
    axes : ndarray
        3x3; its columns are the unit vectors u, v (in the planes) and w (their normal) in LPS.
    positions_mm : ndarray
        Ascending plane positions (K,) along w.
    loops : tuple
        For each plane its loops, each (N, 2) in u, v, mm.
    slice_spacing_mm : float
        Typical distance of the planes; of a single plane the nominal slice spacing.
    notes : tuple of str
        What a reader of the result should know about the contours.
    """

    name: str
    axes: npt.NDArray[np.float64]
    positions_mm: npt.NDArray[np.float64]
    loops: tuple[tuple[npt.NDArray[np.float64], ...], ...]
    slice_spacing_mm: float
    notes: tuple[str, ...] = ()

    def runs(self) -> list[range]:
        """Return ranges of planes without a gap wider than about two typical spacings."""
        gaps = np.diff(self.positions_mm) > BRIDGED_SPACINGS * self.slice_spacing_mm
        edges = [0, *(np.flatnonzero(gaps) + 1).tolist(), len(self.positions_mm)]
        return [range(a, b) for a, b in pairwise(edges)]

    def box_mm(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Lowest and highest u, v of all loops."""
        points = np.concatenate([loop for plane in self.loops for loop in plane])
        return points.min(axis=0), points.max(axis=0)

    def perimeter_mm(self) -> float:
        """Length of all loops together, mm."""
        closed = (np.concatenate([loop, loop[:1]]) for plane in self.loops for loop in plane)
        return float(sum(np.hypot(*np.diff(loop, axis=0).T).sum() for loop in closed))

    def in_axes(self, axes: npt.NDArray[np.float64]) -> ContourStack:
        """Return the same contours in axes whose third is parallel to the normal."""
        turn = self.axes[:, :2].T @ axes[:, :2]
        facing = float(np.sign(self.axes[:, 2] @ axes[:, 2]))
        loops = tuple(tuple(loop @ turn for loop in plane) for plane in self.loops)
        ascending = slice(None, None, int(facing))
        positions = (facing * self.positions_mm)[ascending]
        return replace(self, axes=axes, positions_mm=positions, loops=loops[ascending])

    def plane_area_mm2(self, k: int) -> float:
        """Even-odd area of the loops of plane ``k``; of several loops to about 0.1 %."""
        if len(self.loops[k]) == 1:
            return abs(_loop_area(self.loops[k][0]))
        points = np.concatenate(self.loops[k])
        low, extent = points.min(axis=0), np.maximum(np.ptp(points, axis=0), 1e-6)
        pixel = extent / 64
        covered = plane_coverage(self.loops[k], tuple(low), tuple(pixel), (64, 64))
        return float(covered.sum(dtype=float) * pixel[0] * pixel[1])


def stack_contours(structure: Structure, slice_spacing_mm: float | None = None) -> ContourStack:
    """Sort the contours of a structure into parallel planes.

    Parameters
    ----------
    structure : Structure
        Closed planar contours in any orientation, LPS, mm.
    slice_spacing_mm : float, optional
        Nominal slice spacing for a structure of one or two planes; of others the planes tell.

    Raises
    ------
    GeometryError
        No contour with an area, contours that are not flat or not parallel to each other, a
        single plane without a slice spacing.
    """
    notes: list[str] = []
    contours = _distinct_contours(structure, notes)
    axes = _common_axes(structure.name, contours)
    local = [contour @ axes for contour in contours]
    _require_flat(structure.name, local)
    heights = np.array([points[:, 2].mean() for points in local])
    order = np.argsort(heights, kind="stable")
    group = np.concatenate([[0], np.cumsum(np.diff(heights[order]) > PLANE_TOLERANCE_MM)])
    members = [order[group == g] for g in range(group[-1] + 1)]
    positions = np.array([heights[m].mean() for m in members])
    loops = tuple(tuple(local[i][:, :2] for i in m) for m in members)
    spacing = _typical_spacing(structure.name, positions, slice_spacing_mm)
    _note_gaps(positions, spacing, notes)
    return ContourStack(structure.name, axes, positions, loops, spacing, tuple(notes))


def plane_coverage(
    loops: tuple[npt.NDArray[np.float64], ...],
    corner_mm: tuple[float, float],
    pixel_mm: tuple[float, float],
    shape: tuple[int, int],
) -> npt.NDArray[np.float32]:
    """Part (0..1) of each pixel inside an even number of loops subtracted from an odd one.

    Parameters
    ----------
    loops : tuple of ndarray
        Closed loops (N, 2) in u, v, mm. A point inside two loops is outside (a hole).
    corner_mm, pixel_mm : tuple of float
        Outer corner of pixel (0, 0) and pixel size along u, v.
    shape : tuple of int
        Number of pixels ``(v, u)``.

    Returns
    -------
    ndarray
        Float32 of ``shape``; exact along u, `SUB_LINES` lines per pixel along v.
    """
    rows, columns = shape
    scaled = [(loop - np.asarray(corner_mm)) / np.asarray(pixel_mm) for loop in loops]
    line, crossing = _crossings(scaled, rows * SUB_LINES)
    if len(line) == 0:
        return np.zeros(shape, dtype=np.float32)
    order = np.lexsort((crossing, line))
    line, x = line[order], np.clip(crossing[order], 0, columns)
    first = np.flatnonzero(np.r_[True, line[1:] != line[:-1]])
    rank = np.arange(len(line)) - np.repeat(first, np.diff(np.r_[first, len(line)]))
    sign = 1.0 - 2.0 * (rank % 2)
    column = np.minimum(x.astype(np.int64), columns - 1)
    beyond = x - column
    slot = (line // SUB_LINES) * (columns + 1) + column
    length = rows * (columns + 1)
    step = np.bincount(slot, sign * (1 - beyond), length)
    step += np.bincount(slot + 1, sign * beyond, length + 1)[:length]
    covered = np.cumsum(step.reshape(rows, columns + 1), axis=1)[:, :columns] / SUB_LINES
    return np.clip(covered, 0, 1).astype(np.float32)


def _crossings(
    loops: list[npt.NDArray[np.float64]], lines: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Where the edges of loops (pixels) cross the sub-lines: line number and position along u."""
    start = np.concatenate(loops)
    end = np.concatenate([np.roll(loop, -1, axis=0) for loop in loops])
    low, high = np.minimum(start[:, 1], end[:, 1]), np.maximum(start[:, 1], end[:, 1])
    first = np.clip(np.ceil(low * SUB_LINES - 0.5), 0, lines).astype(np.int64)
    last = np.clip(np.ceil(high * SUB_LINES - 0.5), 0, lines).astype(np.int64)
    count = last - first
    edge = np.repeat(np.arange(len(start)), count)
    line = np.arange(len(edge)) - np.repeat(np.cumsum(count) - count, count) + first[edge]
    rise = end[edge, 1] - start[edge, 1]
    part = ((line + 0.5) / SUB_LINES - start[edge, 1]) / rise
    return line, start[edge, 0] + part * (end[edge, 0] - start[edge, 0])


def _distinct_contours(structure: Structure, notes: list[str]) -> list[npt.NDArray[np.float64]]:
    """Contours that have an area, each once (a loop drawn twice would cancel itself)."""
    kept: list[npt.NDArray[np.float64]] = []
    boxes: dict[bytes, list[npt.NDArray[np.float64]]] = {}
    flat = twice = 0
    for contour in structure.contours:
        points = np.asarray(contour, dtype=float)
        if not np.all(np.isfinite(points)):
            msg = f"a contour of structure '{structure.name}' has points that are not numbers"
            raise GeometryError(msg)
        if len(points) < 3 or np.linalg.norm(_area_vector(points)) < SMALLEST_AREA_MM2:
            flat += 1
            continue
        rounded = np.round(points, 3) + 0.0
        same_box = boxes.setdefault(np.stack([rounded.min(0), rounded.max(0)]).tobytes(), [])
        if any(_same_points(rounded, other) for other in same_box):
            twice += 1
            continue
        same_box.append(rounded)
        kept.append(points)
    if flat:
        notes.append(f"{flat} contour(s) without an area were left out")
    if twice:
        notes.append(f"{twice} contour(s) drawn twice were used once")
    if not kept:
        msg = f"structure '{structure.name}' has no contour with an area; draw it or leave it out"
        raise GeometryError(msg)
    return kept


def _same_points(a: npt.NDArray[np.float64], b: npt.NDArray[np.float64]) -> bool:
    """Whether two loops have the same corners, wherever they start and whichever way they go."""
    return np.array_equal(np.unique(a, axis=0), np.unique(b, axis=0))


def _loop_area(loop: npt.NDArray[np.float64]) -> float:
    """Signed area of a loop (N, 2), mm2."""
    x, y = (loop - loop[0]).T
    return 0.5 * float(x[:-1] @ y[1:] - y[:-1] @ x[1:])


def _area_vector(points: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Area times normal of a closed loop (Newell)."""
    x, y, z = np.ascontiguousarray((points - points[0]).T)  # the edge back to 0 adds nothing
    (a, b, c), (d, e, f) = ((v[:-1] for v in (x, y, z)), (v[1:] for v in (x, y, z)))
    return 0.5 * np.array([b @ f - c @ e, c @ d - a @ f, a @ e - b @ d])


def _common_axes(name: str, contours: list[npt.NDArray[np.float64]]) -> npt.NDArray[np.float64]:
    """Axes u, v, w of the planes, from the normal of the largest contour."""
    vectors = np.array([_area_vector(points) for points in contours])
    areas = np.linalg.norm(vectors, axis=1)
    normal = vectors[np.argmax(areas)] / areas.max()
    normal *= np.sign(normal[np.argmax(np.abs(normal))])
    normal[np.abs(normal) < 1e-6] = 0.0
    normal /= np.linalg.norm(normal)
    tilted = np.abs(vectors @ normal) < np.cos(np.radians(10)) * areas
    if np.any(tilted & (areas > 1.0)):
        msg = (
            f"the contours of structure '{name}' lie in planes that are not parallel to each "
            "other; export it as parallel contours"
        )
        raise GeometryError(msg)
    hint = np.eye(3)[0 if abs(normal[0]) < 0.9 else 1]
    u = hint - normal * (hint @ normal)
    u /= np.linalg.norm(u)
    return np.stack([u, np.cross(normal, u), normal], axis=1)


def _require_flat(name: str, local: list[npt.NDArray[np.float64]]) -> None:
    """Refuse contours whose points leave their plane."""
    bulge = max(float(np.ptp(points[:, 2])) for points in local)
    if bulge > FLATNESS_TOLERANCE_MM:
        msg = (
            f"a contour of structure '{name}' leaves its plane by {bulge:.1f} mm; only flat, "
            "parallel contours can be used"
        )
        raise GeometryError(msg)


def _typical_spacing(
    name: str, positions: npt.NDArray[np.float64], slice_spacing_mm: float | None
) -> float:
    """Median distance of the planes, or the nominal spacing where there are too few of them."""
    gaps = np.diff(positions)
    if len(gaps) == 1 and slice_spacing_mm is not None:
        return min(float(gaps[0]), slice_spacing_mm)
    if len(gaps) > 0:
        return float(np.median(gaps))
    if slice_spacing_mm is None or not slice_spacing_mm > 0:
        msg = (
            f"structure '{name}' has contours in one plane only and no slice spacing is known; "
            "give the slice spacing of its image"
        )
        raise GeometryError(msg)
    return float(slice_spacing_mm)


def _note_gaps(positions: npt.NDArray[np.float64], spacing: float, notes: list[str]) -> None:
    """Say how planes that are missing or alone are understood."""
    if len(positions) == 1:
        notes.append(f"one contour plane: taken as a slab of one slice spacing, {spacing:g} mm")
    gaps = np.diff(positions)
    bridged = gaps[(gaps > 1.5 * spacing) & (gaps <= BRIDGED_SPACINGS * spacing)]
    if len(bridged):
        notes.append(f"{len(bridged)} gap(s) of up to {bridged.max():.1f} mm were interpolated")
    open_gaps = gaps[gaps > BRIDGED_SPACINGS * spacing]
    if len(open_gaps):
        notes.append(
            f"{len(open_gaps)} gap(s) of {open_gaps.min():.1f} mm or more in the contours: "
            "taken as separate pieces"
        )
