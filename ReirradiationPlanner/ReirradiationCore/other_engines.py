"""Other maps of a prior course, made beside the one that is used, to see how far they disagree."""

from __future__ import annotations

from pathlib import Path

from .case import Case
from .courses import Course
from .demons_registrar import DemonsRegistrar
from .errors import RefusedError
from .progress import Progress
from .registration import FileRegistrar, register
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
    for engine in case.uncertainty.engines:
        course, _, file = engine.partition("=")
        if engine == DEMONS:
            found[engine] = _demons(result, planned, prior, progress)
        elif course == prior.id:
            name = Path(file).name
            found[name] = register(planned.image, prior.image, FileRegistrar(Path(file)), progress)
    return found


def _demons(
    result: RegistrationResult, planned: Course, prior: Course, progress: Progress
) -> RegistrationResult:
    if result.rigid is None or planned.image is None or prior.image is None:
        lacks = "the rigid part of its registration" if result.rigid is None else "a CT"
        reason = f"{prior.id}: uncertainty.engines 'demons' needs {lacks}; leave it out"
        raise RefusedError(reason)
    return register(planned.image, prior.image, DemonsRegistrar(result.rigid), progress)
