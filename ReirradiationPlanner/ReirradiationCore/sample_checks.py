"""What is read from samples.npz must fit together before anything is judged with it.

numpy would broadcast a dose of one value over a whole organ, and a course that is missing in an
organ would count as none: such a file gives wrong numbers, not errors.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain

import numpy as np
import numpy.typing as npt

from .accumulation import CourseDose, OrganDoses
from .case import MappingStrategy
from .courses import Course
from .errors import RefusedError
from .organ_models import OrganModel

Shape = tuple[int, ...]


def require_fitting(
    models: Sequence[OrganModel], doses: Sequence[OrganDoses], courses: Sequence[Course]
) -> None:
    """Refuse doses that are not those of these courses in these organs.

    Parameters
    ----------
    models : sequence of OrganModel
        Structures of the reference image, as the choices have them.
    doses : sequence of OrganDoses
        What was read for them.
    courses : sequence of Course
        Prior courses, then the planned course.

    Raises
    ------
    RefusedError
        Organs, courses, strategies, fractions or arrays that do not belong together.
    """
    if len(models) != len(doses):
        reason = f"{len(doses)} organs are sampled, the structure set has {len(models)}"
        raise RefusedError(reason)
    wrong = chain.from_iterable(
        _wrong_of_organ(model, one, courses) for model, one in zip(models, doses, strict=True)
    )
    reasons = [*_wrong_of_courses(courses), *wrong]
    if reasons:
        raise RefusedError(*dict.fromkeys(reasons))


def _wrong_of_courses(courses: Sequence[Course]) -> Iterator[str]:
    for course in courses:
        for phase in course.phases:
            dose = phase.prescribed_dose_gy
            if dose is not None and not (_is_number(dose) and dose > 0):
                yield f"{course.id}: the prescription is {dose!r}, not a dose above 0 Gy"
        texts = [text for s in course.structures for text in (s.name, s.interpreted_type)]
        if not all(isinstance(text, str) for text in (course.id, course.label, *texts)):
            yield f"course {course.id!r} has a name that is no text"
        if not all(_is_points(c) for s in course.structures for c in s.contours):
            yield f"{course.id}: its contours are no points in three dimensions"


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and np.isfinite(value)


def _is_points(points: npt.NDArray) -> bool:
    return points.ndim == 2 and points.shape[1] == 3 and _is_known(points)


def _is_known(array: npt.NDArray) -> bool:
    return array.dtype.kind == "f" and bool(np.isfinite(array).all())


def _wrong_of_organ(
    model: OrganModel, doses: OrganDoses, courses: Sequence[Course]
) -> Iterator[str]:
    name, samples = model.name, doses.samples
    count = len(samples.volumes_cc) if samples.volumes_cc.ndim else 0
    if samples.points_lps.shape != (count, 3) or not _is_points(samples.points_lps):
        yield f"{name}: its sample points have the shape {samples.points_lps.shape}, not {count}, 3"
    if not count or not _is_volumes(samples.volumes_cc, (count,)):
        yield f"{name}: the volumes of its sample points are not all known and above 0"
    *priors, planned = courses
    yield from _wrong_of_dose(f"{name}: {planned.id}", doses.planned, planned, count)
    if set(doses.priors) != {prior.id for prior in priors}:
        sampled, known = ", ".join(doses.priors), ", ".join(prior.id for prior in priors)
        yield (
            f"{name}: its dose is sampled for prior courses {sampled or 'none'}; the case has "
            f"{known or 'none'}"
        )
        return
    for prior in priors:
        dose, wanted = doses.priors[prior.id], model.mapping[prior.id]
        # a background of no extent that stands in for a map that failed gives no dose
        lost = model.is_fallback(prior.id) and wanted is MappingStrategy.UNIFORM_BG
        is_lost = lost and dose.strategy is MappingStrategy.NOT_EVALUABLE
        if dose.strategy is not wanted and not is_lost:
            yield f"{name}: {prior.id} is sampled as {dose.strategy.value}, not {wanted.value}"
        yield from _wrong_of_dose(f"{name}: {prior.id}", dose, prior, count)


def _is_volumes(volumes: npt.NDArray, shape: Shape) -> bool:
    return volumes.shape == shape and _is_known(volumes) and bool((volumes > 0).all())


def _wrong_of_dose(what: str, dose: CourseDose, course: Course, count: int) -> Iterator[str]:
    delivered = tuple(phase.fractions_delivered for phase in course.phases)
    if course.letter is not None:
        delivered = (course.letter.fractions,)
    if dose.fractions != delivered:
        yield f"{what}: its dose is sampled for {dose.fractions} fractions, delivered {delivered}"
    if not isinstance(dose.note, str):
        yield f"{what}: what is said of its dose is no text"
    size = count
    if not dose.is_voxelwise:
        size = 0 if dose.volumes_cc is None else dose.volumes_cc.size
        if dose.volumes_cc is not None and not _is_volumes(dose.volumes_cc, (size,)):
            yield f"{what}: the volumes of its points are not all known and above 0"
    yield from _wrong_of_phases(what, dose.phase_doses_gy, size)
    if dose.fallback is not None:
        near = dose.fallback.volumes_cc
        if not _is_volumes(near, (near.size,)):
            yield f"{what}: the volumes of the tissue near the target are not all above 0"
        yield from _wrong_of_phases(what, dose.fallback.phase_doses_gy, near.size)
    yield from _wrong_of_masks(what, dose, count)


def _wrong_of_masks(what: str, dose: CourseDose, count: int) -> Iterator[str]:
    masks, volumes = dose.overlap, dose.volumes_cc
    if (masks is None) is (dose.strategy is MappingStrategy.OVERLAP_POINT_SUM):
        yield f"{what}: {dose.strategy.value} and where both courses overlap do not go together"
    if masks is None or volumes is None:
        return
    for mask, size in ((masks.prior, volumes.size), (masks.planned, count)):
        if mask.shape != (size,) or mask.dtype != np.bool_:
            yield f"{what}: where both courses overlap is not known for each of {size} points"
    if not isinstance(masks.is_known, bool):
        yield f"{what}: it is not said whether the overlap is known"


def _wrong_of_phases(what: str, phases: Sequence[npt.NDArray], size: int) -> Iterator[str]:
    for phase in phases:
        if phase.shape != (size,) or phase.dtype.kind != "f":
            yield f"{what}: {phase.shape} {phase.dtype} doses for {size} points"
        elif np.isinf(phase).any() or bool((phase < 0).any()):
            yield f"{what}: a dose is below 0 Gy or infinite"
