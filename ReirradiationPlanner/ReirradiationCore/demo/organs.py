"""Organs, vessels, nerves, node and targets of the demo pelvis, in today's anatomy."""

from __future__ import annotations

from functools import cache

import numpy as np

from .bones import HEAD_RADIUS_MM, HIP_JOINT
from .shapes import Shape, between, both_sides, ellipsoid, grown, minus, on_right, tube, union

BOWEL_TOP_MM = 108.0  # bowel is drawn to two centimetres above the planning target volume
NODE_CENTER = (52.0, 27.35, 84.0)
NODE_RADII_MM = (9.5, 8.5, 11.0)

ARTERY = (
    ((12, -14, 165), (20, -7, 138), (32, 2, 114), (40, 10, 100)),
    (
        (40, 10, 100),
        (44, -2, 82),
        (47, -18, 62),
        (56, -36, 38),
        (67, -54, 8),
        (72, -60, -25),
        (78, -62, -90),
    ),
    ((40, 10, 100), (42, 24, 84), (46, 38, 66), (52, 46, 46), (56, 46, 28)),
)
VEIN_LEFT = (
    ((-6, -2, 150), (10, 2, 130), (28, 14, 112), (40, 21, 96)),
    (
        (40, 21, 96),
        (40, 10, 78),
        (42, -8, 60),
        (48, -26, 38),
        (58, -44, 8),
        (62, -52, -25),
        (68, -54, -90),
    ),
    ((40, 21, 96), (38, 33, 82), (41, 46, 66), (46, 52, 48), (50, 50, 28)),
)
NERVE_TRUNK = (
    (24, 50, 112), (38, 38, 107), (46, 40, 94), (49, 50, 78),
    (53, 56, 62), (62, 58, 46), (74, 55, 32),
)  # fmt: skip


@cache
def bladder() -> Shape:
    """Bladder with its wall."""
    return minus(
        union(ellipsoid((0, -27, 20), (42, 33, 29)), ellipsoid((0, -24, 2), (30, 24, 18))),
        grown(prostate(), 1.5),
    )


@cache
def prostate() -> Shape:
    """Return the prostate without the seminal vesicles."""
    return ellipsoid((0, -23, -32), (24, 16, 19), tilt_deg=12)


@cache
def seminal_vesicles() -> Shape:
    """Both seminal vesicles."""
    return both_sides(tube([(4, -3, -12), (15, 1, -6), (29, 6, 2)], [5, 6, 3.5]))


RECTUM_PATH = (
    (0, 34, -98), (0, 22, -78), (0, 10, -58), (0, 11, -38), (0, 22, -16), (1, 37, 8), (0, 46, 32),
    (-4, 45, 54), (-10, 38, 68),
)  # fmt: skip
RECTUM_RADII = (7, 8, 10, 13, 16.5, 18, 16.5, 14.5, 13)


@cache
def rectum() -> Shape:
    """Rectum with its wall, from the anal canal to the sigmoid."""
    return between(tube(RECTUM_PATH, RECTUM_RADII), -90, 68)


@cache
def rectal_gas() -> Shape:
    """Gas in the rectum, which lies in front."""
    return union(
        tube([(0, 17, -22), (1, 30, 4), (0, 38, 24)], [7, 11.5, 8]),
        ellipsoid((-2, 38, 46), (8, 5, 7)),
    )


COLON_PATH = (
    (-10, 38, 68), (-22, 28, 78), (-24, 10, 82), (-10, 0, 74), (10, -2, 70), (24, -16, 78),
    (40, -36, 86), (62, -42, 92), (80, -36, 104), (90, -30, 125), (94, -26, 165),
)  # fmt: skip
COLON_RADII = (12, 13, 14, 14, 13, 13.5, 14, 15, 17, 18, 18)


@cache
def colon_whole() -> Shape:
    """Sigmoid and descending colon with their wall."""
    return minus(tube(COLON_PATH, COLON_RADII), rectum())


@cache
def colon() -> Shape:
    """Sigmoid and descending colon as they are contoured."""
    return between(colon_whole(), 40, BOWEL_TOP_MM)


@cache
def caecum() -> Shape:
    """Caecum and ascending colon."""
    return union(
        ellipsoid((-84, -30, 96), (24, 24, 28)), tube([(-86, -30, 100), (-94, -24, 170)], 21)
    )


def bowel_path(layer: int) -> list[tuple[float, float, float]]:
    """Middle line of one layer of small bowel: rows back and forth, with waves."""
    rows = (
        ((-66, 54), (-43, 62), (-20, 32)) if layer % 2 == 0 else ((-68, 46), (-45, 60), (-22, 30))
    )
    path = []
    for row, (y, reach) in enumerate(rows):
        xs = np.linspace(-reach, reach, 7) * (1 if row % 2 == 0 else -1)
        for x in xs:
            wave = np.sin(x / 17 + 1.9 * layer + 2.4 * row)
            lift = np.sin(x / 23 + 1.1 * layer - 1.7 * row)
            path.append((float(x), float(y + 5.5 * wave), float(66 + 25 * layer + 7 * lift)))
    return path


