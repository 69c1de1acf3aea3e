"""Dose distributions of the two demo courses, as smooth functions of position.

Dose inside a target follows its shape with penumbrae of error functions; outside it a low-dose
bath of arcs remains: many beams, each an error-function profile with exponential depth dose.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from scipy.special import erf

from ..grids import Grid, Volume, sample_volume
from . import organs
from .body import body
from .shapes import Array, Shape, smooth_step

Inverse = Callable[[Array], Array]

PROSTATE_GY, NODES_GY, PRIOR_FRACTIONS = 74.0, 52.0, 37
NODE_GY, NODE_FRACTIONS, NODE_PEAK = 30.0, 5, 1.2
ATTENUATION_PER_MM = 0.0042
FAR_TARGET_MM = 48.0


@dataclass(frozen=True)
class Arc:
    """Full rotation around a patient axis.

    Parameters
    ----------
    center : tuple of float
        Isocentre in the frame of the dose grid, LPS, mm.
    half_width_mm, half_length_mm : float
        Half the field opening across and along z.
    penumbra_mm : float
        Standard deviation of the Gaussian that blurs the field edge.
    lateral_share : float
        Weight of lateral beams relative to anterior and posterior ones (spares femoral heads).
    """

    center: tuple[float, float, float]
    half_width_mm: float
    half_length_mm: float
    penumbra_mm: float
    lateral_share: float = 1.0
    beams: int = 120

    def bath(self, grid: Grid) -> Array:
        """Dose (k, j, i) of the open arc, 1 at the isocentre, on an axial grid."""
        k, j, i = (np.arange(n) for n in grid.shape)
        x = grid.origin_lps[0] + grid.spacing_mm[0] * i[None, :] - self.center[0]
        y = grid.origin_lps[1] + grid.spacing_mm[1] * j[:, None] - self.center[1]
        z = grid.origin_lps[2] + grid.spacing_mm[2] * k - self.center[2]
        plane, total = np.zeros(grid.shape[1:]), 0.0
        for angle in 2 * np.pi * (np.arange(self.beams) + 0.5) / self.beams:
            c, s = np.cos(angle), np.sin(angle)
            weight = 1 + (self.lateral_share - 1) * c**4
            depth_dose = np.exp(-ATTENUATION_PER_MM * (x * c + y * s))
            plane += weight * depth_dose * self._profile(y * c - x * s, self.half_width_mm)
            total += weight
        return self._profile(z, self.half_length_mm)[:, None, None] * plane / total

    def _profile(self, offset: Array, half: float) -> Array:
        """Field profile at distances from its middle."""
        width = np.sqrt(2) * self.penumbra_mm
        return (erf((half - offset) / width) + erf((half + offset) / width)) / 2


def conformal(depth: Array, sharp_mm: float, broad_mm: float, broad_share: float) -> Array:
    """Part of the target dose at a depth in the target: near 1 inside, two penumbrae outside."""
    sharp = (1 + erf((depth + 1.25 * sharp_mm) / (np.sqrt(2) * sharp_mm))) / 2
    broad = (1 + erf((depth + 1.25 * broad_mm) / (np.sqrt(2) * broad_mm))) / 2
    return (1 - broad_share) * sharp + broad_share * broad


def prior_dose(grid: Grid, inverse: Inverse, seed: int) -> Volume:
    """Physical dose of the first course (74 Gy to the prostate, 52 Gy to the nodes, 37 fractions).

    Parameters
    ----------
    grid : Grid
        Dose grid in the frame of the first course.
    inverse : callable
        Points (N, 3) of that frame to points of today's anatomy.
    """
    anatomy = np.ascontiguousarray(inverse(grid.centers_lps()).T)
    middle = _middle(grid)
    shape = grid.shape
    arcs = (
        (0.40 * PROSTATE_GY, Arc(_seen(inverse, middle, (0, -20, -26)), 34, 36, 6, 0.7)),
        (0.42 * NODES_GY, Arc(_seen(inverse, middle, (0, 10, 62)), 62, 62, 6, 0.8)),
    )
    dose = sum(gray * arc.bath(grid) for gray, arc in arcs)
    for gray, target, penumbra in (
        (NODES_GY, organs.nodal_target(pad=FAR_TARGET_MM), 5.5),
        (PROSTATE_GY, organs.prostate_target(pad=FAR_TARGET_MM), 5.0),
    ):
        share = conformal(target(anatomy).reshape(shape), penumbra, 13.0, 0.3)
        dose += share * np.maximum(gray - dose, 0)
    dose *= _unevenness(shape, seed, 0.011, 3.0) * _in_body(anatomy).reshape(shape)
    scale = PROSTATE_GY / _dose_to_share(Volume(dose, grid), inverse, organs.prostate_target(), 50)
    return Volume((dose * scale).astype(np.float32), grid)


def planned_dose(grid: Grid, seed: int) -> Volume:
    """Physical dose of the second course: 30 Gy in 5 fractions to 95 % of the target."""
    anatomy = np.ascontiguousarray(grid.centers_lps().T)
    shape = grid.shape
    arc = Arc(organs.NODE_CENTER, 12.5, 14.0, 3.0, 0.9)
    dose = 0.42 * NODE_GY * arc.bath(grid)
    depth = organs.node_target(pad=FAR_TARGET_MM)(anatomy).reshape(shape)
    top = NODE_GY * (1 + (NODE_PEAK - 1) * smooth_step(depth, -3, 11))
    share = conformal(depth, 2.8, 7.0, 0.35)
    dose += share * np.maximum(top - dose, 0)
    dose *= _unevenness(shape, seed + 1, 0.006, 3.0) * _in_body(anatomy).reshape(shape)
    scale = NODE_GY / _dose_to_share(Volume(dose, grid), None, organs.node_target(), 95)
    return Volume((dose * scale).astype(np.float32), grid)


def _seen(inverse: Inverse, start: Array, point: tuple[float, float, float]) -> tuple:
    """Position in the prior frame of a point of today's anatomy."""
    guess = np.array(start, dtype=float)
    for _ in range(40):
        guess += np.array(point) - inverse(guess[None])[0]
    return tuple(guess.tolist())


