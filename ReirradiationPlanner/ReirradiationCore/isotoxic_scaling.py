"""By how much a planned dose may be scaled until one limit is reached: exact, without a search.

The equieffective dose of every sample grows with the scale factor s,

``E(s) = B + s b + s^2 a``, ``b = sum_p D_p / (1 + 2/ab)``, ``a = sum_p D_p d_p / (ab (1 + 2/ab))``

(B background after recovery; D_p, d_p dose and dose per fraction of phase p at s = 1), so each
sample has one scale at which it reaches the limit, and the scale of a DVH limit is a quantile of
those. The shape of the planned dose is kept: re-optimising the plan can only reach more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .errors import RadiobiologyError
from .metrics import Metric, MetricKind
from .radiobiology import quadratic_share, require_fractions

FloatArray = npt.NDArray[np.float64]
VOLUME_ROUNDING = 1e-9
LIMIT_ROUNDING_GY = 1e-9


@dataclass(frozen=True, eq=False)
class ScalableDose:
    """Dose of one organ as a function of the scale of the planned course.

    Parameters
    ----------
    background_gy : ndarray (N,)
        Equieffective dose of the prior courses after recovery, Gy.
    linear_gy, quadratic_gy : ndarray (N,)
        Coefficients of s and s^2, Gy.
    volumes_cc : ndarray (N,)
        Volumes of the samples, cc.
    """

    background_gy: FloatArray
    linear_gy: FloatArray
    quadratic_gy: FloatArray
    volumes_cc: FloatArray

    @classmethod
    def from_phases(
        cls,
        background_eqd2_gy: npt.ArrayLike,
        phase_doses_gy: Sequence[npt.ArrayLike],
        fractions: Sequence[int],
        volumes_cc: npt.ArrayLike,
        alpha_beta_gy: float,
    ) -> ScalableDose:
        """Return the EQD2 of an organ, from physical doses (N,) of the planned phases.

        An infinite alpha/beta gives physical dose; a background that is one number is that number
        everywhere (UNIFORM_BG, POINT_SUM).

        Raises
        ------
        RadiobiologyError
            Arrays of different lengths, no samples, negative doses, see `radiobiology.eqd2`.
        """
        volumes = np.asarray(volumes_cc, dtype=float)
        doses = [np.asarray(dose, dtype=float) for dose in phase_doses_gy]
        background = np.broadcast_to(np.asarray(background_eqd2_gy, dtype=float), volumes.shape)
        _require_samples(background, doses, volumes)
        share = float(quadratic_share(alpha_beta_gy))
        linear, quadratic = np.zeros(volumes.shape), np.zeros(volumes.shape)
        for dose, n in zip(doses, fractions, strict=True):
            linear += dose / (1.0 + 2.0 * share)
            quadratic += dose * dose * (share / require_fractions(n) / (1.0 + 2.0 * share))
        return cls(background, linear, quadratic, volumes)

    @property
    def is_known(self) -> bool:
        """True if the dose of every course is known at every sample."""
        return not np.isnan(self.background_gy + self.linear_gy).any()

    @property
    def volume_cc(self) -> float:
        """Volume of all samples, cc."""
        return float(self.volumes_cc.sum())

    def at(self, scale: float) -> FloatArray:
        """Dose (N,) with the planned course scaled, Gy."""
        return self.background_gy + scale * (self.linear_gy + scale * self.quadratic_gy)

    def sample_scales(self, limit_gy: float) -> FloatArray:
        """Scale (N,) at which each sample reaches the limit.

        Infinite where the planned course gives nothing and the background is at most the limit;
        NaN where the background alone is above it.
        """
        left = limit_gy - self.background_gy
        left[np.abs(left) <= LIMIT_ROUNDING_GY] = 0.0
        scales = _positive_root(self.quadratic_gy, self.linear_gy, left)
        scales[left < 0] = np.nan
        return scales


def _require_samples(
    background: FloatArray, doses: Sequence[FloatArray], volumes: FloatArray
) -> None:
    if not volumes.size or not doses or any(dose.shape != volumes.shape for dose in doses):
        shapes = ", ".join(str(dose.shape) for dose in doses) or "no doses"
        msg = f"planned doses of shape {shapes} do not fit samples of shape {volumes.shape}"
        raise RadiobiologyError(msg)
    if not (volumes > 0).all() or any((dose < 0).any() for dose in (background, *doses)):
        msg = "samples need volumes above zero and doses that are not negative"
        raise RadiobiologyError(msg)


def _positive_root(quadratic: FloatArray, linear: FloatArray, left: FloatArray) -> FloatArray:
    """Root s >= 0 of ``quadratic s^2 + linear s = left``, without a difference of near numbers."""
    rest = np.maximum(left, 0.0)
    denominator = linear + np.sqrt(linear * linear + 4.0 * quadratic * rest)
    with np.errstate(divide="ignore", invalid="ignore"):
        root = 2.0 * rest / denominator
    root[denominator == 0] = np.inf
    return root


@dataclass(frozen=True)
class Scale:
    """Largest scale that keeps a limit.

    Parameters
    ----------
    value : float or None
        Infinite if no scale breaks the limit; None if the prior dose alone does.
    attained : bool
        False if the limit is broken at ``value`` itself and kept just below it (volume limits).
    """

    value: float | None
    attained: bool = True


def maximum_scale(metric: Metric, limit: float, dose: ScalableDose, unit: str = "Gy") -> Scale:
    """Return the largest scale of the planned course that keeps a limit.

    Parameters
    ----------
    metric : Metric
        D metrics and VxGy are kept at or below the limit, CVxGy at or above it.
    limit : float
        Gy for doses, cc or % (as ``unit`` says) for volumes.
    dose : ScalableDose
        The organ, in the quantity of the limit.

    Raises
    ------
    RadiobiologyError
        Samples with unknown dose, a volume larger than the organ, a unit that does not fit.
    """
    if not dose.is_known:
        msg = f"{metric.name} cannot be solved: the dose of a part of the organ is unknown"
        raise RadiobiologyError(msg)
    if metric.is_dose != (unit == "Gy") or unit not in ("Gy", "cc", "%"):
        msg = f"{metric.name} cannot have a limit in {unit}"
        raise RadiobiologyError(msg)
    if metric.kind is MetricKind.MEAN:
        return _mean_scale(limit, dose)
    if metric.is_dose:
        return _dose_scale(hottest_volume_cc(metric, dose), limit, dose)
    allowed = limit if unit == "cc" else limit / 100.0 * dose.volume_cc
    if metric.kind is MetricKind.SPARED_VOLUME:
        allowed = dose.volume_cc - allowed
    return _volume_scale(float(metric.argument or 0.0), allowed, dose)


def hottest_volume_cc(metric: Metric, dose: ScalableDose) -> float:
    """Return the volume (cc) whose coldest dose a dose metric is; 0 for the maximum.

    Raises
    ------
    RadiobiologyError
        A volume larger than the organ.
    """
    if metric.kind is MetricKind.MAXIMUM:
        return 0.0
    if metric.kind is MetricKind.MINIMUM:
        return dose.volume_cc
    argument = float(metric.argument or 0.0)
    if metric.kind is MetricKind.DOSE_AT_PERCENT:
        return argument / 100.0 * dose.volume_cc
    if argument > dose.volume_cc * (1.0 + VOLUME_ROUNDING):
        msg = f"{metric.name} cannot be given: the organ has {dose.volume_cc:.3g} cc"
        raise RadiobiologyError(msg)
    return argument


def _dose_scale(volume_cc: float, limit_gy: float, dose: ScalableDose) -> Scale:
    """Smallest scale at which ``volume_cc`` (or the hottest sample) is above the limit."""
    scales = dose.sample_scales(limit_gy)
    # The prior dose alone is already above the limit in the samples that come first.
    scales = np.where(np.isnan(scales), -1.0, scales)
    found = _quantile(scales, dose.volumes_cc, volume_cc, strictly_above=False)
    return Scale(None if found < 0 else found)


def _volume_scale(threshold_gy: float, allowed_cc: float, dose: ScalableDose) -> Scale:
    """Smallest scale at which more than ``allowed_cc`` reaches the threshold (reaching counts)."""
    if allowed_cc < -VOLUME_ROUNDING * dose.volume_cc:
        return Scale(None)
    scales = dose.sample_scales(threshold_gy)
    scales[np.isnan(scales) | (dose.background_gy >= threshold_gy - LIMIT_ROUNDING_GY)] = -1.0
    found = _quantile(scales, dose.volumes_cc, allowed_cc, strictly_above=True)
    return Scale(None if found < 0 else found, attained=not np.isfinite(found))


def _quantile(
    scales: FloatArray, volumes: FloatArray, volume_cc: float, *, strictly_above: bool
) -> float:
    """Scale of the first sample, in ascending order, at which the volume is reached or exceeded."""
    slack = VOLUME_ROUNDING * float(volumes.sum())
    order = _smallest_first(scales, volumes, volume_cc + 2.0 * slack)
    cumulated = np.cumsum(volumes[order])
    if strictly_above:
        index = int(np.searchsorted(cumulated, volume_cc + slack, side="right"))
    else:
        index = int(np.searchsorted(cumulated, volume_cc - slack, side="left"))
    return float(scales[order[index]]) if index < len(order) else float("inf")


def _smallest_first(
    scales: FloatArray, volumes: FloatArray, volume_cc: float
) -> npt.NDArray[np.intp]:
    """Return the order of the smallest scales, at least as many as fill the volume and one more."""
    enough = volume_cc / float(volumes.min()) + 2.0
    if enough >= len(scales):
        return np.argsort(scales, kind="stable")
    candidates = np.argpartition(scales, int(enough))[: int(enough) + 1]
    return candidates[np.argsort(scales[candidates], kind="stable")]


def _mean_scale(limit_gy: float, dose: ScalableDose) -> Scale:
    def mean(values: FloatArray) -> FloatArray:
        return np.atleast_1d(np.average(values, weights=dose.volumes_cc))

    left = limit_gy - mean(dose.background_gy)
    if left[0] < -LIMIT_ROUNDING_GY:
        return Scale(None)
    root = _positive_root(mean(dose.quadratic_gy), mean(dose.linear_gy), left)
    return Scale(float(root[0]))
