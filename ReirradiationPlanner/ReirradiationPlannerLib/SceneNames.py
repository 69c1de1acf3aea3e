"""Names of attributes, roles and tags in the scene: SlicerRT's, Slicer's and our own."""

from __future__ import annotations


class SceneNames:
    """One place for every name that scripts, saved scenes and other modules rely on.

    What SlicerRT and Slicer's DICOM modules write is read under their names;
    Resources/developers.md says what each of ours means.
    """

    # Slicer: UIDs and attributes of items of the subject hierarchy
    SERIES_UID = "DICOM"
    INSTANCE_UIDS = "DICOMInstanceUID"
    NODE_INSTANCE_UIDS = "DICOM.instanceUIDs"
    MODALITY = "DICOM.Modality"
    SERIES_NUMBER = "DICOM.SeriesNumber"
    FRAME_UID = "DICOM.FrameOfReferenceUID"
    REFERENCED_UIDS = "DICOM.ReferencedInstanceUIDs"
    PATIENT_LEVEL = "Patient"
    STUDY_LEVEL = "Study"
    PATIENT_ATTRIBUTES = (
        "DICOM.PatientID",
        "DICOM.PatientName",
        "DICOM.PatientBirthDate",
        "DICOM.PatientSex",
    )
    STUDY_UID = "DICOM.StudyInstanceUID"
    STUDY_DATE = "DICOM.StudyDate"
    STUDY_DESCRIPTION = "DICOM.StudyDescription"

    # SlicerRT
    DOSE_VOLUME = "DicomRtImport.DoseVolume"
    DOSE_UNIT = "DicomRtImport.DoseUnitName"
    DOSE_UNIT_VALUE = "DicomRtImport.DoseUnitValue"
    REFERENCED_SERIES = "DicomRtImport.RoiReferencedSeriesUid"
    ROI_NUMBER_TAG = "DicomRtImport.RoiNumber"

    # Own: courses
    COURSE = "ReirradiationPlanner.CourseFacts"
    DOSE_UIDS = "ReirradiationPlanner.DoseInstanceUIDs"
    RESAMPLED = "ReirradiationPlanner.Resampled"
    CONFIRMED_DOSE = "ReirradiationPlanner.PhysicalPlanDose"
    STRUCTURE_TAG = "ReirradiationPlanner.StructureFacts"

    # Own: registrations
    REGISTRATION = "ReirradiationPlanner.Registration"
    QUALITY_INPUTS = "ReirradiationPlanner.QualityInputs"
    ASKED_FOR = "ReirradiationPlanner.AskedFor"
    APPROVAL = "ReirradiationPlanner.Approval"
    FITTED_TO = "ReirradiationPlanner.FittedTo"
    OTHER_MAP_ROLE = "ReirradiationPlanner.OtherMap"
    OTHER_MAP = "ReirradiationPlanner.OtherMapRecord"

    # Own: results
    MAP = "ReirradiationPlanner.Map"
    RESULT = "ReirradiationPlanner.Result"
    INPUT_HASH = "ReirradiationPlanner.InputHash"
    INPUTS = "ReirradiationPlanner.Inputs"
    PART_ROLE = "ReirradiationPlanner.Part"
    MADE = "ReirradiationPlanner.Made"
    ROLE = "ReirradiationPlanner.Role"
    OWN_RESULTS = (MAP, MADE, ROLE)
