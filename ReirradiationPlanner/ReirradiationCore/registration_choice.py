"""What the user chose about how the built-in engine registers a course."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from .errors import RefusedError
from .landmarks import Landmark, landmarks_from_json

AUTO = "auto"
LANDMARKS = "landmarks"
ALL = "*"  # every course without an entry of its own
KINDS = (AUTO, "intensities", "bone", "bodies", LANDMARKS)
SPACING_RANGE_MM = (1.0, 5.0)
FINE_RANGE_MM = (0.8, 2.0)
SMOOTHNESS_RANGE = (0.2, 20.0)
LISTS = ("guide", "leave_out", "fine_around")
NUMBERS = ("smoothness", "spacing_mm", "fine_mm")
FLAGS = ("refine_start", "diffeomorphic")
_IDLE = {
    "leave_out": "leave_out names organs, but guide is empty: nothing steers the registration",
    "fine_mm": "fine_mm is {fine_mm:g}, but fine_around is empty: there is no finer step; name "
    "structures in fine_around first, or leave fine_mm out",
    "start_landmarks": "start_landmarks have no effect with start '{start}'; give start "
    "'landmarks' or 'auto', or leave them out",
    "refine_start": "refine_start is false, but start names no file of a rigid transform",
}
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
        if self.start == LANDMARKS and not self.start_landmarks:
            _refuse("start is 'landmarks', but there are no start_landmarks")
        for name in _without_effect(vars(self)):
            _refuse(_IDLE[name].format(**vars(self)))

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

    def to_json(self, beside: RegistrationChoice | None = None) -> dict[str, Any]:
        """Return what differs from the defaults or from another choice, as in the case file."""
        out: dict[str, Any] = {}
        for f in fields(self):
            value = getattr(self, f.name)
            if value == (f.default if beside is None else getattr(beside, f.name)):
                continue
            if f.name == "start_landmarks":
                out[f.name] = [mark.to_json() for mark in value]
            else:
                out[f.name] = list(value) if isinstance(value, tuple) else value
        return out


def _require_range(name: str, value: float, allowed: tuple[float, float]) -> None:
    low, high = allowed
    if not (math.isfinite(value) and low <= value <= high):
        _refuse(f"{name} is {value:g}; give {low:g} to {high:g}")


def _refuse(problem: str) -> None:
    reason = f"registration_options: {problem}"
    raise RefusedError(reason)


def _without_effect(values: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the options that are set and idle because another is not, of all options by name."""
    idle = {
        "leave_out": values["leave_out"] and not values["guide"],
        "fine_mm": values["fine_mm"] != RegistrationChoice.fine_mm and not values["fine_around"],
        "start_landmarks": values["start_landmarks"] and values["start"] not in (AUTO, LANDMARKS),
        "refine_start": not values["refine_start"] and values["start"] in KINDS,
    }
    return tuple(name for name, is_idle in idle.items() if is_idle)


def registration_choices(
    content: Mapping[str, Mapping[str, Any]],
) -> dict[str, RegistrationChoice]:
    """Read the case file's key ``registration_options``: course, or ``*``, to options.

    What a course does not choose itself is as ``*`` says; an option that it takes the effect from,
    as ``fine_mm`` by an empty ``fine_around``, is not taken over.

    Raises
    ------
    RefusedError
        Keys that are not known, values that are not allowed.
    """
    common = RegistrationChoice.from_json(content.get(ALL, {}), ALL).to_json()
    choices = {}
    for course, own in content.items():
        both = {**common, **own}
        idle = _without_effect({**vars(RegistrationChoice()), **both})
        kept = {name: value for name, value in both.items() if name in own or name not in idle}
        choices[course] = RegistrationChoice.from_json(kept, course)
    return choices


def registration_options_json(choices: Mapping[str, RegistrationChoice]) -> dict[str, Any]:
    """Return what `registration_choices` reads: of a course only what differs from ``*``."""
    common = choices.get(ALL)
    return {c: one.to_json(None if c == ALL else common) for c, one in choices.items()}


def with_option(
    choices: Mapping[str, RegistrationChoice], *texts: str
) -> dict[str, RegistrationChoice]:
    """Return the choices with every ``[COURSE:]NAME=VALUE`` of the command line.

    Raises
    ------
    RefusedError
        Text of another form, an option that is not known, or values that are not allowed together.
    """
    content = registration_options_json(choices)
    for text in texts:
        left, separator, value = text.partition("=")
        course, colon, name = left.rpartition(":")
        if not separator or (colon and not course):
            _refuse(f"'{text}' is not [COURSE:]NAME=VALUE")
        content.setdefault(course or ALL, {})[name] = _typed(name, value)
    return registration_choices(content)


def _typed(name: str, text: str) -> object:
    """Return an option of the command line as the case file has it.

    ``text`` is a number, ``true`` or ``false``, or names separated by commas.
    """
    if name in LISTS:
        return [one for one in text.split(",") if one]
    if name in NUMBERS:
        try:
            return float(text)
        except ValueError:
            _refuse(f"{name} is '{text}'; give a number")
    if name in FLAGS and text in ("true", "false"):
        return text == "true"
    if name == "start" and text:
        return text
    known = ", ".join(("start", *LISTS, *NUMBERS, *FLAGS))
    _refuse(f"'{name}={text}' is not an option; options are {known} (true or false)")
    return None
