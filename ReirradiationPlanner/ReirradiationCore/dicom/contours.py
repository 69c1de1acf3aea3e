"""Contours of one ROI: only closed loops in parallel planes, each once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from .attributes import number, text, unreadable_errors

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

FLATNESS_MM = 0.5
SMALLEST_WIDTH_MM = 0.01
_SAME_POINT_MM = 1e-3
_CLOSED = ("CLOSED_PLANAR", "CLOSEDPLANAR_XOR", "")


class ContourProblemError(ValueError):
    """Contours that leave open what the structure is; the structure is left out as a whole."""


@dataclass(frozen=True, eq=False)
class Contours:
    """Usable contours, each (N, 3), LPS, mm, and notes about what was dropped."""

    contours: tuple[npt.NDArray[np.float64], ...]
    notes: tuple[str, ...]


def read_contours(items: list[Dataset]) -> Contours:
    """Return the closed contours of the items of one Contour Sequence.

    Points, open contours, contours of fewer than three points or without width, and repetitions
    of a contour are dropped and noted. Repetitions would erase each other where loops combine
    even-odd.

    Raises
    ------
    ContourProblemError
        Coordinates that are not numbers or not as many as stated, contours that do not lie in a
        plane, planes that are not parallel.
    """
    loops, not_closed = [], 0
    for item in items:
        points = _points(item)
        if text(item, "ContourGeometricType") not in _CLOSED:
            not_closed += 1
        else:
            loops.append(points)
    return closed_contours(loops, not_closed)


def closed_contours(loops: Sequence[npt.NDArray[np.float64]], not_closed: int = 0) -> Contours:
    """Return the usable ones of closed contours (N, 3), LPS, mm; see `read_contours`.

    Parameters
    ----------
    loops : sequence of ndarray
        Contours that are closed or may be taken for closed.
    not_closed : int
        Contours that were left out already, for the notes.
    """
    kept: dict[bytes, npt.NDArray[np.float64]] = {}
    normals = []
    without_width = repeated = 0
    for points in loops:
        if len(points) < 3:
            not_closed += 1
            continue
        normal = _normal(points)
        key = _key(points)
        if normal is None:
            without_width += 1
        elif key in kept:
            repeated += 1
        else:
            kept[key] = points
            normals.append(normal)
    _require_parallel(normals)
    counts = (
        (not_closed, "points, open contours or contours of fewer than 3 points were dropped"),
        (without_width, "contours without width were dropped"),
        (repeated, "contours are there twice; each is used once"),
    )
    notes = tuple(f"{count} {what}" for count, what in counts if count and kept)
    return Contours(tuple(kept.values()), notes)


def _points(item: Dataset) -> npt.NDArray[np.float64]:
    """Return the points (N, 3); the text is split here, much faster than pydicom converts it."""
    try:
        data = item.get_item("ContourData") if "ContourData" in item else None
        value = getattr(data, "value", None)
        if isinstance(value, bytes):
            value = value.strip(b" \0").split(b"\\") if value.strip(b" \0") else ()
        values = np.array([float(part) for part in (() if value is None else value)])
    except unreadable_errors() as error:
        msg = "it has coordinates that are not numbers"
        raise ContourProblemError(msg) from error
    if not np.all(np.isfinite(values)):
        msg = "it has coordinates that are not numbers"
        raise ContourProblemError(msg)
    stated = number(item, "NumberOfContourPoints")
    if values.size % 3 or (stated is not None and stated * 3 != values.size):
        msg = f"a contour of {stated} points has {values.size} coordinates"
        raise ContourProblemError(msg)
    return values.reshape(-1, 3)


def _normal(points: npt.NDArray[np.float64]) -> npt.NDArray[np.float64] | None:
    """Return the unit normal of a contour, None for one without width.

    Raises
    ------
    ContourProblemError
        Points further than `FLATNESS_MM` from a plane.
    """
    centered = points - points.mean(axis=0)
    moments, axes = np.linalg.eigh(centered.T @ centered)
    if np.sqrt(max(moments[1], 0.0) / len(points)) < SMALLEST_WIDTH_MM:
        return None
    normal = axes[:, 0]
    deviation = float(np.abs(centered @ normal).max())
    if deviation > FLATNESS_MM:
        msg = f"a contour is not planar (up to {deviation:.1f} mm from its plane)"
        raise ContourProblemError(msg)
    return normal


def _require_parallel(normals: list[npt.NDArray[np.float64]]) -> None:
    if normals and np.min(np.abs(np.array(normals) @ normals[0])) < 0.99:
        msg = "its contours lie in planes that are not parallel"
        raise ContourProblemError(msg)


def _key(points: npt.NDArray[np.float64]) -> bytes:
    """Return the same bytes for contours of the same points in any order."""
    rounded = np.round(points / _SAME_POINT_MM).astype(np.int64)
    return rounded[np.lexsort(rounded.T)].tobytes()
