"""Landmarks typed by a person: pairs of points that measure how far a registration is off."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .errors import RefusedError

KEYS = {"name", "reference_lps", "prior_lps", "structure"}
Point = tuple[float, float, float]


@dataclass(frozen=True)
class Landmark:
    """One anatomical point, seen in both images.

    Parameters
    ----------
    name : str
        What it is.
    reference_lps, prior_lps : tuple of float
        Position in the reference and in the prior image, LPS, mm.
    structure : str
        Structure it belongs to and speaks for, as the planned or the prior course or the standard
        calls it; empty: what is within 2 cm of it, and its error counts against all.
    """

    name: str
    reference_lps: Point
    prior_lps: Point
    structure: str = ""

    @classmethod
    def from_json(cls, content: Mapping[str, Any], course: str) -> Landmark:
        """Read one entry of the case file's key ``landmarks``.

        Raises
        ------
        RefusedError
            Keys that are not known or missing, positions that are not three numbers.
        """
        unknown, missing = sorted(set(content) - KEYS), sorted(KEYS - {"structure"} - set(content))
        if unknown or missing:
            wrong = f"keys {unknown} are not known" if unknown else f"keys {missing} are missing"
            reason = f"landmarks of {course}: {wrong}; a landmark has {sorted(KEYS)}"
            raise RefusedError(reason)
        name = str(content["name"]).strip()
        if not name:
            reason = f"landmarks of {course}: one has no name"
            raise RefusedError(reason)
        points = [_point(content[key], name, course) for key in ("reference_lps", "prior_lps")]
        return cls(name, *points, str(content.get("structure") or ""))

    def to_json(self) -> dict[str, Any]:
        """Return the entry as the case file has it."""
        own = {"structure": self.structure} if self.structure else {}
        points = {"reference_lps": list(self.reference_lps), "prior_lps": list(self.prior_lps)}
        return {"name": self.name, **points, **own}


def _point(value: Sequence[Any], name: str, course: str) -> Point:
    try:
        x, y, z = (float(v) for v in value)
    except (TypeError, ValueError) as error:
        reason = f"landmark '{name}' of {course}: {value!r} is not a point; give x, y, z in mm, LPS"
        raise RefusedError(reason) from error
    if not all(math.isfinite(v) for v in (x, y, z)):
        reason = f"landmark '{name}' of {course}: {value!r} has a number that is not finite"
        raise RefusedError(reason)
    return x, y, z


def landmarks_from_json(content: Mapping[str, Any]) -> dict[str, tuple[Landmark, ...]]:
    """Read the case file's key ``landmarks``: course to list of landmarks.

    Raises
    ------
    RefusedError
        What `Landmark.from_json` refuses, and two landmarks of one name.
    """
    found = {}
    for course, entries in content.items():
        landmarks = tuple(Landmark.from_json(entry, course) for entry in entries)
        names = [landmark.name for landmark in landmarks]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            reason = f"landmarks of {course}: {', '.join(twice)} is given twice"
            raise RefusedError(reason)
        found[course] = landmarks
    return found
