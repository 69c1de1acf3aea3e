"""Verdicts whose interval over the uncertainty is not computed: they say so, and none passes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .case import Case
from .limits import AppliedLimit
from .organ_uncertainty import cumulative_limits
from .uncertainty_stage import TABULATED, UncertaintyResult

UNKNOWN_BAND = (float("nan"), float("nan"))


def without_intervals(applied: Sequence[AppliedLimit], case: Case) -> tuple[UncertaintyResult, str]:
    """Mark every interval that the case wants in its verdicts as not known.

    Returns
    -------
    UncertaintyResult
        Bands of NaN, with which no limit passes.
    str
        The sentence for the rows concerned.
    """
    organs = {limit.organ for limit in applied if limit.organ and limit.organ.doses.priors}
    concerned = [
        limit
        for organ in organs
        if organ.model.kind in TABULATED
        for limit in cumulative_limits(organ, applied)
    ]
    bands = {(limit, kept): UNKNOWN_BAND for limit in concerned for kept in (True, False)}
    groups = ", ".join(case.uncertainty.groups)
    missing = (
        f"the interval over the uncertainty ({groups}) is not computed for these choices; "
        "evaluate again before a limit counts as kept"
    )
    return UncertaintyResult(bands=bands), missing


def saying(
    missing: str,
    rows: Sequence[dict[str, Any]],
    applied: Sequence[AppliedLimit],
    sure: UncertaintyResult,
) -> list[dict[str, Any]]:
    """Return the rows, those without their interval saying so."""
    if not missing:
        return list(rows)
    for row, limit in zip(rows, applied, strict=True):
        if (limit, True) in sure.bands:
            for key in ("note", "note_no_recovery"):
                if key in row:
                    row[key] = "; ".join(text for text in (row[key], missing) if text)
    return list(rows)
