"""The choices of the panel's tables as the text of a case file, and the case they make."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ReirradiationCore.case import Case
from ReirradiationCore.case_file import case_from_json, case_to_json
from ReirradiationCore.case_history import HistoryEntry
from ReirradiationCore.errors import RefusedError
from ReirradiationCore.landmarks import Landmark
from ReirradiationCore.registration_choice import RegistrationChoice, registration_choices

from .CaseSettings import withSettings

DEFAULT_PROTOCOLS = ("STRIDeR2025",)
OWN_PROTOCOLS = "own_protocols"  # the one key that is not of the case file: sets that are offered
SETTINGS = (
    "paths", "isotoxic", "recovery", "de_identify", "approvals", "planned_scale", "model",
    "cord_region", "map_grid_mm",
)  # fmt: skip
COURSE_KEYS = ("first_fraction_date", "last_fraction_date", "prescription_gy")
EVERY_COURSE = "*"


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

    @property
    def identityOverride(self) -> str:
        """Who says that the courses are of one patient although their files differ, and how."""
        return self._content.get("identity_override", "")

    @property
    def history(self) -> tuple[HistoryEntry, ...]:
        """Earlier changes of the choices."""
        return tuple(HistoryEntry.from_json(entry) for entry in self._content.get("history", ()))

    def case(self, settings: Any) -> Case:
        """Return every choice of the panel.

        :param settings: object with the fields of PlannerParameterNode.
        :raises RefusedError: values that are not allowed.
        """
        content = {key: value for key, value in self._content.items() if key != OWN_PROTOCOLS}
        case = case_from_json({**content, "protocols": list(self.protocols)})
        return withSettings(case, settings)

    @staticmethod
    def ofCase(case: Case) -> PlannerChoices:
        """Take over a case that was read from a file; see `CaseSettings` for the other fields."""
        content = case_to_json(case)
        for key in SETTINGS:
            content.pop(key, None)
        kept = {key: value for key, value in content.items() if value not in (None, "")}
        kept[OWN_PROTOCOLS] = [name for name in case.protocols if Path(name).is_file()]
        return PlannerChoices(json.dumps(kept))

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

    def registrationOptions(self, course: str = EVERY_COURSE) -> RegistrationChoice:
        """Options of the built-in registration of a course; the common ones if it has none."""
        made = registration_choices(self._content.get("registration_options", {}))
        return made.get(course) or made.get(EVERY_COURSE) or RegistrationChoice()

    def withRegistrationOption(self, name: str, value: Any, course: str = EVERY_COURSE):
        """Choose an option of the built-in registration; what a course does not is as for all."""
        table, isForAll = "registration_options", course == EVERY_COURSE
        common = RegistrationChoice() if isForAll else self.registrationOptions()
        default = getattr(common, name)
        chosen = {**self._content.get(table, {}).get(course, {}), name: value}
        if value in (default, list(default) if isinstance(default, tuple) else default):
            chosen.pop(name)
        return self._withEntry(table, course, chosen or None)

    def withKey(self, key: str, value: Any):
        """Choose a key of the case file that is one value; None or empty takes it back."""
        return self._changed(key, None if value == "" else value)

    def withLandmarks(self, course: str, landmarks: tuple[Landmark, ...]):
        """Give the landmarks that measure the registration of a course; none takes them back."""
        content = [landmark.to_json() for landmark in landmarks]
        return self._withEntry("landmarks", course, content or None)

    def withHistory(self, entry: HistoryEntry):
        """Add what was changed, by whom and when."""
        return self._changed("history", [*self._content.get("history", []), entry.to_json()])

    def withOrgan(self, structure: str, key: str, value: Any):
        """Choose alpha/beta, recovery or mapping of an organ; None takes the choice back."""
        return self._withEntry("organs", structure, self._organ(structure, key, value))

    def withOrganOfCourse(self, structure: str, key: str, course: str, value: Any):
        """Choose recovery or mapping of an organ for one prior course, or for every one."""
        before = {} if course == EVERY_COURSE else dict(self.organ(structure).get(key, {}))
        chosen = {c: v for c, v in {**before, course: value}.items() if v is not None}
        return self.withOrgan(structure, key, chosen or None)

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
