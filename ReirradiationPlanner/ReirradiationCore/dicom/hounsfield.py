"""Hounsfield units of one CT slice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk

from ..errors import RefusedError
from .attributes import number
from .index import Entry
from .pixels import is_compressed, stored_values

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

LOWEST_HU = -1024


def hounsfield(dataset: Dataset, entry: Entry) -> npt.NDArray[np.generic]:
    """Return HU (rows, columns): int16 if slope and intercept are whole numbers, else float32.

    Values below -1024 (padding outside the scanned circle) become -1024.

    Raises
    ------
    RefusedError
        No rescale values, or pixels that cannot be read.
    """
    slope, intercept = number(dataset, "RescaleSlope"), number(dataset, "RescaleIntercept")
    if slope is None or intercept is None or not np.isfinite([slope, intercept]).all() or not slope:
        msg = f"{entry.name}: Rescale Slope or Intercept is missing, so HU are not known"
        raise RefusedError(msg)
    if is_compressed(dataset):
        values = _decompressed(entry)
    elif slope == int(slope) and intercept == int(intercept):
        stored = stored_values(dataset, entry.name)[0]
        values = stored.astype(np.int32) * int(slope) + int(intercept)
    else:
        values = stored_values(dataset, entry.name)[0] * np.float32(slope) + np.float32(intercept)
    return limited(values)


def limited(values: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
    """Return HU as int16 or float32, not below -1024."""
    if np.issubdtype(values.dtype, np.integer):
        return np.clip(values, LOWEST_HU, 32767).astype(np.int16)
    return np.maximum(values, LOWEST_HU).astype(np.float32)


def _decompressed(entry: Entry) -> npt.NDArray[np.generic]:
    """HU of a compressed slice: SimpleITK decodes more than pydicom alone, and rescales."""
    try:
        image = sitk.ReadImage(str(entry.path), imageIO="GDCMImageIO")
    except RuntimeError as error:
        msg = f"{entry.name}: its compressed pixels cannot be read here; export it uncompressed"
        raise RefusedError(msg) from error
    return sitk.GetArrayFromImage(image)[0]
