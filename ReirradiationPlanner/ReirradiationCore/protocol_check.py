"""Reading a constraint set and saying, line by line, what is wrong with it."""

from __future__ import annotations

import difflib
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .constraint_grammar import nonsense_in
from .constraints import Condition, Constraint, Hardness, Measure, Quantity, Relation, Scope
from .errors import ProtocolError
from .json_positions import Placed, items, members
from .metrics import Metric
from .names import is_standard_name, known_names
from .protocol_fields import (
    CONDITION_FIELDS,
    ENTRY_FIELDS,
    OPEN_ALPHA_BETA,
    RANGE,
    SCHEMA_VERSION,
    SET_FIELDS,
)


@dataclass(frozen=True, order=True)
class Problem:
    """One thing that is wrong with a constraint set.

    Parameters
    ----------
    line : int
        Line of the file, counted from 1.
    message : str
        What is wrong and what to write instead.
    """

    line: int
    message: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.message}"


@dataclass(frozen=True)
class ConstraintSet:
    """A published or local set of limits.

    Parameters
    ----------
    name : str
        Short stable name.
    title, date, citation, evidence, note : str
        What it is, when it was published (ISO 8601), and where; ``evidence`` is ``primary`` if the
        publication itself was seen, ``secondary`` if it is quoted, ``local`` for a user's set.
    constraints : tuple of Constraint
        In the order of the file.
    together_with : tuple of str
        Sets without which this one must not be used.
    sha256 : str
        Hash of the file, for the report.
    text : str
        The file itself, so that a result can keep the limits it was judged with.
    """

    name: str
    title: str
    date: str
    citation: str
    evidence: str
    constraints: tuple[Constraint, ...]
    note: str = ""
    together_with: tuple[str, ...] = ()
    sha256: str = ""
    text: str = field(default="", repr=False)


def check_text(text: str) -> tuple[list[Problem], ConstraintSet | None]:
    """Read a constraint set from JSON text.

    Returns
    -------
    list of Problem, ConstraintSet or None
        Every problem found in the order of lines; the set only if there is none.
    """
    try:
        content = json.loads(text)
    except json.JSONDecodeError as error:
        return [Problem(error.lineno, f"not JSON: {error.msg} (column {error.colno})")], None
    if not isinstance(content, dict):
        return [Problem(1, "a constraint set is a JSON object with name, title and entries")], None
    top = members(text)
    problems = [*_fields(top, SET_FIELDS, 1), *_version(top)]
    entries = next((m for m in top if m.key == "entries" and isinstance(m.value, list)), None)
    constraints: list[Constraint] = []
    for entry in items(text, entries.start) if entries else []:
        found, constraint = _check_entry(text, entry, str(content.get("name", "")))
        problems.extend(found)
        constraints.extend([constraint] if constraint else [])
    if entries and not entries.value:
        problems.append(Problem(entries.line, "the set has no entries"))
    problems.extend(_repeated(text, entries))
    if problems:
        return sorted(problems), None
    return [], _constraint_set(content, tuple(constraints), text)


def _constraint_set(
    content: Mapping[str, Any], constraints: tuple[Constraint, ...], text: str
) -> ConstraintSet:
    return ConstraintSet(
        name=content["name"],
        title=content["title"],
        date=content["date"],
        citation=content["citation"],
        evidence=content["evidence"],
        constraints=constraints,
        note=content.get("note", ""),
        together_with=tuple(content.get("together_with", ())),
        sha256=hashlib.sha256(text.encode("utf-8")).hexdigest(),
        text=text,
    )


def _check_entry(
    text: str, entry: Placed, set_name: str
) -> tuple[list[Problem], Constraint | None]:
    if not isinstance(entry.value, dict):
        return [Problem(entry.line, "an entry is an object in braces")], None
    placed = members(text, entry.start)
    problems = list(_fields(placed, ENTRY_FIELDS, entry.line))
    condition = next((m for m in placed if m.key == "condition"), None)
    if condition and isinstance(condition.value, dict):
        inner = members(text, condition.start)
        problems.extend(_fields(inner, CONDITION_FIELDS, condition.line))
    if problems:
        return problems, None
    lines = {m.key: m.line for m in placed}
    try:
        constraint = constraint_from(entry.value, set_name)
    except ProtocolError as error:
        return [Problem(lines["metric"], str(error))], None
    is_open = entry.value.get("alpha_beta_gy") == OPEN_ALPHA_BETA
    wrong = [*nonsense_in(constraint, alpha_beta_open=is_open), *_organ(entry.value)]
    if is_open and constraint.hardness is Hardness.HARD:
        wrong.append(("alpha_beta_gy", "a limit without stated alpha/beta cannot be hard"))
    if constraint.quantity is Quantity.EQDX and "eqd_x_gy" not in lines:
        wrong.append(("quantity", "a limit in EQDx needs eqd_x_gy, the dose per fraction X"))
    return [Problem(lines.get(field, entry.line), message) for field, message in wrong], constraint


