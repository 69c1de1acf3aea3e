"""Small DICOM-RT cases made in memory, so that tests of the reader need no files of others.

`make_case` returns the datasets of one course: a CT, a structure set, a plan and a dose of
16 + 0.2 z Gy. A test changes what it is about and calls `save_case`.
"""

from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence

CT_CLASS = "1.2.840.10008.5.1.4.1.1.2"
DOSE_CLASS = "1.2.840.10008.5.1.4.1.1.481.2"
STRUCTURES_CLASS = "1.2.840.10008.5.1.4.1.1.481.3"
RECORD_CLASS = "1.2.840.10008.5.1.4.1.1.481.4"
PLAN_CLASS = "1.2.840.10008.5.1.4.1.1.481.5"
EXPLICIT_LITTLE = "1.2.840.10008.1.2.1"

_numbers = count(1)


def new_uid():
    """Return a UID no other object of this test run has."""
    return f"2.25.1234{next(_numbers):09d}"


@dataclass
class Case:
    """The datasets of one course."""

    ct: list = field(default_factory=list)
    structures: Dataset | None = None
    plan: Dataset | None = None
    dose: Dataset | None = None
    more: dict = field(default_factory=dict)


def make_case(day="20240101", label="PLAN1", fractions=20, patient="TEST-1", frame=None):
    """Return a course on its own study, CT and frame of reference."""
    common = {
        "StudyInstanceUID": new_uid(),
        "StudyDate": day,
        "StudyDescription": f"Study of {label}",
        "PatientID": patient,
        "PatientName": "TEST^CASE",
        "PatientBirthDate": "19500101",
        "PatientSex": "O",
        "FrameOfReferenceUID": frame or new_uid(),
    }
    case = Case()
    case.ct = make_ct(common)
    case.structures = make_structures(common, case.ct)
    case.plan = make_plan(common, case.structures, label, fractions)
    case.dose = make_dose(common, case.plan)
    return case


def new_object(common, sop_class, modality, **attributes):
    """Return a dataset with the attributes every object has."""
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = EXPLICIT_LITTLE
    dataset.SOPClassUID = sop_class
    dataset.SOPInstanceUID = new_uid()
    dataset.SeriesInstanceUID = new_uid()
    dataset.Modality = modality
    for keyword, value in {**common, **attributes}.items():
        setattr(dataset, keyword, value)
    return dataset


def reference_to(dataset, **attributes):
    """Return a sequence of one item that refers to another object."""
    item = Dataset()
    item.ReferencedSOPClassUID = dataset.SOPClassUID
    item.ReferencedSOPInstanceUID = dataset.SOPInstanceUID
    for keyword, value in attributes.items():
        setattr(item, keyword, value)
    return Sequence([item])


def make_ct(common, slices=8, spacing=3.0, size=16, pixel=5.0):
    """Return axial slices centred on the origin; the HU of slice k are 10 k."""
    series = new_uid()
    made = []
    for k in range(slices):
        z = (k - (slices - 1) / 2) * spacing
        ct = new_object(common, CT_CLASS, "CT", PatientPosition="HFS")
        ct.SeriesInstanceUID = series
        edge = -(size - 1) / 2 * pixel
        place_plane(ct, [edge, edge, z], [1, 0, 0, 0, 1, 0], pixel)
        ct.RescaleSlope, ct.RescaleIntercept = 1, -1024
        set_pixels(ct, np.full((size, size), 1024 + 10 * k, np.uint16))
        made.append(ct)
    return made


def place_plane(dataset, position, orientation, pixel):
    """Set position, orientation and spacing of an image plane."""
    dataset.ImagePositionPatient = [f"{value:.6g}" for value in position]
    dataset.ImageOrientationPatient = [f"{value:.10g}" for value in orientation]
    dataset.PixelSpacing = [pixel, pixel]


