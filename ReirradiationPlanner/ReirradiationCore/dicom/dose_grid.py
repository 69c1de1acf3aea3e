"""Where the planes of an RTDOSE are: any orientation, any distances, one file or many."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ..errors import RefusedError
from ..grids import DIRECTION_TOLERANCE, POSITION_TOLERANCE_MM, Grid
from .attributes import numbers
from .orientation import pixel_spacing, plane_axes
from .pixels import pixel_shape

if TYPE_CHECKING:
    from pydicom.dataset import Dataset


@dataclass(frozen=True, eq=False)
class DosePlane:
    """Size (columns, rows), spacing along i and j (mm), axes (3x3) and position (LPS, mm)."""

    size: tuple[int, int]
    spacing_mm: tuple[float, float]
    axes: npt.NDArray[np.float64]
    position: npt.NDArray[np.float64]


def plane_offsets(dataset: Dataset, name: str) -> npt.NDArray[np.float64]:
    """Return positions of the planes along the normal relative to Image Position (Patient), mm.

    References
    ----------
    DICOM PS3.3 C.8.8.3.2: a vector that begins with 0 is relative, along the cross product of row
    and column direction; one that begins with the z of Image Position (Patient) holds patient z.
    """
    frames = pixel_shape(dataset, name)[0]
    offsets = numbers(dataset, "GridFrameOffsetVector")
    count = 0 if offsets is None else offsets.size
    if count != frames or frames < 2 or not np.all(np.isfinite(offsets)):
        msg = (
            f"{name}: Grid Frame Offset Vector has {count} numbers for {frames} dose planes (at "
            "least 2 planes, each with its position, are needed); export the dose again"
        )
        raise RefusedError(msg)
    steps = np.diff(offsets)
    if not (np.all(steps > 0) or np.all(steps < 0)):
        msg = f"{name}: the planes of Grid Frame Offset Vector are not in order; export it again"
        raise RefusedError(msg)
    if offsets[0] == 0:
        return offsets
    position = numbers(dataset, "ImagePositionPatient")
    normal_z = plane_axes(_orientation(dataset), name)[2, 2]
    axial = abs(normal_z) > 0.9999
    if position is None or not axial or abs(offsets[0] - position[-1]) > POSITION_TOLERANCE_MM:
        msg = (
            f"{name}: Grid Frame Offset Vector begins with {offsets[0]:g}, which is neither 0 nor "
            "the z of Image Position (Patient) of an axial plane; export the dose again"
        )
        raise RefusedError(msg)
    return (offsets - offsets[0]) * np.sign(normal_z)


def _orientation(dataset: Dataset) -> npt.NDArray[np.float64] | None:
    values = numbers(dataset, "ImageOrientationPatient")
    usable = values is not None and values.size == 6 and np.all(np.isfinite(values))
    return values if usable else None


def dose_grid(dataset: Dataset, name: str, offsets: npt.NDArray[np.float64]) -> Grid:
    """Return the grid of a dose, planes in ascending order along the normal.

    Raises
    ------
    RefusedError
        Position, orientation or spacing missing or not possible.
    """
    plane = plane_of(dataset, name)
    origin = plane.position + plane.axes[:, 2] * offsets.min()
    return _grid_of_planes(plane, origin, np.sort(offsets))


def plane_of(dataset: Dataset, name: str) -> DosePlane:
    """Return size, spacing, axes and position of the first plane.

    Raises
    ------
    RefusedError
        One of them missing or not possible.
    """
    _, rows, columns = pixel_shape(dataset, name)
    axes = plane_axes(_orientation(dataset), name)
    spacing = pixel_spacing(numbers(dataset, "PixelSpacing"), name)
    position = numbers(dataset, "ImagePositionPatient")
    if position is None or position.size != 3 or not np.all(np.isfinite(position)):
        msg = f"{name}: Image Position (Patient) is missing or not three numbers"
        raise RefusedError(msg)
    return DosePlane((columns, rows), spacing, axes, position)


def stacked_grid(planes: list[DosePlane], name: str) -> tuple[Grid, list[int]]:
    """Return the grid of planes given one by one, and the order in which they ascend.

    Raises
    ------
    RefusedError
        Planes that are not a straight stack of equal planes.
    """
    first = planes[0]
    along = np.array([plane.position for plane in planes]) @ first.axes
    order = np.argsort(along[:, 2])
    offsets = along[order, 2] - along[order[0], 2]
    are_equal = all(
        plane.size == first.size
        and np.allclose(plane.spacing_mm, first.spacing_mm, atol=POSITION_TOLERANCE_MM)
        and np.allclose(plane.axes, first.axes, atol=DIRECTION_TOLERANCE)
        for plane in planes
    )
    drift = np.ptp(along[:, :2], axis=0).max()
    if not are_equal or drift > POSITION_TOLERANCE_MM or np.diff(offsets).min() <= 0.01:
        msg = (
            f"{name}: the {len(planes)} doses of one plane of this plan do not form one straight "
            "stack; export the dose as one file"
        )
        raise RefusedError(msg)
    origin = planes[order[0]].position
    return _grid_of_planes(first, origin, offsets), order.tolist()


def _grid_of_planes(
    plane: DosePlane, origin: npt.NDArray[np.float64], offsets: npt.NDArray[np.float64]
) -> Grid:
    """Return the grid of planes at ascending offsets, even where they are within tolerance."""
    relative = offsets - offsets[0]
    step = float(relative[-1] / (len(relative) - 1))
    is_even = np.allclose(relative, step * np.arange(len(relative)), atol=POSITION_TOLERANCE_MM)
    uneven = None if is_even else tuple(relative.tolist())
    size = (*plane.size, len(relative))
    direction = tuple(plane.axes.ravel().tolist())
    return Grid(size, (*plane.spacing_mm, step), tuple(origin.tolist()), direction, uneven)
