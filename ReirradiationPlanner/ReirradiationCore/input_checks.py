"""Choices and courses must fit each other before anything is computed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from .case import Case
from .case_file import case_to_json
from .constraints import RADIOBIOLOGICAL, Constraint, Measure
from .course_choices import apply_course_choices
from .courses import Course
from .dicom import ReadOptions, ReadResult, hash_files
from .dose_models import DoseConversion
from .errors import RefusedError
from .landmark_errors import structure_meant
from .protocol_check import ConstraintSet
from .protocol_library import NO_SETS, load_protocols, with_choices
from .uncertainty_choice import uncertainty_json

# Where the files are, how the result is written, and who changed what do not change a result.
NOT_IN_HASH = ("paths", "de_identify", "history")


def read_options(case: Case) -> ReadOptions:
    """Return the part of the choices that decides how files become courses."""
    return ReadOptions(
        reference=case.reference,
        fractions=case.fractions,
        prescription_gy=case.prescription_gy,
        identity_override=case.identity_override,
    )


def chosen_protocols(
    case: Case, known_sets: Mapping[str, ConstraintSet] = NO_SETS
) -> tuple[tuple[ConstraintSet, ...], tuple[str, ...]]:
    """Return the constraint sets with what the user chose in them, and what to say about it.

    ``known_sets`` holds sets that are loaded already, by the name or file they are asked for with.

    Raises
    ------
    ProtocolError
        A set or a choice that cannot be used.
    RefusedError
        A choice for a constraint of no chosen set.
    """
    protocols, notes = load_protocols(case.protocols, known_sets)
    known = {limit.id for protocol in protocols for limit in protocol.constraints}
    reasons = [
        *_unknown("limit_choices", case.limit_choices, known),
        *_unknown("confirmed", case.confirmed, known),
    ]
    if reasons:
        raise RefusedError(*reasons)
    chosen = (with_choices(protocol, case.limit_choices) for protocol in protocols)
    return tuple(_for_model(protocol, case.model) for protocol in chosen), notes


def _for_model(protocol: ConstraintSet, model: DoseConversion) -> ConstraintSet:
    """Return the set with the limits that were derived with another model marked as not judged."""

    def marked(limit: Constraint) -> Constraint:
        if limit.quantity not in RADIOBIOLOGICAL or limit.measure is Measure.INTERVAL:
            return limit
        why = model.why_not_comparable(limit.quantity.value)
        return replace(limit, unusable=limit.unusable or why)

    return replace(protocol, constraints=tuple(marked(limit) for limit in protocol.constraints))


def require_structures(read: ReadResult) -> None:
    """Refuse a planned course without structures, whose organs could not be judged.

    Raises
    ------
    RefusedError
        No structure with an area.
    """
    planned = read.courses[-1]
    if not planned.structures:
        reason = (
            f"course {planned.id} ({planned.label}) has no structure with an area; give the "
            "structure set of the reference image"
        )
        raise RefusedError(reason)


def require_known_names(case: Case, courses: Sequence[Course]) -> None:
    """Refuse choices for courses or structures that do not exist: they would be lost silently.

    Raises
    ------
    RefusedError
        One reason per name, with the names that exist.
    """
    course_names = {name for course in courses for name in (course.id, course.label)}
    prior_names = {name for course in courses[:-1] for name in (course.id, course.label)}
    structures = {s.name for course in courses for s in course.structures}
    structures |= {name for course in courses for name in course.empty_structures}
    reasons = [
        *_unknown("registration", set(case.registration) - {"*"}, prior_names),
        *_unknown("registration_options", set(case.registration_options) - {"*"}, prior_names),
        *_unknown("organs: courses", _organ_courses(case) - {"*"}, course_names),
        *_unknown("uncertainty.engines", _of_engines(case), {c.id for c in courses[:-1]}),
        *_unknown("landmarks", case.quality.landmarks, {course.id for course in courses[:-1]}),
        *_of_landmarks(case, courses),
        *_unknown("approvals", case.approvals, {course.id for course in courses}),
        *_unknown("structure_map", case.structure_map, structures),
        *_unknown("isotoxic.targets", case.isotoxic_targets, structures),
    ]
    if reasons:
        raise RefusedError(*reasons)


def _of_engines(case: Case) -> set[str]:
    """Courses that transform files among the engines are for."""
    return {e.partition("=")[0] for e in case.uncertainty.engines if "=" in e}


def _of_landmarks(case: Case, courses: Sequence[Course]) -> Iterator[str]:
    """Say which landmarks name a structure at which no registration is judged."""
    *priors, planned = courses
    for prior in priors:
        for landmark in case.quality.landmarks.get(prior.id, ()):
            try:
                structure_meant(landmark, planned, prior, case.structure_map)
            except RefusedError as error:
                yield from error.reasons


def _organ_courses(case: Case) -> set[str]:
    """Courses that choices for organs are about."""
    return {
        course
        for choice in case.organs.values()
        for course in (*choice.recovery, *choice.mapping, *choice.mapping_reason)
    }


def _unknown(what: str, asked: Iterable[str], known: Iterable[str]) -> list[str]:
    listed = ", ".join(sorted(known))
    return [
        f"{what}: there is no '{name}' in the input; it has {listed}"
        for name in sorted(set(asked) - set(known))
    ]


def require_used(asked: Iterable[str], used: Iterable[str]) -> None:
    """Refuse choices for organs that no structure of the reference image answers to.

    Raises
    ------
    RefusedError
        One reason per name.
    """
    reasons = _unknown("organs", asked, used)
    if reasons:
        raise RefusedError(*reasons)


def with_course_choices(read: ReadResult, case: Case) -> ReadResult:
    """Return the courses with the dates and prescriptions the user typed, each with a warning.

    Raises
    ------
    RefusedError
        See `course_choices.apply_course_choices`.
    """
    courses, notes = apply_course_choices(read.courses, case.courses)
    return replace(read, courses=courses, warnings=(*read.warnings, *notes))


def hash_of_input(case: Case, read: ReadResult) -> str:
    """Return ``sha256:...`` of the bytes of all files used and of every choice that matters.

    Courses from a scene count with the contents of their nodes in place of files. Transform and
    protocol files count with their content; where files lie does not count.
    """
    choices = {k: v for k, v in case_to_json(case).items() if k not in NOT_IN_HASH}
    choices["courses"] = [_hashed(course) for course in read.courses]
    # the hash of the transform that a run adds to an approval is no choice
    given = {c: replace(a, transform="", tied_by_run=False) for c, a in case.approvals.items()}
    choices["approvals"] = {course: approval.to_json() for course, approval in given.items()}
    starts = {course: one.start for course, one in case.registration_options.items()}
    engines = case.uncertainty.engine_files
    chosen = [*case.registration.values(), *starts.values(), *engines, *case.protocols]
    content = [Path(name) for name in chosen if Path(name).is_file()]
    choices["registration"] = {c: Path(mode).name for c, mode in case.registration.items()}
    for course, start in starts.items():
        choices["registration_options"][course]["start"] = Path(start).name
    named = case.uncertainty.with_files(lambda file: Path(file).name)
    choices["uncertainty"] = uncertainty_json(named)
    choices["protocols"] = [Path(name).name for name in case.protocols]
    sources = () if read.content_hash else (source.path for source in read.files)
    digest = hashlib.sha256(hash_files([*sources, *content]).encode())
    digest.update(read.content_hash.encode())
    digest.update(json.dumps(choices, sort_keys=True).encode())
    return f"sha256:{digest.hexdigest()}"


def _hashed(course: Course) -> list[str]:
    """Return what may be typed of a course, as it was used."""
    doses = [phase.prescribed_dose_gy for phase in course.phases]
    dates = (course.first_fraction_date, course.last_fraction_date)
    letter = course.letter.to_json() if course.letter else None
    return [course.id, *map(str, dates), str(doses), str(letter)]