def set_pixels(dataset, values):
    """Set the pixels of one plane (rows, columns) or of several (frames, rows, columns)."""
    values = np.asarray(values)
    if values.ndim == 3:
        dataset.NumberOfFrames = len(values)
    dataset.Rows, dataset.Columns = values.shape[-2:]
    bits = values.dtype.itemsize * 8
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.BitsAllocated = dataset.BitsStored = bits
    dataset.HighBit = bits - 1
    dataset.PixelRepresentation = int(np.issubdtype(values.dtype, np.signedinteger))
    data = values.astype(values.dtype.newbyteorder("<")).tobytes()
    dataset.PixelData = data + b"\0" * (len(data) % 2)
    dataset["PixelData"].VR = "OW"


def box(half=20.0, z=0.0, center=(0.0, 0.0)):
    """Return the four corners of a square contour at z, (4, 3), mm."""
    x, y = center
    corners = [(-half, -half), (half, -half), (half, half), (-half, half)]
    return np.array([[x + dx, y + dy, z] for dx, dy in corners])


def make_structures(common, ct, rois=None):
    """Return a structure set; ``rois`` is a list of (name, type, contours)."""
    levels = [float(plane.ImagePositionPatient[2]) for plane in ct]
    if rois is None:
        rois = [
            ("BODY", "EXTERNAL", [box(35, z) for z in levels]),
            ("Bladder", "ORGAN", [box(10, z) for z in levels[2:-2]]),
        ]
    dataset = new_object(common, STRUCTURES_CLASS, "RTSTRUCT", StructureSetLabel="SET")
    series, study, frame = Dataset(), Dataset(), Dataset()
    series.SeriesInstanceUID = ct[0].SeriesInstanceUID
    study.RTReferencedSeriesSequence = Sequence([series])
    frame.FrameOfReferenceUID = common["FrameOfReferenceUID"]
    frame.RTReferencedStudySequence = Sequence([study])
    dataset.ReferencedFrameOfReferenceSequence = Sequence([frame])
    dataset.StructureSetROISequence = Sequence()
    dataset.ROIContourSequence = Sequence()
    dataset.RTROIObservationsSequence = Sequence()
    for name, interpreted, contours in rois:
        add_roi(dataset, name, interpreted, contours)
    return dataset


def add_roi(dataset, name, interpreted, contours, geometric_type="CLOSED_PLANAR"):
    """Add a region of interest; returns its item of the ROI Contour Sequence."""
    number = len(dataset.StructureSetROISequence) + 1
    roi, drawn, observation = Dataset(), Dataset(), Dataset()
    roi.ROINumber, roi.ROIName = number, name
    roi.ReferencedFrameOfReferenceUID = dataset.FrameOfReferenceUID
    drawn.ReferencedROINumber = number
    drawn.ROIDisplayColor = [255, 0, number]
    drawn.ContourSequence = Sequence([contour_item(c, geometric_type) for c in contours])
    observation.ObservationNumber = observation.ReferencedROINumber = number
    observation.RTROIInterpretedType = interpreted
    dataset.StructureSetROISequence.append(roi)
    dataset.ROIContourSequence.append(drawn)
    dataset.RTROIObservationsSequence.append(observation)
    return drawn


def contour_item(points, geometric_type="CLOSED_PLANAR"):
    """Return one contour of points (N, 3)."""
    item = Dataset()
    item.ContourGeometricType = geometric_type
    item.NumberOfContourPoints = len(points)
    item.ContourData = [f"{value:.6g}" for value in np.asarray(points).ravel()]
    return item


