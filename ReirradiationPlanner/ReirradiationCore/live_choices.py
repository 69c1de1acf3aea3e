"""Which choices can be changed on doses that are there already, and what a change makes stale."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, fields
from enum import Enum
from typing import Any

import numpy as np
import numpy.typing as npt

from .case import Case
from .case_file import case_to_json
from .errors import RefusedError


class Part(str, Enum):
    """A part of a result that is shown or written on its own."""

    REGISTRATION = "registration"
    REGISTRATION_QUALITY = "registration quality"
    SAMPLES = "samples"
    VERDICTS = "verdicts"
    METRICS = "metrics"
    DVH = "dvh"
    ISOTOXIC = "isotoxic"
    UNCERTAINTY = "uncertainty"
    TARGETS = "targets"
    MAPS = "maps"
    FILES = "report and exports"


JUDGED = frozenset(
    {Part.VERDICTS, Part.METRICS, Part.DVH, Part.ISOTOXIC, Part.UNCERTAINTY, Part.MAPS, Part.FILES}
)
SAMPLED = JUDGED | {Part.SAMPLES, Part.TARGETS}
MAPPED = SAMPLED | {Part.REGISTRATION_QUALITY}
LIMITS = frozenset({Part.VERDICTS, Part.METRICS, Part.ISOTOXIC, Part.UNCERTAINTY, Part.FILES})
WRITTEN = frozenset({Part.FILES})

# What every choice of a case decides. A choice that is not listed needs a new evaluation.
DECIDES = {
    "protocols": JUDGED,
    "recovery": JUDGED,
    "organs": JUDGED,
    "structure_map": MAPPED,
    "limit_choices": JUDGED,
    "confirmed": LIMITS,
    "isotoxic_range_gy": frozenset({Part.ISOTOXIC, Part.FILES}),
    "isotoxic_targets": frozenset({Part.ISOTOXIC, Part.FILES}),
    "model": JUDGED,
    "cord_region": LIMITS,
    "type_choice": frozenset({Part.TARGETS, Part.FILES}),
    "uncertainty": LIMITS,
    "planned_scale": JUDGED | {Part.TARGETS},
    "map_grid_mm": frozenset({Part.MAPS, Part.FILES}),
    "approvals": WRITTEN,
    "de_identify": WRITTEN,
    "history": frozenset(),
}
NEEDS_EVALUATION = {
    "paths": "which files belong to the case",
    "reference": "which course is the planned one",
    "registration": "how the courses are registered",
    "fractions": "the fractions delivered, by which doses were scaled when they were read",
    "prescription_gy": "the prescription the planned course was read with",
    "identity_override": "whose files these are",
    "registration_options": "how the courses are registered",
    "quality": "how a registration is measured and what happens where it failed",
    "letters": "courses known only from a letter",
    "courses": "dates and prescriptions typed for a course",
}


class ChangeKind(Enum):
    """What changed."""

    REGISTRATION = "registration"
    DOSE = "dose"
    STRUCTURE = "structure"
    ASSUMPTION = "assumption"


@dataclass(frozen=True)
class Stale:
    """What must not be shown as current any more.

    Parameters
    ----------
    parts : frozenset of Part
        Parts of the result.
    organs : frozenset of str, optional
        Structures (names on the reference image) whose numbers these are; None for all.
    live : bool
        True if `LiveEvaluation` brings the verdicts up to date without registering or reading.
    """

    parts: frozenset[Part]
    organs: frozenset[str] | None = None
    live: bool = True

    def __bool__(self) -> bool:
        """Tell whether anything is stale."""
        return bool(self.parts)

    def __or__(self, other: Stale) -> Stale:
        """Return what is stale after both changes."""
        if not self or not other:
            return self or other
        known = None if None in (self.organs, other.organs) else self.organs | other.organs
        return Stale(self.parts | other.parts, known, self.live and other.live)


NOTHING_STALE = Stale(frozenset(), frozenset())


def stale_after(kind: ChangeKind, structure: str = "", *, is_target: bool = False) -> Stale:
    """Return what depends on a registration, a dose, a structure or an assumption.

    Parameters
    ----------
    kind : ChangeKind
        What changed.
    structure : str
        Name of the structure, for a changed contour or an assumption about one organ; empty for
        an assumption about all.
    is_target : bool
        A changed target also moves the places where UNIFORM_BG looks for prior dose, so that
        the numbers of every organ may depend on it.
    """
    if kind is ChangeKind.REGISTRATION:
        return Stale(MAPPED, None, live=False)
    if kind is ChangeKind.DOSE:
        return Stale(SAMPLED, None)
    only = frozenset({structure}) if structure and not is_target else None
    if kind is ChangeKind.STRUCTURE:
        return Stale(MAPPED, only)
    return Stale(JUDGED, only)


def stale_after_choices(before: Case, after: Case) -> Stale:
    """Return what the changed choices of a case decide."""
    stale = NOTHING_STALE
    for name in changed_choices(before, after):
        if name == "organs":
            stale |= Stale(JUDGED, frozenset(_changed_organs(before, after)))
        elif name not in DECIDES:
            stale |= Stale(frozenset(Part), None, live=False)
        elif DECIDES[name]:
            stale |= Stale(DECIDES[name])
    return stale


def _changed_organs(before: Case, after: Case) -> Iterable[str]:
    names = {*before.organs, *after.organs}
    return (name for name in names if before.organs.get(name) != after.organs.get(name))


def changed_choices(before: Case, after: Case) -> tuple[str, ...]:
    """Return the names of the choices that differ, in the order of `Case`."""
    names = [field.name for field in fields(Case)]
    return tuple(name for name in names if getattr(before, name) != getattr(after, name))


def require_live(before: Case, after: Case) -> None:
    """Refuse choices that decide how files are read or registered.

    Raises
    ------
    RefusedError
        One reason for each.
    """
    reasons = [
        f"{name} decides {NEEDS_EVALUATION.get(name, 'what is evaluated')} and cannot be changed "
        "on doses that are there already; evaluate the case again"
        for name in changed_choices(before, after)
        if name not in DECIDES
    ]
    if reasons:
        raise RefusedError(*reasons)


def digest_of(*parts: str | npt.NDArray) -> str:
    """Return a hash of texts and arrays that tells one dose or contour from another."""
    digest = hashlib.sha256()
    for part in parts:
        if isinstance(part, str):
            digest.update(part.encode())
        else:
            digest.update(str((part.shape, part.dtype)).encode())
            digest.update(np.ascontiguousarray(part).data)
    return digest.hexdigest()


def choices_marker(case: Case, doses: str) -> str:
    """Return ``live:...``, a hash of every choice that matters and of what it is about.

    Parameters
    ----------
    case : Case
        Choices.
    doses : str
        Identifies the samples the choices are applied to, for example their input hash.
    """
    kept: dict[str, Any] = case_to_json(case)
    for name in ("paths", "de_identify", "history", "approvals"):
        del kept[name]
    text = json.dumps([doses, kept], sort_keys=True)
    return f"live:{hashlib.sha256(text.encode()).hexdigest()}"
