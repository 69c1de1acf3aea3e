"""Writing an RT Plan: prescription, fractions and arcs, as far as an evaluation needs them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .write_common import SeriesInfo, StudyInfo, decimal, item, new_object, reference, save
from .write_structures import RT_STRUCTURE_SET

if TYPE_CHECKING:
    from pydicom import Dataset

RT_PLAN = "1.2.840.10008.5.1.4.1.1.481.5"


@dataclass(frozen=True)
class PlanInfo:
    """What a plan says.

    Parameters
    ----------
    sop_uid, structure_set_uid : str
        UIDs of the plan and of its structure set.
    label : str
        RT Plan Label, at most 16 characters.
    intent : str
        CURATIVE, PALLIATIVE, ...
    fractions : int
        Number of fractions planned.
    prescriptions : tuple of (int, float, str)
        ROI Number, target prescription dose (Gy) and description, the main target first.
    arcs : tuple of (tuple of float, int)
        Isocentre (LPS, mm) and meterset of each full arc.
    approval_date, approval_time : str
        DICOM DA and TM of the review.
    """

    sop_uid: str
    structure_set_uid: str
    label: str
    intent: str
    fractions: int
    prescriptions: tuple[tuple[int, float, str], ...]
    arcs: tuple[tuple[tuple[float, float, float], float], ...]
    approval_date: str = ""
    approval_time: str = ""


def write_plan(path: Path, plan: PlanInfo, study: StudyInfo, series: SeriesInfo) -> Path:
    """Write an approved RT Plan of full arcs.

    Raises
    ------
    RefusedError
        A file that is there already.
    """
    dataset = new_object(RT_PLAN, plan.sop_uid, "RTPLAN", study, series)
    dataset.InstanceNumber = 1
    dataset.RTPlanLabel = dataset.RTPlanName = plan.label
    dataset.RTPlanDate, dataset.RTPlanTime = series.date, series.time
    dataset.RTPlanGeometry, dataset.PlanIntent = "PATIENT", plan.intent
    dataset.ReferencedStructureSetSequence = [reference(RT_STRUCTURE_SET, plan.structure_set_uid)]
    dataset.DoseReferenceSequence = [
        _prescription(number, *target) for number, target in enumerate(plan.prescriptions, start=1)
    ]
    dataset.PatientSetupSequence = [item(PatientSetupNumber=1, PatientPosition="HFS")]
    dataset.FractionGroupSequence = [_fraction_group(plan)]
    dataset.BeamSequence = [_arc(n, isocentre) for n, (isocentre, _) in enumerate(plan.arcs, 1)]
    dataset.ApprovalStatus = "APPROVED"
    dataset.ReviewDate, dataset.ReviewTime = plan.approval_date, plan.approval_time
    dataset.ReviewerName = ""
    return save(dataset, path)


def _prescription(number: int, roi_number: int, dose_gy: float, description: str) -> Dataset:
    return item(
        DoseReferenceNumber=number,
        DoseReferenceStructureType="VOLUME",
        ReferencedROINumber=roi_number,
        DoseReferenceDescription=description,
        DoseReferenceType="TARGET",
        TargetPrescriptionDose=decimal(dose_gy),
    )


def _fraction_group(plan: PlanInfo) -> Dataset:
    total = sum(meterset for _, meterset in plan.arcs)
    per_fraction = plan.prescriptions[0][1] / plan.fractions
    beams = [
        item(
            BeamDose=decimal(round(per_fraction * meterset / total, 6)),
            BeamMeterset=decimal(meterset),
            ReferencedBeamNumber=number,
        )
        for number, (_, meterset) in enumerate(plan.arcs, start=1)
    ]
    return item(
        FractionGroupNumber=1,
        NumberOfFractionsPlanned=plan.fractions,
        NumberOfBeams=len(beams),
        NumberOfBrachyApplicationSetups=0,
        ReferencedBeamSequence=beams,
    )


def _arc(number: int, isocentre: tuple[float, float, float]) -> Dataset:
    clockwise = number % 2 == 1
    angles = ("181", "179") if clockwise else ("179", "181")
    first = item(
        ControlPointIndex=0,
        NominalBeamEnergy="6",
        GantryAngle=angles[0],
        GantryRotationDirection="CW" if clockwise else "CC",
        BeamLimitingDevicePositionSequence=[
            item(RTBeamLimitingDeviceType=name, LeafJawPositions=["-80", "80"])
            for name in ("ASYMX", "ASYMY")
        ],
        IsocenterPosition=[decimal(round(v, 2)) for v in isocentre],
        CumulativeMetersetWeight="0",
    )
    for what in ("BeamLimitingDevice", "PatientSupport", "TableTopEccentric"):
        setattr(first, f"{what}Angle", "0")
        setattr(first, f"{what}RotationDirection", "NONE")
    for axis in ("Vertical", "Longitudinal", "Lateral"):
        setattr(first, f"TableTop{axis}Position", "")
    last = item(ControlPointIndex=1, GantryAngle=angles[1], CumulativeMetersetWeight="1")
    last.GantryRotationDirection = "NONE"
    return item(
        BeamNumber=number,
        BeamName=f"Arc {number}",
        BeamType="DYNAMIC",
        RadiationType="PHOTON",
        TreatmentMachineName="DEMO",
        PrimaryDosimeterUnit="MU",
        SourceAxisDistance="1000",
        TreatmentDeliveryType="TREATMENT",
        NumberOfWedges=0,
        NumberOfCompensators=0,
        NumberOfBoli=0,
        NumberOfBlocks=0,
        FinalCumulativeMetersetWeight="1",
        NumberOfControlPoints=2,
        BeamLimitingDeviceSequence=[
            item(RTBeamLimitingDeviceType=name, NumberOfLeafJawPairs=1)
            for name in ("ASYMX", "ASYMY")
        ],
        ReferencedPatientSetupNumber=1,
        ControlPointSequence=[first, last],
    )
