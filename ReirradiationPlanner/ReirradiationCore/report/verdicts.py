"""The first page: which limits hold, by how much, and what prescription would be possible."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from .formatting import ALPHA_BETA, NOT_GIVEN, digits_near, interval, limit, number, signed
from .markup import Column, Html, element, items, join, table

# In the order of urgency: text, CSS class, and a shape that tells them apart without colour.
VERDICTS = {
    "FAIL": ("fail", "M2 2L14 14M14 2L2 14"),
    "MARGINAL": ("marginal", "M8 2L15 14H1ZM8 6V10M8 11.5V12.5"),
    "NOT EVALUABLE": ("unknown", "M3 8H13"),
    "PASS": ("pass", "M2 9L6 13L14 3"),
}
PHYSICAL = "PHYSICAL"
SCOPES = {"cumulative": "", "rert_only": "planned course alone", "single_course": "one course"}


def verdict(name: str | None) -> Html:
    """Return a verdict as text, colour and shape; an unknown word is shown as it is, in grey."""
    if name is None:
        return NOT_GIVEN
    css, path = VERDICTS.get(name, VERDICTS["NOT EVALUABLE"])
    drawn = element("path", d=path, fill="none", stroke="currentColor", stroke_width="2.4")
    shape = element("svg", drawn, viewBox="0 0 16 16", aria_hidden="true")
    return element("span", shape, name, class_=f"verdict {css}")


def headline(constraints: Sequence[Mapping[str, Any]]) -> Html:
    """Return the answer in one sentence, and how many limits got which verdict."""
    if not constraints:
        return element(
            "p",
            "No constraint set was chosen: doses are given without verdicts.",
            class_="headline",
        )
    count = Counter(c["verdict"] for c in constraints)
    counted = [
        element("li", verdict(name), " ", str(count[name])) for name in VERDICTS if count[name]
    ]
    return join(
        [
            element("p", _sentence(count, len(constraints)), class_="headline"),
            element("ul", *counted, class_="counts"),
            _without_recovery(constraints),
            _most_limiting(constraints),
        ]
    )


def _sentence(count: Mapping[str, int], total: int) -> str:
    if count["FAIL"]:
        return f"{count['FAIL']} of {total} limits {_verb(count['FAIL'])} exceeded."
    if count["NOT EVALUABLE"]:
        unknown = count["NOT EVALUABLE"]
        return f"No limit is exceeded, but {unknown} of {total} could not be evaluated."
    if count["MARGINAL"]:
        return f"All {total} limits hold, {count['MARGINAL']} of them narrowly."
    return f"All {total} limits hold."


def _without_recovery(constraints: Sequence[Mapping[str, Any]]) -> Html:
    cumulative = (c for c in constraints if c["scope"] == "cumulative")
    judged = [c for c in cumulative if c.get("verdict_no_recovery")]
    if not judged:
        return Html()
    failed = sum(c["verdict_no_recovery"] == "FAIL" for c in judged)
    sentence = (
        f"Without recovery {failed} of {len(judged)} cumulative limits {_verb(failed)} exceeded."
    )
    return element("p", sentence)


def _verb(count: int) -> str:
    return "is" if count == 1 else "are"


def by_urgency(constraints: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return constraints with the worst verdict first, then the smallest share of limit left."""
    order = list(VERDICTS)

    def key(c: Mapping[str, Any]) -> tuple[int, float]:
        known = c["verdict"] if c["verdict"] in order else "NOT EVALUABLE"
        return order.index(known), _share_left(c)

    return sorted(constraints, key=key)


def _share_left(constraint: Mapping[str, Any]) -> float:
    margin, allowed = constraint.get("margin"), constraint["limit"]
    if margin is None or not isinstance(allowed, int | float) or not allowed:
        return math.inf
    return margin / allowed


def _most_limiting(constraints: Sequence[Mapping[str, Any]]) -> Html:
    known = [c for c in constraints if math.isfinite(_share_left(c))]
    if not known:
        return Html()
    worst = min(known, key=_share_left)
    digits = digits_near(worst["margin"])
    unit = worst["unit"]
    return element(
        "p", "Most limiting: ", element("b", worst["structure"]), f" {worst['metric']}, ",
        number(worst["value"], digits, unit), " of ", number(worst["limit"], digits, unit),
        ", margin ", signed(worst["margin"], digits, unit), ".",
    )  # fmt: skip


