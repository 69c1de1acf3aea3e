"""Contrast medium in one CT alone: what it fills is shown to the registration as if it were urine.

A bladder or a vessel is darker than its wall in one CT and brighter in the other, so its edges
would pull the wrong way. A part of a CT counts as filled with contrast medium if it is bright,
even, large, and not enclosed by bone.
"""

from __future__ import annotations

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
URINE_HU, WALL_HU = 5.0, 45.0
EDGE_VOXELS = 2


def without_contrast_medium(image: Volume, body: Volume) -> tuple[Volume, str]:
    """Return a CT whose parts filled with contrast medium have the HU of urine.

    Parameters
    ----------
    image, body : Volume
        CT in HU, and the mask of its body.

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
    filled, levels = _filled(low.array, inside, grid.voxel_volume_cc)
    if not levels:
        return image, ""
    hu = image.array.astype(np.float32)
    for label, level in enumerate(levels, start=1):
        part = ndimage.binary_dilation(filled == label, iterations=EDGE_VOXELS)
        near = resample(Volume(part.astype(np.float32), grid), image.grid, 0.0).array > 0.5
        darker = WALL_HU - (hu - WALL_HU) * np.float32((WALL_HU - URINE_HU) / (level - WALL_HU))
        bright = near & (hu > WALL_HU) & (hu < 2 * level)
        hu = np.where(bright, np.maximum(darker, np.float32(URINE_HU - 60.0)), hu)
    found = ", ".join(f"{level:.0f} HU" for level in levels)
    return Volume(hu, image.grid), f"contrast medium shown as urine: {found}"


def _filled(hu: Array, inside: Mask, voxel_cc: float) -> tuple[npt.NDArray[np.int32], list[float]]:
    """Return labels of the parts filled with contrast medium, and the median HU of each."""
    smooth = ndimage.median_filter(hu, 3)
    bright = (smooth > BRIGHT_HU[0]) & (smooth < BRIGHT_HU[1]) & inside
    core = ndimage.binary_erosion(bright)
    labels, _ = ndimage.label(core)
    kept, levels = np.zeros(labels.shape, dtype=np.int32), []
    sizes = np.bincount(labels.ravel())
    for label in np.flatnonzero(sizes * voxel_cc >= SMALLEST_CC):
        if label == 0:
            continue
        part = labels == label
        level = _level_of(part, smooth)
        if level is not None:
            levels.append(level)
            kept[part] = len(levels)
    return kept, levels


def _level_of(part: Mask, hu: Array) -> float | None:
    """Median HU of a part that is even and not enclosed by bone, else None."""
    values = hu[part]
    low, middle, high = np.percentile(values, (10, 50, 90))
    around = ndimage.binary_dilation(part, iterations=3) & ~ndimage.binary_dilation(part)
    cortex = np.mean(hu[around] > max(CORTEX_HU, 1.5 * middle))
    even = high - low < 2 * LARGEST_SPREAD_HU
    return float(middle) if even and cortex < MOST_CORTEX else None
