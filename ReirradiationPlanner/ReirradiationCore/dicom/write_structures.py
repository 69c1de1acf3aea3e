"""Writing structures as an RT Structure Set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..courses import Structure
from .write_common import SeriesInfo, StudyInfo, item, new_object, reference, save
from .write_image import CT_IMAGE, WrittenPlane

if TYPE_CHECKING:
    from pydicom import Dataset

RT_STRUCTURE_SET = "1.2.840.10008.5.1.4.1.1.481.3"
STUDY_COMPONENT = "1.2.840.10008.3.1.2.3.1"  # Detached Study Management, as TPS exports write it
CONTOUR_DATA = 0x30060050


@dataclass(frozen=True)
class DrawnOn:
    """CT the structures are drawn on: its Series Instance UID and planes; none if not known."""

    series_uid: str
    planes: tuple[WrittenPlane, ...]
    label: str = "PLANNING"
    algorithm: str = "MANUAL"


def write_structure_set(
    path: Path,
    sop_uid: str,
    structures: Sequence[Structure],
    image: DrawnOn,
    study: StudyInfo,
    series: SeriesInfo,
) -> Path:
    """Write an RT Structure Set with the contours of ``structures``, to 0.01 mm.

    Raises
    ------
    RefusedError
        A file that is there already.
    """
    dataset = new_object(RT_STRUCTURE_SET, sop_uid, "RTSTRUCT", study, series)
    dataset.InstanceNumber = 1
    dataset.StructureSetLabel, dataset.StructureSetName = image.label, series.description
    dataset.StructureSetDate, dataset.StructureSetTime = series.date, series.time
    dataset.ReferencedFrameOfReferenceSequence = [_frame_of_reference(image, study)]
    frame = study.frame_of_reference_uid
    dataset.StructureSetROISequence = [_roi(s, frame, image.algorithm) for s in structures]
    dataset.ROIContourSequence = [_roi_contours(s, image.planes) for s in structures]
    dataset.RTROIObservationsSequence = [_observation(s) for s in structures]
    dataset.ApprovalStatus = "UNAPPROVED"
    return save(dataset, path)


def _frame_of_reference(image: DrawnOn, study: StudyInfo) -> Dataset:
    if not image.planes:
        return item(FrameOfReferenceUID=study.frame_of_reference_uid)
    planes = [reference(CT_IMAGE, plane.sop_uid) for plane in image.planes]
    series = item(SeriesInstanceUID=image.series_uid, ContourImageSequence=planes)
    referenced = reference(STUDY_COMPONENT, study.study_uid, RTReferencedSeriesSequence=[series])
    return item(
        FrameOfReferenceUID=study.frame_of_reference_uid, RTReferencedStudySequence=[referenced]
    )


def _roi(structure: Structure, frame_of_reference_uid: str, algorithm: str) -> Dataset:
    return item(
        ROINumber=structure.roi_number,
        ReferencedFrameOfReferenceUID=frame_of_reference_uid,
        ROIName=structure.name,
        ROIGenerationAlgorithm=algorithm,
    )


def _roi_contours(structure: Structure, planes: Sequence[WrittenPlane]) -> Dataset:
    heights = np.array([plane.z_mm for plane in planes])
    contours = []
    for contour in structure.contours:
        nearest = planes[int(np.argmin(np.abs(heights - contour[0, 2])))] if planes else None
        contours.append(_contour(contour, nearest))
    return item(
        ReferencedROINumber=structure.roi_number,
        ROIDisplayColor=list(structure.color_rgb),
        ContourSequence=contours,
    )


def _contour(points: np.ndarray, plane: WrittenPlane | None) -> Dataset:
    from pydicom.dataelem import RawDataElement  # noqa: PLC0415
    from pydicom.tag import Tag  # noqa: PLC0415

    dataset = item(
        ContourGeometricType="CLOSED_PLANAR",
        NumberOfContourPoints=len(points),
    )
    if plane is not None:
        dataset.ContourImageSequence = [reference(CT_IMAGE, plane.sop_uid)]
    text = "\\".join(f"{x:.2f}\\{y:.2f}\\{z:.6g}" for x, y, z in points).encode("ascii")
    text += b" " * (len(text) % 2)
    tag = Tag(CONTOUR_DATA)
    # as raw bytes: turning 100 000 numbers into pydicom's decimals and back takes seconds
    dataset[tag] = RawDataElement(tag, "DS", len(text), text, 0, False, True)
    dataset.set_original_encoding(False, True, "iso8859")
    return dataset


def _observation(structure: Structure) -> Dataset:
    return item(
        ObservationNumber=structure.roi_number,
        ReferencedROINumber=structure.roi_number,
        RTROIInterpretedType=structure.interpreted_type,
        ROIInterpreter="",
    )
