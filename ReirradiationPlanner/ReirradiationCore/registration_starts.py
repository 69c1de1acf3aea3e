"""Where a rigid registration begins: images, bone, bodies, landmarks, or a given transform."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk

from .errors import RegistrationError
from .landmarks import Landmark
from .point_transforms import is_finite, linear_part
from .registration_choice import AUTO

Array = npt.NDArray[np.float64]

BONE_HU = 180.0
BRIGHTEST_HU = 700.0
SMALLEST_OVERLAP = 0.25
SMALLEST_BONE_OVERLAP = 0.5  # little bone in a small overlap correlates by chance
DISTINCT_MM = 15.0
FEWEST_LANDMARKS = 3
SMALLEST_SPREAD_MM = 5.0
LARGEST_MISFIT_MM = 30.0
RIGID_TOLERANCE = 1e-3
HALF_TURNS = {
    "the head-feet axis (supine against prone)": (1, 2),
    "the front-back axis (head first against feet first)": (0, 2),
    "the left-right axis (feet first and prone against head first and supine)": (0, 1),
}


class Level(NamedTuple):
    """Both images and their masks at one spacing."""

    fixed: sitk.Image
    moving: sitk.Image
    fixed_mask: sitk.Image
    moving_mask: sitk.Image


class Start(NamedTuple):
    """A named rigid transform from which to begin."""

    name: str
    transform: sitk.Euler3DTransform


@dataclass(frozen=True, eq=False)
class StartChoice:
    """How the rigid step is to begin.

    Parameters
    ----------
    kind : str
        ``auto`` tries all and keeps the best; ``intensities``, ``bone``, ``bodies`` or
        ``landmarks`` tries one alone.
    landmarks : tuple of Landmark
        Point pairs; with ``auto`` one more start.
    given : sitk.Transform, optional
        A rigid transform, reference to prior, instead of all others.
    """

    kind: str = AUTO
    landmarks: tuple[Landmark, ...] = ()
    given: sitk.Transform | None = None


def starts_of(level: Level, center: Array, choice: StartChoice) -> list[Start]:
    """Return the starts to try, best guesses first; automatic ones differ by at least 15 mm.

    Raises
    ------
    RegistrationError
        A given transform that is not rigid, landmarks that do not fix a rigid transform, or no
        start of the kind chosen.
    """
    if choice.given is not None:
        return [Start("the given transform", as_rigid(choice.given, center))]
    starts = []
    if choice.landmarks and choice.kind in (AUTO, "landmarks"):
        starts.append(landmark_start(choice.landmarks, center))
    for name, shift in _shifts(level, center, choice.kind):
        new = Start(name, _euler(np.eye(3), shift, center))
        if all(_distance(new, other, center) > DISTINCT_MM for other in starts):
            starts.append(new)
    if not starts:
        needs = "three landmarks" if choice.kind == "landmarks" else "contrast in both CTs"
        msg = f"the registration start '{choice.kind}' needs {needs}; choose another start"
        raise RegistrationError(msg)
    return starts


def _shifts(level: Level, center: Array, kind: str) -> list[tuple[str, Array]]:
    found: list[tuple[str, Array | None]] = []
    if kind in (AUTO, "intensities"):
        found.append(("overlap of intensities", best_shift(level)[0]))
    if kind in (AUTO, "bone"):
        bones = [_bone(level.fixed, level.fixed_mask), _bone(level.moving, level.moving_mask)]
        bony = Level(*bones, *level[2:])
        found.append(("overlap of bone", best_shift(bony, SMALLEST_BONE_OVERLAP)[0]))
    if kind in (AUTO, "bodies"):
        found.append(("centres of the bodies", centroid(level.moving_mask) - center))
    return [(name, shift) for name, shift in found if shift is not None]


def _distance(start: Start, other: Start, center: Array) -> float:
    ends = [np.array(s.transform.TransformPoint(center.tolist())) for s in (start, other)]
    return float(np.linalg.norm(ends[0] - ends[1]))


def centroid(mask: sitk.Image) -> Array:
    """Return the centre of mass of a mask, LPS, mm."""
    index = np.argwhere(sitk.GetArrayViewFromImage(mask))[:, ::-1].mean(axis=0)
    return np.array(mask.TransformContinuousIndexToPhysicalPoint(index.tolist()))


def _bone(image: sitk.Image, mask: sitk.Image) -> sitk.Image:
    bone = sitk.Clamp(image, sitk.sitkFloat32, BONE_HU - 80.0, BRIGHTEST_HU)
    return sitk.Mask(bone, mask, BONE_HU - 80.0)


def best_shift(
    level: Level, smallest_overlap: float = SMALLEST_OVERLAP
) -> tuple[Array | None, float]:
    """Return the shift (mm) of best masked correlation and that correlation.

    None and -1 for an image without contrast. Shifts count at which the masks overlap by at least
    ``smallest_overlap`` of what they can.

    References
    ----------
    Padfield, IEEE Trans Image Process 21:2706 (2012).
    """
    if any(np.ptp(sitk.GetArrayViewFromImage(image)) == 0 for image in level[:2]):
        return None, -1.0
    at_zero = [sitk.Cast(image, sitk.sitkFloat32) for image in level]
    for image in at_zero:
        image.SetOrigin((0.0, 0.0, 0.0))
    correlation = sitk.MaskedFFTNormalizedCorrelation(*at_zero, 0, smallest_overlap)
    values = sitk.GetArrayViewFromImage(correlation)
    peak = np.array(np.unravel_index(int(np.argmax(values)), values.shape))[::-1]
    steps = peak - (np.array(level.moving.GetSize()) - 1)
    between_origins = np.array(level.moving.GetOrigin()) - np.array(level.fixed.GetOrigin())
    shift = between_origins - steps * np.array(level.fixed.GetSpacing())
    return shift, float(values.max())


def _euler(matrix: Array, shift: Array, center: Array) -> sitk.Euler3DTransform:
    """Return ``matrix @ (x - center) + center + shift``."""
    transform = sitk.Euler3DTransform()
    transform.SetCenter(center.tolist())
    transform.SetMatrix(matrix.ravel().tolist(), 1e-6)
    transform.SetTranslation(shift.tolist())
    return transform


def as_rigid(transform: sitk.Transform, center: Array) -> sitk.Euler3DTransform:
    """Return a linear transform about a centre of rotation.

    Raises
    ------
    RegistrationError
        A transform that is not linear, scales or mirrors, or has numbers that are not finite.
    """
    if not transform.IsLinear():
        msg = f"a registration starts from a rigid transform, not from a {transform.GetName()}"
        raise RegistrationError(msg)
    if not is_finite(transform):
        msg = "the transform to start from has numbers that are not finite; export it again"
        raise RegistrationError(msg)
    matrix, offset = linear_part(transform)
    off = float(np.abs(matrix.T @ matrix - np.eye(3)).max())
    if off > RIGID_TOLERANCE or np.linalg.det(matrix) < 0:
        msg = (
            "the transform to start from scales, shears or mirrors (it is off a rotation by "
            f"{off:.3f}, determinant {np.linalg.det(matrix):.2f}); give a rigid one"
        )
        raise RegistrationError(msg)
    u, _, vt = np.linalg.svd(matrix)
    rotation = u @ vt
    return _euler(rotation, rotation @ center + offset - center, center)


def is_rigid(transform: sitk.Transform) -> bool:
    """Tell whether a transform only turns and moves, so that `as_rigid` takes it."""
    try:
        as_rigid(transform, np.zeros(3))
    except RegistrationError:
        return False
    return True


def landmark_start(landmarks: Sequence[Landmark], center: Array) -> Start:
    """Return the rigid transform that brings landmarks of the reference closest to the prior ones.

    Raises
    ------
    RegistrationError
        Fewer than three, all on one line, or a misfit above 30 mm (root mean square).

    References
    ----------
    Arun, Huang and Blostein, IEEE Trans Pattern Anal 9:698 (1987).
    """
    if len(landmarks) < FEWEST_LANDMARKS:
        msg = f"{len(landmarks)} landmarks do not fix a rigid transform; give at least three"
        raise RegistrationError(msg)
    here = np.array([mark.reference_lps for mark in landmarks])
    there = np.array([mark.prior_lps for mark in landmarks])
    means = here.mean(axis=0), there.mean(axis=0)
    u, _, vt = np.linalg.svd((here - means[0]).T @ (there - means[1]))
    spread = np.linalg.svd(here - means[0], compute_uv=False)[1] / np.sqrt(len(here))
    if spread < SMALLEST_SPREAD_MM:
        msg = (
            f"the landmarks lie on one line (spread of {spread:.1f} mm across it, at least "
            f"{SMALLEST_SPREAD_MM:g} mm are needed); add one off the line"
        )
        raise RegistrationError(msg)
    rotation = vt.T @ np.diag([1.0, 1.0, np.linalg.det(vt.T @ u.T)]) @ u.T
    misfit = (here - means[0]) @ rotation.T + means[1] - there
    rms = float(np.sqrt(np.mean(np.sum(misfit**2, axis=1))))
    if rms > LARGEST_MISFIT_MM:
        worst = landmarks[int(np.argmax(np.sum(misfit**2, axis=1)))].name
        msg = (
            f"the landmarks do not fit a rigid transform: {rms:.0f} mm root mean square, worst "
            f"'{worst}'; check that each pair shows one point"
        )
        raise RegistrationError(msg)
    shift = rotation @ (center - means[0]) + means[1] - center
    name = f"{len(landmarks)} landmarks (misfit {rms:.1f} mm)"
    return Start(name, _euler(rotation, shift, center))


def turned_starts(level: Level, center: Array, margin: float) -> list[Start]:
    """Return half turns whose masked correlation beats that of the images as they are.

    Parameters
    ----------
    margin : float
        By how much the correlation must be higher.
    """
    _, upright = best_shift(level)
    found = []
    for name, axes in HALF_TURNS.items():
        shift, correlation = best_shift(level._replace(
            moving=_flipped(level.moving, axes), moving_mask=_flipped(level.moving_mask, axes)
        ))  # fmt: skip
        if shift is None or correlation < upright + margin:
            continue
        matrix = np.diag([-1.0 if 2 - axis in axes else 1.0 for axis in range(3)])
        size = np.array(level.moving.GetSize()) - 1
        middle = np.array(level.moving.TransformContinuousIndexToPhysicalPoint((size / 2).tolist()))
        offset = matrix @ (shift - middle) + middle
        found.append(Start(name, _euler(matrix, matrix @ center + offset - center, center)))
    return found


def _flipped(image: sitk.Image, axes: tuple[int, int]) -> sitk.Image:
    """Return the image turned by half a turn about the middle of its grid; axes of the array."""
    flipped = sitk.GetImageFromArray(np.flip(sitk.GetArrayViewFromImage(image), axes))
    flipped.CopyInformation(image)
    return flipped
