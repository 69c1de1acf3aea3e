"""Do two CTs look alike under a map at all: same region of the body, and in which direction.

TG-132 gives no tolerance for intensity metrics, and none of these numbers makes a map good. They
only tell gross mistakes, at levels far below what correct pairs reach: CTs of different parts of
the body, and a transform that was given the wrong way round.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk

from .body_mask import body_mask, shrink
from .errors import RegistrationError
from .grids import Volume, sample_volume
from .point_transforms import inverse_points, map_points

SAME_INFORMATION = 0.5
SAME_BONE = 0.2
LIKE_CORRELATION = 0.7
CLEARLY_HIGHER = 0.3
COARSE_MM = 8.0
POINTS = 5000
FEWEST_POINTS = 300
HU_RANGE = (-200.0, 700.0)

Points = npt.NDArray[np.float64]
Mapped = tuple[Points, npt.NDArray[np.bool_]]


def require_same_region(information: float, bone: float | None) -> tuple[str, ...]:
    """Refuse a rigid match under which two CTs share neither tissue nor bone.

    Parameters
    ----------
    information : float
        Mutual information (nat) of HU inside the bodies at 6 mm.
    bone : float, optional
        Squared correlation (0..1) of HU on and around bone at 3 mm; None with too little bone.

    Returns
    -------
    tuple of str
        A warning where there is too little bone to be sure.

    Raises
    ------
    RegistrationError
        Mutual information below 0.5 and squared correlation below 0.2. In phantoms correct pairs
        reach at least 0.65 and 0.49, thorax against pelvis 0.24 and 0.04.
    """
    if information >= SAME_INFORMATION or (bone is not None and bone >= SAME_BONE):
        return ()
    said = f"mutual information {information:.2f} (of one region at least {SAME_INFORMATION:g})"
    if bone is None:
        return (
            f"the CTs may not show the same region of the body: {said}, and too little bone to "
            "tell; look at the match before any number is used",
        )
    msg = (
        f"the CTs do not seem to show the same region of the body: {said}, squared correlation "
        f"of bone {bone:.2f} (at least {SAME_BONE:g}); check that both CTs belong to these "
        "courses, or give a checked transform"
    )
    raise RegistrationError(msg)


def require_region_when_turned(upright: float, turned: float) -> None:
    """Refuse two CTs of which even the better match after half a turn shares hardly anything.

    Raises
    ------
    RegistrationError
        Mutual information (nat) below 0.5 both ways.
    """
    if max(upright, turned) >= SAME_INFORMATION:
        return
    msg = (
        "the CTs do not seem to show the same region of the body: mutual information "
        f"{upright:.2f}, and {turned:.2f} after half a turn (of one region at least "
        f"{SAME_INFORMATION:g}); check that both CTs belong to these courses, or give a checked "
        "transform"
    )
    raise RegistrationError(msg)


def unlike_after_deformation(mode: str, numbers: Mapping[str, object]) -> tuple[str, ...]:
    """Warn of CTs that do not look alike although one was deformed to look like the other.

    Parameters
    ----------
    mode : str
        Of the registration; rigid maps and files are not judged.
    numbers : mapping
        ``correlation`` from `registration_checks.plausible_overlap`.
    """
    found = numbers.get("correlation")
    if mode != "deformable" or not isinstance(found, float) or not found < LIKE_CORRELATION:
        return ()
    return (
        f"after the deformation the HU of both CTs correlate inside the body only by {found:.2f} "
        f"(usual is {LIKE_CORRELATION:g} or more): check that they show the same region, and look "
        "at the match before any number is used",
    )


def require_direction(
    transform: sitk.Transform, reference: Volume | None, prior: Volume | None
) -> tuple[str, ...]:
    """Refuse a transform whose inverse brings the CTs together clearly better than itself.

    Both are tried at up to 5000 points of the reference body, on CTs and displacement fields of
    about 8 mm.

    Parameters
    ----------
    transform : sitk.Transform
        Should map points of the reference to the prior image.
    reference, prior : Volume, optional
        CT in HU.

    Returns
    -------
    tuple of str
        A remark where a CT is missing, so that nothing was tested.

    Raises
    ------
    RegistrationError
        The correlation of HU with the inverse is higher by 0.3 or more; where the transform itself
        leads out of the prior CT, is 0.3 or more.
    """
    if reference is None or prior is None:
        return (
            "the direction of the transform (reference to prior) was not tested: a course has no "
            "CT; look at the match",
        )
    images = shrink(reference, COARSE_MM), shrink(prior, COARSE_MM)
    body = body_mask(images[0], COARSE_MM)
    points = body.grid.centers_lps()[body.array.ravel() > 0]
    points = points[:: math.ceil(len(points) / POINTS)]
    coarse = _coarse(transform)
    given = _correlation(images, points, map_points(coarse, points))
    if given is not None and given > 1 - CLEARLY_HIGHER:
        return ()  # no inverse correlates so much better; finding it takes longest
    inverted = _correlation(images, points, inverse_points(coarse, points))
    if inverted is None or inverted < max(given or 0.0, 0.0) + CLEARLY_HIGHER:
        return ()
    now = "it leads out of the prior CT" if given is None else f"they correlate by {given:.2f}"
    msg = (
        "the transform seems to map points of the prior CT to the reference CT instead of the "
        f"other way round: the HU inside the body correlate by {inverted:.2f} when it is "
        f"inverted, as given {now}; check it, and give its inverse"
    )
    raise RegistrationError(msg)


def _correlation(images: tuple[Volume, Volume], points: Points, mapped: Mapped) -> float | None:
    """Correlation of HU where both CTs see; None at fewer than 300 points."""
    pair = np.array([sample_volume(images[0], points), sample_volume(images[1], mapped[0])])
    seen = mapped[1] & ~np.isnan(pair).any(axis=0)
    pair = np.clip(pair[:, seen], *HU_RANGE)
    if pair.shape[1] < FEWEST_POINTS or not pair.std(axis=1).min() > 0:
        return None
    return float(np.corrcoef(pair)[0, 1])


def _coarse(transform: sitk.Transform) -> sitk.Transform:
    """Return a transform with its displacement fields thinned to a spacing of about 8 mm."""
    kind = transform.GetTransformEnum()
    if kind == sitk.sitkComposite:
        parts, thinned = sitk.CompositeTransform(transform), sitk.CompositeTransform(3)
        for number in range(parts.GetNumberOfTransforms()):
            thinned.AddTransform(_coarse(parts.GetNthTransform(number)))
        return thinned
    if kind != sitk.sitkDisplacementField:
        return transform
    field = sitk.DisplacementFieldTransform(transform).GetDisplacementField()
    sizes = zip(field.GetSpacing(), field.GetSize(), strict=True)
    factors = [min(n, max(1, int(COARSE_MM / spacing))) for spacing, n in sizes]
    return sitk.DisplacementFieldTransform(sitk.Shrink(field, factors))
