"""RTSTRUCT: regions of interest as planar closed contours in the frame of the plan."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..courses import Structure, StructureKind
from ..errors import RefusedError
from .attributes import number, numbers, read_dataset, sequence, text
from .contours import ContourProblemError, read_contours
from .findings import Findings, counted, short_uid, some_of
from .index import Entry

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_TARGET_TYPES = ("GTV", "CTV", "PTV")
_OTHER_TYPES = (
    "BOLUS",
    "BRACHY_ACCESSORY",
    "BRACHY_CHANNEL",
    "BRACHY_CHNL_SHLD",
    "BRACHY_SRC_APP",
    "CONTRAST_AGENT",
    "CONTROL",
    "DOSE_MEASUREMENT",
    "DOSE_REGION",
    "FIXATION",
    "IRRAD_VOLUME",
    "ISOCENTER",
    "MARKER",
    "REGISTRATION",
    "SUPPORT",
    "TREATED_VOLUME",
)
_TARGET_NAME = re.compile(r"^[iz_ ]{0,2}(gtv|ctv|ptv|itv)", re.IGNORECASE)
_EXTERNAL_NAME = re.compile(r"^(body|external|patient|outer ?contour)$", re.IGNORECASE)
_OTHER_NAME = re.compile(
    r"couch|table ?top|tabletop|bolus|fixation|immobili[sz]|mask ?shell|isocent|isodose"
    r"|^(marker|fiducial|dose)",
    re.IGNORECASE,
)


@dataclass(frozen=True, eq=False)
class StructureSetFile:
    """Header of an RTSTRUCT: where it belongs."""

    entry: Entry
    frame_uids: frozenset[str]
    series_uids: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class StructureSet:
    """Structures of an RTSTRUCT and the names of those without an area."""

    structures: tuple[Structure, ...]
    empty: tuple[str, ...]


def read_structure_set_file(entry: Entry) -> StructureSetFile:
    """Read which frames of reference and image series an RTSTRUCT refers to.

    Raises
    ------
    RefusedError
        The file cannot be read.
    """
    dataset = read_dataset(entry.path, entry.name, pixels=False)
    series = [
        text(item, "SeriesInstanceUID")
        for frame in sequence(dataset, "ReferencedFrameOfReferenceSequence")
        for study in sequence(frame, "RTReferencedStudySequence")
        for item in sequence(study, "RTReferencedSeriesSequence")
    ]
    return StructureSetFile(
        entry, frozenset(_frames_of_rois(dataset).values()), tuple(dict.fromkeys(series))
    )


def _frames_of_rois(dataset: Dataset) -> dict[int, str]:
    """Return ROI Number to frame of reference, that of the whole set where a ROI names none."""
    listed = {
        text(item, "FrameOfReferenceUID")
        for item in sequence(dataset, "ReferencedFrameOfReferenceSequence")
    }
    of_set = listed.pop() if len(listed) == 1 else text(dataset, "FrameOfReferenceUID")
    frames = {}
    for roi in sequence(dataset, "StructureSetROISequence"):
        roi_number = number(roi, "ROINumber")
        if roi_number is not None:
            own = text(roi, "ReferencedFrameOfReferenceUID")
            frames[int(roi_number)] = own or of_set
    return frames


def read_structures(entry: Entry, frame_uid: str, findings: Findings) -> StructureSet:
    """Read all structures of an RTSTRUCT that are drawn in a frame of reference.

    Parameters
    ----------
    entry : Entry
        The RTSTRUCT.
    frame_uid : str
        Frame of reference of the planning CT and dose.
    findings : Findings
        Receives what was left out and why.

    Raises
    ------
    RefusedError
        The file cannot be read, or none of its structures is drawn in this frame.
    """
    dataset = read_dataset(entry.path, entry.name, pixels=False)
    frames = _frames_of_rois(dataset)
    if frames and frame_uid not in frames.values():
        other = next(iter(frames.values()))
        msg = (
            f"{entry.name}: the structures are drawn in frame of reference {short_uid(other)} but "
            f"planning CT and dose are in {short_uid(frame_uid)}; without a registration they "
            "cannot be laid over each other: give the structure set of this plan"
        )
        raise RefusedError(msg)
    reader = _SetReader(dataset, entry.name, findings)
    return reader.read(frames, frame_uid)


class _SetReader:
    """Reads the ROIs of one dataset and remembers what was left out."""

    def __init__(self, dataset: Dataset, name: str, findings: Findings) -> None:
        self.name = name
        self.findings = findings
        self.rois = sequence(dataset, "StructureSetROISequence")
        self.contours = _by_roi(dataset, "ROIContourSequence")
        self.observations = _by_roi(dataset, "RTROIObservationsSequence")
        self.names = Counter(text(roi, "ROIName") for roi in self.rois)

    def read(self, frames: dict[int, str], frame_uid: str) -> StructureSet:
        structures, empty, elsewhere = [], [], []
        for roi in self.rois:
            roi_number = int(number(roi, "ROINumber") or 0)
            name = self._unique_name(roi, roi_number)
            if frames.get(roi_number) != frame_uid:
                elsewhere.append(name)
                continue
            structure = self._structure(roi_number, name, frame_uid)
            if structure is None:
                empty.append(name)
            else:
                structures.append(structure)
        self._report(empty, elsewhere)
        return StructureSet(tuple(structures), tuple(empty + elsewhere))

    def _structure(self, roi_number: int, name: str, frame_uid: str) -> Structure | None:
        items = self.contours.get(roi_number, [])
        try:
            found = read_contours([c for i in items for c in sequence(i, "ContourSequence")])
        except ContourProblemError as problem:
            self.findings.warn(f"{self.name}: structure '{name}' was left out: {problem}")
            return None
        for note in found.notes:
            self.findings.warn(f"{self.name}: structure '{name}': {note}")
        if not found.contours:
            return None
        interpreted = _interpreted_type(self.observations.get(roi_number, []))
        color = _color(items)
        kind = structure_kind(name, interpreted)
        return Structure(roi_number, name, found.contours, frame_uid, interpreted, color, kind)

    def _unique_name(self, roi: Dataset, roi_number: int) -> str:
        name = text(roi, "ROIName")
        if name and self.names[name] == 1:
            return name
        unique = f"{name} (ROI {roi_number})".strip()
        self.findings.warn(
            f"{self.name}: {self.names[name]} structures have the name '{name}'; one is called "
            f"'{unique}' here"
        )
        return unique

    def _report(self, empty: list[str], elsewhere: list[str]) -> None:
        if empty:
            count = counted(len(empty), "structure has", "structures have")
            self.findings.warn(
                f"{self.name}: {count} no closed contour "
                f"and cannot be evaluated: {some_of(empty, 12)}"
            )
        if elsewhere:
            count = counted(len(elsewhere), "structure is", "structures are")
            self.findings.warn(
                f"{self.name}: {count} drawn in another frame of reference than planning CT and "
                f"dose and left out: {some_of(elsewhere, 12)}"
            )


def _by_roi(dataset: Dataset, keyword: str) -> dict[int, list[Dataset]]:
    """Group the items of a sequence by the ROI they refer to."""
    groups: dict[int, list[Dataset]] = {}
    for item in sequence(dataset, keyword):
        roi_number = number(item, "ReferencedROINumber")
        if roi_number is not None:
            groups.setdefault(int(roi_number), []).append(item)
    return groups


def _interpreted_type(observations: list[Dataset]) -> str:
    found = (text(item, "RTROIInterpretedType").upper() for item in observations)
    return next((value for value in found if value), "")


def _color(items: list[Dataset]) -> tuple[int, int, int]:
    values = numbers(items[0], "ROIDisplayColor") if items else None
    if values is None or values.size != 3 or not np.all((values >= 0) & (values <= 255)):
        return Structure.color_rgb
    red, green, blue = values.astype(int).tolist()
    return red, green, blue


def structure_kind(name: str, interpreted_type: str) -> StructureKind:
    """Return what a structure is to the evaluation, from its type and its name.

    The name decides between target and organ, since planning systems often write ORGAN for both.

    Parameters
    ----------
    name : str
        ROI Name.
    interpreted_type : str
        RT ROI Interpreted Type, upper case, empty if absent.
    """
    if interpreted_type == "EXTERNAL" or _EXTERNAL_NAME.match(name):
        return StructureKind.EXTERNAL
    if interpreted_type in _OTHER_TYPES or _OTHER_NAME.search(name):
        return StructureKind.OTHER
    if interpreted_type in _TARGET_TYPES or _TARGET_NAME.match(name):
        return StructureKind.TARGET
    return StructureKind.OAR
