"""A small CT in closed form, so that every registration has an exact answer."""

import numpy as np
import SimpleITK as sitk
from ReirradiationCore.grids import Grid, Volume

SIZE = (64, 48, 40)
SPACING = 5.0


def grid(size=SIZE, spacing=SPACING, shift=(0.0, 0.0, 0.0)):
    """Grid whose middle is at ``shift``."""
    origin = [s - (n - 1) * spacing / 2 for n, s in zip(size, shift, strict=True)]
    return Grid(tuple(size), (spacing,) * 3, tuple(origin))


def _soft(distance, width=2.5):
    """1 inside (distance < 0), 0 outside, with an edge of a few millimetres."""
    return 1 / (1 + np.exp(np.clip(distance / width, -50, 50)))


def _ellipsoid(points, center, radii):
    scaled = (points - np.array(center)) / np.array(radii)
    return (np.linalg.norm(scaled, axis=1) - 1) * min(radii)


def hounsfield(points):
    """HU at points (N, 3): fat, muscle, pelvic bones, sacrum, bladder, texture."""
    x, y, z = points.T
    hu = np.full(len(points), -1000.0)

    def put(value, inside):
        hu[:] = hu * (1 - inside) + value * inside

    around = np.stack([x, y, 0 * z], axis=1)
    put(-100.0, _soft(_ellipsoid(around, (0, 0, 0), (135, 95, 1e6))))
    put(45.0, _soft(_ellipsoid(around, (0, 5, 0), (110, 75, 1e6))))
    put(-90.0, _soft(_ellipsoid(points, (0, -5, 0), (70, 50, 90))))
    put(10.0, _soft(_ellipsoid(points, (0, -20, -25), (32, 26, 28))))
    put(40.0, _soft(_ellipsoid(points, (5, 22, -15), (17, 15, 55))))
    put(35.0, _soft(_ellipsoid(points, (20, -10, 40), (30, 14, 16))))
    for side in (-1, 1):
        put(500.0, _soft(_ellipsoid(points, (side * 85, 10, -30), (18, 18, 22))))
        put(420.0, _soft(_ellipsoid(points, (side * 75, 25, 40), (10, 28, 45))))
    put(380.0, _soft(_ellipsoid(points, (0, 62, 20), (30, 10, 50))))
    texture = np.sin(x / 7.0) * np.sin(y / 6.0 + 1) * np.sin(z / 8.0 + 2)
    return hu + 25.0 * texture * (hu > -300)


def couch(points):
    """Density (0..1) of a sheet of 6 mm below the patient."""
    return ((np.abs(points[:, 1] - 101.0) < 3.0) & (np.abs(points[:, 0]) < 150)).astype(float)


def render(where, move=None, with_couch=False):
    """CT on a grid; ``move`` takes its points to those of the closed form."""
    points = where.centers_lps()
    values = hounsfield(points if move is None else move(points))
    if with_couch:
        values = np.where(couch(points) > 0, 100.0, values)
    return Volume(values.reshape(where.shape).astype(np.float32), where)


def rigid(angles_deg=(3.0, -2.0, 4.0), shift=(9.0, -12.0, 15.0)):
    """Euler transform about the origin."""
    return sitk.Euler3DTransform((0.0, 0.0, 0.0), *np.radians(angles_deg).tolist(), shift)


def matrix_of(transform):
    """Matrix and offset of a rigid transform."""
    matrix = np.array(transform.GetMatrix()).reshape(3, 3)
    return matrix, np.array(transform.TransformPoint((0.0, 0.0, 0.0)))


def bump(points, height=12.0, center=(0.0, -20.0, -25.0), width=38.0):
    """Smooth displacement (N, 3): tissue pushed outwards and down around a centre."""
    gap = points - np.array(center)
    fall = np.exp(-np.sum(gap**2, axis=1, keepdims=True) / (2 * width**2))
    return fall * (gap / width * height * 0.9 + np.array([0.0, 0.0, -height / 2]))
