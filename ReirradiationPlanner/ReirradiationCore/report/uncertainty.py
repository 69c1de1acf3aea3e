"""How sure the cumulative doses are: one line per value, and the whole table of each organ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .formatting import ALPHA_BETA, NOT_GIVEN, interval, number
from .markup import Column, Html, element, join, table

GROUPS = {
    "mapping": "Rigid, deformable, point sum",
    "engines": "Other engines",
    "ellipsoid": "Ellipsoid search",
    "shifts": "Shifts",
    "fields": "Random displacements",
    "sensitivity": f"{ALPHA_BETA} and recovery",
}
EXPLANATION = (
    "The nominal value beside its range over other mappings of the prior dose and over other "
    f"assumptions ({ALPHA_BETA} and recovery)."
)
NOT_IN_VERDICTS = "None of it enters the verdicts."
IN_VERDICTS = "These enter the verdicts, a limit passes only if it holds over all of them: "


def uncertainty(results: Mapping[str, Any]) -> Html:
    """Return the section's content; empty where nothing was evaluated."""
    record = results.get("uncertainty") or {}
    structures = record.get("structures", ())
    if not structures:
        return _disagreement(record.get("disagreement", ()))
    chosen = [GROUPS[name].lower() for name in record.get("in_verdicts", ())]
    said = f"{IN_VERDICTS}{'; '.join(chosen)}." if chosen else NOT_IN_VERDICTS
    return join(
        [
            element("p", f"{EXPLANATION} {said}"),
            _summary(structures),
            _disagreement(record.get("disagreement", ())),
            *(_organ(structure) for structure in structures),
        ]
    )


def _summary(structures: Sequence[Mapping[str, Any]]) -> Html:
    used = [g for g in GROUPS if any(r["group"] == g for s in structures for r in s["rows"])]
    columns = [Column("Structure"), Column("Metric"), Column("Nominal", "n")]
    columns += [Column(GROUPS[group], "n") for group in used]
    rows = [
        [
            structure["structure"], _metric(column),
            number(column["nominal"], 1, column["unit"]),
            *(_range(structure["rows"], number_, group) for group in used),
        ]
        for structure in structures
        for number_, column in enumerate(structure["columns"])
    ]  # fmt: skip
    return table("Smallest to largest value of each kind of uncertainty", columns, rows)


def _disagreement(entries: Sequence[Mapping[str, Any]]) -> Html:
    """Return how far the maps of each prior course disagree, in mm and in Gy EQD2."""
    if not entries:
        return Html()
    columns = [
        Column("Structure"), Column("Course"), Column("Mean distance to the map in use", "n"),
        Column("Spread, mean", "n"), Column("95 %", "n"), Column("Largest", "n"),
        Column("Spread of D0.1cc, EQD2", "n"), Column("of Dmean", "n"),
    ]  # fmt: skip
    said = (
        "Spread: largest distance between any two maps of a point, and largest difference of the "
        "EQD2 of the prior course alone. Maps that agree may still be wrong together."
    )
    rows = [_of_maps(entry) for entry in entries]
    title = "Disagreement of the registrations"
    return join([table(title, columns, rows), element("p", said, class_="soft")])


def _of_maps(entry: Mapping[str, Any]) -> list[object]:
    first, *others = entry["maps"]
    distances = join(
        element("div", f"{row['name']} ", number(row["mean_mm"], 1, "mm")) for row in others
    )
    spread, doses = entry["spread_mm"], entry["spread_eqd2_gy"] or {}
    return [
        entry["structure"], f"{entry['course']} ({first['name']})", distances,
        *(number(spread[name], 1, "mm") for name in ("mean_mm", "p95_mm", "max_mm")),
        *(number(doses.get(name), 1, "Gy") for name in ("D0.1cc", "Dmean")),
    ]  # fmt: skip


def _metric(column: Mapping[str, Any]) -> Html:
    model = f"{column['quantity']}, {ALPHA_BETA} {column['alpha_beta_gy']:g} Gy"
    return join([column["metric"], element("div", element("small", model))])


def _range(rows: Sequence[Mapping[str, Any]], column: int, group: str) -> Html:
    """Return the range over one group; a value that is not known makes it not known."""
    of_group = [row for row in rows if row["group"] == group]
    values = [row["values"][column] for row in of_group]
    known = [value for value in values if value is not None]
    if not known:
        return NOT_GIVEN
    open_end = element("div", element("small", "not all known"))
    lost = any(row.get("note") and row["values"][column] is None for row in of_group)
    return join([interval([min(known), max(known)]), open_end if lost else ""])


def _organ(structure: Mapping[str, Any]) -> Html:
    columns = [Column("Scenario")]
    columns += [Column(_metric(column), "n") for column in structure["columns"]]
    nominal = ["as chosen", *(number(c["nominal"], 1, c["unit"]) for c in structure["columns"])]
    rows = [nominal, *(_scenario(row, structure["columns"]) for row in structure["rows"])]
    name = structure["structure"]
    return element("details", element("summary", name), table(f"{name}: scenarios", columns, rows))


def _scenario(row: Mapping[str, Any], columns: Sequence[Mapping[str, Any]]) -> list[object]:
    values = zip(row["values"], columns, strict=True)
    note = row.get("note")
    name = join([row["scenario"], element("div", element("small", note)) if note else ""])
    return [name, *(number(value, 1, column["unit"]) for value, column in values)]
