"""Deformable step: bend the rigidly matched prior CT until it looks like the reference CT.

The displacement lives on nodes twice as coarse as the image and minimises, by Gauss-Newton steps
from coarse to fine, the robust squared difference of windowed CT values plus a penalty on its
curvature. A curvature penalty carries the movement of edges far into tissue without contrast, and
leaves slow affine change free; where a filter smooths the field instead, the inside of organs lags
behind their surface. What has no counterpart (gas, a new node) is given little weight; bone that
already matches is held; voxels that map outside the prior CT exert no force.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk
from scipy import fft, ndimage

from .body_mask import shrink
from .curvature_solver import (
    block_mean,
    half,
    penalty_eigenvalues,
    smallest_jacobian,
    solve,
    upsample,
)
from .grids import Grid, Volume
from .progress import Progress, silent
from .registration_rigid import lps_grid

Array = npt.NDArray[np.float32]

# Soft tissue from -150 to 150 HU gets most of the range; the unit is about 37 HU of it.
WINDOW_HU = (-200.0, -150.0, 150.0, 1000.0)
WINDOW_VALUES = (0.0, 1.0, 9.0, 14.0)
BONE_HU = 200.0
BONE_NEIGHBOURHOOD_MM = 10.0
BONE_OVERLAP = (0.93, 0.98)
MARGIN_MM = 12.0
SMOOTHING_VOXELS = 0.5
OUTSIDE_HU = -5000.0
UNSEEN_HU = -1200.0  # below air: outside the image, or padding around the field of view
LARGEST_STEP = 1.0
HOLD_WITHOUT_IMAGE = 1e-3
SMALLEST_JACOBIAN = 0.05
STIFFENINGS = 3


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
    """

    spacing_mm: float = 2.0
    most_voxels: int = 4_000_000
    iterations: tuple[int, ...] = (8, 8, 6)
    solver_iterations: int = 20
    curvature: float = 0.07
    membrane: float = 0.001
    bone: float = 0.5
    robust: float = 1.5


@dataclass(frozen=True, eq=False)
class DeformableMatch:
    """A displacement field and how it was found.

    Parameters
    ----------
    field : sitk.Image
        Displacements (LPS, mm, float64) over the whole reference image, applied before the rigid
        transform.
    log : tuple of str
        One line per level.
    stop_reason : str
        Why the last level ended.
    """

    field: sitk.Image
    log: tuple[str, ...]
    stop_reason: str


class _Images(NamedTuple):
    """Both images on one grid, the prior brought there by the rigid transform."""

    fixed: Array
    moving: Array
    fixed_seen: Array
    moving_seen: Array
    bone: Array


def register_deformable(
    reference: Volume,
    prior: Volume,
    rigid: sitk.Transform,
    bodies: tuple[Volume, Volume],
    progress: Progress = silent,
    options: DeformableOptions | None = None,
) -> DeformableMatch:
    """Find the displacement field that comes before the rigid transform.

    Parameters
    ----------
    reference, prior : Volume
        CT in HU.
    rigid : sitk.Transform
        Maps points of the reference to the prior image, LPS, mm.
    bodies : tuple of Volume
        Masks of both bodies (`body_mask.body_mask`).
    progress : Progress
        May raise `CancelledError`.

    References
    ----------
    Fischer and Modersitzki, J Math Imaging Vis 18:81 (2003), for the curvature penalty.
    Geman and McClure, Bull Int Stat Inst 52:5 (1987), for the weight of voxels
    without a counterpart.
    """
    options = options or DeformableOptions()
    grid = _working_grid(reference.grid, bodies[0], options)
    finest = _prepare(grid, (reference, prior), bodies, rigid)
    levels = [finest]
    for _ in options.iterations[1:]:
        levels.append(_Images(*(block_mean(a) for a in levels[-1])))
    levels.reverse()
    log: list[str] = []
    nodes = np.zeros((3, *half(levels[0].fixed.shape)), dtype=np.float32)
    for number, images in enumerate(levels):
        if number:
            nodes = np.stack([upsample(2 * u, half(images.fixed.shape)) for u in nodes])
        spacing = grid.spacing_mm[0] * 2 ** (len(levels) - 1 - number)
        report = _Report(progress, log, (number, len(levels)), spacing)
        nodes = _level(images, nodes, options, report)
    return DeformableMatch(_field_image(nodes, grid, reference.grid), tuple(log), report.reason)


