"""What the user chose on the panel, saved with the scene. Needs the Slicer application."""

from pathlib import Path
from typing import Annotated

from slicer.parameterNodeWrapper import Choice, parameterNodeWrapper

RECOVERY_RULES = ("none", "uk_sabr_2022", "strider_33", "robinson_15py", "umich")


@parameterNodeWrapper
class PlannerParameterNode:
    """Choices for an evaluation.

    inputFolder: DICOM-RT of all courses of one patient
    outputFolder: receives report, numbers and maps
    protocol: name or file of the constraint set; empty for metrics without verdicts
    recovery: recovery rule applied to the prior courses
    """

    inputFolder: Path
    outputFolder: Path
    protocol: str = "STRIDeR2025"
    recovery: Annotated[str, Choice(RECOVERY_RULES)] = "none"
