"""What the user says of a course in the case file: dates and prescription that the files lack."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from .courses import Course
from .dose_checks import PRESCRIPTION_PER_FRACTION_RANGE_GY
from .errors import RefusedError


@dataclass(frozen=True)
class CourseChoice:
    """Entry of a course in the case file; None means: as the files say.

    Raises
    ------
    RefusedError
        A date that is not an ISO date.
    """

    role: str | None = None
    first_fraction_date: date | None = None
    last_fraction_date: date | None = None
    prescription_gy: float | None = None

    @classmethod
    def from_json(cls, entry: Mapping[str, Any]) -> CourseChoice:
        """Read the entry of a course that has files."""
        return cls(
            entry.get("role"),
            _date(entry, "first_fraction_date"),
            _date(entry, "last_fraction_date"),
            entry.get("prescription_gy"),
        )

    def to_json(self) -> dict[str, Any]:
        """Return the entry as it stands in a case file."""
        first, last = self.first_fraction_date, self.last_fraction_date
        return {
            "role": self.role,
            "first_fraction_date": first.isoformat() if first else None,
            "last_fraction_date": last.isoformat() if last else None,
            "prescription_gy": self.prescription_gy,
        }


def _date(entry: Mapping[str, Any], key: str) -> date | None:
    text = entry.get(key)
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError as error:
        reason = f"courses: {entry['id']}: {key} is '{text}'; write it as YYYY-MM-DD"
        raise RefusedError(reason) from error


def apply_course_choices(
    courses: Sequence[Course], choices: Mapping[str, CourseChoice]
) -> tuple[tuple[Course, ...], tuple[str, ...]]:
    """Return the courses with what the user typed, and a sentence for each thing typed.

    Raises
    ------
    RefusedError
        A choice for a course that does not exist, another role than the order of the courses
        gives, or a prescription for several plans together.
    """
    known = {course.id for course in courses}
    reasons = [
        f"courses: there is no '{name}' in the input; it has {', '.join(sorted(known))}"
        for name in sorted(set(choices) - known)
    ]
    changed, notes = [], []
    for course in courses:
        choice = choices.get(course.id, CourseChoice())
        if choice.role not in (None, course.role.value):
            reasons.append(
                f"courses: {course.id} is the {course.role.value} course, not the {choice.role} "
                "one; name the planned course with 'reference'"
            )
        dated, of_dates = _with_dates(course, choice, reasons)
        prescribed, of_prescription = _with_prescription(dated, choice, reasons)
        notes += [*of_dates, *of_prescription]
        changed.append(prescribed)
    if reasons:
        raise RefusedError(*reasons)
    return tuple(changed), tuple(notes)


def _with_dates(
    course: Course, choice: CourseChoice, reasons: list[str]
) -> tuple[Course, list[str]]:
    notes = []
    first = choice.first_fraction_date or course.first_fraction_date
    last = choice.last_fraction_date or course.last_fraction_date
    if first is not None and last is not None and last < first:
        reasons.append(
            f"courses: {course.id}: last fraction {last.isoformat()} lies before the first, "
            f"{first.isoformat()}; check the dates"
        )
    for key in ("first_fraction_date", "last_fraction_date"):
        typed, found = getattr(choice, key), getattr(course, key)
        if typed is not None and typed != found:
            notes.append(
                f"{course.id}: {key} {typed.isoformat()} is typed; the files say "
                f"{found.isoformat() if found else 'nothing'}"
            )
            course = replace(course, **{key: typed})
    return course, notes


def _with_prescription(
    course: Course, choice: CourseChoice, reasons: list[str]
) -> tuple[Course, list[str]]:
    typed = choice.prescription_gy
    doses = [phase.prescribed_dose_gy for phase in course.phases]
    found = None if None in doses else sum(dose for dose in doses if dose is not None)
    if typed is None or (found is not None and abs(typed - found) < 1e-6):
        return course, []
    if len(course.phases) != 1:
        reasons.append(
            f"courses: {course.id} has {len(course.phases)} plans; one prescription of "
            f"{typed:g} Gy cannot be shared among them"
        )
        return course, []
    per_fraction = typed / course.phases[0].fractions_planned
    low, high = PRESCRIPTION_PER_FRACTION_RANGE_GY
    if not low <= per_fraction <= high:
        reasons.append(
            f"courses: {course.id}: a prescription of {typed:g} Gy is {per_fraction:.3g} Gy per "
            f"fraction, outside {low:g} to {high:g} Gy; check dose and fractions"
        )
        return course, []
    phases = (replace(course.phases[0], prescribed_dose_gy=typed),)
    said = "nothing" if found is None else f"{found:g} Gy"
    note = f"{course.id}: prescription {typed:g} Gy is typed; the files say {said}"
    return replace(course, phases=phases), [note]
