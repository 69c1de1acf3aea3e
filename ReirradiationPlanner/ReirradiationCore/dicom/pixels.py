"""Stored pixel values of an object, checked against what its header promises."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ..errors import RefusedError
from .attributes import number, show, unreadable_errors, value_of

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_NATIVE = ("", "1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.1.99")
_BIG_ENDIAN = "1.2.840.10008.1.2.2"


def transfer_syntax(dataset: Dataset) -> str:
    """Return the Transfer Syntax UID, empty where the file has no meta header."""
    meta = getattr(dataset, "file_meta", None)
    return str(meta.get("TransferSyntaxUID", "")) if meta is not None else ""


def is_compressed(dataset: Dataset) -> bool:
    """Tell whether the pixels are encapsulated (JPEG, RLE ...)."""
    return transfer_syntax(dataset) not in (*_NATIVE, _BIG_ENDIAN)


def pixel_shape(dataset: Dataset, name: str) -> tuple[int, int, int]:
    """Return number of frames, rows and columns.

    Raises
    ------
    RefusedError
        One of them is missing or not a positive whole number.
    """
    frames = number(dataset, "NumberOfFrames")
    sizes = (1 if frames is None else frames, number(dataset, "Rows"), number(dataset, "Columns"))
    if any(size is None or not size >= 1 or size != int(size) for size in sizes):
        msg = f"{name}: Number of Frames, Rows or Columns are not positive whole numbers"
        raise RefusedError(msg)
    return tuple(int(size) for size in sizes)


def stored_values(dataset: Dataset, name: str) -> npt.NDArray[np.integer]:
    """Return stored values, shape (frames, rows, columns).

    Raises
    ------
    RefusedError
        No integer pixel data, an encoding that is not known, or a length that does not fit.
    """
    shape = pixel_shape(dataset, name)
    if "PixelData" not in dataset:
        kind = "floating-point pixels" if "FloatPixelData" in dataset else "no Pixel Data"
        msg = f"{name}: has {kind}, where whole numbers are needed; export the object again"
        raise RefusedError(msg)
    dtype = _dtype(dataset, name)
    if is_compressed(dataset):
        return _decompressed(dataset, name, shape)
    data = value_of(dataset, "PixelData")
    if not isinstance(data, bytes | bytearray | memoryview):
        msg = f"{name}: has Pixel Data that cannot be read; export the object again"
        raise RefusedError(msg)
    expected = int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
    if not expected <= len(data) <= expected + expected % 2:
        msg = (
            f"{name}: Pixel Data has {len(data)} bytes where {shape[0]} frames of {shape[1]} x "
            f"{shape[2]} need {expected}; the file is cut or damaged, export it again"
        )
        raise RefusedError(msg)
    values = np.frombuffer(data, dtype, count=expected // dtype.itemsize).reshape(shape)
    return _stored_bits(dataset, values, name)


def _dtype(dataset: Dataset, name: str) -> np.dtype:
    bits, signed = number(dataset, "BitsAllocated"), number(dataset, "PixelRepresentation")
    samples = number(dataset, "SamplesPerPixel")
    if bits not in (8, 16, 32) or signed not in (0, 1) or samples not in (1, None):
        msg = (
            f"{name}: Bits Allocated {show(dataset, 'BitsAllocated')}, Samples per Pixel "
            f"{show(dataset, 'SamplesPerPixel')} and Pixel Representation "
            f"{show(dataset, 'PixelRepresentation')} are not known; export the object again"
        )
        raise RefusedError(msg)
    order = ">" if transfer_syntax(dataset) == _BIG_ENDIAN else "<"
    return np.dtype(f"{order}{'i' if signed else 'u'}{int(bits) // 8}")


def _stored_bits(
    dataset: Dataset, values: npt.NDArray[np.integer], name: str
) -> npt.NDArray[np.integer]:
    """Return values of the stored bits alone: higher ones may hold anything."""
    allocated = values.dtype.itemsize * 8
    stored = int(number(dataset, "BitsStored") or allocated)
    high = number(dataset, "HighBit")
    if stored == allocated:
        return values
    if not 1 <= stored < allocated or high not in (None, stored - 1):
        msg = f"{name}: {stored} bits stored up to bit {high} of {allocated} are not possible"
        raise RefusedError(msg)
    shift = allocated - stored
    return (values << shift) >> shift


def _decompressed(
    dataset: Dataset, name: str, shape: tuple[int, int, int]
) -> npt.NDArray[np.integer]:
    try:
        values = np.asarray(dataset.pixel_array)
    except (*unreadable_errors(), RuntimeError) as error:
        msg = (
            f"{name}: pixels compressed with transfer syntax {transfer_syntax(dataset)} cannot be "
            "read here; export the object uncompressed"
        )
        raise RefusedError(msg) from error
    if values.size != np.prod(shape):
        msg = f"{name}: the decompressed pixels do not fill {shape} frames, rows and columns"
        raise RefusedError(msg)
    return values.reshape(shape)
