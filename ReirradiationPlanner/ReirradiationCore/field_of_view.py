"""What a CT does not show: the padding around a round field of view, and where it cuts the body."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from .grids import Volume

Mask = npt.NDArray[np.bool_]

UNSEEN_HU = -1200.0  # below air: outside the image, or padding around the field of view
PADDING_HU = -3024.0
AIR_HU = -1000.0
SAME_HU = 0.5
FEWEST_EDGE_VOXELS = 20
ROUND_WITHIN_VOXELS = 1.5


def with_padding_marked(image: Volume) -> Volume:
    """Return a CT whose padding around a round field of view is -3024 HU.

    Padding below -1200 HU is known by its value. Padding between that and air (such as -1024 HU)
    is known by having one value in all planes, from the corners to a circle; an image without it
    comes back itself.

    Parameters
    ----------
    image : Volume
        CT, HU.
    """
    outside = _constant_outside(image.array)
    if outside is None or not _is_round(outside, image.grid.spacing_mm):
        return image
    marked = image.array.copy()
    marked[:, outside] = PADDING_HU
    return Volume(marked, image.grid)


def _constant_outside(array: npt.NDArray) -> Mask | None:
    """Return where all planes have the value of the corners, as far as it hangs on corners."""
    corners = (0, 0, -1, -1), (0, -1, 0, -1)
    level = float(np.median(array[0][corners]))
    if not UNSEEN_HU <= level < AIR_HU:
        return None
    outside = np.ones(array.shape[1:], dtype=bool)
    for plane in array:
        outside &= np.abs(plane - level) < SAME_HU
        if not outside[corners].any():
            return None
    labels, _ = ndimage.label(outside)
    touched = np.unique(labels[corners])
    return np.isin(labels, touched[touched > 0])


def _is_round(outside: Mask, spacing_mm: tuple[float, float, float]) -> bool:
    """Tell whether a circle bounds the rest of the plane (least squares through its edge)."""
    rows, columns = np.nonzero(~outside & ndimage.binary_dilation(outside))
    if len(rows) < FEWEST_EDGE_VOXELS:
        return False
    points = np.stack([columns * spacing_mm[0], rows * spacing_mm[1]], axis=1)
    points -= points.mean(axis=0)
    system = np.column_stack([2 * points, np.ones(len(points))])
    middle, _, _, _ = np.linalg.lstsq(system, np.sum(points**2, axis=1), rcond=None)
    radii = np.linalg.norm(points - middle[:2], axis=1)
    off = np.percentile(np.abs(radii - radii.mean()), 99)
    return bool(off <= ROUND_WITHIN_VOXELS * max(spacing_mm[:2]))