def verdict_table(results: Mapping[str, Any]) -> Html:
    """Return the table of limits: doses of each course, cumulative dose, limit, margin, verdict.

    Limits on organs that are not drawn have nothing to show and are listed as not evaluable only;
    limits of single courses that hold stand in `single_limits`.
    """
    shown = [c for c in results["constraints"] if _is_cumulative(c) or c["verdict"] != "PASS"]
    return _limits_table(results, shown)


def single_limits(results: Mapping[str, Any]) -> Html:
    """Return the limits of single courses that hold."""
    doses = _Doses(results)
    shown = [c for c in results["constraints"] if not _is_cumulative(c) and c["verdict"] == "PASS"]
    columns = [
        Column("Organ"), Column("Metric", "what"), Column("Dose", "n"), Column("Limit", "n"),
        Column("Margin", "n"), Column("Verdict"),
    ]  # fmt: skip
    several = len({c["set"] for c in shown}) > 1
    rows = [_single_row(c, several=several) for c in by_urgency(shown) if doses.is_drawn(c)]
    return table("Limits of single courses that hold", columns, rows) if rows else Html()


def _single_row(c: Mapping[str, Any], *, several: bool) -> list[object]:
    digits, unit = digits_near(c.get("margin")), c["unit"]
    return [
        c["structure"],
        _what(c, several=several),
        number(c["value"], digits, unit),
        limit(c["relation"], c["limit"], digits, unit),
        signed(c.get("margin"), digits, unit),
        verdict(c["verdict"]),
    ]


def _is_cumulative(constraint: Mapping[str, Any]) -> bool:
    return constraint["scope"] == "cumulative"


def _limits_table(results: Mapping[str, Any], shown: Sequence[Mapping[str, Any]]) -> Html:
    doses = _Doses(results)
    constraints = [c for c in by_urgency(shown) if doses.is_drawn(c)]
    if not constraints:
        return Html()
    columns = [
        Column("Organ"), Column("Metric", "what"), Column("Prior", "n"), Column("Planned", "n"),
        Column("Cumulative, no recovery", "n"), Column("Cumulative, with recovery", "n sum"),
        Column("Limit", "n"), Column("Margin", "n"), Column("Verdict"),
        Column("Without recovery"),
    ]  # fmt: skip
    sets = list(dict.fromkeys(c["set"] for c in constraints))
    rows = (_row(c, doses, several=len(sets) > 1) for c in constraints)
    caption = f"Limits of {', '.join(sets)}, most urgent first."
    return table(caption, columns, rows, "limits")


def limit_notes(results: Mapping[str, Any]) -> Html:
    """Return what is to be said about limits that hold; for others it stands beside the verdict."""
    return items(
        f"{c['structure']} {c['metric']} ({SCOPES.get(c['scope']) or 'cumulative'}): {c['note']}"
        for c in results["constraints"]
        if c["verdict"] == "PASS" and c.get("note")
    )


class _Doses:
    """Finds the doses of each course that stand beside a cumulative one."""

    def __init__(self, results: Mapping[str, Any]) -> None:
        self.priors = [c["id"] for c in results["courses"] if c["role"] == "prior"]
        self._planned = next((c["id"] for c in results["courses"] if c["role"] == "planned"), "")
        self._alpha_beta = {s["name"]: s.get("alpha_beta_gy") for s in results["structures"]}
        self._found = {
            (s["name"], m["metric"], m["quantity"], m["course"]): m
            for s in results["structures"]
            for m in s["metrics"]
        }

    def is_drawn(self, constraint: Mapping[str, Any]) -> bool:
        return constraint["structure"] in self._alpha_beta

    def value(self, constraint: Mapping[str, Any], course: str) -> float | None:
        given = constraint.get("course_values", {})
        return given[course] if course in given else self._metric(constraint, course).get("value")

    def planned(self, constraint: Mapping[str, Any]) -> float | None:
        return self.value(constraint, self._planned)

    def no_recovery(self, constraint: Mapping[str, Any]) -> float | None:
        given = constraint.get("value_no_recovery")
        return self.value(constraint, "cumulative_no_recovery") if given is None else given

    def bounds(self, constraint: Mapping[str, Any]) -> list[float] | None:
        return constraint.get("interval") or self._metric(constraint, "cumulative").get("interval")

    def _metric(self, c: Mapping[str, Any], course: str) -> Mapping[str, Any]:
        model = c.get("alpha_beta_gy")
        if model is not None and model != self._alpha_beta.get(c["structure"]):
            return {}
        return self._found.get((c["structure"], c["metric"], c["quantity"], course), {})


