"""The case file a run leaves behind: every choice as it was made or resolved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from .case import Case
from .case_file import case_to_json
from .courses import Course
from .organ_models import OrganModel
from .pipeline_data import RegisteredCourse
from .repeated_choices import repeating_case, start_name, transform_name


class Modelled(Protocol):
    """A structure of the reference image with what is assumed of it."""

    @property
    def model(self) -> OrganModel:
        """What is assumed."""


class Chosen(Protocol):
    """Anything that was made from choices: an evaluation, a live result, a sampled case."""

    @property
    def case(self) -> Case:
        """The choices."""

    @property
    def courses(self) -> tuple[Course, ...]:
        """Prior courses, oldest first, then the planned course."""

    @property
    def registrations(self) -> Mapping[str, RegisteredCourse]:
        """Course id to registration."""

    @property
    def organs(self) -> Sequence[Modelled]:
        """Every structure of the reference image."""


def case_record(evaluation: Chosen) -> dict[str, Any]:
    """Return a case file that repeats the run.

    Choices stay choices (a rule stays a rule, so that defaults are reported as defaults again);
    ``courses`` and ``resolved`` document what the files held and what the choices became. A
    registration that the choices do not make again is the transform beside the record.
    """
    courses, registrations = evaluation.courses, evaluation.registrations
    case = repeating_case(evaluation.case, courses, registrations)
    content = case_to_json(case, [_course(c) for c in courses])
    content["paths"] = [str(path.resolve()) for path in case.paths]
    content["protocols"] = [_absolute(name) for name in content["protocols"]]
    content["registration"] = {c: _elsewhere(m, c) for c, m in content["registration"].items()}
    for course, one in case.registration_options.items():
        if one.start_file:
            content["registration_options"][course]["start"] = _elsewhere(one.start, course)
    content["approvals"] = _approvals(evaluation)
    content["resolved"] = {"organs": _organs(evaluation)}
    return content


def _approvals(evaluation: Chosen) -> dict[str, Any]:
    """Return the approvals, each tied to the transform of the run: it holds for no other."""
    registered, found = evaluation.registrations, {}
    for course, given in evaluation.case.approvals.items():
        quality = registered[course].quality if course in registered else {}
        found[course] = given.tied_to(quality.get("transform_sha256", "")).to_json()
    return found


def _elsewhere(file: str, course_id: str) -> str:
    """Return a file's absolute path; one of the record's own stands beside it and stays so."""
    own = (transform_name(course_id), start_name(course_id))
    return file if file in own else _absolute(file)


def _absolute(text: str) -> str:
    """Return a file's absolute path, so that the record works from any folder; else the text."""
    return str(Path(text).resolve()) if Path(text).is_file() else text


def _plain(dose_gy: float, scale: float) -> float:
    return dose_gy if scale == 1.0 else round(dose_gy / scale, 9)


def _course(course: Course) -> dict[str, Any]:
    first, last = course.first_fraction_date, course.last_fraction_date
    # a what-if factor is a choice of its own; the prescription stays the one it is applied to
    doses = [
        p.prescribed_dose_gy and _plain(p.prescribed_dose_gy, p.dose_scale) for p in course.phases
    ]
    return {
        "id": course.id,
        "role": course.role.value,
        "label": course.label,
        "plan_uids": [phase.plan_uid for phase in course.phases],
        "prescription_gy": None if None in doses else sum(d for d in doses if d is not None),
        "first_fraction_date": first.isoformat() if first else None,
        "last_fraction_date": last.isoformat() if last else None,
        **({"letter": course.letter.to_json()} if course.letter else {}),
    }


def _organs(evaluation: Chosen) -> dict[str, Any]:
    return {
        organ.model.name: {
            "standard_name": organ.model.match.standard_name,
            "alpha_beta_gy": organ.model.alpha_beta_gy,
            "alpha_beta_source": organ.model.alpha_beta_source,
            "recovery": organ.model.recovery_fractions,
            "mapping": {c: s.value for c, s in organ.model.mapping.items()},
        }
        for organ in evaluation.organs
    }
