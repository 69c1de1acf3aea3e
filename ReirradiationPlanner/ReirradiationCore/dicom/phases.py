"""Phases of a course: number of fractions, plausibility, and doses that are counted twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from ..courses import Course, Phase
from ..dose_checks import PRESCRIPTION_PER_FRACTION_RANGE_GY
from ..errors import RefusedError
from ..grids import Volume, sample_volume
from .findings import Findings
from .ordering import NamedGroup
from .plan import Plan
from .planned import PlannedDose

HIGHEST_DOSE_PER_FRACTION_GY = 30.0
SAME_DOSE_CORRELATION = 0.99
_MOST_POINTS = 50_000


def fractions_by_plan(
    named: Sequence[NamedGroup], given: Mapping[str, int], findings: Findings
) -> dict[int, int]:
    """Return the fractions the user stated, by ``id`` of the planned dose.

    Keys are course ids or plan labels; one that fits no plan or several is refused.
    """
    stated: dict[int, int] = {}
    for key, n in given.items():
        wanted = key.strip().casefold()
        of_course = [item for g in named if g.id == wanted for item in g.group.planned]
        labelled = [i for g in named for i in g.group.planned if i.plan.label.casefold() == wanted]
        found = labelled or of_course
        if len(found) != 1 or isinstance(n, bool) or not isinstance(n, int) or n < 1:
            findings.refuse(
                f"fractions '{key}={n}': names {len(found)} plans and must name one, by plan label "
                "or by the id of a course of one plan, with a whole number of fractions >= 1"
            )
            continue
        stated[id(found[0])] = n
    return stated


def make_phase(planned: PlannedDose, dose: Volume, stated: int | None, course_id: str) -> Phase:
    """Return the phase of a plan.

    Parameters
    ----------
    planned : PlannedDose
        The plan.
    dose : Volume
        Its dose, Gy.
    stated : int, optional
        Fractions delivered as the user said.
    course_id : str
        Course named in messages.

    Raises
    ------
    RefusedError
        Fractions unknown, or a dose per fraction that is not plausible.
    """
    plan = planned.plan
    n = fractions_planned(plan, stated, course_id)
    delivered = n if stated is None else stated
    highest = float(dose.array.max())
    if highest / n > HIGHEST_DOSE_PER_FRACTION_GY:
        msg = (
            f"{planned.doses[0].name}: the highest dose {highest:.1f} Gy in {n} fractions is "
            f"{highest / n:.1f} Gy per fraction (more than {HIGHEST_DOSE_PER_FRACTION_GY:g}); "
            f"check dose and number of fractions of plan '{plan.label}'"
        )
        raise RefusedError(msg)
    uid, dose_uid = plan.uid, planned.doses[0].entry.sop_uid
    return Phase(plan.label, dose, n, delivered, plan.prescription_gy, uid, dose_uid)


def fractions_planned(plan: Plan, stated: int | None, course_id: str) -> int:
    """Return the planned number of fractions, checked against the prescription.

    Raises
    ------
    RefusedError
        Unknown, fewer than the user says were delivered, or implausible for the prescription.
    """
    if plan.fractions is None and stated is None:
        msg = (
            f"{plan.name}: the number of fractions of plan '{plan.label}' is unknown "
            f"({plan.fractions_note}); give it (--fractions {course_id}=N, or the plan label)"
        )
        raise RefusedError(msg)
    n = plan.fractions or stated
    if stated is not None and stated > n:
        msg = (
            f"{plan.name}: {stated} fractions delivered are more than the {n} planned in plan "
            f"'{plan.label}'; check the number of fractions"
        )
        raise RefusedError(msg)
    low, high = PRESCRIPTION_PER_FRACTION_RANGE_GY
    if plan.prescription_gy is not None and not low <= plan.prescription_gy / n <= high:
        msg = (
            f"{plan.name}: {plan.prescription_gy:g} Gy in {n} fractions is "
            f"{plan.prescription_gy / n:.2f} Gy per fraction, outside {low:g} to {high:g} Gy; "
            f"check prescription and number of fractions of plan '{plan.label}'"
        )
        raise RefusedError(msg)
    return n


def with_prescription(course: Course, prescription_gy: float | None) -> Course:
    """Return the planned course with the prescription the user stated.

    Raises
    ------
    RefusedError
        Not a positive dose, implausible for the fractions, or a course of several plans.
    """
    if prescription_gy is None:
        return course
    low, high = PRESCRIPTION_PER_FRACTION_RANGE_GY
    per_fraction = prescription_gy / course.phases[0].fractions_planned
    if len(course.phases) != 1 or not low <= per_fraction <= high:
        msg = (
            f"prescription {prescription_gy:g} Gy cannot be that of course '{course.id}' of "
            f"{len(course.phases)} plans, {course.phases[0].fractions_planned} fractions; it must "
            f"be one plan with {low:g} to {high:g} Gy per fraction"
        )
        raise RefusedError(msg)
    phase = replace(course.phases[0], prescribed_dose_gy=float(prescription_gy))
    return replace(course, phases=(phase,))


def check_counted_twice(
    courses: Sequence[Course], stated_plans: Sequence[str], findings: Findings
) -> None:
    """Refuse doses in one frame of reference that are the same, or the sum of others.

    Two plans of equal dose distribution can both have been delivered (a course continued with a
    copy of its plan): they are accepted where the user stated the fractions of both.

    Parameters
    ----------
    courses : sequence of Course
        All courses.
    stated_plans : sequence of str
        SOP Instance UIDs of the plans whose fractions the user stated.
    findings : Findings
        Receives the refusals.
    """
    phases = [
        (course.frame_of_reference_uid, phase) for course in courses for phase in course.phases
    ]
    for k, (frame, phase) in enumerate(phases):
        later = [other for of_frame, other in phases[k + 1 :] if of_frame == frame]
        for other in later:
            correlation = dose_correlation(phase.dose, other.dose)
            if not correlation > SAME_DOSE_CORRELATION:
                continue
            what = f"plans '{phase.plan_label}' and '{other.plan_label}' have the same dose"
            what += f" distribution (correlation {correlation:.4f})"
            if phase.plan_uid in stated_plans and other.plan_uid in stated_plans:
                findings.warn(f"{what}; both count, as their fractions were stated")
            else:
                findings.refuse(
                    f"{what}: a plan sum or a copy would be counted twice; leave one out, or state "
                    "the delivered fractions of both by plan label or course (--fractions)"
                )
    _check_sums([phase for _, phase in phases], [frame for frame, _ in phases], findings)


def _check_sums(phases: list[Phase], frames: list[str], findings: Findings) -> None:
    """Refuse a dose that is the sum of the other doses in its frame of reference."""
    for frame in dict.fromkeys(frames):
        group = [phase for phase, of_frame in zip(phases, frames, strict=True) if of_frame == frame]
        if len(group) < 3:
            continue
        for whole in group:
            parts = [phase for phase in group if phase is not whole]
            points, values = _dose_points(whole.dose)
            summed = sum(sample_volume(part.dose, points) for part in parts)
            known = np.isfinite(summed)
            largest = float(values.max())
            if known.sum() > 10 and np.abs(summed - values)[known].max() < 0.02 * largest:
                labels = ", ".join(f"'{part.plan_label}'" for part in parts)
                findings.refuse(
                    f"plan '{whole.plan_label}' has the summed dose of {labels}: it would be "
                    "counted twice; leave out the plan sum"
                )


def dose_correlation(a: Volume, b: Volume) -> float:
    """Pearson correlation of two doses where one exceeds a tenth of its maximum.

    Parameters
    ----------
    a, b : Volume
        Doses in the same frame of reference, Gy; grids may differ.

    Returns
    -------
    float
        NaN where they do not overlap or one is constant.
    """
    points, of_a = _dose_points(a)
    of_b = sample_volume(b, points)
    known = np.isfinite(of_b)
    known &= (of_a > 0.1 * a.array.max()) | (of_b > 0.1 * b.array.max())
    of_a, of_b = of_a[known].astype(float), of_b[known].astype(float)
    if len(of_a) < 10 or np.ptp(of_a) < 1e-3 * of_a.max() or np.ptp(of_b) < 1e-3 * of_b.max():
        return float("nan")
    return float(np.corrcoef(of_a, of_b)[0, 1])


def _dose_points(dose: Volume) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float32]]:
    """Return evenly chosen voxel centres (N, 3) of a dose and their values (N,)."""
    stride = max(1, round((dose.array.size / _MOST_POINTS) ** (1 / 3)))
    k, j, i = (
        axis.ravel() for axis in np.mgrid[tuple(slice(0, n, stride) for n in dose.grid.shape)]
    )
    return dose.grid.points_at(np.stack([i, j, k], axis=1)), dose.array[k, j, i]
