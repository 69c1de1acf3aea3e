"""Which uncertainty the user wants to see, and which of it enters the verdicts."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from .errors import RefusedError
from .radiobiology import ALPHA_BETA_RANGE_GY

Triple = tuple[float, float, float]

DEFAULT_MM = 3.0
LARGEST_MM = 30.0
MOST_FIELDS = 200
DEMONS = "demons"
MODES = ("ellipsoid", "ellipsoid-unrestricted", "shifts", "fields", "mapping", DEMONS)
WITHOUT_SIZE = ("mapping", DEMONS)
KEYS = {
    "ellipsoid_mm", "unrestricted", "shifts_mm", "fields_mm", "fields", "correlation_mm", "seed",
    "mapping", "alpha_beta_range_gy", "recovery_high", "engines",
}  # fmt: skip


@dataclass(frozen=True)
class UncertaintyChoice:
    """Scenarios beside the nominal one (physics.md 7.3).

    Sensitivity to alpha/beta and recovery, and the mappings rigid, deformable and point sum, are
    always tabulated. What is chosen here is computed too and its interval enters the verdicts.

    Parameters
    ----------
    ellipsoid_mm : tuple of float, optional
        Semi-axes (left-right, anterior-posterior, superior-inferior) of the ellipsoid search, mm.
    unrestricted : bool
        The ellipsoid also looks outside the organ: its edge itself is uncertain.
    shifts_mm : tuple of float, optional
        Amplitude along each axis of the six shifts, mm.
    fields_mm : tuple of float, optional
        Root mean square along each axis of smooth random displacements, mm.
    fields : int
        Number of random displacements.
    correlation_mm : float
        Their correlation length, mm.
    seed : int
        Of the random numbers; the same seed gives the same fields.
    mapping : bool
        Rigid, deformable and point sum enter the verdicts as well.
    engines : tuple of str
        Other maps to evaluate: ``demons``, a second engine, and ``COURSE=FILE``, transforms made
        elsewhere.
    alpha_beta_range_gy : tuple of float
        Alpha/beta tabulated for organs at risk, Gy; empty for 1 Gy below and above the chosen one.
    recovery_high : float
        High recovery 0..1 of the table.
    """

    ellipsoid_mm: Triple | None = None
    unrestricted: bool = False
    shifts_mm: Triple | None = None
    fields_mm: Triple | None = None
    fields: int = 10
    correlation_mm: float = 15.0
    seed: int = 1
    mapping: bool = False
    alpha_beta_range_gy: tuple[float, ...] = ()
    recovery_high: float = 0.5
    engines: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse numbers that mean nothing."""
        for name in ("ellipsoid_mm", "shifts_mm", "fields_mm"):
            size = getattr(self, name)
            if size is not None and not (min(size) >= 0 < max(size) <= LARGEST_MM):
                _refuse(f"{name} is {list(size)}; give 0 to {LARGEST_MM:g} mm, not all zero")
        if not 1 <= self.fields <= MOST_FIELDS or self.seed < 0:
            _refuse(f"{self.fields} fields with seed {self.seed}; 1 to {MOST_FIELDS}, seed >= 0")
        if not 1 <= self.correlation_mm <= 100:
            _refuse(f"a correlation length of {self.correlation_mm:g} mm is outside 1 to 100 mm")
        low, high = ALPHA_BETA_RANGE_GY
        if any(not low <= value <= high for value in self.alpha_beta_range_gy):
            _refuse(f"alpha_beta_range_gy has a value outside {low:g} to {high:g} Gy")
        for engine in self.engines:
            course, _, file = engine.partition("=")
            if engine != DEMONS and not (course and file):
                _refuse(f"engine '{engine}' is neither {DEMONS} nor COURSE=FILE")
        if not 0 <= self.recovery_high <= 1:
            _refuse(f"recovery_high of {self.recovery_high:g} is outside 0 to 1")

    @property
    def groups(self) -> tuple[str, ...]:
        """Groups of scenarios whose interval enters the verdicts."""
        chosen = {
            "ellipsoid": self.ellipsoid_mm,
            "shifts": self.shifts_mm,
            "fields": self.fields_mm,
            "mapping": self.mapping,
            "engines": self.engines,
        }
        return tuple(name for name, value in chosen.items() if value)

    @property
    def engine_files(self) -> tuple[str, ...]:
        """Transform files among the engines."""
        return tuple(engine.partition("=")[2] for engine in self.engines if engine != DEMONS)

    def with_files(self, found: Callable[[str], str]) -> UncertaintyChoice:
        """Return the choice with every transform file replaced by what ``found`` says of it."""
        parts = [engine.partition("=") for engine in self.engines]
        engines = tuple(f"{c}={found(file)}" if file else c for c, _, file in parts)
        return replace(self, engines=engines)

    def with_mode(self, text: str) -> UncertaintyChoice:
        """Return the choice with one more ``MODE`` or ``MODE=MM`` of the command line.

        Parameters
        ----------
        text : str
            ``ellipsoid``, ``ellipsoid-unrestricted``, ``shifts``, ``fields`` (each with an optional
            size, one number or three separated by commas), ``mapping`` or ``demons``.

        Raises
        ------
        RefusedError
            A mode that is not known or a size that is not a number.
        """
        mode, separator, size = text.partition("=")
        if mode not in MODES or (mode in WITHOUT_SIZE and separator):
            _refuse(f"'{text}' is not one of {', '.join(MODES)}, with =MM where it has a size")
        if mode == DEMONS:
            return replace(self, engines=tuple(dict.fromkeys((*self.engines, DEMONS))))
        if mode == "mapping":
            return replace(self, mapping=True)
        kind = mode.partition("-")[0]
        size_mm = _size(size.split(",") if separator else None, text)
        if not separator:
            size_mm = getattr(self, f"{kind}_mm") or size_mm
        free = {"unrestricted": mode != kind} if kind == "ellipsoid" else {}
        return replace(self, **{f"{kind}_mm": size_mm}, **free)


