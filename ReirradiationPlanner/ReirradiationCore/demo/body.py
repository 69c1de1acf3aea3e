"""Outline of the body and the muscles of the demo pelvis, in today's anatomy."""

from __future__ import annotations

from functools import cache

import numpy as np
from scipy.interpolate import PchipInterpolator

from .shapes import (
    Array,
    Shape,
    both_sides,
    ellipsoid,
    smooth_step,
    tube,
    union,
)

MIDDLE_Y = 5.0
EXPONENT = 2.5
LEVELS = (-160.0, -90.0, -50.0, 0.0, 50.0, 100.0, 160.0)
HALF_WIDTH = PchipInterpolator(LEVELS, (164, 172, 182, 186, 178, 168, 162))
FRONT = PchipInterpolator(LEVELS, (74, 82, 92, 104, 115, 122, 127))
BACK = PchipInterpolator(LEVELS, (104, 110, 117, 120, 114, 104, 98))
CLEFT = PchipInterpolator(LEVELS, (60, 52, 40, 26, 6, 0, 0))


@cache
def body() -> Shape:
    """Everything inside the skin."""

    def depth(points: Array) -> Array:
        x, y, z = np.abs(points[0]), points[1] - MIDDLE_Y, points[2]
        a, b = HALF_WIDTH(z), np.where(y < 0, FRONT(z), BACK(z))
        p, q = (x / a) ** (EXPONENT - 1), (np.abs(y) / b) ** (EXPONENT - 1)
        r = np.maximum((p * x / a + q * np.abs(y) / b) ** (1 / EXPONENT), 1e-3)
        slope = r ** (1 - EXPONENT) * np.sqrt((p / a) ** 2 + (q / b) ** 2)
        groove = CLEFT(z) * np.exp(-((x / 9) ** 2)) * smooth_step(y, 10, 80)
        groin = 9 * np.exp(-(((x - 62) / 22) ** 2)) * smooth_step(-y, 30, 75)
        return (1 - r) / np.maximum(slope, 1e-4) - groove - groin * smooth_step(-z, 0, 60)

    outline = Shape(depth, (-200, -140, -160), (200, 140, 160))
    return union(outline, ellipsoid((0, -78, -92), (26, 28, 26)))


def _layer(depth_from: float, depth_to: float, window: object, box: tuple) -> Shape:
    """Part of the body between two depths below the skin where ``window(points)`` is positive."""

    def depth(points: Array) -> Array:
        d = body()(points)
        return np.minimum(np.minimum(d - depth_from, depth_to - d), window(points))

    return Shape(depth, *box)


def _abdominal_wall() -> list[Shape]:
    def rectus(points: Array) -> Array:
        x, z = np.abs(points[0]), points[2]
        taper = np.clip((z + 28) / 90, 0, 1)
        return np.minimum(np.minimum(x - 3, 14 + 34 * taper - x), z + 28)

    def oblique(points: Array) -> Array:
        x, y, z = np.abs(points[0]), points[1], points[2]
        return np.minimum(np.minimum(x - 50, (z - 55) * 0.7), -y + 0.35 * (z - 90) - 5)

    front = ((-75, -140, -40), (75, -40, 160))
    side = ((-190, -140, 50), (190, 60, 160))
    return [
        _layer(17, 26.5, rectus, front),
        _layer(17, 22.5, oblique, side),
        _layer(22.5, 28.5, oblique, side),
        _layer(28.5, 32, oblique, side),
    ]


def _hip_muscles() -> list[Shape]:
    return [
        ellipsoid((84, 82, 2), (76, 27, 86), turn_deg=-27),
        ellipsoid((88, 84, -55), (60, 25, 66), turn_deg=-22),
        ellipsoid((136, 12, 62), (26, 56, 68), turn_deg=-14),
        ellipsoid((119, 2, 42), (14, 40, 44), turn_deg=-10),
        ellipsoid((148, -36, 8), (17, 27, 66), turn_deg=-25),
        ellipsoid((140, -8, -12), (26, 34, 34), turn_deg=-10),
        tube([(33, 66, 60), (58, 60, 50), (84, 46, 34), (122, 24, 16)], [12, 13, 11, 6]),
        ellipsoid((56, 4, -14), (9, 42, 44), turn_deg=10),
        tube([(38, -30, -48), (70, -2, -52), (104, 22, -42)], [12, 13, 7]),
        ellipsoid((100, 40, -40), (28, 9, 20), turn_deg=-12),
        tube([(64, 44, -4), (95, 36, -4), (126, 24, -12)], [9, 8, 5]),
    ]


def _thigh_muscles() -> list[Shape]:
    return [
        tube([(112, -42, 32), (112, -52, 0), (114, -52, -50), (118, -48, -130)], [7, 15, 20, 22]),
        tube([(124, -50, 78), (108, -66, 20), (90, -72, -40), (70, -64, -120)], [5, 10, 11, 12]),
        ellipsoid((144, 2, -88), (32, 48, 72)),
        ellipsoid((120, -20, -108), (34, 30, 60)),
        tube([(36, -52, -24), (64, -36, -45), (98, -10, -70)], [10, 18, 12]),
        ellipsoid((62, -38, -98), (32, 26, 56)),
        ellipsoid((60, -4, -100), (40, 32, 52)),
        ellipsoid((64, 18, -104), (40, 26, 48)),
        ellipsoid((94, 46, -104), (36, 27, 60)),
        tube([(100, 30, -20), (112, 38, -60), (112, 36, -100)], [8, 15, 18]),
    ]


def _deep_muscles() -> list[Shape]:
    psoas = tube(
        [
            (44, 14, 160),
            (50, 6, 120),
            (60, -6, 85),
            (74, -24, 45),
            (86, -34, 10),
            (98, -22, -30),
            (110, 14, -56),
        ],
        [20, 21, 20, 19, 17, 14, 7],
    )
    return [
        psoas,
        ellipsoid((97, -8, 96), (17, 38, 48), turn_deg=-32),
        tube([(18, 92, 40), (22, 88, 70), (30, 80, 110), (34, 76, 160)], [6, 13, 19, 22]),
        tube([(54, 80, 110), (58, 70, 160)], [9, 18]),
        ellipsoid((52, 52, 150), (22, 14, 22)),
    ]


def _pelvic_floor() -> Shape:
    """Levator ani: a thin funnel that is open in front."""

    def depth(points: Array) -> Array:
        x, y, z = np.abs(points[0]), points[1], points[2]
        oval = np.sqrt(np.clip(1 - ((y - 2) / 44) ** 2, 0.01, 1))
        sheet = 1.7 - np.abs(x - (13 + 0.66 * (z + 62)) * oval) * 0.8
        return np.minimum(np.minimum(sheet, y + 34), np.minimum(z + 66, -14 - z))

    return Shape(depth, (-60, -44, -72), (60, 54, -8))


@cache
def muscles() -> tuple[Shape, ...]:
    """Skeletal muscles; where two overlap there is a thin sheet of fat between them."""
    pairs = [*_hip_muscles(), *_thigh_muscles(), *_deep_muscles()]
    return (*(both_sides(shape) for shape in pairs), *_abdominal_wall(), _pelvic_floor())
