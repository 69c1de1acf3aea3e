"""What the method works on: patients, courses, phases and structures (frozen, checked when built).

Terms follow DICOM, HL7 CodeX RT (course, phase), ICRU (targets) and TG-263 (standard names).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import Enum
from pathlib import Path

import numpy as np
import numpy.typing as npt

from .errors import RadiobiologyError
from .grids import Volume
from .letters import Letter

DAYS_PER_MONTH = 30.4375


class CourseRole(Enum):
    """Part a course plays in the evaluation."""

    PRIOR = "prior"
    PLANNED = "planned"


class StructureKind(Enum):
    """What a structure is to the evaluation."""

    OAR = "oar"
    TARGET = "target"
    EXTERNAL = "external"
    OTHER = "other"


@dataclass(frozen=True)
class Patient:
    """Identity as written in the files (DICOM Patient Module); empty text where absent."""

    patient_id: str
    name: str = ""
    birth_date: str = ""
    sex: str = ""


@dataclass(frozen=True, eq=False)
class Structure:
    """A region of interest as planar closed contours.

    Parameters
    ----------
    roi_number : int
        ROI Number (3006,0022).
    name : str
        ROI Name as written in the file.
    contours : tuple of ndarray
        Each (N, 3), LPS, mm, closed planar, N >= 3. Loops of one plane combine even-odd (holes).
    frame_of_reference_uid : str
        Frame of reference the contours are drawn in.
    interpreted_type : str
        RT ROI Interpreted Type (3006,00A4), upper case, empty if absent.
    color_rgb : tuple of int
        ROI Display Color, 0..255.
    """

    roi_number: int
    name: str
    contours: tuple[npt.NDArray[np.float64], ...]
    frame_of_reference_uid: str = ""
    interpreted_type: str = ""
    color_rgb: tuple[int, int, int] = (255, 200, 0)
    kind: StructureKind = StructureKind.OAR


@dataclass(frozen=True, eq=False)
class Phase:
    """Identical fractions of one plan: the unit on which the LQ model is valid.

    Parameters
    ----------
    plan_label : str
        RT Plan Label.
    dose : Volume
        Physical dose of the whole plan as planned (all ``fractions_planned``), Gy.
    fractions_planned, fractions_delivered : int
        Whole numbers >= 1; ``delivered`` of an unfinished plan is smaller than ``planned``.
    prescribed_dose_gy : float, optional
        Target prescription dose of the plan, Gy; None where the file does not say.
    dose_scale : float
        What-if factor on the dose, see `planned_scale`.

    Raises
    ------
    RadiobiologyError
        Numbers of fractions that are not whole numbers >= 1.
    """

    plan_label: str
    dose: Volume
    fractions_planned: int
    fractions_delivered: int
    prescribed_dose_gy: float | None = None
    plan_uid: str = ""
    dose_uid: str = ""
    dose_scale: float = 1.0

    def __post_init__(self) -> None:
        """Refuse numbers of fractions that cannot be."""
        for name in ("fractions_planned", "fractions_delivered"):
            n = getattr(self, name)
            if isinstance(n, bool) or not isinstance(n, int) or n < 1:
                msg = f"{name} of plan '{self.plan_label}' is {n!r}; it must be a whole number >= 1"
                raise RadiobiologyError(msg)

    @property
    def delivered_share(self) -> float:
        """Delivered part m/n of the planned dose; the dose per fraction is unchanged by it."""
        return self.fractions_delivered / self.fractions_planned


@dataclass(frozen=True, eq=False)
class Course:
    """One course of radiotherapy with its own anatomy.

    Parameters
    ----------
    id : str
        Identifier shown to the user: ``prior-1``, ``prior-2`` (oldest first), ``planned``.
    image : Volume, optional
        Planning CT, HU; None where the course came without one.
    structures : tuple of Structure
        Structures of the plan's structure set that have an area.
    first_fraction_date, last_fraction_date : date, optional
        As far as known; ``date_source`` says from which attribute they were taken.
    files : tuple of Path
        Files the course was read from.
    letter : Letter, optional
        What was typed of a course known only from a letter; it then has no phases.
    """

    id: str
    role: CourseRole
    label: str
    patient: Patient
    phases: tuple[Phase, ...]
    structures: tuple[Structure, ...] = ()
    image: Volume | None = None
    frame_of_reference_uid: str = ""
    patient_position: str = ""
    first_fraction_date: date | None = None
    last_fraction_date: date | None = None
    date_source: str = ""
    study_uid: str = ""
    image_series_uid: str = ""
    structure_set_uid: str = ""
    empty_structures: tuple[str, ...] = ()
    files: tuple[Path, ...] = field(default=(), repr=False)
    letter: Letter | None = None

    @property
    def fractions_delivered(self) -> int:
        """Fractions delivered in all phases together."""
        if self.letter is not None:
            return self.letter.fractions
        return sum(phase.fractions_delivered for phase in self.phases)


def interval_months(prior: Course, planned: Course) -> float | None:
    """Months from the last known fraction of ``prior`` to the first of ``planned``, if known."""
    end = prior.last_fraction_date or prior.first_fraction_date
    if end is None or planned.first_fraction_date is None:
        return None
    return (planned.first_fraction_date - end).days / DAYS_PER_MONTH


FRACTIONS_PER_WEEK = 5


def shortest_interval_months(prior: Course, planned: Course) -> float | None:
    """Months left if the prior course ran for as long as its fractions take at five a week.

    The same as `interval_months` where the date of the last fraction is known; None if unknown.
    """
    months = interval_months(prior, planned)
    if months is None or prior.last_fraction_date is not None:
        return months
    weeks = -(-prior.fractions_delivered // FRACTIONS_PER_WEEK)
    return months - 7 * weeks / DAYS_PER_MONTH


def slice_spacing_mm(course: Course) -> float | None:
    """Distance of the slices the structures of a course were drawn on, mm; None if unknown.

    That of the planning CT; without one, the smallest distance of two contour planes.
    """
    if course.image is not None:
        return course.image.grid.spacing_mm[2]
    distances = [
        float(gap)
        for structure in course.structures
        for gap in np.diff(np.unique([round(float(c[0, 2]), 2) for c in structure.contours]))
    ]
    return min(distances, default=None)