def _refuse(problem: str) -> None:
    reason = f"uncertainty: {problem}"
    raise RefusedError(reason)


def _size(value: float | Sequence[Any] | None, what: object) -> Triple:
    given = [DEFAULT_MM] if value is None else value
    numbers: list[float] = []
    try:
        numbers = [float(x) for x in (given if isinstance(given, Sequence) else [given])]
    except (TypeError, ValueError):
        _refuse(f"'{what}' has no size in mm; give one number or three")
    if len(numbers) not in (1, 3) or not all(math.isfinite(x) for x in numbers):
        _refuse(f"'{what}' is not one size in mm or three")
    return (numbers[0], numbers[len(numbers) // 2], numbers[-1])


def uncertainty_choice(content: Mapping[str, Any]) -> UncertaintyChoice:
    """Read the key ``uncertainty`` of a case file.

    Raises
    ------
    RefusedError
        Keys that are not known, values that are not allowed.
    """
    unknown = sorted(set(content) - KEYS)
    if unknown:
        _refuse(f"keys {unknown} are not known; known are {sorted(KEYS)}")
    given = {key: value for key, value in content.items() if value is not None}
    for key in ("ellipsoid_mm", "shifts_mm", "fields_mm"):
        if key in given:
            given[key] = _size(given[key], key)
    if "alpha_beta_range_gy" in given:
        given["alpha_beta_range_gy"] = tuple(float(x) for x in given["alpha_beta_range_gy"])
    if "engines" in given:
        given["engines"] = tuple(str(engine) for engine in given["engines"])
    return UncertaintyChoice(**given)


def uncertainty_json(choice: UncertaintyChoice) -> dict[str, Any]:
    """Return the choice as the case file has it; what was not chosen is left out."""
    out: dict[str, Any] = {}
    for key in sorted(KEYS):
        value = getattr(choice, key)
        if value != getattr(UncertaintyChoice, key):
            out[key] = list(value) if isinstance(value, tuple) else value
    return out
