"""Apply constraint sets to judged organs: one row per organ and limit, as in contract.md."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import isnan
from typing import Any

import numpy as np

from .constraints import Constraint, Measure, Quantity, Scope
from .courses import Course, StructureKind, shortest_interval_months
from .dvh import MetricValue, sub_voxel_ratio
from .judgement import CUMULATIVE, NO_RECOVERY, OrganJudge
from .metrics import MetricKind
from .names import applies_to, grouping_note
from .verdicts import Circumstances, judge


@dataclass(frozen=True, eq=False)
class AppliedLimit:
    """A limit together with the organ it is judged on; ``judge`` is None if there is none."""

    constraint: Constraint
    organ: OrganJudge | None


Bands = Mapping[tuple[AppliedLimit, bool], tuple[float, float]]
NO_BANDS: Bands = {}


def apply_limits(
    constraints: Sequence[Constraint], organs: Sequence[OrganJudge]
) -> list[AppliedLimit]:
    """Pair every limit with every organ it applies to; a limit without organ stays visible."""
    applied = []
    for constraint in constraints:
        meant = [organ for organ in organs if _is_meant(constraint, organ)]
        applied += [AppliedLimit(constraint, organ) for organ in meant or [None]]
    return applied


def _is_meant(constraint: Constraint, organ: OrganJudge) -> bool:
    match = organ.model.match
    if organ.model.kind is not StructureKind.OAR or not match.certain or not match.standard_name:
        return False
    return applies_to(constraint.organ, match.standard_name)


def limit_rows(
    applied: Sequence[AppliedLimit],
    planned: Course,
    priors: Sequence[Course],
    confirmed: Collection[str] = (),
    bands: Bands = NO_BANDS,
) -> list[dict[str, Any]]:
    """Judge every pair; rows as in contract.md, ``value_no_recovery`` and its verdict added.

    ``confirmed`` holds the ids of the limits whose condition for a person was confirmed.
    ``bands`` holds, by limit and whether recovery is counted, the interval of the value over the
    chosen uncertainty (NaN where it is not known), which enters the verdict.
    """
    common = _common_circumstances(planned, priors)
    rows = []
    for limit in applied:
        known = replace(common, confirmed=limit.constraint.id in confirmed)
        rows.append(_row(limit, planned, priors, known, bands))
    return rows


def _common_circumstances(planned: Course, priors: Sequence[Course]) -> Circumstances:
    months = [shortest_interval_months(prior, planned) for prior in priors]
    shortest = None if not months or None in months else min(m for m in months if m is not None)
    doses = {
        None if p.prescribed_dose_gy is None else p.prescribed_dose_gy / p.fractions_planned
        for p in planned.phases
    }
    return Circumstances(
        interval_months=shortest,
        planned_fractions=planned.fractions_delivered,
        dose_per_fraction_gy=doses.pop() if len(doses) == 1 else None,
        prior_courses=len(priors),
    )


def _row(
    limit: AppliedLimit,
    planned: Course,
    priors: Sequence[Course],
    common: Circumstances,
    bands: Bands,
) -> dict[str, Any]:
    constraint, organ = limit.constraint, limit.organ
    row: dict[str, Any] = {
        "id": constraint.id,
        "structure": organ.model.name if organ else constraint.organ,
        "standard_name": organ.model.match.standard_name if organ else constraint.organ,
        "metric": constraint.metric_name,
        "quantity": constraint.quantity.value,
        "alpha_beta_gy": constraint.alpha_beta_gy,
        "scope": constraint.scope.value,
        "relation": constraint.relation.value,
        "limit": constraint.limit if constraint.limit is not None else constraint.limit_text,
        "unit": constraint.unit,
        "set": constraint.set_name,
        "source": constraint.source,
        "evidence": constraint.evidence,
    }
    if organ is None:
        note = f"no structure of the reference image is {constraint.organ}"
        verdict = judge(constraint, None, replace(common, note=note))
        return {**row, "value": None, "margin": None, **_verdict(verdict)}
    for suffix, recovered in (("", not constraint.recovery_contained), ("_no_recovery", False)):
        value = limit_value(constraint, organ, planned.id, recovered=recovered)
        known = _circumstances(limit, value, planned, priors, common, recovered=recovered)
        band = bands.get((limit, not suffix))
        verdict = judge(constraint, value.value, replace(known, band=_wider(known.band, band)))
        if band and not any(isnan(bound) for bound in band):
            row[f"interval{suffix}"] = list(band)
        entry = {"value": value.value, "margin": verdict.margin, **_verdict(verdict)}
        row.update({f"{key}{suffix}": item for key, item in entry.items()})
        if constraint.scope is not Scope.CUMULATIVE or not priors:
            break
    row["course_values"] = _course_values(constraint, organ, planned, priors)
    return row


def _course_values(
    constraint: Constraint, organ: OrganJudge, planned: Course, priors: Sequence[Course]
) -> dict[str, float | None]:
    """Value of the metric in each course alone, in the quantity and alpha/beta of the limit."""
    if constraint.open_question or constraint.measure is not Measure.METRIC:
        return {}
    cumulative = constraint.scope is Scope.CUMULATIVE
    alpha_beta = constraint.alpha_beta_gy or organ.model.alpha_beta_gy
    courses = [*(prior.id for prior in priors), planned.id] if cumulative else [planned.id]
    return {course: _in_unit(constraint, organ, course, alpha_beta).value for course in courses}


def _verdict(verdict: Any) -> dict[str, Any]:  # noqa: ANN401
    return {"verdict": verdict.verdict.value, "note": verdict.note}


def limit_value(
    constraint: Constraint, organ: OrganJudge, planned_id: str, *, recovered: bool = True
) -> MetricValue:
    """Value a limit is about, in its own quantity, alpha/beta and unit.

    Parameters
    ----------
    constraint : Constraint
        The limit.
    organ : OrganJudge
        Organ it is judged on.
    planned_id : str
        Identifier of the planned course.
    recovered : bool
        False leaves recovery out of a cumulative value.
    """
    if constraint.open_question or constraint.measure is Measure.INTERVAL:
        return MetricValue(None, constraint.unit, constraint.open_question)
    alpha_beta = constraint.alpha_beta_gy or organ.model.alpha_beta_gy
    cumulative = CUMULATIVE if recovered else NO_RECOVERY
    if constraint.measure is Measure.RERT_SHARE:
        return _planned_share(constraint, organ, planned_id, cumulative, alpha_beta)
    course = cumulative if constraint.scope is Scope.CUMULATIVE else planned_id
    return _in_unit(constraint, organ, course, alpha_beta)


def _in_unit(
    constraint: Constraint, organ: OrganJudge, course: str, alpha_beta: float
) -> MetricValue:
    metric, quantity = constraint.metric, constraint.quantity
    if quantity is Quantity.EQDX:
        quantity, factor = Quantity.EQD2, (2 + alpha_beta) / (constraint.eqd_x_gy + alpha_beta)
        if not metric.is_dose:
            note = "volume limits are evaluated in EQD2, BED or physical dose only"
            return MetricValue(None, constraint.unit, note)
        value = organ.metric(metric, course, quantity, alpha_beta)
        scaled = None if value.value is None else value.value * factor
        return replace(value, value=scaled)
    value = organ.metric(metric, course, quantity, alpha_beta)
    if constraint.unit == "%" and value.value is not None and value.unit == "cc":
        percent = 100 * value.value / organ.doses.samples.volume_cc
        return replace(value, value=percent, unit="%")
    return value


def _planned_share(
    constraint: Constraint, organ: OrganJudge, planned_id: str, cumulative: str, alpha_beta: float
) -> MetricValue:
    planned = organ.metric(constraint.metric, planned_id, constraint.quantity, alpha_beta)
    total = organ.metric(constraint.metric, cumulative, constraint.quantity, alpha_beta)
    if planned.value is None or not total.value:
        return MetricValue(None, "ratio", planned.note or total.note)
    return MetricValue(planned.value / total.value, "ratio", planned.note, total.is_lower_bound)


def _circumstances(
    limit: AppliedLimit,
    value: MetricValue,
    planned: Course,
    priors: Sequence[Course],
    common: Circumstances,
    *,
    recovered: bool,
) -> Circumstances:
    constraint, organ = limit.constraint, limit.organ
    cumulative = constraint.scope is Scope.CUMULATIVE
    fractions = organ.model.recovery_fractions.values() if cumulative and recovered else ()
    known = replace(
        common,
        largest_course_gy=_largest_course(constraint, organ, planned.id),
        recovery_used=max(fractions, default=0.0),
        sub_voxel_ratio=_sub_voxels(constraint, planned, priors if cumulative else ()),
        known_share=value.known_share,
        is_lower_bound=value.is_lower_bound,
        note="; ".join(text for text in (value.note, _grouping(constraint, organ)) if text),
    )
    return _with_band(known, limit, value, planned.id, recovered=recovered)


def _wider(
    one: tuple[float, float] | None, other: tuple[float, float] | None
) -> tuple[float, float] | None:
    """Band that holds both bands; a NaN in either stays NaN."""
    if one is None or other is None:
        return one or other
    return float(np.minimum(one[0], other[0])), float(np.maximum(one[1], other[1]))


def _with_band(
    known: Circumstances,
    limit: AppliedLimit,
    value: MetricValue,
    planned_id: str,
    *,
    recovered: bool,
) -> Circumstances:
    """Judge a band instead of a lower bound where the unknown part is smaller than the metric's."""
    constraint, organ = limit.constraint, limit.organ
    if not value.is_lower_bound or constraint.quantity is Quantity.EQDX:
        return known
    alpha_beta = constraint.alpha_beta_gy or organ.model.alpha_beta_gy
    cumulative = CUMULATIVE if recovered else NO_RECOVERY
    course = cumulative if constraint.scope is Scope.CUMULATIVE else planned_id
    largest = organ.largest_possible(constraint.metric, course, constraint.quantity, alpha_beta)
    if largest is None:
        return known
    note = (
        f"the dose of {100 * (1 - value.known_share):.2g} % of the volume is unknown; whatever it "
        f"is, the value is at most {largest:.1f} Gy"
    )
    grouping = _grouping(constraint, organ)
    return replace(
        known,
        is_lower_bound=False,
        known_share=1.0,
        band=(value.value, largest),
        note=f"{note}; {grouping}" if grouping else note,
    )


