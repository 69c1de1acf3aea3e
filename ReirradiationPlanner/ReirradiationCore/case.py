"""What the user chose: the case file, read, checked and written."""

from __future__ import annotations

import json
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
from .json_check import problems_in
from .letters import Letter, letters_of
from .type_choice import TypeChoice
from .uncertainty_choice import UncertaintyChoice, uncertainty_choice, uncertainty_json

SCHEMA_VERSION = 1
SCHEMA_FILE = Path(__file__).parent / "schemas" / "case.schema.json"
REGISTRATION_MODES = ("auto", "identity", "rigid", "deformable")
KEYS = {
    "schema_version", "paths", "reference", "courses", "structure_map", "organs", "protocols",
    "recovery", "registration", "fractions", "isotoxic", "map_grid_mm", "approvals",
    "identity_override", "limit_choices", "resolved", "model", "confirmed", "cord_region",
    "reirradiation_isodose_gy", "reirradiation_type", "uncertainty", "de_identify", "history",
}  # fmt: skip


class MappingStrategy(Enum):
    """How the prior dose of an organ is brought to today's anatomy (physics.md section 4)."""

    DIR = "DIR"
    RIGID = "RIGID"
    UNIFORM_BG = "UNIFORM_BG"
    POINT_SUM = "POINT_SUM"
    OVERLAP_POINT_SUM = "OVERLAP_POINT_SUM"
    ZERO = "ZERO"


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

    def registration_of(self, course_id: str, label: str = "") -> str:
        """Mode or transform file for a course."""
        modes = self.registration
        return modes.get(course_id) or modes.get(label) or modes.get("*", "auto")

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


