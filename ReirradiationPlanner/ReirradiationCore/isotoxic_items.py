"""One limit of the isotoxic search: what it is about, and which prescription it allows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from .constraints import Quantity
from .dvh import SortedDose
from .errors import RadiobiologyError
from .isotoxic_scaling import ScalableDose, hottest_volume_cc, maximum_scale
from .metrics import Metric, MetricKind
from .radiobiology import quadratic_share

CHECK_TOLERANCE = 1e-6
ROUNDING = 1e-9
TIE_GY = 0.1


class ItemStatus(Enum):
    """What a limit says about the prescription."""

    LIMITED = "limited"
    UNLIMITED = "no prescription reaches the limit"
    PRIOR_EXCEEDS = "prior dose alone exceeds the limit"
    NOT_EVALUABLE = "NOT EVALUABLE"


@dataclass(frozen=True, eq=False)
class IsotoxicItem:
    """One limit with the doses it is about.

    Parameters
    ----------
    structure : str
        Name shown to the user.
    metric, limit, unit : Metric, float, str
        D metrics and VxGy stay at or below ``limit`` (Gy; cc or %), CVxGy at or above it.
    volumes_cc : ndarray (N,)
        Volumes of the organ's samples, cc.
    phase_doses_gy : tuple of ndarray (N,)
        Physical dose of each planned phase at the planned prescription, Gy.
    fractions : tuple of int
        Fractions of each planned phase.
    background_eqd2_gy : ndarray (N,) or float
        EQD2 of the prior courses after recovery at ``alpha_beta_gy``, Gy; 0 for limits on the
        planned course alone. NaN where unknown.
    point_sum_eqd2_gy : float
        Near-maximum EQD2 of prior courses known as POINT_SUM, after recovery, Gy.
    quantity, alpha_beta_gy, eqd_x_gy
        Quantity of the limit; alpha/beta is not used for PHYSICAL.
    is_upper : bool, optional
        Direction of the limit as written; None: as the metric implies.
    n_fractions : int, optional
        Fractions a physical limit holds for.
    points_lps : ndarray (N, 3), optional
        Positions of the samples, to say where the prior dose alone exceeds the limit.
    note : str
        Why the item is not evaluable, if the caller knows; the item is then listed as such.
    """

    structure: str
    metric: Metric
    limit: float
    unit: str
    volumes_cc: npt.NDArray[np.floating]
    phase_doses_gy: tuple[npt.NDArray[np.floating], ...]
    fractions: tuple[int, ...]
    background_eqd2_gy: npt.NDArray[np.floating] | float = 0.0
    point_sum_eqd2_gy: float = 0.0
    quantity: Quantity = Quantity.EQD2
    alpha_beta_gy: float = 3.0
    eqd_x_gy: float = 2.0
    is_upper: bool | None = None
    n_fractions: int | None = None
    set_name: str = ""
    points_lps: npt.NDArray[np.floating] | None = None
    note: str = ""

    @property
    def is_physical(self) -> bool:
        """True for limits on the physical dose of the planned course."""
        return self.quantity is Quantity.PHYSICAL

    @cached_property
    def scalable(self) -> ScalableDose:
        """The organ's dose as a function of the scale, in EQD2 (or physical dose), Gy."""
        upper = self.metric.kind is not MetricKind.SPARED_VOLUME
        if self.is_upper is not None and self.is_upper is not upper:
            msg = f"{self.metric.name}: a higher prescription cannot break this limit"
            raise RadiobiologyError(msg)
        if self.is_physical and (np.any(self.background_eqd2_gy) or self.point_sum_eqd2_gy):
            msg = f"{self.structure}: a physical limit cannot be compared with doses of two courses"
            raise RadiobiologyError(msg)
        if self.point_sum_eqd2_gy and not self.metric.is_near_maximum:
            msg = f"{self.metric.name} cannot be had from a POINT_SUM of near-maximum doses"
            raise RadiobiologyError(msg)
        return ScalableDose.from_phases(
            np.asarray(self.background_eqd2_gy) + self.point_sum_eqd2_gy,
            self.phase_doses_gy,
            self.fractions,
            self.volumes_cc,
            math.inf if self.is_physical else self.alpha_beta_gy,
        )

    def in_eqd2(self) -> tuple[Metric, float]:
        """Metric and limit with their doses converted from the quantity of the limit to EQD2."""
        factor = self._to_eqd2()
        if self.metric.is_dose:
            return self.metric, self.limit * factor
        return replace(
            self.metric, argument=float(self.metric.argument or 0.0) * factor
        ), self.limit

    def _to_eqd2(self) -> float:
        if self.quantity in (Quantity.EQD2, Quantity.PHYSICAL):
            return 1.0
        if self.quantity is Quantity.UNKNOWN:
            msg = f"{self.structure} {self.metric.name}: the quantity of the limit is not known"
            raise RadiobiologyError(msg)
        share = float(quadratic_share(self.alpha_beta_gy))
        x = self.eqd_x_gy if self.quantity is Quantity.EQDX else 0.0
        return (1.0 + x * share) / (1.0 + 2.0 * share)