def make_plan(common, structures, label="PLAN1", fractions=20, prescription=20.0):
    """Return an approved plan of two photon beams."""
    plan = new_object(common, PLAN_CLASS, "RTPLAN", RTPlanLabel=label, ApprovalStatus="APPROVED")
    plan.RTPlanDate = common["StudyDate"]
    plan.ReferencedStructureSetSequence = reference_to(structures)
    target = Dataset()
    target.DoseReferenceStructureType, target.DoseReferenceType = "SITE", "TARGET"
    target.TargetPrescriptionDose = prescription
    plan.DoseReferenceSequence = Sequence([target])
    group = Dataset()
    group.NumberOfFractionsPlanned = fractions
    group.ReferencedBeamSequence = Sequence()
    plan.FractionGroupSequence = Sequence([group])
    plan.BeamSequence = Sequence()
    for number in (1, 2):
        referenced, beam = Dataset(), Dataset()
        referenced.ReferencedBeamNumber = beam.BeamNumber = number
        beam.RadiationType, beam.TreatmentDeliveryType = "PHOTON", "TREATMENT"
        group.ReferencedBeamSequence.append(referenced)
        plan.BeamSequence.append(beam)
    setup = Dataset()
    setup.PatientPosition = "HFS"
    plan.PatientSetupSequence = Sequence([setup])
    return plan


def make_dose(common, plan, values=None, dtype=np.uint32):
    """Return a PLAN dose of 16 + 0.2 z Gy on an axial grid, or of ``values`` (16, 12, 10) Gy."""
    dose = new_object(common, DOSE_CLASS, "RTDOSE")
    dose.DoseUnits, dose.DoseType, dose.DoseSummationType = "GY", "PHYSICAL", "PLAN"
    dose.ReferencedRTPlanSequence = reference_to(plan)
    place_plane(dose, [-22.5, -27.5, -22.5], [1, 0, 0, 0, 1, 0], 5.0)
    dose.GridFrameOffsetVector = [3.0 * k for k in range(16)]
    if values is None:
        values = np.broadcast_to(
            linear_dose(-22.5 + 3.0 * np.arange(16))[:, None, None], (16, 12, 10)
        )
    set_dose(dose, values, dtype)
    return dose


def linear_dose(z):
    """Return the dose of the phantom at z (mm), Gy."""
    return 16 + 0.2 * np.asarray(z)


def set_dose(dose, values, dtype=np.uint32):
    """Store a dose in Gy with as much precision as the pixel type has."""
    largest = float(np.abs(values).max()) or 1.0
    scaling = float(f"{largest / np.iinfo(dtype).max * 1.001:.9g}")
    dose.DoseGridScaling = f"{scaling:.9g}"
    set_pixels(dose, np.round(np.asarray(values) / scaling).astype(dtype))


def make_record(case, day, fraction):
    """Return a treatment record of one fraction."""
    common = common_of(case.plan)
    record = new_object(common, RECORD_CLASS, "RTRECORD", TreatmentDate=day)
    record.ReferencedRTPlanSequence = reference_to(case.plan)
    beam = Dataset()
    beam.CurrentFractionNumber = fraction
    record.TreatmentSessionBeamSequence = Sequence([beam])
    return record


def common_of(dataset):
    """Return what the objects of a course have in common."""
    keywords = (
        "StudyInstanceUID StudyDate StudyDescription PatientID PatientName PatientBirthDate "
        "PatientSex FrameOfReferenceUID"
    )
    return {keyword: getattr(dataset, keyword) for keyword in keywords.split()}


def save(dataset, path):
    """Write one dataset as a DICOM file."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    syntax = pydicom.uid.UID(dataset.file_meta.TransferSyntaxUID)
    if int(pydicom.__version__.split(".")[0]) < 3:
        dataset.is_little_endian = syntax.is_little_endian
        dataset.is_implicit_VR = syntax.is_implicit_VR
        dataset.save_as(path, write_like_original=False)
    else:
        dataset.save_as(path, enforce_file_format=True)
    return path


def save_case(case, folder):
    """Write all objects of a course into a folder; objects that are None are left out."""
    folder = Path(folder)
    for k, ct in enumerate(case.ct):
        save(ct, folder / f"CT.{k:02d}.dcm")
    named = {"RS": case.structures, "RP": case.plan, "RD": case.dose, **case.more}
    for name, dataset in named.items():
        if dataset is not None:
            save(dataset, folder / f"{name}.dcm")
    return folder
