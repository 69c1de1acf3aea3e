"""What has to be said beside the numbers: defaults taken, matches to confirm, doses not known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from .case import Case, MappingStrategy
from .courses import Course, StructureKind
from .dicom import ReadResult
from .dose_checks import dose_per_fraction_note
from .pipeline_data import JudgedOrgan, RegisteredCourse
from .registration_doubts import IN_DOUBT
from .registration_fallback import ACCEPTED, CourseMap, not_validated
from .structure_pairs import side_warning
from .warning import scale_warning

COMPLETE = 0.9995
SAID_ELSEWHERE = (MappingStrategy.UNIFORM_BG, MappingStrategy.NOT_EVALUABLE)


def remarks(
    read: ReadResult,
    organs: Sequence[JudgedOrgan],
    registered: Mapping[str, RegisteredCourse],
    case: Case,
    notes: Sequence[str] = (),
) -> tuple[str, ...]:
    """Return every warning of a run, most general first, each once."""
    said = [
        scale_warning(case.planned_scale),
        *_of_maps(registered, in_doubt=True),
        *read.warnings,
        *notes,
        *_of_case(case),
        *_of_dates(read.courses),
        *_of_registrations(registered, case),
        *_of_maps(registered, in_doubt=False),
        *_of_frames(read.courses, registered),
        *_of_matches(organs),
        *_of_defaults(organs),
        *_of_strategies(organs),
        _of_unjudged(organs),
        *_of_coverage(organs),
        *_of_backgrounds(organs),
        *_of_high_doses(organs),
    ]
    return tuple(dict.fromkeys(text for text in said if text))


def _of_case(case: Case) -> Iterator[str]:
    if not case.protocols:
        yield "no constraint set was chosen: metrics are given without verdicts (--protocol)"
    if not case.model.is_lq:
        yield (
            f"doses are converted with {case.model.label}, which is never the cautious choice for "
            "an organ at risk; limits derived with the LQ model are not judged"
        )
    for name, choice in case.organs.items():
        for course, recovery in choice.recovery.items():
            if recovery.value and not recovery.justification:
                yield (
                    f"{name}: recovery {recovery.value:g} for {course} was given without a "
                    "justification"
                )


def _of_dates(courses: Sequence[Course]) -> Iterator[str]:
    for course in courses[:-1]:
        first = course.first_fraction_date
        if first is not None and course.last_fraction_date is None:
            yield (
                f"{course.id}: its last fraction is not known; the interval counts from "
                f"{first.isoformat()} ({course.date_source or 'typed'}); give last_fraction_date "
                "in the case file"
            )


def approval_void(course: str, registered: Mapping[str, RegisteredCourse], case: Case) -> str:
    """Say that an approval was given for another transform; empty if it holds or there is none."""
    approval, match = case.approvals.get(course), registered.get(course)
    digest = match.quality.get("transform_sha256") if match else None
    if approval is None or digest is None or approval.holds_for(digest):
        return ""
    return (
        f"{course}: the approval by {approval.name} is VOID, it was given for another transform "
        f"({approval.transform[:12]}) than the one used ({digest[:12]}); review and approve again"
    )


def approval_untied(course: str, registered: Mapping[str, RegisteredCourse], case: Case) -> str:
    """Say that an approval names no transform; empty if it names one, is void or is none."""
    approval, match = case.approvals.get(course), registered.get(course)
    digest = match.quality.get("transform_sha256") if match else None
    if approval is None or approval.names_transform or digest is None:
        return ""
    if not approval.holds_for(digest):
        return ""
    return (
        f"{course}: the approval by {approval.name} NAMES NO TRANSFORM and was not tied to the one "
        "used; if that is the one that was looked at, give the approval in the case file "
        f'"transform": "{digest}" and no "tied_by_run", so that it holds for no other'
    )


def _of_registrations(registered: Mapping[str, RegisteredCourse], case: Case) -> Iterator[str]:
    for course, match in registered.items():
        yield approval_void(course, registered, case)
        yield approval_untied(course, registered, case)
        typed = match.quality.get("typed_levels", ())
        if typed:
            yield (
                f"{course}: the registration is judged by levels typed in the case file "
                f"({', '.join(typed)}), not by the defaults"
            )
        if match.approved_by is None:
            yield f"REGISTRATION NOT APPROVED: {course} ({match.result.mode}); review it"
        yield not_validated(CourseMap.of(course, match.result.mode, match.quality))


def _of_maps(registered: Mapping[str, RegisteredCourse], *, in_doubt: bool) -> Iterator[str]:
    """Return what registrations warn of; doubts about a whole map apart, they come first."""
    for course, match in registered.items():
        for said in (*match.quality.get("warnings", ()), *match.result.warnings):
            if said.startswith(IN_DOUBT) == in_doubt:
                yield said if said.startswith(f"{course}: ") else f"{course}: {said}"


def _of_frames(
    courses: Sequence[Course], registered: Mapping[str, RegisteredCourse]
) -> Iterator[str]:
    *priors, planned = courses
    for prior in priors:
        match = registered.get(prior.id)
        if match is not None and match.moves_inside_frame(prior, planned):
            yield (
                f"{prior.id}: its registration is not written as DICOM, which cannot hold one "
                f"inside a single frame of reference; transforms/{prior.id}.h5 holds it"
            )


def _of_matches(organs: Sequence[JudgedOrgan]) -> Iterator[str]:
    unmatched = []
    for organ in organs:
        model = organ.model
        if model.kind is not StructureKind.OAR:
            continue
        if not model.match.standard_name:
            unmatched.append(model.name)
        elif not model.match.certain:
            yield (
                f"{model.name}: proposed as {model.match.standard_name} but not used for limits; "
                f"{model.match.note}; confirm it with structure_map"
            )
    yield from _of_sides(organs)
    if unmatched:
        listed = ", ".join(unmatched)
        yield f"structures without a standard name, not used for limits: {listed}"


def _of_sides(organs: Sequence[JudgedOrgan]) -> Iterator[str]:
    """Compare left and right in the names with where the structures lie."""
    bodies = [organ for organ in organs if organ.model.kind is StructureKind.EXTERNAL]
    if not bodies:
        return
    middle = float(bodies[0].doses.samples.points_lps[:, 0].mean())
    for organ in organs:
        center = float(organ.doses.samples.points_lps[:, 0].mean())
        yield side_warning(organ.model.name, organ.model.match, center, middle) or ""


def _of_defaults(organs: Sequence[JudgedOrgan]) -> Iterator[str]:
    by_value: dict[float, list[str]] = {}
    for organ in organs:
        if organ.model.alpha_beta_source == "default":
            by_value.setdefault(organ.model.alpha_beta_gy, []).append(organ.model.name)
    for value, names in sorted(by_value.items()):
        yield f"default alpha/beta of {value:g} Gy used for {', '.join(names)}"


def _of_strategies(organs: Sequence[JudgedOrgan]) -> Iterator[str]:
    for organ in organs:
        for course, dose in organ.doses.priors.items():
            said = organ.model.mapping_statement.get(course, "")
            decided = organ.model.mapping_source.get(course)
            if dose.strategy is MappingStrategy.NOT_EVALUABLE:
                yield f"NOT EVALUABLE: {dose.note}"
            elif decided == "fallback":
                yield said
            elif said.startswith(ACCEPTED):
                yield f"{organ.model.name}: {course} {said}"
            if not dose.is_voxelwise and dose.strategy not in SAID_ELSEWHERE:
                yield (
                    f"{organ.model.name}: {course} counts as {dose.strategy.value}; the maps and "
                    "the hot spot cannot show the sum there and leave it unknown"
                )


def _of_unjudged(organs: Sequence[JudgedOrgan]) -> str:
    """Say that what is not judged (the body) has sums that reach into organs whose map failed."""
    lost = [o.model.name for o in organs if "fallback" in o.model.mapping_source.values()]
    whole = [o.model.name for o in organs if o.model.kind is StructureKind.EXTERNAL]
    if not lost or not whole:
        return ""
    return (
        f"{', '.join(whole)}: cumulative metrics count dose inside organs whose map failed "
        f"({', '.join(lost)}); do not read a maximum from them"
    )


def _of_coverage(organs: Sequence[JudgedOrgan]) -> Iterator[str]:
    for organ in organs:
        for course, share in (
            *organ.known_prior_dose.items(),
            ("planned", organ.known_planned_dose),
        ):
            if share < COMPLETE:
                yield (
                    f"{organ.model.name}: {100 * (1 - share):.1f} % of its volume lies outside the "
                    f"known dose of {course}; mean and volume metrics are not given"
                )


def _of_backgrounds(organs: Sequence[JudgedOrgan]) -> Iterator[str]:
    for organ in organs:
        for course, dose in organ.doses.priors.items():
            if dose.strategy is MappingStrategy.UNIFORM_BG:
                yield f"{organ.model.name}: background of {course} (UNIFORM_BG): {dose.note}"


def _of_high_doses(organs: Sequence[JudgedOrgan]) -> Iterator[str]:
    """Say where the LQ model is stretched (physics.md 1.2)."""
    for organ in organs:
        if organ.model.kind is not StructureKind.OAR:
            continue
        notes = [
            dose_per_fraction_note(dose, n, organ.model.name)
            for course in (organ.doses.planned, *organ.doses.priors.values())
            for dose, n in zip(course.phase_doses_gy, course.fractions, strict=True)
        ]
        worst = max((note for note in notes if note), key=lambda n: n.highest_gy, default=None)
        yield worst.text if worst else ""
