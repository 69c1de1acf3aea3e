"""Level functions of contour planes: what shape-based interpolation between planes works on.

The level of a point is ``2 r d - d**2``: d is its signed distance (mm, positive inside) to the
contour and r the radius of the largest circle in its island. Of a disc it is ``r**2 - rho**2``,
so that the level of any ellipsoid is quadratic along the normal of the planes: interpolation
with a second-order term then keeps the volume of rounded organs, which linear interpolation of
distances (Raya and Udupa 1990) loses, and its extrapolation closes their ends.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

Array = npt.NDArray[np.float32]
Window = tuple[slice, slice]
EIGHT = np.ones((3, 3), dtype=bool)
STAR = np.stack(np.meshgrid(np.arange(-2, 3), np.arange(-2, 3)), axis=-1).reshape(-1, 2)
NEAR_PIXELS = 4.0
MOST_NESTED = 8
REACH_PIXELS = 1.2  # farthest the centre of an inscribed circle is moved from its pixel


@dataclass(frozen=True, eq=False)
class PlaneLevel:
    """Level function of the filled islands in one plane, on a window of the lattice.

    Parameters
    ----------
    level : ndarray
        Float32 (v, u), mm2, positive inside.
    islands : ndarray
        Int (v, u): number of the island a pixel is in, 0 outside.
    owner : ndarray
        Int (v, u): number of the nearest island.
    radius_mm : ndarray
        (number of islands + 1,): largest inscribed radius of each island; [0] is not used.
    first : tuple of int
        Lattice index (v, u) of the first pixel of the window.
    """

    level: Array
    islands: npt.NDArray[np.int32]
    owner: npt.NDArray[np.int32]
    radius_mm: npt.NDArray[np.float32]
    first: tuple[int, int] = (0, 0)

    def radius2(self) -> Array:
        """Square of the radius of the nearest island of each pixel, mm2."""
        return np.square(self.radius_mm)[self.owner]

    def crop(self, window: Window) -> PlaneLevel:
        """Return the part on a window (v, u) of the lattice."""
        part = tuple(
            slice(w.start - first, w.stop - first)
            for w, first in zip(window, self.first, strict=True)
        )
        first = (window[0].start, window[1].start)
        return PlaneLevel(
            self.level[part], self.islands[part], self.owner[part], self.radius_mm, first
        )

    def overlaps(self, other: PlaneLevel | None) -> npt.NDArray[np.bool_]:
        """For each island (index 0 unused) whether it lies over an island of another plane."""
        touched = np.zeros(len(self.radius_mm), dtype=bool)
        if other is not None:
            window = _common_window(self, other)
            mine, others = self.crop(window), other.crop(window)
            touched[mine.islands[others.islands > 0]] = True
            touched[0] = False
        return touched


def _common_window(a: PlaneLevel, b: PlaneLevel) -> Window:
    return tuple(
        slice(max(x, y), max(x, y, min(x + n, y + m)))
        for x, y, n, m in zip(a.first, b.first, a.level.shape, b.level.shape, strict=True)
    )


def nested_coverages(coverage: Array) -> list[Array]:
    """Split coverage with holes into filled coverages: first minus second plus third ... .

    Parameters
    ----------
    coverage : ndarray
        Float32 (v, u), 0..1, even-odd.

    Returns
    -------
    list of ndarray
        Filled outer islands, filled holes, filled islands in holes and so on.
    """
    shells: list[Array] = []
    rest = coverage
    while len(shells) < MOST_NESTED and rest.max(initial=0) > 0:
        filled = _filled(rest)
        shells.append(filled)
        rest = filled - rest
        if rest.max(initial=0) < 0.5:
            break
    return shells


def _filled(coverage: Array) -> Array:
    """Coverage with its holes closed; the outer border keeps its partial coverage."""
    inside = coverage >= 0.5
    background, count = ndimage.label(~inside)
    if count <= 1:
        return coverage
    outer = np.zeros(count + 1, dtype=bool)
    for side in (background[0], background[-1], background[:, 0], background[:, -1]):
        outer[side] = True
    hole = ~inside & ~outer[background]
    if not hole.any():
        return coverage
    closed = inside | hole
    filled = np.where(hole, np.float32(1), coverage)
    partial = inside & (coverage < 1)
    near_hole = ndimage.binary_dilation(hole, EIGHT)
    near_outside = ndimage.binary_dilation(~closed, EIGHT)
    filled[partial & near_hole & ~near_outside] = 1
    return filled


def plane_level(
    coverage: Array, pixel_mm: tuple[float, float], first: tuple[int, int] = (0, 0)
) -> PlaneLevel | None:
    """Level function of a filled coverage; None where nothing covers half a pixel.

    Parameters
    ----------
    coverage : ndarray
        Float32 (v, u), 0..1, without holes, zero along its border.
    pixel_mm : tuple of float
        Pixel size along u, v.
    first : tuple of int
        Lattice index (v, u) of the first pixel.
    """
    inside = coverage >= 0.5
    if not inside.any():
        return None
    islands, count = ndimage.label(inside, EIGHT)
    around = ndimage.grey_dilation(islands, (3, 3)) if count > 1 else islands
    near = np.where(around > 0, coverage, 0) if count > 1 else coverage
    seeds = _border(near, inside, pixel_mm)
    distance, nearest = _signed_distance(inside, seeds, pixel_mm)
    owner = around[nearest[0], nearest[1]] if count > 1 else np.ones_like(islands)
    radius = np.zeros(count + 1)
    for island in range(1, count + 1):
        deep = distance if count == 1 else np.where(islands == island, distance, -np.inf)
        peak = np.array(np.unravel_index(np.argmax(deep), deep.shape))
        radius[island] = _inscribed_radius(peak, seeds, pixel_mm)
    own_radius = radius[owner] if count > 1 else radius[1]
    depth = np.minimum(distance, own_radius)
    level = (2 * own_radius - depth) * depth
    return PlaneLevel(level.astype(np.float32), islands, owner, radius.astype(np.float32), first)


@dataclass(frozen=True, eq=False)
class _Border:
    """Pixels the border passes through: index (v, u), signed distance and inward normal, mm."""

    at: npt.NDArray[np.int64]
    distance: npt.NDArray[np.float64]
    normal: npt.NDArray[np.float64]

    def feet(self, pixel_mm: tuple[float, float]) -> npt.NDArray[np.float64]:
        """Points (v, u) on the border, mm from the centre of pixel (0, 0)."""
        return self.at * np.array(pixel_mm[::-1]) - self.normal * self.distance[:, None]


def _border(
    coverage: Array, inside: npt.NDArray[np.bool_], pixel_mm: tuple[float, float]
) -> _Border:
    """Pixels cut by the border, their distance from it by their coverage."""
    full, empty = coverage > 1 - 1e-4, coverage < 1e-4
    beside = np.zeros_like(empty)
    beside[1:] |= empty[:-1]
    beside[:-1] |= empty[1:]
    beside[:, 1:] |= empty[:, :-1]
    beside[:, :-1] |= empty[:, 1:]
    at = np.argwhere(~(full | empty) | (full & beside))
    part, down, right = _slopes(coverage, at)
    normal = np.stack([down / pixel_mm[1], right / pixel_mm[0]], axis=1)
    length = np.linalg.norm(normal, axis=1)
    normal[length == 0] = (1, 0)
    normal /= np.where(length == 0, 1, length)[:, None]
    size = np.abs(normal) * np.array(pixel_mm[::-1])
    return _Border(at, _half_plane_distance(part, size), normal)


def _slopes(coverage: Array, at: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.float64], ...]:
    """Coverage of some pixels and its Sobel slopes along v and u."""
    width = coverage.shape[1] + 2
    around = np.zeros((coverage.shape[0] + 2, width), dtype=np.float32)
    around[1:-1, 1:-1] = coverage
    around = around.ravel()
    middle = (at[:, 0] + 1) * width + at[:, 1] + 1
    steps = [middle + v * width + u for v in (-1, 0, 1) for u in (-1, 0, 1)]
    a, b, c, d, e, f, g, h, i = (around[step].astype(float) for step in steps)
    return e, g + 2 * h + i - (a + 2 * b + c), c + 2 * f + i - (a + 2 * d + g)


def _half_plane_distance(
    part: npt.NDArray[np.float64], size: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Signed distance of a rectangle's centre to a straight border that leaves ``part`` inside.

    ``size`` (N, 2) is the extent of the rectangle along its sides times the components of the
    normal: exact geometry of a rectangle cut by a line.
    """
    long, short = size.max(axis=1), size.min(axis=1)
    less = np.minimum(part, 1 - part)
    triangle = 0.5 * short / long
    corner = 0.5 * (long + short) - np.sqrt(2 * long * short * less)
    depth = np.where(less < triangle, corner, (0.5 - less) * long)
    return np.where(part < 0.5, -depth, depth)


