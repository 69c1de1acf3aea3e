"""The bones of the demo pelvis in today's anatomy; they do not deform between the courses."""

from __future__ import annotations

from functools import cache

import numpy as np
from scipy.interpolate import PchipInterpolator

from .shapes import Array, Shape, both_sides, ellipsoid, folded, minus, tube, union

HIP_JOINT = (88.0, 2.0, 0.0)
HEAD_RADIUS_MM = 24.0
ENDPLATE_SLOPE = 0.45  # the lumbosacral joint falls forwards

# Middle line of the iliac wing in axial planes: z, then x and y of five points from the front
# (anterior superior spine) to the back (posterior superior spine), then half the thickness there.
WING_Z = (15.0, 50.0, 80.0, 110.0, 145.0)
WING_X = np.array(
    [
        (98, 107, 121, 130, 128),
        (97, 104, 116, 124, 122),
        (91, 94, 101, 107, 108),
        (84, 80, 74, 76, 82),
        (80, 70, 54, 51, 62),
    ],
    dtype=float,
)
WING_Y = np.array(
    [
        (-18, -33, -46, -37, -8),
        (0, -9, -18, -12, 6),
        (18, 15, 12, 17, 24),
        (32, 34, 37, 43, 47),
        (38, 48, 77, 80, 68),
    ],
    dtype=float,
)
WING_HALF = np.array(
    [
        (9, 8, 7, 6, 6),
        (11, 5, 3.5, 3.5, 5),
        (13, 8, 4.5, 4.5, 5.5),
        (11, 10, 8, 7.5, 6),
        (8, 8, 9, 9, 7),
    ],
    dtype=float,
)
WING_TOP = np.array([92.0, 128, 141, 138, 118])
WING_BOTTOM = np.array([8.0, 8, 10, 34, 62])

SACRUM_Z = (-5.0, 10.0, 30.0, 50.0, 70.0, 90.0, 115.0)
SACRUM_Y = PchipInterpolator(SACRUM_Z, (62, 71, 80, 81, 71, 56, 38))
SACRUM_HALF_WIDTH = PchipInterpolator(SACRUM_Z, (6, 9, 20, 36, 50, 60, 58))
SACRUM_HALF_DEPTH = PchipInterpolator(SACRUM_Z, (5, 6, 9, 12, 14.5, 17, 18))


def _wing_depth(points: Array) -> Array:
    """Depth inside the plate that the iliac wing is, for points on the left."""
    z = points[2]
    rows = [np.array([np.interp(z, WING_Z, row) for row in t]) for t in (WING_X, WING_Y, WING_HALF)]
    x, y, half = rows
    best = np.full(points.shape[1], -1e3)
    for i in range(4):
        ax, ay = x[i + 1] - x[i], y[i + 1] - y[i]
        t = ((points[0] - x[i]) * ax + (points[1] - y[i]) * ay) / (ax * ax + ay * ay)
        t = np.clip(t, 0, 1)
        distance = np.hypot(points[0] - x[i] - t * ax, points[1] - y[i] - t * ay)
        depth = half[i] + t * (half[i + 1] - half[i]) - distance
        top = WING_TOP[i] + t * (WING_TOP[i + 1] - WING_TOP[i]) - z
        bottom = z - WING_BOTTOM[i] - t * (WING_BOTTOM[i + 1] - WING_BOTTOM[i])
        np.maximum(best, np.minimum(depth, np.minimum(top, bottom)), out=best)
    return best


def _socket() -> Shape:
    """Acetabulum: a shell round the femoral head that is open to the side, front and below."""
    opening = np.array([0.74, -0.32, -0.59])
    middle = np.array(HIP_JOINT)[:, None]

    def depth(points: Array) -> Array:
        q = points - middle
        r = np.sqrt(np.sum(q * q, axis=0))
        return np.minimum(np.minimum(35.5 - r, r - 27.0), np.minimum(13 - opening @ q, 27 + q[2]))

    return Shape(depth, (45, -42, -42), (130, 46, 42))


@cache
def femur() -> Shape:
    """Both femora: head, neck, trochanters and the upper shaft."""
    return both_sides(
        union(
            ellipsoid(HIP_JOINT, (HEAD_RADIUS_MM,) * 3),
            tube([HIP_JOINT, (112, 8, -16), (134, 14, -34)], [16, 14.5, 17]),
            ellipsoid((143, 20, -22), (15, 17, 25), tilt_deg=10),
            tube([(136, 15, -38), (130, 10, -80), (124, 4, -170)], [18, 15, 14]),
            ellipsoid((117, 26, -58), (9, 9, 13)),
        )
    )


@cache
def marrow() -> Shape:
    """Marrow cavity of the femoral shafts."""
    return both_sides(tube([(133, 12, -58), (130, 10, -80), (124, 4, -170)], [5, 8, 8]))


