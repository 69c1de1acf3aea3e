"""Gauss-Newton steps of one level of the deformable registration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from .curvature_solver import (
    PAIRS,
    block_mean,
    penalty_eigenvalues,
    smallest_jacobian,
    solve,
    upsample,
)
from .field_composition import composed, exponential
from .organ_terms import OrganTerm, add_organ
from .progress import Progress
from .registration_images import Images
from .skin_normals import SkinNormals, along_normals, skin_normals

Array = npt.NDArray[np.float32]

LARGEST_STEP = 1.0
HOLD_WITHOUT_IMAGE = 1e-3
SMALLEST_JACOBIAN = 0.05
STIFFENINGS = 3
STEPS_PER_STIFFENING = 3


@dataclass(frozen=True)
class DeformableOptions:
    """What steers the deformable step.

    Parameters
    ----------
    spacing_mm : float
        Finest spacing of the images (not below that of the reference CT); the nodes of the field
        are twice as far apart.
    most_voxels : int
        The spacing is widened until the cropped image has no more voxels.
    iterations : tuple of int
        Gauss-Newton steps per level, coarse to fine; images get twice as fine at each level.
    curvature, membrane : float
        Weight of the squared Laplacian and of the squared gradient of the displacement, in units
        of the node grid.
    bone : float
        Weight that holds bone which the rigid step has already matched.
    robust : float
        Difference (in units of the window, about 37 HU) at which a voxel starts to lose weight.
    edges : float
        Variance of the place of an edge in the finest images, in squared voxels: a steep slope
        finds it no better than the voxels show it, so its weight is bounded.
    organs : float
        Weight of the distance to the surface of organs that guide.
    diffeomorphic : bool
        Put exponentials of small steps one after another instead of adding steps: a map that can
        be inverted, at about a third more time.
    """

    spacing_mm: float = 2.0
    most_voxels: int = 4_000_000
    iterations: tuple[int, ...] = (8, 8, 6)
    solver_iterations: int = 20
    curvature: float = 0.14
    membrane: float = 0.001
    bone: float = 0.5
    robust: float = 1.0
    edges: float = 0.5
    organs: float = 0.5
    diffeomorphic: bool = False


class LevelReport:
    """Tells progress and keeps the log of one level."""

    def __init__(
        self, progress: Progress, log: list[str], level: tuple[int, int], spacing_mm: float
    ) -> None:
        self.progress, self.log, self.spacing_mm = progress, log, spacing_mm
        self.number, count = level
        self.start, self.share = self.number**2 / count**2, (2 * self.number + 1) / count**2
        self.reason = ""

    def step(self, done: float) -> None:
        """Tell the part of this level that is done."""
        message = f"Deformable registration at {self.spacing_mm:g} mm"
        self.progress(message, self.start + self.share * done)

    def end(self, reason: str, residual: float) -> None:
        """Keep why the level ended, and the mean square difference it left."""
        self.reason = reason
        self.log.append(f"{self.spacing_mm:g} mm: {reason}, mean square {residual:.4f}")


class FixedParts(NamedTuple):
    """What stays the same through the steps of a level."""

    index: Array
    slope: Array
    skin: SkinNormals
    hold: Array
    edges: float


def run_level(
    images: Images,
    organs: Sequence[OrganTerm],
    nodes: Array,
    options: DeformableOptions,
    report: LevelReport,
    hold: Array | None = None,
) -> Array:
    """Take Gauss-Newton steps; stiffen the whole field if it folds.

    Parameters
    ----------
    nodes : ndarray, shape (3, k, j, i)
        Displacement from which the level starts, in units of the node spacing.
    hold : ndarray, shape (k, j, i), optional
        Further weight that draws the displacement to nought.

    Returns
    -------
    ndarray
        The displacement at the end.
    """
    count = options.iterations[report.number]
    held = options.bone * block_mean(images.bone) + (0 if hold is None else hold)
    finest = report.number == len(options.iterations) - 1
    parts = FixedParts(
        np.indices(images.fixed.shape, dtype=np.float32),
        np.stack(np.gradient(images.fixed)),
        skin_normals(images.outside),
        held.astype(np.float32),
        options.edges if finest else 0.0,
    )
    stiffness, reason = options.curvature, f"{count} steps taken"
    for number in range(count + STEPS_PER_STIFFENING * STIFFENINGS):
        if number >= count and (number - count) % STEPS_PER_STIFFENING == 0:
            if smallest_jacobian(nodes) > SMALLEST_JACOBIAN:
                break
            stiffness *= 4
            reason = f"curvature weight raised to {stiffness:g} against folding"
        report.step(min(1.0, number / count))
        a, b, residual = _normal_equations(images, nodes, parts, options.robust)
        for organ in organs:
            add_organ(organ, nodes, a, b, options.organs)
        penalty = penalty_eigenvalues(nodes.shape[1:], stiffness, options.membrane)
        step = solve(a, b, nodes, penalty, options.solver_iterations)
        nodes = _moved(nodes, np.clip(step, -LARGEST_STEP, LARGEST_STEP), options.diffeomorphic)
    report.end(reason, residual)
    return nodes


def _moved(nodes: Array, step: Array, diffeomorphic: bool) -> Array:
    """Add a step, or put its exponential before the displacement."""
    return composed(exponential(step), nodes) if diffeomorphic else nodes + step


def _normal_equations(
    images: Images, nodes: Array, parts: FixedParts, robust: float
) -> tuple[Array, Array, float]:
    """Return the matrix (6, k, j, i; symmetric 3x3), right side (3, k, j, i) and residual."""
    shape = images.fixed.shape
    where = parts.index + np.stack([upsample(2 * u, shape) for u in nodes])
    warped = ndimage.map_coordinates(images.moving, where, np.float32, order=1, mode="nearest")
    seen = ndimage.map_coordinates(images.moving_seen, where, np.float32, order=1, mode="nearest")
    seen *= images.fixed_seen
    slope = (parts.slope + np.stack(np.gradient(warped))) / 2
    difference = images.fixed - warped
    weight = seen / (1 + (difference / np.float32(robust)) ** 2) ** 2
    if parts.edges:
        weight /= 1 + np.float32(parts.edges) * np.sum(slope**2, axis=0)
    slope = along_normals(slope, parts.skin)
    residual = float(np.mean(weight * difference**2, dtype=np.float64))
    weighted = weight * slope
    a = np.stack([aggregate(weighted[m] * slope[n]) for m, n in PAIRS])
    b = np.stack([aggregate(w * difference) for w in weighted]) / 2
    hold = parts.hold + np.float32(HOLD_WITHOUT_IMAGE) * (1 - block_mean(seen))
    a[:3] += hold
    b -= hold * nodes
    return a, b, residual


def aggregate(array: Array) -> Array:
    """Gather a term of all voxels around each node."""
    return ndimage.gaussian_filter(block_mean(array), 1.0, truncate=2.0)
