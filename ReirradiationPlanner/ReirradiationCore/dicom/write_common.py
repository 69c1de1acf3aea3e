"""What all DICOM objects this program writes have in common: identity, UIDs, careful saving."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..courses import Patient
from ..errors import RefusedError

if TYPE_CHECKING:
    from pydicom import Dataset
    from pydicom.dataset import FileDataset

_NAMESPACE = uuid.UUID("5b0f6d0e-6b43-5f0d-9d0a-6d1a4f0c7e21")
IMPLEMENTATION_NAME = "REIRRPLANNER_01"


@dataclass(frozen=True)
class StudyInfo:
    """Patient, study and frame of reference an object belongs to.

    Parameters
    ----------
    patient : Patient
        Identity as in the files of the patient.
    study_uid, frame_of_reference_uid : str
        Study Instance UID and Frame of Reference UID.
    study_date, study_time : str
        DICOM DA (YYYYMMDD) and TM (HHMMSS); empty if not known.
    study_id, study_description : str
        Short identifier and text of the study.
    de_identified : str
        How the patient was made unknown (De-identification Method); empty if the patient is named.
    """

    patient: Patient
    study_uid: str
    frame_of_reference_uid: str
    study_date: str = ""
    study_time: str = ""
    study_id: str = ""
    study_description: str = ""
    de_identified: str = ""


@dataclass(frozen=True)
class SeriesInfo:
    """Series an object is written to.

    Parameters
    ----------
    uid : str
        Series Instance UID.
    number : int
        Series Number.
    description : str
        Series Description, at most 64 characters.
    date, time : str
        DICOM DA and TM of creation; empty leaves them out.
    manufacturer, model : str
        What made the content.
    """

    uid: str
    number: int = 1
    description: str = ""
    date: str = ""
    time: str = ""
    manufacturer: str = "ReirradiationPlanner"
    model: str = "ReirradiationPlanner"


def uid_from(*parts: str | int) -> str:
    """UID under 2.25 that is always the same for the same parts (a name-based UUID)."""
    return f"2.25.{uuid.uuid5(_NAMESPACE, '/'.join(str(part) for part in parts)).int}"


def new_uid() -> str:
    """UID under 2.25 that has never been used (a random UUID)."""
    return f"2.25.{uuid.uuid4().int}"


def decimal(value: float) -> str:
    """Return a number as a DICOM decimal string: 16 characters, as exact as these allow."""
    for digits in range(17, 0, -1):
        text = f"{float(value):.{digits}g}"
        if len(text) <= 16:
            return "0" if float(text) == 0 else text
    msg = f"{value!r} cannot be written as a DICOM decimal string"
    raise ValueError(msg)


def item(**elements: object) -> Dataset:
    """Item of a sequence with the given elements, by keyword."""
    from pydicom import Dataset  # noqa: PLC0415

    dataset = Dataset()
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    return dataset


def reference(sop_class_uid: str, sop_instance_uid: str, **more: object) -> Dataset:
    """Item that refers to an object."""
    return item(
        ReferencedSOPClassUID=sop_class_uid, ReferencedSOPInstanceUID=sop_instance_uid, **more
    )


def new_object(
    sop_class_uid: str, sop_instance_uid: str, modality: str, study: StudyInfo, series: SeriesInfo
) -> FileDataset:
    """Return a data set with patient, study, series, equipment, frame of reference and SOP common.

    Raises
    ------
    RefusedError
        A description longer than DICOM allows (64 characters).
    """
    from pydicom.dataset import FileDataset, FileMetaDataset  # noqa: PLC0415
    from pydicom.uid import ExplicitVRLittleEndian  # noqa: PLC0415

    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = sop_class_uid
    meta.MediaStorageSOPInstanceUID = sop_instance_uid
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = uid_from("implementation")
    meta.ImplementationVersionName = IMPLEMENTATION_NAME
    dataset = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.SOPClassUID, dataset.SOPInstanceUID = sop_class_uid, sop_instance_uid
    dataset.Modality = modality
    _add_study(dataset, study)
    _add_series(dataset, series)
    return dataset


def _add_study(dataset: Dataset, study: StudyInfo) -> None:
    patient = study.patient
    dataset.PatientName, dataset.PatientID = patient.name, patient.patient_id
    dataset.PatientBirthDate, dataset.PatientSex = patient.birth_date, patient.sex
    dataset.StudyInstanceUID = study.study_uid
    dataset.StudyDate, dataset.StudyTime = study.study_date, study.study_time
    dataset.StudyID, dataset.StudyDescription = study.study_id, study.study_description
    dataset.ReferringPhysicianName = dataset.AccessionNumber = ""
    dataset.FrameOfReferenceUID = study.frame_of_reference_uid
    dataset.PositionReferenceIndicator = ""
    if study.de_identified:
        dataset.PatientIdentityRemoved = "YES"
        dataset.DeidentificationMethod = study.de_identified


def _add_series(dataset: Dataset, series: SeriesInfo) -> None:
    if len(series.description) > 64:
        msg = f"series description '{series.description}' is longer than the 64 characters of DICOM"
        raise RefusedError(msg)
    dataset.SeriesInstanceUID, dataset.SeriesNumber = series.uid, series.number
    dataset.SeriesDescription = series.description
    dataset.Manufacturer, dataset.ManufacturerModelName = series.manufacturer, series.model
    dataset.OperatorsName = ""
    if series.date:
        dataset.SeriesDate = dataset.InstanceCreationDate = series.date
        dataset.SeriesTime = dataset.InstanceCreationTime = series.time


def save(dataset: FileDataset, path: Path) -> Path:
    """Write a data set as a DICOM file; never over a file that is there.

    Raises
    ------
    RefusedError
        ``path`` exists already, or its folder does not.
    """
    from pydicom import dcmwrite  # noqa: PLC0415

    if not path.parent.is_dir():
        msg = f"{path} cannot be written because its folder does not exist; make it first"
        raise RefusedError(msg)
    try:
        with path.open("xb") as stream:
            dcmwrite(stream, dataset, **_file_format(dataset))
    except FileExistsError:
        msg = f"{path} exists and is not overwritten; give another folder or move the file away"
        raise RefusedError(msg) from None
    return path


def _file_format(dataset: FileDataset) -> dict[str, bool]:
    """Return how pydicom is told to write a whole file; its name for that changed with 3.0."""
    import pydicom  # noqa: PLC0415

    if int(pydicom.__version__.split(".")[0]) >= 3:
        return {"enforce_file_format": True}
    dataset.is_little_endian, dataset.is_implicit_VR = True, False
    return {"write_like_original": False}