@cache
def hip_bone() -> Shape:
    """Both hip bones, with the joints to femur and sacrum left open."""
    wing = Shape(_wing_depth, (30, -70, 0), (150, 100, 150))
    pubis = union(
        tube([(72, -18, 4), (54, -40, -6), (34, -58, -18), (14, -64, -26)], [12, 9, 8, 9]),
        ellipsoid((13, -62, -33), (11.5, 9, 18), tilt_deg=-20),
        tube([(13, -58, -46), (30, -36, -64), (46, -6, -76), (56, 16, -74)], [7, 5.5, 5.5, 9]),
    )
    ischium = union(
        tube([(76, 32, -6), (70, 40, -30), (62, 36, -56), (56, 22, -74)], [14, 13, 15, 11]),
        tube([(70, 42, -6), (56, 54, -4)], [6, 3]),
    )
    roof = ellipsoid((92, 4, 30), (15, 25, 17), turn_deg=-15)
    whole = both_sides(union(wing, _socket(), roof, pubis, ischium))
    joint = both_sides(ellipsoid(HIP_JOINT, (26.8,) * 3))
    return minus(minus(whole, joint), sacrum(), gap_mm=2.6)


@cache
def sacrum() -> Shape:
    """Sacrum and coccyx with canal and foramina."""

    def depth(points: Array) -> Array:
        x, y, z = folded(points)
        half, thick = SACRUM_HALF_WIDTH(z), SACRUM_HALF_DEPTH(z)
        offset = y - SACRUM_Y(z) - 0.0055 * x * x
        thick = thick * (1 - 0.25 * np.minimum(x / half, 1.2) ** 2)
        slab = (1 - ((np.abs(offset) / thick) ** 3 + (x / half) ** 3.5) ** 0.3) * thick
        lowered = endplate_height(points) + 0.35 * np.maximum(x - 26, 0)
        return np.minimum(np.minimum(slab, (104 - lowered) * 0.9), z + 5)

    plate = Shape(depth, (-70, 10, -8), (70, 110, 125))
    crest = tube([(0, 94, 42), (0, 90, 62), (0, 82, 82), (0, 70, 106)], [5, 7, 8, 7])
    holes = [
        both_sides(tube([(19 - i, front, z), (15 - i, front + 22, z + 5)], [4.2, 2.6]))
        for i, (z, front) in enumerate(((88.0, 38.0), (68.0, 54.0), (51.0, 68.0)))
    ]
    return minus(union(plate, crest), sacral_canal(), *holes)


@cache
def sacral_canal() -> Shape:
    """Canal of the sacrum and of L5, which holds the thecal sac and fat."""
    path = [(0, 84, 40), (0, 79, 62), (0, 69, 82), (0, 58, 106), (0, 52, 130), (0, 48, 165)]
    return tube(path, [3, 5, 7, 8.5, 9, 9], step_mm=4)


def endplate_height(points: Array) -> Array:
    """Height (N,) of points (3, N) along the spine at the lumbosacral joint, mm."""
    return points[2] - ENDPLATE_SLOPE * (points[1] - 36)


@cache
def disc() -> Shape:
    """Disc between L5 and the sacrum."""
    return _slab_of_spine(104.5, 113.5)


@cache
def vertebra() -> Shape:
    """Vertebra L5 (and the lower part of L4) with pedicles, arch and processes."""
    body = union(_slab_of_spine(114, 142), _slab_of_spine(150.5, 180))
    arch = union(
        *(
            both_sides(union(*parts))
            for parts in (
                (
                    tube([(15, 34, 128), (17, 54, 126)], [6, 5]),
                    tube([(17, 54, 126), (14, 62, 118), (2, 72, 116)], [6, 6, 5]),
                    tube([(18, 44, 127), (50, 52, 132)], [5, 4]),
                    tube([(16, 56, 130), (15, 58, 148)], [5.5, 5]),
                ),
            )
        ),
        tube([(0, 70, 120), (0, 92, 114)], [5, 5.5]),
        tube([(0, 66, 150), (0, 88, 146)], [5, 5.5]),
    )
    return minus(union(body, arch), sacral_canal())


def _slab_of_spine(low: float, high: float) -> Shape:
    """Elliptic cylinder along the lower spine between two heights of `endplate_height`."""

    def depth(points: Array) -> Array:
        x, y, z = points
        height = endplate_height(points)
        middle = 33 - 0.28 * (z - 112)
        waist = 1.5 * np.cos((height - (low + high) / 2) / (high - low) * np.pi)
        r = np.hypot(x / 26, (y - middle) / 17.5)
        side = (1 - r) * 18 - waist
        return np.minimum(side, np.minimum(height - low, high - height) * 0.9)

    return Shape(depth, (-36, -20, low - 30), (36, 70, high + 30))


@cache
def spongy_bones() -> tuple[Shape, ...]:
    """All bones, in the order they are drawn."""
    return (hip_bone(), sacrum(), vertebra(), femur())
