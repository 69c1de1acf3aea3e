"""The case file a run leaves behind: every choice as it was made or resolved."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .case_file import case_to_json
from .courses import Course
from .pipeline_data import Evaluation


def case_record(evaluation: Evaluation) -> dict[str, Any]:
    """Return a case file that repeats the run.

    Choices stay choices (a rule stays a rule, so that defaults are reported as defaults again);
    ``courses`` and ``resolved`` document what the files held and what the choices became.
    """
    content = case_to_json(evaluation.case, [_course(c) for c in evaluation.courses])
    content["paths"] = [str(path.resolve()) for path in evaluation.case.paths]
    content["protocols"] = [_absolute(name) for name in content["protocols"]]
    content["registration"] = {c: _absolute(m) for c, m in content["registration"].items()}
    content["resolved"] = {"organs": _organs(evaluation)}
    return content


def _absolute(text: str) -> str:
    """Return a file's absolute path, so that the record works from any folder; else the text."""
    return str(Path(text).resolve()) if Path(text).is_file() else text


def _course(course: Course) -> dict[str, Any]:
    first, last = course.first_fraction_date, course.last_fraction_date
    doses = [phase.prescribed_dose_gy for phase in course.phases]
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


def _organs(evaluation: Evaluation) -> dict[str, Any]:
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
