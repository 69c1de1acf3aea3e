"""Recovery between courses: the part of a prior course's EQD2 that is not counted.

Recovery is a documented judgement, never a default: the rule is ``none`` unless one is named. It
acts on EQD2 (or BED, with the same result), never on physical dose; never on targets, on the
planned course, or under a limit that already contains it; and nothing is credited where a rule, an
organ or an interval is not covered.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from .courses import StructureKind
from .errors import ProtocolError, RadiobiologyError
from .recovery_rules import (
    EVIDENCE,
    OrganSteps,
    RecoveryRule,
    built_in_rules,
    contradictions,
    custom_rule,
)

MONTHS_PER_YEAR = 12.0


@dataclass(frozen=True)
class Recovery:
    """Recovery of one organ between one prior course and the planned course.

    Parameters
    ----------
    fraction : float
        Part of the prior EQD2 that is not counted, 0..1.
    rule_id : str
        Rule it came from.
    source : str
        Publication, or the justification of the user.
    evidence : str
        What of the source was seen, in words.
    note : str
        What must be said beside it; empty if nothing.
    """

    fraction: float
    rule_id: str
    source: str
    evidence: str
    note: str = ""


def find_rule(rule_id: str) -> RecoveryRule:
    """Return a built-in rule.

    Raises
    ------
    ProtocolError
        Unknown name, or ``custom``, which needs `recovery_rules.custom_rule`.
    """
    rules = built_in_rules()
    if rule_id == "custom":
        msg = "recovery 'custom' needs a value and a justification for each organ and course"
        raise ProtocolError(msg)
    if rule_id not in rules:
        known = ", ".join(name for name in rules if name != "custom")
        msg = f"there is no recovery rule '{rule_id}'; known are {known}"
        raise ProtocolError(msg)
    return rules[rule_id]


def recovery_fraction(
    rule: str | RecoveryRule,
    organ: str,
    months: float | None,
    kind: StructureKind = StructureKind.OAR,
) -> Recovery:
    """Return the recovery of an organ after an interval.

    Parameters
    ----------
    rule : str or RecoveryRule
        Name of a built-in rule, or a rule of the user (`recovery_rules.custom_rule`).
    organ : str
        Standard name, with laterality where it has one.
    months : float or None
        From the last fraction of the prior course to the first planned one; None if unknown.
    kind : StructureKind
        Targets and everything that is not an organ at risk recover nothing.

    Raises
    ------
    ProtocolError
        Unknown rule.
    RadiobiologyError
        Negative interval.
    """
    found = find_rule(rule) if isinstance(rule, str) else rule
    if months is not None and (not math.isfinite(months) or months < 0):
        msg = (
            f"the interval before the planned course is {months:.1f} months; a prior course cannot "
            "end after the planned one begins, check the dates"
        )
        raise RadiobiologyError(msg)
    fraction, note = _value_and_note(found, organ, months, kind)
    notes = [note, *_remarks(found, organ, fraction)]
    text = "; ".join(part for part in notes if part)
    return Recovery(fraction, found.id, found.source, EVIDENCE[found.evidence], text)


def custom_recovery(
    fraction: float,
    justification: str,
    kind: StructureKind = StructureKind.OAR,
    organ: str = "",
) -> Recovery:
    """Return a value the user gave with a justification; see `recovery_fraction`.

    Raises
    ------
    ProtocolError
        No justification. `RadiobiologyError` for a value outside 0..1.
    """
    return recovery_fraction(custom_rule(fraction, justification), organ, None, kind)


def _value_and_note(
    rule: RecoveryRule, organ: str, months: float | None, kind: StructureKind
) -> tuple[float, str]:
    if rule.form == "none":
        return 0.0, ""
    if kind is not StructureKind.OAR:
        return 0.0, "recovery is applied to organs at risk only, never to targets"
    if rule.form == "custom":
        return float(rule.fraction or 0.0), ""
    if months is None:
        return 0.0, f"recovery rule '{rule.id}' not applied: the interval is unknown"
    return _value_at(rule, organ, months)


def _value_at(rule: RecoveryRule, organ: str, months: float) -> tuple[float, str]:
    if rule.form == "annual":
        compound = compound_annual_recovery(months, rule.per_year)
        note = f"compounded instead of linear it would be {compound:.3f}"
        return annual_recovery(months, rule.per_year, rule.cap), note
    entry = next((entry for entry in rule.organs if entry.covers(organ)), None)
    if entry is None:
        return 0.0, f"recovery rule '{rule.id}' does not cover {organ or 'an unmatched structure'}"
    return _step_value(rule, entry, months)


def _step_value(rule: RecoveryRule, entry: OrganSteps, months: float) -> tuple[float, str]:
    reached = [step for step in entry.steps if step.reached(months)]
    if not reached:
        note = f"recovery rule '{rule.id}' gives nothing at {months:.1f} months"
        return 0.0, "; ".join(part for part in (note, rule.note, entry.note) if part)
    if reached[-1].fraction is None:
        note = f"recovery rule '{rule.id}' has no usable value at {months:.1f} months: 0 used"
        return 0.0, "; ".join(part for part in (note, entry.note) if part)
    return reached[-1].fraction, entry.note


def _remarks(rule: RecoveryRule, organ: str, fraction: float) -> list[str]:
    """Return the note of the rule and what contradicts it; nothing where nothing is credited."""
    if fraction == 0.0:
        return []
    against = [f"{c.text} ({c.source})" for c in contradictions() if c.concerns(organ)]
    return [rule.note, *against]


def annual_recovery(months: float, per_year: float, cap: float = math.inf) -> float:
    """Return ``per_year`` for each year, linear from the end of the prior course, up to ``cap``."""
    return min(per_year * months / MONTHS_PER_YEAR, cap)


def compound_annual_recovery(months: float, per_year: float) -> float:
    """Return ``1 - (1 - per_year)^years``."""
    return 1.0 - (1.0 - per_year) ** (months / MONTHS_PER_YEAR)


def recovery_under_limit(recovery: Recovery, *, limit_contains_recovery: bool) -> Recovery:
    """Return the recovery that may be used with a limit: none if the limit already contains it.

    The same holds for limits that were derived without any recovery discount.
    """
    if not limit_contains_recovery or recovery.fraction == 0.0:
        return recovery
    note = f"recovery of {recovery.fraction:g} not applied: it is already part of this limit"
    return replace(
        recovery, fraction=0.0, note="; ".join(part for part in (note, recovery.note) if part)
    )
