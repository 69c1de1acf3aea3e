"""What makes a synthetic CT hard to register: noise, gas, contrast medium, a cropped view."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from ReirradiationCore.demo import organs
from ReirradiationCore.demo.courses import DEFAULT_SEED, Couch
from ReirradiationCore.demo.hounsfield import GAS_HU, coverage, hounsfield
from ReirradiationCore.demo.texture import make_texture
from ReirradiationCore.grids import Grid, Volume

POINTS_AT_ONCE = 400_000
BONE_HU = 150.0
CONTRAST_HU = (
    (organs.bladder, 150.0),
    (lambda: organs.artery(left=True), 110.0),
    (lambda: organs.artery(left=False), 110.0),
    (lambda: organs.vein(left=True), 70.0),
    (lambda: organs.vein(left=False), 70.0),
)
# Pockets in rectum, bowel and sigmoid: centre and radii, mm; other ones in each of the two CTs.
POCKETS = {
    1: (((2, 22, -12), (8, 7, 14)), ((40, -62, 84), (14, 10, 12)), ((-66, -44, 92), (16, 10, 12))),
    2: (((0, 30, 2), (9, 9, 16)), ((-38, -66, 90), (14, 9, 12)), ((8, 0, 74), (9, 8, 9))),
}


@dataclass(frozen=True)
class Scene:
    """How the CTs of a pair differ from ideal ones.

    Parameters
    ----------
    noise_hu : float
        Standard deviation of white noise in both CTs.
    gas : bool
        Each CT has gas pockets that the other one has not.
    contrast : bool
        The prior CT has contrast medium in bladder and vessels and brighter bone (other kV).
    cropped : bool
        The prior CT has two thirds of the slices and cuts off the hips.
    """

    noise_hu: float = 12.0
    gas: bool = False
    contrast: bool = False
    cropped: bool = False


def render(
    grid: Grid,
    to_anatomy: Callable[[np.ndarray], np.ndarray],
    couch: Couch,
    scene: Scene,
    course: int,
) -> Volume:
    """CT (HU, float32) on a grid.

    Parameters
    ----------
    to_anatomy : callable
        Points (N, 3) of the frame of the course to points of the closed-form anatomy.
    course : int
        1 (prior) or 2 (reference): which gas pockets and which noise.
    """
    texture = make_texture(DEFAULT_SEED)
    points = grid.centers_lps()
    values = np.random.default_rng([DEFAULT_SEED, course]).normal(0, scene.noise_hu, len(points))
    for start in range(0, len(points), POINTS_AT_ONCE):
        part = slice(start, start + POINTS_AT_ONCE)
        anatomy = np.ascontiguousarray(to_anatomy(points[part]).T)
        hu = hounsfield(anatomy, texture, False)
        if scene.contrast:
            hu = _with_contrast(hu, anatomy)
        if scene.gas:
            share = _gas(anatomy, course)
            hu = hu + share * (GAS_HU - hu)
        share, sheet = couch.hounsfield(points[part].T)
        values[part] += np.where(hu < -400, hu + share * (sheet - hu), hu)
    rounded = np.clip(np.rint(values), -1024, 3071).astype(np.float32)
    return Volume(rounded.reshape(grid.shape), grid)


def _with_contrast(hu: np.ndarray, anatomy: np.ndarray) -> np.ndarray:
    bright = np.where(hu > BONE_HU, BONE_HU + 1.2 * (hu - BONE_HU), hu)
    for shape, added in CONTRAST_HU:
        bright = bright + coverage(shape()(anatomy)) * added
    return bright


def _gas(anatomy: np.ndarray, course: int) -> np.ndarray:
    """Part of each point (3, N) that is in a gas pocket."""
    share = np.zeros(anatomy.shape[1])
    for center, radii in POCKETS[course]:
        gap = (anatomy - np.array(center)[:, None]) / np.array(radii)[:, None]
        share = np.maximum(share, coverage((1 - np.linalg.norm(gap, axis=0)) * min(radii)))
    return share
