"""Which voxels of a CT are the patient: without couch, masks and the air around them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk
from scipy import ndimage

from .errors import RegistrationError
from .field_of_view import AIR_HU, UNSEEN_HU, with_padding_marked
from .grids import Grid, Volume, sample_volume

Mask = npt.NDArray[np.bool_]

BODY_THRESHOLD_HU = -300.0
MASK_SPACING_MM = 4.0
COUCH_RADIUS_MM = 10.0
SMALLEST_BODY_CC = 50.0
LUNG_ABOVE_HU = -950.0
TISSUE_RADIUS_MM = 5.0
LEAST_BETWEEN_TISSUE = 0.5
HULL_DIRECTIONS = 48
PADDED = (0.02, 0.98)  # share of padding: a voxel between is at the edge of the field of view
LEAST_CUT_MM = 30.0
LEAST_CUT_PLANES = 3


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
    to its own surface and filled plane by plane, so that gas and lung belong to the body. Lung that
    is open to the edge of the image or of a round field of view belongs to it too.

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
    image = with_padding_marked(image)
    low = resample(image, image.grid.with_spacing(spacing_mm))
    padded = padded_share(image, low.grid)
    dense = low.array > BODY_THRESHOLD_HU
    filled = _fill_planes(dense | _cut_lung(low, dense, padded))
    radius = COUCH_RADIUS_MM / spacing_mm
    core = _largest(_erode(filled, radius))
    mask = _fill_planes(_dilate(core, radius + 1.0) & filled)
    if padded is not None:
        mask |= _dilate(mask, 1.0) & (padded > PADDED[0]) & (padded < PADDED[1])
    volume_cc = np.count_nonzero(mask) * low.grid.voxel_volume_cc
    if volume_cc < SMALLEST_BODY_CC:
        msg = (
            f"no body was found in an image of {image.grid.size} voxels: {volume_cc:.0f} cc above "
            f"{BODY_THRESHOLD_HU:.0f} HU hang together; check that it is a CT in HU"
        )
        raise RegistrationError(msg)
    return Volume(mask.astype(np.uint8), low.grid)


def padded_share(image: Volume, grid: Grid) -> npt.NDArray[np.float32] | None:
    """Return how much of each voxel of a grid is padding (0..1), None if nothing is.

    Parameters
    ----------
    image : Volume
        CT as `field_of_view.with_padding_marked` returns it, HU.
    """
    padding = image.array < UNSEEN_HU
    if not padding.any():
        return None
    return resample(Volume(padding.astype(np.float32), image.grid), grid, 0.0).array


def cut_by_field_of_view(image: Volume, body: Volume, name: str) -> tuple[str, ...]:
    """Warn of a body that the edge of the field of view cuts.

    Parameters
    ----------
    image, body : Volume
        CT in HU, and the mask of its body.
    name : str
        What the CT is called.
    """
    padded = padded_share(with_padding_marked(image), body.grid)
    cut = (body.array > 0) & _beside_unseen(padded, body.array.shape)
    lengths_mm = cut.sum(axis=(1, 2)) * body.grid.spacing_mm[0]
    planes = np.count_nonzero(lengths_mm >= LEAST_CUT_MM)
    if planes < LEAST_CUT_PLANES:
        return ()
    return (
        f"the field of view of the {name} CT cuts the body in {planes} of {len(lengths_mm)} planes "
        f"{body.grid.spacing_mm[2]:g} mm apart (up to about {lengths_mm.max():.0f} mm of its "
        "outline): nothing is known beyond, and the registration is less certain near the cut",
    )


def _beside_unseen(padded: npt.NDArray[np.float32] | None, shape: tuple[int, ...]) -> Mask:
    """Return the outermost voxels seen, at the edge of the image or of the field of view."""
    seen = np.ones(shape, dtype=bool) if padded is None else padded <= PADDED[0]
    beyond = np.pad(~seen, ((0, 0), (1, 1), (1, 1)), constant_values=True)
    across = ndimage.generate_binary_structure(2, 1)[None]
    return ndimage.binary_dilation(beyond, across)[:, 1:-1, 1:-1] & seen


def _cut_lung(low: Volume, dense: Mask, padded: npt.NDArray[np.float32] | None) -> Mask:
    """Return lung that is open to the edge of what the CT shows, plane by plane.

    It is brighter than air, and most of it lies between tissue of its plane (in the convex hull),
    unlike the couch and the air around a body that is cut.
    """
    dark = ~dense if padded is None else ~dense & (padded <= PADDED[0])
    at_edge = dark & _beside_unseen(padded, dark.shape)
    parts = []
    for k in np.flatnonzero(at_edge.any(axis=(1, 2))):
        labels, _ = ndimage.label(dark[k])
        for label in np.unique(labels[at_edge[k]]):
            part = labels == label
            if np.median(low.array[k][part]) > LUNG_ABOVE_HU:
                parts.append((k, part))
    found = np.zeros_like(dark)
    if not parts:
        return found
    radius = TISSUE_RADIUS_MM / low.grid.spacing_mm[0]
    tissue = _largest(_dilate(_erode(dense, radius), radius) & dense)
    for k, part in parts:
        if _share_between(part, tissue[k]) >= LEAST_BETWEEN_TISSUE:
            found[k] |= part
    return found


def _share_between(part: Mask, tissue: Mask) -> float:
    """Return the share of a part of a plane that lies in the convex hull of tissue there."""
    if not tissue.any():
        return 0.0
    turns = np.linspace(0, 2 * np.pi, HULL_DIRECTIONS, endpoint=False)
    ways = np.stack([np.sin(turns), np.cos(turns)])
    reach = (np.argwhere(tissue) @ ways).max(axis=0)
    return float(np.mean((np.argwhere(part) @ ways <= reach + 1e-6).all(axis=1)))


def _fill_planes(mask: Mask) -> Mask:
    return np.stack([ndimage.binary_fill_holes(plane) for plane in mask])


def _erode(mask: Mask, radius: float) -> Mask:
    """Erode by a ball; beyond the first and last plane the body is taken to go on."""
    pad = int(np.ceil(radius)) + 1
    padded = np.pad(mask, ((pad, pad), (1, 1), (1, 1)), mode="edge")
    padded[:, [0, -1], :] = padded[:, :, [0, -1]] = False
    deep = ndimage.distance_transform_edt(padded) > radius
    return deep[pad:-pad, 1:-1, 1:-1]


def _dilate(mask: Mask, radius: float) -> Mask:
    if not mask.any():
        return mask
    return ndimage.distance_transform_edt(~mask) <= radius


def _largest(mask: Mask) -> Mask:
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
