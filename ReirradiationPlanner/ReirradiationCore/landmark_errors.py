"""Target registration errors of the landmarks of a case, and which of them may validate.

A landmark that names no structure was set on no organ in particular. What it measures counts
against every structure, but it validates only those within 2 cm of it: that is the neighbourhood in
which a fold counts for the planned target as well (physics.md 7.2), and further away the map may
be another.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .case import Case
from .courses import Course
from .errors import RefusedError
from .grids import Volume
from .landmarks import Landmark
from .registration import RegistrationResult
from .registration_quality import target_registration_errors_mm
from .registration_regions import TARGET_MARGIN_MM, points_inside
from .registration_verdicts import JUDGED, Errors
from .structure_pairs import pair_structures

POSITIONS = ("reference_lps", "prior_lps")
NEAR_MM = TARGET_MARGIN_MM
SAME_POINT_MM = 1.0


@dataclass(frozen=True)
class MeasuredLandmark:
    """A landmark with how far the registration misses it.

    Parameters
    ----------
    landmark : Landmark
        Where it is in both images, and the structure of the planned course that it speaks for.
    error_mm : float
        Distance of the mapped reference position to the prior position; NaN outside the transform.
    is_guiding : bool
        It also steered the registration: shown, but not validating.
    """

    landmark: Landmark
    error_mm: float
    is_guiding: bool = False

    def record(self) -> dict[str, Any]:
        """Return the landmark as in results.json."""
        known = not math.isnan(self.error_mm)
        return {
            **self.landmark.to_json(),
            "error_mm": self.error_mm if known else None,
            "guided": self.is_guiding,
        }


def landmark_rows(
    case: Case, courses: tuple[Course, Course], result: RegistrationResult
) -> tuple[MeasuredLandmark, ...]:
    """Measure the landmarks of a prior course; those that steered the registration are marked.

    A landmark within 1 mm of one that steered, in either image, is the same point under another
    name.

    Parameters
    ----------
    courses : tuple of Course
        Planned and prior course.

    Raises
    ------
    RefusedError
        A landmark that names a structure at which no registration is judged.
    """
    planned, prior = courses
    given = case.quality.landmarks.get(prior.id, ())
    if not given:
        return ()
    names = [structure_meant(one, planned, prior, case.structure_map) for one in given]
    given = tuple(replace(one, structure=name) for one, name in zip(given, names, strict=True))
    here, there = (np.array([getattr(one, key) for one in given]) for key in POSITIONS)
    errors = target_registration_errors_mm(result.transform, here, there)
    guiding = set(result.guided)
    starts = case.registration_choice(prior.id, prior.label).start_landmarks
    steered = [mark for mark in starts if mark.name in guiding]
    return tuple(
        MeasuredLandmark(one, float(error), one.name in guiding or _is_among(one, steered))
        for one, error in zip(given, errors, strict=True)
    )


def _is_among(landmark: Landmark, others: Sequence[Landmark]) -> bool:
    return any(
        math.dist(getattr(landmark, key), getattr(other, key)) <= SAME_POINT_MM
        for other in others
        for key in POSITIONS
    )


def structure_meant(
    landmark: Landmark, planned: Course, prior: Course, structure_map: Mapping[str, str]
) -> str:
    """Return the structure of the planned course that a landmark names; empty if it names none.

    A name of the prior course, or a standard name, stands for the structure paired with it.

    Raises
    ------
    RefusedError
        A name that leads to no organ or target of the planned course: the landmark would judge
        nothing.
    """
    name = landmark.structure
    judged = {structure.name for structure in planned.structures if structure.kind in JUDGED}
    if not name or name in judged:
        return name
    for pair in pair_structures(planned.structures, prior.structures, structure_map).pairs:
        if name in (pair.name, pair.prior.name) and pair.reference.name in judged:
            return pair.reference.name
    reason = (
        f"landmark '{landmark.name}' of {prior.id} names the structure '{name}', which is no organ "
        "or target of the planned course and is not paired with one; it would judge nothing: name "
        f"one of {', '.join(sorted(judged)) or 'none'}, or leave the structure out"
    )
    raise RefusedError(reason)


def errors_for(
    structure: str, coverage: Volume, landmarks: Sequence[MeasuredLandmark]
) -> Errors | None:
    """Return the errors that speak for a structure, and so may validate it.

    They are those of its own landmarks, and of those of no structure that lie inside it or within
    2 cm of it.

    Parameters
    ----------
    coverage : Volume
        Coverage (0..1) of the structure on a grid of the reference image.
    """
    if not landmarks:
        return None
    inside = points_inside(coverage)

    def speaks(landmark: Landmark) -> bool:
        if landmark.structure:
            return landmark.structure == structure
        away = np.linalg.norm(inside - np.array(landmark.reference_lps), axis=1)
        return bool((away <= NEAR_MM).any())

    return _errors(one for one in landmarks if speaks(one.landmark))


def errors_anywhere(structure: str, landmarks: Sequence[MeasuredLandmark]) -> Errors | None:
    """Return the errors that count against a structure: its own, and all of no structure."""
    return _errors(one for one in landmarks if one.landmark.structure in ("", structure))


def _errors(landmarks: Iterable[MeasuredLandmark]) -> Errors | None:
    return Errors.of(np.array([one.error_mm for one in landmarks if not one.is_guiding]))