def _working_grid(grid: Grid, body: Volume, options: DeformableOptions) -> Grid:
    """Return the box of the body with a margin, at the finest spacing that stays affordable."""
    inside = np.argwhere(body.array)[:, ::-1]
    corners = np.array(np.meshgrid(*zip(inside.min(axis=0), inside.max(axis=0), strict=True)))
    points = body.grid.points_at(corners.reshape(3, -1).T)
    whole = lps_grid(grid, body.grid.spacing_mm[0])
    start, extent = whole.box_mm()
    low = np.maximum(points.min(axis=0) - MARGIN_MM, start + whole.origin_lps)
    high = np.minimum(points.max(axis=0) + MARGIN_MM, start + extent + whole.origin_lps)
    affordable = float(np.prod(high - low) / options.most_voxels) ** (1 / 3)
    spacing = max(options.spacing_mm, min(grid.spacing_mm), np.ceil(affordable * 4) / 4)
    eighths = np.ceil((high - low) / spacing / 8).astype(int).tolist()
    size = 8 * np.array([fft.next_fast_len(n, real=True) for n in eighths])
    origin = (low + high) / 2 - (size - 1) * spacing / 2
    return Grid(tuple(size.tolist()), (float(spacing),) * 3, tuple(origin.tolist()))


def _prepare(
    grid: Grid,
    images: tuple[Volume, Volume],
    bodies: tuple[Volume, Volume],
    rigid: sitk.Transform,
) -> _Images:
    identity = sitk.Transform(3, sitk.sitkIdentity)
    windowed, bones, covered = [], [], []
    for image, body, transform in zip(images, bodies, (identity, rigid), strict=True):
        hu = _on_grid(shrink(image, grid.spacing_mm[0]).to_sitk(), grid, transform, OUTSIDE_HU)
        near_body = _on_grid(body.to_sitk(), grid, transform, 0.0) > 0.02
        covered.append(hu > UNSEEN_HU)
        bones.append((near_body & (hu > BONE_HU)).astype(np.float32))
        windowed.append(np.interp(hu, WINDOW_HU, WINDOW_VALUES).astype(np.float32) * near_body)
    fixed = np.where(covered[0], windowed[0], windowed[1])
    moving = np.where(covered[1], windowed[1], fixed)
    seen = [ndimage.binary_erosion(c, border_value=1).astype(np.float32) for c in covered]
    matched = _matched_bone(bones[0], bones[1], BONE_NEIGHBOURHOOD_MM / grid.spacing_mm[0])
    smooth = [ndimage.gaussian_filter(values, SMOOTHING_VOXELS) for values in (fixed, moving)]
    return _Images(smooth[0], smooth[1], seen[0], seen[1], matched)


def _on_grid(image: sitk.Image, grid: Grid, transform: sitk.Transform, outside: float) -> Array:
    out = sitk.Resample(
        sitk.Cast(image, sitk.sitkFloat32), grid.size, transform, sitk.sitkLinear,
        grid.origin_lps, grid.spacing_mm, grid.direction, outside, sitk.sitkFloat32, False,
    )  # fmt: skip
    return sitk.GetArrayFromImage(out)


def _matched_bone(fixed: Array, moving: Array, sigma: float) -> Array:
    """Bone of both images (0..1) where their overlap nearby (Dice) shows that it is in place."""
    both = fixed * moving
    smooth = [ndimage.gaussian_filter(a, sigma, truncate=3.0) for a in (both, fixed, moving)]
    overlap = 2 * smooth[0] / (smooth[1] + smooth[2] + np.float32(1e-3))
    low, high = BONE_OVERLAP
    return both * np.clip((overlap - low) / (high - low), 0, 1).astype(np.float32)


