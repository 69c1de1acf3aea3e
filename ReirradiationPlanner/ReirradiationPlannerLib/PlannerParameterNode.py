"""What the user chose on the panel, saved with the scene. Needs the Slicer application."""

from pathlib import Path
from typing import Annotated

from slicer import (
    vtkMRMLLinearTransformNode,
    vtkMRMLMarkupsFiducialNode,
    vtkMRMLTextNode,
    vtkMRMLTransformNode,
)
from slicer.parameterNodeWrapper import Choice, WithinRange, parameterNodeWrapper

RECOVERY_RULES = (
    "none", "uk_sabr_2022", "strider_33", "robinson_15py", "umich", "fox_chase", "simple_25_50",
    "liver_50",
)  # fmt: skip
COMPARE_MODES = ("fade", "checkerboard", "difference")
MAPS = (
    "cumulative_eqd2", "cumulative_no_recovery", "tolerance_percent", "overlap_eqd2",
    "remaining_dose", "recovery_difference", "mapping_difference",
)  # fmt: skip
DOSE_MODELS = ("LQ", "LQ-L")
CORD_REGIONS = ("cervical", "thoracic", "lumbar")
WITHOUT_WIDGET = ("choices", "resultNode")


@parameterNodeWrapper
class PlannerParameterNode:
    """Choices for an evaluation; every field but those of WITHOUT_WIDGET is bound to a widget.

    choices: tables of the panel as the text of a case file (see PlannerChoices)
    resultNode: results that are shown, with the hash of what they were computed from
    inputFolder: DICOM-RT of all courses, for the reader of this module
    registrationTransform: transform made elsewhere, prior course to today's CT
    registrationFile: DICOM registration of a planning system
    startTransform: linear transform from which a registration starts
    referenceLandmarks, priorLandmarks: the same points on both CTs, in the same order
    compareMode, compareFade: how both CTs are laid over each other; per cent of the prior CT
    approver, approvalComment: who approves a registration, and what was looked at
    recovery: rule for every organ without a choice of its own
    doseModel, transitionDose, slopeAbove: LQ, or LQ-L with its Gy per fraction and its slope
    cordRegion: level of the spinal cord for the criteria of Nieder 2006
    protocolFile: own constraint set that is to be added
    autoUpdate: judge again at once when something changes
    mapGrid: spacing of the maps, mm; 0 takes that of the finest dose
    shownMap, mapOpacity: map over the CT, and its opacity in per cent
    overlapPrior, overlapPlanned: EQD2 from which the map of the overlap is coloured, Gy
    prescription: of the planned course for the isotoxic search, Gy; 0 takes that of the plan
    isotoxicLow, isotoxicHigh: range of the search, Gy
    isotoxicTargets: targets of its eligibility criteria, separated by commas
    plannedScale: what-if factor on the planned dose, per cent
    remainingFractions: number of fractions of the remaining dose
    ellipsoid, shifts, fields, otherMappings: scenarios that enter the verdicts
    secondEngine: register with a second engine as well, whose map enters the verdicts
    uncertaintyMm: their size, mm
    outputFolder, caseFile: where results and choices are written
    author: name for the history of the choices
    deIdentify: write nothing that names the patient
    """

    choices: str = ""
    resultNode: vtkMRMLTextNode | None = None
    inputFolder: Path
    registrationTransform: vtkMRMLTransformNode | None = None
    registrationFile: Path
    startTransform: vtkMRMLLinearTransformNode | None = None
    referenceLandmarks: vtkMRMLMarkupsFiducialNode | None = None
    priorLandmarks: vtkMRMLMarkupsFiducialNode | None = None
    compareMode: Annotated[str, Choice(COMPARE_MODES)] = "fade"
    compareFade: Annotated[float, WithinRange(0, 100)] = 50.0
    approver: str = ""
    approvalComment: str = ""
    recovery: Annotated[str, Choice(RECOVERY_RULES)] = "none"
    doseModel: Annotated[str, Choice(DOSE_MODELS)] = "LQ"
    transitionDose: Annotated[float, WithinRange(0, 30)] = 0.0
    slopeAbove: Annotated[float, WithinRange(0, 30)] = 0.0
    protocolFile: Path
    cordRegion: Annotated[str, Choice(CORD_REGIONS)] = "thoracic"
    autoUpdate: bool = True
    mapGrid: Annotated[float, WithinRange(0, 10)] = 0.0
    shownMap: Annotated[str, Choice(MAPS)] = "cumulative_eqd2"
    mapOpacity: Annotated[float, WithinRange(0, 100)] = 50.0
    overlapPrior: Annotated[float, WithinRange(1, 200)] = 5.0
    overlapPlanned: Annotated[float, WithinRange(1, 200)] = 5.0
    prescription: Annotated[float, WithinRange(0, 200)] = 0.0
    isotoxicLow: Annotated[float, WithinRange(1, 200)] = 25.0
    isotoxicHigh: Annotated[float, WithinRange(1, 200)] = 50.0
    isotoxicTargets: str = ""
    plannedScale: Annotated[float, WithinRange(10, 500)] = 100.0
    remainingFractions: Annotated[int, WithinRange(1, 60)] = 5
    ellipsoid: bool = False
    shifts: bool = False
    fields: bool = False
    otherMappings: bool = False
    secondEngine: bool = False
    uncertaintyMm: Annotated[float, WithinRange(0.5, 30)] = 3.0
    outputFolder: Path
    author: str = ""
    deIdentify: bool = False
    caseFile: Path
