"""Physical dose that every near-maximum limit leaves in a number of fractions, organ by organ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .case import MappingStrategy
from .constraints import Constraint, Measure, Quantity, Scope
from .dose_models import LQ, DoseConversion
from .judgement import OrganJudge
from .limits import AppliedLimit, limit_value
from .radiobiology import dose_from_eqd2, eqd2_from_bed, require_fractions


@dataclass(frozen=True)
class RemainingRow:
    """What one limit leaves.

    Parameters
    ----------
    structure, metric : str
        Organ and metric of the limit.
    limit_id : str
        Id of the limit.
    used_percent : float, optional
        Part of the limit that the prior courses use after recovery, %.
    dose_gy : float, optional
        Physical dose, Gy. A planned course that gives no point of the organ more than this keeps
        the limit. 0 where the prior courses use all of it, None where it is not known.
    note : str
        Why nothing is said; empty if something is.
    """

    structure: str
    metric: str
    limit_id: str
    used_percent: float | None
    dose_gy: float | None
    note: str = ""


def remaining_by_organ(
    applied: Sequence[AppliedLimit],
    rows: Sequence[Mapping[str, Any]],
    planned_id: str,
    fractions: int,
    model: DoseConversion = LQ,
) -> tuple[RemainingRow, ...]:
    """Return a row for each cumulative near-maximum limit in EQD2 or BED that has an organ.

    ``D_x(B + P) <= D_x(B) + max P``: the dose is that of ``limit - D_x(B)`` with ``B`` the prior
    courses after recovery, as `remaining.remaining_dose` has it voxel by voxel.

    Parameters
    ----------
    applied : sequence of AppliedLimit
        Limits with their organs.
    rows : sequence of mapping
        Judged limits in the same order; one that is NOT EVALUABLE leaves no dose.
    planned_id : str
        Identifier of the planned course.
    fractions : int
        Number of fractions the dose is given in.
    model : DoseConversion
        Only LQ has a dose here; other models leave the rows without one.

    Raises
    ------
    RadiobiologyError
        A number of fractions that is not a whole number >= 1.
    """
    n = require_fractions(fractions)
    found = []
    for limit, row in zip(applied, rows, strict=True):
        if limit.organ is None or not _is_meant(limit.constraint):
            continue
        if row["verdict"] == "NOT EVALUABLE":
            name = (limit.organ.model.name, limit.constraint.metric_name, limit.constraint.id)
            found.append(RemainingRow(*name, None, None, row["note"] or "not evaluable"))
        else:
            found.append(_row(limit.constraint, limit.organ, planned_id, n, model))
    return tuple(found)


def _is_meant(constraint: Constraint) -> bool:
    return (
        constraint.scope is Scope.CUMULATIVE
        and constraint.measure is Measure.METRIC
        and constraint.metric.is_near_maximum
        and constraint.relation.is_upper
        and constraint.quantity in (Quantity.EQD2, Quantity.BED)
    )


def _row(
    constraint: Constraint,
    organ: OrganJudge,
    planned_id: str,
    fractions: int,
    model: DoseConversion,
) -> RemainingRow:
    name = (organ.model.name, constraint.metric_name, constraint.id)
    overlapping = organ.doses.courses_of(MappingStrategy.OVERLAP_POINT_SUM)
    if overlapping or model != LQ:
        why = (
            "OVERLAP_POINT_SUM depends on the planned dose"
            if overlapping
            else f"the model is {model.to_json()['name']}"
        )
        return RemainingRow(*name, None, None, f"no remaining dose: {why}")
    recovered = not constraint.recovery_contained
    value = limit_value(constraint, organ.scaled(0.0), planned_id, recovered=recovered)
    question = constraint.open_question or constraint.unusable
    if question or value.value is None or constraint.limit is None or value.is_lower_bound:
        note = question or value.note or "part of the organ has no known dose"
        return RemainingRow(*name, None, None, note)
    alpha_beta = constraint.alpha_beta_gy or organ.model.alpha_beta_gy
    left = max(constraint.limit - value.value, 0.0)
    if constraint.quantity is Quantity.BED:
        left = float(eqd2_from_bed(left, alpha_beta))
    dose = float(dose_from_eqd2(left, fractions, alpha_beta))
    return RemainingRow(*name, 100 * value.value / constraint.limit, dose)
