"""Levels a registration is judged by: up to where a metric passes, and up to where it only warns.

TG-132 (Brock et al., Med Phys 44:e43, 2017) forbids folding, asks for surface distances and
consistency within the largest voxel edge (about 2 to 3 mm) and a DSC of 0.80 to 0.90; Latifi 2018
words its target registration error as 2 mm mean, 5 mm largest. All others are defaults: there is
no agreement on them (Nenoff 2023), a clinic sets its own in the case file.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from .errors import RefusedError

Pair = tuple[float, float]
Ranges = tuple[Pair, Pair]
UPPER = (
    "mda_mm", "mda_voxels", "hd95_mm", "tre_mean_mm", "tre_max_mm", "inverse_consistency_voxels",
)  # fmt: skip
RANGES = ("jacobian", "volume_ratio")
# Beyond these a level judges nothing any more.
WIDEST = {
    "mda_mm": 20.0, "mda_voxels": 10.0, "hd95_mm": 50.0, "tre_mean_mm": 20.0, "tre_max_mm": 50.0,
    "inverse_consistency_voxels": 10.0, "dsc_from_cc": 1000.0,
}  # fmt: skip
LOWEST_DSC = 0.3
WIDEST_RANGE = (0.05, 20.0)
SOURCES = {
    "mda_mm": "TG-132, second value default",
    "mda_voxels": "TG-132 (largest voxel edge), second value default",
    "hd95_mm": "default",
    "dsc": "TG-132",
    "dsc_from_cc": "default; smaller organs are judged by their surface",
    "tre_mean_mm": "Latifi 2018, second value default",
    "tre_max_mm": "Latifi 2018, second value default",
    "jacobian": "default, over the drawn volume ratio as TG-132 expects; folding always fails",
    "volume_ratio": "default",
    "inverse_consistency_voxels": "TG-132 (largest voxel edge), second value default",
}


@dataclass(frozen=True)
class QualityLevels:
    """Up to where a metric passes, and up to where it only warns.

    Parameters
    ----------
    mda_mm, mda_voxels : tuple of float
        Largest mean distance to agreement for pass and for warn: the larger of mm and largest
        edge of a voxel of the reference CT.
    hd95_mm : tuple of float
        Largest for pass and for warn, mm.
    dsc : tuple of float
        Smallest for pass and for warn; only of organs above ``dsc_from_cc``.
    tre_mean_mm, tre_max_mm : tuple of float
        Mean and largest target registration error of landmarks, mm.
    volume_ratio : tuple of (low, high)
        Prior over reference volume as drawn: ranges for pass and for warn.
    jacobian : tuple of (low, high)
        Ranges for pass and for warn. TG-132 asks for a "departure from 1 as expected for the
        structure": where the organ is drawn in both courses its determinants are judged relative to
        the drawn volume ratio, elsewhere as they are. A rectum that shrank to 0.53 of its volume
        reaches 0.29 with the true deformation, 0.54 relative. Any folding fails.
    inverse_consistency_voxels : tuple of float
        Largest mean inverse consistency error, in largest edges of a voxel of the reference CT.

    Raises
    ------
    RefusedError
        Levels of which the one for pass is not the stricter one, that are no numbers above 0, or
        so wide that they judge nothing.
    """

    mda_mm: Pair = (2.0, 3.0)
    mda_voxels: Pair = (1.0, 1.5)
    hd95_mm: Pair = (5.0, 10.0)
    dsc: Pair = (0.90, 0.80)
    dsc_from_cc: float = 10.0
    tre_mean_mm: Pair = (2.0, 3.0)
    tre_max_mm: Pair = (5.0, 7.0)
    jacobian: Ranges = ((0.5, 2.0), (0.3, 3.0))
    volume_ratio: Ranges = ((0.8, 1.25), (0.5, 2.0))
    inverse_consistency_voxels: Pair = (1.0, 2.0)

    def __post_init__(self) -> None:
        """Refuse levels in the wrong order."""
        for name in UPPER:
            first, second = getattr(self, name)
            _require(name, 0 <= first <= second < math.inf, [first, second])
        _require("dsc", 1 >= self.dsc[0] >= self.dsc[1] >= 0, list(self.dsc))
        _require("dsc_from_cc", 0 <= self.dsc_from_cc < math.inf, self.dsc_from_cc)
        for name in RANGES:
            (low, high), (lowest, highest) = getattr(self, name)
            in_order = 0 < lowest <= low <= 1 <= high <= highest < math.inf
            _require(name, in_order, [[low, high], [lowest, highest]])
        self._require_narrow()

    def _require_narrow(self) -> None:
        """Refuse levels so wide that they judge nothing."""
        for name, most in WIDEST.items():
            value = getattr(self, name)
            _require_narrow(name, (value[1] if isinstance(value, tuple) else value) <= most, most)
        _require_narrow("dsc", self.dsc[1] >= LOWEST_DSC, LOWEST_DSC)
        least, most = WIDEST_RANGE
        for name in RANGES:
            lowest, highest = getattr(self, name)[1]
            _require_narrow(name, least <= lowest and highest <= most, list(WIDEST_RANGE))

    @property
    def typed(self) -> tuple[str, ...]:
        """Names of the levels that are not the defaults."""
        return tuple(
            f.name for f in fields(self) if getattr(self, f.name) != getattr(QualityLevels, f.name)
        )

    def with_json(self, content: Mapping[str, Any]) -> QualityLevels:
        """Return the levels with those of the case file's key ``registration_levels``.

        Raises
        ------
        RefusedError
            Names that are not known, values that are no levels.
        """
        known = {f.name for f in fields(self)}
        unknown = sorted(set(content) - known)
        if unknown:
            reason = f"registration_levels: {unknown} are not known; known are {sorted(known)}"
            raise RefusedError(reason)
        return replace(self, **{name: _level(name, value) for name, value in content.items()})

    def to_json(self) -> dict[str, Any]:
        """Return the levels that were typed, as the case file has them."""
        return {name: _listed(getattr(self, name)) for name in self.typed}

    def record(self) -> dict[str, Any]:
        """Return every level with its source, as in results.json."""
        return {
            f.name: {
                "levels": _listed(getattr(self, f.name)),
                "source": "typed in the case file" if f.name in self.typed else SOURCES[f.name],
            }
            for f in fields(self)
        }


def _require(name: str, holds: bool, value: object) -> None:
    if not holds:
        reason = (
            f"registration_levels: {name} is {value}; give the level for pass and the wider one "
            "for warn"
        )
        raise RefusedError(reason)


def _require_narrow(name: str, holds: bool, bound: object) -> None:
    if not holds:
        reason = (
            f"registration_levels: {name} is so wide that it judges nothing; the bound is {bound}"
        )
        raise RefusedError(reason)


def _level(name: str, value: Any) -> Any:  # noqa: ANN401
    try:
        if name == "dsc_from_cc":
            return _numeric(value)
        first, second = value
        if name in RANGES:
            return _pair(first), _pair(second)
        return _pair(value)
    except (TypeError, ValueError) as error:
        reason = f"registration_levels: {name} is {value!r}; it must be numbers for pass and warn"
        raise RefusedError(reason) from error


def _pair(value: Sequence[float]) -> Pair:
    low, high = value
    return _numeric(low), _numeric(high)


def _numeric(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        msg = f"{value!r} is no number"
        raise TypeError(msg)
    return float(value)


def _listed(value: Any) -> Any:  # noqa: ANN401
    return [_listed(v) for v in value] if isinstance(value, tuple) else value
