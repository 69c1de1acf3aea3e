"""Judge one organ: its metrics per course and cumulative, and every limit that applies to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from .accumulation import CourseDose, OrganDoses
from .case import MappingStrategy
from .constraints import Constraint, Quantity
from .dvh import MetricValue, SortedDose
from .metrics import Metric, MetricKind
from .organ_models import OrganModel

CUMULATIVE = "cumulative"
NO_RECOVERY = "cumulative_no_recovery"
ROUNDING = 1e-9
HOT_SHARE = 0.25
STANDARD_METRICS = (
    "Dmax", "D0.03cc", "D0.035cc", "D0.1cc", "D1cc", "D10cc",
    "D2%", "D50%", "D95%", "D98%", "Dmean",
)  # fmt: skip


@dataclass(frozen=True)
class MetricRow:
    """One metric of one organ as it stands in results.json."""

    metric: str
    quantity: str
    course: str
    value: float | None
    unit: str
    note: str = ""
    interval: tuple[float, float] | None = None


@dataclass(eq=False)
class OrganJudge:
    """Metrics of one organ; every distribution is computed and sorted once.

    Parameters
    ----------
    model : OrganModel
        What is assumed of the organ.
    doses : OrganDoses
        Physical doses of all courses at its sample points.
    planned_id : str
        Identifier of the planned course.
    """

    model: OrganModel
    doses: OrganDoses
    planned_id: str
    _sorted: dict[tuple[str, str, float], SortedDose] = field(default_factory=dict, repr=False)

    def metric(
        self, metric: Metric, course: str, quantity: Quantity, alpha_beta_gy: float
    ) -> MetricValue:
        """Value of a metric.

        Parameters
        ----------
        metric : Metric
            What is asked for.
        course : str
            Course id, ``cumulative`` or ``cumulative_no_recovery``.
        quantity : Quantity
            PHYSICAL of one course, EQD2 or BED.
        alpha_beta_gy : float
            Gy; not used for PHYSICAL.
        """
        prior = self.doses.priors.get(course)
        if prior is not None and not prior.is_voxelwise:
            if prior.typed is not None and metric.is_near_maximum:
                return _typed_value(prior, metric, quantity, alpha_beta_gy)
            note = f"prior dose is known as {prior.strategy.value}, not point by point"
            if prior.strategy is MappingStrategy.NOT_EVALUABLE:
                note = prior.note
            return MetricValue(None, "Gy" if metric.is_dose else "cc", note)
        if course not in (CUMULATIVE, NO_RECOVERY):
            return self._metric_of(metric, course, quantity, alpha_beta_gy)
        return self._sum_metric(metric, course, quantity, alpha_beta_gy)

    def _sum_metric(
        self, metric: Metric, course: str, quantity: Quantity, alpha_beta_gy: float
    ) -> MetricValue:
        """Metric of the sum of all courses, those known as point sums added."""
        if self.doses.why_not_evaluable:
            unit = "Gy" if metric.is_dose else "cc"
            return MetricValue(None, unit, self.doses.why_not_evaluable)
        overlap = self.doses.overlap_sum_eqd2(metric, alpha_beta_gy, self._recovery(course))
        if overlap is not None:
            factor = _factor(quantity, alpha_beta_gy)
            return replace(overlap, value=overlap.value and overlap.value * factor)
        value = self._metric_of(metric, course, quantity, alpha_beta_gy)
        added = self.doses.point_sum_eqd2(metric, alpha_beta_gy, self._recovery(course))
        if added is None or value.value is None:
            return value
        if added.value is None:
            return added
        total = value.value + added.value * _factor(quantity, alpha_beta_gy)
        return replace(value, value=total, note=added.note or value.note)

    def largest_possible(
        self, metric: Metric, course: str, quantity: Quantity, alpha_beta_gy: float
    ) -> float | None:
        """Largest value a DxCC of a partly unknown dose can have, whatever the unknown part got.

        If less than the volume asked for is unknown, all of it hottest at worst, the rest of that
        volume is known. None where nothing can be said.
        """
        distribution = self.distribution(course, quantity, alpha_beta_gy)
        unknown_cc = distribution.total_cc - distribution.known_cc
        wanted_cc = metric.argument or 0.0
        if metric.kind is not MetricKind.DOSE_AT_CC or unknown_cc >= wanted_cc * (1 - ROUNDING):
            return None
        if self.doses.point_sum_eqd2(metric, alpha_beta_gy, {}) is not None:
            return None
        return distribution.dose_at_volume(wanted_cc - unknown_cc)

    def with_model(self, model: OrganModel) -> OrganJudge:
        """Return a judge of the same doses with other assumptions; what still holds is kept."""
        kept: dict[tuple[str, str, float], SortedDose] = {}
        if model.alpha_beta_gy == self.model.alpha_beta_gy:
            same = model.recovery_fractions == self.model.recovery_fractions
            kept = {key: s for key, s in self._sorted.items() if same or key[0] != CUMULATIVE}
        return OrganJudge(model, self.doses, self.planned_id, kept)

    def scaled(self, factor: float) -> OrganJudge:
        """Return a judge of the same organ with the planned course multiplied by ``factor``."""
        return OrganJudge(self.model, self.doses.scaled(factor), self.planned_id)

    def _metric_of(
        self, metric: Metric, course: str, quantity: Quantity, alpha_beta_gy: float
    ) -> MetricValue:
        """Metric of a distribution, of its hot points alone where these decide it."""
        volume_cc, total_cc = metric.argument or 0.0, self.doses.samples.volume_cc
        by_volume = metric.kind in (MetricKind.DOSE_AT_CC, MetricKind.MAXIMUM)
        is_sorted = (course, quantity.value, alpha_beta_gy) in self._sorted
        if is_sorted or not by_volume or volume_cc > HOT_SHARE * total_cc:
            return self.distribution(course, quantity, alpha_beta_gy).metric(metric)
        key = (course, f"{quantity.value} hottest {volume_cc:g} cc", alpha_beta_gy)
        if key not in self._sorted:
            part = self.doses.hottest(volume_cc)
            values = self._values(part, course, quantity, alpha_beta_gy)
            self._sorted[key] = SortedDose(values, part.samples.volumes_cc, total_cc)
        return self._sorted[key].metric(metric)

    def distribution(self, course: str, quantity: Quantity, alpha_beta_gy: float) -> SortedDose:
        """Sorted distribution of one course or of the sum."""
        key = (course, quantity.value, alpha_beta_gy)
        if key not in self._sorted:
            values = self.values(course, quantity, alpha_beta_gy)
            self._sorted[key] = SortedDose(values, self.doses.samples.volumes_cc)
        return self._sorted[key]

    def values(
        self, course: str, quantity: Quantity, alpha_beta_gy: float
    ) -> npt.NDArray[np.floating]:
        """Dose at every sample point (N,), Gy of ``quantity``; NaN where unknown."""
        return self._values(self.doses, course, quantity, alpha_beta_gy)

    def _values(
        self, doses: OrganDoses, course: str, quantity: Quantity, alpha_beta_gy: float
    ) -> npt.NDArray[np.floating]:
        if course in (CUMULATIVE, NO_RECOVERY):
            eqd2 = doses.cumulative_eqd2(alpha_beta_gy, self._recovery(course))
            return eqd2 * _factor(quantity, alpha_beta_gy)
        dose = doses.planned if course == self.planned_id else doses.priors[course]
        if quantity is Quantity.PHYSICAL:
            return dose.physical()
        return dose.eqd2(alpha_beta_gy) * _factor(quantity, alpha_beta_gy)

    def _recovery(self, course: str) -> dict[str, float]:
        return self.model.recovery_fractions if course == CUMULATIVE else {}

    def rows(self, extra: Sequence[Constraint] = ()) -> list[MetricRow]:
        """Metrics of contract.md: every course and cumulative, with those the limits name."""
        names = [*STANDARD_METRICS, *(limit.metric.name for limit in extra)]
        metrics = [Metric.parse(name) for name in dict.fromkeys(names)]
        alpha_beta = self.model.alpha_beta_gy
        rows = []
        for course in (*self.doses.priors, self.planned_id):
            for quantity, note in ((Quantity.PHYSICAL, ""), (Quantity.EQD2, "before recovery")):
                self._sort_once(course, quantity)
                rows += [self._row(m, course, quantity, alpha_beta, note) for m in metrics]
        for course in (CUMULATIVE, NO_RECOVERY):
            self._sort_once(course, Quantity.EQD2)
            rows += [self._row(m, course, Quantity.EQD2, alpha_beta, "") for m in metrics]
        return rows

    def _sort_once(self, course: str, quantity: Quantity) -> None:
        """Sort the whole distribution before many metrics are asked of it."""
        prior = self.doses.priors.get(course)
        if prior is None or prior.is_voxelwise:
            self.distribution(course, quantity, self.model.alpha_beta_gy)

    def _row(
        self, metric: Metric, course: str, quantity: Quantity, alpha_beta_gy: float, note: str
    ) -> MetricRow:
        value = self.metric(metric, course, quantity, alpha_beta_gy)
        notes = "; ".join(text for text in (note, value.note) if text)
        return MetricRow(metric.name, quantity.value, course, value.value, value.unit, notes)

    def hottest_point(self, volume_cc: float = 0.1) -> tuple[npt.NDArray[np.float64], float] | None:
        """Position (3,) LPS, mm, and cumulative EQD2, Gy, of the hottest sample; None if unknown.

        The position is the sample of the hottest ``volume_cc`` that is nearest to its centre.
        """
        values = self.values(CUMULATIVE, Quantity.EQD2, self.model.alpha_beta_gy)
        if np.isnan(values).all():
            return None
        order = np.argsort(-np.nan_to_num(values, nan=-np.inf), kind="stable")
        cumulated = np.cumsum(self.doses.samples.volumes_cc[order])
        hottest = order[: int(np.searchsorted(cumulated, volume_cc)) + 1]
        points = self.doses.samples.points_lps[hottest]
        nearest = np.argmin(np.linalg.norm(points - points.mean(axis=0), axis=1))
        return points[nearest], float(values[order[0]])


def _typed_value(
    dose: CourseDose, metric: Metric, quantity: Quantity, alpha_beta_gy: float
) -> MetricValue:
    """Near-maximum of a course known only from a letter; one EQD2 is one physical dose."""
    value = dose.native_metric(metric, alpha_beta_gy)
    if value.value is None:
        return value
    if quantity is Quantity.PHYSICAL:
        return replace(value, value=float(dose.physical()[0]))
    return replace(value, value=value.value * _factor(quantity, alpha_beta_gy))


def _factor(quantity: Quantity, alpha_beta_gy: float) -> float:
    """BED = EQD2 (ab + 2) / ab; infinite alpha/beta is physical dose, where both are equal."""
    if quantity is Quantity.BED and np.isfinite(alpha_beta_gy):
        return (alpha_beta_gy + 2) / alpha_beta_gy
    return 1.0
