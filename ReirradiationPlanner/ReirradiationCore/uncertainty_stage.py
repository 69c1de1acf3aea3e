"""The stage of the method that asks how sure the cumulative doses are (physics.md 4, 7.3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .accumulation import CourseDose
from .case import Case, MappingStrategy
from .courses import Course, Structure, StructureKind, slice_spacing_mm
from .cumulative_bounds import CumulativeBounds, check_bounds
from .disagreement import disagreement
from .dose_mapping import dose_at_points
from .judgement import OrganJudge
from .limits import AppliedLimit
from .mapping_scenarios import (
    MappingContext,
    engine_scenarios,
    geometric_scenarios,
    mapping_triplet,
    random_fields,
)
from .native_doses import fractions_of
from .organ_doses import partners_of
from .organ_uncertainty import Band, OrganUncertainty, cumulative_limits
from .pipeline_data import RegisteredCourse
from .progress import Progress
from .sampling import refine_hot, sample_structure
from .uncertainty_choice import uncertainty_json

TABULATED = (StructureKind.OAR, StructureKind.TARGET)
HOT_ALPHA_BETA_GY = 3.0


@dataclass(frozen=True, eq=False)
class UncertaintyResult:
    """What the stage found.

    Parameters
    ----------
    record : dict
        Content of the key ``uncertainty`` of results.json.
    bands : mapping
        (limit, with recovery) to the interval that enters its verdict; NaN where it is not known.
    metric_intervals : mapping
        Organ to metric name to interval of the cumulative EQD2, Gy or cc.
    warnings : tuple of str
        Alarms about a registration, and intervals that are not known.
    """

    record: dict[str, Any] = field(default_factory=dict)
    bands: Mapping[tuple[AppliedLimit, bool], Band] = field(default_factory=dict)
    metric_intervals: Mapping[OrganJudge, Mapping[str, Band]] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


def judge_uncertainty(
    organs: Sequence[OrganJudge],
    applied: Sequence[AppliedLimit],
    planned: Course,
    priors: Sequence[Course],
    registered: Mapping[str, RegisteredCourse],
    case: Case,
    progress: Progress,
) -> UncertaintyResult:
    """Evaluate every organ at risk and target under other mappings and assumptions.

    Raises
    ------
    ArithmeticError
        A cumulative maximum above the sum of the maxima: a defect of this program.
    """
    choice = case.uncertainty
    tabulated = [organ for organ in organs if organ.model.kind in TABULATED]
    wanted = [organ for organ in tabulated if not organ.doses.why_not_evaluable]
    points = [organ.doses.samples.points_lps for organ in wanted]
    corners = [corner for one in points for corner in (one.min(axis=0), one.max(axis=0))]
    fields = random_fields(np.array(corners), priors, choice)
    context = MappingContext(priors, registered, choice, fields)
    partners = {prior.id: partners_of(planned, prior, case) for prior in priors}
    tables, bands, intervals, warnings = [], {}, {}, []
    for number, organ in enumerate(wanted):
        progress("Uncertainty of the organs", number / len(wanted))
        native = native_doses(organ, priors, partners)
        bounds = bounds_of(organ, native)
        found = _examine(organ, applied, native, context)
        tables.append({**found.table(), "bounds": _bounds_json(bounds)})
        bands.update(found.bands())
        intervals[organ] = found.metric_intervals()
        warnings += [text for text in (bounds.alarm if bounds else "", _unknown(found)) if text]
    record = {
        "choice": uncertainty_json(choice),
        "in_verdicts": list(choice.groups),
        "structures": tables,
        "disagreement": _disagreements(tabulated, priors, registered, progress),
    }
    return UncertaintyResult(record, bands, intervals, tuple(warnings))


def _disagreements(
    organs: Sequence[OrganJudge],
    priors: Sequence[Course],
    registered: Mapping[str, RegisteredCourse],
    progress: Progress,
) -> list[dict[str, Any]]:
    """Return how far the maps of each prior course disagree at each organ."""
    found = []
    for number, organ in enumerate(organs):
        progress("Disagreement of the registrations", number / len(organs))
        for prior in priors:
            if prior.id in registered:
                found.append(disagreement(organ, prior, registered[prior.id]))
    return [entry for entry in found if entry is not None]


def _examine(
    organ: OrganJudge,
    applied: Sequence[AppliedLimit],
    native: Mapping[str, CourseDose],
    context: MappingContext,
) -> OrganUncertainty:
    found = OrganUncertainty(organ, cumulative_limits(organ, applied), context.choice)
    failed = "fallback" in organ.model.mapping_source.values()
    for scenario in mapping_triplet(organ.doses, native, context):
        if not (failed and scenario.name == MappingStrategy.DIR.value):
            found.add(scenario)
    for scenario in engine_scenarios(organ.doses, context):
        found.add(scenario)
    for scenario in geometric_scenarios(organ.doses, context):
        found.add(scenario)
    found.add_sensitivity()
    return found


def native_doses(
    organ: OrganJudge, priors: Sequence[Course], partners: Mapping[str, Mapping[str, Structure]]
) -> dict[str, CourseDose]:
    """Prior dose in an organ as it was contoured on each prior image, as for POINT_SUM.

    Courses in which the organ is not contoured are left out. Where it is sampled every 1 mm at
    first, its hottest part is sampled every 0.5 mm.
    """
    if organ.model.kind is not StructureKind.OAR:
        return {}
    found = {}
    for prior in priors:
        structure, known = partners[prior.id].get(organ.model.name), organ.doses.priors[prior.id]
        if known.strategy is MappingStrategy.POINT_SUM:
            found[prior.id] = known
        elif structure is not None:
            found[prior.id] = _native_dose(prior, structure).with_model(known.model)
    return found


def _native_dose(prior: Course, structure: Structure) -> CourseDose:
    samples = sample_structure(structure, slice_spacing_mm=slice_spacing_mm(prior))
    doses, fractions = dose_at_points(prior, samples.points_lps), fractions_of(prior)
    hot = CourseDose(doses, fractions).eqd2(HOT_ALPHA_BETA_GY)
    refined = refine_hot(samples, hot)
    if refined is not samples:
        samples, doses = refined, dose_at_points(prior, refined.points_lps)
    return CourseDose(doses, fractions, MappingStrategy.POINT_SUM, samples.volumes_cc)


def bounds_of(organ: OrganJudge, native: Mapping[str, CourseDose]) -> CumulativeBounds | None:
    """Check the cumulative maximum of an organ whose prior dose is mapped point by point."""
    doses, model = organ.doses, organ.model
    if not doses.priors or not all(dose.is_voxelwise for dose in doses.priors.values()):
        return None
    alpha_beta, recovery = model.alpha_beta_gy, model.recovery_fractions
    maxima = [
        (1.0 - recovery.get(course, 0.0)) * float(dose.eqd2(alpha_beta).max())
        for course, dose in native.items()
    ]
    total = sum(maxima) if len(maxima) == len(doses.priors) else None
    return check_bounds(
        doses.background_eqd2(alpha_beta, recovery),
        doses.planned.eqd2(alpha_beta),
        model.name,
        None if total is None or np.isnan(total) else total,
    )


def _bounds_json(bounds: CumulativeBounds | None) -> dict[str, float | None] | None:
    if bounds is None:
        return None
    return {
        "voxelwise_maximum_gy": bounds.voxelwise_maximum_gy,
        "sum_of_maxima_gy": bounds.sum_of_maxima_gy,
        "native_point_sum_gy": bounds.native_point_sum_gy,
    }


def _unknown(found: OrganUncertainty) -> str:
    """Say that an interval is not known although the value itself is."""
    columns = found.table()["columns"]
    lost = [
        c["metric"] for c in columns if c["interval_known"] is False and c["nominal"] is not None
    ]
    if not lost:
        return ""
    return (
        f"{found.judge.model.name}: the uncertainty of {', '.join(lost)} is not known, because a "
        "scenario needs dose outside a dose grid or the registration"
    )
