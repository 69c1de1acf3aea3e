"""From the choices of a case to the engine that registers one prior course."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from .built_in_registrar import BuiltInRegistrar
from .case import Case
from .courses import Course, Structure, StructureKind
from .deformable_steps import DeformableOptions
from .errors import RefusedError
from .fine_region import FineRegion
from .names import match_name, squash
from .point_transforms import read_transform
from .registration_choice import AUTO, KINDS, RegistrationChoice
from .registration_guidance import ALL, guided_organs
from .registration_result import Registrar
from .registration_starts import StartChoice


def with_options(
    mode: str | Path | Registrar, prior: Course, planned: Course, case: Case
) -> str | Path | Registrar:
    """Return the built-in engine with the ``registration_options`` of a course.

    Parameters
    ----------
    mode : str, Path or Registrar
        From `course_registration.registration_mode`; other than ``rigid`` and ``deformable`` it
        comes back as it is.

    Raises
    ------
    RefusedError
        Options for a course that the built-in engine does not register, options of the deformable
        step for a course that is registered rigidly, organs or structures that do not exist.
    """
    own = prior.id in case.registration_options or prior.label in case.registration_options
    if mode not in ("rigid", "deformable"):
        if own:
            reason = (
                f"{prior.id} ({prior.label}): registration_options have no effect, its "
                "registration is neither rigid nor deformable; remove them or change the mode"
            )
            raise RefusedError(reason)
        return mode
    choice = case.registration_choice(prior.id, prior.label)
    # an entry of a course begins as a copy of the options of all courses, where there are any
    common = case.common_registration_choice
    chosen = [n for n in choice.deformable_options if getattr(choice, n) != getattr(common, n)]
    if own and mode == "rigid" and chosen:
        reason = (
            f"{prior.id} ({prior.label}): registration_options {', '.join(chosen)} have no effect, "
            "the course is registered rigidly; remove them or register it deformably"
        )
        raise RefusedError(reason)
    return built_in(mode == "deformable", choice, prior, planned, case)


def built_in(
    deformable: bool, choice: RegistrationChoice, prior: Course, planned: Course, case: Case
) -> BuiltInRegistrar:
    """Return the built-in engine for two courses.

    A rigid registration warns of the options of the deformable step, which may be meant for other
    courses.

    Raises
    ------
    RefusedError
        Organs or structures that do not exist.
    RegistrationError
        A file to start from that cannot be read.
    """
    options = DeformableOptions()
    options = replace(
        options,
        spacing_mm=choice.spacing_mm,
        curvature=options.curvature * choice.smoothness,
        diffeomorphic=choice.diffeomorphic,
    )
    idle = choice.deformable_options and not deformable
    names = ", ".join(choice.deformable_options)
    told = f"registered rigidly: registration_options {names} had no effect"
    file = choice.start_file
    organs = (
        guided_organs(planned, prior, choice.guide, choice.leave_out, case.structure_map)
        if deformable
        else ()
    )
    return BuiltInRegistrar(
        deformable,
        options,
        read_transform(file) if file else None,
        choice.refine_start,
        StartChoice(choice.start if choice.start in KINDS else AUTO, choice.start_landmarks),
        organs,
        _region(choice, planned, case) if deformable else None,
        (told,) if idle else (),
    )


def _region(choice: RegistrationChoice, planned: Course, case: Case) -> FineRegion | None:
    if not choice.fine_around:
        return None
    wanted = {squash(name) for name in choice.fine_around}
    found: list[Structure] = []
    for structure in planned.structures:
        match = match_name(structure.name, structure.interpreted_type, case.structure_map)
        names = {squash(structure.name), squash(match.standard_name or "")} - {""}
        wanted_target = ALL in choice.fine_around and structure.kind is StructureKind.TARGET
        if wanted_target or names & wanted:
            found.append(structure)
            wanted -= names
    left = [name for name in choice.fine_around if name != ALL and squash(name) in wanted]
    if left or not found:
        missing = ", ".join(left) or "a target"
        known = ", ".join(structure.name for structure in planned.structures)
        reason = f"registration_options: fine_around: no {missing} in the planned course ({known})"
        raise RefusedError(reason)
    return FineRegion(tuple(found), choice.fine_mm)
