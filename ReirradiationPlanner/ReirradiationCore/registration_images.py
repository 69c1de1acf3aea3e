"""Both CTs on one grid, made comparable: body alone, windowed, matched in HU, masked where unseen.

The value of a voxel is a windowed HU: soft tissue from -150 to 150 HU gets most of the range, the
unit is about 37 HU of it; lung gets enough for its vessels to show. Outside the body everything is
one value, so couch, masks and clothes are gone. Between air and fat the window rises slowly, so
that the edge of the skin stays where half a voxel is air. HU are windowed before they are
interpolated, with cubic splines: linear values between voxels are blurred more than those at
voxels, and the field would follow that pattern.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk
from scipy import fft, ndimage

from .body_mask import padded_share, shrink
from .contrast_medium import SEARCH_MM, without_contrast_medium
from .curvature_solver import block_mean
from .field_of_view import UNSEEN_HU, with_padding_marked
from .grids import Grid, Volume
from .intensity_matching import Offset, curve_between, moved_hu, offset_between
from .mask_box import mask_box

Array = npt.NDArray[np.float32]
Box = tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]

WINDOW_HU = (-1000.0, -150.0, 150.0, 1000.0)
WINDOW_VALUES = (0.0, 1.0, 9.0, 14.0)
SOFT_VALUE = WINDOW_VALUES[1]
SOFT_HU_OF_UNIT = (WINDOW_HU[2] - WINDOW_HU[1]) / (WINDOW_VALUES[2] - WINDOW_VALUES[1])
LUNG_HU = (-950.0, -450.0, -200.0)
LUNG_VALUES = (-3.5, -0.5, 0.0)
LUNG_DEPTH_MM = 10.0  # nearer to the skin dark voxels are those of its edge
BONE_HU = 200.0
BONE_NEIGHBOURHOOD_MM = 10.0
BONE_OVERLAP = (0.93, 0.98)
SMOOTHING_VOXELS = 0.5
OUTSIDE_HU = -5000.0
IN_BODY = 0.02
DEEP_IN_BODY = 0.98
OUTSIDE_VALUE = 0.6


class Images(NamedTuple):
    """Both images on one grid, the prior brought there by the transform known so far.

    Parameters
    ----------
    fixed, moving : ndarray
        Windowed values.
    fixed_seen, moving_seen : ndarray
        1 where an image knows what is there, 0 elsewhere.
    bone : ndarray
        Bone of both images (0..1) that is already in place.
    outside : ndarray
        Air around the body of the reference (0..1).
    """

    fixed: Array
    moving: Array
    fixed_seen: Array
    moving_seen: Array
    bone: Array
    outside: Array

    def halved(self) -> Images:
        """Return the images at half the resolution."""
        return Images(*(block_mean(array) for array in self))


def lps_grid(grid: Grid, spacing_mm: float) -> Grid:
    """Return an even grid along the axes of LPS over the box of another grid."""
    low, high = lps_box(grid)
    size = np.maximum(1, np.ceil((high - low) / spacing_mm - 1e-6)).astype(int)
    origin = (low + high) / 2 - (size - 1) * spacing_mm / 2
    return Grid(tuple(size.tolist()), (float(spacing_mm),) * 3, tuple(origin.tolist()))


def lps_box(grid: Grid) -> Box:
    """Return the lower and the upper corner of the box around a grid, LPS, mm."""
    start, extent = grid.box_mm()
    corners = np.array(np.meshgrid(*zip(start, start + extent, strict=True))).reshape(3, -1).T
    corners = corners @ grid.axes.T + np.array(grid.origin_lps)
    return corners.min(axis=0), corners.max(axis=0)


def body_box(body: Volume, margin_mm: float) -> Box:
    """Return the box around a mask with a margin, but not beyond its image, LPS, mm."""
    ends = [(part.start, part.stop - 1) for part in mask_box(body.array)[::-1]]
    corners = np.array(np.meshgrid(*ends))
    points = body.grid.points_at(corners.reshape(3, -1).T)
    low, high = lps_box(body.grid)
    return np.maximum(points.min(axis=0) - margin_mm, low), np.minimum(
        points.max(axis=0) + margin_mm, high
    )


def working_grid(box: Box, finest_mm: float, most_voxels: int, multiple: int = 8) -> Grid:
    """Return a grid over a box, at the finest spacing that stays affordable.

    Parameters
    ----------
    finest_mm : float
        Spacing where there are few enough voxels; else it is widened in quarters of a millimetre.
    most_voxels : int
        Largest number of voxels.
    multiple : int
        Sizes are multiples of it, so that levels can be halved.
    """
    low, high = box
    affordable = float(np.prod(high - low) / most_voxels) ** (1 / 3)
    spacing = max(finest_mm, np.ceil(affordable * 4) / 4)
    blocks = np.ceil((high - low) / spacing / multiple).astype(int).tolist()
    size = multiple * np.array([fft.next_fast_len(n, real=True) for n in blocks])
    origin = (low + high) / 2 - (size - 1) * spacing / 2
    return Grid(tuple(size.tolist()), (float(spacing),) * 3, tuple(origin.tolist()))


def on_one_scale(
    images: Sequence[Volume], bodies: Sequence[Volume], transform: sitk.Transform
) -> tuple[tuple[Volume, Volume], str]:
    """Return both CTs without an offset of HU between them, and what the user must be told of it.

    Parameters
    ----------
    images, bodies : sequence of Volume
        Reference and prior: CT in HU, mask of the body.
    transform : sitk.Transform
        Reference to prior, as far as known.

    Returns
    -------
    images : tuple of Volume
        The same ones where no offset of 40 HU or more is found; else the CT whose fat and muscle
        are further from where they belong is moved, all but its padding.
    said : str
        The offset and the peaks, empty where there is none.
    """
    reference, prior = images
    ways, grid = (sitk.Transform(3, sitk.sitkIdentity), transform), bodies[0].grid
    lows = [shrink(image, grid.spacing_mm[0]) for image in images]
    hus, shares = _both(lows, grid, ways, OUTSIDE_HU), _both(bodies, grid, ways, 0.0)
    found = offset_between(*hus, (shares[0] > DEEP_IN_BODY) & (shares[1] > DEEP_IN_BODY))
    if found is None:
        return (reference, prior), ""
    if found.in_prior():
        return (reference, _raised(prior, -found.hu)), _told_of(found, "prior")
    return (_raised(reference, found.hu), prior), _told_of(found, "reference")


def _raised(image: Volume, hu: float) -> Volume:
    image = with_padding_marked(image)
    seen = image.array >= UNSEEN_HU
    return Volume(np.where(seen, image.array + np.float32(hu), image.array), image.grid)


def _told_of(offset: Offset, moved: str) -> str:
    here, there = ("fat {:.0f}, muscle {:.0f} HU".format(*p) for p in offset[1:])
    side = "above" if offset.hu > 0 else "below"
    return (
        f"the HU of the prior CT ({there}) lie {abs(offset.hu):.0f} HU {side} those of the "
        f"reference CT ({here}) all over the body: the {moved} CT "
        "was moved by that for the registration; check rescale slope, intercept and calibration "
        "of both"
    )


def prepare(
    grid: Grid, images: Sequence[Volume], bodies: Sequence[Volume], transform: sitk.Transform
) -> tuple[Images, str]:
    """Return both CTs on a grid of the reference frame, and what was matched in HU.

    Parameters
    ----------
    images, bodies : sequence of Volume
        Reference and prior: CT in HU, mask of the body.
    transform : sitk.Transform
        Reference to prior, as far as known.
    """
    ways = (sitk.Transform(3, sitk.sitkIdentity), transform)
    lows, told = _without_contrast_medium(images, bodies, ways, grid)
    hus, shares = _both(lows, grid, ways, OUTSIDE_HU), _both(bodies, grid, ways, 0.0)
    covered = [hu > UNSEEN_HU for hu in hus]
    near = [share > IN_BODY for share in shares]
    deep = (shares[0] > DEEP_IN_BODY) & (shares[1] > DEEP_IN_BODY) & covered[0] & covered[1]
    curve, said = curve_between(hus[0], hus[1], deep)
    hus[1] = moved_hu(hus[1], curve)
    lows[1] = Volume(moved_hu(lows[1].array, curve), lows[1].grid)
    deeper = [_inner(body, low) for body, low in zip(bodies, lows, strict=True)]
    inner = _both(deeper, grid, ways, 0.0)
    windows = [_window_on(low, grid, way) for low, way in zip(lows, ways, strict=True)]
    values = [(w + _dark(h, i)) * n for w, h, i, n in zip(windows, hus, inner, near, strict=True)]
    fixed = np.where(covered[0], values[0], values[1])
    moving = np.where(covered[1], values[1], fixed)
    smooth = [ndimage.gaussian_filter(value, SMOOTHING_VOXELS) for value in (fixed, moving)]
    seen = [ndimage.binary_erosion(c, border_value=1).astype(np.float32) for c in covered]
    bones = [(n & (hu > BONE_HU)).astype(np.float32) for hu, n in zip(hus, near, strict=True)]
    matched = _matched_bone(bones[0], bones[1], BONE_NEIGHBOURHOOD_MM / grid.spacing_mm[0])
    outside = ((smooth[0] < OUTSIDE_VALUE) & (inner[0] < 0.5)).astype(np.float32)
    return Images(*smooth, *seen, matched, outside), "; ".join([said, *told])


def _without_contrast_medium(
    images: Sequence[Volume], bodies: Sequence[Volume], ways: Sequence[sitk.Transform], grid: Grid
) -> tuple[list[Volume], list[str]]:
    """Return both CTs near the spacing of the grid, and what was done about contrast medium."""
    lows = [with_padding_marked(shrink(image, grid.spacing_mm[0])) for image in images]
    search = lps_grid(grid, SEARCH_MM)
    hus = [ndimage.median_filter(hu, 3) for hu in _both(lows, search, ways, OUTSIDE_HU)]
    plain, told = [], []
    for own, name in enumerate(("reference", "prior")):

        def elsewhere(part: Volume, own: int = own) -> Array:
            there = hus[1 - own][on_grid(part.to_sitk(), search, ways[own], 0.0) > 0.5]
            return there[there > UNSEEN_HU]

        volume, said = without_contrast_medium(lows[own], bodies[own], elsewhere)
        plain.append(volume)
        told += [f"{name}: {said}"] if said else []
    return plain, told


def _window_on(image: Volume, grid: Grid, transform: sitk.Transform) -> Array:
    """Windowed values at the voxels of a grid, by cubic splines."""
    shown = np.interp(image.array, WINDOW_HU, WINDOW_VALUES).astype(np.float32)
    return on_grid(
        Volume(shown, image.grid).to_sitk(), grid, transform, WINDOW_VALUES[0], sitk.sitkBSpline
    )


def _dark(hu: Array, inner: Array) -> Array:
    """Further values of air and lung, which count only away from the skin."""
    return np.interp(hu, LUNG_HU, LUNG_VALUES).astype(np.float32) * inner


def _inner(body: Volume, image: Volume) -> Volume:
    """Return the part of a body away from its skin, plane by plane; a cut is no skin."""
    steps = max(1, round(LUNG_DEPTH_MM / body.grid.spacing_mm[0]))
    across = np.ones((1, 3, 3), dtype=bool)
    inside, padded = body.array > 0, padded_share(image, body.grid)
    goes_on = inside if padded is None else inside | (padded > 0)
    inner = inside & ndimage.binary_erosion(goes_on, across, iterations=steps, border_value=1)
    return Volume(inner.astype(np.uint8), body.grid)


def _both(
    volumes: Sequence[Volume], grid: Grid, ways: Sequence[sitk.Transform], outside: float
) -> list[Array]:
    """Return the values of the reference and the prior volume at the voxels of a grid."""
    pairs = zip(volumes, ways, strict=True)
    return [on_grid(volume.to_sitk(), grid, way, outside) for volume, way in pairs]


def on_grid(
    image: sitk.Image,
    grid: Grid,
    transform: sitk.Transform,
    outside: float,
    interpolator: int = sitk.sitkLinear,
    *,
    go_on: bool = False,
) -> Array:
    """Return the values of an image at the voxels of a grid.

    Beyond the image they are ``outside``, or with ``go_on`` the nearest ones of the image.
    """
    out = sitk.Resample(
        sitk.Cast(image, sitk.sitkFloat32), grid.size, transform, interpolator,
        grid.origin_lps, grid.spacing_mm, grid.direction, outside, sitk.sitkFloat32, go_on,
    )  # fmt: skip
    return sitk.GetArrayFromImage(out)


def _matched_bone(fixed: Array, moving: Array, sigma: float) -> Array:
    """Bone of both images (0..1) where their overlap nearby (Dice) shows that it is in place."""
    both = fixed * moving
    smooth = [ndimage.gaussian_filter(a, sigma, truncate=3.0) for a in (both, fixed, moving)]
    overlap = 2 * smooth[0] / (smooth[1] + smooth[2] + np.float32(1e-3))
    low, high = BONE_OVERLAP
    return both * np.clip((overlap - low) / (high - low), 0, 1).astype(np.float32)
