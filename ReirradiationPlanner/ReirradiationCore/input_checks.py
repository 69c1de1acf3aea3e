"""Choices and courses must fit each other before anything is computed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence

from .case import Case, case_to_json
from .courses import Course
from .dicom import ReadOptions, ReadResult, hash_files
from .dicom.options import SourceFile
from .errors import RefusedError
from .protocol_check import ConstraintSet
from .protocol_library import load_protocols, with_choices


def read_options(case: Case) -> ReadOptions:
    """Return the part of the choices that decides how files become courses."""
    return ReadOptions(
        reference=case.reference,
        fractions=case.fractions,
        prescription_gy=case.prescription_gy,
        identity_override=case.identity_override,
    )


def chosen_protocols(case: Case) -> tuple[tuple[ConstraintSet, ...], tuple[str, ...]]:
    """Return the constraint sets with what the user chose in them, and what to say about it.

    Raises
    ------
    ProtocolError
        A set or a choice that cannot be used.
    RefusedError
        A choice for a constraint of no chosen set.
    """
    protocols, notes = load_protocols(case.protocols)
    known = {limit.id for protocol in protocols for limit in protocol.constraints}
    reasons = _unknown("limit_choices", case.limit_choices, known)
    if reasons:
        raise RefusedError(*reasons)
    return tuple(with_choices(protocol, case.limit_choices) for protocol in protocols), notes


def planned_and_priors(read: ReadResult) -> tuple[Course, tuple[Course, ...]]:
    """Split the courses that were read.

    Raises
    ------
    RefusedError
        A planned course without structures, whose organs could not be judged.
    """
    *priors, planned = read.courses
    if not planned.structures:
        reason = (
            f"course {planned.id} ({planned.label}) has no structure with an area; give the "
            "structure set of the reference image"
        )
        raise RefusedError(reason)
    return planned, tuple(priors)


def require_known_names(case: Case, courses: Sequence[Course]) -> None:
    """Refuse choices for courses or structures that do not exist: they would be lost silently.

    Raises
    ------
    RefusedError
        One reason per name, with the names that exist.
    """
    course_names = {name for course in courses for name in (course.id, course.label)}
    structures = {s.name for course in courses for s in course.structures}
    structures |= {name for course in courses for name in course.empty_structures}
    reasons = [
        *_unknown("registration", set(case.registration) - {"*"}, course_names),
        *_unknown("approvals", case.approvals, {course.id for course in courses}),
        *_unknown("structure_map", case.structure_map, structures),
    ]
    if reasons:
        raise RefusedError(*reasons)


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


def hash_of_input(case: Case, files: Sequence[SourceFile]) -> str:
    """Return ``sha256:...`` of the bytes of all files used and of every choice but their paths."""
    choices = {key: value for key, value in case_to_json(case).items() if key != "paths"}
    digest = hashlib.sha256(hash_files([source.path for source in files]).encode())
    digest.update(json.dumps(choices, sort_keys=True).encode())
    return f"sha256:{digest.hexdigest()}"