def _middle(grid: Grid) -> Array:
    """Middle (3,) of a grid, LPS, mm."""
    return grid.points_at((np.array([grid.size]) - 1) / 2)[0]


def _in_body(anatomy: Array) -> Array:
    """Fall of dose to zero through the skin with build-up, (N,)."""
    depth = body()(anatomy)
    build_up = 0.6 + 0.4 * (1 - np.exp(-np.maximum(depth, 0) / 7))
    return (1 + erf(depth / 4.0)) / 2 * build_up


def _unevenness(
    shape: tuple[int, int, int], seed: int, amount: float, sigma_voxels: float
) -> npt.NDArray[np.float64]:
    """Factor around 1 that makes a dose as uneven as an optimised one, from the seed."""
    white = np.random.default_rng([seed, 3]).standard_normal(shape)
    smooth = ndimage.gaussian_filter(white, sigma_voxels)
    return 1 + amount * smooth / smooth.std()


def _dose_to_share(dose: Volume, inverse: Inverse | None, target: Shape, percent: float) -> float:
    """Dose that ``percent`` of a target get at least, Gy, on points 1 mm apart."""
    lower, upper = np.array(target.lower), np.array(target.upper)
    if inverse is not None:  # the target may be turned and moved in the frame of the dose
        corner = _seen(inverse, _middle(dose.grid), tuple((lower + upper) / 2))
        half = (upper - lower) / 2 + 6
        lower, upper = np.array(corner) - half, np.array(corner) + half
    axes = [np.arange(a, b, 1.0) for a, b in zip(lower, upper, strict=True)]
    points = np.stack(np.meshgrid(*axes, indexing="ij")).reshape(3, -1).T
    inside = target((points if inverse is None else inverse(points)).T) > 0
    return float(np.percentile(sample_volume(dose, points[inside]), 100 - percent))
