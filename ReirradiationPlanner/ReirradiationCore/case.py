"""What the user chose: every choice of a run in one frozen object."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path
from typing import Any

from .approvals import Approval
from .case_history import HistoryEntry
from .cord import NIEDER_ALPHA_BETA_GY
from .course_choices import CourseChoice
from .dose_models import LQ, DoseConversion
from .errors import RefusedError
from .letters import Letter
from .planned_scale import require_planned_scale
from .quality_choice import QualityChoice
from .registration_choice import RegistrationChoice
from .type_choice import TypeChoice
from .uncertainty_choice import UncertaintyChoice

REGISTRATION_MODES = ("auto", "identity", "rigid", "deformable")


class MappingStrategy(Enum):
    """How the prior dose of an organ is brought to today's anatomy (physics.md section 4)."""

    DIR = "DIR"
    RIGID = "RIGID"
    UNIFORM_BG = "UNIFORM_BG"
    POINT_SUM = "POINT_SUM"
    OVERLAP_POINT_SUM = "OVERLAP_POINT_SUM"
    ZERO = "ZERO"
    NOT_EVALUABLE = "NOT_EVALUABLE"


@dataclass(frozen=True)
class RecoveryChoice:
    """A recovery rule by name, or a value with its justification."""

    rule: str = "none"
    value: float | None = None
    justification: str = ""


