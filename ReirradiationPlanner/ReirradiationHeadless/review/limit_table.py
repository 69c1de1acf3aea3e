"""Limits as the page lists them: texts, never colour alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ReirradiationCore.report.verdicts import VERDICTS

Row = Mapping[str, Any]
Key = tuple[str, str]
ALPHA_BETA = "\N{GREEK SMALL LETTER ALPHA}/\N{GREEK SMALL LETTER BETA}"
RELATIONS = {"<=": "\N{LESS-THAN OR EQUAL TO}", ">=": "\N{GREATER-THAN OR EQUAL TO}"}
SCOPES = {"cumulative": "all courses", "rert_only": "planned alone", "single_course": "one course"}
UNKNOWN = "unknown"
NO_INTERVAL = "without_interval"
URGENCY = tuple(VERDICTS)


def limit_table(
    rows: Sequence[Row], saved: Mapping[Key, Row], what_if: Mapping[Key, Row]
) -> list[dict[str, Any]]:
    """Return one entry for each limit, the most urgent first.

    Parameters
    ----------
    rows : sequence of mapping
        Judged limits as in results.json.
    saved : mapping
        Those of the saved run by id and structure; shown where they differ.
    what_if : mapping
        Those at another alpha/beta than the limit's own by id and structure.
    """
    entries = [_entry(row, saved.get(_key(row)), what_if.get(_key(row))) for row in rows]
    return sorted(entries, key=lambda entry: (entry["urgency"], -entry["percent"]))


def counts(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Return how many limits have each verdict, the most urgent first."""
    found = [row["verdict"] for row in rows]
    return [{**_badge(name), "count": found.count(name)} for name in VERDICTS if name in found]


def verdict_changes(rows: Sequence[Row], saved: Mapping[Key, Row]) -> list[str]:
    """Return one sentence for each verdict that is not that of the saved run."""
    return [
        f"{row['structure']} {row['metric']}: {before['verdict']} became {row['verdict']} "
        f"({value_text(before)} became {value_text(row)})"
        for row in rows
        if (before := saved.get(_key(row))) and before["verdict"] != row["verdict"]
    ]


def value_text(row: Row) -> str:
    """Return value with its unit; ``unknown`` where there is none."""
    value = row["value"]
    return UNKNOWN if value is None else f"{value:.{_digits(row)}f} {row['unit']}"


def limit_text(row: Row) -> str:
    """Return metric, relation and limit with its unit."""
    limit = row["limit"]
    shown = f"{limit:g} {row['unit']}" if isinstance(limit, int | float) else str(limit)
    relation = RELATIONS.get(row["relation"], row["relation"])
    return f"{row['metric']} {relation} {shown}"


def quantity_text(row: Row) -> str:
    """Return quantity of a limit, its alpha/beta, and over which courses."""
    quantity, alpha_beta = row["quantity"], row["alpha_beta_gy"]
    what = "physical" if quantity == "PHYSICAL" else quantity
    of = f", {ALPHA_BETA} {alpha_beta:g}" if alpha_beta and quantity != "PHYSICAL" else ""
    return f"{what}{of}, {SCOPES.get(row['scope'], row['scope'])}"


def _entry(row: Row, saved: Row | None, what_if: Row | None) -> dict[str, Any]:
    changed = saved is not None and _shown(saved) != _shown(row)
    return {
        "key": "|".join(_key(row)),
        "structure": row["structure"],
        "limit": limit_text(row),
        "quantity": quantity_text(row),
        "value": value_text(row),
        "interval": _interval(row),
        "percent": _percent(row),
        "percent_text": f"{_percent(row):.0f} %" if _percent(row) >= 0 else "",
        **_badge(row["verdict"]),
        "note": row.get("note") or "",
        "set": f"{row['set']}: {row['source']}",
        "was": f"saved: {value_text(saved)} {saved['verdict']}" if changed and saved else "",
        "what_if": _what_if(what_if, row) if what_if else None,
    }


def _what_if(row: Row, own: Row) -> dict[str, Any]:
    """Return the entry at another alpha/beta; of its note only what that of the limit lacks."""
    text = f"at your {ALPHA_BETA} {row['alpha_beta_gy']:g}: {value_text(row)}"
    text += ", without the interval" if row.get(NO_INTERVAL) else ""
    said = (own.get("note") or "").split("; ")
    note = "; ".join(part for part in (row.get("note") or "").split("; ") if part not in said)
    return {"text": text, "note": note, **_badge(row["verdict"])}


def _interval(row: Row) -> str:
    """Return the interval over the chosen uncertainty; empty where there is none."""
    found = row.get("interval")
    return f"{found[0]:.1f} to {found[1]:.1f}" if found else ""


def _badge(verdict: str) -> dict[str, Any]:
    css, path = VERDICTS.get(verdict, VERDICTS["NOT EVALUABLE"])
    urgency = URGENCY.index(verdict) if verdict in URGENCY else 0
    return {"verdict": verdict, "css": css, "path": path, "urgency": urgency}


def _percent(row: Row) -> float:
    """Value in per cent of an upper limit; -1 where that says nothing."""
    value, limit = row["value"], row["limit"]
    if value is None or row["relation"] != "<=" or not isinstance(limit, int | float) or not limit:
        return -1.0
    return 100 * value / limit


def _digits(row: Row) -> int:
    """Two decimals near the limit, where one would hide on which side the value is."""
    margin = row.get("margin")
    return 2 if margin is not None and abs(margin) < 0.1 else 1


def _shown(row: Row) -> tuple[str, str]:
    return value_text(row), row["verdict"]


def _key(row: Row) -> Key:
    return row["id"], row["structure"]
