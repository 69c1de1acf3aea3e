"""Bring the HU of a prior CT to those of the reference CT, where scanners differ.

Fat and muscle make two peaks in the histogram of a body. Their positions do not depend on how much
of each is there, so they tell a difference of calibration or tube voltage from a difference of
anatomy, which a match of whole histograms cannot. An offset of a whole CT (a wrong rescale
intercept) is found first: half of the soft voxels say about how large it is, and the peaks, looked
for where they then must be, confirm it.
"""

from __future__ import annotations

from typing import NamedTuple

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
FEWEST_COARSE_VOXELS = 1000  # at the 4 mm of a mask of the body: 64 cc
SMALLEST_SHIFT_HU = 5.0
LARGEST_SHIFT_HU = 60.0
ANCHORS_HU = (-1000.0, 1500.0)
TYPICAL_HU = (-100.0, 50.0)
SOFT_HU = (-300.0, 400.0)
LEAST_OFFSET_HU = 40.0
LARGEST_OFFSET_HU = 120.0
PEAKS_AGREE_HU = 25.0


class Offset(NamedTuple):
    """By how much a whole CT is brighter than another one.

    Parameters
    ----------
    hu : float
        Prior minus reference.
    reference, prior : tuple of float
        Peaks of fat and muscle, HU.
    """

    hu: float
    reference: tuple[float, float]
    prior: tuple[float, float]

    def in_prior(self) -> bool:
        """Tell whether the peaks of the prior CT are the ones further from where they belong."""
        off = [abs(np.mean(np.subtract(p, TYPICAL_HU))) for p in (self.reference, self.prior)]
        return bool(off[1] >= off[0])


def offset_between(reference: Array, prior: Array, inside: npt.NDArray[np.bool_]) -> Offset | None:
    """Return the offset of a whole CT, None where it is below 40 HU or fat and muscle deny it.

    Parameters
    ----------
    reference, prior : ndarray
        HU on one grid.
    inside : ndarray of bool
        Deep inside both bodies; less than 1000 voxels are too few.
    """
    for hu in (reference, prior):
        inside = inside & (hu > SOFT_HU[0]) & (hu < SOFT_HU[1])
    if np.count_nonzero(inside) < FEWEST_COARSE_VOXELS:
        return None
    pair = reference[inside], prior[inside]
    apart = float(np.median(pair[1] - pair[0]))
    if not LEAST_OFFSET_HU <= abs(apart) <= LARGEST_OFFSET_HU:
        return None
    for moved in ((0.0, apart), (-apart, 0.0)):
        found = [_peaks(hu, by, FEWEST_COARSE_VOXELS) for hu, by in zip(pair, moved, strict=True)]
        if None in found[0] + found[1]:
            continue
        shifts = np.subtract(found[1], found[0])
        if np.abs(shifts - apart).max() <= PEAKS_AGREE_HU:
            return Offset(float(shifts.mean()), *found)
    return None


def _peaks(
    hu: Array, moved: float = 0.0, fewest: int = FEWEST_VOXELS
) -> tuple[float | None, float | None]:
    """Return the peaks of fat and muscle in their windows, moved by some HU."""
    fat, muscle = ((w[0] + moved, w[1] + moved) for w in (FAT_HU, MUSCLE_HU))
    return tissue_peak(hu, fat, fewest), tissue_peak(hu, muscle, fewest)


def tissue_peak(
    hu: Array, window_hu: tuple[float, float], fewest: int = FEWEST_VOXELS
) -> float | None:
    """Return the most frequent HU in a window, None where no peak stands inside it.

    With less than ``fewest`` voxels in the window there is none.
    """
    low, high = window_hu
    inside = hu[(hu >= low) & (hu < high)]
    if inside.size < fewest:
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
    peaks = [_peaks(hu[inside]) for hu in (reference, prior)]
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