def _signed_distance(
    inside: npt.NDArray[np.bool_], border: _Border, pixel_mm: tuple[float, float]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int32]]:
    """Signed distance (mm) to the border and, for each pixel, its nearest border pixel.

    Near the border along its normal, farther away from pixel centre to pixel centre.
    """
    open_pixels = np.ones(inside.shape, dtype=bool)
    open_pixels[tuple(border.at.T)] = False
    sampling = (pixel_mm[1], pixel_mm[0])
    far, nearest = ndimage.distance_transform_edt(
        open_pixels, sampling=sampling, return_indices=True
    )
    number = np.zeros(inside.shape, dtype=np.int64)
    number[tuple(border.at.T)] = np.arange(len(border.at))
    number = number[nearest[0], nearest[1]]
    distance = border.distance[number] + np.where(inside, far, -far)
    close = np.nonzero((far > 0) & (far < NEAR_PIXELS * max(pixel_mm)))
    seed = number[close]
    away = (np.stack(close, axis=1) - border.at[seed]) * np.array(sampling)
    distance[close] = border.distance[seed] + (away * border.normal[seed]).sum(axis=1)
    return distance, nearest


def _inscribed_radius(
    peak: npt.NDArray[np.int64], border: _Border, pixel_mm: tuple[float, float]
) -> float:
    """Radius of the largest circle around a point near pixel ``peak`` that stays inside."""
    feet = border.feet(pixel_mm)
    center = peak * np.array(pixel_mm[::-1])
    from_peak = np.hypot(*(feet - center).T)
    feet = feet[from_peak <= from_peak.min() + 2 * REACH_PIXELS * max(pixel_mm)]
    for step in (0.3, 0.1):
        tried = center + STAR * step * np.array(pixel_mm[::-1])
        room = np.hypot(*(tried.T[:, :, None] - feet.T[:, None, :])).min(axis=1)
        center = tried[np.argmax(room)]
    return float(room.max())
