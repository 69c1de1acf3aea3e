"""What the user chose about how the built-in engine registers a course."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from .errors import RefusedError
from .landmarks import Landmark, landmarks_from_json

AUTO = "auto"
KINDS = (AUTO, "intensities", "bone", "bodies", "landmarks")
SPACING_RANGE_MM = (1.0, 5.0)
FINE_RANGE_MM = (0.8, 2.0)
SMOOTHNESS_RANGE = (0.2, 20.0)
LISTS = ("guide", "leave_out", "fine_around")
NUMBERS = ("smoothness", "spacing_mm", "fine_mm")
FLAGS = ("refine_start", "diffeomorphic")
DEFORMABLE_ONLY = (*LISTS, *NUMBERS, "diffeomorphic")


@dataclass(frozen=True)
class RegistrationChoice:
    """Options of the built-in registration of one course.

    Parameters
    ----------
    start : str
        ``auto`` (several starts, best kept), ``intensities``, ``bone``, ``bodies``, ``landmarks``,
        or the file of a rigid transform, reference to prior.
    refine_start : bool
        False takes the transform of that file as the rigid part, as it is.
    start_landmarks : tuple of Landmark
        Point pairs from which to start; they do not validate the registration.
    guide : tuple of str
        Organs whose contours in both courses steer the deformable step; ``*`` for all.
    leave_out : tuple of str
        Organs that stay out of the guidance, to validate it.
    diffeomorphic : bool
        Compose small steps into a map that can be inverted.
    smoothness : float
        Factor on the weight of the curvature penalty.
    spacing_mm : float
        Finest spacing of the images in the whole body.
    fine_around : tuple of str
        Structures of the planned course around which a finer step follows; ``*`` for all targets.
    fine_mm : float
        Spacing of the images there.

    Raises
    ------
    RefusedError
        Values outside their range, or choices that contradict each other.
    """

    start: str = "auto"
    refine_start: bool = True
    start_landmarks: tuple[Landmark, ...] = ()
    guide: tuple[str, ...] = ()
    leave_out: tuple[str, ...] = ()
    diffeomorphic: bool = False
    smoothness: float = 1.0
    spacing_mm: float = 2.0
    fine_around: tuple[str, ...] = ()
    fine_mm: float = 1.25

    def __post_init__(self) -> None:
        """Refuse numbers that mean nothing, and choices without effect."""
        _require_range("smoothness", self.smoothness, SMOOTHNESS_RANGE)
        _require_range("spacing_mm", self.spacing_mm, SPACING_RANGE_MM)
        _require_range("fine_mm", self.fine_mm, FINE_RANGE_MM)
        if self.leave_out and not self.guide:
            _refuse("leave_out names organs, but guide is empty: nothing steers the registration")
        if self.start == "landmarks" and not self.start_landmarks:
            _refuse("start is 'landmarks', but there are no start_landmarks")
        if not self.refine_start and self.start in KINDS:
            _refuse("refine_start is false, but start names no file of a rigid transform")

    @property
    def start_file(self) -> Path | None:
        """File of the rigid transform to start from, None for a kind of start."""
        return None if self.start in KINDS else Path(self.start)

    @property
    def deformable_options(self) -> tuple[str, ...]:
        """Names of the options that were set and have no effect on a rigid registration."""
        return tuple(name for name in DEFORMABLE_ONLY if name in self.to_json())

    @classmethod
    def from_json(cls, content: Mapping[str, Any], course: str) -> RegistrationChoice:
        """Read the entry of a course of the key ``registration_options``.

        Raises
        ------
        RefusedError
            Keys that are not known, values that are not allowed.
        """
        known = {f.name for f in fields(cls)}
        unknown = sorted(set(content) - known)
        if unknown:
            _refuse(f"keys {unknown} of {course} are not known; known are {sorted(known)}")
        given: dict[str, Any] = dict(content)
        if "start_landmarks" in given:
            marks = landmarks_from_json({course: given["start_landmarks"]})
            given["start_landmarks"] = marks[course]
        for name in LISTS:
            if name in given:
                given[name] = tuple(str(one) for one in given[name])
        return cls(**given)

    def to_json(self) -> dict[str, Any]:
        """Return what differs from the defaults, as the case file has it."""
        out: dict[str, Any] = {}
        for f in fields(self):
            value = getattr(self, f.name)
            if f.name == "start_landmarks" and value:
                out[f.name] = [mark.to_json() for mark in value]
            elif value != f.default:
                out[f.name] = list(value) if isinstance(value, tuple) else value
        return out

    def with_text(self, name: str, text: str) -> RegistrationChoice:
        """Return the choice with one option of the command line.

        Parameters
        ----------
        name, text : str
            Option and value: a number, ``true`` or ``false``, or names separated by commas.

        Raises
        ------
        RefusedError
            An option that is not known or a value that cannot be read.
        """
        if name in LISTS:
            return replace(self, **{name: tuple(one for one in text.split(",") if one)})
        if name in NUMBERS:
            try:
                return replace(self, **{name: float(text)})
            except ValueError as error:
                if isinstance(error, RefusedError):
                    raise
                _refuse(f"{name} is '{text}'; give a number")
        if name in FLAGS and text in ("true", "false"):
            return replace(self, **{name: text == "true"})
        if name == "start" and text:
            return replace(self, start=text)
        known = ", ".join(("start", *LISTS, *NUMBERS, *FLAGS))
        _refuse(f"'{name}={text}' is not an option; options are {known} (true or false)")
        return self


def _require_range(name: str, value: float, allowed: tuple[float, float]) -> None:
    low, high = allowed
    if not (math.isfinite(value) and low <= value <= high):
        _refuse(f"{name} is {value:g}; give {low:g} to {high:g}")


def _refuse(problem: str) -> None:
    reason = f"registration_options: {problem}"
    raise RefusedError(reason)


def registration_choices(content: Mapping[str, Any]) -> dict[str, RegistrationChoice]:
    """Read the case file's key ``registration_options``: course, or ``*``, to options."""
    return {course: RegistrationChoice.from_json(one, course) for course, one in content.items()}


def with_option(
    choices: Mapping[str, RegistrationChoice], text: str
) -> dict[str, RegistrationChoice]:
    """Return the choices with one ``[COURSE:]NAME=VALUE`` of the command line.

    Raises
    ------
    RefusedError
        Text of another form, or an option that is not known.
    """
    left, separator, value = text.partition("=")
    course, colon, name = left.rpartition(":")
    if not separator or (colon and not course):
        _refuse(f"'{text}' is not [COURSE:]NAME=VALUE")
    course = course or "*"
    before = choices.get(course, choices.get("*", RegistrationChoice()))
    return {**choices, course: before.with_text(name, value)}
