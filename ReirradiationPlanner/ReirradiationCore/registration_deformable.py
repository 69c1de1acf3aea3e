"""Deformable step: bend the rigidly matched prior CT until it looks like the reference CT.

The displacement lives on nodes twice as coarse as the image and minimises, by Gauss-Newton steps
from coarse to fine, the robust squared difference of windowed CT values plus a penalty on its
curvature. A curvature penalty carries the movement of edges far into tissue without contrast, and
leaves slow affine change free; where a filter smooths the field instead, the inside of organs lags
behind their surface. What has no counterpart (gas, a new node) is given little weight; bone that
already matches is held; voxels that map outside the prior CT exert no force. Organs contoured in
both courses may guide.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk

from .curvature_solver import half, smallest_jacobian, upsample
from .deformable_steps import SMALLEST_JACOBIAN, DeformableOptions, LevelReport, run_level
from .field_composition import without_folds
from .grids import Grid, Volume
from .organ_terms import OrganTerm, made_alike
from .progress import Progress, silent
from .registration_guidance import GuidedOrgan, terms_of, told_of
from .registration_images import (
    SOFT_HU_OF_UNIT,
    SOFT_VALUE,
    Images,
    body_box,
    lps_box,
    on_one_scale,
    prepare,
    working_grid,
)

Array = npt.NDArray[np.float32]

MARGIN_MM = 12.0
UNLIKE_HU = 40.0


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
    rigid : sitk.Transform
        The rigid transform it was found with.
    smallest_jacobian : float
        Of the displacement on its own nodes; 0 or less means that it folds.
    warnings : tuple of str
        What the user must be told.
    bent : bool
        False where the displacement was left at nought, because none could be relied upon.
    """

    field: sitk.Image
    log: tuple[str, ...]
    stop_reason: str
    rigid: sitk.Transform
    smallest_jacobian: float = 1.0
    warnings: tuple[str, ...] = ()
    bent: bool = True


def register_deformable(
    reference: Volume,
    prior: Volume,
    rigid: sitk.Transform,
    bodies: tuple[Volume, Volume],
    progress: Progress = silent,
    options: DeformableOptions | None = None,
    guidance: Sequence[GuidedOrgan] = (),
) -> DeformableMatch:
    """Find the displacement field that comes before the rigid transform.

    An offset of the HU of a whole CT is taken off first. Where the HU differ all over the body and
    no such offset explains it, the displacement stays nought: it would be driven by the HU.

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
    guidance : sequence of GuidedOrgan
        Organs whose contours steer.

    Raises
    ------
    RegistrationError
        An organ that cannot guide.

    References
    ----------
    Fischer and Modersitzki, J Math Imaging Vis 18:81 (2003), for the curvature penalty.
    Geman and McClure, Bull Int Stat Inst 52:5 (1987), for the weight of voxels
    without a counterpart.
    """
    options = options or DeformableOptions()
    progress("Deformable registration", 0.0)
    finest_mm = max(options.spacing_mm, min(reference.grid.spacing_mm))
    multiple = 2 ** len(options.iterations)
    grid = working_grid(body_box(bodies[0], MARGIN_MM), finest_mm, options.most_voxels, multiple)
    alike, offset = on_one_scale((reference, prior), bodies, rigid)
    images, said = prepare(grid, alike, bodies, rigid)
    offsets = (offset,) if offset else ()
    unlike = _unlike(images)
    if unlike:
        return _unbent(reference.grid, grid, rigid, (said, *offsets), unlike)
    seen = images.fixed_seen, images.moving_seen
    organs = terms_of(guidance, grid, rigid, (reference, prior), seen, multiple)
    told, remarks = told_of(organs, grid)
    log = [*offsets, said, *told]
    nodes, reason = run_levels(images, organs, grid, options, progress, log)
    nodes, warnings = calmed(nodes, log)
    return DeformableMatch(
        field_image(nodes, grid, reference.grid),
        tuple(log),
        reason,
        rigid,
        smallest_jacobian(nodes),
        offsets + remarks + warnings,
    )


def _unbent(
    reference: Grid, grid: Grid, rigid: sitk.Transform, log: tuple[str, ...], why: str
) -> DeformableMatch:
    """Return the rigid map, as a displacement of nought."""
    nodes = np.zeros((3, *half(grid.shape)), dtype=np.float32)
    return DeformableMatch(
        field_image(nodes, grid, reference),
        (*log, why),
        "no deformation: the HU of the CTs differ all over the body, the rigid map is kept",
        rigid,
        warnings=(why,),
        bent=False,
    )


