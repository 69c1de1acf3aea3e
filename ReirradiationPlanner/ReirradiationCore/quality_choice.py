"""What the user chose about the quality of registrations: levels, fallback, landmarks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from .errors import RefusedError
from .landmarks import Landmark, landmarks_from_json
from .registration_levels import QualityLevels


class Fallback(Enum):
    """What stands for the prior dose of an organ whose registration failed (physics.md 7.2)."""

    NOT_EVALUABLE = "NOT_EVALUABLE"
    RIGID = "RIGID"
    UNIFORM_BG = "UNIFORM_BG"
    POINT_SUM = "POINT_SUM"


@dataclass(frozen=True)
class QualityChoice:
    """How registrations are judged, and what follows where one fails.

    Parameters
    ----------
    levels : QualityLevels
        Levels of the metrics.
    fallback : Fallback
        For organs whose registration failed; an organ's own ``mapping`` goes before.
    landmarks : mapping
        Course id to the landmarks that measure its registration.
    inverse_consistency : bool
        Register backwards as well, coarsely, to measure inverse consistency.
    """

    levels: QualityLevels = field(default_factory=QualityLevels)
    fallback: Fallback = Fallback.NOT_EVALUABLE
    landmarks: Mapping[str, tuple[Landmark, ...]] = field(default_factory=dict)
    inverse_consistency: bool = True

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> QualityChoice:
        """Read the four keys of a case file.

        Raises
        ------
        RefusedError
            Values that are not allowed.
        """
        named = content.get("registration_fallback", Fallback.NOT_EVALUABLE.value)
        if named not in [one.value for one in Fallback]:
            reason = (
                f"registration_fallback is '{named}'; give one of "
                f"{', '.join(one.value for one in Fallback)}"
            )
            raise RefusedError(reason)
        backwards = content.get("inverse_consistency", True)
        if not isinstance(backwards, bool):
            reason = f"inverse_consistency is {backwards!r}; it must be true or false"
            raise RefusedError(reason)
        return cls(
            QualityLevels().with_json(content.get("registration_levels", {})),
            Fallback(named),
            landmarks_from_json(content.get("landmarks", {})),
            backwards,
        )

    def to_json(self) -> dict[str, Any]:
        """Return the four keys of the case file; of the levels those that were typed."""
        return {
            "registration_levels": self.levels.to_json(),
            "registration_fallback": self.fallback.value,
            "landmarks": {c: [one.to_json() for one in all_] for c, all_ in self.landmarks.items()},
            "inverse_consistency": self.inverse_consistency,
        }
