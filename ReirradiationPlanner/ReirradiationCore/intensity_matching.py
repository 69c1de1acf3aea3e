"""Bring the HU of a prior CT to those of the reference CT, where scanners differ.

Fat and muscle make two peaks in the histogram of a body. Their positions do not depend on how much
of each is there, so they tell a difference of calibration or tube voltage from a difference of
anatomy, which a match of whole histograms cannot.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import ndimage

Array = npt.NDArray[np.float32]
Curve = tuple[tuple[float, ...], tuple[float, ...]]

FAT_HU = (-150.0, -40.0)
MUSCLE_HU = (-10.0, 120.0)
BIN_HU = 2.0
SMOOTH_BINS = 4.0
FEWEST_VOXELS = 5000
SMALLEST_SHIFT_HU = 5.0
LARGEST_SHIFT_HU = 60.0
ANCHORS_HU = (-1000.0, 1500.0)


def tissue_peak(hu: Array, window_hu: tuple[float, float]) -> float | None:
    """Return the most frequent HU in a window, None where no peak stands inside it."""
    low, high = window_hu
    inside = hu[(hu >= low) & (hu < high)]
    if inside.size < FEWEST_VOXELS:
        return None
    counts, edges = np.histogram(inside, np.arange(low, high + BIN_HU, BIN_HU))
    smooth = ndimage.gaussian_filter1d(counts.astype(float), SMOOTH_BINS, mode="nearest")
    top = int(np.argmax(smooth))
    if top in (0, len(smooth) - 1):
        return None
    return float(edges[top] + BIN_HU / 2)


def moved_hu(prior: Array, curve: Curve | None) -> Array:
    """Return HU moved by a curve of `curve_between`; without one as they are."""
    if curve is None:
        return prior
    return prior + np.interp(prior, *curve).astype(np.float32)


def curve_between(
    reference: Array, prior: Array, inside: npt.NDArray[np.bool_]
) -> tuple[Curve | None, str]:
    """Return by how much the prior HU must move to have the reference's peaks of fat and muscle.

    Between the peaks the shift is linear; it fades to nought at -1000 HU and at 1500 HU.

    Parameters
    ----------
    reference, prior : ndarray
        HU on one grid.
    inside : ndarray of bool
        Deep inside both bodies.

    Returns
    -------
    curve : tuple of tuple of float, optional
        Prior HU and the shifts there; None where both peaks agree within 5 HU or one is not found.
    said : str
        One sentence for the log.
    """
    peaks = [[tissue_peak(hu[inside], w) for w in (FAT_HU, MUSCLE_HU)] for hu in (reference, prior)]
    here = [peak for peak in peaks[0] if peak is not None]
    there = [peak for peak in peaks[1] if peak is not None]
    if len(here) < 2 or len(there) < 2:
        return None, "HU not matched: no clear peaks of fat and muscle"
    shifts = np.subtract(here, there)
    said = ", ".join(
        f"{name} {s:+.0f} HU" for name, s in zip(("fat", "muscle"), shifts, strict=True)
    )
    if np.abs(shifts).max() < SMALLEST_SHIFT_HU:
        return None, f"HU agree: {said}"
    if np.abs(shifts).max() > LARGEST_SHIFT_HU:
        return None, f"HU not matched: {said} is no calibration"
    curve = (ANCHORS_HU[0], *there, ANCHORS_HU[1]), (0.0, *shifts.tolist(), 0.0)
    return curve, f"prior HU moved: {said}"
