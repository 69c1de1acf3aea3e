"""Recovery rules as data: what a rule is, and how a file of rules is read and checked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from .errors import ProtocolError
from .radiobiology import require_recovery

RULES_FILE = Path(__file__).parent / "protocols" / "recovery.json"
FORMS = ("none", "steps", "annual", "custom")
EVIDENCE = {
    "P": "primary source seen",
    "S": "secondary source seen",
    "J": "judgement of this project",
}


@dataclass(frozen=True)
class RecoveryStep:
    """One step of a rule: from an interval on (or above it) this fraction holds.

    ``fraction`` is None where the source names no value that can be used.
    """

    months: float
    inclusive: bool
    fraction: float | None

    def reached(self, months: float) -> bool:
        """Return whether an interval in months has reached this step."""
        return months >= self.months if self.inclusive else months > self.months


@dataclass(frozen=True)
class OrganSteps:
    """Steps for the organs of the given standard names (empty: every organ at risk)."""

    names: tuple[str, ...]
    steps: tuple[RecoveryStep, ...]
    note: str = ""

    def covers(self, organ: str) -> bool:
        """Return whether an organ is meant; ``SacralPlex_L`` is covered by ``SacralPlex``."""
        return not self.names or organ in self.names or side_free(organ) in self.names


@dataclass(frozen=True)
class RecoveryRule:
    """A rule for the part of a prior course's EQD2 that is not counted.

    Parameters
    ----------
    id : str
        Name used on the command line, in case files and reports.
    form : str
        ``none``, ``steps``, ``annual`` or ``custom``.
    source : str
        Publication (or, for ``custom``, the justification of the user).
    evidence : str
        Key of `EVIDENCE`.
    organs : tuple of OrganSteps
        For ``steps``: first entry that covers the organ holds; none covers it: no recovery.
    per_year, cap : float
        For ``annual``: recovery for each year, and its maximum.
    fraction : float
        For ``custom``: the value.
    alpha_beta_gy : float, optional
        Alpha/beta the rule was stated for, Gy, where it was.

    Raises
    ------
    ProtocolError
        No source, unknown form or evidence, a fraction outside 0..1.
    """

    id: str
    title: str
    form: str
    source: str
    evidence: str
    note: str = ""
    organs: tuple[OrganSteps, ...] = ()
    per_year: float = 0.0
    cap: float = 1.0
    fraction: float | None = None
    alpha_beta_gy: float | None = None

    def __post_init__(self) -> None:
        """Refuse a rule nobody could audit."""
        if not self.id.strip() or not self.source.strip():
            msg = f"recovery rule '{self.id}' names no source; state where its values come from"
            raise ProtocolError(msg)
        if self.form not in FORMS or self.evidence not in EVIDENCE:
            msg = (
                f"recovery rule '{self.id}' has form '{self.form}' and evidence '{self.evidence}'; "
                f"forms are {', '.join(FORMS)}, evidence is {', '.join(EVIDENCE)}"
            )
            raise ProtocolError(msg)
        fractions = [step.fraction for entry in self.organs for step in entry.steps]
        for value in (*fractions, self.fraction, self.cap):
            if value is not None and not 0 <= value <= 1:
                msg = f"recovery rule '{self.id}' holds {value:g}, which is not between 0 and 1"
                raise ProtocolError(msg)


@dataclass(frozen=True)
class Contradiction:
    """A publication that contradicts any recovery of these organs."""

    names: tuple[str, ...]
    text: str
    source: str

    def concerns(self, organ: str) -> bool:
        """Return whether an organ (standard name) is meant."""
        return organ in self.names or side_free(organ) in self.names


def side_free(organ: str) -> str:
    """Return a standard name without its laterality suffix."""
    return organ[:-2] if organ.endswith(("_L", "_R")) else organ


def custom_rule(fraction: float, justification: str) -> RecoveryRule:
    """Return the rule "this value, for this reason" of the user.

    Raises
    ------
    ProtocolError
        No justification. `RadiobiologyError` if the value is not in 0..1.
    """
    value = require_recovery(fraction)
    if not justification.strip():
        msg = f"a recovery of {value:g} chosen by hand needs a justification in words"
        raise ProtocolError(msg)
    title = "Value given by the user"
    return RecoveryRule("custom", title, "custom", justification.strip(), "J", fraction=value)


def load_recovery_rules(path: Path) -> dict[str, RecoveryRule]:
    """Read a file of recovery rules (same format as ``protocols/recovery.json``).

    Raises
    ------
    ProtocolError
        Not such a file, an entry without a source, a rule named twice, steps out of order.
    """
    data = _read(path)
    rules: dict[str, RecoveryRule] = {}
    for entry in data["rules"]:
        rule = _rule_from(entry, path.name)
        if rule.id in rules:
            msg = f"{path.name} names the recovery rule '{rule.id}' twice"
            raise ProtocolError(msg)
        rules[rule.id] = rule
    return rules


@cache
def built_in_rules() -> Mapping[str, RecoveryRule]:
    """Return the rules that come with the program, by id."""
    return load_recovery_rules(RULES_FILE)


@cache
def contradictions() -> tuple[Contradiction, ...]:
    """Return what must stand next to a recovery of the organs it concerns."""
    entries = _read(RULES_FILE)["contradictions"]
    return tuple(Contradiction(tuple(e["names"]), e["text"], e["source"]) for e in entries)


def _read(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, json.JSONDecodeError) as error:
        msg = f"{path.name} cannot be read as recovery rules: {error}"
        raise ProtocolError(msg) from error
    if not isinstance(data, dict) or data.get("type") != "recovery-rules" or "rules" not in data:
        msg = f"{path.name} is not a file of recovery rules (type 'recovery-rules' with 'rules')"
        raise ProtocolError(msg)
    return data


def _rule_from(entry: Mapping[str, Any], file: str) -> RecoveryRule:
    try:
        organs = [
            OrganSteps(tuple(organ["names"]), _steps(organ), organ.get("note", ""))
            for organ in entry.get("organs", ())
        ]
        if "steps" in entry:
            organs.append(OrganSteps((), _steps(entry)))
        return RecoveryRule(
            id=entry["id"],
            title=entry["title"],
            form=entry["form"],
            source=entry["source"],
            evidence=entry["evidence"],
            note=entry.get("note", ""),
            organs=tuple(organs) if entry["form"] == "steps" else (),
            per_year=float(entry.get("per_year", 0.0)),
            cap=float(entry.get("cap", 1.0)),
            alpha_beta_gy=entry.get("alpha_beta_gy"),
        )
    except (KeyError, TypeError, AttributeError) as error:
        name = entry.get("id", "?") if isinstance(entry, Mapping) else "?"
        msg = f"recovery rule '{name}' of {file} is not complete: {error}"
        raise ProtocolError(msg) from error


def _steps(organ: Mapping[str, Any]) -> tuple[RecoveryStep, ...]:
    steps = []
    for step in organ["steps"]:
        inclusive = "from_months" in step
        months = float(step["from_months"] if inclusive else step["above_months"])
        steps.append(RecoveryStep(months, inclusive, step["fraction"]))
    if any(a.months >= b.months for a, b in pairwise(steps)):
        msg = f"the steps of a recovery rule are not in ascending order: {organ['steps']}"
        raise ProtocolError(msg)
    return tuple(steps)
