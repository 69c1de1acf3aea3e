"""The solid between contour planes: shape-based interpolation, holes and end caps."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from .contour_levels import Array, PlaneLevel, Window, nested_coverages, plane_level
from .contour_pieces import Lattice, Layer, Piece, union
from .contour_planes import ContourStack

NEIGHBOURS = 3
FLAT_END_SHARE = 0.25


def build_layers(stack: ContourStack, lattice: Lattice) -> Iterator[Layer]:
    """Yield the layers of a structure from low to high.

    Between two planes the islands that lie over each other are interpolated. An island with
    nothing over it ends: its shape follows its own trend and never grows. A trend that closes
    before the next plane gives a rounded end; otherwise the end is cut half a plane distance
    beyond the last contour, as in most planning systems.
    """
    for run in stack.runs():
        heights = stack.positions_mm[run.start : run.stop]
        step = stack.slice_spacing_mm
        edges = np.concatenate([[heights[0] - step], heights, [heights[-1] + step]])
        windows = [lattice.window_of(stack.loops[k]) for k in run]
        shells = [_levels(stack.loops[k], i, windows, lattice) for i, k in enumerate(run)]
        solids = [
            _Solid(heights, [s[n] if n < len(s) else None for s in shells], windows, (-1) ** n)
            for n in range(max(len(s) for s in shells))
        ]
        for i, (low, high) in enumerate(pairwise(edges)):
            pieces = tuple(p for solid in solids for p in solid.pieces(i - 1, high - low))
            yield Layer(float(low), float(high), pieces)


def _levels(
    loops: tuple[npt.NDArray[np.float64], ...], i: int, windows: list[Window], lattice: Lattice
) -> list[PlaneLevel | None]:
    """Level functions of the nested shells of plane ``i`` on the window of its neighbourhood."""
    window = union(windows[max(0, i - NEIGHBOURS) : i + NEIGHBOURS + 1])
    covered = lattice.coverage(loops, window)
    first = (window[0].start, window[1].start)
    return [plane_level(shell, lattice.pixel_mm, first) for shell in nested_coverages(covered)]


class _Solid:
    """Filled islands (or holes) of one nesting depth in a run of planes."""

    def __init__(
        self,
        heights: npt.NDArray[np.float64],
        levels: list[PlaneLevel | None],
        windows: list[Window],
        sign: int,
    ) -> None:
        self.heights = heights
        self.levels = levels
        self.windows = windows
        self.sign = sign
        count = len(levels)
        self.up = [self._links(i, i + 1) for i in range(count)]
        self.down = [self._links(i, i - 1) for i in range(count)]

    def _level(self, i: int) -> PlaneLevel | None:
        return self.levels[i] if 0 <= i < len(self.levels) else None

    def _links(self, i: int, other: int) -> npt.NDArray[np.bool_]:
        level = self._level(i)
        return np.zeros(1, bool) if level is None else level.overlaps(self._level(other))

    def pieces(self, i: int, gap_mm: float) -> Iterator[Piece]:
        """Yield the pieces between plane ``i`` and plane ``i + 1``."""
        below, above = self._level(i), self._level(i + 1)
        if below is not None and above is not None and self.up[i].any():
            yield self._bridge(i)
        if below is not None and not self.up[i][1:].all():
            yield self._cap(i, -1, gap_mm)
        if above is not None and not self.down[i + 1][1:].all():
            yield self._cap(i + 1, 1, gap_mm)

    def _bridge(self, i: int) -> Piece:
        """Interpolation between planes ``i`` and ``i + 1``."""
        window = union(self.windows[i : i + 2])
        below, above = self.levels[i].crop(window), self.levels[i + 1].crop(window)
        radius2 = [below.radius2(), above.radius2()]
        z0, z1 = (float(z) for z in self.heights[i : i + 2])
        most = np.maximum(*radius2) / np.float32((z1 - z0) ** 2)
        curve = _agreed(self._curve(i, window), self._curve(i + 1, window), most)
        # An island far from the other one still fills about half the gap, as a slab would.
        bend = 2 * np.abs(curve) * np.float32((z1 - z0) ** 2)
        low = np.maximum(below.level, -radius2[1] - bend)
        high = np.maximum(above.level, -radius2[0] - bend)
        low = np.where(self.up[i][below.owner], low, -radius2[1])
        high = np.where(self.down[i + 1][above.owner], high, -radius2[0])
        return Piece(
            self.sign,
            window,
            z0,
            z1,
            low,
            (high - low) / np.float32(z1 - z0),
            curve,
            radius2[0],
            (radius2[1] - radius2[0]) / np.float32(z1 - z0),
            np.zeros_like(low),
        )

    def _cap(self, i: int, inward: int, gap_mm: float) -> Piece:
        """Close the islands of plane ``i`` that have nothing over them, away from ``inward``."""
        window = self.windows[i]
        level = self.levels[i].crop(window)
        ends = ~(self.down[i] if inward > 0 else self.up[i])
        ends[0] = False
        slope, curve, radius2_slope, radius2_curve, z1 = self._trend(i, inward, window)
        piece = Piece(
            self.sign,
            window,
            float(self.heights[i]),
            z1,
            level.level,
            slope,
            curve,
            level.radius2(),
            radius2_slope,
            radius2_curve,
            np.zeros_like(level.level),
        )
        reach = _reach(piece, level, float(self.heights[i]) - inward * gap_mm)
        piece.reach_mm[...] = np.where(ends, reach * gap_mm, 0)[level.owner]
        return piece

    def _trend(
        self, i: int, inward: int, window: Window
    ) -> tuple[Array, Array, Array, Array, float]:
        """Slope, second-order term and slope of the squared radius towards plane ``i``."""
        level = self.levels[i].crop(window)
        inner = self._level(i + inward)
        flat = np.zeros_like(level.level)
        if inner is None:
            return flat, flat, flat, flat, float(self.heights[i] + inward)
        linked = (self.up[i] if inward > 0 else self.down[i])[level.owner]
        part = inner.crop(window)
        z0, z1 = float(self.heights[i]), float(self.heights[i + inward])
        radius2 = level.radius2()
        slope = np.where(linked, (level.level - part.level) / (z0 - z1), 0)
        radius2_slope = np.where(linked, (radius2 - part.radius2()) / (z0 - z1), 0)
        terms = []
        for quantity in ("level", "radius2"):
            near = self._curve(i + inward, window, quantity)
            far = self._curve(i + 2 * inward, window, quantity)
            most = radius2 / np.float32((z0 - z1) ** 2)
            terms.append(np.where(linked, _agreed(near, far, most), 0))
        arrays = (slope, terms[0], radius2_slope, terms[1])
        return (*(a.astype(np.float32) for a in arrays), z1)

    def _curve(self, i: int, window: Window, quantity: str = "level") -> Array | None:
        """Second divided difference at plane ``i``; NaN for islands that end there."""
        triple = [self._level(k) for k in (i - 1, i, i + 1)]
        if any(level is None for level in triple):
            return None
        parts = [level.crop(window) for level in triple]
        low, mid, high = (p.level if quantity == "level" else p.radius2() for p in parts)
        z = self.heights[i - 1 : i + 2]
        rise = (high - mid) / np.float32(z[2] - z[1]) - (mid - low) / np.float32(z[1] - z[0])
        both = self.up[i] & self.down[i]
        known = both[parts[1].owner]
        return np.where(known, rise / np.float32(z[2] - z[0]), np.float32(np.nan))


def _agreed(a: Array | None, b: Array | None, most: Array) -> Array:
    """Second-order term that two neighbouring planes agree on, 0 if they contradict each other.

    The mean of both, at most twice the smaller (the monotonized central limiter, van Leer
    1977) and four times ``most``; of one known term at most ``most``.
    """
    nothing = np.full_like(most, np.nan)
    a, b = (nothing if x is None else x for x in (a, b))
    size = np.minimum(np.abs(a + b) / 2, 2 * np.minimum(np.abs(a), np.abs(b)))
    both = np.where(a * b > 0, np.sign(a) * np.minimum(size, 4 * most), 0)
    one = np.nan_to_num(np.clip(np.where(np.isnan(a), b, a), -most, most))
    return np.where(np.isnan(a) | np.isnan(b), one, both).astype(np.float32)


def _reach(piece: Piece, level: PlaneLevel, next_height_mm: float) -> npt.NDArray[np.float64]:
    """Part of a plane distance each island may go on: 1 if its trend closes, 0.5 if it is flat."""
    there, _ = piece.level_of_values(piece.values(), next_height_mm)
    highest = np.zeros(len(level.radius_mm))
    top = np.where(level.islands > 0, there, -np.inf)
    np.maximum.at(highest, level.islands.ravel(), top.ravel())
    share = highest / np.maximum(np.square(level.radius_mm), 1e-6)
    return np.clip(1 - 0.5 * share / FLAT_END_SHARE, 0.5, 1.0)