def _row(c: Mapping[str, Any], doses: _Doses, *, several: bool) -> list[object]:
    cumulative = _is_cumulative(c)
    digits, unit = digits_near(c.get("margin")), c["unit"]
    sums: list[object] = [number(c["value"], digits, unit), "", ""]
    if cumulative:
        plain = number(doses.no_recovery(c), digits, unit)
        sums = [number(doses.planned(c), 1, unit), plain, _with_interval(c, doses, digits)]
    note = c.get("note") if c["verdict"] != "PASS" else None
    return [
        c["structure"],
        _what(c, several=several),
        _priors(c, doses) if cumulative else "",
        *sums,
        limit(c["relation"], c["limit"], digits, unit),
        signed(c.get("margin"), digits, unit),
        join([verdict(c["verdict"]), element("div", element("small", note)) if note else ""]),
        verdict(c.get("verdict_no_recovery")) if cumulative else "",
    ]


def _what(c: Mapping[str, Any], *, several: bool) -> Html:
    quantity = "physical dose" if c["quantity"] == PHYSICAL else c["quantity"]
    model = c.get("alpha_beta_gy")
    named = quantity if model is None else f"{quantity}, {ALPHA_BETA} {model:g} Gy"
    lines = [named, SCOPES.get(c["scope"], c["scope"]), c["set"] if several else ""]
    return join([c["metric"], *(element("div", element("small", x)) for x in lines if x)])


def _priors(c: Mapping[str, Any], doses: _Doses) -> Html:
    several = len(doses.priors) > 1
    return join(
        element("div", f"{p}: " if several else "", number(doses.value(c, p), 1, c["unit"]))
        for p in doses.priors
    )


def _with_interval(c: Mapping[str, Any], doses: _Doses, digits: int) -> Html:
    bounds = interval(doses.bounds(c), digits)
    value = number(c["value"], digits, c["unit"])
    return join([value, element("div", bounds) if bounds else ""])


def isotoxic_line(results: Mapping[str, Any]) -> Html:
    """Return the largest prescription in one line."""
    answer = results.get("isotoxic")
    if not answer:
        return Html()
    limiting = [f"{x['structure']} {x['metric']}" for x in answer.get("limiting", ())]
    return element(
        "p", element("b", "Largest prescription: "),
        number(answer.get("max_prescription_gy"), 1, "Gy"),
        f" in {answer.get('fractions', '?')} fractions (planned ",
        number(answer.get("planned_prescription_gy"), 1, "Gy"), "), ",
        f"limited by {', '.join(limiting)}." if limiting else answer.get("note") or "no limit.",
        _not_counted(answer),
    )  # fmt: skip


def _not_counted(answer: Mapping[str, Any]) -> Html:
    """Name the organs whose limits the prescription cannot count on."""
    names = [entry["structure"] for entry in answer.get("not_counted", ())]
    if not names:
        return Html()
    said = f" It does NOT count on {', '.join(names)}: no cumulative dose can be given there."
    return element("b", said)


def facts_list(facts: Sequence[tuple[str, object]]) -> Html:
    """Return short facts on one line, each with its name."""
    pairs = (element("div", element("dt", name), element("dd", value)) for name, value in facts)
    return element("dl", *pairs, class_="facts")


def not_evaluable(results: Mapping[str, Any]) -> Html:
    """Return what could not be judged, and why."""
    lines = [
        f"{c['structure']} {c['metric']} ({c['set']}): {c.get('note') or 'no reason given'}"
        for c in results["constraints"]
        if c["verdict"] == "NOT EVALUABLE"
    ]
    return items(lines)
