"""Enhanced multi-frame CT: the frames and where each of them is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ..errors import RefusedError
from .attributes import numbers, read_dataset, sequence
from .index import Entry
from .pixels import stored_values

if TYPE_CHECKING:
    from pydicom.dataset import Dataset


@dataclass(frozen=True, eq=False)
class EnhancedFrames:
    """HU (n, rows, columns), float32, with positions (n, 3), orientation and Pixel Spacing."""

    hounsfield: npt.NDArray[np.float32]
    positions: npt.NDArray[np.float64]
    orientation: npt.NDArray[np.float64]
    pixel_spacing: npt.NDArray[np.float64]


def read_enhanced_ct(entry: Entry) -> EnhancedFrames:
    """Return all frames of an enhanced CT.

    Raises
    ------
    RefusedError
        Frames without position, orientation, spacing or rescale values, or of different ones.
    """
    dataset = read_dataset(entry.path, entry.name)
    stored = stored_values(dataset, entry.name)
    count = len(stored)

    def of_frames(macro: str, keyword: str, size: int) -> npt.NDArray[np.float64]:
        rows = [_of_frame(dataset, k, macro, keyword) for k in range(count)]
        if any(row is None or row.size != size or not np.all(np.isfinite(row)) for row in rows):
            msg = f"{entry.name}: {macro} is missing in a frame; export the CT as single slices"
            raise RefusedError(msg)
        return np.array(rows)

    orientation = of_frames("PlaneOrientationSequence", "ImageOrientationPatient", 6)
    spacing = of_frames("PixelMeasuresSequence", "PixelSpacing", 2)
    if np.ptp(orientation, axis=0).max() > 1e-4 or np.ptp(spacing, axis=0).max() > 1e-4:
        msg = (
            f"{entry.name}: frames of different orientation or spacing; give the planning CT alone"
        )
        raise RefusedError(msg)
    transform = "PixelValueTransformationSequence"
    slope = of_frames(transform, "RescaleSlope", 1).astype(np.float32)
    intercept = of_frames(transform, "RescaleIntercept", 1).astype(np.float32)
    return EnhancedFrames(
        stored * slope[..., None] + intercept[..., None],
        of_frames("PlanePositionSequence", "ImagePositionPatient", 3),
        orientation[0],
        spacing[0],
    )


def _of_frame(
    dataset: Dataset, frame: int, macro: str, keyword: str
) -> npt.NDArray[np.float64] | None:
    """Return numbers of a functional group: that of the frame, else the one all frames share."""
    per_frame = sequence(dataset, "PerFrameFunctionalGroupsSequence")
    groups = per_frame[frame : frame + 1] + sequence(dataset, "SharedFunctionalGroupsSequence")[:1]
    items = [item for group in groups for item in sequence(group, macro)[:1]]
    return numbers(items[0], keyword) if items else None
