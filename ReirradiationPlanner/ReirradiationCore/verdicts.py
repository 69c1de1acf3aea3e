"""Verdicts: does a value keep a limit, and can that be told at all (physics.md 3.1, 6.3, 7.3)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from math import floor, isnan

from .constraints import Constraint, Measure
from .metrics import MetricKind

TOLERANCE_GY = 0.5
TOLERANCE_SHARE = 0.01
SUB_VOXEL_SHARE = 0.02
COARSE_VOXELS = 5.0
ROUNDING = 1e-9


class Outcome(str, Enum):
    """The four verdicts of the contract."""

    PASS = "PASS"
    MARGINAL = "MARGINAL"
    FAIL = "FAIL"
    NOT_EVALUABLE = "NOT EVALUABLE"


@dataclass(frozen=True)
class Circumstances:
    """What is known beside the value itself.

    Parameters
    ----------
    interval_months : float, optional
        Shortest interval from a prior course to the planned one; None if not known.
    planned_fractions : int, optional
        Fractions of the planned course.
    dose_per_fraction_gy : float, optional
        Prescribed dose per fraction of the planned course, Gy.
    prior_courses : int, optional
        Number of prior courses.
    largest_course_gy : float, optional
        Largest value of the metric in any single course, in the quantity of the limit, Gy.
    recovery_used : float
        Largest recovery 0..1 applied to a prior dose that is part of the value.
    confirmed : bool
        True if the user confirmed what ``Condition.confirm`` asks.
    sub_voxel_ratio : float, optional
        Volume of the metric over the voxel volume of the native dose grid (physics.md 6.3).
    known_share : float
        Share 0..1 of the structure with known dose of every course.
    is_lower_bound : bool
        True if the value is known only to be at least so large.
    band : tuple of float, optional
        Smallest and largest value over the chosen uncertainty; NaN where they are not known.
    note : str
        Remark of the evaluation, kept in the verdict's note; the reason where the value is None.
    """

    interval_months: float | None = None
    planned_fractions: int | None = None
    dose_per_fraction_gy: float | None = None
    prior_courses: int | None = None
    largest_course_gy: float | None = None
    recovery_used: float = 0.0
    confirmed: bool = False
    sub_voxel_ratio: float | None = None
    known_share: float = 1.0
    is_lower_bound: bool = False
    band: tuple[float, float] | None = None
    note: str = ""


@dataclass(frozen=True)
class Verdict:
    """Result of judging one value.

    Parameters
    ----------
    verdict : Outcome
        PASS, MARGINAL, FAIL or NOT EVALUABLE.
    margin : float, optional
        Room left to the limit in its unit, negative if exceeded; None without a value or limit.
    note : str
        Reasons and remarks in plain words.
    """

    verdict: Outcome
    margin: float | None
    note: str


NOTHING_KNOWN = Circumstances()


def judge(
    constraint: Constraint, value: float | None, known: Circumstances = NOTHING_KNOWN
) -> Verdict:
    """Judge a value against a limit.

    The verdict is PASS only if everything the limit asks for is known and kept by more than the
    tolerance of 0.5 Gy or 1 % of the limit, whichever is larger (volumes and ratios: 1 %).

    Parameters
    ----------
    constraint : Constraint
        The limit.
    value : float, optional
        In the quantity and unit of the limit; None or NaN if it could not be computed. Ignored
        for ``Measure.INTERVAL``, where the interval itself is compared.
    known : Circumstances
        What is known beside the value.

    Returns
    -------
    Verdict
        With the margin also where the limit is not evaluable but value and limit are known.
    """
    if constraint.measure is Measure.INTERVAL:
        value = known.interval_months
    value = None if value is None or isnan(value) else value
    margin = _margin(constraint, value)
    reasons = [*_reasons_not_to_judge(constraint, known)]
    if value is None:
        reasons.append(known.note or f"no value of {constraint.metric_name} could be given")
    if reasons or margin is None:
        return Verdict(Outcome.NOT_EVALUABLE, margin, "; ".join(reasons))
    if known.is_lower_bound or known.known_share < 1 - ROUNDING:
        return _judge_bound(constraint, margin, known)
    return _judge_known(constraint, margin, known)


def tolerance(constraint: Constraint) -> float:
    """Half-width of the marginal band in the unit of the limit; zero for an interval."""
    if constraint.limit is None or constraint.measure is Measure.INTERVAL:
        return 0.0
    share = TOLERANCE_SHARE * constraint.limit
    return max(TOLERANCE_GY, share) if constraint.unit == "Gy" else share


def _margin(constraint: Constraint, value: float | None) -> float | None:
    if value is None or constraint.limit is None:
        return None
    room = constraint.limit - value
    return room if constraint.relation.is_upper else -room


def _judge_known(constraint: Constraint, margin: float, known: Circumstances) -> Verdict:
    width = tolerance(constraint)
    notes = [known.note, *_remarks(constraint, margin, known)]
    if margin < -(width + ROUNDING):
        outcome = Outcome.FAIL
    elif margin > width + ROUNDING or width == 0:
        outcome = Outcome.PASS
    else:
        outcome = Outcome.MARGINAL
        notes.append(_marginal_note(constraint, margin, width))
    over_band = _band(constraint, known)
    notes.append(over_band)
    if outcome is Outcome.PASS and (over_band or _sub_voxel(constraint, margin, known)):
        outcome = Outcome.MARGINAL
    return Verdict(outcome, margin, "; ".join(filter(None, notes)))


def _judge_bound(constraint: Constraint, margin: float, known: Circumstances) -> Verdict:
    percent = floor(1000 * known.known_share + ROUNDING) / 10  # never rounded up to 100
    share = f"{percent:.1f} % of the structure has a known dose"
    if not known.is_lower_bound or constraint.measure is Measure.RERT_SHARE:
        return Verdict(Outcome.NOT_EVALUABLE, margin, f"cut by the dose grid: only {share}")
    surely_broken = constraint.relation.is_upper and margin < -(tolerance(constraint) + ROUNDING)
    surely_kept = not constraint.relation.is_upper and margin > tolerance(constraint) + ROUNDING
    if surely_broken or surely_kept:
        note = f"value is at least so large: {share}"
        outcome = Outcome.FAIL if surely_broken else Outcome.PASS
        notes = (known.note, note, *_remarks(constraint, margin, known))
        return Verdict(outcome, margin, "; ".join(filter(None, notes)))
    note = f"cut by the dose grid: {share}, the true value may be larger"
    return Verdict(Outcome.NOT_EVALUABLE, margin, note)


def _reasons_not_to_judge(constraint: Constraint, known: Circumstances) -> Iterator[str]:
    if constraint.open_question:
        yield constraint.open_question
    n = constraint.n_fractions
    if n is not None and known.planned_fractions != n:
        has = known.planned_fractions or "not known"
        yield f"applies to {n} fractions; fractions of the planned course: {has}"
    yield from _conditions_not_met(constraint, known)
    if constraint.recovery_contained and known.recovery_used > 0:
        yield f"the limit must not be combined with recovery; {known.recovery_used:g} was applied"
    confirm = constraint.condition.confirm
    if confirm and not known.confirmed:
        yield f"applies only if confirmed: {confirm}"


def _conditions_not_met(constraint: Constraint, known: Circumstances) -> Iterator[str]:
    condition = constraint.condition
    interval = (condition.min_interval_months, condition.max_interval_months)
    fractions = (condition.min_fractions, condition.max_fractions)
    per_fraction = (condition.min_dose_per_fraction_gy, condition.max_dose_per_fraction_gy)
    what = "interval" if known.prior_courses != 0 else "no prior course: interval"
    yield from _outside(interval, known.interval_months, what, " months")
    yield from _outside(fractions, known.planned_fractions, "fractions of the planned course", "")
    yield from _outside(per_fraction, known.dose_per_fraction_gy, "dose per fraction", " Gy")
    courses, largest = condition.max_prior_courses, condition.max_course_gy
    yield from _outside((None, courses), known.prior_courses, "number of prior courses", "")
    if largest is not None:
        yield from _outside((None, largest), known.largest_course_gy, "largest single course", "")


def _outside(
    bounds: tuple[float | None, float | None], has: float | None, what: str, unit: str
) -> Iterator[str]:
    low, high = bounds
    asked = " ".join(
        f"{word} {bound:g}{unit}" for word, bound in (("from", low), ("to", high)) if bound
    )
    if not asked:
        return
    if has is None:
        yield f"applies {asked}; {what} not known"
    elif (low is not None and has < low - ROUNDING) or (high is not None and has > high + ROUNDING):
        yield f"applies {asked}; {what} {has:.4g}{unit}"


def _remarks(constraint: Constraint, margin: float, known: Circumstances) -> Iterator[str]:
    if known.recovery_used > 0 and constraint.recovery_rule == "none":
        yield f"recovery {known.recovery_used:g} applied; the source of the limit used none"
    voxels = known.sub_voxel_ratio
    by_volume = constraint.metric.kind is MetricKind.DOSE_AT_CC
    if by_volume and voxels is not None and voxels <= COARSE_VOXELS:
        size = f"only {voxels:.2g} voxels" if voxels >= 1 else f"{voxels:.2g} of a voxel, sub-voxel"
        yield f"{constraint.metric.name} is {size} of the dose grid"
    if abs(margin) <= ROUNDING:
        yield "equal to the limit, which counts as met"


def _marginal_note(constraint: Constraint, margin: float, width: float) -> str:
    unit = constraint.unit
    if margin < -ROUNDING:
        side = "exceeded" if constraint.relation.is_upper else "missed"
        return f"limit {side} by {-margin:.2g} {unit}, within the tolerance of {width:.2g} {unit}"
    return f"within {width:.2g} {unit} of the limit"


def _sub_voxel(constraint: Constraint, margin: float, known: Circumstances) -> bool:
    ratio = known.sub_voxel_ratio
    if ratio is None or ratio >= 1 or constraint.metric.kind is not MetricKind.DOSE_AT_CC:
        return False
    return abs(margin) < SUB_VOXEL_SHARE * (constraint.limit or 0.0)


def _band(constraint: Constraint, known: Circumstances) -> str:
    if known.band is None:
        return ""
    if any(isnan(bound) for bound in known.band):
        return "how far the uncertainty reaches is not known"
    worst = max(known.band) if constraint.relation.is_upper else min(known.band)
    broken = (_margin(constraint, worst) or 0.0) < -ROUNDING
    return f"not kept over the uncertainty ({worst:.4g} {constraint.unit})" if broken else ""