class _Report:
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


def _level(images: _Images, nodes: Array, options: DeformableOptions, report: _Report) -> Array:
    """Take Gauss-Newton steps until they are small, then stiffen the field if it folds."""
    count = options.iterations[report.number]
    index = np.indices(images.fixed.shape, dtype=np.float32)
    slope = np.stack(np.gradient(images.fixed))
    hold = options.bone * block_mean(images.bone)
    stiffness, reason = options.curvature, f"{count} steps taken"
    for number in range(count + 3 * STIFFENINGS):
        if number >= count and (number - count) % 3 == 0:
            if smallest_jacobian(nodes) > SMALLEST_JACOBIAN:
                break
            stiffness *= 4
            reason = f"curvature weight raised to {stiffness:g} against folding"
        report.step(min(1.0, number / count))
        a, b, residual = _normal_equations(images, nodes, (index, slope, hold), options.robust)
        penalty = penalty_eigenvalues(nodes.shape[1:], stiffness, options.membrane)
        step = solve(a, b, nodes, penalty, options.solver_iterations)
        nodes = nodes + np.clip(step, -LARGEST_STEP, LARGEST_STEP)
    report.end(reason, residual)
    return nodes


def _normal_equations(
    images: _Images, nodes: Array, fixed_parts: tuple[Array, Array, Array], robust: float
) -> tuple[Array, Array, float]:
    """Return the matrix (6, k, j, i; symmetric 3x3), right side (3, k, j, i) and residual."""
    index, slope, hold = fixed_parts
    shape = images.fixed.shape
    where = index + np.stack([upsample(2 * u, shape) for u in nodes])
    warped = ndimage.map_coordinates(images.moving, where, np.float32, order=1, mode="nearest")
    seen = ndimage.map_coordinates(images.moving_seen, where, np.float32, order=1, mode="nearest")
    seen *= images.fixed_seen
    slope = (slope + np.stack(np.gradient(warped))) / 2
    difference = images.fixed - warped
    weight = seen / (1 + (difference / np.float32(robust)) ** 2) ** 2
    residual = float(np.mean(weight * difference**2, dtype=np.float64))
    weighted = weight * slope
    pairs = ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2))
    a = np.stack([_aggregate(weighted[m] * slope[n]) for m, n in pairs])
    b = np.stack([_aggregate(w * difference) for w in weighted]) / 2
    hold = hold + np.float32(HOLD_WITHOUT_IMAGE) * (1 - block_mean(seen))
    a[:3] += hold
    b -= hold * nodes
    return a, b, residual


def _aggregate(array: Array) -> Array:
    """Gather a term of all voxels around each node."""
    return ndimage.gaussian_filter(block_mean(array), 1.0, truncate=2.0)


def _field_image(nodes: Array, grid: Grid, reference: Grid) -> sitk.Image:
    """Return displacements in mm on the nodes, continued over the whole reference image."""
    spacing = 2 * grid.spacing_mm[0]
    first = np.array(grid.origin_lps) + grid.spacing_mm[0] / 2
    whole = lps_grid(reference, spacing)
    start, extent = whole.box_mm()
    low = start + np.array(whole.origin_lps)
    last = first + (np.array(nodes.shape[:0:-1]) - 1) * spacing
    before = np.maximum(0, np.ceil((first - low) / spacing)).astype(int)
    after = np.maximum(0, np.ceil((low + extent - last) / spacing)).astype(int)
    pads = [(0, 0), *zip(before[::-1].tolist(), after[::-1].tolist(), strict=True)]
    padded = np.pad(nodes, pads, mode="edge")[::-1] * np.float64(spacing)
    image = sitk.GetImageFromArray(np.ascontiguousarray(np.moveaxis(padded, 0, -1)), isVector=True)
    image.SetSpacing((spacing,) * 3)
    image.SetOrigin((first - before * spacing).tolist())
    return image
