"""How far a metric moves: its spread over other mappings, and its sensitivity to assumptions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from .ellipsoid_search import ellipsoid_search, ellipsoid_search_points
from .perturbation import axis_shifts, displace, random_displacement
from .radiobiology import ALPHA_BETA_RANGE_GY, require_recovery

__all__ = [
    "SensitivityRow",
    "Spread",
    "axis_shifts",
    "displace",
    "ellipsoid_search",
    "ellipsoid_search_points",
    "holds_over",
    "random_displacement",
    "sensitivity",
    "spread",
    "verdict_over",
]

ALPHA_BETA_STEP_GY = 1.0
HIGH_RECOVERY = 0.5


@dataclass(frozen=True)
class Spread:
    """Nominal value of a metric and its spread over an uncertainty."""

    nominal: float | None
    minimum: float | None
    median: float | None
    maximum: float | None

    @property
    def band(self) -> tuple[float, float] | None:
        """Smallest and largest value; None unless every value is known."""
        if self.minimum is None or self.maximum is None:
            return None
        return self.minimum, self.maximum


def spread(nominal: float | None, others: Sequence[float | None]) -> Spread:
    """Return the spread of a metric over other mappings (perturbed, rigid, point sum, ellipsoid).

    The nominal value is part of the spread. If one value is not known there is no spread, because
    it could be the extreme one.
    """
    values = [nominal, *others]
    known = [value for value in values if value is not None and not np.isnan(value)]
    if len(known) < len(values):
        return Spread(nominal, None, None, None)
    return Spread(nominal, min(known), float(np.median(known)), max(known))


def holds_over(band: tuple[float, float] | None, limit: float, *, upper: bool) -> bool | None:
    """Return whether a limit holds over the whole band; None if the band is not known."""
    if band is None:
        return None
    slack = 1e-9 * max(1.0, abs(limit))
    return max(band) <= limit + slack if upper else min(band) >= limit - slack


def verdict_over(nominal: str, holds: bool | None) -> str:
    """Return the verdict over an interval: PASS only if the limit holds everywhere in it."""
    return "MARGINAL" if nominal == "PASS" and holds is not True else nominal


@dataclass(frozen=True)
class SensitivityRow:
    """Value of a metric for one choice of alpha/beta and recovery.

    Parameters
    ----------
    alpha_beta_gy : float
        Gy.
    recovery : str
        ``none``, ``chosen`` or ``high``.
    recovery_fractions : tuple of float
        Fraction of each prior course.
    value : float or None
        Value of the metric.
    """

    alpha_beta_gy: float
    recovery: str
    recovery_fractions: tuple[float, ...]
    value: float | None


def sensitivity(
    evaluate: Callable[[float, tuple[float, ...]], float | None],
    alpha_beta_gy: float,
    chosen_recovery: Sequence[float],
    alpha_betas_gy: Sequence[float] = (),
    high_recovery: float = HIGH_RECOVERY,
    recoveries: Sequence[str] | None = None,
) -> tuple[SensitivityRow, ...]:
    """Return a metric for every combination of alpha/beta and recovery, one table per organ.

    Parameters
    ----------
    evaluate : callable
        Takes alpha/beta (Gy) and the recovery of each prior course, returns the metric.
    alpha_beta_gy : float
        Chosen alpha/beta, Gy.
    chosen_recovery : sequence of float
        Chosen recovery of each prior course.
    alpha_betas_gy : sequence of float
        A range of the user; without it the chosen value and 1 Gy below and above it (never below
        0.5 Gy).
    high_recovery : float
        Recovery of the ``high`` rows; a larger chosen one is kept.
    recoveries : sequence of str, optional
        Which of ``none``, ``chosen`` and ``high`` to evaluate; all if not given.
    """
    lowest = ALPHA_BETA_RANGE_GY[0]
    steps = (-ALPHA_BETA_STEP_GY, 0.0, ALPHA_BETA_STEP_GY)
    default = [max(alpha_beta_gy + step, lowest) for step in steps]
    high = tuple(max(require_recovery(high_recovery), r) for r in chosen_recovery)
    choices = {
        "none": (0.0,) * len(high),
        "chosen": tuple(require_recovery(r) for r in chosen_recovery),
        "high": high,
    }
    return tuple(
        SensitivityRow(value, name, fractions, evaluate(value, fractions))
        for value in dict.fromkeys([*alpha_betas_gy] or default)
        for name, fractions in choices.items()
        if recoveries is None or name in recoveries
    )
