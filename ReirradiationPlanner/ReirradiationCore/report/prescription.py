"""The isotoxic answer: what prescription the limits allow, limit by limit and by fractions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .formatting import NOT_GIVEN, number, point
from .markup import Column, Html, element, items, join, table
from .verdicts import facts_list, verdict

HOLDS = {True: "PASS", False: "FAIL", None: "NOT EVALUABLE"}
PRIOR_EXCEEDS = "prior dose alone exceeds the limit"


def isotoxic(results: Mapping[str, Any]) -> Html:
    """Return the prescription at which the first limit is reached, and how it depends on n."""
    answer = results.get("isotoxic")
    if not answer:
        return Html()
    limiting = join((f"{x['structure']} {x['metric']}" for x in answer.get("limiting", ())), ", ")
    facts = [
        ("Planned", number(answer.get("planned_prescription_gy"), 1, "Gy")),
        ("Fractions", str(answer.get("fractions", ""))),
        ("Largest prescription", number(answer.get("max_prescription_gy"), 1, "Gy")),
        ("In whole steps", number(answer.get("stepwise_prescription_gy"), 1, "Gy")),
        ("Cap", number(_cap(answer), 1, "Gy")),
        ("Limited by", limiting or NOT_GIVEN),
    ]
    return join(
        [
            facts_list(facts),
            element("p", _method(answer), class_="soft"),
            items(answer.get("notes", ())),
            _criteria(answer),
            _each_limit(answer),
            _by_fractions(answer),
        ]
    )


def _cap(answer: Mapping[str, Any]) -> float | None:
    searched = answer.get("search_range_gy")
    return searched[1] if searched else None


def _method(answer: Mapping[str, Any]) -> str:
    return (
        f"Method: {answer.get('method', 'not given')}. An estimate for the prescription to try; "
        "the plan made for it has to be evaluated again."
    )


def _criteria(answer: Mapping[str, Any]) -> Html:
    rows = [
        [f"({c['number']})", c["text"], verdict(HOLDS[c["holds"]])]
        for c in answer.get("criteria", ())
    ]
    columns = [Column("Criterion"), Column("Asked and found", "wrap"), Column("Verdict")]
    return table("Target criteria of the plan", columns, rows) if rows else Html()


def _each_limit(answer: Mapping[str, Any]) -> Html:
    rows = [
        [x["structure"], x["metric"], _largest(x, answer), _remark(x)]
        for x in answer.get("per_constraint", ())
    ]
    columns = [
        Column("Organ"), Column("Metric"), Column("Largest prescription", "n"),
        Column("Remark", "wrap"),
    ]  # fmt: skip
    return table("Largest prescription that keeps each limit", columns, rows) if rows else Html()


def _largest(entry: Mapping[str, Any], answer: Mapping[str, Any]) -> Html:
    """Return a prescription; what is beyond the cap is no number to aim at."""
    value, cap = entry.get("max_prescription_gy"), _cap(answer)
    if cap is not None and (entry.get("above_cap") or (value is not None and value > cap)):
        return join(["above ", number(cap, 1, "Gy"), " (cap)"])
    return number(value, 1, "Gy")


def _remark(entry: Mapping[str, Any]) -> Html:
    if entry.get("status") != PRIOR_EXCEEDS:
        return join([entry.get("note") or ""])
    place = entry.get("over_limit_point_lps")
    where = join(["; most at ", point(place)]) if place else ""
    return join([entry.get("note") or "", where])


def _by_fractions(answer: Mapping[str, Any]) -> Html:
    rows = [
        [
            str(row["fractions"]),
            _largest(row, answer),
            _per_fraction(row),
            _limited_by(row),
            str(len(row.get("left_out", ()))),
        ]
        for row in answer.get("by_fractions", ())
    ]
    columns = [
        Column("Fractions"), Column("Largest prescription", "n"), Column("Per fraction", "n"),
        Column("Limited by", "wrap"), Column("Limits left out", "n"),
    ]  # fmt: skip
    caption = (
        "The same dose shape in other numbers of fractions; limits made for one number of "
        "fractions are left out elsewhere"
    )
    return table(caption, columns, rows) if rows else Html()


def _per_fraction(row: Mapping[str, Any]) -> Html:
    value = row.get("max_prescription_gy")
    return (
        NOT_GIVEN
        if value is None or row["above_cap"]
        else number(value / row["fractions"], 2, "Gy")
    )


def _limited_by(row: Mapping[str, Any]) -> Html:
    if row["above_cap"]:
        return join(["prescription cap"])
    limiting = ", ".join(f"{x['structure']} {x['metric']}" for x in row.get("limiting", ()))
    return join([limiting if row["status"] == "limited" else f"{row['status']} {limiting}"])