@dataclass(frozen=True, eq=False)
class ItemAnswer:
    """What one limit allows.

    Parameters
    ----------
    item : IsotoxicItem
        The limit.
    status : ItemStatus
        What it says.
    scale, max_prescription_gy : float, optional
        Largest scale and prescription, Gy; infinite if UNLIMITED, None if there is none.
    attained : bool
        False if the limit is kept below that prescription, not at it.
    over_limit_cc : float
        Volume in which the prior dose alone exceeds the limit, cc.
    over_limit_point_lps : tuple of float, optional
        Where it does so most, LPS, mm.
    note : str
        Reason if not evaluable.
    """

    item: IsotoxicItem
    status: ItemStatus
    scale: float | None = None
    max_prescription_gy: float | None = None
    attained: bool = True
    over_limit_cc: float = 0.0
    over_limit_point_lps: tuple[float, ...] | None = None
    note: str = ""

    def allows(self, prescription_gy: float) -> bool:
        """Return whether the limit is kept at a prescription (equality counts as kept)."""
        if self.status is ItemStatus.NOT_EVALUABLE:
            return True
        if self.max_prescription_gy is None:
            return False
        slack = ROUNDING if self.attained else -ROUNDING
        return prescription_gy <= self.max_prescription_gy * (1.0 + slack)

    def as_dict(self) -> dict[str, Any]:
        """Return the answer as it stands in results.json."""
        prescription = self.max_prescription_gy
        return {
            "structure": self.item.structure,
            "metric": self.item.metric.name,
            "quantity": self.item.quantity.value,
            "limit": self.item.limit,
            "unit": self.item.unit,
            "set": self.item.set_name,
            "max_prescription_gy": prescription if prescription != math.inf else None,
            "status": self.status.value,
            "over_limit_cc": self.over_limit_cc,
            "over_limit_point_lps": self.over_limit_point_lps,
            "note": self.note,
        }


def answer_item(item: IsotoxicItem, planned_prescription_gy: float) -> ItemAnswer:
    """Return what a limit allows; a limit that cannot be solved is answered as not evaluable."""
    if item.note:
        return ItemAnswer(item, ItemStatus.NOT_EVALUABLE, note=item.note)
    try:
        dose = item.scalable
        metric, limit = item.in_eqd2()
        scale = maximum_scale(metric, limit, dose, item.unit)
    except RadiobiologyError as error:
        return ItemAnswer(item, ItemStatus.NOT_EVALUABLE, note=str(error))
    if scale.value is None:
        return _prior_exceeds(item, metric, limit, dose)
    status = ItemStatus.UNLIMITED if scale.value == math.inf else ItemStatus.LIMITED
    prescription = scale.value * planned_prescription_gy
    return ItemAnswer(item, status, scale.value, prescription, scale.attained)


def _prior_exceeds(
    item: IsotoxicItem, metric: Metric, limit: float, dose: ScalableDose
) -> ItemAnswer:
    threshold = limit if metric.is_dose else float(metric.argument or 0.0)
    above = dose.background_gy - threshold
    over = float(dose.volumes_cc[above > 0].sum())
    point = None
    if item.points_lps is not None:
        hottest = item.points_lps[int(np.argmax(above))]
        point = tuple(float(x) for x in hottest)
    note = f"the prior dose alone exceeds the limit, {threshold:.1f} Gy in {over:.2f} cc"
    return ItemAnswer(
        item, ItemStatus.PRIOR_EXCEEDS, over_limit_cc=over, over_limit_point_lps=point, note=note
    )


def check_at(answer: ItemAnswer, scale: float) -> None:
    """Evaluate the metric anew at a scale the answer allows, by the code that judges plans.

    Raises
    ------
    ArithmeticError
        The limit is not kept there: a defect of this program.
    """
    item = answer.item
    if not answer.attained and answer.scale is not None:
        scale = min(scale, answer.scale * (1.0 - CHECK_TOLERANCE))
    if not _is_kept(item, SortedDose(item.scalable.at(scale), item.scalable.volumes_cc)):
        metric, limit = item.in_eqd2()
        msg = f"{item.structure} {metric.name} exceeds {limit:g} {item.unit} at scale {scale:g}"
        raise ArithmeticError(msg)


def _is_kept(item: IsotoxicItem, dose: SortedDose) -> bool:
    metric, limit = item.in_eqd2()
    if item.unit == "%":
        limit *= dose.total_cc / 100.0
    slack = CHECK_TOLERANCE * max(1.0, abs(limit))
    if metric.kind in (MetricKind.DOSE_AT_CC, MetricKind.DOSE_AT_PERCENT):
        # The metric is above the limit if and only if its volume receives more than the limit.
        volume = hottest_volume_cc(metric, item.scalable)
        return dose.volume_at_dose(limit + slack) < volume * (1.0 - ROUNDING)
    value = dose.metric(metric).value
    if value is None:
        return False
    if metric.kind is MetricKind.SPARED_VOLUME:
        return value >= limit - slack
    return value <= limit + slack


def smallest_prescription(decided: Sequence[ItemAnswer]) -> float | None:
    """Return the smallest prescription of all limits, Gy; None if one allows none at all."""
    prescriptions = [answer.max_prescription_gy for answer in decided]
    known = [value for value in prescriptions if value is not None]
    return min(known) if known and len(known) == len(prescriptions) else None


def limiting_answers(
    decided: Sequence[ItemAnswer], smallest: float | None
) -> tuple[ItemAnswer, ...]:
    """Return the limits within 0.1 Gy of the smallest prescription, or those the prior exceeds."""
    if smallest is None:
        return tuple(a for a in decided if a.status is ItemStatus.PRIOR_EXCEEDS)
    if smallest == math.inf:
        return ()
    within = smallest + TIE_GY * (1.0 + ROUNDING)
    tied = [
        (a.max_prescription_gy, a)
        for a in decided
        if a.max_prescription_gy is not None and a.max_prescription_gy <= within
    ]
    return tuple(a for _, a in sorted(tied, key=lambda pair: pair[0]))
