"""Writing a dose volume as RT Dose: planning doses, and results such as cumulative EQD2.

EQD2 is not physical dose and is written as an effective dose; a cell whose dose is unknown can only
be stored as 0, and the object says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ..errors import RefusedError
from ..grids import Grid, Volume
from .registration import DEFORMABLE, SPATIAL
from .write_common import (
    SeriesInfo,
    StudyInfo,
    decimal,
    item,
    new_object,
    new_uid,
    reference,
    save,
)
from .write_dvh import WrittenDvh, add_dvhs
from .write_image import CT_IMAGE
from .write_plan import RT_PLAN

if TYPE_CHECKING:
    from pydicom import Dataset

RT_DOSE = "1.2.840.10008.5.1.4.1.1.481.2"
GRID_FRAME_OFFSET_VECTOR = 0x3004000C
COMMENT_LENGTH = 64  # of Dose Comment, a DICOM long string


class DoseType(Enum):
    """Dose Type (3004,0004)."""

    PHYSICAL = "PHYSICAL"
    EFFECTIVE = "EFFECTIVE"
    """Dose corrected for biological effect, such as EQD2."""


class DoseSummationType(Enum):
    """Dose Summation Type (3004,000A)."""

    PLAN = "PLAN"
    MULTI_PLAN = "MULTI_PLAN"


@dataclass(frozen=True)
class DoseInfo:
    """What a dose object says about its values.

    Parameters
    ----------
    dose_type, summation_type : DoseType, DoseSummationType
        PHYSICAL and PLAN for a planning dose, EFFECTIVE and MULTI_PLAN for a cumulative EQD2.
    plan_uids : tuple of str
        SOP Instance UIDs of all plans that contribute: one for PLAN, two or more for MULTI_PLAN.
    comment : str
        What the values are (alpha/beta, recovery, courses); kept whole in Image Comments.
    structure_set_uid : str
        SOP Instance UID of the structure set drawn on the same image; empty if there is none.
        The standard has a place for it only beside histograms.
    dvhs : tuple of WrittenDvh
        Histograms of the structures of that set.
    image_uids : tuple of str
        SOP Instance UIDs of the CT images the dose belongs to.
    sop_uid : str
        SOP Instance UID; empty for a new one.
    bits : int
        32 or 16 bits per cell.
    derivations : tuple of (str, str)
        Codes of DICOM context group 7220 (value, meaning): how the dose was derived.
    registration_uids : tuple of str
        SOP Instance UIDs of the registrations the dose was mapped with.
    is_rigid : bool
        True if all of those are rigid.
    """

    dose_type: DoseType
    summation_type: DoseSummationType
    plan_uids: tuple[str, ...]
    comment: str = ""
    structure_set_uid: str = ""
    sop_uid: str = ""
    bits: int = 32
    derivations: tuple[tuple[str, str], ...] = ()
    registration_uids: tuple[str, ...] = ()
    is_rigid: bool = False
    dvhs: tuple[WrittenDvh, ...] = ()
    image_uids: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what would misstate the dose."""
        least = 2 if self.summation_type is DoseSummationType.MULTI_PLAN else 1
        if len(self.plan_uids) < least or (least == 1 and len(self.plan_uids) > 1):
            msg = (
                f"a {self.summation_type.value} dose cannot refer to {len(self.plan_uids)} plans: "
                "PLAN needs one, MULTI_PLAN all of the two or more plans that were summed"
            )
            raise RefusedError(msg)
        if self.bits not in (16, 32):
            msg = f"a dose cannot be stored with {self.bits} bits per cell; choose 16 or 32"
            raise RefusedError(msg)


@dataclass(frozen=True)
class WrittenDose:
    """An RT Dose file: its UID, how much of the grid is unknown, and the largest dose in Gy."""

    path: Path
    sop_uid: str
    unknown_share: float
    maximum_gy: float


def write_dose(
    path: Path, volume: Volume, info: DoseInfo, study: StudyInfo, series: SeriesInfo
) -> WrittenDose:
    """Write ``volume`` (Gy, NaN where unknown) as RT Dose in units of GY.

    The value read back differs by less than 0.002 % of the largest dose. Unknown cells are stored
    as 0; the comment then begins with that fact and their share.

    Raises
    ------
    RefusedError
        Negative or infinite doses, no known cell at all, axes DICOM cannot hold, or a file that is
        there already.
    """
    unknown = np.isnan(volume.array)
    _check_values(path, volume.array, unknown)
    array, grid = _with_forward_normal(volume)
    filled = np.nan_to_num(array, nan=0.0)
    uid, share = info.sop_uid or new_uid(), float(unknown.mean())
    dataset = new_object(RT_DOSE, uid, "RTDOSE", study, series)
    _add_comment(dataset, info.comment, share)
    _add_geometry(dataset, grid)
    _add_values(dataset, filled, info.bits)
    dataset.DoseUnits, dataset.DoseType = "GY", info.dose_type.value
    dataset.DoseSummationType = info.summation_type.value
    _add_derivation(dataset, info)
    dataset.ReferencedRTPlanSequence = [reference(RT_PLAN, plan) for plan in info.plan_uids]
    if info.image_uids:
        dataset.ReferencedImageSequence = [reference(CT_IMAGE, one) for one in info.image_uids]
    if info.dvhs and info.structure_set_uid:
        add_dvhs(dataset, info.dvhs, info.dose_type.value, info.structure_set_uid)
    return WrittenDose(save(dataset, path), uid, share, float(filled.max()))


