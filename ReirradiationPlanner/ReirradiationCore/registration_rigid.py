"""Rigid step: six degrees of freedom from the bodies and bones of two CTs.

Several starts (`registration_starts`) are each refined coarsely with Mattes mutual information
inside the bodies; the best goes on to a finer level and is at last settled on bone, or on finer
mutual information where there is too little bone. Every voxel inside the masks counts, around bone
every second one. Results are rounded (a ten-thousandth of a millimetre) before the next level: the
outcome is the same bit for bit on every run.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk

from .body_mask import body_mask, resample
from .errors import CancelledError, RegistrationError
from .grids import Volume
from .mask_box import mask_box
from .progress import Progress, silent
from .registration_checks import rotation_degrees
from .registration_images import lps_grid
from .registration_likeness import require_region_when_turned, require_same_region
from .registration_starts import (
    BONE_HU,
    Level,
    Start,
    StartChoice,
    centroid,
    starts_of,
    turned_starts,
)

SEARCH_MM = 8.0
TURNED_MM = 12.0
FINER_MM = 6.0
WITHOUT_BONE_MM = 4.0
BONE_MM = 3.0
BONE_MARGIN_MM = 6.0
SMALLEST_BONE_CC = 100.0
WINDOW_HU = (-200.0, 700.0)
BETTER_CORRELATION = 0.05
BETTER_INFORMATION = 1.1

Match = tuple[sitk.Euler3DTransform, float, str]


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
    start : str
        Name of the start that was best.
    warnings : tuple of str
        What the user must be told.
    """

    transform: sitk.Euler3DTransform
    log: tuple[str, ...]
    stop_reason: str
    start: str = ""
    warnings: tuple[str, ...] = ()