def read_case(path: Path) -> Case:
    """Read a case file.

    Raises
    ------
    RefusedError
        A file that is not JSON, keys that are not known, values that are not allowed.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        reason = f"{path.name}: cannot be read as a case file ({error}); give a JSON file"
        raise RefusedError(reason) from error
    try:
        found = list(problems_in(content, json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))))
        if found:
            raise RefusedError(*found)
        return _beside(case_from_json(content), path.parent)
    except (TypeError, ValueError, AttributeError, KeyError) as error:
        if isinstance(error, RefusedError):
            raise RefusedError(*(f"{path.name}: {reason}" for reason in error.reasons)) from error
        reason = f"{path.name}: a value is not what the case file allows ({error})"
        raise RefusedError(reason) from error


def case_from_json(content: dict[str, Any]) -> Case:
    """Return the choices of a case file.

    Raises
    ------
    RefusedError
        Keys that are not known, values that are not allowed; `read_case` refuses the rest.
    """
    unknown = sorted(set(content) - KEYS)
    if unknown or content.get("schema_version", SCHEMA_VERSION) != SCHEMA_VERSION:
        what = f"keys {unknown} are not known" if unknown else "schema_version is not 1"
        reason = f"{what}; known are {sorted(KEYS)}"
        raise RefusedError(reason)
    isotoxic = content.get("isotoxic", {})
    courses = content.get("courses", [])
    low, high = isotoxic.get("range_gy", Case.isotoxic_range_gy)
    return Case(
        paths=_paths(content, courses),
        reference=content.get("reference"),
        protocols=tuple(content.get("protocols", ())),
        recovery=recovery_choice(content.get("recovery", "none")),
        registration=_registration(content.get("registration", {})),
        fractions=_fractions(content, courses),
        prescription_gy=isotoxic.get("prescription_gy"),
        isotoxic_range_gy=(float(low), float(high)),
        map_grid_mm=content.get("map_grid_mm"),
        structure_map=dict(content.get("structure_map", {})),
        organs={name: _organ(choice) for name, choice in content.get("organs", {}).items()},
        approvals={c: Approval.from_json(a) for c, a in content.get("approvals", {}).items()},
        identity_override=content.get("identity_override"),
        limit_choices=dict(content.get("limit_choices", {})),
        confirmed=tuple(content.get("confirmed", ())),
        isotoxic_targets=tuple(isotoxic.get("targets", ())),
        model=DoseConversion.from_json(content.get("model", LQ.to_json())),
        uncertainty=uncertainty_choice(content.get("uncertainty") or {}),
        letters=letters_of(courses),
        courses={c["id"]: CourseChoice.from_json(c) for c in courses if not c.get("letter")},
        cord_region=content.get("cord_region", Case.cord_region),
        type_choice=TypeChoice.from_json(content),
        de_identify=_yes_or_no(content.get("de_identify", False)),
        history=tuple(HistoryEntry.from_json(entry) for entry in content.get("history", ())),
    )


def _paths(content: dict[str, Any], courses: list[dict[str, Any]]) -> tuple[Path, ...]:
    listed = [*content.get("paths", ()), *(p for c in courses for p in c.get("paths", ()))]
    return tuple(Path(p) for p in dict.fromkeys(listed))


def _fractions(content: dict[str, Any], courses: list[dict[str, Any]]) -> dict[str, int]:
    stated = {c["id"]: c["fractions"] for c in courses if c.get("fractions") is not None}
    stated.update(content.get("fractions", {}))
    for name, n in stated.items():
        if isinstance(n, bool) or not isinstance(n, int) or n < 1:
            reason = f"fractions of {name} is {n!r}; it must be a whole number >= 1"
            raise RefusedError(reason)
    return stated


def _yes_or_no(content: object) -> bool:
    if not isinstance(content, bool):
        reason = f"de_identify is {content!r}; it must be true or false"
        raise RefusedError(reason)
    return content


def _registration(content: str | dict[str, str]) -> dict[str, str]:
    return {"*": "auto", **({"*": content} if isinstance(content, str) else content)}


def recovery_choice(content: str | float | dict[str, Any]) -> RecoveryChoice:
    """Read a recovery choice: a rule's name, a value 0..1, or value with justification.

    Raises
    ------
    RefusedError
        A value outside 0..1.
    """
    if isinstance(content, str):
        return RecoveryChoice(content)
    detail = content if isinstance(content, dict) else {"value": content}
    if "rule" in detail and detail.get("value") is None:
        return RecoveryChoice(detail["rule"])
    value = float(detail["value"])
    if not 0 <= value <= 1:
        reason = f"a recovery of {value:g} is outside 0 to 1"
        raise RefusedError(reason)
    return RecoveryChoice("custom", value, detail.get("justification", ""))


def _organ(content: dict[str, Any]) -> OrganChoice:
    recovery = content.get("recovery", {})
    if not isinstance(recovery, dict) or {"rule", "value"} & set(recovery):
        recovery = {"*": recovery}
    mapping = content.get("mapping", {})
    if isinstance(mapping, str) or "strategy" in mapping:
        mapping = {"*": mapping}
    mapping = {c: m if isinstance(m, dict) else {"strategy": m} for c, m in mapping.items()}
    alpha_beta = content.get("alpha_beta_gy")
    return OrganChoice(
        None if alpha_beta is None else float(alpha_beta),
        {course: recovery_choice(choice) for course, choice in recovery.items()},
        {course: MappingStrategy(chosen["strategy"]) for course, chosen in mapping.items()},
        {course: chosen["reason"] for course, chosen in mapping.items() if chosen.get("reason")},
    )


def _beside(case: Case, folder: Path) -> Case:
    """Return the case with relative paths taken from the folder of the case file."""

    def found(text: str) -> str:
        beside = folder / text
        return str(beside) if beside.exists() and not Path(text).is_absolute() else text

    return replace(
        case,
        paths=tuple(Path(found(str(path))) for path in case.paths),
        protocols=tuple(found(name) for name in case.protocols),
        registration={course: found(mode) for course, mode in case.registration.items()},
    )


def _courses_json(case: Case) -> list[dict[str, Any]]:
    letters = [
        {"id": name, "role": "prior", "letter": letter.to_json()}
        for name, letter in case.letters.items()
    ]
    typed = [{"id": name, **choice.to_json()} for name, choice in case.courses.items()]
    return letters + typed


def case_to_json(case: Case, courses: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    """Return the case file of ``case``; ``courses`` documents what the paths held."""
    return {
        "schema_version": SCHEMA_VERSION,
        "paths": [str(path) for path in case.paths],
        "reference": case.reference,
        "courses": courses or _courses_json(case),
        "structure_map": dict(case.structure_map),
        "organs": {name: _organ_json(choice) for name, choice in case.organs.items()},
        "protocols": list(case.protocols),
        "recovery": _recovery_json(case.recovery),
        "registration": dict(case.registration),
        "fractions": dict(case.fractions),
        "isotoxic": {
            "range_gy": list(case.isotoxic_range_gy),
            "prescription_gy": case.prescription_gy,
            "targets": list(case.isotoxic_targets),
        },
        "map_grid_mm": case.map_grid_mm,
        "approvals": {course: given.to_json() for course, given in case.approvals.items()},
        "identity_override": case.identity_override,
        "limit_choices": {key: dict(value) for key, value in case.limit_choices.items()},
        "confirmed": list(case.confirmed),
        "model": case.model.to_json(),
        "uncertainty": uncertainty_json(case.uncertainty),
        "cord_region": case.cord_region,
        **case.type_choice.to_json(),
        "de_identify": case.de_identify,
        "history": [entry.to_json() for entry in case.history],
    }


def _recovery_json(choice: RecoveryChoice) -> str | dict[str, Any]:
    if choice.value is None:
        return choice.rule
    return {"value": choice.value, "justification": choice.justification}


def _organ_json(choice: OrganChoice) -> dict[str, Any]:
    out: dict[str, Any] = {
        "recovery": {course: _recovery_json(r) for course, r in choice.recovery.items()},
        "mapping": {
            course: {"strategy": strategy.value, "reason": choice.mapping_reason.get(course, "")}
            for course, strategy in choice.mapping.items()
        },
    }
    if choice.alpha_beta_gy is not None:
        out["alpha_beta_gy"] = choice.alpha_beta_gy
    return out


def with_alpha_beta(case: Case, values: Mapping[str, float]) -> Case:
    """Return the case with alpha/beta of some organs replaced."""
    organs = dict(case.organs)
    for name, value in values.items():
        organs[name] = replace(organs.get(name, OrganChoice()), alpha_beta_gy=value)
    return replace(case, organs=organs)