def _unlike(images: Images) -> str:
    """Say that the HU of two CTs differ all over the body; empty where they do not."""
    inside = (images.outside < 0.5) & (images.fixed_seen > 0.5) & (images.moving_seen > 0.5)
    inside &= (images.fixed > SOFT_VALUE) & (images.moving > SOFT_VALUE)
    if not inside.any():
        return ""
    differ_hu = SOFT_HU_OF_UNIT * float(np.median(images.moving[inside] - images.fixed[inside]))
    if abs(differ_hu) < UNLIKE_HU:
        return ""
    return (
        f"the HU of the prior CT differ by {differ_hu:+.0f} HU from those of the reference CT all "
        "over the body, and no peaks of fat and muscle tell by how much to move them: nothing was "
        "deformed, the rigid map is kept; check rescale slope, intercept and calibration of both"
    )


def run_levels(
    images: Images,
    organs: Sequence[OrganTerm],
    grid: Grid,
    options: DeformableOptions,
    progress: Progress,
    log: list[str],
    hold: Array | None = None,
) -> tuple[Array, str]:
    """Return the displacement on nodes after all levels, and why the last one ended.

    Parameters
    ----------
    hold : ndarray, optional
        Further weight at the nodes of the finest level that draws the displacement to nought.
    """
    levels = [(made_alike(images, organs), list(organs), hold)]
    for _ in options.iterations[1:]:
        finer, terms, held = levels[-1]
        held = None if held is None else held[::2, ::2, ::2]
        levels.append((finer.halved(), [term.halved() for term in terms], held))
    levels.reverse()
    nodes = np.zeros((3, *half(levels[0][0].fixed.shape)), dtype=np.float32)
    for number, (level, terms, held) in enumerate(levels):
        if number:
            nodes = np.stack([upsample(2 * u, half(level.fixed.shape)) for u in nodes])
        spacing = grid.spacing_mm[0] * 2 ** (len(levels) - 1 - number)
        report = LevelReport(progress, log, (number, len(levels)), spacing)
        nodes = run_level(level, terms, nodes, options, report, held)
    return nodes, report.reason


def calmed(nodes: Array, log: list[str]) -> tuple[Array, tuple[str, ...]]:
    """Smooth where the field still folds; say so, and warn where a fold is left."""
    nodes, rounds = without_folds(nodes, SMALLEST_JACOBIAN)
    if not rounds:
        return nodes, ()
    left = smallest_jacobian(nodes)
    said = f"smoothed {rounds} times around folds, smallest Jacobian now {left:.2f}"
    log.append(said)
    if left > 0:
        return nodes, ()
    return nodes, (f"the deformation folds (smallest Jacobian {left:.2f}): do not use it there",)


def field_image(nodes: Array, grid: Grid, reference: Grid) -> sitk.Image:
    """Return displacements in mm on the nodes, continued over the whole reference image.

    Parameters
    ----------
    nodes : ndarray, shape (3, k, j, i)
        In units of the node spacing, which is twice that of ``grid``.
    """
    spacing = 2 * grid.spacing_mm[0]
    first = np.array(grid.origin_lps) + grid.spacing_mm[0] / 2
    low, high = lps_box(reference)
    last = first + (np.array(nodes.shape[:0:-1]) - 1) * spacing
    before = np.maximum(0, np.ceil((first - low) / spacing)).astype(int)
    after = np.maximum(0, np.ceil((high - last) / spacing)).astype(int)
    pads = [(0, 0), *zip(before[::-1].tolist(), after[::-1].tolist(), strict=True)]
    padded = np.pad(nodes, pads, mode="edge")[::-1] * np.float64(spacing)
    return vector_image(padded, spacing, first - before * spacing)


def vector_image(
    components: npt.NDArray[np.float64], spacing_mm: float, origin_lps: npt.NDArray[np.float64]
) -> sitk.Image:
    """Return an image of vectors from components (3, k, j, i) in order x, y, z."""
    array = np.ascontiguousarray(np.moveaxis(components, 0, -1))
    image = sitk.GetImageFromArray(array, isVector=True)
    image.SetSpacing((float(spacing_mm),) * 3)
    image.SetOrigin(origin_lps.tolist())
    return image
