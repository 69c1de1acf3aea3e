"""The known map from today's anatomy to that of the first course.

``x_prior = R (x + u(x) - c) + c + t``: organs move by ``u``, a sum of smooth bumps of compact
support that is zero in bone to a fraction of a millimetre; ``R`` and ``t`` are how the patient lay
and where the origin of the other frame of reference is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from scipy.interpolate import CubicSpline

from ..grids import Grid, Volume

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Bump:
    """Displacement ``move_mm (1 - r^2)^3`` inside an ellipsoid, zero outside.

    Parameters
    ----------
    center, radii : tuple of float
        The ellipsoid, LPS, mm.
    move_mm : tuple of float
        Displacement in its centre, mm.
    """

    center: tuple[float, float, float]
    radii: tuple[float, float, float]
    move_mm: tuple[float, float, float]


BUMPS = (
    Bump((0, -28, 47), (54, 46, 50), (0, -4, 14)),  # bladder fuller at the first course
    Bump((0, 20, 8), (40, 35, 44), (0, 9, 0)),  # rectum with less gas at the first course
    Bump((42, -52, 90), (42, 36, 42), (-7, 3, -6)),  # small bowel
    Bump((-44, -54, 86), (42, 36, 42), (7, -2, 5)),
    Bump((-12, 20, 74), (36, 34, 36), (6, 4, -4)),  # sigmoid
    Bump((44, 10, 76), (24, 26, 40), (-2, 2.5, 0)),  # left iliac vessels
    Bump((-44, 10, 76), (24, 26, 40), (2, 1.5, 1)),
    Bump((0, -100, 70), (120, 42, 90), (0, -7, 0)),  # abdominal wall
    Bump((80, 118, 20), (75, 34, 90), (0, -5, 0)),  # buttocks on the couch
    Bump((-80, 118, 20), (75, 34, 90), (0, -5, 0)),
)

TURN_DEG = (1.6, -1.1, 2.4)  # about x, y, z
CENTER = (0.0, 20.0, 40.0)
TABLE_MM = 5.0
SHIFT_MM = (-27.0, 35.5, 61.0)


@dataclass(frozen=True)
class TrueTransform:
    """Map of points of today's CT to points of the CT of the first course, LPS, mm.

    Parameters
    ----------
    bumps : tuple of Bump
        Organ motion.
    rotation : ndarray
        3x3 rotation matrix.
    center, shift_mm : tuple of float
        Centre of rotation and translation.
    """

    bumps: tuple[Bump, ...]
    rotation: Array
    center: tuple[float, float, float] = CENTER
    shift_mm: tuple[float, float, float] = SHIFT_MM

    def __call__(self, points_lps: npt.NDArray[np.floating]) -> Array:
        """Points (N, 3) of the prior anatomy for points (N, 3) of today's, LPS, mm."""
        points = np.asarray(points_lps, dtype=float)
        moved = points + self.organ_motion(points)
        return (moved - self.center) @ self.rotation.T + self.center + self.shift_mm

    def organ_motion(self, points_lps: npt.NDArray[np.floating]) -> Array:
        """Displacement ``u`` (N, 3), mm, without the rigid part, at points (N, 3) of today."""
        points = np.asarray(points_lps, dtype=float)
        out = np.zeros_like(points)
        for bump in self.bumps:
            close = np.flatnonzero(np.abs(points[:, 2] - bump.center[2]) < bump.radii[2])
            r2 = np.sum(((points[close] - bump.center) / bump.radii) ** 2, axis=1)
            close, r2 = close[r2 < 1], r2[r2 < 1]
            out[close] += (1 - r2[:, None]) ** 3 * np.array(bump.move_mm)
        return out

    def jacobian_determinant(self, points_lps: npt.NDArray[np.floating]) -> Array:
        """Return the determinant (N,) of the derivative of the map at points (N, 3)."""
        points = np.asarray(points_lps, dtype=float)
        derivative = np.tile(np.eye(3), (len(points), 1, 1))
        for bump in self.bumps:
            q = (points - bump.center) / bump.radii
            weight = np.maximum(1 - np.sum(q * q, axis=1), 0) ** 2
            slope = -6 * weight[:, None] * q / np.array(bump.radii)
            derivative += np.array(bump.move_mm)[None, :, None] * slope[:, None, :]
        return np.linalg.det(derivative)

    def inverse(self, points_lps: npt.NDArray[np.floating], tolerance_mm: float = 1e-5) -> Array:
        """Points (N, 3) of today's anatomy for points (N, 3) of the prior one, LPS, mm.

        A fixed-point iteration, which converges because ``u`` is a contraction.
        """
        return self.undo_organ_motion(self.undo_rigid(points_lps), tolerance_mm)

    def undo_rigid(self, points_lps: npt.NDArray[np.floating]) -> Array:
        """Points (N, 3) before rotation and translation."""
        points = np.asarray(points_lps, dtype=float)
        return (points - self.center - self.shift_mm) @ self.rotation + self.center

    def undo_organ_motion(self, target: Array, tolerance_mm: float = 1e-5) -> Array:
        """Points (N, 3) that organ motion brings to points (N, 3)."""
        result = target.copy()
        left = np.flatnonzero(self._near_a_bump(target))
        while left.size:
            new = target[left] - self.organ_motion(result[left])
            change = np.max(np.abs(new - result[left]), axis=1)
            result[left] = new
            left = left[change > tolerance_mm]
        return result

    def _near_a_bump(self, points: Array) -> npt.NDArray[np.bool_]:
        """Tell which points (N, 3) a bump can reach: those in its box and its largest motion."""
        near = np.zeros(len(points), dtype=bool)
        reach = 1.5 * max(float(np.linalg.norm(bump.move_mm)) for bump in self.bumps)
        for bump in self.bumps:
            near |= np.all(np.abs(points - bump.center) < np.array(bump.radii) + reach, axis=1)
        return near