def _grouping(constraint: Constraint, organ: OrganJudge) -> str:
    return grouping_note(constraint.organ, organ.model.match.standard_name or "")


def _largest_course(constraint: Constraint, organ: OrganJudge, planned_id: str) -> float | None:
    if constraint.condition.max_course_gy is None:
        return None
    alpha_beta = constraint.alpha_beta_gy or organ.model.alpha_beta_gy
    values = [
        organ.metric(constraint.metric, course, constraint.quantity, alpha_beta).value
        for course in (*organ.doses.priors, planned_id)
    ]
    return None if None in values else max(v for v in values if v is not None)


def _sub_voxels(constraint: Constraint, planned: Course, priors: Sequence[Course]) -> float | None:
    if constraint.metric.kind is not MetricKind.DOSE_AT_CC:
        return None
    grids = [phase.dose.grid for course in (planned, *priors) for phase in course.phases]
    coarsest = max(grid.voxel_volume_cc for grid in grids)
    return sub_voxel_ratio(constraint.metric.argument or 0.0, coarsest)


def near_maximum_limit(applied: Sequence[AppliedLimit], organ: OrganJudge) -> Constraint | None:
    """Smallest cumulative EQD2 limit on the hottest part of an organ; None if there is none."""
    found: Iterator[Constraint] = (
        limit.constraint
        for limit in applied
        if limit.organ is organ
        and limit.constraint.metric.is_near_maximum
        and limit.constraint.scope is Scope.CUMULATIVE
        and limit.constraint.quantity is Quantity.EQD2
        and limit.constraint.measure is Measure.METRIC
        and limit.constraint.limit is not None
        and not limit.constraint.open_question
    )
    return min(found, key=lambda constraint: constraint.limit or 0.0, default=None)
