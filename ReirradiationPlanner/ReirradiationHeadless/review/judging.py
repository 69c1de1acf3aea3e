"""Verdicts under other choices, beside those of the saved run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ReirradiationCore.case import Case
from ReirradiationCore.constraints import Quantity
from ReirradiationCore.errors import RefusedError
from ReirradiationCore.limits import AppliedLimit, limit_rows
from ReirradiationCore.live_evaluation import LiveEvaluation
from ReirradiationCore.live_intervals import saying, without_intervals
from ReirradiationCore.live_result import LiveResult
from ReirradiationCore.sample_store import read_samples

from .limit_table import NO_INTERVAL
from .result_folder import ResultFolder

SAME_GY = 1e-3
Row = dict[str, Any]


def open_live(folder: ResultFolder) -> LiveEvaluation:
    """Read the samples of a result and make sure that they give its verdicts.

    Raises
    ------
    RefusedError
        Samples of another run, or numbers that this version does not reproduce.
    """
    live = LiveEvaluation(read_samples(folder.samples_file))
    _require_same(live.judge().rows, folder.results["constraints"], folder)
    return live


def saved_result(live: LiveEvaluation, folder: ResultFolder) -> LiveResult:
    """Return the saved run; where it counted uncertainty, with the rows that it wrote.

    The interval over the uncertainty enters those verdicts, and samples alone do not give it.
    """
    result = live.judge()
    if not result.missing_intervals:
        return result
    written = keyed(folder.results["constraints"])
    rows = tuple(written[row["id"], row["structure"]] for row in result.rows)
    return replace(result, rows=rows, missing_intervals="")


def _require_same(rows: Sequence[Row], saved: Sequence[Row], folder: ResultFolder) -> None:
    """Refuse a result whose limits are not what the same choices give now."""
    now, before = keyed(rows), keyed(saved)
    differing = [key for key in (*now, *before) if not _same(now.get(key), before.get(key))]
    if differing:
        limit, structure = differing[0]
        reason = (
            f"{folder.path}: its samples give {_said(now.get(differing[0]))} for {structure}, "
            f"{limit}, and results.json holds {_said(before.get(differing[0]))}; it was made by "
            "another version of the program, evaluate the case again"
        )
        raise RefusedError(reason)


def _same(now: Row | None, before: Row | None) -> bool:
    if now is None or before is None:
        return False
    if None in (now["value"], before["value"]):
        return now["value"] == before["value"]
    return abs(now["value"] - before["value"]) <= SAME_GY


def _said(row: Row | None) -> str:
    if row is None:
        return "nothing"
    return "no value" if row["value"] is None else f"{row['value']:.3f} {row['unit']}"


def keyed(rows: Sequence[Row]) -> dict[tuple[str, str], Row]:
    """Return rows by the id of their limit and their structure."""
    return {(row["id"], row["structure"]): row for row in rows}


def rows_at_own_alpha_beta(
    result: LiveResult, chosen: Mapping[str, float]
) -> dict[tuple[str, str], Row]:
    """Judge limits that state an alpha/beta with the one chosen for the organ instead.

    A published limit in EQD2 belongs to the alpha/beta it was published with, so this is what-if
    only and stands beside the verdict of the limit. Where the case counts uncertainty, its
    interval is not known here and no limit passes, as in the rows of changed choices.

    Parameters
    ----------
    result : LiveResult
        Verdicts with the alpha/beta of the limits.
    chosen : mapping
        Structure to alpha/beta, Gy.

    Returns
    -------
    dict
        Rows as in results.json by id and structure, only of limits that are affected.
    """
    applied = [
        AppliedLimit(
            replace(limit.constraint, alpha_beta_gy=chosen[limit.organ.model.name]), limit.organ
        )
        for limit in result.applied
        if limit.organ is not None and _is_affected(limit, chosen.get(limit.organ.model.name))
    ]
    case = result.case
    if not case.uncertainty.groups:
        return keyed(limit_rows(applied, result.planned, result.priors, case.confirmed))
    sure, missing = without_intervals(applied, case)
    rows = limit_rows(applied, result.planned, result.priors, case.confirmed, sure.bands)
    for row, limit in zip(rows, applied, strict=True):
        row[NO_INTERVAL] = (limit, True) in sure.bands
    return keyed(saying(missing, rows, applied, sure))


def _is_affected(limit: AppliedLimit, alpha_beta_gy: float | None) -> bool:
    own = limit.constraint.alpha_beta_gy
    physical = limit.constraint.quantity is Quantity.PHYSICAL
    return None not in (alpha_beta_gy, own) and not physical and own != alpha_beta_gy


def choices_of(case: Case, names: Sequence[str]) -> dict[str, float]:
    """Alpha/beta that a case chooses for structures, Gy; those without a choice are left out."""
    found = {name: case.organ(name).alpha_beta_gy for name in names}
    return {name: value for name, value in found.items() if value is not None}
