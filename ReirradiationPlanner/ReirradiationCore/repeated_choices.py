"""Choices that repeat the registrations of a run, where the choices it was made from do not.

A transform taken from a scene, one by another module and a start given by hand are no choices of a
case file: the record of a run names the files with them, which stand beside it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePath

import SimpleITK as sitk

from .case import REGISTRATION_MODES, Case
from .courses import Course
from .dicom_registrar import TPS
from .pipeline_data import RegisteredCourse
from .registration import RegistrationResult
from .registration_choice import RegistrationChoice

FOLDER = "transforms"
BUILT_IN, IDENTITY = "built-in ", "none"  # how the names of our own engines begin
GIVEN_START = "the given transform"
FILE_ENGINES = ("file", "DICOM Spatial Registration", "DICOM Deformable Spatial Registration")


def repeating_case(
    case: Case, courses: Sequence[Course], registrations: Mapping[str, RegisteredCourse]
) -> Case:
    """Return the choices with which a run uses the same registrations again.

    Parameters
    ----------
    case : Case
        Choices of the run.
    courses : sequence of Course
        Prior courses, then the planned course.
    registrations : mapping
        Course id to registration.
    """
    modes, options = dict(case.registration), dict(case.registration_options)
    for course in courses[:-1]:
        if course.id not in registrations:
            continue
        result, choice = registrations[course.id].result, _choice(case, course)
        asked = case.registration_of(course.id, course.label)
        if _has_start(result, choice) and asked in REGISTRATION_MODES:
            start = {"start": start_name(course.id), "refine_start": False, "start_landmarks": ()}
            modes[course.id] = result.mode
            # own options of the deformable step would be refused with a rigid registration
            unused = choice.deformable_options if result.mode == "rigid" else ()
            reset = {name: getattr(case.common_registration_choice, name) for name in unused}
            options[course.id] = replace(choice, **start, **reset)
        elif not _is_made_by(asked, result):
            modes[course.id] = transform_name(course.id)
            options.pop(course.id, None)  # they steer our engine, which does not run
            if all(course.label != other.label for other in courses if other is not course):
                options.pop(course.label, None)
    return replace(case, registration=modes, registration_options=options)


def starts_to_keep(
    case: Case, courses: Sequence[Course], registrations: Mapping[str, RegisteredCourse]
) -> dict[str, sitk.Transform]:
    """Return the rigid parts that `repeating_case` starts from, by the stems of their files."""
    known = [course for course in courses[:-1] if course.id in registrations]
    return {
        PurePath(start_name(course.id)).stem: result.rigid
        for course in known
        if _has_start(result := registrations[course.id].result, _choice(case, course))
        and result.rigid is not None
    }


def transform_name(course_id: str) -> str:
    """File of the transform of a course beside the record of its run."""
    return f"{FOLDER}/{course_id}.h5"


def start_name(course_id: str) -> str:
    """File of the rigid part of a course that was registered from a start given by hand."""
    return f"{FOLDER}/{course_id}_start.h5"


def _choice(case: Case, course: Course) -> RegistrationChoice:
    return case.registration_choice(course.id, course.label)


def _has_start(result: RegistrationResult, choice: RegistrationChoice) -> bool:
    """Tell whether our engine began where no choice says."""
    given = result.parameters.get("start") == GIVEN_START and choice.start_file is None
    return given and result.engine.startswith(BUILT_IN)


def _is_made_by(asked: str, result: RegistrationResult) -> bool:
    """Tell whether a mode or file of the choices makes a registration."""
    if asked in REGISTRATION_MODES:
        ours = result.engine == IDENTITY or result.engine.startswith(BUILT_IN)
        return ours and asked in ("auto", result.mode)
    if asked == TPS:
        return result.engine.startswith("DICOM ")
    return result.engine in (f"{kind} {Path(asked).name}" for kind in FILE_ENGINES)
