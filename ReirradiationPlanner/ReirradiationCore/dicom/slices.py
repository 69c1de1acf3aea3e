"""Even slice positions for a CT with gaps or uneven distances."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..errors import RefusedError
from .findings import counted

JITTER_MM = 0.05
MOST_MISSING_IN_A_ROW = 3
LARGEST_GAP_MM = 20.0


@dataclass(frozen=True, eq=False)
class SlicePositions:
    """Evenly spaced positions along the normal, mm; ``note`` says what was filled, if anything."""

    positions_mm: npt.NDArray[np.float64]
    spacing_mm: float
    note: str


def even_positions(along_mm: npt.NDArray[np.float64], label: str) -> SlicePositions:
    """Return even positions over the range of ascending slice positions (N,), mm.

    Raises
    ------
    RefusedError
        A gap too long to be filled by interpolation.
    """
    count = len(along_mm)
    even = np.linspace(along_mm[0], along_mm[-1], count)
    steps = np.diff(along_mm)
    if np.abs(along_mm - even).max() <= JITTER_MM:
        return SlicePositions(even, float((even[-1] - even[0]) / (count - 1)), "")
    step = _usual_step(steps)
    wide = steps > 1.5 * step
    longest = float(steps.max())
    if longest > max((MOST_MISSING_IN_A_ROW + 1.1) * step, LARGEST_GAP_MM) or step < 0.2:
        msg = (
            f"{label}: the distance of slices is from {steps.min():.2f} to {longest:.2f} mm; a gap "
            "this long is not filled: export the complete planning CT"
        )
        raise RefusedError(msg)
    planes = round((along_mm[-1] - along_mm[0]) / step) + 1
    even = np.linspace(along_mm[0], along_mm[-1], planes)
    spacing = float((even[-1] - even[0]) / (planes - 1))
    return SlicePositions(even, spacing, _note(along_mm, steps, wide, spacing))


def _usual_step(steps: npt.NDArray[np.float64]) -> float:
    """Return the smallest distance that is common, so that no slice is lost."""
    rounded = np.round(steps, 1)
    values, counts = np.unique(rounded, return_counts=True)
    common = values[counts >= max(1, 0.1 * len(steps))]
    chosen = float(common[0] if common.size else values[0])
    return float(np.median(steps[np.abs(steps - chosen) <= 0.06]))


def _note(
    along_mm: npt.NDArray[np.float64],
    steps: npt.NDArray[np.float64],
    wide: npt.NDArray[np.bool_],
    spacing: float,
) -> str:
    gaps = [
        f"{z:.1f} mm ({width:.1f} mm wide)"
        for z, width in zip(along_mm[:-1][wide], steps[wide], strict=True)
    ]
    if gaps and np.allclose(steps / spacing, np.round(steps / spacing), atol=0.02):
        missing = int(np.round(steps[wide] / spacing).sum() - wide.sum())
        where = ", ".join(gaps[:4]) + (" ..." if len(gaps) > 4 else "")
        lost = counted(missing, "slice is", "slices are")
        return (
            f"{lost} missing (gap behind {where}); interpolated linearly "
            "between their neighbours; all other slices are at their own positions"
        )
    return (
        f"the distance of slices varies from {steps.min():.2f} to {steps.max():.2f} mm; the CT was "
        f"interpolated linearly to slices every {spacing:.2f} mm"
    )


def planes_at(
    array: npt.NDArray[np.generic],
    along_mm: npt.NDArray[np.float64],
    wanted_mm: npt.NDArray[np.float64],
) -> npt.NDArray[np.generic]:
    """Return planes at wanted positions, linear between the nearest planes of ``array``.

    Parameters
    ----------
    array : ndarray
        Shape (N, rows, columns).
    along_mm : ndarray
        Ascending positions (N,) of its planes.
    wanted_mm : ndarray
        Positions (M,) within their range.

    Returns
    -------
    ndarray
        Shape (M, rows, columns), type of ``array``.
    """
    index = np.interp(wanted_mm, along_mm, np.arange(len(along_mm)))
    out = np.empty((len(wanted_mm), *array.shape[1:]), array.dtype)
    for k, place in enumerate(index):
        below = min(int(place + 1e-6), len(array) - 2)
        weight = np.float32(place - below)
        if abs(weight) < 1e-4:
            out[k] = array[below]
            continue
        mixed = (1 - weight) * array[below] + weight * array[below + 1]
        out[k] = np.rint(mixed) if np.issubdtype(array.dtype, np.integer) else mixed
    return out
