"""Pieces of the solid between contour planes: where their level is quadratic along the normal."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from .contour_levels import Array, Window
from .contour_planes import ContourStack, plane_coverage

MARGIN_PIXELS = 3
DOME_SHARE = 0.25


@dataclass(frozen=True)
class Lattice:
    """Pixels of the planes: pixel (0, 0) has its outer corner at ``corner_mm`` (u, v)."""

    corner_mm: tuple[float, float]
    pixel_mm: tuple[float, float]
    shape: tuple[int, int]

    @classmethod
    def around(cls, stack: ContourStack, pixel_mm: float) -> Lattice:
        """Square pixels around all loops of a stack, with a margin."""
        low, high = stack.box_mm()
        cells = np.ceil((high - low) / pixel_mm - 1e-9).astype(int) + 2 * MARGIN_PIXELS
        corner = (low + high - cells * pixel_mm) / 2
        return cls(tuple(corner.tolist()), (pixel_mm,) * 2, (int(cells[1]), int(cells[0])))

    def window_of(self, loops: tuple[npt.NDArray[np.float64], ...]) -> Window:
        """Pixels (v, u) around the loops of a plane, with a margin."""
        points = (np.concatenate(loops) - self.corner_mm) / self.pixel_mm
        low = np.floor(points.min(axis=0)).astype(int) - MARGIN_PIXELS
        high = np.ceil(points.max(axis=0)).astype(int) + MARGIN_PIXELS
        return (slice(int(low[1]), int(high[1])), slice(int(low[0]), int(high[0])))

    def coverage(self, loops: tuple[npt.NDArray[np.float64], ...], window: Window) -> Array:
        """Exact even-odd coverage of the pixels of a window."""
        first = np.array([window[1].start, window[0].start])
        corner = np.array(self.corner_mm) + first * np.array(self.pixel_mm)
        shape = tuple(w.stop - w.start for w in window)
        return plane_coverage(loops, tuple(corner), self.pixel_mm, shape)


@dataclass(frozen=True, eq=False)
class Piece:
    """Part of a solid between two heights, whose level is quadratic along the normal.

    The level at height z is ``start + slope (z - z0) + curve (z - z0)(z - z1)``.

    Parameters
    ----------
    sign : int
        1 for islands, -1 for holes.
    window : tuple of slice
        Pixels (v, u) of the lattice the arrays are on.
    start, slope, curve : ndarray
        Float32 (v, u): mm2, mm, 1.
    radius2, radius2_slope : ndarray
        The square of the island's radius at z0 and its slope: the scale of the level.
    reach_mm : ndarray, optional
        Of an end cap: how far it may go from z0; 0 where there is none.
    """

    sign: int
    window: Window
    z0: float
    z1: float
    start: Array
    slope: Array
    curve: Array
    radius2: Array
    radius2_slope: Array
    radius2_curve: Array
    reach_mm: Array | None = None

    def values(self) -> tuple[Array, ...]:
        """Arrays of the piece in the order `coverage_of_values` takes them."""
        arrays = (self.start, self.slope, self.curve)
        arrays += (self.radius2, self.radius2_slope, self.radius2_curve)
        return arrays if self.reach_mm is None else (*arrays, self.reach_mm)

    @cached_property
    def stacked(self) -> Array:
        """The arrays of `values` as one (A, v, u)."""
        return np.stack(self.values())

    def level_of_values(
        self, values: tuple[Array, ...], height_mm: Array | float
    ) -> tuple[Array, Array]:
        """Level (mm2) and squared radius of the island (mm2) at a height.

        The level of an end cap falls at least as its radius does and never rises. A cap that
        closes as a dome and one that closes along one direction only (a lying cylinder) look
        the same where its contours are long: a quarter of the first keeps both within 0.5 %.
        """
        start, slope, curve, radius2, radius2_slope, radius2_curve = values[:6]
        up = height_mm - self.z0
        if self.reach_mm is not None:
            up = _before_turning(up, slope, curve, self.z0 - self.z1)
        bend = up * (up + (self.z0 - self.z1))
        level = start + slope * up + curve * bend
        scale2 = radius2 + radius2_slope * up + radius2_curve * bend
        if self.reach_mm is not None:
            share = np.minimum(scale2 / radius2, 1)
            level = np.minimum(level, np.where(start > 0, start * share, start))
            dome = np.minimum(level, start + np.minimum(scale2 - radius2, 0))
            level = level + DOME_SHARE * (dome - level)
        return level, scale2

    def coverage_of_values(
        self, values: tuple[Array, ...], height_mm: Array | float, cell_mm: tuple[float, float]
    ) -> Array:
        """Coverage 0..1 of cells around ``height_mm`` from values of the piece's arrays there.

        ``cell_mm`` is the size of a cell in the plane and along the normal. The level is
        turned into a coverage by a ramp of one cell across the border, which leaves the area
        of a disc unchanged.
        """
        pixel, thickness = cell_mm
        level, scale2 = self.level_of_values(values, height_mm)
        width = 2 * pixel * np.sqrt(np.maximum(scale2, pixel * pixel / 4))
        covered = np.clip(0.5 + level / width, 0, 1)
        if self.reach_mm is None:
            return covered
        beyond = values[6] - np.abs(height_mm - self.z0)
        return covered * np.clip(beyond / thickness + 0.5, 0, 1)


def _before_turning(up: Array | float, slope: Array, curve: Array, back: float) -> Array:
    """Heights over z0 held at the turning point of a level that would grow again behind it."""
    turn = -(slope + curve * back) / np.where(curve == 0, 1, 2 * curve)
    turns = (curve > 0) & (turn * np.sign(back) >= 0)
    return np.where(turns & (np.abs(up) > np.abs(turn)), turn, up)


@dataclass(frozen=True, eq=False)
class Layer:
    """Everything between two heights (mm along the normal)."""

    low_mm: float
    high_mm: float
    pieces: tuple[Piece, ...]

    def coverage(
        self, height_mm: float, cell_mm: tuple[float, float]
    ) -> tuple[Array, tuple[int, int]]:
        """Coverage of the cells around a height and the lattice index (v, u) of its first pixel.

        ``cell_mm`` is the size of a cell in the plane and along the normal.
        """
        if not self.pieces:
            return np.zeros((0, 0), dtype=np.float32), (0, 0)
        window = union([piece.window for piece in self.pieces])
        first = (window[0].start, window[1].start)
        total = np.zeros(tuple(w.stop - w.start for w in window), dtype=np.float32)
        for piece in self.pieces:
            part = tuple(
                slice(w.start - f, w.stop - f) for w, f in zip(piece.window, first, strict=True)
            )
            covered = piece.coverage_of_values(piece.values(), height_mm, cell_mm)
            total[part] += piece.sign * covered
        return np.clip(total, 0, 1), first

    def coverage_at(
        self, points_uvw: npt.NDArray[np.float64], lattice: Lattice, cell_mm: tuple[float, float]
    ) -> npt.NDArray[np.float64]:
        """Coverage (N,) of cells centred at points (N, 3) in u, v, w, mm, inside the layer.

        ``cell_mm`` is the size of a cell in the plane and along the normal.
        """
        pixel = (points_uvw[:, :2] - lattice.corner_mm) / lattice.pixel_mm - 0.5
        covered = np.zeros(len(points_uvw))
        for piece in self.pieces:
            first = [w.start for w in piece.window]
            size = np.array([[w.stop - w.start] for w in piece.window])
            index = pixel[:, ::-1].T - np.array(first)[:, None]
            near = np.flatnonzero(np.all((index > -1) & (index < size), axis=0))
            values = tuple(_bilinear(piece.stacked, index[:, near]))
            part = piece.coverage_of_values(values, points_uvw[near, 2], cell_mm)
            covered[near] += piece.sign * part
        return np.clip(covered, 0, 1)


def _bilinear(arrays: Array, index: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Values (A, N) of arrays (A, v, u) at continuous indices (2, N), held at the border."""
    rows, columns = arrays.shape[1:]
    v, u = (np.clip(i, 0, n - 1) for i, n in zip(index, (rows, columns), strict=True))
    low_v = np.minimum(v.astype(np.int64), max(rows - 2, 0))
    low_u = np.minimum(u.astype(np.int64), max(columns - 2, 0))
    v -= low_v
    u -= low_u
    down, right = columns * (rows > 1), int(columns > 1)
    flat, corner = arrays.reshape(len(arrays), -1), low_v * columns + low_u
    values = flat.take(corner, axis=1) * ((1 - v) * (1 - u))
    values += flat.take(corner + right, axis=1) * ((1 - v) * u)
    values += flat.take(corner + down, axis=1) * (v * (1 - u))
    values += flat.take(corner + down + right, axis=1) * (v * u)
    return values


def union(windows: list[Window]) -> Window:
    """Smallest window that holds all windows."""
    return tuple(
        slice(min(w[axis].start for w in windows), max(w[axis].stop for w in windows))
        for axis in (0, 1)
    )
