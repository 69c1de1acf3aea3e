"""Dose-volume histograms in an RT Dose: what a planning system shows beside the dose.

The standard lets a dose refer to a structure set only together with histograms of its structures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ..errors import RefusedError
from .write_common import decimal, item, reference
from .write_structures import RT_STRUCTURE_SET

if TYPE_CHECKING:
    from pydicom import Dataset

MOST_BINS = 1000  # each takes up to 33 bytes of a value that may have 65534
EVEN = 1e-6


@dataclass(frozen=True, eq=False)
class WrittenDvh:
    """Cumulative DVH of one structure, all of whose dose is known.

    Parameters
    ----------
    roi_number : int
        ROI Number in the structure set.
    dose_gy : ndarray (N,)
        Doses at even steps from 0, Gy.
    volume_cc : ndarray (N,)
        Volume that receives at least these doses, cc.
    minimum_gy, maximum_gy, mean_gy : float
        Dose in the structure, Gy.
    """

    roi_number: int
    dose_gy: npt.NDArray[np.float64]
    volume_cc: npt.NDArray[np.float64]
    minimum_gy: float
    maximum_gy: float
    mean_gy: float


def add_dvhs(
    dataset: Dataset, dvhs: Sequence[WrittenDvh], dose_type: str, structure_set_uid: str
) -> None:
    """Add the RT DVH module (DICOM PS3.3 C.8.8.4) to an RT Dose.

    Raises
    ------
    RefusedError
        A histogram of uneven steps, or of more than 1000.
    """
    dataset.ReferencedStructureSetSequence = [reference(RT_STRUCTURE_SET, structure_set_uid)]
    dataset.DVHSequence = [_item(dvh, dose_type) for dvh in dvhs]


def _item(dvh: WrittenDvh, dose_type: str) -> Dataset:
    steps = np.diff(dvh.dose_gy)
    if not 0 < len(steps) < MOST_BINS or dvh.dose_gy[0] != 0 or np.ptp(steps) > EVEN:
        msg = (
            f"the DVH of ROI {dvh.roi_number} has {len(dvh.dose_gy)} doses from "
            f"{dvh.dose_gy[0]:g} Gy; 2 to {MOST_BINS} at even steps from 0 Gy can be written"
        )
        raise RefusedError(msg)
    width = decimal(steps[0])
    data = [text for volume in dvh.volume_cc for text in (width, f"{volume:.6g}")]
    return item(
        DVHReferencedROISequence=[
            item(ReferencedROINumber=dvh.roi_number, DVHROIContributionType="INCLUDED")
        ],
        DVHType="CUMULATIVE",
        DoseUnits="GY",
        DoseType=dose_type,
        DVHDoseScaling="1",
        DVHVolumeUnits="CM3",
        DVHNumberOfBins=len(dvh.volume_cc),
        DVHData=data,
        DVHMinimumDose=decimal(dvh.minimum_gy),
        DVHMaximumDose=decimal(dvh.maximum_gy),
        DVHMeanDose=decimal(dvh.mean_gy),
    )
