"""The choices of the panel's tables as the text of a case file, and the case they make."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ReirradiationCore.case import Case, RecoveryChoice
from ReirradiationCore.case_file import case_from_json, case_to_json
from ReirradiationCore.errors import RefusedError
from ReirradiationCore.registration_choice import RegistrationChoice, registration_choices
from ReirradiationCore.uncertainty_choice import DEMONS

DEFAULT_PROTOCOLS = ("STRIDeR2025",)
OWN_PROTOCOLS = "own_protocols"  # the one key that is not of the case file: sets that are offered
SETTINGS = (
    "paths", "isotoxic", "recovery", "de_identify", "approvals", "planned_scale",
)  # fmt: skip
COURSE_KEYS = ("first_fraction_date", "last_fraction_date", "prescription_gy")
EVERY_COURSE = "*"
SCENARIOS = {"ellipsoid": "ellipsoid_mm", "shifts": "shifts_mm", "fields": "fields_mm"}


class PlannerChoices:
    """Choices that are tables; a copy with one change comes from each method named ``with...``.

    :param text: JSON with the keys of a case file; empty for no choices.
    """

    def __init__(self, text: str = ""):
        self._content = json.loads(text) if text else {}

    @property
    def text(self) -> str:
        """The choices as JSON, the same text for the same choices."""
        return json.dumps(self._content, sort_keys=True) if self._content else ""

    @property
    def protocols(self) -> tuple[str, ...]:
        """Names and files of the constraint sets that are applied."""
        return tuple(self._content.get("protocols", DEFAULT_PROTOCOLS))

    @property
    def ownProtocols(self) -> tuple[str, ...]:
        """Files of the user's own sets, applied or not."""
        return tuple(self._content.get(OWN_PROTOCOLS, ()))

    @property
    def names(self) -> dict[str, str]:
        """Structure to standard name, as confirmed."""
        return dict(self._content.get("structure_map", {}))

    def case(self, settings: Any) -> Case:
        """Return every choice of the panel.

        :param settings: object with the fields of PlannerParameterNode.
        :raises RefusedError: values that are not allowed.
        """
        content = {key: value for key, value in self._content.items() if key != OWN_PROTOCOLS}
        case = case_from_json({**content, "protocols": list(self.protocols)})
        size = (settings.uncertaintyMm,) * 3
        scenarios = {
            name: size if getattr(settings, key) else None for key, name in SCENARIOS.items()
        }
        files = tuple(one for one in case.uncertainty.engines if one != DEMONS)
        engines = (*files, DEMONS) if settings.secondEngine else files
        uncertainty = replace(
            case.uncertainty, mapping=settings.otherMappings, engines=engines, **scenarios
        )
        return replace(
            case,
            recovery=RecoveryChoice(settings.recovery),
            prescription_gy=settings.prescription or None,
            isotoxic_range_gy=(settings.isotoxicLow, settings.isotoxicHigh),
            uncertainty=uncertainty,
            de_identify=settings.deIdentify,
            planned_scale=settings.plannedScale / 100,
        )

    @staticmethod
    def ofCase(case: Case) -> PlannerChoices:
        """Take over a case that was read from a file; see `takeSettings` for the other fields."""
        content = case_to_json(case)
        for key in SETTINGS:
            content.pop(key, None)
        kept = {key: value for key, value in content.items() if value not in (None, "")}
        kept[OWN_PROTOCOLS] = [name for name in case.protocols if Path(name).is_file()]
        return PlannerChoices(json.dumps(kept))

    @staticmethod
    def takeSettings(case: Case, settings: Any):
        """Write the choices that are fields of the parameter node into it.

        :raises RefusedError: a choice that the panel cannot show, so that it would be lost.
        """
        if case.recovery.value is not None:
            reason = "the case file sets one recovery value for all organs; give it per organ"
            raise RefusedError(reason)
        sizes = {getattr(case.uncertainty, name) for name in SCENARIOS.values()} - {None}
        if len(sizes) > 1 or any(len(set(size)) > 1 for size in sizes):
            reason = "the case file has uncertainty sizes that differ; the panel has one in all"
            raise RefusedError(reason)
        settings.recovery = case.recovery.rule
        settings.prescription = case.prescription_gy or 0.0
        settings.isotoxicLow, settings.isotoxicHigh = case.isotoxic_range_gy
        settings.plannedScale = 100 * case.planned_scale
        settings.otherMappings, settings.deIdentify = case.uncertainty.mapping, case.de_identify
        settings.secondEngine = DEMONS in case.uncertainty.engines
        for key, name in SCENARIOS.items():
            setattr(settings, key, getattr(case.uncertainty, name) is not None)
        for size in sizes:
            settings.uncertaintyMm = size[0]

    def withProtocols(self, names: tuple[str, ...], own: tuple[str, ...] | None = None):
        """Apply these constraint sets; ``own`` lists the files that are offered."""
        changed = self._changed("protocols", list(names))
        if own is None:
            return changed
        return changed._changed(OWN_PROTOCOLS, list(own))

    def withName(self, structure: str, standardName: str | None):
        """Confirm a standard name; None takes the confirmation back."""
        return self._withEntry("structure_map", structure, standardName or None)

    def withFractions(self, course: str, number: int | None):
        """State the number of fractions delivered of a course or plan."""
        return self._withEntry("fractions", course, number)

    def withCourse(self, course: str, key: str, value: Any):
        """State a date (ISO) or the prescription of a course that has files."""
        courses = [c for c in self._content.get("courses", []) if c["id"] != course]
        known = [c for c in self._content.get("courses", []) if c["id"] == course]
        entry = {"id": course, **(known[0] if known else {}), key: value}
        keep = any(entry.get(k) is not None for k in COURSE_KEYS)
        return self._changed("courses", [*courses, entry] if keep else courses)

    def withLetter(self, course: str, letter: Mapping[str, Any] | None):
        """Add a course known from a letter, or remove it."""
        others = [c for c in self._content.get("courses", []) if c["id"] != course]
        added = [] if letter is None else [{"id": course, "letter": dict(letter)}]
        return self._changed("courses", others + added)

    def withReference(self, course: str | None):
        """Name the planned course; None takes the newest."""
        return self._changed("reference", course)

    def withRegistration(self, course: str, mode: str):
        """Choose mode or file of a prior course's registration."""
        return self._withEntry("registration", course, mode)

    @property
    def registrationOptions(self) -> RegistrationChoice:
        """Options of the built-in registration of every course without options of its own."""
        content = self._content.get("registration_options", {})
        return registration_choices(content).get(EVERY_COURSE, RegistrationChoice())

    def withRegistrationOption(self, name: str, value: Any):
        """Choose an option of the built-in registration for every course."""
        table = "registration_options"
        before = self._content.get(table, {}).get(EVERY_COURSE, {})
        default = getattr(RegistrationChoice, name)
        chosen = {**before, name: value}
        if value in (default, list(default) if isinstance(default, tuple) else default):
            chosen.pop(name)
        return self._withEntry(table, EVERY_COURSE, chosen or None)

    def withQuality(self, key: str, value: Any):
        """Choose ``registration_levels`` or ``registration_fallback``."""
        return self._changed(key, value)

    def withOrgan(self, structure: str, key: str, value: Any):
        """Choose alpha/beta, recovery or mapping of an organ; None takes the choice back."""
        return self._withEntry("organs", structure, self._organ(structure, key, value))

    def withoutOrgan(self, structure: str):
        """Forget every choice made for an organ."""
        return self._withEntry("organs", structure, None).withName(structure, None)

    def withLimit(self, limit: str, key: str, value: float | None):
        """Choose a value that the source of a limit leaves open."""
        chosen = dict(self._content.get("limit_choices", {}).get(limit, {}))
        chosen = {k: v for k, v in {**chosen, key: value}.items() if v is not None}
        return self._withEntry("limit_choices", limit, chosen or None)

    def withConfirmed(self, limit: str, isConfirmed: bool):
        """Confirm the condition of a limit that only a person can judge."""
        others = [name for name in self._content.get("confirmed", []) if name != limit]
        return self._changed("confirmed", sorted([*others, limit] if isConfirmed else others))

    def organ(self, structure: str) -> dict[str, Any]:
        """Choices made for an organ, with the keys of a case file."""
        return dict(self._content.get("organs", {}).get(structure, {}))

    def _organ(self, structure: str, key: str, value: Any) -> dict[str, Any] | None:
        entry = {k: v for k, v in {**self.organ(structure), key: value}.items() if v is not None}
        return entry or None

    def _withEntry(self, table: str, key: str, value: Any):
        entries = {k: v for k, v in self._content.get(table, {}).items() if k != key}
        return self._changed(table, entries if value is None else {**entries, key: value})

    def _changed(self, key: str, value: Any):
        changed = PlannerChoices()
        changed._content = copy.deepcopy(self._content)
        changed._content.pop(key, None)
        if value not in (None, {}) and (value != [] or key == "protocols"):
            changed._content[key] = value
        return changed


