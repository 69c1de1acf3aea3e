"""Resolve what is assumed of every structure of the reference image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .case import Case
from .constraints import Constraint
from .courses import Course
from .input_checks import require_used
from .names import match_name
from .organ_models import OrganModel, organ_model
from .pipeline_data import RegisteredCourse
from .registration_fallback import CourseMap


def mapping_defaults(registered: Mapping[str, RegisteredCourse]) -> dict[str, CourseMap]:
    """Map of each course where the user chose none, with the structures at which it failed."""
    return {
        course: CourseMap.of(course, match.result.mode, match.quality)
        for course, match in registered.items()
    }


def resolve_models(
    planned: Course,
    priors: Sequence[Course],
    case: Case,
    constraints: Sequence[Constraint],
    maps: Mapping[str, CourseMap],
) -> list[OrganModel]:
    """Return the model of every structure, in the order of the structure set.

    Raises
    ------
    RefusedError
        Choices for an organ that no structure answers to.
    """
    models = [
        organ_model(
            structure,
            match_name(structure.name, structure.interpreted_type, case.structure_map),
            case,
            constraints,
            priors,
            planned,
            maps,
        )
        for structure in planned.structures
    ]
    names = {name for m in models for name in (m.name, m.match.standard_name) if name}
    require_used(case.organs, names)
    return models
