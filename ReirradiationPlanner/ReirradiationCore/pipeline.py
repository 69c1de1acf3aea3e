"""The whole method on one screen: a case in, an evaluation out."""

from __future__ import annotations

from collections.abc import Mapping

from .assumptions import mapping_defaults, resolve_models
from .case import Case
from .cord_stage import CordCase, cord_criteria, with_cord_limits
from .course_registration import register_priors
from .dicom import ReadResult, read_courses
from .dicom_registrar import offered_registrations, with_used_registrations
from .dvh_curves import dvh_curves
from .hot_spots import hand_check, hot_spots
from .input_checks import (
    chosen_protocols,
    hash_of_input,
    read_options,
    require_known_names,
    require_structures,
    with_course_choices,
)
from .isotoxic_stage import isotoxic_answer
from .letter_courses import unused_point_doses, with_letters
from .limits import apply_limits, limit_rows
from .map_stage import voxel_maps
from .organ_doses import sample_organs
from .pipeline_data import Evaluation, JudgedOrgan, ReadCase, RegisteredCourse, SampledCase
from .progress import Progress, silent
from .protocol_check import ConstraintSet
from .remarks import remarks
from .stopwatch import Stopwatch
from .target_stage import target_record
from .uncertainty_stage import judge_uncertainty


def evaluate_reirradiation(case: Case, progress: Progress = silent) -> Evaluation:
    """Read, register, map, convert, sum and judge all courses of a case.

    Parameters
    ----------
    case : Case
        Every choice of the user.
    progress : Progress
        Told what is being done; raises `CancelledError` to stop.

    Returns
    -------
    Evaluation
        Everything that was found; nothing is written.

    Raises
    ------
    ReirradiationError
        Input or choices that must not be evaluated.
    """
    clock = Stopwatch()
    with clock.stage("read"):
        source = read_case(case, progress)
    with clock.stage("register"):
        registered = register_priors(
            source.priors, source.planned, case, progress, source.read.registrations
        )
    with clock.stage("map"):
        sampled = sample_case(source, registered, progress)
    return judge_case(sampled, progress, clock)


def read_case(case: Case, progress: Progress = silent) -> ReadCase:
    """Read the files of a case and apply what was typed about the courses.

    Raises
    ------
    ReirradiationError
        Input or choices that must not be evaluated.
    """
    sets = chosen_protocols(case)  # refused before the files are read if it cannot be used
    read = with_letters(read_courses(case.paths, read_options(case), progress), case)
    return _with_sets(read, case, *sets)


def with_choices(read: ReadResult, case: Case) -> ReadCase:
    """Bring courses, from files or from a scene, together with the choices about them.

    Raises
    ------
    ReirradiationError
        Choices that do not fit the courses.
    """
    return _with_sets(read, case, *chosen_protocols(case))


def _with_sets(
    read: ReadResult, case: Case, protocols: tuple[ConstraintSet, ...], notes: tuple[str, ...]
) -> ReadCase:
    read = with_course_choices(read, case)
    require_structures(read)
    require_known_names(case, read.courses)
    read = with_used_registrations(read, case)
    return ReadCase(case, read, protocols, notes, hash_of_input(case, read))


def sample_case(
    source: ReadCase, registered: Mapping[str, RegisteredCourse], progress: Progress = silent
) -> SampledCase:
    """Sample every organ with the doses of all courses, the prior ones mapped.

    Raises
    ------
    RefusedError
        Choices for an organ that no structure answers to, or that the courses cannot serve.
    """
    planned, priors, case = source.planned, source.priors, source.case
    strategies = mapping_defaults(registered)
    models = resolve_models(planned, priors, case, source.constraints, strategies)
    doses = sample_organs(models, planned, priors, registered, case, progress)
    return SampledCase(source, registered, tuple(models), tuple(doses))


def judge_case(
    sampled: SampledCase, progress: Progress = silent, clock: Stopwatch | None = None
) -> Evaluation:
    """Judge every organ of a sampled case, and paint the maps."""
    clock = clock or Stopwatch()
    source, registered = sampled.source, sampled.registered
    case, read, planned, priors = source.case, source.read, source.planned, source.priors
    courses, organs = (*priors, planned), sampled.judges()
    cords = CordCase(organs, planned, priors, case)
    applied = with_cord_limits(apply_limits(source.constraints, organs), cords)
    with clock.stage("uncertainty"):
        sure = judge_uncertainty(organs, applied, planned, priors, registered, case, progress)
    with clock.stage("evaluate"):
        progress("Judging the organs")
        rows = limit_rows(applied, planned, priors, case.confirmed, sure.bands)
        isotoxic, no_isotoxic = isotoxic_answer(applied, rows, planned, case, organs)
        targets = target_record(organs, planned, priors, registered, case)
        judged = [JudgedOrgan.of(o, applied, sure.metric_intervals.get(o)) for o in organs]
        spots = hot_spots(organs, applied)
        checks = [check for organ in organs if (check := hand_check(organ, planned.id))]
        curves = dvh_curves(organs)
        unused = unused_point_doses(sampled.models, priors)
        offered = offered_registrations(read, case)
        said = (*source.notes, no_isotoxic, *sure.warnings, *unused, *offered)
    with clock.stage("heatmaps"):
        maps = voxel_maps(organs, applied, courses, registered, case, progress)
    return Evaluation(
        case=case,
        courses=courses,
        registrations=registered,
        organs=tuple(judged),
        constraints=tuple(rows),
        isotoxic=isotoxic,
        maps=maps,
        hot_spots=tuple(spots),
        protocols=source.protocols,
        dvh=tuple(curves),
        hand_checks=tuple(checks),
        warnings=remarks(read, judged, registered, case, said),
        input_hash=source.input_hash,
        files=read.files,
        skipped_files=read.skipped_files,
        uncertainty=sure.record,
        targets=targets,
        cord_criteria=tuple(cord_criteria(cords)),
        timings_s=clock.seconds(),
        sampled=sampled,
    )