@dataclass(frozen=True)
class OrganChoice:
    """What the user chose for one organ; None and empty mean: as the protocol or default says.

    ``recovery``, ``mapping`` and ``mapping_reason`` (why this strategy; for ZERO where the dose
    cannot show it: why the organ was out of the field) are per course; the key ``*`` stands for
    every course.
    """

    alpha_beta_gy: float | None = None
    recovery: Mapping[str, RecoveryChoice] = field(default_factory=dict)
    mapping: Mapping[str, MappingStrategy] = field(default_factory=dict)
    mapping_reason: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Case:
    """Every choice of a run; the same object from the command line, a case file or Slicer.

    Parameters
    ----------
    paths : tuple of Path
        Files and folders with the DICOM-RT objects of all courses.
    reference : str, optional
        Course whose CT and structures are today's anatomy.
    protocols : tuple of str
        Names or files of constraint sets.
    recovery : RecoveryChoice
        Rule for every organ without a choice of its own.
    registration : mapping
        Course id to mode or transform file; ``*`` for all others.
    fractions : mapping
        Course id or plan label to number of fractions delivered.
    prescription_gy : float, optional
        Prescription of the planned course for the isotoxic part.
    isotoxic_range_gy : tuple of float
        Smallest and largest prescription searched.
    limit_choices : mapping
        Id of a constraint to the ``limit`` and ``alpha_beta_gy`` its source leaves open.
    confirmed : tuple of str
        Ids of the constraints whose condition for a person was confirmed.
    isotoxic_targets : tuple of str
        Targets the eligibility criteria are about; all PTVs and GTVs of the plan if empty.
    model : DoseConversion
        LQ, or LQ-L with its parameters.
    cord_region : str
        Level of the cord for Nieder 2006: ``cervical``, ``thoracic`` or ``lumbar``.
    type_choice : TypeChoice
        Isodose and answers for the type of reirradiation.
    approvals : mapping
        Course id to the approval of its registration.
    de_identify : bool
        Write results without anything that names the patient.
    history : tuple of HistoryEntry
        Earlier changes of the choices; no part of the input hash.
    uncertainty : UncertaintyChoice
        Other mappings and assumptions to evaluate, and which of them enter the verdicts.
    letters : mapping
        Course id to what was typed of a prior course known only from a letter.
    courses : mapping
        Course id to dates and prescription typed for a course that has files.
    registration_options : mapping
        Course id, or ``*``, to options of the built-in registration.
    planned_scale : float
        What-if factor on the planned dose, see `planned_scale`; 1 is the plan as it is.
    quality : QualityChoice
        How registrations are judged, and what follows where one fails.
    """

    paths: tuple[Path, ...] = ()
    reference: str | None = None
    protocols: tuple[str, ...] = ()
    recovery: RecoveryChoice = field(default_factory=RecoveryChoice)
    registration: Mapping[str, str] = field(default_factory=lambda: {"*": "auto"})
    fractions: Mapping[str, int] = field(default_factory=dict)
    prescription_gy: float | None = None
    isotoxic_range_gy: tuple[float, float] = (25.0, 50.0)
    map_grid_mm: float | None = None
    structure_map: Mapping[str, str] = field(default_factory=dict)
    organs: Mapping[str, OrganChoice] = field(default_factory=dict)
    approvals: Mapping[str, Approval] = field(default_factory=dict)
    identity_override: str | None = None
    limit_choices: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    confirmed: tuple[str, ...] = ()
    isotoxic_targets: tuple[str, ...] = ()
    model: DoseConversion = LQ
    cord_region: str = "thoracic"
    type_choice: TypeChoice = field(default_factory=TypeChoice)
    de_identify: bool = False
    history: tuple[HistoryEntry, ...] = ()
    uncertainty: UncertaintyChoice = field(default_factory=UncertaintyChoice)
    letters: Mapping[str, Letter] = field(default_factory=dict)
    courses: Mapping[str, CourseChoice] = field(default_factory=dict)
    planned_scale: float = 1.0
    registration_options: Mapping[str, RegistrationChoice] = field(default_factory=dict)
    quality: QualityChoice = field(default_factory=QualityChoice)

    def __post_init__(self) -> None:
        """Refuse choices that contradict themselves."""
        low, high = self.isotoxic_range_gy
        if not 0 < low <= high < math.inf:
            reason = f"isotoxic range {low:g}:{high:g} Gy is not a range above zero"
            raise RefusedError(reason)
        if self.map_grid_mm is not None and not 0.5 <= self.map_grid_mm <= 10:
            reason = f"map grid of {self.map_grid_mm:g} mm is outside 0.5 to 10 mm"
            raise RefusedError(reason)
        if self.cord_region not in NIEDER_ALPHA_BETA_GY:
            reason = f"cord_region is '{self.cord_region}'; give {', '.join(NIEDER_ALPHA_BETA_GY)}"
            raise RefusedError(reason)
        require_planned_scale(self.planned_scale)

    def registration_of(self, course_id: str, label: str = "") -> str:
        """Mode or transform file for a course."""
        modes = self.registration
        return modes.get(course_id) or modes.get(label) or modes.get("*", "auto")

    def registration_choice(self, course_id: str, label: str = "") -> RegistrationChoice:
        """Return the options of the built-in registration for a course."""
        made = self.registration_options
        return made.get(course_id) or made.get(label) or self.common_registration_choice

    @property
    def common_registration_choice(self) -> RegistrationChoice:
        """Options of the built-in registration for every course without an entry of its own."""
        return self.registration_options.get("*") or RegistrationChoice()

    def organ(self, *names: str) -> OrganChoice:
        """Return the choices for an organ known under any of ``names``; empty if none were made.

        Where choices were made under several names, the first name wins, choice by choice.
        """
        made = [self.organs[name] for name in dict.fromkeys(names) if name in self.organs]
        alpha_beta = [o.alpha_beta_gy for o in made if o.alpha_beta_gy is not None]
        merged: dict[str, dict[str, Any]] = {}
        for name in ("recovery", "mapping", "mapping_reason"):
            merged[name] = {}
            for choice in reversed(made):
                merged[name].update(getattr(choice, name))
        return OrganChoice(alpha_beta[0] if alpha_beta else None, **merged)


def with_alpha_beta(case: Case, values: Mapping[str, float]) -> Case:
    """Return the case with alpha/beta of some organs replaced."""
    organs = dict(case.organs)
    for name, value in values.items():
        organs[name] = replace(organs.get(name, OrganChoice()), alpha_beta_gy=value)
    return replace(case, organs=organs)
