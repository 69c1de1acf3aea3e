"""What a change of choices leads to: verdicts at once, everything else when it is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from .case import Case
from .case_record import case_record
from .constraints import Constraint
from .cord_stage import CordCase, cord_criteria
from .courses import Course
from .dicom_registrar import offered_registrations
from .dvh_curves import dvh_curves
from .errors import RefusedError
from .hot_spots import hand_check, hot_spots, limit_use
from .isotoxic_stage import isotoxic_answer
from .judgement import OrganJudge
from .letter_courses import unused_point_doses
from .limits import AppliedLimit, near_maximum_limit
from .live_samples import NO_GRIDS
from .pipeline_data import DvhCurve, JudgedOrgan, RegisteredCourse, SampledCase
from .remarks import remarks
from .results import structure_json
from .target_stage import target_record
from .uncertainty_stage import UncertaintyResult

NOT_COMPUTED = UncertaintyResult()
NO_DISTANCE = (
    "the distance of the 50 % isodose from the PTV is not known: it needs the planned dose grid, "
    "which is not at hand"
)


@dataclass(frozen=True)
class Tolerance:
    """How much of its smallest cumulative near-maximum EQD2 limit an organ uses.

    Parameters
    ----------
    structure, metric : str
        Organ and metric of the limit.
    value_gy, limit_gy : float
        Cumulative EQD2 and limit, Gy; the value is None where it is not known, or known in part
        only and not over the limit.
    percent : float, optional
        Value over limit, %.
    limit_id : str
        Id of the limit.
    """

    structure: str
    metric: str
    value_gy: float | None
    limit_gy: float
    percent: float | None
    limit_id: str


@dataclass(frozen=True, eq=False)
class LiveResult:
    """A judged case.

    Parameters
    ----------
    sampled : SampledCase
        The choices with the doses they were applied to; `pipeline.judge_case` of it is the whole
        evaluation with maps.
    organs : tuple of OrganJudge
        Every structure of the reference image.
    applied : tuple of AppliedLimit
        Every limit with its organ, in the order of ``rows``.
    rows : tuple of dict
        Judged limits, exactly as ``constraints`` of results.json.
    marker : str
        ``live:...``: equal for equal choices on equal doses; see `is_current`.
    missing_intervals : str
        Which uncertainty was asked for and is not in the verdicts; empty if none is missing.
    not_measured : str
        Which structures were drawn after the registration was measured; empty if none was.
    sure : UncertaintyResult
        Uncertainty, where it was asked for and computed.
    """

    sampled: SampledCase
    organs: tuple[OrganJudge, ...]
    applied: tuple[AppliedLimit, ...]
    rows: tuple[dict[str, Any], ...]
    marker: str
    missing_intervals: str = ""
    not_measured: str = ""
    sure: UncertaintyResult = NOT_COMPUTED

    @property
    def case(self) -> Case:
        """The choices."""
        return self.sampled.source.case

    @property
    def planned(self) -> Course:
        """Planned course, with the what-if factor on its dose."""
        return self.sampled.source.planned

    @property
    def priors(self) -> tuple[Course, ...]:
        """Prior courses, oldest first."""
        return self.sampled.source.priors

    @property
    def courses(self) -> tuple[Course, ...]:
        """Prior courses, oldest first, then the planned course."""
        return (*self.priors, self.planned)

    @property
    def registrations(self) -> Mapping[str, RegisteredCourse]:
        """Course id to registration."""
        return self.sampled.registered

    def organ(self, name: str) -> OrganJudge:
        """Return the judge of a structure by its name on the reference image.

        Raises
        ------
        RefusedError
            A name that is not there.
        """
        for organ in self.organs:
            if organ.model.name == name:
                return organ
        listed = ", ".join(organ.model.name for organ in self.organs)
        reason = f"there is no structure '{name}' on the reference image; it has {listed}"
        raise RefusedError(reason)

    def dvh_of(self, *names: str) -> tuple[DvhCurve, ...]:
        """Return the EQD2 curves of some structures: each course, sum with and without recovery.

        Structures of kind ``other`` have none.
        """
        return tuple(dvh_curves([self.organ(name) for name in names]))

    @cached_property
    def dvh(self) -> tuple[DvhCurve, ...]:
        """Curves of every structure, as in dvh.csv."""
        return tuple(dvh_curves(self.organs))

    @cached_property
    def judged(self) -> tuple[JudgedOrgan, ...]:
        """Every structure with all its metrics."""
        found = self.sure.metric_intervals
        return tuple(JudgedOrgan.of(o, self.applied, found.get(o)) for o in self.organs)

    @cached_property
    def structures(self) -> tuple[dict[str, Any], ...]:
        """``structures`` of results.json: models and metrics of every structure."""
        return tuple(structure_json(organ) for organ in self.judged)

    @cached_property
    def tolerance(self) -> dict[str, Tolerance]:
        """Share of the smallest near-maximum limit each organ uses; organs without one left out."""
        pairs = ((organ, near_maximum_limit(self.applied, organ)) for organ in self.organs)
        return {organ.model.name: _tolerance(organ, limit) for organ, limit in pairs if limit}

    @cached_property
    def hot_spots(self) -> tuple[dict[str, Any], ...]:
        """``hot_spots`` of results.json, most of its limit used first."""
        return tuple(hot_spots(self.organs, self.applied))

    @cached_property
    def hand_checks(self) -> tuple[dict[str, Any], ...]:
        """``hand_checks`` of results.json."""
        found = (hand_check(organ, self.planned.id) for organ in self.organs)
        return tuple(check for check in found if check)

    @cached_property
    def isotoxic(self) -> tuple[dict[str, Any] | None, str]:
        """``isotoxic`` of results.json, or None and why not."""
        answer, why = isotoxic_answer(self.applied, self.rows, self.planned, self.case, self.organs)
        if answer is not None and not self.sampled.has_grids:
            answer["notes"] = [*answer["notes"], NO_DISTANCE]
        return answer, why

    @cached_property
    def cord_criteria(self) -> tuple[dict[str, Any], ...]:
        """``cord_criteria`` of results.json."""
        known = CordCase(self.organs, self.planned, self.priors, self.case)
        return tuple(cord_criteria(known))

    @cached_property
    def targets(self) -> dict[str, Any]:
        """``targets`` of results.json.

        Raises
        ------
        RefusedError
            The dose grids are not at hand.
        """
        if not self.sampled.has_grids:
            reason = f"coverage and overlap of the targets: {NO_GRIDS}"
            raise RefusedError(reason)
        registered = self.sampled.registered
        return target_record(self.organs, self.planned, self.priors, registered, self.case)

    @cached_property
    def warnings(self) -> tuple[str, ...]:
        """What has to be said beside the numbers, as in results.json.

        Why there is no isotoxic answer is said by `isotoxic`.
        """
        source, models = self.sampled.source, self.sampled.models
        said = (
            *source.notes,
            self.not_measured,
            self.missing_intervals,
            *self.sure.warnings,
            *unused_point_doses(models, self.priors),
            *offered_registrations(source.read, self.case),
        )
        return remarks(source.read, self.judged, self.sampled.registered, self.case, said)

    def as_results(self, *, with_isotoxic: bool = False) -> dict[str, Any]:
        """Return the part of results.json that follows the choices.

        The isotoxic answer, which takes longer, only if it is asked for.
        """
        answer = {"isotoxic": self.isotoxic[0]} if with_isotoxic else {}
        return {
            "live": self.marker,
            "planned_scale": self.case.planned_scale,
            "constraints": list(self.rows),
            "structures": list(self.structures),
            "hot_spots": list(self.hot_spots),
            "warnings": list(self.warnings),
            **answer,
        }

    def case_file(self) -> dict[str, Any]:
        """Return the case file with which ``evaluate --case`` gives the same numbers."""
        return case_record(self)


def _tolerance(organ: OrganJudge, limit: Constraint) -> Tolerance:
    value, percent = limit_use(organ, limit)
    limit_gy = float(limit.limit or 0.0)
    return Tolerance(organ.model.name, limit.metric_name, value, limit_gy, percent, limit.id)
