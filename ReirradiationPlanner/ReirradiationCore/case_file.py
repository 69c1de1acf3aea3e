"""The case file: choices read from JSON, checked, and written to JSON."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path, PurePath
from typing import Any

from .approvals import Approval
from .case import REGISTRATION_MODES, Case, MappingStrategy, OrganChoice, RecoveryChoice
from .case_history import HistoryEntry
from .course_choices import CourseChoice
from .dicom_registrar import TPS
from .dose_models import LQ, DoseConversion
from .errors import RefusedError
from .json_check import problems_in
from .letters import letters_of
from .quality_choice import QualityChoice
from .registration_choice import KINDS, registration_choices, registration_options_json
from .type_choice import TypeChoice
from .uncertainty_choice import uncertainty_choice, uncertainty_json

SCHEMA_VERSION = 1
SCHEMA_FILE = Path(__file__).parent / "schemas" / "case.schema.json"
KEYS = {
    "schema_version", "paths", "reference", "courses", "structure_map", "organs", "protocols",
    "recovery", "registration", "fractions", "isotoxic", "map_grid_mm", "approvals",
    "identity_override", "limit_choices", "resolved", "model", "confirmed", "cord_region",
    "reirradiation_isodose_gy", "reirradiation_type", "uncertainty", "de_identify", "history",
    "planned_scale", "registration_options", "registration_levels", "registration_fallback",
    "landmarks", "inverse_consistency",
}  # fmt: skip


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
    ids = [course["id"] for course in content.get("courses", [])]
    if len(set(ids)) < len(ids):
        reason = f"courses: an id stands twice in {', '.join(ids)}"
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
        planned_scale=float(content.get("planned_scale", 1.0)),
        registration_options=registration_choices(content.get("registration_options", {})),
        quality=QualityChoice.from_json(content),
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
    """Return the case with relative paths taken from the folder of the case file.

    Registrations are looked for nowhere else: every result has a transforms/prior-1.h5.
    """

    def found(text: str) -> str:
        beside = folder / text
        return str(beside) if beside.exists() and not Path(text).is_absolute() else text

    def transform(text: str) -> str:
        if text in (*REGISTRATION_MODES, TPS, *KINDS):
            return text
        names_file = len(PurePath(text).parts) > 1 or PurePath(text).suffix
        return str(folder / text) if names_file or (folder / text).is_file() else text

    return replace(
        case,
        paths=tuple(Path(found(str(path))) for path in case.paths),
        protocols=tuple(found(name) for name in case.protocols),
        registration={course: transform(mode) for course, mode in case.registration.items()},
        uncertainty=case.uncertainty.with_files(found),
        registration_options={
            course: replace(one, start=transform(one.start))
            for course, one in case.registration_options.items()
        },
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
        "planned_scale": case.planned_scale,
        "registration_options": registration_options_json(case.registration_options),
        **case.quality.to_json(),
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
