"""Other maps of a prior course, made beside the one that is used, to see how far they disagree."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from .case import Case
from .courses import Course
from .demons_registrar import DemonsRegistrar
from .errors import RefusedError
from .progress import Progress
from .registration import MODES, FileRegistrar, register
from .registration_result import RegistrationResult
from .uncertainty_choice import DEMONS


def alternatives_of(
    result: RegistrationResult, planned: Course, prior: Course, case: Case, progress: Progress
) -> dict[str, RegistrationResult]:
    """Return the maps of ``uncertainty.engines`` for one prior course, by their names.

    ``demons`` starts from the rigid part of ``result``, or from the identity in one frame of
    reference; ``COURSE=FILE`` is a transform made elsewhere.

    Raises
    ------
    RefusedError
        An engine without what it needs.
    RegistrationError
        A file that cannot be read, a map that cannot be right.
    """
    found = {}
    for name, engine in engine_names(case, prior.id).items():
        if engine == DEMONS:
            found[name] = _demons(result, planned, prior, progress)
        else:
            file = FileRegistrar(Path(engine))
            found[name] = register(planned.image, prior.image, file, progress)
    return found


def engine_names(case: Case, course_id: str) -> dict[str, str]:
    """Return ``uncertainty.engines`` of one prior course: name of the map to ``demons`` or file.

    A file is called by its name, with as many of its folders before it as tell it from the other
    maps of the course.

    Raises
    ------
    RefusedError
        A file that is given twice.
    """
    parts = [engine.partition("=") for engine in case.uncertainty.engines]
    files = [Path(file) for course, _, file in parts if file and course == course_id]
    places = [file.resolve() for file in files]
    for number, place in enumerate(places):
        if place in places[:number]:
            reason = f"{course_id}: uncertainty.engines names {place} twice; leave one out"
            raise RefusedError(reason)
    names = {DEMONS: DEMONS} if DEMONS in case.uncertainty.engines else {}
    return names | {_short(place, places): str(f) for f, place in zip(files, places, strict=True)}


def _short(file: Path, files: Sequence[Path]) -> str:
    """Return the end of a path that no other file and no map of our own is called by."""
    for length in range(1, len(file.parts)):
        name = _end(file, length)
        others = {_end(other, length).casefold() for other in files if other != file}
        if name.casefold() not in others and name not in (*MODES, DEMONS):
            return name
    return file.as_posix()


def _end(file: Path, length: int) -> str:
    return "/".join(file.parts[-length:])


def _demons(
    result: RegistrationResult, planned: Course, prior: Course, progress: Progress
) -> RegistrationResult:
    if result.rigid is None or planned.image is None or prior.image is None:
        lacks = "the rigid part of its registration" if result.rigid is None else "a CT"
        reason = f"{prior.id}: uncertainty.engines 'demons' needs {lacks}; leave it out"
        raise RefusedError(reason)
    return register(planned.image, prior.image, DemonsRegistrar(result.rigid), progress)
