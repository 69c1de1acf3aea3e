"""What the terminal shows at the end: the limits in one table, and where the files are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

MISSING = "-"


def summary_text(results: dict[str, Any], folder: Path) -> str:
    """Return a table of the judged limits, the isotoxic answer and the place of the report."""
    lines = [_courses_line(results), ""]
    lines += _table(results["constraints"]) if results["constraints"] else [_without_limits()]
    isotoxic = results.get("isotoxic")
    if isotoxic:
        lines += ["", _isotoxic_line(isotoxic)]
    lines += ["", f"report: {folder / 'report.html'}", f"numbers: {folder / 'results.json'}"]
    return "\n".join(lines)


def _courses_line(results: dict[str, Any]) -> str:
    parts = []
    for course in results["courses"]:
        dose = sum(p["prescribed_dose_gy"] or 0 for p in course["phases"])
        fractions = sum(p["fractions_delivered"] for p in course["phases"])
        months = course["interval_months"]
        when = f", {months:.0f} months before" if months is not None else ""
        parts.append(f"{course['id']}: {dose:g} Gy in {fractions} fractions{when}")
    return "; ".join(parts)


def _without_limits() -> str:
    return "no constraint set was named: metrics without verdicts (see --protocol)"


def _table(constraints: Sequence[dict[str, Any]]) -> list[str]:
    head = ("structure", "limit", "value", "margin", "verdict")
    rows = [head, *(_row(c) for c in constraints)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(head))]
    return ["  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)) for row in rows]


def _row(constraint: dict[str, Any]) -> tuple[str, str, str, str, str]:
    quantity, alpha_beta = constraint["quantity"], constraint["alpha_beta_gy"]
    stated = "not stated" if alpha_beta is None else f"{alpha_beta:g}"
    kind = quantity if quantity == "PHYSICAL" else f"{quantity}(ab={stated})"
    limit = constraint["limit"]
    number = f"{limit:g}" if isinstance(limit, int | float) else str(limit)
    text = f"{constraint['metric']} {constraint['relation']} {number} {constraint['unit']} {kind}"
    unit = constraint["unit"]
    return (
        constraint["structure"],
        f"{text} {constraint['scope']}",
        _number(constraint["value"], unit),
        _number(constraint["margin"], unit),
        constraint["verdict"],
    )


def _number(value: float | None, unit: str) -> str:
    return MISSING if value is None else f"{value:.1f} {unit}"


def _isotoxic_line(isotoxic: dict[str, Any]) -> str:
    best = isotoxic["max_prescription_gy"]
    if best is None:
        notes = isotoxic.get("notes", ())
        reasons = [note for note in notes if "no prescription is possible" in note] or notes
        return f"isotoxic: no prescription possible: {'; '.join(reasons)}"
    limiting = ", ".join(
        " ".join(text for text in (c["structure"], c["metric"]) if text)
        for c in isotoxic["limiting"]
    )
    line = (
        f"isotoxic ({isotoxic['method']}, {isotoxic['fractions']} fractions): "
        f"up to {best:.1f} Gy; limited by {limiting or 'the search range'}{_not_eligible(isotoxic)}"
    )
    return "\n".join([line, *(f"  {note}" for note in isotoxic.get("notes", ()))])


def _not_eligible(isotoxic: dict[str, Any]) -> str:
    failed = [c["text"] for c in isotoxic.get("criteria", ()) if c["holds"] is False]
    return f"; not eligible: {'; '.join(failed)}" if failed else ""


def protocols_text(protocols: Sequence[Any]) -> str:
    """Return the list of constraint sets with their sources."""
    lines = []
    for protocol in protocols:
        lines += [
            f"{protocol.name}  ({protocol.date})  {protocol.title}",
            f"    {protocol.citation}",
        ]
    return "\n".join(lines)


def check_text(name: str, problems: Sequence[Any]) -> str:
    """Return what is wrong with a constraint set, one problem a line, or that nothing is."""
    if not problems:
        return f"{name}: can be used"
    return "\n".join(f"{name}: {problem}" for problem in problems)


def limits_text(protocol: Any) -> str:  # noqa: ANN401
    """Return the limits of a constraint set, each with its id, in the words of its grammar."""
    lines = [f"{protocol.name}  ({protocol.date})  {protocol.title}", f"    {protocol.citation}"]
    for limit in protocol.constraints:
        lines.append(f"{limit.id}")
        lines.append(f"    {limit.describe()}")
        lines += [f"    open: {limit.open_question}"] if limit.open_question else []
    return "\n".join(lines)
