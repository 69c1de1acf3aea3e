"""Target registration errors of the landmarks of a case, and which of them may validate."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .case import Case
from .courses import Course
from .landmarks import Landmark
from .registration import RegistrationResult
from .registration_quality import target_registration_errors_mm
from .registration_verdicts import Errors

POSITIONS = ("reference_lps", "prior_lps")


@dataclass(frozen=True)
class MeasuredLandmark:
    """A landmark with how far the registration misses it.

    Parameters
    ----------
    landmark : Landmark
        Where it is in both images.
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
    case: Case, prior: Course, result: RegistrationResult
) -> tuple[MeasuredLandmark, ...]:
    """Measure the landmarks of a prior course; those that steered the registration are marked."""
    given = case.quality.landmarks.get(prior.id, ())
    if not given:
        return ()
    here, there = (np.array([getattr(one, key) for one in given]) for key in POSITIONS)
    errors = target_registration_errors_mm(result.transform, here, there)
    guiding = set(result.guided)
    return tuple(
        MeasuredLandmark(one, float(error), one.name in guiding)
        for one, error in zip(given, errors, strict=True)
    )


def errors_for(structure: str, landmarks: Sequence[MeasuredLandmark]) -> Errors | None:
    """Return the errors that speak for a structure: its own landmarks and those of no structure."""
    found = [
        one.error_mm
        for one in landmarks
        if not one.is_guiding and one.landmark.structure in ("", structure)
    ]
    return Errors.of(np.array(found))