def constraint_from(entry: Mapping[str, Any], set_name: str) -> Constraint:
    """Build the constraint of an entry whose fields have been checked.

    Raises
    ------
    ProtocolError
        A metric that is not one.
    """
    limit, range_, model = _limit(entry["limit"])
    alpha_beta = entry.get("alpha_beta_gy")
    return Constraint(
        id=f"{set_name}/{entry['id']}",
        set_name=set_name,
        organ=entry["organ"],
        metric=Metric.parse(entry["metric"]),
        relation=Relation(entry["relation"]),
        limit=limit,
        unit=entry["unit"],
        quantity=Quantity(entry["quantity"]),
        alpha_beta_gy=None if alpha_beta in (None, OPEN_ALPHA_BETA) else float(alpha_beta),
        eqd_x_gy=float(entry.get("eqd_x_gy", 2.0)),
        n_fractions=entry.get("n_fractions"),
        scope=Scope(entry["scope"]),
        measure=Measure(entry.get("measure", Measure.METRIC.value)),
        limit_range=range_,
        limit_model=model,
        condition=Condition(**entry.get("condition", {})),
        hardness=Hardness(entry["hardness"]),
        recovery_contained=entry.get("recovery_contained", False),
        recovery_rule=entry.get("recovery_rule", "none"),
        source=entry["source"],
        evidence=entry["evidence"],
        note=entry.get("note", ""),
        unusable=entry.get("unusable", ""),
    )


def _limit(
    value: float | str | Mapping[str, str],
) -> tuple[float | None, tuple[float, float] | None, str]:
    if isinstance(value, Mapping):
        return None, None, value["model"]
    found = RANGE.fullmatch(value) if isinstance(value, str) else None
    if found:
        return None, (float(found[1]), float(found[2])), ""
    return float(value), None, ""


def _organ(entry: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if entry.get("custom_organ", False):
        return
    for organ in entry["organ"].split("|"):
        if not is_standard_name(organ):
            near = difflib.get_close_matches(organ, known_names(), n=1, cutoff=0.5)
            hint = f"; did you mean {near[0]}?" if near else ""
            yield (
                "organ",
                f"'{organ}' is not a standard name, so the limit would never be \
applied{hint} (or set custom_organ to true)",
            )


def _version(top: list[Placed]) -> Iterator[Problem]:
    for member in top:
        if member.key == "schema_version" and member.value != SCHEMA_VERSION:
            yield Problem(member.line, f"schema_version must be {SCHEMA_VERSION}")


def _repeated(text: str, entries: Placed | None) -> Iterator[Problem]:
    first: dict[str, int] = {}
    for entry in items(text, entries.start) if entries else []:
        name = entry.value.get("id") if isinstance(entry.value, dict) else None
        if isinstance(name, str) and name in first:
            yield Problem(entry.line, f"id '{name}' was already used in line {first[name]}")
        elif isinstance(name, str):
            first[name] = entry.line


def _fields(
    placed: list[Placed], allowed: Mapping[str, tuple[bool, str, Callable[[Any], bool]]], line: int
) -> Iterator[Problem]:
    """Check that every field is known, given once, of the right form, and none is missing."""
    seen: set[str] = set()
    for member in placed:
        if member.key not in allowed:
            near = difflib.get_close_matches(member.key, allowed, n=1)
            hint = f"; did you mean '{near[0]}'?" if near else ""
            yield Problem(member.line, f"unknown field '{member.key}'{hint}")
        elif member.key in seen:
            yield Problem(member.line, f"field '{member.key}' is given twice")
        elif not allowed[member.key][2](member.value):
            shown = json.dumps(member.value, ensure_ascii=False)
            want = allowed[member.key][1]
            yield Problem(member.line, f"{member.key} is {shown}; it must be {want}")
        seen.add(member.key)
    for name, (required, want, _) in allowed.items():
        if required and name not in seen:
            yield Problem(line, f"field '{name}' is missing; it must be {want}")
