"""Where the contours of an organ just stop, so that nothing is known of the organ beyond them.

An organ that ends tapers: its last contours get smaller from plane to plane. A cord, a femur or a
bowel bag that was drawn on some slices only ends in a flat slice as large as those before it; that
slice is no surface of the organ. The same holds for each part of an organ that has several.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from .contour_planes import ContourStack, plane_coverage, stack_contours
from .courses import Structure
from .grids import Grid, Volume

Mask = npt.NDArray[np.bool_]

PIXEL_MM = 3.0
DEPTH_MM = 10.0
FLAT_SHARE = 0.7
NEAR_MM = 36.0  # three times the reach of the distances
MARGIN_MM = 40.0


@dataclass(frozen=True, eq=False)
class FlatEnd:
    """A part of a plane beyond which the contours stop without tapering.

    Parameters
    ----------
    plane : int
        Its plane in the stack.
    side : int
        1: they stop above the plane (towards higher positions), -1: below it.
    footprint : ndarray
        Pixels (v, u) of the part.
    """

    plane: int
    side: int
    footprint: Mask


def drawn_part(structure: Structure, slice_spacing_mm: float, spacing_mm: float) -> Volume | None:
    """Return where contours tell inside from outside: 1, and 0 beyond their flat ends.

    Beyond the grid of the volume its border goes on.

    Parameters
    ----------
    slice_spacing_mm : float
        Of the image, needed for a structure of one plane.
    spacing_mm : float
        Of the grid on which the result will be used.

    Returns
    -------
    Volume or None
        Float32 along the axes of the contours; None if no end is flat.

    Raises
    ------
    GeometryError
        Contours that cannot be used; see `contour_planes.stack_contours`.
    """
    stack = stack_contours(structure, slice_spacing_mm)
    low, high = stack.box_mm()
    corner = low - MARGIN_MM
    columns, rows = np.ceil((high - low + 2 * MARGIN_MM) / PIXEL_MM).astype(int).tolist()
    planes = [
        plane_coverage(loops, tuple(corner), (PIXEL_MM,) * 2, (rows, columns))
        for loops in stack.loops
    ]
    ends = list(_flat_ends(stack, planes))
    if not ends:
        return None
    first = stack.positions_mm[0] - MARGIN_MM
    extent = stack.positions_mm[-1] + MARGIN_MM - first
    heights = first + PIXEL_MM * np.arange(int(np.ceil(extent / PIXEL_MM)) + 1)
    known = np.ones((len(heights), rows, columns), dtype=np.float32)
    for end in ends:
        _forget_beyond(known, heights, stack, planes, end, 1.5 * spacing_mm + PIXEL_MM)
    origin = stack.axes @ np.array([*(corner + PIXEL_MM / 2), first])
    direction = tuple(stack.axes.ravel().tolist())
    size = (columns, rows, len(heights))
    return Volume(known, Grid(size, (PIXEL_MM,) * 3, tuple(origin.tolist()), direction))


def _flat_ends(stack: ContourStack, planes: Sequence[npt.NDArray[np.float32]]) -> Iterator[FlatEnd]:
    """Parts of planes without a part beyond them, about as large as the parts before them."""
    labels = [ndimage.label(plane > 0)[0] for plane in planes]
    positions = stack.positions_mm
    for run in stack.runs():
        for k in run:
            for side in (1, -1):
                beyond = labels[k + side] > 0 if k + side in run else np.zeros_like(labels[k], bool)
                stopping = set(np.unique(labels[k]).tolist()) - set(labels[k][beyond].tolist())
                before = [
                    d
                    for d in run
                    if d == k - side or 0 < side * (positions[k] - positions[d]) <= DEPTH_MM
                ]
                for number in stopping - {0}:
                    part = labels[k] == number
                    area = float(planes[k][part].sum())
                    areas = [_area_over(part, labels[d], planes[d]) for d in before]
                    if area >= FLAT_SHARE * max(areas, default=0.0):
                        yield FlatEnd(k, side, part)


def _area_over(part: Mask, labels: npt.NDArray[np.int32], plane: npt.NDArray[np.float32]) -> float:
    """Area (pixels) of the parts of another plane that lie over a part."""
    over = np.unique(labels[part])
    return float(plane[np.isin(labels, over[over > 0])].sum())


def _forget_beyond(
    known: npt.NDArray[np.float32],
    heights: npt.NDArray[np.float64],
    stack: ContourStack,
    planes: Sequence[npt.NDArray[np.float32]],
    end: FlatEnd,
    sheet_mm: float,
) -> None:
    """Set to 0 the end itself, and all beyond it that is not near other parts, in place."""
    above = end.side * (heights - stack.positions_mm[end.plane])
    known[(above > 0) & (above <= sheet_mm)] *= ~end.footprint
    further = planes[end.plane + 1 :] if end.side > 0 else planes[: end.plane]
    others = np.any([plane > 0 for plane in further], axis=0) if further else None
    if others is None:
        known[above > 0] = 0
    else:
        away = ndimage.distance_transform_edt(~others) * PIXEL_MM
        known[above > 0] *= away <= NEAR_MM
