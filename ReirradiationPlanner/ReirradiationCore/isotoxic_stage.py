"""From applied limits to the isotoxic answer: which limits enter, and with which doses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .accumulation import OrganDoses
from .case import Case
from .constraints import Constraint, Measure, Quantity, Scope
from .courses import Course
from .errors import RadiobiologyError
from .isotoxic import solve
from .isotoxic_fractions import prescription_by_fractions
from .isotoxic_items import IsotoxicItem
from .judgement import OrganJudge
from .limits import AppliedLimit, limit_value
from .metrics import MetricKind
from .target_stage import eligibility


def isotoxic_answer(
    applied: Sequence[AppliedLimit],
    rows: Sequence[dict[str, Any]],
    planned: Course,
    case: Case,
    organs: Sequence[OrganJudge] = (),
) -> tuple[dict[str, Any] | None, str]:
    """Return the isotoxic part of results.json with a warning, or None and why there is none.

    Parameters
    ----------
    applied : sequence of AppliedLimit
        Every limit with its organ.
    rows : sequence of dict
        Their verdicts, in the same order.
    planned : Course
        Planned course.
    case : Case
        Prescription and search range.
    organs : sequence of OrganJudge
        Structures of the reference image, for the target criteria; none without them.
    """
    prescription = _prescription(planned)
    if prescription is None:
        return None, (
            "no isotoxic prescription: the planned prescription is not in the plan; give it with "
            "--prescription"
        )
    entering = [
        (limit, limit.organ, row)
        for limit, row in zip(applied, rows, strict=True)
        if limit.organ is not None and limit.constraint.measure is Measure.METRIC
    ]
    items = [_item(*entry, planned, entry[1].doses) for entry in entering]
    if not items:
        return None, "no isotoxic prescription: no limit applies to a structure of this patient"
    lost = _not_counted(entering)
    if lost and not _counted(entering):
        names = ", ".join(entry["structure"] for entry in lost)
        return None, (
            f"no isotoxic prescription: no cumulative dose can be given in {names}, and no other "
            f"organ has a cumulative limit; {lost[0]['reason']}"
        )
    criteria = eligibility(organs, planned, prescription, case.isotoxic_targets) if organs else ()
    answer = solve(items, prescription, case.isotoxic_range_gy, criteria).as_dict()
    answer["notes"] += _partly_known(applied, planned)
    answer["not_counted"], warning = lost, ""
    if answer["not_counted"]:
        names = ", ".join(entry["structure"] for entry in answer["not_counted"])
        said = f"the answer does NOT count on {names}: no cumulative dose can be given there"
        answer["notes"].insert(0, f"{said}, and it may allow less")
        warning = f"isotoxic prescription: {answer['notes'][0]}"
    fewer = [_item(*entry, planned, _deciding(*entry[:2])) for entry in entering]
    answer["by_fractions"], why = _by_fractions(fewer, prescription, case.isotoxic_range_gy[1])
    answer["notes"] += why
    return answer, warning


Entering = Sequence[tuple[AppliedLimit, OrganJudge, dict[str, Any]]]


def _counted(entering: Entering) -> bool:
    """Whether a cumulative limit is left whose organ has a cumulative dose."""
    return any(
        limit.constraint.scope is Scope.CUMULATIVE and not organ.doses.why_not_evaluable
        for limit, organ, _ in entering
    )


def _not_counted(entering: Entering) -> list[dict[str, str]]:
    """Return the organs whose limits the answer cannot count on, each with the reason."""
    lost = {
        organ.model.name: organ.doses.why_not_evaluable
        for limit, organ, _ in entering
        if organ.doses.why_not_evaluable and limit.constraint.scope is Scope.CUMULATIVE
    }
    return [{"structure": name, "reason": reason} for name, reason in lost.items()]


def _by_fractions(
    items: Sequence[IsotoxicItem], prescription_gy: float, cap_gy: float
) -> tuple[list[dict[str, Any]], list[str]]:
    """Return the table of other numbers of fractions, or nothing and why."""
    try:
        table = prescription_by_fractions(items, prescription_gy)
    except RadiobiologyError as error:
        return [], [str(error)]
    return [row.as_dict(cap_gy) for row in table], []


def _partly_known(applied: Sequence[AppliedLimit], planned: Course) -> list[str]:
    shares = {}
    for limit in applied:
        if limit.organ is not None and limit.constraint.metric.is_near_maximum:
            value = limit_value(limit.constraint, limit.organ, planned.id)
            if value.is_lower_bound:
                name = limit.organ.model.name
                shares[name] = min(value.known_share, shares.get(name, 1.0))
    return [
        f"{name}: the dose of only {100 * share:.1f} % of its volume is known; its limit was "
        "solved there, the unknown part may allow less"
        for name, share in shares.items()
    ]


def _prescription(planned: Course) -> float | None:
    """Prescription of the fractions that are delivered, to which the planned doses belong."""
    doses = [
        None if p.prescribed_dose_gy is None else p.prescribed_dose_gy * p.delivered_share
        for p in planned.phases
    ]
    return None if None in doses else sum(dose for dose in doses if dose is not None)


def _deciding(limit: AppliedLimit, organ: OrganJudge) -> OrganDoses:
    """Return the points of an organ that can decide a limit, at any prescription and fractions."""
    metric = limit.constraint.metric
    if metric.kind in (MetricKind.DOSE_AT_CC, MetricKind.MAXIMUM):
        return organ.doses.hottest(metric.argument or 0.0)
    return organ.doses


def _item(
    limit: AppliedLimit,
    organ: OrganJudge,
    row: dict[str, Any],
    planned: Course,
    doses: OrganDoses,
) -> IsotoxicItem:
    """Return a limit with its doses.

    Where part of an organ is unknown, a near-maximum limit is solved on the known part: more
    would only lower the answer, leaving the organ out would raise it.
    """
    constraint = limit.constraint
    cumulative = constraint.scope is Scope.CUMULATIVE
    alpha_beta = constraint.alpha_beta_gy or organ.model.alpha_beta_gy
    recovery = organ.model.recovery_for(constraint)
    point_sum = 0.0
    background: Any = 0.0
    if cumulative:
        background = doses.background_eqd2(alpha_beta, recovery)
        # The overlap grows with the prescription, so the whole prior maximum is added.
        added = doses.point_sum_eqd2(
            constraint.metric, alpha_beta, recovery, with_overlap_sums=True
        )
        point_sum = (added.value or 0.0) if added else 0.0
    samples, phases = doses.samples, doses.planned.phase_doses_gy
    keep = slice(None)
    if constraint.metric.is_near_maximum:
        keep = ~np.isnan(np.sum(phases, axis=0) + background)
    return IsotoxicItem(
        structure=organ.model.name,
        metric=constraint.metric,
        limit=constraint.limit or 0.0,
        unit=constraint.unit,
        volumes_cc=samples.volumes_cc[keep],
        phase_doses_gy=tuple(phase[keep] for phase in phases),
        fractions=doses.planned.fractions,
        background_eqd2_gy=background[keep] if cumulative else 0.0,
        point_sum_eqd2_gy=point_sum,
        quantity=constraint.quantity,
        alpha_beta_gy=alpha_beta,
        eqd_x_gy=constraint.eqd_x_gy,
        is_upper=constraint.relation.is_upper,
        n_fractions=constraint.n_fractions,
        set_name=constraint.set_name,
        points_lps=samples.points_lps[keep],
        note=_reason(constraint, organ, row, planned),
    )


def _reason(constraint: Constraint, organ: OrganJudge, row: dict[str, Any], planned: Course) -> str:
    """Return why a limit cannot enter the search; empty if it can."""
    value = limit_value(constraint, organ, planned.id)
    if value.is_lower_bound and constraint.metric.is_near_maximum:
        return ""
    if row["verdict"] == "NOT EVALUABLE":
        return row["note"]
    if constraint.quantity is Quantity.UNKNOWN or constraint.limit is None:
        return constraint.open_question
    return "" if value.value is not None else value.note