def parsePointDoses(text: str) -> dict[str, dict[str, Any]]:
    """Point doses as typed: ``SpinalCord D0.1cc 40; Rectum Dmax 48``.

    :raises RefusedError: an entry that is not organ, metric and Gy.
    """
    doses: dict[str, dict[str, Any]] = {}
    for entry in filter(None, (part.strip() for part in text.split(";"))):
        words = entry.removesuffix("Gy").split()
        number = words[-1].replace(".", "", 1) if words else ""
        if len(words) < 3 or not number.isdigit():
            reason = f"point dose '{entry}' is not organ, metric and Gy, such as Rectum D0.1cc 48"
            raise RefusedError(reason)
        organ = " ".join(words[:-2])
        if organ in doses:
            reason = f"{organ} has two point doses; give the one of the smallest volume"
            raise RefusedError(reason)
        doses[organ] = {"metric": words[-2], "dose_gy": float(words[-1])}
    return doses


def parseLevels(text: str) -> dict[str, Any]:
    """Quality levels as typed: ``mda_mm 2 3; dsc 0.9 0.8; jacobian 0.5 2 0.3 3``.

    :raises RefusedError: an entry that is not a metric and its one, two or four numbers.
    """
    levels: dict[str, Any] = {}
    for entry in filter(None, (part.strip() for part in text.split(";"))):
        name, *words = entry.split()
        try:
            numbers = [float(word) for word in words]
        except ValueError:
            numbers = []
        shapes = {1: numbers[:1], 2: [numbers], 4: [[numbers[:2], numbers[2:]]]}
        if len(numbers) not in shapes or name in levels:
            reason = f"level '{entry}' is not one metric with its numbers, such as mda_mm 2 3"
            raise RefusedError(reason)
        levels[name] = shapes[len(numbers)][0]
    return levels


def levelsText(levels: Mapping[str, Any]) -> str:
    """Quality levels of a case file as `parseLevels` takes them."""

    def numbers(value: Any) -> list[float]:
        return [n for part in value for n in numbers(part)] if isinstance(value, list) else [value]

    return "; ".join(
        " ".join([name, *(f"{number:g}" for number in numbers(value))])
        for name, value in levels.items()
    )


def editableCopy(protocol: str, folder: Path) -> Path:
    """Write a copy of a shipped set that the user may edit, under a name of its own.

    :raises RefusedError: the copy is there already, or the folder is not.
    """
    from ReirradiationCore.protocol_library import PROTOCOLS_FOLDER  # noqa: PLC0415

    source = Path(protocol) if Path(protocol).is_file() else PROTOCOLS_FOLDER / f"{protocol}.json"
    target = folder / f"{source.stem}_copy.json"
    if not folder.is_dir() or target.exists():
        problem = "exists already" if target.exists() else "has no folder to go to"
        reason = f"{target} {problem}; choose another result folder"
        raise RefusedError(reason)
    content = json.loads(source.read_text(encoding="utf-8"))
    content["name"] = target.stem
    target.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return target