def _add_derivation(dataset: Dataset, info: DoseInfo) -> None:
    """Add how the dose was derived and the registrations it was mapped with."""
    if info.derivations:
        dataset.DerivationCodeSequence = [
            item(CodeValue=value, CodingSchemeDesignator="DCM", CodeMeaning=meaning)
            for value, meaning in info.derivations
        ]
    if info.registration_uids:
        sop_class = SPATIAL if info.is_rigid else DEFORMABLE
        dataset.SpatialTransformOfDose = "RIGID" if info.is_rigid else "NON_RIGID"
        dataset.ReferencedSpatialRegistrationSequence = [
            reference(sop_class, uid) for uid in info.registration_uids
        ]


def _check_values(path: Path, array: npt.NDArray, unknown: npt.NDArray[np.bool_]) -> None:
    """Refuse doses that cannot be."""
    if unknown.all():
        msg = f"{path} is not written: the dose is unknown in every cell"
        raise RefusedError(msg)
    lowest, highest = float(np.nanmin(array)), float(np.nanmax(array))
    if lowest < 0 or not np.isfinite(highest):
        msg = f"{path} is not written: its doses go from {lowest:g} to {highest:g} Gy"
        raise RefusedError(msg)


def _with_forward_normal(volume: Volume) -> tuple[npt.NDArray, Grid]:
    """Return values and grid with planes in the direction of rows x columns, as DICOM needs."""
    grid = volume.grid
    if np.linalg.det(grid.axes) > 0:
        return volume.array, grid
    last = np.array([[0.0, 0.0, grid.size[2] - 1]])
    offsets = grid.plane_offsets_mm
    if offsets is not None:
        offsets = tuple(offsets[-1] - offset for offset in reversed(offsets))
    turned = grid.axes * np.array([1, 1, -1])
    origin = tuple(grid.points_at(last)[0].tolist())
    direction = tuple(turned.ravel().tolist())
    return volume.array[::-1], Grid(grid.size, grid.spacing_mm, origin, direction, offsets)


def _add_comment(dataset: Dataset, comment: str, unknown_share: float) -> None:
    """Add the comment, after the note on unknown cells if there are any."""
    note = f"Unknown is stored as 0: {100 * unknown_share:.3g} % of cells"
    whole = "; ".join(part for part in (note if unknown_share else "", comment) if part)
    if not whole:
        return
    dataset.ImageComments = whole
    cut = whole if len(whole) <= COMMENT_LENGTH else whole[: COMMENT_LENGTH - 3] + "..."
    dataset.DoseComment = cut


def _add_geometry(dataset: Dataset, grid: Grid) -> None:
    dataset.InstanceNumber = 1
    dataset.ImagePositionPatient = [decimal(v) for v in grid.origin_lps]
    dataset.ImageOrientationPatient = [decimal(round(v, 9)) for v in grid.axes[:, :2].T.ravel()]
    dataset.PixelSpacing = [decimal(grid.spacing_mm[1]), decimal(grid.spacing_mm[0])]
    dataset.SliceThickness = decimal(grid.spacing_mm[2])
    offsets = grid.plane_offsets_mm or np.arange(grid.size[2]) * grid.spacing_mm[2]
    dataset.NumberOfFrames = grid.size[2]
    dataset.FrameIncrementPointer = GRID_FRAME_OFFSET_VECTOR
    dataset.GridFrameOffsetVector = [decimal(round(float(v), 6)) for v in offsets]


def _add_values(dataset: Dataset, dose_gy: npt.NDArray, bits: int) -> None:
    """Add pixels and the scale that turns them into Gy."""
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.Rows, dataset.Columns = dose_gy.shape[1:]
    dataset.BitsAllocated = dataset.BitsStored = bits
    dataset.HighBit, dataset.PixelRepresentation = bits - 1, 0
    # half the range: some readers take the values as signed
    full = 2 ** (bits - 1) - 1
    scale = decimal(max(float(dose_gy.max()), 1e-6) / full * (1 + 1e-9))
    stored = np.rint(dose_gy.astype(np.float64) / float(scale))
    dataset.DoseGridScaling = scale
    dataset.PixelData = stored.astype(f"<u{bits // 8}").tobytes()
    dataset["PixelData"].VR = "OW"
