"""Published criteria for the spinal cord: Nieder 2006, Sahgal/HyTEC, Koide 2024.

None of them is used with a recovery discount. Where a publication gives a model whose formula or
parameters were not seen, the answer is "not available".
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from .errors import RadiobiologyError
from .radiobiology import bed, dose_from_eqdx, eqd2, require_fractions

NIEDER_ALPHA_BETA_GY = {"cervical": 2.0, "thoracic": 2.0, "lumbar": 4.0}
CORD_ALPHA_BETA_GY = 2.0
RETREATMENT_DAYS = (70.0, 1095.0)
_ROUNDING = 1e-9


def _at_most(value: float, limit: float) -> bool:
    """Return whether a limit is met; equality counts as met, whatever the last binary digit."""
    return value <= limit * (1.0 + _ROUNDING)


@dataclass(frozen=True)
class NiederCriteria:
    """Criteria of Nieder 2006 for radiation myelopathy after two or more courses.

    Parameters
    ----------
    beds_gy : tuple of float
        BED of each course at the cord, Gy.
    cumulative_bed_gy : float
        Their sum, Gy.
    cumulative_at_most_120, cumulative_at_most_135_5, each_at_most_98 : bool
        The dose criteria, Gy BED.
    interval_at_least_6_months : bool or None
        None if the interval is unknown.
    """

    beds_gy: tuple[float, ...]
    cumulative_bed_gy: float
    cumulative_at_most_120: bool
    cumulative_at_most_135_5: bool
    each_at_most_98: bool
    interval_at_least_6_months: bool | None

    @property
    def low_risk(self) -> bool | None:
        """True in the low-risk group (3 % myelopathy reported), None if not decidable.

        Intermediate and high risk (25 % and 90 %) need the point score of the 2005 paper, whose
        values were not seen: they are not told apart.
        """
        return self._with_interval(self.cumulative_at_most_135_5)

    @property
    def no_myelopathy_reported(self) -> bool | None:
        """True where no myelopathy was reported (BED at most 120 Gy), None if not decidable."""
        return self._with_interval(self.cumulative_at_most_120)

    def _with_interval(self, cumulative_holds: bool) -> bool | None:
        if not (cumulative_holds and self.each_at_most_98):
            return False
        return self.interval_at_least_6_months


def nieder_2006(
    courses: Sequence[tuple[float, int]], interval_months: float | None, region: str = "thoracic"
) -> NiederCriteria:
    """Judge cord doses by Nieder 2006.

    Parameters
    ----------
    courses : sequence of (float, int)
        Dose at the cord (Gy) and number of fractions of each course, without any recovery.
    interval_months : float or None
        Between the courses (the shortest, if several); None if unknown.
    region : str
        ``cervical``, ``thoracic`` (alpha/beta 2 Gy) or ``lumbar`` (4 Gy).

    Raises
    ------
    RadiobiologyError
        Unknown region, no courses, or see `radiobiology.bed`.

    References
    ----------
    Nieder C et al. 2006, Int J Radiat Oncol Biol Phys 66:1446 (abstract).
    """
    if region not in NIEDER_ALPHA_BETA_GY or not courses:
        msg = f"{len(courses)} courses in region '{region}'; regions are cervical, thoracic, lumbar"
        raise RadiobiologyError(msg)
    alpha_beta = NIEDER_ALPHA_BETA_GY[region]
    return nieder_of_beds([float(bed(dose, n, alpha_beta)) for dose, n in courses], interval_months)


def nieder_of_beds(beds_gy: Sequence[float], interval_months: float | None) -> NiederCriteria:
    """Judge the BED of each course at the cord (Gy) by Nieder 2006; see `nieder_2006`."""
    beds = tuple(beds_gy)
    return NiederCriteria(
        beds_gy=beds,
        cumulative_bed_gy=sum(beds),
        cumulative_at_most_120=_at_most(sum(beds), 120.0),
        cumulative_at_most_135_5=_at_most(sum(beds), 135.5),
        each_at_most_98=all(_at_most(value, 98.0) for value in beds),
        interval_at_least_6_months=None if interval_months is None else interval_months >= 6.0,
    )


@dataclass(frozen=True)
class HytecTests:
    """The four tests of Sahgal 2012 and HyTEC 2021 on the thecal sac maximum, alpha/beta 2 Gy.

    All EQD2 values in Gy; ``interval_at_least_5_months`` is None if the interval is unknown.
    """

    prior_eqd2_gy: float
    sbrt_eqd2_gy: float
    cumulative_eqd2_gy: float
    sbrt_share: float
    cumulative_at_most_70: bool
    sbrt_at_most_25: bool
    share_at_most_half: bool
    interval_at_least_5_months: bool | None

    @property
    def holds(self) -> bool | None:
        """True if all four hold, False if one fails, None if the interval alone is unknown."""
        if not (self.cumulative_at_most_70 and self.sbrt_at_most_25 and self.share_at_most_half):
            return False
        return self.interval_at_least_5_months


def hytec(
    prior_dose_gy: float,
    prior_fractions: int,
    sbrt_dose_gy: float,
    sbrt_fractions: int,
    interval_months: float | None,
) -> HytecTests:
    """Judge the maximum dose of the thecal sac after one prior course (four separate tests).

    The doses are physical maxima (Gy) without any recovery. The published table of allowed doses is
    not offered: two of its rows exceed the paper's own 70 Gy.

    Raises
    ------
    RadiobiologyError
        SBRT in more than 5 fractions, which the tests were not made for.

    References
    ----------
    Sahgal A et al. 2012, Int J Radiat Oncol Biol Phys 82:107; Sahgal A et al. 2021 (HyTEC),
    Int J Radiat Oncol Biol Phys 110:124 (abstracts).
    """
    prior = float(eqd2(prior_dose_gy, prior_fractions, CORD_ALPHA_BETA_GY))
    sbrt = float(eqd2(sbrt_dose_gy, sbrt_fractions, CORD_ALPHA_BETA_GY))
    return hytec_of_eqd2(prior, sbrt, sbrt_fractions, interval_months)


def hytec_of_eqd2(
    prior: float, sbrt: float, sbrt_fractions: int, interval_months: float | None
) -> HytecTests:
    """Judge the EQD2 (alpha/beta 2 Gy, Gy) of both courses at the thecal sac; see `hytec`.

    Raises
    ------
    RadiobiologyError
        SBRT in more than 5 fractions.
    """
    if require_fractions(sbrt_fractions) > 5:
        msg = f"the HyTEC tests hold for SBRT in 1 to 5 fractions, not {sbrt_fractions}"
        raise RadiobiologyError(msg)
    share = sbrt / (prior + sbrt) if prior + sbrt > 0 else 0.0
    return HytecTests(
        prior_eqd2_gy=prior,
        sbrt_eqd2_gy=sbrt,
        cumulative_eqd2_gy=prior + sbrt,
        sbrt_share=share,
        cumulative_at_most_70=_at_most(prior + sbrt, 70.0),
        sbrt_at_most_25=_at_most(sbrt, 25.0),
        share_at_most_half=_at_most(share, 0.5),
        interval_at_least_5_months=None if interval_months is None else interval_months >= 5.0,
    )


@dataclass(frozen=True)
class KoideLimit:
    """Limit of Koide 2024 on the cord PRV (1.5 mm) D0.035cc, given with the HyTEC tests only.

    Parameters
    ----------
    limit_gy : float
        Physical dose limit in 2 fractions, Gy.
    cumulative_bed_gy : float
        Prior BED and the BED of the limit together, Gy.
    limit_for_cumulative_140_gy : float
        Dose in 2 fractions that brings the cumulative BED to 140 Gy (EQD2 70 Gy), for comparison.
    limit_holds : bool
        The planned dose is at most the limit.
    hytec_holds : bool or None
        Result of the HyTEC tests of the same courses.
    """

    limit_gy: float
    cumulative_bed_gy: float
    limit_for_cumulative_140_gy: float
    limit_holds: bool
    hytec_holds: bool | None

    @property
    def holds(self) -> bool | None:
        """True if limit and HyTEC tests hold, False if one fails, None if not decidable."""
        return self.hytec_holds if self.limit_holds else False


def koide_2024(
    prior_bed_gy: float, planned_dose_gy: float, planned_fractions: int, tests: HytecTests
) -> KoideLimit:
    """Judge the cord PRV D0.035cc of SBRT in 2 fractions after prior radiotherapy.

    The limit is 12.2 Gy up to a prior BED of 90 Gy, falls by 0.14 Gy for each begun Gy (the step
    is inferred from the worked example of the paper), and is 10.8 Gy above 100 Gy, where it alone
    would allow any cumulative dose; hence the HyTEC tests are part of the answer.

    Parameters
    ----------
    prior_bed_gy : float
        BED (alpha/beta 2 Gy) of the mapped prior PRV D0.035cc, Gy.
    planned_dose_gy, planned_fractions : float, int
        Planned PRV D0.035cc, Gy, in 2 fractions.
    tests : HytecTests
        Tests of the same courses.

    Raises
    ------
    RadiobiologyError
        Another number of fractions than 2, negative doses.

    References
    ----------
    Koide Y et al. 2024 (limit and example).
    """
    if require_fractions(planned_fractions) != 2:
        msg = f"the limit of Koide 2024 holds for 2 fractions, not {planned_fractions}"
        raise RadiobiologyError(msg)
    if not prior_bed_gy >= 0 or not planned_dose_gy >= 0:
        msg = f"prior BED {prior_bed_gy:g} Gy and planned dose {planned_dose_gy:g} Gy must be known"
        raise RadiobiologyError(msg)
    steps = min(max(math.ceil(prior_bed_gy - _ROUNDING) - 90, 0), 10)
    limit = 12.2 - 0.14 * steps
    left = max(140.0 - prior_bed_gy, 0.0)
    return KoideLimit(
        limit_gy=limit,
        cumulative_bed_gy=prior_bed_gy + float(bed(limit, 2, CORD_ALPHA_BETA_GY)),
        limit_for_cumulative_140_gy=float(dose_from_eqdx(left, 2, CORD_ALPHA_BETA_GY, 0.0)),
        limit_holds=_at_most(planned_dose_gy, limit),
        hytec_holds=tests.holds,
    )


class RetreatmentModel(Protocol):
    """A model of the tolerance left to the cord, supplied from outside."""

    def __call__(self, bed_init_pct: float, t_days: float, conservation: float) -> float:
        """Return the retreatment BED in per cent of the retreatment tolerance."""


@dataclass(frozen=True)
class RetreatmentPercent:
    """Answer of a retreatment model; ``percent`` is None where it is not available."""

    percent: float | None
    note: str


def retreat_pct(
    bed_init_pct: float,
    t_days: float,
    conservation: float,
    model: RetreatmentModel | None = None,
) -> RetreatmentPercent:
    """Ask a model of the kind of Jones & Grant 2014 and Woolley 2018, if one was supplied.

    The formula and parameters of these publications were not seen, so none is built in. Such models
    hold from 70 days to 3 years after the first course.
    """
    first, last = RETREATMENT_DAYS
    if not first <= t_days <= last:
        note = f"not available: {t_days:g} days is outside {first:g} to {last:g} days"
        return RetreatmentPercent(None, note)
    if model is None:
        return RetreatmentPercent(None, "not available: no retreatment model has been supplied")
    return RetreatmentPercent(model(bed_init_pct, t_days, conservation), "supplied model")
