"""What an organ contoured on both CTs adds to the deformable registration.

Its inside is painted alike in both images, so that gas, contrast medium and filling exert no force
of their own; and the distance to its surface, up to a reach, must agree: the gradient of that
distance pulls the surfaces together from far off, also where tissue on both sides looks the same.
Where a CT or the contours stop, the surface seen is not that of the organ: a distance counts only
where it is smaller than the distance to what is unknown.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from .curvature_solver import PAIRS, block_mean, upsample
from .grids import Grid
from .mask_box import mask_box
from .registration_images import Images

Array = npt.NDArray[np.float32]
Box = tuple[slice, slice, slice]

REACH_MM = 12.0
UNIT_MM = 2.0
INSIDE_VALUE = 6.0  # about 40 HU in the unit of the window
KNOWN_MM = 1000.0  # stands for no border in sight
ALL_OF_IT = 0.99
SURE_VOXELS = 2.0  # the slope of the distance needs the neighbours too


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
        Part of each voxel that is painted: inside the organ, known in both.
    sure : tuple of ndarray, optional
        At the nodes, for the fixed and the moving image: how much further away than the surface
        is what is unknown there, in voxels. None if all is known.
    """

    name: str
    box: Box
    fixed: Array
    moving: Array
    cover_fixed: Array
    cover_moving: Array
    sure: tuple[Array, Array] | None = None

    def halved(self) -> OrganTerm:
        """Return the term at half the resolution."""
        box = tuple(slice(s.start // 2, s.stop // 2) for s in self.box)
        sure = self.sure and (block_mean(self.sure[0]) / 2, block_mean(self.sure[1]) / 2)
        return OrganTerm(self.name, box, *(block_mean(array) for array in self[2:6]), sure)

    def steering_share(self) -> float:
        """Part (0..1) of the surface in the fixed image that steers as long as nothing moved."""
        if self.sure is None:
            return 1.0
        inside = self.fixed < 0
        rim = inside & ~ndimage.binary_erosion(inside, border_value=1)
        surface = block_mean(rim.astype(np.float32))
        return float((_weight(*self.sure) * surface).sum() / max(surface.sum(), 1e-6))

    def ends_mm(self, grid: Grid) -> list[tuple[str, float, float]]:
        """Return which end (lower, upper) lies at which z (mm) in the fixed and moving image.

        Only ends that are surface of the organ in both.
        """
        planes = [np.flatnonzero((d < 0).any(axis=(1, 2))) for d in (self.fixed, self.moving)]
        if not all(len(k) for k in planes):
            return []
        found = []
        for which, last in (("lower", 0), ("upper", -1)):
            ends = [int(k[last]) for k in planes]
            if self.sure is None or all(
                float(sure[k // 2].max(where=(d[k] < 0)[::2, ::2], initial=0)) > SURE_VOXELS
                for sure, d, k in zip(self.sure, (self.fixed, self.moving), ends, strict=True)
            ):
                first = grid.origin_lps[2] + self.box[0].start * grid.spacing_mm[2]
                found.append((which, *(first + k * grid.spacing_mm[2] for k in ends)))
        return found


def organ_term(
    name: str,
    fixed: Array,
    moving: Array,
    spacing_mm: float,
    multiple: int,
    known: tuple[Array, Array] | None = None,
) -> OrganTerm:
    """Return the term of an organ from its coverage (0..1) of the voxels of both images.

    Parameters
    ----------
    multiple : int
        The box begins and ends at multiples of it; every size of the grid is a multiple too.
    known : tuple of ndarray, optional
        Where each image and its contours tell inside from outside (bool): at the nodes in the
        box of `organ_box`, and one more on each side. None: everywhere.
    """
    box = organ_box(fixed, moving, spacing_mm, multiple)
    covers = [np.ascontiguousarray(cover[box]) for cover in (fixed, moving)]
    distances = [surface_distance(cover, spacing_mm) for cover in covers]
    if known is None or all(part.all() for part in known):
        return OrganTerm(name, box, *distances, *covers)
    away = [_distance_to_unknown(part, 2 * spacing_mm) for part in known]
    sure = tuple(
        (a - UNIT_MM * block_mean(abs(d))) / np.float32(spacing_mm)
        for a, d in zip(away, distances, strict=True)
    )
    # cut off, not faded: a robust difference forgives gas on one side of a sharp edge
    common = (known[0] & known[1])[1:-1, 1:-1, 1:-1].astype(np.float32)
    painted = upsample(common, covers[0].shape) > ALL_OF_IT
    return OrganTerm(name, box, *distances, *(cover * painted for cover in covers), sure)


def organ_box(fixed: Array, moving: Array, spacing_mm: float, multiple: int) -> Box:
    """Return the box around an organ in both images with the reach of the distances."""
    reach = int(np.ceil(REACH_MM / spacing_mm)) + 1
    box = []
    for part, size in zip(mask_box((fixed > 0) | (moving > 0)), fixed.shape, strict=True):
        low = max(part.start - reach, 0) // multiple * multiple
        box.append(slice(low, -(-min(part.stop + reach, size) // multiple) * multiple))
    return tuple(box)


def _distance_to_unknown(known: npt.NDArray[np.bool_], spacing_mm: float) -> Array:
    """Distance (mm) of nodes to the last known one, without the nodes at the border."""
    inner = (slice(1, -1),) * 3
    if known.all():
        return np.full(known[inner].shape, KNOWN_MM, dtype=np.float32)
    steps = ndimage.distance_transform_edt(known)[inner] - 1
    return (steps * spacing_mm).astype(np.float32)


def _weight(fixed: Array, moving: Array) -> Array:
    """Weight (0..1) from what makes the distances in both images sure."""
    return np.clip(np.minimum(fixed, moving) - np.float32(SURE_VOXELS), 0, 1)


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
    sure = _sure_weight(organ.sure, nodes[(slice(None), *at)])
    for row, (m, n) in enumerate(PAIRS):
        a[row][at] += sure * block_mean(weighted[m] * slope[n])
    for row in range(3):
        b[row][at] += sure * block_mean(weighted[row] * difference) / 2


def _sure_weight(sure: tuple[Array, Array] | None, nodes: Array) -> Array | np.float32:
    """Weight at the nodes, displaced as they are."""
    if sure is None:
        return np.float32(1)
    where = np.indices(sure[0].shape, dtype=np.float32) + nodes
    moved = ndimage.map_coordinates(sure[1], where, np.float32, order=1, mode="nearest")
    return _weight(sure[0], moved)
