"""Contrast medium in one CT alone: the registration is shown what it fills as the other CT has it.

A bladder or a vessel is darker than its wall in one CT and brighter in the other, so its edges
would pull the wrong way. A part of a CT counts as filled with contrast medium if it is bright,
even, large, not enclosed by bone, and distinctly darker at the same place of the other CT, though
neither fat nor air. Organs that are alike in both CTs stay as they are.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from .body_mask import resample
from .grids import Volume

Array = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

SEARCH_MM = 4.0
BRIGHT_HU = (100.0, 600.0)
SMALLEST_CC = 15.0
LARGEST_SPREAD_HU = 30.0
CORTEX_HU = 300.0
MOST_CORTEX = 0.05
SOFT_HU = (-30.0, 600.0)
LEAST_SOFT = 0.4
LEAST_DIFFERENCE_HU = 40.0
MOST_ALIKE = 0.15  # more of the place as bright is the same organ, moved
WALL_HU = 45.0
DARKEST_HU = 60.0  # below the level shown: noise, not a fold of the curve
EDGE_VOXELS = 2


def without_contrast_medium(
    image: Volume, body: Volume, elsewhere: Callable[[Volume], Array]
) -> tuple[Volume, str]:
    """Return a CT whose parts filled with contrast medium have the HU of the other CT.

    Parameters
    ----------
    image, body : Volume
        CT in HU, and the mask of its body.
    elsewhere : callable
        HU of the other CT where a mask lies that is given in the frame of this one.

    Returns
    -------
    image : Volume
        The same one where nothing is filled.
    said : str
        What was changed, empty if nothing was.
    """
    grid = image.grid.with_spacing(SEARCH_MM)
    low = resample(image, grid)
    inside = resample(body, grid, 0.0).array > 0.5
    hu, told = image.array, []
    for part, level in _bright_parts(low.array, inside, grid.voxel_volume_cc):
        other = _level_elsewhere(elsewhere(Volume(part.astype(np.uint8), grid)), level)
        if other is None:
            continue
        near = ndimage.binary_dilation(part, iterations=EDGE_VOXELS).astype(np.float32)
        at = resample(Volume(near, grid), image.grid, 0.0).array > 0.5
        at &= (hu > WALL_HU) & (hu < 2 * level)
        shown = WALL_HU + (hu[at] - WALL_HU) * (other - WALL_HU) / (level - WALL_HU)
        hu = hu.astype(np.float32)
        hu[at] = np.maximum(shown, other - DARKEST_HU)
        told.append(f"{level:.0f} HU as {other:.0f} HU")
    if not told:
        return image, ""
    return Volume(hu, image.grid), f"contrast medium shown as in the other CT: {', '.join(told)}"


def _bright_parts(hu: Array, inside: Mask, voxel_cc: float) -> list[tuple[Mask, float]]:
    """Return masks of the bright, even, large parts, and the median HU of each."""
    smooth = ndimage.median_filter(hu, 3)
    bright = (smooth > BRIGHT_HU[0]) & (smooth < BRIGHT_HU[1]) & inside
    labels, _ = ndimage.label(ndimage.binary_erosion(bright))
    sizes = np.bincount(labels.ravel())
    large = np.flatnonzero(sizes * voxel_cc >= SMALLEST_CC)
    parts = [labels == label for label in large if label]
    levels = [_level_of(part, smooth) for part in parts]
    return [(part, level) for part, level in zip(parts, levels, strict=True) if level is not None]


def _level_of(part: Mask, hu: Array) -> float | None:
    """Median HU of a part that is even and not enclosed by bone, else None."""
    values = hu[part]
    low, middle, high = np.percentile(values, (10, 50, 90))
    around = ndimage.binary_dilation(part, iterations=3) & ~ndimage.binary_dilation(part)
    cortex = np.mean(hu[around] > max(CORTEX_HU, 1.5 * middle))
    even = high - low < 2 * LARGEST_SPREAD_HU
    return float(middle) if even and cortex < MOST_CORTEX else None


def _level_elsewhere(there: Array, level: float) -> float | None:
    """Median HU of the other CT without fat and gas, None where it is not distinctly darker."""
    soft = there[(there > SOFT_HU[0]) & (there < SOFT_HU[1])]
    if soft.size < max(1.0, LEAST_SOFT * there.size):
        return None
    alike = np.mean(soft > level - LEAST_DIFFERENCE_HU)
    return float(np.median(soft)) if alike <= MOST_ALIKE else None
