"""Rigid step: six degrees of freedom from the bodies and bones of two CTs.

Several starts (best overlap of intensities, best overlap of bone, centres of the bodies) are each
refined coarsely with Mattes mutual information inside the bodies; the best goes on to finer levels
and is at last settled on bone. Sampling is exhaustive. The last bits of Mattes mutual information
depend on the order in which threads add, so its results are rounded (a ten-thousandth of a
millimetre) before the next level: the outcome is the same bit for bit on every run.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk

from .body_mask import body_mask, resample
from .errors import CancelledError, RegistrationError
from .grids import Grid, Volume
from .progress import Progress, silent
from .registration_checks import rotation_degrees

SEARCH_MM = 8.0
LEVELS_MM = (6.0, 4.0)
BONE_MM = 3.0
BONE_HU = 180.0
BONE_MARGIN_MM = 6.0
SMALLEST_BONE_CC = 100.0
WINDOW_HU = (-200.0, 700.0)
SMALLEST_OVERLAP = 0.25
DISTINCT_MM = 15.0


@dataclass(frozen=True, eq=False)
class RigidMatch:
    """A rigid transform and how it was found.

    Parameters
    ----------
    transform : sitk.Euler3DTransform
        Maps points of the reference image to the prior image, LPS, mm.
    log : tuple of str
        One line per start and level.
    stop_reason : str
        What the optimiser of the last level said.
    """

    transform: sitk.Euler3DTransform
    log: tuple[str, ...]
    stop_reason: str


class _Level(NamedTuple):
    """Both images and their masks at one spacing."""

    fixed: sitk.Image
    moving: sitk.Image
    fixed_mask: sitk.Image
    moving_mask: sitk.Image


def lps_grid(grid: Grid, spacing_mm: float) -> Grid:
    """Return an even grid along the axes of LPS over the box of another grid."""
    start, extent = grid.box_mm()
    corners = np.array(np.meshgrid(*zip(start, start + extent, strict=True))).reshape(3, -1).T
    corners = corners @ grid.axes.T + np.array(grid.origin_lps)
    low, high = corners.min(axis=0), corners.max(axis=0)
    size = np.maximum(1, np.ceil((high - low) / spacing_mm - 1e-6)).astype(int)
    origin = (low + high) / 2 - (size - 1) * spacing_mm / 2
    return Grid(tuple(size.tolist()), (float(spacing_mm),) * 3, tuple(origin.tolist()))


def register_rigid(
    reference: Volume,
    prior: Volume,
    bodies: tuple[Volume, Volume] | None = None,
    progress: Progress = silent,
) -> RigidMatch:
    """Find the rigid transform that takes points of the reference CT to the prior CT.

    Parameters
    ----------
    reference, prior : Volume
        CT in HU; grids may differ in spacing, field of view and orientation.
    bodies : tuple of Volume, optional
        Masks from `body_mask.body_mask`; made here if absent.
    progress : Progress
        May raise `CancelledError`.

    Raises
    ------
    RegistrationError
        The optimiser failed from every start.
    CancelledError
        The user stopped the step.

    References
    ----------
    Mattes et al., IEEE Trans Med Imaging 22:120 (2003), for the metric. Padfield, IEEE Trans Image
    Process 21:2706 (2012), for masked correlation, which gives the starts.
    """
    bodies = bodies or (body_mask(reference), body_mask(prior))
    log: list[str] = []
    progress("Finding a rigid start", 0.0)
    search = _level(reference, prior, bodies, SEARCH_MM)
    center = _centroid(search.fixed_mask)
    matches = []
    starts = _starts(search, center)
    for number, (name, start) in enumerate(starts):
        report = _part(progress, 0.1 + 0.4 * number / len(starts), 0.4 / len(starts))
        found = _try(_mutual_information(search, 2.0, 60), start, search, report)
        log.append(f"start from {name}: {_describe(found)}")
        if found is not None:
            matches.append(found)
    if not matches:
        msg = "the rigid registration found no overlap of the two CTs; check the pair of images"
        raise RegistrationError(msg)
    best, value, reason = min(matches, key=lambda match: match[1])
    for number, spacing in enumerate(LEVELS_MM):
        level = _level(reference, prior, bodies, spacing)
        report = _part(progress, 0.5 + 0.15 * number, 0.15)
        found = _try(_mutual_information(level, 1.0, 80), best, level, report)
        log.append(f"mutual information at {spacing:g} mm: {_describe(found)}")
        best, value, reason = found or (best, value, reason)
    best, reason = _settle_on_bone(reference, prior, bodies, (best, reason), progress, log)
    progress("Rigid registration", 1.0)
    return RigidMatch(best, tuple(log), reason)


def _level(
    reference: Volume, prior: Volume, bodies: tuple[Volume, Volume], spacing_mm: float
) -> _Level:
    images, masks = [], []
    spacing_mm = max(spacing_mm, *(min(image.grid.spacing_mm) for image in (reference, prior)))
    for image, body in zip((reference, prior), bodies, strict=True):
        grid = lps_grid(image.grid, spacing_mm)
        volume = resample(image, grid)
        images.append(Volume(np.clip(volume.array, *WINDOW_HU), grid).to_sitk())
        inside = resample(body, grid, outside=0.0).array > 0.5
        masks.append(Volume(inside.astype(np.uint8), grid).to_sitk())
    return _Level(images[0], images[1], masks[0], masks[1])


def _centroid(mask: sitk.Image) -> npt.NDArray[np.float64]:
    index = np.argwhere(sitk.GetArrayViewFromImage(mask))[:, ::-1].mean(axis=0)
    return np.array(mask.TransformContinuousIndexToPhysicalPoint(index.tolist()))


def _starts(
    level: _Level, center: npt.NDArray[np.float64]
) -> list[tuple[str, sitk.Euler3DTransform]]:
    """Return named starting transforms that differ by at least 15 mm, best guesses first."""
    bone = [_bone(level.fixed, level.fixed_mask), _bone(level.moving, level.moving_mask)]
    shifts = [
        ("overlap of intensities", _best_shift(level.fixed, level.moving, level)),
        ("overlap of bone", _best_shift(bone[0], bone[1], level)),
        ("centres of the bodies", _centroid(level.moving_mask) - center),
    ]
    kept: list[tuple[str, npt.NDArray[np.float64]]] = []
    for name, shift in shifts:
        if shift is not None and all(np.linalg.norm(shift - s) > DISTINCT_MM for _, s in kept):
            kept.append((name, shift))
    return [
        (name, sitk.Euler3DTransform(center.tolist(), 0.0, 0.0, 0.0, shift.tolist()))
        for name, shift in kept
    ]


def _bone(image: sitk.Image, mask: sitk.Image) -> sitk.Image:
    bone = sitk.Clamp(image, sitk.sitkFloat32, BONE_HU - 80.0, WINDOW_HU[1])
    return sitk.Mask(bone, mask, BONE_HU - 80.0)


def _best_shift(
    fixed: sitk.Image, moving: sitk.Image, level: _Level
) -> npt.NDArray[np.float64] | None:
    """Return the shift (mm) of best masked correlation, None for an image without contrast."""
    if any(np.ptp(sitk.GetArrayViewFromImage(image)) == 0 for image in (fixed, moving)):
        return None
    at_zero = [sitk.Cast(i, sitk.sitkFloat32) for i in (fixed, moving, *level[2:])]
    for image in at_zero:
        image.SetOrigin((0.0, 0.0, 0.0))
    correlation = sitk.MaskedFFTNormalizedCorrelation(*at_zero, 0, SMALLEST_OVERLAP)
    values = sitk.GetArrayViewFromImage(correlation)
    peak = np.array(np.unravel_index(int(np.argmax(values)), values.shape))[::-1]
    steps = peak - (np.array(moving.GetSize()) - 1)
    between_origins = np.array(moving.GetOrigin()) - np.array(fixed.GetOrigin())
    return between_origins - steps * np.array(fixed.GetSpacing())


def _method(level: _Level, step_mm: float, iterations: int) -> sitk.ImageRegistrationMethod:
    method = sitk.ImageRegistrationMethod()
    method.SetNumberOfThreads(1)
    method.SetMetricSamplingStrategy(method.NONE)
    method.SetMetricFixedMask(level.fixed_mask)
    method.SetMetricMovingMask(level.moving_mask)
    method.SetInterpolator(sitk.sitkLinear)
    method.SetOptimizerAsRegularStepGradientDescent(step_mm, 0.005, iterations, 0.6, 1e-6)
    method.SetOptimizerScalesFromPhysicalShift()
    return method


def _mutual_information(
    level: _Level, step_mm: float, iterations: int
) -> sitk.ImageRegistrationMethod:
    method = _method(level, step_mm, iterations)
    method.SetMetricAsMattesMutualInformation(40)
    return method


def _settle_on_bone(
    reference: Volume,
    prior: Volume,
    bodies: tuple[Volume, Volume],
    match: tuple[sitk.Euler3DTransform, str],
    progress: Progress,
    log: list[str],
) -> tuple[sitk.Euler3DTransform, str]:
    """Refine on bone and its surroundings, where there is enough of it in the reference CT."""
    level = _level(reference, prior, bodies, BONE_MM)
    bone = (level.fixed > BONE_HU) & level.fixed_mask
    voxel_cc = float(np.prod(bone.GetSpacing())) / 1000
    volume_cc = np.count_nonzero(sitk.GetArrayViewFromImage(bone)) * voxel_cc
    if volume_cc < SMALLEST_BONE_CC:
        log.append(f"bone not used: {volume_cc:.0f} cc in the reference CT")
        return match
    near = sitk.SignedMaurerDistanceMap(bone, False, False, True) < BONE_MARGIN_MM
    level = _Level(level.fixed, level.moving, sitk.And(near, level.fixed_mask), level.moving_mask)
    method = _method(level, 0.5, 40)
    method.SetMetricAsCorrelation()
    found = _try(method, match[0], level, _part(progress, 0.8, 0.2))
    log.append(f"bone at {BONE_MM:g} mm: {_describe(found)}")
    return match if found is None else (found[0], found[2])


def _part(progress: Progress, start: float, share: float) -> Callable[[float], None]:
    return lambda done: progress("Rigid registration", start + share * done)


def _try(
    method: sitk.ImageRegistrationMethod,
    start: sitk.Euler3DTransform,
    level: _Level,
    report: Callable[[float], None],
) -> tuple[sitk.Euler3DTransform, float, str] | None:
    """Run one optimisation; None where the metric cannot be computed from this start."""
    transform = sitk.Euler3DTransform(start)
    method.SetInitialTransform(transform, inPlace=True)
    cancelled: list[CancelledError] = []

    def watch() -> None:
        try:
            report(min(1.0, method.GetOptimizerIteration() / 80))
        except CancelledError as error:
            cancelled.append(error)
            method.StopRegistration()

    method.AddCommand(sitk.sitkIterationEvent, watch)
    try:
        method.Execute(level.fixed, level.moving)
    except RuntimeError:
        if cancelled:
            raise cancelled[0] from None
        return None
    if cancelled:
        raise cancelled[0]
    return (
        _rounded(transform),
        method.GetMetricValue(),
        method.GetOptimizerStopConditionDescription(),
    )


def _rounded(transform: sitk.Euler3DTransform) -> sitk.Euler3DTransform:
    """Round angles to 1e-6 rad and shifts to 1e-4 mm, far below what can be measured."""
    angles, shift = np.split(np.array(transform.GetParameters()), 2)
    transform.SetParameters([*np.round(angles, 6).tolist(), *np.round(shift, 4).tolist()])
    return transform


def _describe(found: tuple[sitk.Euler3DTransform, float, str] | None) -> str:
    if found is None:
        return "no overlap"
    matrix = np.array(found[0].GetMatrix()).reshape(3, 3)
    angle, shift = rotation_degrees(matrix), np.round(found[0].GetTranslation(), 2)
    return f"metric {found[1]:.4f}, rotation {angle:.2f} deg, shift {shift} mm"
