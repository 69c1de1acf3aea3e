"""Refuse a registration that cannot be right, with the numbers that say so."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk

from .body_mask import body_mask, dice, shrink
from .errors import GeometryError, RegistrationError
from .grids import Volume, sample_volume
from .point_transforms import is_finite, linear_product, map_points

LARGEST_ROTATION_DEG = 30.0
LARGEST_STRETCH = 2.0  # far beyond any change of a patient: it is a wrong unit or a wrong file
SMALLEST_BODY_DICE = 0.5
SMALLEST_OVERLAP_CC = 100.0
POSITIONS = ("HFS", "HFP", "HFDR", "HFDL", "FFS", "FFP", "FFDR", "FFDL")


def position_warnings(positions: tuple[str, str]) -> tuple[str, ...]:
    """Tell that patient positions (0018,5100) of reference and prior image differ.

    Raises
    ------
    GeometryError
        A position that DICOM does not define.
    """
    known = [position for position in positions if position]
    for position in known:
        if position not in POSITIONS:
            msg = f"Patient Position '{position}' is not one of {', '.join(POSITIONS)}"
            raise GeometryError(msg)
    if len(known) < 2 or known[0] == known[1]:
        return ()
    return (
        f"the patient lay {known[0]} for the reference CT and {known[1]} for the prior CT: check "
        "the registration; organs sag differently and the deformation is large",
    )


def rotation_degrees(matrix: np.ndarray) -> float:
    """Angle of a rotation matrix (3, 3), degrees, from its trace."""
    return float(np.degrees(np.arccos(np.clip((np.trace(matrix) - 1) / 2, -1.0, 1.0))))


def plausible_rotation(transform: sitk.Transform) -> dict[str, object]:
    """Return angle and shift of the linear steps of a transform; nothing for a field alone.

    The angle is that of the rotation nearest to their product, whatever scales or shears beside.

    Raises
    ------
    RegistrationError
        Numbers that are not finite, more than 30 degrees, a mirror image, or lengths that shrink
        below a half or grow above the double.

    References
    ----------
    Higham, SIAM J Sci Stat Comput 7:1160 (1986), for the nearest rotation.
    """
    if not is_finite(transform):
        msg = "the transform has numbers that are not finite; export it again or give another one"
        raise RegistrationError(msg)
    if transform.GetTransformEnum() != sitk.sitkComposite and not transform.IsLinear():
        return {}
    matrix, offset = linear_product(transform)
    left, stretches, right = np.linalg.svd(matrix)
    angle, volume = rotation_degrees(left @ right), float(np.linalg.det(matrix))
    if volume <= 0 or angle > LARGEST_ROTATION_DEG:
        does = f"turns the patient by {angle:.0f} degrees" if volume > 0 else "mirrors the patient"
        msg = (
            f"the transform {does} (determinant {volume:.2f}); more than "
            f"{LARGEST_ROTATION_DEG:.0f} degrees or a mirror image is not plausible: check patient "
            "position and orientation of both CTs, or give another transform"
        )
        raise RegistrationError(msg)
    if stretches[0] > LARGEST_STRETCH or stretches[-1] < 1 / LARGEST_STRETCH:
        msg = (
            f"the transform changes lengths of the patient by factors from {stretches[-1]:.2g} to "
            f"{stretches[0]:.2g}; less than {1 / LARGEST_STRETCH:g} or more than "
            f"{LARGEST_STRETCH:g} is not plausible: check its units (mm), or give another one"
        )
        raise RegistrationError(msg)
    return {"rotation_deg": angle, "shift_mm": offset.tolist()}


def plausible_overlap(
    transform: sitk.Transform, reference: Volume, prior: Volume
) -> dict[str, object]:
    """Return Dice of the bodies and correlation of HU (-200..700) where both CTs see.

    Raises
    ------
    RegistrationError
        Less than 100 cc of the reference body in the prior CT, or a Dice below 0.5.
    """
    images = [shrink(image, 4.0) for image in (reference, prior)]
    bodies = [body_mask(image) for image in images]
    points = bodies[0].grid.centers_lps()
    mapped, known = map_points(transform, points)
    there = sample_volume(Volume(bodies[1].array.astype(np.float32), bodies[1].grid), mapped)
    common = known & ~np.isnan(there)
    here = bodies[0].array.ravel() > 0
    shared_cc = np.count_nonzero(common & here) * bodies[0].grid.voxel_volume_cc
    if shared_cc < SMALLEST_OVERLAP_CC:
        msg = (
            f"the transform brings only {shared_cc:.0f} cc of the reference body into the prior "
            "CT; check that both CTs show the same region, or give another transform"
        )
        raise RegistrationError(msg)
    overlap = dice(here[common], there[common] > 0.5)
    if overlap < SMALLEST_BODY_DICE:
        msg = (
            f"after registration the bodies overlap by a Dice of only {overlap:.2f} where both CTs "
            f"see (less than {SMALLEST_BODY_DICE}); check that both CTs show the same region, or "
            "give another transform"
        )
        raise RegistrationError(msg)
    inside = common & here
    pair = [
        np.clip(np.nan_to_num(sample_volume(image, where[inside]), nan=-1000.0), -200, 700)
        for image, where in zip(images, (points, mapped), strict=True)
    ]
    return {"body_dice": overlap, "correlation": float(np.corrcoef(pair)[0, 1])}
