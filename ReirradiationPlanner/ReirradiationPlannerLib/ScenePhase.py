"""One plan of a course, for tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, eq=False)
class ScenePhase:
    """A plan as far as it is known; None where it is not.

    planLabel: RT Plan Label
    fractionsPlanned, fractionsDelivered: numbers of fractions
    prescriptionGy: target prescription, Gy
    doseNode: vtkMRMLScalarVolumeNode of the (first) dose
    """

    planLabel: str
    fractionsPlanned: int | None
    fractionsDelivered: int | None
    prescriptionGy: float | None
    doseNode: Any = None
