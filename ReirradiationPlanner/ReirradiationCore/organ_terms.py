"""What an organ contoured on both CTs adds to the deformable registration.

Its inside is painted alike in both images, so that gas, contrast medium and filling exert no force
of their own; and the distance to its surface, up to a reach, must agree: the gradient of that
distance pulls the surfaces together from far off, also where tissue on both sides looks the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from .curvature_solver import PAIRS, block_mean, upsample
from .mask_box import mask_box
from .registration_images import Images

Array = npt.NDArray[np.float32]
Box = tuple[slice, slice, slice]

REACH_MM = 12.0
UNIT_MM = 2.0
INSIDE_VALUE = 6.0  # about 40 HU in the unit of the window


class OrganTerm(NamedTuple):
    """Distances to the surface of one organ in both images, cut out of the grid.

    Parameters
    ----------
    name : str
        Organ.
    box : tuple of slice
        Where in the grid it was cut out; even numbers of voxels.
    fixed, moving : ndarray
        Distance to the surface in units of 2 mm, negative inside, at most the reach.
    cover_fixed, cover_moving : ndarray
        Part of each voxel inside the organ.
    """

    name: str
    box: Box
    fixed: Array
    moving: Array
    cover_fixed: Array
    cover_moving: Array

    def halved(self) -> OrganTerm:
        """Return the term at half the resolution."""
        box = tuple(slice(s.start // 2, s.stop // 2) for s in self.box)
        return OrganTerm(self.name, box, *(block_mean(array) for array in self[2:]))


def organ_term(
    name: str, fixed: Array, moving: Array, spacing_mm: float, multiple: int
) -> OrganTerm:
    """Return the term of an organ from its coverage (0..1) of the voxels of both images.

    Parameters
    ----------
    multiple : int
        The box begins and ends at multiples of it; every size of the grid is a multiple too.
    """
    reach = int(np.ceil(REACH_MM / spacing_mm)) + 1
    box = []
    for part, size in zip(mask_box((fixed > 0) | (moving > 0)), fixed.shape, strict=True):
        low = max(part.start - reach, 0) // multiple * multiple
        box.append(slice(low, -(-min(part.stop + reach, size) // multiple) * multiple))
    box = tuple(box)
    covers = [np.ascontiguousarray(cover[box]) for cover in (fixed, moving)]
    distances = [surface_distance(cover, spacing_mm) for cover in covers]
    return OrganTerm(name, box, distances[0], distances[1], covers[0], covers[1])


def surface_distance(cover: Array, spacing_mm: float) -> Array:
    """Return the distance to the surface in units of 2 mm, negative inside, cut at the reach."""
    inside = cover >= 0.5
    outwards = ndimage.distance_transform_edt(~inside) - ndimage.distance_transform_edt(inside)
    distance = (outwards - 0.5 * np.sign(outwards)) * spacing_mm
    distance = ndimage.gaussian_filter(distance, 0.7)
    return (np.clip(distance, -REACH_MM, REACH_MM) / UNIT_MM).astype(np.float32)


def made_alike(images: Images, organs: Sequence[OrganTerm]) -> Images:
    """Return the images with the inside of every organ painted with one value in both."""
    fixed, moving = images.fixed.copy(), images.moving.copy()
    for organ in organs:
        for image, cover in ((fixed, organ.cover_fixed), (moving, organ.cover_moving)):
            part = image[organ.box]
            part += cover * (np.float32(INSIDE_VALUE) - part)
    return images._replace(fixed=fixed, moving=moving)


def add_organ(organ: OrganTerm, nodes: Array, a: Array, b: Array, weight: float) -> None:
    """Add the term of an organ to the normal equations, in place.

    Parameters
    ----------
    nodes : ndarray, shape (3, k, j, i)
        Displacement in units of the node spacing (two voxels).
    a, b : ndarray
        Matrix (6, ...) and right side (3, ...) at the nodes.
    """
    at = tuple(slice(s.start // 2, s.stop // 2) for s in organ.box)
    shape = organ.fixed.shape
    moved = np.stack([upsample(2 * np.ascontiguousarray(u[at]), shape) for u in nodes])
    where = np.indices(shape, dtype=np.float32) + moved
    warped = ndimage.map_coordinates(organ.moving, where, np.float32, order=1, mode="nearest")
    slope = (np.stack(np.gradient(organ.fixed)) + np.stack(np.gradient(warped))) / 2
    weighted = np.float32(weight) * slope
    difference = organ.fixed - warped
    for row, (m, n) in enumerate(PAIRS):
        a[row][at] += block_mean(weighted[m] * slope[n])
    for row in range(3):
        b[row][at] += block_mean(weighted[row] * difference) / 2
