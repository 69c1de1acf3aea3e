"""Dose-volume metrics and histograms of sample points (physics of ICRU 83 cumulative DVHs).

The cumulative volume V(D) is the volume that receives at least D. ``DxCC`` and ``Dx%`` are the
largest dose that at least that volume receives (step definition); the linear definition
interpolates between the steps and is never lower. Points of unknown dose (NaN) are neither hot
nor cold: near-maximum metrics of the known part are lower bounds, all others are not given.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from functools import cached_property

import numpy as np
import numpy.typing as npt

from .errors import GeometryError
from .metrics import Metric, MetricKind

ROUNDING = 1e-9
DVH_STEP_GY = 0.1
MOST_LEVELS = 5000
HOT_SHARE = 16

FloatArray = npt.NDArray[np.floating]


class DvhForm(Enum):
    """How doses between the steps of a cumulative DVH are read."""

    STEP = "step"
    LINEAR = "linear"


class VolumeUnit(Enum):
    """Unit of volume metrics."""

    CC = "cc"
    PERCENT = "%"


@dataclass(frozen=True)
class MetricValue:
    """Value of a metric and how far it may be trusted.

    Parameters
    ----------
    value : float, optional
        In ``unit``; None where it cannot be given.
    unit : str
        ``Gy``, ``cc`` or ``%``.
    note : str
        Why there is no value, or what limits it; empty if nothing does.
    is_lower_bound : bool
        True if the true value may be higher because part of the dose is unknown.
    known_share : float
        Part (0..1) of the volume whose dose is known.
    """

    value: float | None
    unit: str
    note: str = ""
    is_lower_bound: bool = False
    known_share: float = 1.0


@dataclass(frozen=True, eq=False)
class Dvh:
    """Cumulative DVH: ``volume_cc[i]`` receives at least ``dose_gy[i]`` (ascending).

    ``total_cc`` is the volume of the structure, ``known_share`` the part of it whose dose is
    known; only that part is counted.
    """

    dose_gy: npt.NDArray[np.float64]
    volume_cc: npt.NDArray[np.float64]
    total_cc: float
    known_share: float = 1.0


class SortedDose:
    """A dose distribution in a structure, ready for many metrics.

    Parameters
    ----------
    dose_gy : ndarray
        (N,), Gy; NaN means unknown.
    volumes_cc : ndarray
        (N,), cc: the volume each dose stands for.
    total_cc : float, optional
        Volume of the structure where only its hottest and unknown points are given; near-maximum
        metrics are then those of the structure, no other may be asked for.

    Raises
    ------
    GeometryError
        Arrays that do not belong together, negative volumes or no volume at all.
    """

    def __init__(
        self, dose_gy: FloatArray, volumes_cc: FloatArray, total_cc: float | None = None
    ) -> None:
        dose, volumes = np.asarray(dose_gy), np.asarray(volumes_cc, dtype=float)
        if dose.shape != volumes.shape or dose.ndim != 1:
            msg = f"{dose.shape} doses and {volumes.shape} volumes do not belong together"
            raise GeometryError(msg)
        given_cc = float(volumes.sum())
        self.total_cc = given_cc if total_cc is None else total_cc
        if not self.total_cc > 0 or volumes.min() < 0:
            msg = "a structure needs points with a volume above zero to have dose-volume metrics"
            raise GeometryError(msg)
        unknown = np.isnan(dose)
        if unknown.any():
            dose, volumes = dose[~unknown], volumes[~unknown]
        self._dose = dose if dose.dtype == np.float32 else dose.astype(float)
        self._volumes = volumes
        self.known_cc = float(volumes.sum()) + (self.total_cc - given_cc)
        self.known_share = self.known_cc / self.total_cc if unknown.any() else 1.0

    @cached_property
    def _ranked(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Doses from hot to cold and the volume of each and all hotter points."""
        return _rank(self._dose, self._volumes)

    @cached_property
    def _hottest(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """The hot end of `_ranked`, found without ranking all points."""
        count = len(self._dose)
        first = count - max(count // HOT_SHARE, 1)
        hot = np.flatnonzero(self._dose >= np.partition(self._dose, first)[first])
        return _rank(self._dose[hot], self._volumes[hot])

    def mean_gy(self) -> float:
        """Mean dose of the known part, Gy."""
        # not a dot product, whose threads take longer to wake than the sum takes
        return float((self._volumes * self._dose).sum() / self.known_cc)

    def dose_at_volume(self, volume_cc: float, form: DvhForm = DvhForm.STEP) -> float:
        """Dose that the hottest ``volume_cc`` of the known part receives at least, Gy.

        Of a volume larger than the known part this is its lowest dose.
        """
        all_known = "_ranked" in self.__dict__ or self._hottest[1][-1] <= volume_cc
        dose, volume = self._ranked if all_known else self._hottest
        if form is DvhForm.LINEAR:
            return float(np.interp(volume_cc, volume, dose))
        rank = np.searchsorted(volume, volume_cc * (1 - ROUNDING), side="left")
        return float(dose[min(int(rank), len(dose) - 1)])

    def volume_at_dose(self, dose_gy: float) -> float:
        """Known volume that receives at least ``dose_gy``, cc."""
        return float(self._volumes[self._dose >= dose_gy].sum())

    def metric(
        self,
        metric: Metric,
        form: DvhForm = DvhForm.STEP,
        volume_unit: VolumeUnit = VolumeUnit.CC,
    ) -> MetricValue:
        """Evaluate a metric; see `metric_value`."""
        unit = "Gy" if metric.is_dose else volume_unit.value
        problem = self._problem(metric)
        if problem:
            return MetricValue(None, unit, problem, known_share=self.known_share)
        value = self._value(metric, form)
        if not metric.is_dose and volume_unit is VolumeUnit.PERCENT:
            value *= 100 / self.total_cc
        if self.known_share == 1:
            return MetricValue(value, unit)
        note = f"lower bound: the dose of {self._percent_known} % of the volume is known"
        return MetricValue(value, unit, note, is_lower_bound=True, known_share=self.known_share)

    @property
    def _percent_known(self) -> str:
        """Known share in per cent, never rounded up to 100."""
        return f"{min(99.9, np.floor(self.known_share * 1000) / 10):.1f}"

    def _problem(self, metric: Metric) -> str:
        """Why a metric cannot be given; empty if it can."""
        if len(self._dose) == 0:
            return "no dose is known in the structure"
        wanted = metric.argument if metric.kind is MetricKind.DOSE_AT_CC else 0.0
        if wanted > self.total_cc * (1 + ROUNDING):
            return (
                f"the structure has {self.total_cc:.3g} cc, less than the {wanted:g} cc asked for"
            )
        if self.known_share < 1 and not metric.is_near_maximum:
            return f"the dose of only {self._percent_known} % of the volume is known"
        if wanted > self.known_cc * (1 + ROUNDING):
            return f"the dose of only {self.known_cc:.3g} cc is known, {wanted:g} cc are asked for"
        return ""

    def _value(self, metric: Metric, form: DvhForm) -> float:
        argument = metric.argument
        kind = metric.kind
        if kind is MetricKind.DOSE_AT_CC:
            return self.dose_at_volume(argument, form)
        if kind is MetricKind.DOSE_AT_PERCENT:
            return self.dose_at_volume(argument / 100 * self.total_cc, form)
        if kind is MetricKind.MEAN:
            return self.mean_gy()
        if kind is MetricKind.MAXIMUM:
            return float(self._dose.max())
        if kind is MetricKind.MINIMUM:
            return float(self._dose.min())
        at_least = self.volume_at_dose(argument)
        return at_least if kind is MetricKind.VOLUME_AT_DOSE else self.total_cc - at_least

    def histogram(self, step_gy: float = DVH_STEP_GY) -> Dvh:
        """Cumulative DVH at every ``step_gy`` from 0 to just above the maximum.

        The volumes are exact at these doses. Steps are widened so that there are at most 5000.
        """
        highest = float(self._dose.max()) if len(self._dose) else 0.0
        step_gy = max(step_gy, highest / MOST_LEVELS)
        levels = np.arange(0, int(np.floor(highest / step_gy)) + 2) * step_gy
        if len(self._dose) == 0:
            return Dvh(levels, np.zeros(len(levels)), self.total_cc, 0.0)
        dose, volume = self._ranked
        colder = np.searchsorted(dose[::-1], levels, side="left")
        hotter = len(dose) - colder
        received = np.concatenate([[0.0], volume])[hotter]
        return Dvh(levels, received, self.total_cc, self.known_share)


def _rank(
    dose: FloatArray, volumes: FloatArray
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Doses from hot to cold and the volume of each and all hotter points."""
    order = np.argsort(dose)[::-1]
    return dose[order].astype(float), np.cumsum(volumes[order])


def metric_value(
    metric: Metric,
    dose_gy: FloatArray,
    volumes_cc: FloatArray,
    form: DvhForm = DvhForm.STEP,
    volume_unit: VolumeUnit = VolumeUnit.CC,
) -> MetricValue:
    """Evaluate one metric of sampled doses.

    Parameters
    ----------
    metric : Metric
        What is asked for.
    dose_gy, volumes_cc : ndarray
        (N,): doses in Gy (NaN is unknown) and the volumes they stand for in cc.
    form : DvhForm
        Step (default) or linear reading of ``DxCC`` and ``Dx%``.
    volume_unit : VolumeUnit
        Unit of ``VxGy`` and ``CVxGy``.

    Returns
    -------
    MetricValue
        No value, with the reason, if no dose is known, if a larger volume is asked for than
        the structure has, or, except for Dmax and ``DxCC``, if any dose is unknown. Dmax and
        ``DxCC`` of a partly known dose are lower bounds.

    Raises
    ------
    GeometryError
        Arrays that do not belong together or hold no volume.
    """
    return SortedDose(dose_gy, volumes_cc).metric(metric, form, volume_unit)


def dose_volume_histogram(
    dose_gy: FloatArray, volumes_cc: FloatArray, step_gy: float = DVH_STEP_GY
) -> Dvh:
    """Cumulative DVH of sampled doses at every ``step_gy``; see `SortedDose.histogram`."""
    return SortedDose(dose_gy, volumes_cc).histogram(step_gy)


def sub_voxel_ratio(volume_cc: float, dose_voxel_cc: float) -> float:
    """How many voxels of the native dose grid a metric's volume fills.

    Below 1 the metric asks for less than one voxel of what the planning system calculated.
    """
    return volume_cc / dose_voxel_cc
