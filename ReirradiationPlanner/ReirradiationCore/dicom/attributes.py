"""Reading DICOM files and single attributes without trusting them.

pydicom converts a value when it is asked for it, so a broken file may raise at any access; all
accesses of the reader go through the functions here, which answer None or empty instead.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import MutableSequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ..errors import RefusedError

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_UNREADABLE = (
    ArithmeticError,
    AttributeError,
    EOFError,
    IndexError,
    KeyError,
    MemoryError,
    NotImplementedError,
    OSError,
    RecursionError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)
EARLIEST_DATE = date(1950, 1, 1)


def unreadable_errors() -> tuple[type[Exception], ...]:
    """Return what pydicom raises for files and values that are not as the standard says."""
    import pydicom  # noqa: PLC0415

    errors = pydicom.errors
    return (*_UNREADABLE, errors.InvalidDicomError, errors.BytesLengthException)


def read_dataset(path: Path, name: str, pixels: bool = True) -> Dataset:
    """Return the dataset of a file.

    Raises
    ------
    RefusedError
        The file cannot be read as DICOM.
    """
    import pydicom  # noqa: PLC0415

    try:
        return pydicom.dcmread(path, stop_before_pixels=not pixels, force=True)
    except unreadable_errors() as error:
        msg = f"{name}: cannot be read as DICOM ({type(error).__name__}); export the file again"
        raise RefusedError(msg) from error


def value_of(dataset: Dataset, keyword: str) -> Any:  # noqa: ANN401
    """Return the value of an attribute, None where it is absent, empty or cannot be converted."""
    try:
        value = dataset.get(keyword)
    except unreadable_errors():
        return None
    return None if value is None or (hasattr(value, "__len__") and len(value) == 0) else value


def text(dataset: Dataset, keyword: str) -> str:
    """Return an attribute as text without padding, empty where absent."""
    value = value_of(dataset, keyword)
    if value is None:
        return ""
    parts = value if isinstance(value, MutableSequence) else [value]
    try:
        return "\\".join(str(part) for part in parts).strip(" \0")
    except unreadable_errors():
        return ""


def number(dataset: Dataset, keyword: str) -> float | None:
    """Return an attribute of one value as a number (may be NaN), None where it is not one."""
    values = numbers(dataset, keyword)
    return float(values[0]) if values is not None and values.size == 1 else None


def numbers(dataset: Dataset, keyword: str) -> npt.NDArray[np.float64] | None:
    """Return an attribute of several values as an array, None where it is not numbers."""
    value = value_of(dataset, keyword)
    try:
        return None if value is None else np.array(value, dtype=float).reshape(-1)
    except unreadable_errors():
        return None


def sequence(dataset: Dataset, keyword: str) -> list[Dataset]:
    """Return the items of a sequence, an empty list where it is absent."""
    value = value_of(dataset, keyword)
    items = [] if value is None or isinstance(value, str | bytes) else value
    return [item for item in items if hasattr(item, "get_item")] if np.iterable(items) else []


def referenced_uids(dataset: Dataset, keyword: str) -> tuple[str, ...]:
    """Return the Referenced SOP Instance UIDs of the items of a sequence."""
    uids = (text(item, "ReferencedSOPInstanceUID") for item in sequence(dataset, keyword))
    return tuple(uid for uid in uids if uid)


def day(dataset: Dataset, keyword: str) -> date | None:
    """Return a date, None where it is absent, not a date, or a placeholder before 1950."""
    digits = text(dataset, keyword).replace(".", "")
    return parse_day(digits)


def parse_day(digits: str) -> date | None:
    """Return the date of eight digits YYYYMMDD, None where they are not a date after 1950."""
    if len(digits) != 8 or not (digits.isascii() and digits.isdigit()):
        return None
    try:
        found = date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return None
    return found if found >= EARLIEST_DATE else None


def show(dataset: Dataset, keyword: str) -> str:
    """Return how an attribute is shown in a message: its text, or 'missing'."""
    return text(dataset, keyword)[:40] or "missing"
