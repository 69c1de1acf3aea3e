"""Uncertainty of one organ: its limits under every scenario, one table, and the intervals."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from .accumulation import OrganDoses
from .constraints import Constraint, Measure, Quantity, Relation, Scope
from .courses import StructureKind
from .dvh import MetricValue
from .judgement import CUMULATIVE, STANDARD_METRICS, OrganJudge
from .limits import AppliedLimit, limit_value
from .mapping_scenarios import MappingScenario
from .metrics import Metric
from .uncertainty import SensitivityRow, Spread, sensitivity, spread
from .uncertainty_choice import UncertaintyChoice

WITHOUT_LIMIT = "D0.1cc"
UNKNOWN = float("nan")
Band = tuple[float, float]
Key = tuple[str, str, float, float | None]


@dataclass(eq=False)
class OrganUncertainty:
    """Collects the values of one organ scenario by scenario; no dose is kept.

    Parameters
    ----------
    judge : OrganJudge
        The organ with its nominal doses.
    limits : sequence of AppliedLimit
        Cumulative limits that apply to it.
    choice : UncertaintyChoice
        What enters the verdicts, and the ranges of the sensitivity.
    """

    judge: OrganJudge
    limits: Sequence[AppliedLimit]
    choice: UncertaintyChoice
    columns: dict[Key, Constraint] = field(init=False)
    nominal: dict[Key, float | None] = field(init=False)
    rows: list[dict[str, Any]] = field(init=False, default_factory=list)
    _chosen: dict[Key, list[float | None]] = field(init=False)
    _bands: dict[tuple[AppliedLimit, bool], list[float | None]] = field(init=False)
    _metrics: dict[str, list[float | None]] = field(init=False)

    def __post_init__(self) -> None:
        """Choose the columns of the table: the limits of the organ, else its near-maximum."""
        asked = [limit.constraint for limit in self.limits] or [_near_maximum(self.judge)]
        self.columns = {_key(c): c for c in asked}
        self.nominal = {key: self._value(c, self.judge) for key, c in self.columns.items()}
        self._chosen = {key: [] for key in self.columns}
        self._bands = {(one, kept): [] for one in self.limits for kept in (True, False)}
        names = dict.fromkeys([*STANDARD_METRICS, *(c.metric.name for c in asked)])
        self._metrics = {name: [] for name in names}

    def add(self, scenario: MappingScenario) -> None:
        """Evaluate the organ under one other mapping."""
        judge = OrganJudge(self.judge.model, scenario.doses, self.judge.planned_id)
        values = {key: self._value(c, judge) for key, c in self.columns.items() if _has(c, judge)}
        self._row(scenario.group, scenario.name, values)
        if scenario.group not in self.choice.groups:
            return
        for key, value in values.items():
            self._chosen[key].append(value)
        recovered = any(judge.model.recovery_fractions.values())
        for (limit, counted), found in self._bands.items():
            if _has(limit.constraint, judge):
                found.append(
                    self._value(limit.constraint, judge, recovered=counted or not recovered)
                )
        for name, found in self._metrics.items():
            if _has_metric(Metric.parse(name), judge):
                found.append(_of_metric(name, judge))

    def add_sensitivity(self) -> None:
        """Add the rows for other alpha/beta and, for organs at risk, other recovery."""
        courses = list(self.judge.doses.priors)
        chosen = [self.judge.model.recovery_fractions.get(course, 0.0) for course in courses]
        rows: dict[tuple[float, str], dict[Key, float | None]] = {}
        for key, constraint in self.columns.items():
            for row in self._sensitivity(constraint, courses, chosen):
                rows.setdefault((row.alpha_beta_gy, row.recovery), {})[key] = row.value
        for (alpha_beta, recovery), values in sorted(rows.items(), key=lambda item: item[0][0]):
            name = f"alpha/beta {alpha_beta:g} Gy"
            name += f", recovery {recovery}" if courses and self._recovers else ""
            self._row("sensitivity", name, values)

    @property
    def _recovers(self) -> bool:
        return self.judge.model.kind is not StructureKind.TARGET

    def _sensitivity(
        self, constraint: Constraint, courses: Sequence[str], chosen: Sequence[float]
    ) -> Iterator[SensitivityRow]:
        """Rows of one column; without recovery to vary only those of the chosen one."""
        alpha_beta = constraint.alpha_beta_gy or self.judge.model.alpha_beta_gy
        varied = self.choice.alpha_beta_range_gy if self._recovers else ()
        vary_recovery = courses and self._recovers and not constraint.recovery_contained

        def evaluate(value: float, fractions: tuple[float, ...]) -> float | None:
            kept = dict(zip(courses, fractions, strict=True))
            judge = _with_recovery(self.judge, kept)
            return self._value(replace(constraint, alpha_beta_gy=value), judge)

        names = None if vary_recovery else ("chosen",)
        yield from sensitivity(
            evaluate, alpha_beta, chosen, varied, self.choice.recovery_high, names
        )

    def _value(
        self, constraint: Constraint, judge: OrganJudge, *, recovered: bool = True
    ) -> float | None:
        with_recovery = recovered and not constraint.recovery_contained
        value = limit_value(constraint, judge, judge.planned_id, recovered=with_recovery)
        return _known(value)

    def _row(self, group: str, name: str, values: Mapping[Key, float | None]) -> None:
        cells = [values.get(key) for key in self.columns]
        unknown = [key in values and values[key] is None for key in self.columns]
        row: dict[str, Any] = {"group": group, "scenario": name, "values": cells}
        if any(unknown):
            row["note"] = "not known: dose outside a dose grid or the registration is needed"
        self.rows.append(row)

    def bands(self) -> dict[tuple[AppliedLimit, bool], Band]:
        """Interval of each limit, with (True) and without recovery; NaN where it is not known.

        Empty if no scenario that enters the verdicts applies to the organ.
        """
        return {
            key: _band(self._value(key[0].constraint, self.judge, recovered=key[1]), found)
            for key, found in self._bands.items()
            if found
        }

    def metric_intervals(self) -> dict[str, Band]:
        """Interval of each cumulative EQD2 metric; one that is not known is left out."""
        return {
            name: band
            for name, found in self._metrics.items()
            if found and (band := spread(_of_metric(name, self.judge), found).band)
        }

    def table(self) -> dict[str, Any]:
        """Return the table of the organ as results.json has it."""
        return {
            "structure": self.judge.model.name,
            "columns": [self._column(number, key) for number, key in enumerate(self.columns)],
            "rows": self.rows,
        }

    def _column(self, number: int, key: Key) -> dict[str, Any]:
        constraint = self.columns[key]
        values = [row["values"][number] for row in self.rows]
        known = [v for v in [self.nominal[key], *values] if v is not None]
        chosen = self._chosen[key]
        over = spread(self.nominal[key], chosen) if chosen else Spread(None, None, None, None)
        return {
            "metric": constraint.metric_name,
            "quantity": constraint.quantity.value,
            "alpha_beta_gy": constraint.alpha_beta_gy or self.judge.model.alpha_beta_gy,
            "unit": constraint.unit,
            "limit": constraint.limit,
            "nominal": self.nominal[key],
            "minimum": min(known, default=None),
            "maximum": max(known, default=None),
            "median": over.median,
            "interval": None if over.band is None else list(over.band),
            "interval_known": None if not chosen else over.band is not None,
        }


def cumulative_limits(judge: OrganJudge, applied: Iterable[AppliedLimit]) -> list[AppliedLimit]:
    """Limits of an organ whose value depends on the prior dose and can be computed."""
    return [
        limit
        for limit in applied
        if limit.organ is judge
        and limit.constraint.scope is Scope.CUMULATIVE
        and limit.constraint.measure is not Measure.INTERVAL
        and not limit.constraint.open_question
    ]


def _near_maximum(judge: OrganJudge) -> Constraint:
    """Stand-in for a limit where an organ has none."""
    return Constraint(
        "", "", judge.model.name, Metric.parse(WITHOUT_LIMIT), Relation.AT_MOST, None, "Gy",
        Quantity.EQD2, judge.model.alpha_beta_gy,
    )  # fmt: skip


def _key(constraint: Constraint) -> Key:
    quantity = f"{constraint.quantity.value} {constraint.unit} {constraint.recovery_contained}"
    return constraint.metric_name, quantity, constraint.eqd_x_gy, constraint.alpha_beta_gy


def _known(value: MetricValue) -> float | None:
    return None if value.value is None or value.is_lower_bound else float(value.value)


def _of_metric(name: str, judge: OrganJudge) -> float | None:
    alpha_beta = judge.model.alpha_beta_gy
    return _known(judge.metric(Metric.parse(name), CUMULATIVE, Quantity.EQD2, alpha_beta))


def _has(constraint: Constraint, judge: OrganJudge) -> bool:
    return _has_metric(constraint.metric, judge)


def _has_metric(metric: Metric, judge: OrganJudge) -> bool:
    """Return False for means and volumes of a point sum, which do not exist."""
    return metric.is_near_maximum or all(d.is_voxelwise for d in judge.doses.priors.values())


def _with_recovery(judge: OrganJudge, fractions: Mapping[str, float]) -> OrganJudge:
    model = judge.model
    recovery = {
        course: replace(model.recovery[course], fraction=fraction)
        for course, fraction in fractions.items()
        if course in model.recovery
    }
    doses: OrganDoses = judge.doses
    return OrganJudge(replace(model, recovery=recovery), doses, judge.planned_id)


def _band(nominal: float | None, others: Sequence[float | None]) -> Band:
    return spread(nominal, others).band or (UNKNOWN, UNKNOWN)
