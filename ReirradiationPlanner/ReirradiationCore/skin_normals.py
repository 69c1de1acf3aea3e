"""The skin tells a registration how it moved along its normal, and nothing along itself.

Voxels show the skin as stairs. The slopes of their steps point everywhere, and where little else
holds the fat below they would push it along the skin by a part of a voxel.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import ndimage

Array = npt.NDArray[np.float32]

SKIN_VOXELS = 2
NORMAL_VOXELS = 2.0


class SkinNormals(NamedTuple):
    """Voxels near the skin, and the unit normal of the skin there.

    Parameters
    ----------
    index : tuple of ndarray
        Indices of the voxels along k, j and i.
    normals : ndarray, shape (3, N)
        Components along k, j and i.
    """

    index: tuple[npt.NDArray[np.intp], ...]
    normals: Array


def skin_normals(outside: Array) -> SkinNormals:
    """Find the skin and its normals.

    Parameters
    ----------
    outside : ndarray, shape (k, j, i)
        Share (0..1) of the air around the body in each voxel.
    """
    air = outside > 0.5
    near = ndimage.binary_dilation(air, iterations=SKIN_VOXELS)
    near &= ndimage.binary_dilation(~air, iterations=SKIN_VOXELS)
    index = np.nonzero(near)
    smooth = ndimage.gaussian_filter(air.astype(np.float32), NORMAL_VOXELS)
    normals = np.stack([slope[index] for slope in np.gradient(smooth)])
    return SkinNormals(index, normals / (np.linalg.norm(normals, axis=0) + np.float32(1e-6)))


def along_normals(slope: Array, skin: SkinNormals) -> Array:
    """Return slopes (3, k, j, i) of which those near the skin keep their part along its normal."""
    near = (slice(None), *skin.index)
    slope[near] = np.sum(slope[near] * skin.normals, axis=0) * skin.normals
    return slope