def register_rigid(
    reference: Volume,
    prior: Volume,
    bodies: tuple[Volume, Volume] | None = None,
    progress: Progress = silent,
    choice: StartChoice | None = None,
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
    choice : StartChoice, optional
        Where to begin; by default several starts, of which the best is kept.

    Raises
    ------
    RegistrationError
        The optimiser failed from every start, a start that cannot be used, a prior CT that fits
        only when turned by half a turn, or CTs that do not show the same region.
    CancelledError
        The user stopped the step.

    References
    ----------
    Mattes et al., IEEE Trans Med Imaging 22:120 (2003), for the metric.
    """
    bodies = bodies or (body_mask(reference), body_mask(prior))
    choice = choice or StartChoice()
    log: list[str] = []
    progress("Finding a rigid start", 0.0)
    search = _level(reference, prior, bodies, SEARCH_MM)
    center = centroid(search.fixed_mask)
    start, match = _best_start(search, starts_of(search, center, choice), progress, log)
    if choice.given is None:
        turned = _level(reference, prior, bodies, TURNED_MM)
        _require_upright(search, turned, center, match, progress)
    finer = _level(reference, prior, bodies, FINER_MM)
    match = _finer(finer, FINER_MM, match, _part(progress, 0.5, 0.2), log)
    information = -match[1]
    match, bone = _settle(reference, prior, bodies, match, progress, log)
    said = require_same_region(information, bone)
    progress("Rigid registration", 1.0)
    return RigidMatch(match[0], tuple(log), match[2], start, said)


def _best_start(
    level: Level, starts: Sequence[Start], progress: Progress, log: list[str]
) -> tuple[str, Match]:
    """Refine every start coarsely and return the name and the match of the best."""
    matches: list[tuple[str, Match]] = []
    for number, (name, start) in enumerate(starts):
        report = _part(progress, 0.1 + 0.4 * number / len(starts), 0.4 / len(starts))
        found = _try(_mutual_information(level, 2.0, 60), start, level, report)
        log.append(f"start from {name}: {_describe(found)}")
        if found is not None:
            matches.append((name, found))
    if not matches:
        msg = "the rigid registration found no overlap of the two CTs; check the pair of images"
        raise RegistrationError(msg)
    name, best = min(matches, key=lambda match: match[1][1])
    log.append(f"best start: {name}")
    return name, best


def _finer(
    level: Level, spacing_mm: float, match: Match, report: Callable[[float], None], log: list[str]
) -> Match:
    """Go on with mutual information at another spacing."""
    found = _try(_mutual_information(level, 1.0, 80), match[0], level, report)
    log.append(f"mutual information at {spacing_mm:g} mm: {_describe(found)}")
    return found or match


def _require_upright(
    level: Level,
    rough: Level,
    center: npt.NDArray[np.float64],
    match: Match,
    progress: Progress,
) -> None:
    """Refuse a prior CT that fits distinctly better after half a turn."""
    found: list[tuple[str, Match]] = []
    for name, start in turned_starts(rough, center, BETTER_CORRELATION):
        method = _mutual_information(level, 2.0, 60)
        turned = _try(method, start, level, _part(progress, 0.5, 0.0))
        if turned is not None and turned[1] < BETTER_INFORMATION * match[1]:
            found.append((name, turned))
    if found:
        name, best = min(found, key=lambda one: one[1][1])
        require_region_when_turned(-match[1], -best[1])
        msg = (
            f"the prior CT fits the reference CT only after half a turn about {name}: mutual "
            f"information {-best[1]:.2f} against {-match[1]:.2f} as the files have it; Patient "
            "Position or orientation of one CT is wrong: correct it where the CT was exported, or "
            "give a checked transform"
        )
        raise RegistrationError(msg)


def _level(
    reference: Volume, prior: Volume, bodies: tuple[Volume, Volume], spacing_mm: float
) -> Level:
    images, masks = [], []
    spacing_mm = max(spacing_mm, *(min(image.grid.spacing_mm) for image in (reference, prior)))
    for image, body in zip((reference, prior), bodies, strict=True):
        grid = lps_grid(image.grid, spacing_mm)
        values = np.clip(resample(image, grid).array, *WINDOW_HU)
        images.append(Volume(values, grid).to_sitk())
        inside = resample(body, grid, outside=0.0).array > 0.5
        masks.append(Volume(inside.astype(np.uint8), grid).to_sitk())
    return Level(images[0], images[1], masks[0], masks[1])


def _method(level: Level, step_mm: float, iterations: int) -> sitk.ImageRegistrationMethod:
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
    level: Level, step_mm: float, iterations: int
) -> sitk.ImageRegistrationMethod:
    method = _method(level, step_mm, iterations)
    method.SetMetricAsMattesMutualInformation(40)
    return method


def _settle(
    reference: Volume,
    prior: Volume,
    bodies: tuple[Volume, Volume],
    match: Match,
    progress: Progress,
    log: list[str],
) -> tuple[Match, float | None]:
    """Refine on bone and its surroundings, where there is enough of it in the reference CT.

    Returns the last match, and the squared correlation there; None without enough bone.
    """
    report = _part(progress, 0.7, 0.3)
    level = _level(reference, prior, bodies, BONE_MM)
    bone = (level.fixed > BONE_HU) & level.fixed_mask
    voxel_cc = float(np.prod(bone.GetSpacing())) / 1000
    volume_cc = np.count_nonzero(sitk.GetArrayViewFromImage(bone)) * voxel_cc
    if volume_cc < SMALLEST_BONE_CC:
        log.append(f"bone not used: {volume_cc:.0f} cc in the reference CT")
        level = _level(reference, prior, bodies, WITHOUT_BONE_MM)
        return _finer(level, WITHOUT_BONE_MM, match, report, log), None
    level = _around_bone(level, bone)
    method = _method(level, 0.5, 40)
    method.SetMetricAsCorrelation()
    found = _try(method, match[0], level, report)
    log.append(f"bone at {BONE_MM:g} mm: {_describe(found)}")
    return (match, 0.0) if found is None else (found, -found[1])


def _around_bone(level: Level, bone: sitk.Image) -> Level:
    """Cut the reference to every second voxel on and near bone."""
    near = sitk.SignedMaurerDistanceMap(bone, False, False, True) < BONE_MARGIN_MM
    mask = sitk.GetArrayFromImage(near & level.fixed_mask)
    mask *= (np.indices(mask.shape).sum(axis=0) % 2 == 0).astype(mask.dtype)
    used = sitk.GetImageFromArray(mask)
    used.CopyInformation(bone)
    box = mask_box(mask)[::-1]
    return Level(level.fixed[box], level.moving, used[box], level.moving_mask)


def _part(progress: Progress, start: float, share: float) -> Callable[[float], None]:
    return lambda done: progress("Rigid registration", start + share * done)


def _try(
    method: sitk.ImageRegistrationMethod,
    start: sitk.Euler3DTransform,
    level: Level,
    report: Callable[[float], None],
) -> Match | None:
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
    reason = method.GetOptimizerStopConditionDescription()
    return _rounded(transform), method.GetMetricValue(), reason


def _rounded(transform: sitk.Euler3DTransform) -> sitk.Euler3DTransform:
    """Round angles to 1e-6 rad and shifts to 1e-4 mm, far below what can be measured."""
    angles, shift = np.split(np.array(transform.GetParameters()), 2)
    transform.SetParameters([*np.round(angles, 6).tolist(), *np.round(shift, 4).tolist()])
    return transform


def _describe(found: Match | None) -> str:
    if found is None:
        return "no overlap"
    matrix = np.array(found[0].GetMatrix()).reshape(3, 3)
    angle, shift = rotation_degrees(matrix), np.round(found[0].GetTranslation(), 2)
    return f"metric {found[1]:.4f}, rotation {angle:.2f} deg, shift {shift} mm"
