"""Rigid step: six degrees of freedom from the bodies and bones of two CTs.

Several starts (`registration_starts`) are each refined coarsely with Mattes mutual information
inside the bodies; the best goes on to finer levels
and is at last settled on bone. Sampling is exhaustive. The last bits of Mattes mutual information
depend on the order in which threads add, so its results are rounded (a ten-thousandth of a
millimetre) before the next level: the outcome is the same bit for bit on every run.
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
from .progress import Progress, silent
from .registration_checks import rotation_degrees
from .registration_images import lps_grid
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
LEVELS_MM = (6.0, 4.0)
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
    """

    transform: sitk.Euler3DTransform
    log: tuple[str, ...]
    stop_reason: str
    start: str = ""


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
        The optimiser failed from every start, a start that cannot be used, or a prior CT that fits
        only when turned by half a turn.
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
        _require_upright(search, center, match, progress)
    for number, spacing in enumerate(LEVELS_MM):
        level = _level(reference, prior, bodies, spacing)
        report = _part(progress, 0.5 + 0.15 * number, 0.15)
        found = _try(_mutual_information(level, 1.0, 80), match[0], level, report)
        log.append(f"mutual information at {spacing:g} mm: {_describe(found)}")
        match = found or match
    best, reason = _settle_on_bone(reference, prior, bodies, (match[0], match[2]), progress, log)
    progress("Rigid registration", 1.0)
    return RigidMatch(best, tuple(log), reason, start)


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


def _require_upright(
    level: Level, center: npt.NDArray[np.float64], match: Match, progress: Progress
) -> None:
    """Refuse a prior CT that fits distinctly better after half a turn."""
    found: list[tuple[str, Match]] = []
    for name, start in turned_starts(level, center, BETTER_CORRELATION):
        report = _part(progress, 0.5, 0.0)
        turned = _try(_mutual_information(level, 2.0, 60), start, level, report)
        if turned is not None and turned[1] < BETTER_INFORMATION * match[1]:
            found.append((name, turned))
    if found:
        name, best = min(found, key=lambda one: one[1][1])
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
        volume = resample(image, grid)
        images.append(Volume(np.clip(volume.array, *WINDOW_HU), grid).to_sitk())
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
    level = Level(level.fixed, level.moving, sitk.And(near, level.fixed_mask), level.moving_mask)
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
    level: Level,
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
