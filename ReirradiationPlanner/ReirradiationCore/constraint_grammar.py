"""The grammar of a constraint line, and what makes no sense in a limit.

A line is::

    organ metric relation number unit ["@" quantity] ["if" condition {"and" condition}]

for example ``Bladder D0.1cc <= 110 Gy @EQD2(ab=3) if interval >= 6 months``. The unit may also
stand at the metric, as TG-263 writes it: ``Lungs V20Gy[%] <= 40 @EQD2(ab=3)``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from .constraints import (
    CLAUSES,
    RADIOBIOLOGICAL,
    Condition,
    Constraint,
    Hardness,
    Measure,
    Quantity,
    Relation,
    Scope,
)
from .errors import ProtocolError
from .metrics import Metric, MetricKind

SPARED_ORGANS = ("Liver", "Kidney", "Lung")
SPARED_VOLUME_CC = 100.0
ALPHA_BETA_RANGE_GY = (0.5, 20.0)

_LINE = re.compile(
    r"(?P<organ>\S+)\s+(?P<metric>[A-Za-z0-9.]+%?)(?:\[(?P<out>Gy|cc|%)\])?\s*"
    r"(?P<relation><=|>=|<|>)\s*(?P<low>\d+(?:\.\d+)?)(?:-(?P<high>\d+(?:\.\d+)?))?\s*"
    r"(?P<unit>Gy|cc|%)?\s*(?:@\s*(?P<quantity>\S+))?\s*(?:\bif\s+(?P<condition>.+))?"
)
_QUANTITY = re.compile(
    r"(?P<name>PHYSICAL|BED|UNKNOWN|EQD(?P<x>\d+(?:\.\d+)?))(?:\(ab=(?P<ab>[\d.]+)\))?"
)
_CLAUSE = re.compile(r"(?P<words>[a-z ]+?)\s*(?P<sign><=|>=|=)\s*(?P<value>\d+(?:\.\d+)?)\s*\D*")


def parse_constraint(text: str, *, set_name: str = "user", source: str = "") -> Constraint:
    """Read one line of the grammar.

    Raises
    ------
    ProtocolError
        A line that is not of the grammar or asks for something that makes no sense; the message
        says what.
    """
    found = _LINE.fullmatch(text.strip())
    if not found:
        msg = f"'{text}' is not a constraint; write: organ metric relation number unit @quantity"
        raise ProtocolError(msg)
    quantity, x_gy, alpha_beta = _read_quantity(found["quantity"] or "UNKNOWN")
    n_fractions, condition = _read_conditions(found["condition"] or "")
    low, high = float(found["low"]), found["high"]
    constraint = Constraint(
        id=f"{set_name}/{found['organ']}/{found['metric']}",
        set_name=set_name,
        organ=found["organ"],
        metric=Metric.parse(found["metric"]),
        relation=Relation(found["relation"]),
        limit=None if high else low,
        unit=_unit(text, found["out"], found["unit"]),
        quantity=quantity,
        alpha_beta_gy=alpha_beta,
        eqd_x_gy=x_gy,
        n_fractions=n_fractions,
        scope=Scope.RERT_ONLY if quantity is Quantity.PHYSICAL else Scope.CUMULATIVE,
        limit_range=(low, float(high)) if high else None,
        condition=condition,
        source=source,
    )
    problems = nonsense_in(constraint)
    if problems:
        msg = f"'{text}': " + "; ".join(message for _, message in problems)
        raise ProtocolError(msg)
    return constraint


def _unit(text: str, output: str | None, unit: str | None) -> str:
    if output and unit and output != unit:
        msg = f"'{text}' asks for [{output}] but limits {unit}"
        raise ProtocolError(msg)
    if not (output or unit):
        msg = f"'{text}' has no unit; write Gy, cc or %"
        raise ProtocolError(msg)
    return unit or output or ""


def _read_quantity(text: str) -> tuple[Quantity, float, float | None]:
    found = _QUANTITY.fullmatch(text)
    if not found:
        msg = f"'{text}' is not a quantity; known are PHYSICAL, EQD2(ab=3), BED(ab=3), EQD1.8(ab=3)"
        raise ProtocolError(msg)
    x_gy = float(found["x"] or 2)
    alpha_beta = float(found["ab"]) if found["ab"] else None
    if found["x"]:
        return (Quantity.EQD2 if x_gy == 2 else Quantity.EQDX), x_gy, alpha_beta
    return Quantity(found["name"]), x_gy, alpha_beta


def _read_conditions(text: str) -> tuple[int | None, Condition]:
    n_fractions, values = None, {}
    by_words = {(words, sign): name for name, (words, sign, _) in CLAUSES.items()}
    for clause in filter(None, (part.strip() for part in text.split(" and "))):
        found = _CLAUSE.fullmatch(clause)
        key = (found["words"], found["sign"]) if found else None
        if found and key == ("fractions", "="):
            n_fractions = int(found["value"])
        elif found and key in by_words:
            name = by_words[key]
            kind = int if name in ("min_fractions", "max_fractions", "max_prior_courses") else float
            values[name] = kind(found["value"])
        else:
            msg = f"'{clause}' is not a condition; known are interval, fractions, dose per \
fraction, prior courses and each course with <=, >= or ="
            raise ProtocolError(msg)
    return n_fractions, Condition(**values)


def nonsense_in(constraint: Constraint, *, alpha_beta_open: bool = False) -> list[tuple[str, str]]:
    """List what makes no sense in a limit.

    Parameters
    ----------
    constraint : Constraint
        The limit as read.
    alpha_beta_open : bool
        True if the entry says that its source does not state alpha/beta.

    Returns
    -------
    list of tuple
        Field of the entry and one sentence on what is wrong with it.
    """
    checks = (_bad_numbers, _bad_unit, _inverted, _bad_dose_type)
    problems = [problem for check in checks for problem in check(constraint)]
    if constraint.quantity in RADIOBIOLOGICAL and not alpha_beta_open:
        problems.extend(_bad_alpha_beta(constraint))
    return problems


def _bad_numbers(c: Constraint) -> Iterator[tuple[str, str]]:
    numbers = c.limit_range or (() if c.limit is None else (c.limit,))
    if any(number <= 0 for number in numbers):
        yield "limit", f"a limit of {c.limit_text} is not above zero"
    if c.limit_range and c.limit_range[0] >= c.limit_range[1]:
        yield "limit", f"the range {c.limit_text} does not go up"
    if c.unit == "%" and any(number > 100 for number in numbers):
        yield "limit", f"{c.limit_text} is more than the whole structure"
    if c.n_fractions is not None and c.n_fractions < 1:
        yield "n_fractions", f"{c.n_fractions} is not a whole number of fractions >= 1"


def _bad_unit(c: Constraint) -> Iterator[tuple[str, str]]:
    units = {Measure.RERT_SHARE: ("ratio",), Measure.INTERVAL: ("months",)}.get(c.measure)
    units = units or (("Gy",) if c.metric.is_dose else ("cc", "%"))
    if c.unit not in units:
        yield "unit", f"{c.metric_name} is given in {' or '.join(units)}, not in {c.unit}"


def _inverted(c: Constraint) -> Iterator[tuple[str, str]]:
    argument = c.metric.argument or 0.0
    spared = any(organ.startswith(SPARED_ORGANS) for organ in c.organs)
    if c.metric.kind is MetricKind.SPARED_VOLUME and c.relation.is_upper:
        yield (
            "relation",
            f"{c.metric.name} is a spared volume: at least so much must stay below \
{argument:g} Gy; write {c.metric.name} >= {c.limit_text}",
        )
    limited = c.relation.is_upper and c.limit is not None
    if spared and limited and c.metric.kind is MetricKind.VOLUME_AT_DOSE and c.unit == "cc":
        yield (
            "metric",
            f"{c.organ} {c.metric.name} < {c.limit_text} limits the irradiated \
volume; if the source asks for a spared volume, write CV{argument:g}Gy >= {c.limit_text}, \
otherwise give the volume in %",
        )
    large = c.metric.kind is MetricKind.DOSE_AT_CC and argument >= SPARED_VOLUME_CC
    if spared and limited and large:
        yield (
            "metric",
            f"{c.organ} {c.metric.name} < {c.limit_text} limits the hottest \
{argument:g} cc; a spared volume is written CV{c.limit:g}Gy >= {argument:g} cc",
        )


def _bad_dose_type(c: Constraint) -> Iterator[tuple[str, str]]:
    if c.quantity is Quantity.UNKNOWN and c.hardness is Hardness.HARD:
        yield "quantity", "a limit of unknown quantity cannot be hard"
    if c.quantity is not Quantity.PHYSICAL:
        return
    if c.scope is Scope.CUMULATIVE:
        yield (
            "scope",
            "physical doses of courses are not summed: a physical limit needs the \
scope rert_only or single_course",
        )
    known = c.n_fractions or c.condition.max_dose_per_fraction_gy
    if not known:
        yield "n_fractions", "a physical limit holds for one fractionation only; give n_fractions"


def _bad_alpha_beta(c: Constraint) -> Iterator[tuple[str, str]]:
    low, high = ALPHA_BETA_RANGE_GY
    if c.alpha_beta_gy is None:
        yield "alpha_beta_gy", f"a limit in {c.quantity.value} needs its alpha/beta in Gy"
    elif not low <= c.alpha_beta_gy <= high:
        yield "alpha_beta_gy", f"alpha/beta {c.alpha_beta_gy:g} Gy is outside {low:g} to {high:g}"
