"""Published cord criteria, test by test."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .formatting import ALPHA_BETA, number
from .markup import Column, Html, element, join, table
from .verdicts import verdict

HOLDS = {True: "PASS", False: "FAIL", None: "NOT EVALUABLE"}


def cord_criteria(results: Mapping[str, Any]) -> Html:
    """Return every criterion of every cord structure; empty where there is none."""
    rows = [row for entry in results.get("cord_criteria", ()) for row in _rows(entry)]
    columns = [
        Column("Structure"), Column("Criteria", "wrap"), Column("Test", "wrap"),
        Column("Value", "n"), Column("Limit", "n"), Column("Verdict"), Column("Remark", "wrap"),
    ]  # fmt: skip
    if not rows:
        return Html()
    note = "Without recovery; the maxima of the courses are added, as the publications do."
    return join([element("p", note), table("Cord criteria", columns, rows)])


def _rows(entry: Mapping[str, Any]) -> list[list[object]]:
    """Return the result of all tests together, then one row for each of them."""
    model = f"{ALPHA_BETA} {entry['alpha_beta_gy']:g} Gy"
    named = join([entry["criteria"], element("div", element("small", model))])
    remark = join([entry["note"], element("div", element("small", entry["source"]))])
    rows = [[entry["structure"], named, "all", "", "", verdict(HOLDS[entry["holds"]]), remark]]
    for test in entry["tests"]:
        unit, least = test["unit"], test["test"] == "interval"
        rows.append(
            [
                entry["structure"], entry["criteria"], test["test"],
                number(test["value"], 2, unit),
                join(["at least " if least else "at most ", number(test["limit"], 1, unit)]),
                verdict(HOLDS[test["holds"]]), "",
            ]
        )  # fmt: skip
    return rows
