"""What differs between two results, and why, in words."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .case import Case
from .case_file import case_to_json
from .case_history import changes_of
from .errors import RefusedError

# Smaller differences than this share of a value are those of rounding on another machine.
ROUNDING = 1e-6
MOST_VALUES = 20
SMALLEST_GY = 1e-9
NOT_COMPARED = ("paths", "de_identify")


@dataclass(frozen=True)
class ResultFolder:
    """What a run left behind, as far as it is compared: results.json and case.json."""

    name: str
    results: Mapping[str, Any]
    case: Mapping[str, Any]

    @classmethod
    def read(cls, folder: Path) -> ResultFolder:
        """Read a folder with results.

        Raises
        ------
        RefusedError
            No results.json in the folder, or files that are not what they should be.
        """
        case = folder / "case.json"
        results = _read(folder / "results.json")
        return cls(str(folder), results, _read(case) if case.exists() else {})


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        reason = f"{path}: cannot be read ({error}); name a folder that an evaluation wrote"
        raise RefusedError(reason) from error
    if not isinstance(content, dict):
        reason = f"{path}: is not a result of this program; name a folder that an evaluation wrote"
        raise RefusedError(reason)
    return content


def compare(a: ResultFolder, b: ResultFolder) -> dict[str, list[str]]:
    """Return the differences from ``a`` to ``b`` by heading, sentences under each.

    The first three headings are the reasons (inputs, choices, versions), the others what became of
    them (verdicts, then values, largest change first). Headings without differences are left out.
    """
    found = {
        "inputs": list(_inputs(a.results, b.results)),
        "choices": _choices(a, b),
        "versions": list(_versions(a.results, b.results)),
        "verdicts": list(_verdicts(a.results, b.results)),
        "isotoxic": list(_isotoxic(a.results, b.results)),
        "values": _values(a.results, b.results),
        "registrations": list(_registrations(a.results, b.results)),
        "warnings": list(_warnings(a.results, b.results)),
    }
    return {heading: lines for heading, lines in found.items() if lines}


def what_changed(
    saved: Mapping[str, Any], live: Mapping[str, Any], before: Case, after: Case
) -> dict[str, list[str]]:
    """Return what other choices on the same doses changed, by heading, sentences under each.

    Parameters
    ----------
    saved : mapping
        Content of results.json.
    live : mapping
        ``LiveResult.as_results()``; parts that are not in it are not compared.
    before, after : Case
        Choices of both.
    """
    found = {
        "choices": list(changes_of(case_to_json(before), case_to_json(after))),
        "verdicts": list(_verdicts(saved, live)),
        "isotoxic": list(_isotoxic(saved, live)) if "isotoxic" in live else [],
        "values": _values(saved, live) if "structures" in live else [],
    }
    return {heading: lines for heading, lines in found.items() if lines}


def comparison_text(a: ResultFolder, b: ResultFolder) -> str:
    """Return the comparison as text for a terminal."""
    found = compare(a, b)
    if not found:
        return f"{a.name} and {b.name} say the same."
    lines = [f"from {a.name} to {b.name}:"]
    if not {"inputs", "choices", "versions"} & set(found):
        lines.append(
            "same files, choices and versions: what differs comes from the computer, or from a "
            "program changed without a new version"
        )
    for heading, sentences in found.items():
        lines += ["", f"{heading} that differ:", *(f"  {sentence}" for sentence in sentences)]
    return "\n".join(lines)


def _inputs(a: Mapping[str, Any], b: Mapping[str, Any]) -> Iterator[str]:
    if "files" not in a or "files" not in b:
        yield from _hashes(a, b)
        return
    old, new = ({f["sha256"]: f for f in side["files"]} for side in (a, b))
    gone = [_file(old[key]) for key in old if key not in new]
    come = [_file(new[key]) for key in new if key not in old]
    yield from (f"only in the first: {line}" for line in gone)
    yield from (f"only in the second: {line}" for line in come)
    for key in old.keys() & new.keys():
        if old[key]["course"] != new[key]["course"]:
            was, now = old[key]["course"], new[key]["course"]
            yield f"{_file(new[key])} belonged to {was} in the first and belongs to {now} now"


def _hashes(a: Mapping[str, Any], b: Mapping[str, Any]) -> Iterator[str]:
    if a.get("input_hash") != b.get("input_hash"):
        yield "the input hash; an old result does not list its files, so choices may be the reason"


def _file(file: Mapping[str, Any]) -> str:
    return f"{file['modality']} of {file['course']}, {file['name']} ({file['sha256'][:12]})"


def _choices(a: ResultFolder, b: ResultFolder) -> list[str]:
    sides = ({k: v for k, v in s.case.items() if k not in NOT_COMPARED} for s in (a, b))
    lines = list(changes_of(*sides))
    if bool(a.case) != bool(b.case):
        lines = [f"{(b if a.case else a).name} has no case.json: its choices are not known"]
    return lines


def _versions(a: Mapping[str, Any], b: Mapping[str, Any]) -> Iterator[str]:
    named = [_named_versions(side) for side in (a, b)]
    for name in dict.fromkeys((*named[0], *named[1])):
        old, new = (side.get(name, "absent") for side in named)
        if old != new:
            yield f"{name}: {old} became {new}"


def _named_versions(results: Mapping[str, Any]) -> dict[str, str]:
    software = results.get("software", {})
    found = {software.get("name", "program"): software.get("version", "unknown")}
    found.update(results.get("libraries", {}))
    for protocol in results.get("protocols", ()):
        stamp = f"{protocol.get('date')} ({str(protocol.get('sha256'))[:12]})"
        found[f"constraint set {protocol['name']}"] = stamp
    return found


def _limit_key(row: Mapping[str, Any]) -> tuple[Any, ...]:
    keys = (
        "id",
        "structure",
        "metric",
        "quantity",
        "alpha_beta_gy",
        "scope",
        "course",
        "set",
        "unit",
    )
    return tuple(row.get(key) for key in keys)


def _limits(results: Mapping[str, Any]) -> dict[tuple[Any, ...], Mapping[str, Any]]:
    return {_limit_key(row): row for row in results.get("constraints", ())}


def _verdicts(a: Mapping[str, Any], b: Mapping[str, Any]) -> Iterator[str]:
    old, new = _limits(a), _limits(b)
    for key in dict.fromkeys((*old, *new)):
        if key not in new:
            yield f"{_limit_name(old[key])}: is not judged any more"
        elif key not in old:
            yield f"{_limit_name(new[key])}: is judged now, {new[key]['verdict']}"
        elif old[key]["verdict"] != new[key]["verdict"]:
            was, now = old[key], new[key]
            yield (
                f"{_limit_name(now)}: {was['verdict']} became {now['verdict']} "
                f"({_amount(was['value'], now['unit'])} became {_amount(now['value'], now['unit'])}"
                f", limit {now['limit']} {now['unit']})"
            )


def _limit_name(row: Mapping[str, Any]) -> str:
    return f"{row['structure']} {row['metric']} {row['quantity']} {row['scope']} ({row['set']})"


def _isotoxic(a: Mapping[str, Any], b: Mapping[str, Any]) -> Iterator[str]:
    old, new = (
        (side.get("isotoxic") or {}).get("max_prescription_gy") for side in (a, b)
    )  # fmt: skip
    if _differs(old, new):
        yield f"largest prescription: {_amount(old, 'Gy')} became {_amount(new, 'Gy')}"


def _values(a: Mapping[str, Any], b: Mapping[str, Any]) -> list[str]:
    """Sentences on changed metrics and structures, the largest change first."""
    old, new = _metrics(a), _metrics(b)
    changed = [
        (_size(old[key], new[key]), f"{' '.join(key[:4])}: {_step(old[key], new[key], key[4])}")
        for key in old
        if key in new and _differs(old[key], new[key])
    ]
    lines = [line for _, line in sorted(changed, key=lambda item: -item[0])]
    left = len(lines) - MOST_VALUES
    lines = lines[:MOST_VALUES] + ([f"and {left} smaller changes"] if left > 0 else [])
    names = [dict.fromkeys(s["name"] for s in side.get("structures", ())) for side in (a, b)]
    lines += [f"structure {name} is only in the first" for name in names[0] if name not in names[1]]
    lines += [f"structure {n} is only in the second" for n in names[1] if n not in names[0]]
    return lines


def _metrics(results: Mapping[str, Any]) -> dict[tuple[str, ...], float | None]:
    return {
        (s["name"], m["metric"], m["quantity"], m["course"], m["unit"]): m["value"]
        for s in results.get("structures", ())
        for m in s["metrics"]
    }


def _differs(old: float | None, new: float | None) -> bool:
    if old is None or new is None:
        return old is not new
    return not math.isclose(old, new, rel_tol=ROUNDING, abs_tol=SMALLEST_GY)


def _size(old: float | None, new: float | None) -> float:
    return math.inf if old is None or new is None else abs(new - old)


def _step(old: float | None, new: float | None, unit: str) -> str:
    step = "" if old is None or new is None else f" ({new - old:+.3g} {unit})"
    return f"{_amount(old, unit)} became {_amount(new, unit)}{step}"


def _amount(value: float | None, unit: str) -> str:
    return "not known" if value is None else f"{value:.2f} {unit}"


def _registrations(a: Mapping[str, Any], b: Mapping[str, Any]) -> Iterator[str]:
    sides = [{r["course"]: r for r in side.get("registrations", ())} for side in (a, b)]
    for course in dict.fromkeys((*sides[0], *sides[1])):
        old, new = (side.get(course, {}) for side in sides)
        for key in ("mode", "engine", "approved_by"):
            if old.get(key) != new.get(key):
                yield f"{course}: {key.replace('_', ' ')} {old.get(key)} became {new.get(key)}"


def _warnings(a: Mapping[str, Any], b: Mapping[str, Any]) -> Iterator[str]:
    old, new = (dict.fromkeys(side.get("warnings", ())) for side in (a, b))
    yield from _only(old, new, "gone")
    yield from _only(new, old, "new")


def _only(these: Iterable[str], others: Iterable[str], word: str) -> Iterator[str]:
    known = set(others)
    return (f"{word}: {text}" for text in these if text not in known)
