"""Largest prescription of the scaled plan in other numbers of fractions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from .errors import RadiobiologyError
from .isotoxic_items import (
    ROUNDING,
    IsotoxicItem,
    ItemAnswer,
    ItemStatus,
    answer_item,
    limiting_answers,
    smallest_prescription,
)

FRACTION_NUMBERS = (1, 3, 5, 10, 15, 20, 25, 30)


@dataclass(frozen=True, eq=False)
class PrescriptionRow:
    """Largest prescription of the scaled plan in another number of fractions.

    Parameters
    ----------
    fractions : int
        Number of fractions.
    max_prescription_gy : float, optional
        Gy, without a cap; None if the prior dose alone exceeds a limit or no limit could be used.
    limiting : tuple of ItemAnswer
        Limits within 0.1 Gy of the smallest.
    left_out : tuple of str
        Limits that hold for another number of fractions or could not be evaluated.
    is_decided : bool
        False if no limit at all could be used.
    """

    fractions: int
    max_prescription_gy: float | None
    limiting: tuple[ItemAnswer, ...]
    left_out: tuple[str, ...]
    is_decided: bool = True

    def as_dict(self, cap_gy: float) -> dict[str, Any]:
        """Return the row as it stands in results.json; ``cap_gy`` is the prescription cap."""
        prescription = self.max_prescription_gy
        above = prescription is not None and prescription > cap_gy * (1.0 + ROUNDING)
        if not self.is_decided:
            status = ItemStatus.NOT_EVALUABLE
        elif prescription is None:
            status = ItemStatus.PRIOR_EXCEEDS
        else:
            status = ItemStatus.UNLIMITED if prescription == math.inf else ItemStatus.LIMITED
        return {
            "fractions": self.fractions,
            "max_prescription_gy": None if prescription == math.inf else prescription,
            "status": status.value,
            "above_cap": above,
            "limiting": [
                {"structure": a.item.structure, "metric": a.item.metric.name} for a in self.limiting
            ],
            "left_out": list(self.left_out),
        }


def prescription_by_fractions(
    items: Sequence[IsotoxicItem],
    planned_prescription_gy: float,
    fraction_numbers: Sequence[int] = FRACTION_NUMBERS,
) -> tuple[PrescriptionRow, ...]:
    """Return the largest prescription of the same dose shape for other numbers of fractions.

    Physical limits are used only for the number of fractions they were made for.

    Raises
    ------
    RadiobiologyError
        A planned course of several phases, whose fractions cannot be exchanged together.
    """
    if any(len(item.fractions) != 1 for item in items):
        msg = "another number of fractions can be tried for a planned course of one phase only"
        raise RadiobiologyError(msg)
    return tuple(_row(items, planned_prescription_gy, n) for n in fraction_numbers)


def _row(items: Sequence[IsotoxicItem], prescription_gy: float, fractions: int) -> PrescriptionRow:
    answers, left_out = [], []
    for item in items:
        name = f"{item.structure} {item.metric.name}"
        if item.n_fractions not in (None, fractions) or (
            item.is_physical and item.n_fractions is None and item.fractions != (fractions,)
        ):
            left_out.append(f"{name}: holds for another number of fractions")
            continue
        answer = answer_item(replace(item, fractions=(fractions,)), prescription_gy)
        if answer.status is ItemStatus.NOT_EVALUABLE:
            left_out.append(f"{name}: {answer.note}")
        else:
            answers.append(answer)
    smallest = smallest_prescription(answers)
    limiting = limiting_answers(answers, smallest)
    return PrescriptionRow(fractions, smallest, limiting, tuple(left_out), bool(answers))
