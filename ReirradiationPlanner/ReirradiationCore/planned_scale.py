"""A what-if factor on the planned dose: the same fractions with more or less dose each.

The factor belongs to the choices, not to the plan: files and samples keep the dose as planned, and
everything that is computed from the planned course sees it scaled, its prescription as well.
"""

from __future__ import annotations

import math
from dataclasses import replace

from .courses import Course
from .errors import RefusedError

LARGEST_SCALE = 5.0


def require_planned_scale(factor: float) -> None:
    """Refuse a factor that is not above 0 and at most 5.

    Raises
    ------
    RefusedError
        Anything else, NaN included.
    """
    if not (math.isfinite(factor) and 0 < factor <= LARGEST_SCALE):
        reason = (
            f"planned_scale is {factor:g}; the what-if factor on the planned dose must be above 0 "
            f"and at most {LARGEST_SCALE:g}"
        )
        raise RefusedError(reason)


def scaled_course(course: Course, factor: float) -> Course:
    """Return the course as if every fraction of it had ``factor`` times its dose.

    Physical doses (when they are asked for, see `dose_mapping`) and prescriptions are multiplied,
    numbers of fractions stay.
    """
    if factor == 1.0:
        return course
    phases = tuple(
        replace(
            phase,
            dose_scale=factor,
            prescribed_dose_gy=phase.prescribed_dose_gy and phase.prescribed_dose_gy * factor,
        )
        for phase in course.phases
    )
    return replace(course, phases=phases)


def with_dose_of_plan(course: Course) -> Course:
    """Return the course with its doses as the plan has them; prescriptions are left alone."""
    return replace(course, phases=tuple(replace(p, dose_scale=1.0) for p in course.phases))
