"""Judge a case again after every change of choices, on doses that are sampled already.

Alpha/beta, recovery, limits and the scale of the planned dose are arithmetic on the sampled doses
(`accumulation`); only an organ whose mapping or contour changed is sampled again. The steps are
those of `pipeline`, so the same choices give the same rows.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from .case import Case
from .cord_stage import CordCase, with_cord_limits
from .courses import Course, Phase, Structure
from .errors import RefusedError
from .input_checks import chosen_protocols, require_known_names
from .judgement import OrganJudge
from .limits import AppliedLimit, apply_limits, limit_rows
from .live_choices import Stale, choices_marker, digest_of, require_live, stale_after_choices
from .live_intervals import saying, without_intervals
from .live_measured import not_measured, require_measured_pairs
from .live_result import LiveResult
from .live_samples import NO_GRIDS, Sampler
from .pipeline_data import ReadCase, SampledCase
from .progress import Progress, silent
from .protocol_check import ConstraintSet
from .uncertainty_stage import UncertaintyResult, judge_uncertainty

Sets = tuple[tuple[ConstraintSet, ...], tuple[str, ...]]


class LiveEvaluation:
    """A sampled case that can be judged again and again.

    Parameters
    ----------
    sampled : SampledCase
        From `pipeline.sample_case` or `sample_store.read_samples`.
    known_sets : mapping
        Constraint sets by the name or file the choices ask for them with; others are loaded.
    """

    def __init__(
        self, sampled: SampledCase, known_sets: Mapping[str, ConstraintSet] | None = None
    ) -> None:
        self.sampled = sampled
        self._sampler = Sampler(sampled)
        self._known_sets = {**sampled.source.known_sets, **(known_sets or {})}
        self._chosen: dict[str, Sets] = {}
        self._judges: dict[Structure, OrganJudge] = {}
        self._drawn: frozenset[str] = frozenset()

    @property
    def case(self) -> Case:
        """The choices the case was sampled with."""
        return self.sampled.source.case

    def judge(
        self, case: Case | None = None, *, intervals: bool = False, progress: Progress = silent
    ) -> LiveResult:
        """Judge every limit with other choices.

        Parameters
        ----------
        case : Case, optional
            All choices; start from ``live.case`` with `dataclasses.replace`. Those the case was
            sampled with if not given.
        intervals : bool
            Compute the uncertainty that the case wants in its verdicts, which takes as long as in
            a whole evaluation. Without it the rows concerned say that the interval is missing,
            and none of them passes.
        progress : Progress
            Told about sampling and uncertainty.

        Raises
        ------
        RefusedError
            Choices that do not fit the case, that decide how files are read or registered, or
            that need dose grids which are not at hand.
        ProtocolError
            A constraint set that cannot be used.
        """
        case = self.case if case is None else case
        sampled = self._with_choices(case, progress)
        source = sampled.source
        organs = self._judges_of(sampled)
        cords = CordCase(organs, source.planned, source.priors, case)
        applied = with_cord_limits(apply_limits(source.constraints, organs), cords)
        sure, missing = UncertaintyResult(), ""
        if intervals and case.uncertainty.groups:
            sure = self._uncertainty(sampled, organs, applied, progress)
        elif case.uncertainty.groups:
            sure, missing = without_intervals(applied, case)
        rows = limit_rows(applied, source.planned, source.priors, case.confirmed, sure.bands)
        return LiveResult(
            sampled,
            tuple(organs),
            tuple(applied),
            tuple(saying(missing, rows, applied, sure)),
            source.input_hash,
            missing,
            not_measured(self._drawn, source.priors),
            sure,
        )

    def marker_of(self, case: Case) -> str:
        """Return the marker a result with these choices has; compare it with ``result.marker``."""
        return choices_marker(case, f"{self.sampled.source.input_hash} {_files_of_sets(case)}")

    def is_current(self, result: LiveResult, case: Case) -> bool:
        """Tell whether a result is of these choices on these doses and contours."""
        return result.marker == self.marker_of(case)

    def stale_after(self, before: Case, after: Case) -> Stale:
        """Return what a change of choices makes stale, with names of structures as in the files.

        See `live_choices.stale_after` for changes of registration, dose and contour.
        """
        stale = stale_after_choices(before, after)
        if stale.organs is None:
            return stale
        models = self.sampled.models
        named = {m.name for m in models if {m.name, m.match.standard_name} & stale.organs}
        return replace(stale, organs=frozenset(named))

    def with_structure(self, structure: Structure, progress: Progress = silent) -> LiveEvaluation:
        """Return the case with one structure of the reference image redrawn or added.

        The structure replaces the one of the same name. Only it is sampled again; if it is a
        target, so are the organs whose prior dose is UNIFORM_BG near the targets.

        Raises
        ------
        RefusedError
            A structure in another frame of reference, or dose grids that are not at hand.
        GeometryError
            Contours that cannot be sampled.
        """
        self._require_grids(f"{structure.name}: a changed contour has to be sampled")
        planned = self.sampled.source.read.courses[-1]
        frames = structure.frame_of_reference_uid, planned.frame_of_reference_uid
        if all(frames) and frames[0] != frames[1]:
            reason = (
                f"{structure.name} is drawn in frame of reference {frames[0]}, the reference "
                f"image has {frames[1]}"
            )
            raise RefusedError(reason)
        known = [s.name for s in planned.structures]
        structures = list(planned.structures)
        if structure.name in known:
            structures[known.index(structure.name)] = structure
        else:
            structures.append(structure)
        return self._with_structures(structures, structure, progress)

    def without_structure(self, name: str, progress: Progress = silent) -> LiveEvaluation:
        """Return the case without one structure of the reference image.

        Raises
        ------
        RefusedError
            A name that is not there, or that of the only structure.
        """
        old = self.sampled.source.read.courses[-1].structures
        gone = [s for s in old if s.name == name]
        if not gone or len(gone) == len(old):
            listed = ", ".join(s.name for s in old)
            reason = f"'{name}' cannot be taken out; the reference image has {listed}"
            raise RefusedError(reason)
        return self._with_structures([s for s in old if s.name != name], gone[0], progress)

    def with_course(self, course: Course, progress: Progress = silent) -> LiveEvaluation:
        """Return the case with another dose or other dates of one course; all organs are sampled.

        Parameters
        ----------
        course : Course
            Replaces the course of the same id; image and frame of reference must be the same,
            because the registrations are kept.

        Raises
        ------
        RefusedError
            A course that is not there, of another image or with a what-if factor of its own, or
            dose grids that are not at hand.
        """
        self._require_grids(f"{course.id}: a changed dose has to be sampled")
        courses = self.sampled.source.read.courses
        old = next((c for c in courses if c.id == course.id), None)
        if old is None or not _same_anatomy(old, course):
            reason = (
                f"{course.id} is no course of this case with the same image and frame of "
                "reference; register and evaluate again"
            )
            raise RefusedError(reason)
        if any(phase.dose_scale != 1.0 for phase in course.phases):
            reason = f"{course.id} carries a what-if factor; give the course as planned"
            raise RefusedError(reason)
        changed = tuple(course if c is old else c for c in courses)
        doses = [d for phase in course.phases for d in (phase.dose.array, *_plan(phase))]
        drawn = [part for s in course.structures for part in (s.name, *s.contours)]
        digest = digest_of(course.id, *_dates(course), str(course.letter), *doses, *drawn)
        source = self._with_courses(changed, digest)
        sampled = Sampler(replace(self.sampled, source=source, models=(), doses=()))
        made = LiveEvaluation(sampled.sampled(source, progress), self._known_sets)
        made._drawn = self._drawn
        return made

    def _require_grids(self, what: str) -> None:
        if not self.sampled.has_grids:
            reason = f"{what}; {NO_GRIDS}"
            raise RefusedError(reason)

    def _with_structures(
        self, structures: Sequence[Structure], changed: Structure, progress: Progress
    ) -> LiveEvaluation:
        planned = replace(self.sampled.source.read.courses[-1], structures=tuple(structures))
        kept = changed in structures
        digest = digest_of(changed.name, str(kept), *(changed.contours if kept else ()))
        source = self._with_courses((*self.sampled.source.priors, planned), digest)
        made = LiveEvaluation(self._sampler.with_structures(source, progress), self._known_sets)
        made._judges, made._chosen = dict(self._judges), self._chosen
        made._drawn = self._drawn | {changed.name} if kept else self._drawn - {changed.name}
        return made

    def _with_courses(self, courses: tuple[Course, ...], digest: str) -> ReadCase:
        source = self.sampled.source
        marked = digest_of(source.input_hash, digest)
        return replace(
            source, read=replace(source.read, courses=courses), input_hash=f"live:{marked}"
        )

    def _with_choices(self, case: Case, progress: Progress) -> SampledCase:
        base = self.sampled.source
        require_live(base.case, case)
        require_measured_pairs(base, case)
        key = _sets_asked_for(case)
        if key not in self._chosen:
            self._chosen[key] = chosen_protocols(case, self._known_sets)
        protocols, notes = self._chosen[key]
        require_known_names(case, base.read.courses)
        source = replace(
            base, case=case, protocols=protocols, notes=notes, input_hash=self.marker_of(case)
        )
        return self._sampler.sampled(source, progress)

    def _judges_of(self, sampled: SampledCase) -> list[OrganJudge]:
        """Judges of every organ; what was sorted before is used again where it still holds."""
        factor, planned_id = sampled.source.case.planned_scale, sampled.source.planned.id
        organs = []
        for model, doses in zip(sampled.models, sampled.doses, strict=True):
            scaled = self._sampler.scaled(doses, factor)
            known = self._judges.get(model.structure)
            if known is not None and known.doses is scaled:
                organs.append(known.with_model(model))
            else:
                organs.append(OrganJudge(model, scaled, planned_id))
        self._judges = {organ.model.structure: organ for organ in organs}
        return organs

    def _uncertainty(
        self,
        sampled: SampledCase,
        organs: Sequence[OrganJudge],
        applied: Sequence[AppliedLimit],
        progress: Progress,
    ) -> UncertaintyResult:
        self._require_grids("the interval over the chosen uncertainty has to be mapped")
        source = sampled.source
        return judge_uncertainty(
            organs,
            applied,
            source.planned,
            source.priors,
            sampled.registered,
            source.case,
            progress,
        )


def _sets_asked_for(case: Case) -> str:
    """Return a text that changes with everything that decides the limits, files included."""
    choices = {key: dict(value) for key, value in case.limit_choices.items()}
    files = _files_of_sets(case)
    return json.dumps([case.protocols, files, choices, case.confirmed, case.model.to_json()])


def _files_of_sets(case: Case) -> list[int]:
    """Return when the constraint sets that are files were changed last."""
    return [Path(name).stat().st_mtime_ns for name in case.protocols if Path(name).is_file()]


def _same_anatomy(old: Course, new: Course) -> bool:
    return (
        old.image is new.image
        and old.frame_of_reference_uid == new.frame_of_reference_uid
        and old.role is new.role
    )


def _plan(phase: Phase) -> tuple[str, ...]:
    numbers = phase.fractions_delivered, phase.fractions_planned, phase.prescribed_dose_gy
    return str(numbers), str(phase.dose_scale), str(phase.dose.grid)


def _dates(course: Course) -> tuple[str, ...]:
    return str(course.first_fraction_date), str(course.last_fraction_date)
