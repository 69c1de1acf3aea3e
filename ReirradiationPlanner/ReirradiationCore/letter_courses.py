"""Courses known only from a letter among the others: they count as POINT_SUM, or are unknown.

An organ with a typed point dose gets its near-maximum EQD2 (course's own n, organ's own
alpha/beta, recovery by the typed date). Every other organ has unknown dose, never zero, unless the
case file says why it was out of the field (ZERO with a reason).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date

import numpy as np

from .accumulation import CourseDose
from .case import Case, MappingStrategy
from .courses import Course, CourseRole
from .dicom import ReadResult
from .errors import RefusedError
from .letters import Letter, PointDose
from .organ_models import OrganModel

NO_PRIOR = "No prior course was given"
STRATEGIES = (MappingStrategy.POINT_SUM, MappingStrategy.ZERO)


def with_letters(read: ReadResult, case: Case) -> ReadResult:
    """Return what was read with the courses of the letters among the prior ones, oldest first.

    Raises
    ------
    RefusedError
        A letter with the id of a course that was read, or dated after the planned course.
    """
    if not case.letters or not read.courses:
        return read
    *priors, planned = read.courses
    known = {course.id for course in read.courses}
    reasons = [
        f"course '{name}' is given as a letter and as DICOM-RT; give the letter another id"
        for name in case.letters
        if name in known
    ]
    first = planned.first_fraction_date
    reasons += [
        f"letter of course '{name}': its date {letter.date} is not before the planned course "
        f"({first}); correct the date"
        for name, letter in case.letters.items()
        if letter.date and first and letter.date >= first
    ]
    if reasons:
        raise RefusedError(*reasons)
    added = [_course(name, letter, planned) for name, letter in case.letters.items()]
    courses = sorted([*priors, *added], key=_age)
    said = [text for text in read.warnings if not text.startswith(NO_PRIOR)]
    notes = [note for course in added for note in _notes(course)]
    return replace(read, courses=(*courses, planned), warnings=(*said, *notes))


def _age(course: Course) -> date:
    return course.first_fraction_date or course.last_fraction_date or date.min


def _course(name: str, letter: Letter, planned: Course) -> Course:
    return Course(
        id=name,
        role=CourseRole.PRIOR,
        label=letter.site or name,
        patient=planned.patient,
        phases=(),
        last_fraction_date=letter.date,
        date_source="typed from a letter" if letter.date else "",
        letter=letter,
    )


def _notes(course: Course) -> Iterator[str]:
    letter = course.letter
    when = f", {letter.date}" if letter.date else ", date not known: no recovery by time"
    points = ", ".join(
        f"{organ} {point.metric.name} {point.dose_gy:g} Gy"
        for organ, point in letter.point_doses.items()
    )
    yield (
        f"{course.id} is known only from a letter, all values are TYPED: {letter.site or 'no site'}"
        f", {letter.dose_gy:g} Gy in {letter.fractions} fractions{when}; point doses: "
        f"{points or 'none'} (added as POINT_SUM); to every other organ its dose is unknown"
    )
    yield (
        f"{course.id}: the maps, DVHs and DICOM doses of the sum cannot hold a course known only "
        "from a letter: a dose or overlap they show is of the other courses; no remaining dose is "
        "exported"
    )


def unused_point_doses(models: Sequence[OrganModel], priors: Sequence[Course]) -> Iterator[str]:
    """Say which typed point doses belong to no structure of the reference image."""
    for prior in priors:
        used = {point for m in models if (point := point_dose(m, prior))}
        for organ, point in prior.letter.point_doses.items() if prior.letter else ():
            if point not in used:
                yield (
                    f"{prior.id}: the typed point dose of {organ} is not used, no structure of "
                    "the reference image has that name or standard name"
                )


def point_dose(model: OrganModel, course: Course) -> PointDose | None:
    """Return the typed dose of an organ by its name, else by a standard name that is certain."""
    points = course.letter.point_doses if course.letter else {}
    standard = model.match.standard_name if model.match.certain else None
    return points.get(model.name) or points.get(standard or "")


def letter_dose(model: OrganModel, course: Course, samples: int) -> CourseDose:
    """Return the dose a letter gives to an organ: one near-maximum, zero with a reason, or unknown.

    Parameters
    ----------
    model : OrganModel
        Organ.
    course : Course
        Course with a letter.
    samples : int
        Number of sample points of the organ on the reference image.

    Raises
    ------
    RefusedError
        A mapping strategy that needs the dose distribution, or ZERO without a reason.
    """
    strategy = model.mapping[course.id]
    if strategy not in STRATEGIES:
        reason = (
            f"{model.name}: strategy {strategy.value} needs the dose of {course.id}, which is "
            "known only from a letter; use POINT_SUM, or ZERO with a reason"
        )
        raise RefusedError(reason)
    n, site = (course.letter.fractions,), course.letter.site or course.id
    if strategy is MappingStrategy.ZERO:
        why = model.mapping_statement.get(course.id, "").strip()
        if not why:
            reason = (
                f"{model.name}: ZERO for {course.id}, known only from a letter, needs a reason why "
                "the organ was out of the field"
            )
            raise RefusedError(reason)
        return CourseDose((np.zeros(samples, np.float32),), n, strategy, note=f"typed: {why}")
    point = point_dose(model, course)
    if point is None:
        note = (
            f"{course.id} ({site}) is known only from a letter without a point dose for "
            f"{model.name}: its dose is unknown"
        )
        return CourseDose((np.array([np.nan]),), n, strategy, np.array([1.0]), note)
    volume = np.array([point.metric.argument or 1e-3])
    note = f"{point.metric.name} {point.dose_gy:g} Gy of {course.id} typed from a letter"
    return CourseDose((np.array([point.dose_gy]),), n, strategy, volume, note, typed=point)