@cache
def bowel_loops() -> tuple[Shape, ...]:
    """Loops of small bowel with their wall, one shape a layer."""
    keep_off = (grown(bladder(), 2.0), grown(colon_whole(), 1.0), grown(caecum(), 1.0))
    loops = []
    for layer in range(4):
        path = bowel_path(layer)
        radii = [10.6 + 1.6 * np.sin(1.3 * i + layer) for i in range(len(path))]
        loops.append(minus(tube(path, radii), *keep_off))
    return tuple(loops)


@cache
def small_bowel() -> Shape:
    """Small bowel as it is contoured."""
    return between(union(*bowel_loops()), 30, BOWEL_TOP_MM)


@cache
def artery(left: bool) -> Shape:
    """Return common, external and internal iliac artery of one side."""
    parts = [tube(p, r) for p, r in zip(ARTERY, (5.6, 4.9, 3.9), strict=True)]
    return union(*parts) if left else on_right(union(*parts))


@cache
def vein(left: bool) -> Shape:
    """Return the iliac veins of one side, as for the arteries; the right one joins the cava."""
    parts = [tube(p, r) for p, r in zip(VEIN_LEFT, (6.6, 6.0, 4.4), strict=True)]
    if left:
        return minus(union(*parts), artery(left=True))
    cava = tube([(-14, -1, 165), (-15, 3, 140), (-26, 14, 114), (-40, 21, 96)], [10, 8.5, 7, 6.4])
    return minus(union(cava, *(on_right(p) for p in parts[1:])), artery(left=False))


@cache
def plexus(left: bool) -> Shape:
    """Sacral plexus of one side: lumbosacral trunk, roots S1 to S3, start of the sciatic nerve."""
    whole = union(
        tube(NERVE_TRUNK, [2.6, 2.8, 3.2, 3.8, 4.6, 5.2, 5.0], step_mm=4),
        tube(
            [(19, 45, 89), (30, 44, 82), (42, 48, 74), (50, 52, 68)],
            [2.6, 3.0, 3.0, 3.2],
            step_mm=4,
        ),
        tube([(17, 61, 68), (34, 60, 62), (54, 57, 58)], [2.4, 2.8, 3.2], step_mm=4),
        tube([(16, 72, 51), (36, 64, 48), (60, 58, 47)], [2.2, 2.6, 3.0], step_mm=4),
    )
    return whole if left else on_right(whole)


@cache
def thecal_sac() -> Shape:
    """Thecal sac, which ends at S2."""
    path = [(0, 73, 74), (0, 68, 84), (0, 58, 106), (0, 52, 130), (0, 48, 165)]
    return tube(path, [3, 5, 6.5, 7, 7.2], step_mm=4)


@cache
def femoral_head(left: bool) -> Shape:
    """Femoral head of one side as it is contoured."""
    x, y, z = HIP_JOINT
    return ellipsoid((x if left else -x, y, z), (HEAD_RADIUS_MM,) * 3)


@cache
def node() -> Shape:
    """Recurrent node at the left internal iliac vessels; it exists on today's CT only."""
    return ellipsoid(NODE_CENTER, NODE_RADII_MM, turn_deg=20)


def node_target(margin_mm: float = 4.0, pad: float = 8.0) -> Shape:
    """Planning target volume of the second course: node and margin."""
    return ellipsoid(NODE_CENTER, tuple(r + margin_mm for r in NODE_RADII_MM), 20, pad=pad)


def prostate_target(margin_mm: float = 6.0, pad: float = 8.0) -> Shape:
    """Prostate and base of the seminal vesicles with a margin (smaller towards the rectum)."""
    m = margin_mm
    return union(
        ellipsoid((0, -24, -32), (24 + m, 16 + m, 19 + m), tilt_deg=12, pad=pad),
        ellipsoid((0, -6, -9), (17 + m, 7 + m, 8 + m), pad=pad),
    )


def nodal_target(margin_mm: float = 5.0, pad: float = 8.0) -> Shape:
    """Pelvic node region of the first course: vessels of both sides with 7 mm and a margin."""
    r = 11.0 + margin_mm
    paths = (
        [(26, 3, 112), (38, 14, 98), (42, 2, 78), (47, -18, 60), (55, -34, 38), (62, -44, 14)],
        [(38, 14, 98), (40, 28, 82), (44, 40, 64), (50, 44, 44), (53, 36, 24)],
    )
    bands = (  # obturator nodes between the vessels along the pelvic wall
        [(48, -14, 60), (51, 10, 58), (47, 36, 60)],
        [(53, -28, 40), (53, 6, 36), (51, 36, 42)],
        [(54, -34, 22), (50, 2, 20), (50, 28, 26)],
    )
    tubes = [tube(path, r, step_mm=12, pad=pad) for path in paths]
    tubes += [tube(path, r - 5, step_mm=12, pad=pad) for path in bands]
    return both_sides(union(*tubes))
