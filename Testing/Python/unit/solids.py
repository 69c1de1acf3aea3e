"""Solids of known volume as contour structures, for tests of contours, samples and metrics."""

import numpy as np
from ReirradiationCore.courses import Structure

POINTS = 720


def structure(contours, name="solid"):
    return Structure(1, name, tuple(np.asarray(c, dtype=float) for c in contours))


def planes(reach, spacing, offset):
    """Plane positions closer to 0 than ``reach``, ``spacing`` apart, one of them at ``offset``."""
    z = offset + spacing * np.arange(-200, 201)
    return z[np.abs(z) < reach - 1e-6]


def ellipse(a, b, z, center=(0.0, 0.0), points=POINTS):
    t = np.linspace(0, 2 * np.pi, points, endpoint=False)
    x, y = center[0] + a * np.cos(t), center[1] + b * np.sin(t)
    return np.stack([x, y, np.full(points, z)], axis=1)


def rectangle(x, y, z, center=(0.0, 0.0)):
    """Rectangle with half sides ``x`` and ``y``."""
    corners = np.array([[-x, -y, z], [x, -y, z], [x, y, z], [-x, y, z]], dtype=float)
    return corners + np.array([*center, 0.0])


def sphere(radius, spacing=3.0, offset=1.5, center=(0.0, 0.0)):
    return ellipsoid((radius,) * 3, spacing, offset, center)


def ellipsoid(axes, spacing=3.0, offset=1.5, center=(0.0, 0.0)):
    a, b, c = axes
    scale = [(z, np.sqrt(1 - (z / c) ** 2)) for z in planes(c, spacing, offset)]
    return [ellipse(a * s, b * s, z, center) for z, s in scale]


def upright_cylinder(radius, height, spacing=3.0, offset=1.5):
    return [ellipse(radius, radius, z) for z in planes(height / 2, spacing, offset)]


def lying_cylinder(radius, length, spacing=3.0, offset=1.5):
    return [
        rectangle(length / 2, np.sqrt(radius**2 - z**2), z) for z in planes(radius, spacing, offset)
    ]


def cone(radius, height, spacing=3.0, offset=1.5):
    """Cone with its base at -height/2."""
    return [
        ellipse(r, r, z)
        for z in planes(height / 2, spacing, offset)
        if (r := radius * (0.5 - z / height)) > 0.05
    ]


def keyhole(outer, inner):
    """One loop that runs along ``outer``, across to ``inner``, back along it and across again."""
    hole = inner[::-1]
    return np.concatenate([outer, outer[:1], hole[-1:], hole, outer[:1]])


def sphere_cc(radius):
    return 4 / 3 * np.pi * radius**3 / 1000
