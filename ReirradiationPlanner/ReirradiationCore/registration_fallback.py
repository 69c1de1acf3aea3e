"""What stands for the prior dose of an organ whose registration failed (physics.md 7.2, 4).

An organ fails by its own verdict: ``fail``, or ``unknown`` where nothing could be measured. It then
loses its voxel-wise map. The case file says what stands instead; without it, or where that cannot
be had, the organ's cumulative dose is not evaluable. Only a reason given for the organ's own
mapping keeps a failed map, and that is said loudly.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .case import MappingStrategy
from .courses import Structure, StructureKind
from .quality_choice import Fallback
from .registration_verdicts import LOSES_MAP, Verdict

DEFORMED = ("deformable", "file")
MAPPED = (MappingStrategy.DIR, MappingStrategy.RIGID)
ACCEPTED = "ACCEPTED ALTHOUGH ITS REGISTRATION FAILS"


@dataclass(frozen=True, eq=False)
class CourseMap:
    """How a prior course is mapped, and where its map failed.

    Parameters
    ----------
    course_id : str
        Prior course.
    default : MappingStrategy
        As good as the registration allows.
    measured : mapping
        Structure to its entry of the registration's quality.
    paired : frozenset of str
        Structures drawn in the prior course as well.
    """

    course_id: str
    default: MappingStrategy = MappingStrategy.POINT_SUM
    measured: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    paired: frozenset[str] = frozenset()

    @classmethod
    def of(cls, course_id: str, mode: str, quality: Mapping[str, Any]) -> CourseMap:
        """Return the map of a course from the mode and the quality of its registration."""
        paired = quality.get("structures", ())
        entries = [*paired, *quality.get("not_paired", ())]
        return cls(
            course_id,
            MappingStrategy.DIR if mode in DEFORMED else MappingStrategy.RIGID,
            {entry["structure"]: entry for entry in entries},
            frozenset(entry["structure"] for entry in paired),
        )

    def problem(self, structure: str, strategy: MappingStrategy) -> str:
        """Return why a voxel-wise map of a structure must not be used; empty if it may.

        A rigid part that was not measured is judged as the whole map is.
        """
        entry = self.measured.get(structure)
        if entry is not None and strategy is MappingStrategy.RIGID is not self.default:
            entry = entry.get("rigid") or entry
        if entry is None or entry["verdict"] not in LOSES_MAP:
            return ""
        return entry.get("why") or f"verdict {entry['verdict']}"


@dataclass(frozen=True)
class Settled:
    """Strategy of one organ and course, who decided it, and why."""

    strategy: MappingStrategy
    source: str
    statement: str


def settle(
    structure: Structure,
    asked: MappingStrategy | None,
    reason: str,
    course: CourseMap,
    fallback: Fallback,
    *,
    has_target: bool,
) -> Settled:
    """Return how the prior dose of a structure is mapped.

    Parameters
    ----------
    structure : Structure
        Of the reference image.
    asked : MappingStrategy, optional
        What the user chose for it, with ``reason``.
    course : CourseMap
        Prior course.
    fallback : Fallback
        What the case file says for structures whose registration failed.
    has_target : bool
        The planned course has a target, which UNIFORM_BG needs.
    """
    name, wanted = structure.name, asked or course.default
    source = "user" if asked else "default"
    problem = course.problem(name, wanted) if wanted in MAPPED else ""
    if not problem:
        return Settled(wanted, source, reason)
    if asked and reason.strip():
        return Settled(wanted, source, f"{ACCEPTED} ({problem}): {reason}")
    failed = f"the registration of {course.course_id} fails at {name} ({problem})"
    if asked:
        failed += f"; {wanted.value} was chosen without a reason, which does not accept it"
    lacking = _lacking(structure, wanted, course, fallback, has_target=has_target)
    if fallback is Fallback.NOT_EVALUABLE or lacking:
        tried = f"the fallback {fallback.value} cannot be used: {lacking}; " if lacking else ""
        advice = (
            f"no cumulative dose is given; {tried}choose another mapping for it, a "
            "registration_fallback, or the same mapping with a reason"
        )
        return Settled(MappingStrategy.NOT_EVALUABLE, "fallback", f"{failed}: {advice}")
    return Settled(
        MappingStrategy(fallback.value), "fallback", f"{failed}: falls back on {fallback.value}"
    )


def _lacking(
    structure: Structure,
    wanted: MappingStrategy,
    course: CourseMap,
    fallback: Fallback,
    *,
    has_target: bool,
) -> str:
    """Return what a fallback would need and is not there; empty if it can be used."""
    name = structure.name
    if fallback is Fallback.RIGID:
        return _lacking_rigid(name, wanted, course)
    if fallback is not Fallback.NOT_EVALUABLE and structure.kind is not StructureKind.OAR:
        return "it is for organs at risk only"
    if fallback is Fallback.POINT_SUM and name not in course.paired:
        return f"{name} is not contoured in {course.course_id}"
    if fallback is Fallback.UNIFORM_BG and not has_target:
        return "the planned course has no target"
    return ""


def _lacking_rigid(name: str, wanted: MappingStrategy, course: CourseMap) -> str:
    if wanted is MappingStrategy.RIGID:
        return "the map that failed is the rigid one"
    rigid = course.measured[name].get("rigid")
    if rigid is None:
        return "the rigid part of this registration is not known or not measured there"
    if rigid["verdict"] == Verdict.NOT_VALIDATED.value:
        return "nothing validates the rigid part there, neither contours nor landmarks"
    problem = course.problem(name, MappingStrategy.RIGID)
    return f"the rigid part fails too: {problem}" if problem else ""


def not_validated(course: CourseMap) -> str:
    """Say which structures nothing validates; empty if there are none."""
    unseen = [n for n, entry in course.measured.items() if entry["verdict"] == "not validated"]
    if not unseen:
        return ""
    return (
        f"{course.course_id}: registration NOT VALIDATED by contours at {', '.join(unseen)} (none "
        "in the prior course, or used for guidance); landmarks in it or within 2 cm can validate it"
    )
