"""Closed-form shapes: functions that say how deep a point lies inside, in mm, negative outside.

Points are arrays (3, N) in LPS, mm. Depths are exact on the surface and near to the true distance
close to it, so that a coverage of voxels and smooth contours follow from them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.interpolate import CubicSpline

Array = npt.NDArray[np.float64]
Depth = Callable[[Array], Array]
Point = tuple[float, float, float]

FAR_MM = -1000.0  # depth reported outside a shape's box
PAD_MM = 8.0  # by how much a box is larger than the shape in it


@dataclass(frozen=True)
class Shape:
    """A region of space.

    Parameters
    ----------
    depth : callable
        Points (3, N) to depth inside (N,), mm.
    lower, upper : tuple of float
        Corners of a box, LPS, mm, outside which nothing of the shape lies.
    """

    depth: Depth
    lower: Point
    upper: Point

    def __call__(self, points: Array) -> Array:
        """Depth (N,) of points (3, N), mm; `FAR_MM` outside the box."""
        out = np.full(points.shape[1], FAR_MM)
        inside = self.near(points)
        if inside.size:
            out[inside] = self.depth(points[:, inside])
        return out

    def near(self, points: Array) -> npt.NDArray[np.int64]:
        """Return the indices of the points (3, N) that are in the box."""
        z = points[2]
        if not z.size or z.min() >= self.upper[2] or z.max() <= self.lower[2]:
            return np.zeros(0, dtype=np.int64)
        found = np.flatnonzero((z > self.lower[2]) & (z < self.upper[2]))
        for axis in (0, 1):
            value = points[axis, found]
            found = found[(value > self.lower[axis]) & (value < self.upper[axis])]
        return found


def ellipsoid(
    center: Point, radii: Point, turn_deg: float = 0.0, tilt_deg: float = 0.0, pad: float = PAD_MM
) -> Shape:
    """Ellipsoid, turned by ``turn_deg`` about the z axis after ``tilt_deg`` about the x axis."""
    c, s = np.cos(np.radians(turn_deg)), np.sin(np.radians(turn_deg))
    ct, st = np.cos(np.radians(tilt_deg)), np.sin(np.radians(tilt_deg))
    axes = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]) @ np.array(
        [[1, 0, 0], [0, ct, -st], [0, st, ct]]
    )
    middle, r = np.array(center)[:, None], np.array(radii)[:, None]

    def depth(points: Array) -> Array:
        q = (axes.T @ (points - middle)) / r
        k0 = np.sqrt(np.sum(q * q, axis=0))
        k1 = np.sqrt(np.sum((q / r) ** 2, axis=0))
        return np.where(k1 > 1e-9, k0 * (1 - k0) / np.maximum(k1, 1e-9), min(radii))

    extent = np.sqrt(np.sum((axes * np.array(radii)) ** 2, axis=1)) + pad
    return _boxed(depth, np.array(center) - extent, np.array(center) + extent)


def tube(
    path: Sequence[Point],
    radii: Sequence[float] | float,
    step_mm: float = 6.0,
    flatten_z: float = 1.0,
    pad: float = PAD_MM,
) -> Shape:
    """Tube of round cross-section along a smooth curve through ``path``.

    ``radii`` are the radii at the points of the path, ``flatten_z`` squeezes distances along z.
    """
    nodes, radius = _smooth_path(path, radii, step_mm)
    scale = np.array([1.0, 1.0, flatten_z])
    nodes = nodes * scale

    def depth(points: Array) -> Array:
        return along_tube(points * scale[:, None], nodes, radius + pad, radius)

    reach = (radius[:, None] + pad) / scale
    lower, upper = (nodes / scale - reach).min(axis=0), (nodes / scale + reach).max(axis=0)
    return _boxed(depth, lower, upper)


def along_tube(points: Array, nodes: Array, reach: Array, radius: Array) -> Array:
    """Depth (N,) of points (3, N) in a chain of segments; `FAR_MM` beyond ``reach`` (M,) of it."""
    best = np.full(points.shape[1], FAR_MM)
    low, high = points.min(axis=1), points.max(axis=1)
    far = np.maximum(reach[:-1], reach[1:])[:, None]
    lower = np.minimum(nodes[:-1], nodes[1:]) - far
    upper = np.maximum(nodes[:-1], nodes[1:]) + far
    for i in np.flatnonzero(np.all((lower < high) & (upper > low), axis=1)):
        a, along = nodes[i], nodes[i + 1] - nodes[i]
        t = np.clip((along @ points - along @ a) / (along @ along), 0, 1)
        squared = (points[0] - a[0] - t * along[0]) ** 2
        squared += (points[1] - a[1] - t * along[1]) ** 2
        squared += (points[2] - a[2] - t * along[2]) ** 2
        depth = radius[i] + t * (radius[i + 1] - radius[i]) - np.sqrt(squared)
        np.maximum(best, depth, out=best)
    return best


def _smooth_path(
    path: Sequence[Point], radii: Sequence[float] | float, step_mm: float
) -> tuple[Array, Array]:
    """Points (M, 3) about ``step_mm`` apart on a spline through the path, with their radii (M,)."""
    points = np.array(path, dtype=float)
    r = np.broadcast_to(np.array(radii, dtype=float), len(points))
    s = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
    if len(points) == 2:
        return points, np.array(r)
    at = np.linspace(0, s[-1], max(2, int(np.ceil(s[-1] / step_mm)) + 1))
    return CubicSpline(s, points)(at), np.interp(at, s, r)


def union(*shapes: Shape) -> Shape:
    """Points in any of the shapes."""

    def depth(points: Array) -> Array:
        result = shapes[0](points)
        for shape in shapes[1:]:
            np.maximum(result, shape(points), out=result)
        return result

    return _boxed(
        depth, np.min([s.lower for s in shapes], axis=0), np.max([s.upper for s in shapes], axis=0)
    )


def minus(shape: Shape, *others: Shape, gap_mm: float = 0.0) -> Shape:
    """Points in ``shape`` that are at least ``gap_mm`` away from all of ``others``."""

    def depth(points: Array) -> Array:
        result = shape(points)
        for other in others:
            np.minimum(result, -other(points) - gap_mm, out=result)
        return result

    return Shape(depth, shape.lower, shape.upper)


def between(shape: Shape, below_z: float, above_z: float) -> Shape:
    """Part of ``shape`` between two axial planes, mm."""

    def depth(points: Array) -> Array:
        return np.minimum(shape(points), np.minimum(points[2] - below_z, above_z - points[2]))

    return Shape(depth, (*shape.lower[:2], below_z - PAD_MM), (*shape.upper[:2], above_z + PAD_MM))


def grown(shape: Shape, by_mm: float) -> Shape:
    """Return ``shape`` with ``by_mm`` added all round; at most `PAD_MM` (what its box allows)."""
    return Shape(
        lambda points: shape(points) + by_mm,
        tuple(v - by_mm for v in shape.lower),
        tuple(v + by_mm for v in shape.upper),
    )


def both_sides(shape: Shape) -> Shape:
    """Return ``shape``, drawn on the left of the patient, and its mirror image on the right."""

    def depth(points: Array) -> Array:
        return shape(folded(points))

    reach = max(abs(shape.lower[0]), abs(shape.upper[0]))
    return Shape(depth, (-reach, *shape.lower[1:]), (reach, *shape.upper[1:]))


def on_right(shape: Shape) -> Shape:
    """Return the mirror image of a shape drawn on the left of the patient."""
    sign = np.array([-1.0, 1.0, 1.0])[:, None]
    return Shape(
        lambda points: shape(points * sign),
        (-shape.upper[0], *shape.lower[1:]),
        (-shape.lower[0], *shape.upper[1:]),
    )


def folded(points: Array) -> Array:
    """Points (3, N) with the right half of the patient folded onto the left."""
    return np.stack([np.abs(points[0]), points[1], points[2]])


def smooth_step(value: Array, low: float, high: float) -> Array:
    """0 below ``low``, 1 above ``high``, a smooth cubic between."""
    t = np.clip((value - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def _boxed(depth: Depth, lower: Array, upper: Array) -> Shape:
    """Shape of a depth function and the corners of its box."""
    return Shape(depth, tuple(float(v) for v in lower), tuple(float(v) for v in upper))
