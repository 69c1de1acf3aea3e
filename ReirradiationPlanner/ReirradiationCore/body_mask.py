"""Which voxels of a CT are the patient: without couch, masks and the air around them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk
from scipy import ndimage

from .errors import RegistrationError
from .grids import Grid, Volume, sample_volume

BODY_THRESHOLD_HU = -300.0
MASK_SPACING_MM = 4.0
COUCH_RADIUS_MM = 10.0
AIR_HU = -1000.0
SMALLEST_BODY_CC = 50.0


def resample(volume: Volume, grid: Grid, outside: float = AIR_HU) -> Volume:
    """Return a scalar volume on another grid, trilinear, float32.

    Parameters
    ----------
    volume : Volume
        Scalar values; its planes may be unevenly spaced.
    grid : Grid
        Evenly spaced grid of the result.
    outside : float
        Value where ``volume`` has none.
    """
    if volume.grid.plane_offsets_mm is not None:
        values = sample_volume(volume, grid.centers_lps()).reshape(grid.shape)
        return Volume(np.where(np.isnan(values), np.float32(outside), values), grid)
    image = sitk.Cast(shrink(volume, min(grid.spacing_mm)).to_sitk(), sitk.sitkFloat32)
    out = sitk.Resample(
        image, grid.size, sitk.Transform(3, sitk.sitkIdentity), sitk.sitkLinear,
        grid.origin_lps, grid.spacing_mm, grid.direction, outside, sitk.sitkFloat32, True,
    )  # fmt: skip
    return Volume(sitk.GetArrayFromImage(out), grid)


def shrink(volume: Volume, spacing_mm: float) -> Volume:
    """Average whole voxels along the axes that are at least twice as fine as ``spacing_mm``.

    A volume with unevenly spaced planes comes back evenly spaced.
    """
    if volume.grid.plane_offsets_mm is not None:
        return resample(volume, volume.grid.with_spacing(spacing_mm))
    sizes = zip(volume.grid.spacing_mm, volume.grid.size, strict=True)
    factors = [min(n, max(1, int(spacing_mm / spacing + 0.05))) for spacing, n in sizes]
    if max(factors) == 1:
        return volume
    return Volume.from_sitk(sitk.BinShrink(volume.to_sitk(), factors))


def body_mask(image: Volume, spacing_mm: float = MASK_SPACING_MM) -> Volume:
    """Return the body as a mask (uint8, 0 or 1) on an even grid over the whole image.

    Voxels above -300 HU are opened with a ball of 10 mm, which removes the sheets of a couch and
    its contact with the skin; of what is left the largest connected part is kept, grown back
    to its own surface and filled plane by plane, so that gas and lung belong to the body.

    Parameters
    ----------
    image : Volume
        CT, HU.
    spacing_mm : float
        Spacing of the mask.

    Raises
    ------
    RegistrationError
        No connected part of at least 50 cc is above the threshold.
    """
    low = resample(image, image.grid.with_spacing(spacing_mm))
    dense = low.array > BODY_THRESHOLD_HU
    filled = _fill_planes(dense)
    radius = COUCH_RADIUS_MM / spacing_mm
    core = _largest(_erode(filled, radius))
    mask = _fill_planes(_dilate(core, radius + 1.0) & filled)
    volume_cc = np.count_nonzero(mask) * low.grid.voxel_volume_cc
    if volume_cc < SMALLEST_BODY_CC:
        msg = (
            f"no body was found in an image of {image.grid.size} voxels: {volume_cc:.0f} cc above "
            f"{BODY_THRESHOLD_HU:.0f} HU hang together; check that it is a CT in HU"
        )
        raise RegistrationError(msg)
    return Volume(mask.astype(np.uint8), low.grid)


def _fill_planes(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    return np.stack([ndimage.binary_fill_holes(plane) for plane in mask])


def _erode(mask: npt.NDArray[np.bool_], radius: float) -> npt.NDArray[np.bool_]:
    """Erode by a ball; beyond the first and last plane the body is taken to go on."""
    pad = int(np.ceil(radius)) + 1
    padded = np.pad(mask, ((pad, pad), (1, 1), (1, 1)), mode="edge")
    padded[:, [0, -1], :] = padded[:, :, [0, -1]] = False
    deep = ndimage.distance_transform_edt(padded) > radius
    return deep[pad:-pad, 1:-1, 1:-1]


def _dilate(mask: npt.NDArray[np.bool_], radius: float) -> npt.NDArray[np.bool_]:
    if not mask.any():
        return mask
    return ndimage.distance_transform_edt(~mask) <= radius


def _largest(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    labels, count = ndimage.label(mask)
    if count == 0:
        return mask
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    return labels == int(np.argmax(sizes))


def dice(a: npt.NDArray, b: npt.NDArray) -> float:
    """Dice similarity coefficient of two masks of one shape; NaN if both are empty."""
    both = np.count_nonzero(a) + np.count_nonzero(b)
    return 2.0 * int(np.count_nonzero((a > 0) & (b > 0))) / int(both) if both else float("nan")
