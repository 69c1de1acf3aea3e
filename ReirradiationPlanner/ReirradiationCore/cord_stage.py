"""Published cord criteria for the structures of a case, test by test, and the limit of Koide."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .case import Case, MappingStrategy
from .constraints import Quantity
from .cord import (
    CORD_ALPHA_BETA_GY,
    NIEDER_ALPHA_BETA_GY,
    HytecTests,
    hytec_of_eqd2,
    koide_2024,
    nieder_of_beds,
)
from .courses import Course, interval_months
from .dvh import MetricValue
from .errors import RadiobiologyError
from .judgement import OrganJudge
from .limits import AppliedLimit
from .metrics import Metric
from .radiobiology import bed_from_eqd2

KOIDE_MODEL = "koide2024"
KOIDE_PRV = "SpinalCord_PRV1.5"
CORD_STRUCTURE = re.compile(r"SpinalCord(_PRV[\d.]+)?|ThecalSac")
MAXIMUM, NEAR_MAXIMUM = Metric.parse("Dmax"), Metric.parse("D0.035cc")
SOURCES = {
    "Nieder 2006": "Nieder et al. 2006, Int J Radiat Oncol Biol Phys 66:1446 (abstract)",
    "Sahgal 2012 / HyTEC 2021": "Sahgal et al. 2012, Int J Radiat Oncol Biol Phys 82:107; "
    "Sahgal et al. 2021, Int J Radiat Oncol Biol Phys 110:124 (abstracts)",
    "Koide 2024": "Koide et al. 2024, Jpn J Radiol, doi:10.1007/s11604-024-01539-x",
}


@dataclass(frozen=True, eq=False)
class CordCase:
    """What all cord criteria need to know of a case.

    Parameters
    ----------
    organs : sequence of OrganJudge
        Structures of the reference image.
    planned, priors : Course
        Courses.
    case : Case
        Region of the cord and model.
    """

    organs: Sequence[OrganJudge]
    planned: Course
    priors: Sequence[Course]
    case: Case

    @property
    def interval_months(self) -> float | None:
        """Shortest interval from a prior course to the planned one; None if one is unknown."""
        months = [interval_months(prior, self.planned) for prior in self.priors]
        return None if None in months else min(m for m in months if m is not None)

    def named(self, name: str) -> list[OrganJudge]:
        """Structures whose standard name is certain and is ``name``."""
        return [
            organ
            for organ in self.organs
            if organ.model.match.certain and organ.model.match.standard_name == name
        ]

    def prior_eqd2(self, organ: OrganJudge, metric: Metric, alpha_beta_gy: float) -> list[Any]:
        """Metric of each prior course without recovery, EQD2 Gy; see `_prior_value`."""
        return [_prior_value(organ, p.id, metric, alpha_beta_gy) for p in self.priors]

    def planned_eqd2(self, organ: OrganJudge, metric: Metric, alpha_beta_gy: float) -> MetricValue:
        """Metric of the planned course, EQD2 Gy."""
        return organ.metric(metric, self.planned.id, Quantity.EQD2, alpha_beta_gy)


def _prior_value(
    organ: OrganJudge, course: str, metric: Metric, alpha_beta_gy: float
) -> MetricValue:
    """Near-maximum of a prior course, on the image its mapping strategy reads it from."""
    dose = organ.doses.priors[course]
    if dose.is_voxelwise:
        return organ.metric(metric, course, Quantity.EQD2, alpha_beta_gy)
    if dose.strategy is MappingStrategy.UNIFORM_BG:
        background = dose.background(alpha_beta_gy, organ.model.name)
        value = background.eqd2_gy if background.is_known else None
        return MetricValue(value, "Gy", background.note)
    return dose.native_metric(metric, alpha_beta_gy)


def cord_criteria(known: CordCase) -> list[dict[str, Any]]:
    """Return every criterion for every cord structure, as in results.json.

    Nieder 2006 is for the spinal cord, the HyTEC tests for the thecal sac, the limit of Koide 2024
    for a cord PRV of 1.5 mm; none is carried over from one structure to another. No recovery is
    used. The maxima of the courses are added as the publications do, which is never less than the
    maximum of the sum.
    """
    if not known.priors:
        return []
    found = []
    for organ in known.organs:
        name = organ.model.match.standard_name or ""
        if not organ.model.match.certain or not CORD_STRUCTURE.fullmatch(name):
            continue
        if name == "SpinalCord":
            found.append(_nieder(organ, known))
        elif name == "ThecalSac":
            found.append(_hytec_record(organ, known))
        else:
            found.append(_koide(organ, known))
    return found


def _record(organ: OrganJudge, criteria: str, note: str = "", **more: object) -> dict[str, Any]:
    return {
        "structure": organ.model.name,
        "standard_name": organ.model.match.standard_name,
        "criteria": criteria,
        "alpha_beta_gy": CORD_ALPHA_BETA_GY,
        "tests": [],
        "holds": None,
        "source": SOURCES[criteria],
        "note": note,
        **more,
    }


def _test(text: str, value: float | None, limit: float, unit: str, holds: bool | None) -> dict:
    return {"test": text, "value": value, "limit": limit, "unit": unit, "holds": holds}


def _unknown(known: CordCase, values: Sequence[MetricValue]) -> str:
    """Return why nothing can be said; empty if all values are there."""
    if not known.case.model.is_lq:
        return known.case.model.why_not_comparable("cord")
    missing = [value.note or "dose not known" for value in values if value.value is None]
    return "; ".join(dict.fromkeys(missing))


def _bounded(holds: bool | None, values: Sequence[MetricValue]) -> bool | None:
    """Take back a test that holds for the known part of a dose and may fail for the rest."""
    return None if holds and any(value.is_lower_bound for value in values) else holds


def _nieder(organ: OrganJudge, known: CordCase) -> dict[str, Any]:
    region = known.case.cord_region
    alpha_beta = NIEDER_ALPHA_BETA_GY[region]
    values = [
        *known.prior_eqd2(organ, MAXIMUM, alpha_beta),
        known.planned_eqd2(organ, MAXIMUM, alpha_beta),
    ]
    why = _unknown(known, values)
    if why:
        return _record(organ, "Nieder 2006", why, alpha_beta_gy=alpha_beta)
    beds = [float(bed_from_eqd2(v.value, alpha_beta)) for v in values if v.value is not None]
    months = known.interval_months
    found = nieder_of_beds(beds, months)
    reached = _bounded(found.cumulative_at_most_135_5, values)
    tests = [
        _test("cumulative BED", found.cumulative_bed_gy, 135.5, "Gy", reached),
        _test("BED of each course", max(beds), 98.0, "Gy", _bounded(found.each_at_most_98, values)),
        _test("interval", months, 6.0, "months", found.interval_at_least_6_months),
    ]
    note = (
        f"{region} cord, alpha/beta {alpha_beta:g} Gy; all three hold in the low-risk group (3 % "
        "myelopathy); "
        + ("at most" if found.cumulative_at_most_120 else "above")
        + " the 120 Gy BED up to which none was reported"
    )
    return _record(
        organ, "Nieder 2006", note, alpha_beta_gy=alpha_beta, tests=tests,
        holds=_bounded(found.low_risk, values),
    )  # fmt: skip


def _hytec(organ: OrganJudge, known: CordCase) -> tuple[HytecTests | None, list[MetricValue], str]:
    """Return the tests, the values they are about, and why there are none."""
    if len(known.priors) != 1:
        return None, [], f"the tests hold for one prior course; there are {len(known.priors)}"
    values = [
        *known.prior_eqd2(organ, MAXIMUM, CORD_ALPHA_BETA_GY),
        known.planned_eqd2(organ, MAXIMUM, CORD_ALPHA_BETA_GY),
    ]
    why = _unknown(known, values)
    if why:
        return None, values, why
    prior, planned = (float(value.value or 0.0) for value in values)
    try:
        n = known.planned.fractions_delivered
        return hytec_of_eqd2(prior, planned, n, known.interval_months), values, ""
    except RadiobiologyError as error:
        return None, values, str(error)


def _hytec_record(organ: OrganJudge, known: CordCase) -> dict[str, Any]:
    criteria = "Sahgal 2012 / HyTEC 2021"
    found, values, why = _hytec(organ, known)
    if found is None:
        return _record(organ, criteria, why)
    cumulative, sbrt, share = (
        _bounded(holds, values)
        for holds in (found.cumulative_at_most_70, found.sbrt_at_most_25, found.share_at_most_half)
    )
    months = known.interval_months
    tests = [
        _test("cumulative EQD2", found.cumulative_eqd2_gy, 70.0, "Gy", cumulative),
        _test("EQD2 of the planned course", found.sbrt_eqd2_gy, 25.0, "Gy", sbrt),
        _test("planned share of the cumulative EQD2", found.sbrt_share, 0.5, "", share),
        _test("interval", months, 5.0, "months", found.interval_at_least_5_months),
    ]
    note = "all four together; the maxima of both courses are added"
    return _record(organ, criteria, note, tests=tests, holds=_bounded(found.holds, values))


def hytec_of_case(known: CordCase) -> tuple[HytecTests | None, str]:
    """Return the HyTEC tests of the only thecal sac, or why there are none."""
    sacs = known.named("ThecalSac")
    if len(sacs) != 1:
        return None, f"the HyTEC tests need one structure ThecalSac; there are {len(sacs)}"
    found, values, why = _hytec(sacs[0], known)
    if found is not None and any(value.is_lower_bound for value in values):
        return None, "the dose of the thecal sac is not wholly known, so HyTEC tests are not"
    return found, why


def koide_limit_gy(organ: OrganJudge, known: CordCase) -> tuple[float | None, str]:
    """Return the limit of Koide 2024, physical Gy in 2 fractions, or why it is not offered.

    It is offered only where all four HyTEC tests of the thecal sac hold. The prior dose is the
    mapped D0.035cc of the PRV; whether the paper means that or the prescription is not clear.
    """
    tests, why = hytec_of_case(known)
    if tests is None:
        return None, why
    if tests.holds is not True:
        state = "do not all hold" if tests.holds is False else "cannot be decided"
        return None, f"given only together with the HyTEC tests, which {state} here"
    values = known.prior_eqd2(organ, NEAR_MAXIMUM, CORD_ALPHA_BETA_GY)
    why = _unknown(known, values)
    if why or values[0].is_lower_bound:
        return None, why or values[0].note
    prior_bed = float(bed_from_eqd2(values[0].value, CORD_ALPHA_BETA_GY))
    try:
        n = known.planned.fractions_delivered
        return koide_2024(prior_bed, 0.0, n, tests).limit_gy, f"prior BED {prior_bed:.1f} Gy"
    except RadiobiologyError as error:
        return None, str(error)


def _koide(organ: OrganJudge, known: CordCase) -> dict[str, Any]:
    if organ.model.match.standard_name != KOIDE_PRV:
        note = f"the limit holds for a PRV of 1.5 mm ({KOIDE_PRV}), not for this one"
        return _record(organ, "Koide 2024", note)
    limit, note = koide_limit_gy(organ, known)
    if limit is None:
        return _record(organ, "Koide 2024", note)
    dose = organ.metric(NEAR_MAXIMUM, known.planned.id, Quantity.PHYSICAL, CORD_ALPHA_BETA_GY)
    holds = None if dose.value is None else bool(dose.value <= limit + 1e-9)
    holds = _bounded(holds, [dose])
    test = _test("planned D0.035cc (physical)", dose.value, limit, "Gy", holds)
    return _record(organ, "Koide 2024", note, tests=[test], holds=holds)


def with_cord_limits(applied: Sequence[AppliedLimit], known: CordCase) -> list[AppliedLimit]:
    """Return the limits with those of Koide 2024 computed, or marked with why they are not."""
    return [_with_limit(limit, known) for limit in applied]


def _with_limit(limit: AppliedLimit, known: CordCase) -> AppliedLimit:
    constraint = limit.constraint
    if limit.organ is None or constraint.limit_model != KOIDE_MODEL or constraint.limit is not None:
        return limit
    value, why = koide_limit_gy(limit.organ, known)
    if value is None:
        return replace(limit, constraint=replace(constraint, unusable=why))
    return replace(limit, constraint=constraint.with_choice(limit=float(np.round(value, 6))))
