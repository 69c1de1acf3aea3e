"""Isotoxic prescription: the highest prescription of a scaled plan that keeps every limit.

The shape of the planned dose stays, so the answer is a lower bound of what re-optimisation can
reach; it is an estimate, not a deliverable plan.

References
----------
Pagett et al. 2025 (procedure: start at 25 Gy in 5 fractions, steps of 5 then 1 Gy, cap 50 Gy).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from .errors import RadiobiologyError
from .isotoxic_criteria import Criterion
from .isotoxic_items import (
    ROUNDING,
    IsotoxicItem,
    ItemAnswer,
    ItemStatus,
    answer_item,
    check_at,
    limiting_answers,
    smallest_prescription,
)

METHOD = "scaled plan"
COARSE_STEP_GY, FINE_STEP_GY = 5.0, 1.0


@dataclass(frozen=True, eq=False)
class IsotoxicAnswer:
    """The isotoxic prescription.

    Parameters
    ----------
    max_prescription_gy : float, optional
        Largest prescription up to the cap, Gy; None if the prior dose alone exceeds a limit.
    stepwise_prescription_gy : float, optional
        Result of the steps of 5 and 1 Gy; None if the smallest prescription is not eligible.
    limiting : tuple of ItemAnswer
        Limits within 0.1 Gy of the smallest; empty if ``capped`` or nothing limits.
    capped : bool
        True if the prescription cap is the limiter.
    """

    planned_prescription_gy: float
    fractions: tuple[int, ...]
    search_range_gy: tuple[float, float]
    max_prescription_gy: float | None
    stepwise_prescription_gy: float | None
    limiting: tuple[ItemAnswer, ...]
    capped: bool
    per_constraint: tuple[ItemAnswer, ...]
    criteria: tuple[Criterion, ...] = ()
    notes: tuple[str, ...] = field(default=())

    @property
    def not_evaluable(self) -> tuple[ItemAnswer, ...]:
        """Limits that could not be considered."""
        return tuple(a for a in self.per_constraint if a.status is ItemStatus.NOT_EVALUABLE)

    def _is_above_cap(self, answer: ItemAnswer) -> bool:
        prescription = answer.max_prescription_gy
        return prescription is not None and prescription > self.search_range_gy[1] * (1 + ROUNDING)

    def as_dict(self) -> dict[str, Any]:
        """Return the answer as it stands in results.json."""
        limiting = [
            {"structure": a.item.structure, "metric": a.item.metric.name} for a in self.limiting
        ]
        if self.capped:
            limiting = [{"structure": None, "metric": "prescription cap"}]
        return {
            "method": METHOD,
            "planned_prescription_gy": self.planned_prescription_gy,
            "fractions": sum(self.fractions),
            "search_range_gy": list(self.search_range_gy),
            "max_prescription_gy": self.max_prescription_gy,
            "stepwise_prescription_gy": self.stepwise_prescription_gy,
            "limiting": limiting,
            "capped": self.capped,
            "per_constraint": [
                {**answer.as_dict(), "above_cap": self._is_above_cap(answer)}
                for answer in self.per_constraint
            ],
            "criteria": [criterion.as_dict() for criterion in self.criteria],
            "notes": list(self.notes),
        }


def solve(
    items: Sequence[IsotoxicItem],
    planned_prescription_gy: float,
    search_range_gy: tuple[float, float] = (25.0, 50.0),
    criteria: Sequence[Criterion] = (),
) -> IsotoxicAnswer:
    """Find the highest prescription of the scaled plan that keeps every limit.

    Parameters
    ----------
    items : sequence of IsotoxicItem
        Limits, cumulative and of the planned course alone, with their doses.
    planned_prescription_gy : float
        Prescription the planned doses belong to, Gy.
    search_range_gy : tuple of float
        Smallest prescription worth giving, and cap, Gy.
    criteria : sequence of Criterion
        Target criteria of the plan (`isotoxic_criteria`); they do not change with the scale.

    Raises
    ------
    RadiobiologyError
        No limits, no prescription above zero, a range that is not one.
    """
    low, cap = search_range_gy
    if not items or not planned_prescription_gy > 0 or not 0 < low <= cap:
        msg = (
            f"an isotoxic prescription needs limits ({len(items)} given), the prescription of the "
            f"plan ({planned_prescription_gy:g} Gy) and a search range ({low:g} to {cap:g} Gy)"
        )
        raise RadiobiologyError(msg)
    answers = tuple(answer_item(item, planned_prescription_gy) for item in items)
    decided = [a for a in answers if a.status is not ItemStatus.NOT_EVALUABLE]
    smallest = smallest_prescription(decided)
    largest = None if smallest is None else min(cap, smallest)
    capped = smallest is not None and smallest > cap * (1.0 + ROUNDING)
    if largest is not None:
        for answer in decided:
            check_at(answer, largest / planned_prescription_gy)
    eligible = bool(decided) and all(criterion.holds is not False for criterion in criteria)

    def feasible(prescription_gy: float) -> bool:
        return eligible and all(answer.allows(prescription_gy) for answer in decided)

    return IsotoxicAnswer(
        planned_prescription_gy=planned_prescription_gy,
        fractions=tuple(items[0].fractions),
        search_range_gy=search_range_gy,
        max_prescription_gy=largest,
        stepwise_prescription_gy=stepwise_prescription(feasible, search_range_gy),
        limiting=() if capped else limiting_answers(decided, smallest),
        capped=capped,
        per_constraint=answers,
        criteria=tuple(criteria),
        notes=tuple(_notes(answers, criteria, largest, low)),
    )


def _notes(
    answers: Sequence[ItemAnswer],
    criteria: Sequence[Criterion],
    largest: float | None,
    smallest_allowed: float,
) -> list[str]:
    notes = ["estimate for the scaled plan; re-optimising the plan can reach more"]
    for answer in answers:
        name = f"{answer.item.structure} {answer.item.metric.name}"
        if answer.status is ItemStatus.NOT_EVALUABLE:
            notes.append(f"{name} was not considered (NOT EVALUABLE): {answer.note}")
        elif answer.status is ItemStatus.PRIOR_EXCEEDS:
            notes.append(f"{name}: {answer.note}; no prescription is possible")
    notes += [
        f"not eligible: {criterion.text}" for criterion in criteria if criterion.holds is False
    ]
    notes += [f"not known: {criterion.text}" for criterion in criteria if criterion.holds is None]
    if largest is not None and largest < smallest_allowed * (1.0 - ROUNDING):
        notes.append(
            f"not eligible: the limits allow {largest:.1f} Gy, less than {smallest_allowed:g} Gy"
        )
    return notes


def stepwise_prescription(
    feasible: Callable[[float], bool],
    search_range_gy: tuple[float, float] = (25.0, 50.0),
) -> float | None:
    """Return the prescription reached in steps: up by 5 Gy, back to the last success, up by 1 Gy.

    Parameters
    ----------
    feasible : callable
        Returns whether a prescription in Gy is possible.
    search_range_gy : tuple of float
        First prescription and cap, Gy.

    Returns
    -------
    float or None
        None if the first prescription is not feasible.
    """
    prescription, cap = search_range_gy
    if not feasible(prescription):
        return None
    for step in (COARSE_STEP_GY, FINE_STEP_GY):
        while prescription + step <= cap * (1.0 + ROUNDING) and feasible(prescription + step):
            prescription += step
    return prescription