class InverseTable:
    """Fast inverse of a `TrueTransform`, right to 0.1 mm: a table of the organ motion undone.

    Parameters
    ----------
    transform : TrueTransform
        The map to invert.
    """

    def __init__(self, transform: TrueTransform) -> None:
        boxes = np.array(
            [[np.subtract(b.center, b.radii), np.add(b.center, b.radii)] for b in transform.bumps]
        )
        lower, upper = boxes[:, 0].min(axis=0) - 8, boxes[:, 1].max(axis=0) + 8
        size = tuple(int(n) for n in np.ceil((upper - lower) / TABLE_MM) + 1)
        coarse = Grid(size, (TABLE_MM,) * 3, tuple(lower.tolist()))
        undone = transform.undo_organ_motion(coarse.centers_lps(), 1e-3) - coarse.centers_lps()
        fields = undone.reshape((*coarse.shape, 3)).astype(np.float32)
        # odd sizes: every second voxel of the fine table is a voxel of the coarse one
        at = [np.linspace(0, n - 1, 2 * n - 1) for n in coarse.shape]
        fine = [_spline_at(fields[..., axis], at) for axis in range(3)]
        fine_size = tuple(2 * n - 1 for n in size)
        self._grid = Grid(fine_size, (TABLE_MM / 2,) * 3, coarse.origin_lps)
        self._fields = fine
        self._transform = transform

    def __call__(self, points_lps: npt.NDArray[np.floating]) -> Array:
        """Points (N, 3) of today's anatomy for points (N, 3) of the prior one, LPS, mm."""
        result = self._transform.undo_rigid(points_lps)
        index = self._grid.indices_of(result)
        inside = np.flatnonzero(
            np.all((index >= 0) & (index <= np.array(self._grid.size) - 1), axis=1)
        )
        at = index[inside].T[::-1]
        for axis, field in enumerate(self._fields):
            result[inside, axis] += ndimage.map_coordinates(field, at, order=1)
        return result


def _spline_at(field: npt.NDArray, at: list[Array]) -> npt.NDArray:
    """Cubic spline of a 3-D array at the products of three lists of positions."""
    for axis, positions in enumerate(at):
        spline = CubicSpline(np.arange(field.shape[axis]), field, axis=axis)
        field = spline(positions).astype(np.float32)
    return field


def true_transform() -> TrueTransform:
    """Return the map from today's anatomy to that of the first course of the demo case."""
    ax, ay, az = np.radians(TURN_DEG)
    about_x = [[1, 0, 0], [0, np.cos(ax), -np.sin(ax)], [0, np.sin(ax), np.cos(ax)]]
    about_y = [[np.cos(ay), 0, np.sin(ay)], [0, 1, 0], [-np.sin(ay), 0, np.cos(ay)]]
    about_z = [[np.cos(az), -np.sin(az), 0], [np.sin(az), np.cos(az), 0], [0, 0, 1]]
    return TrueTransform(BUMPS, np.array(about_z) @ np.array(about_y) @ np.array(about_x))


def true_displacement_field(grid: Grid) -> Volume:
    """Displacement ``x_prior - x_current`` at the voxels of a grid of today's frame.

    Returns
    -------
    Volume
        Vectors (k, j, i, 3), LPS, mm: the displacement field that resamples the prior CT onto
        today's.
    """
    points = grid.centers_lps()
    field = true_transform()(points) - points
    return Volume(field.reshape((*grid.shape, 3)), grid)
