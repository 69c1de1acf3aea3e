"""What the user answers about the type of reirradiation (ESTRO-EORTC), from the case file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .targets import ISODOSE_EQD2_GY, ReirradiationType

_KEYS = {"cumulative_concern", "same_organ", "chosen"}


@dataclass(frozen=True)
class TypeChoice:
    """Answers that decide the suggested type, and the type the clinician chose.

    Parameters
    ----------
    isodose_gy : float
        EQD2 (alpha/beta 3 Gy) from which on a volume counts as irradiated, Gy.
    cumulative_concern, same_organ : bool or None
        See `targets.suggest_type`; None: not answered.
    chosen : ReirradiationType, optional
        What the clinician decided; it stands beside the suggestion and does not change it.

    Raises
    ------
    ValueError
        An isodose that is not above zero.
    """

    isodose_gy: float = ISODOSE_EQD2_GY
    cumulative_concern: bool | None = None
    same_organ: bool | None = None
    chosen: ReirradiationType | None = None

    def __post_init__(self) -> None:
        """Refuse an isodose that cannot be one."""
        if not 0 < self.isodose_gy < float("inf"):
            msg = f"reirradiation_isodose_gy of {self.isodose_gy:g} Gy is not above zero"
            raise ValueError(msg)

    def to_json(self) -> dict[str, Any]:
        """Return the two keys of the case file."""
        return {
            "reirradiation_isodose_gy": self.isodose_gy,
            "reirradiation_type": {
                "cumulative_concern": self.cumulative_concern,
                "same_organ": self.same_organ,
                "chosen": self.chosen.value if self.chosen else None,
            },
        }

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> TypeChoice:
        """Read the keys ``reirradiation_isodose_gy`` and ``reirradiation_type`` of a case file.

        Raises
        ------
        ValueError
            Answers that are not true, false or null, keys or types that are not known.
        """
        detail = content.get("reirradiation_type", {})
        unknown = sorted(set(detail) - _KEYS)
        answers = {key: detail.get(key) for key in ("cumulative_concern", "same_organ")}
        if unknown or any(value not in (True, False, None) for value in answers.values()):
            msg = f"reirradiation_type holds {dict(detail)}; known keys are {sorted(_KEYS)}"
            raise ValueError(msg)
        chosen = detail.get("chosen")
        return cls(
            float(content.get("reirradiation_isodose_gy", ISODOSE_EQD2_GY)),
            **answers,
            chosen=None if chosen is None else ReirradiationType(chosen),
        )
