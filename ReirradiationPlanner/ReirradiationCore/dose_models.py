"""The model of a case: linear-quadratic, or linear-quadratic-linear above a transition dose."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .errors import RadiobiologyError
from .lql import DoseModel, LinearQuadraticLinear
from .radiobiology import course_eqd2

FloatArray = npt.NDArray[np.floating]
_KEYS = {"name", "transition_dose_gy", "gamma_over_alpha"}


@dataclass(frozen=True)
class DoseConversion:
    """How physical dose becomes EQD2 in the whole case.

    Parameters
    ----------
    model : DoseModel
        LQ unless the user chose otherwise.
    transition_dose_gy : float, optional
        Dose per fraction from which on LQ-L is linear, Gy; required for LQ-L, there is no default.
    gamma_over_alpha : float, optional
        BED per Gy above the transition; the tangent at the transition if not given.

    Raises
    ------
    RadiobiologyError
        LQ-L without a transition dose or with one below 2 Gy, LQ with parameters of LQ-L.
    """

    model: DoseModel = DoseModel.LQ
    transition_dose_gy: float | None = None
    gamma_over_alpha: float | None = None

    def __post_init__(self) -> None:
        """Refuse parameters that do not belong to the model."""
        if self.is_lq and (
            self.transition_dose_gy is not None or self.gamma_over_alpha is not None
        ):
            msg = "model LQ has neither a transition dose nor gamma/alpha; name LQ-L to use them"
            raise RadiobiologyError(msg)
        if not self.is_lq and self.transition_dose_gy is None:
            msg = "model LQ-L needs transition_dose_gy, the dose per fraction it is linear above"
            raise RadiobiologyError(msg)
        if not self.is_lq:
            self._of_organ(3.0)

    @property
    def is_lq(self) -> bool:
        """True for the linear-quadratic model, which published limits were derived with."""
        return self.model is DoseModel.LQ

    @property
    def label(self) -> str:
        """Name with parameters, for reports."""
        if self.is_lq:
            return DoseModel.LQ.value
        slope = "tangent" if self.gamma_over_alpha is None else f"{self.gamma_over_alpha:g}"
        return f"LQ-L (transition {self.transition_dose_gy:g} Gy per fraction, slope {slope})"

    def why_not_comparable(self, quantity: str) -> str:
        """Return why a limit in ``quantity`` cannot be judged with this model; empty for LQ."""
        if self.is_lq:
            return ""
        return (
            f"the {quantity} limit was derived with the LQ model and cannot be compared with a "
            "dose of the LQ-L model"
        )

    def course_eqd2(
        self,
        phase_doses_gy: Sequence[npt.ArrayLike],
        phase_fractions: Sequence[int],
        alpha_beta_gy: float,
    ) -> FloatArray:
        """EQD2 of a course, Gy; arguments as `radiobiology.course_eqd2`."""
        if self.is_lq:
            return np.asarray(course_eqd2(phase_doses_gy, phase_fractions, alpha_beta_gy))
        organ = self._of_organ(alpha_beta_gy)
        pairs = zip(phase_doses_gy, phase_fractions, strict=True)
        return np.sum([organ.eqd2(np.asarray(dose), n) for dose, n in pairs], axis=0)

    def _of_organ(self, alpha_beta_gy: float) -> LinearQuadraticLinear:
        transition = self.transition_dose_gy or 0.0
        return LinearQuadraticLinear(alpha_beta_gy, transition, self.gamma_over_alpha)

    def to_json(self) -> dict[str, Any]:
        """Return the ``model`` of the case file."""
        if self.is_lq:
            return {"name": self.model.value}
        return {
            "name": self.model.value,
            "transition_dose_gy": self.transition_dose_gy,
            "gamma_over_alpha": self.gamma_over_alpha,
        }

    @classmethod
    def from_json(cls, content: str | Mapping[str, Any]) -> DoseConversion:
        """Read the ``model`` of a case file: a name, or a name with parameters.

        Raises
        ------
        ValueError
            Keys or names that are not known.
        """
        detail = {"name": content} if isinstance(content, str) else content
        unknown = sorted(set(detail) - _KEYS)
        if unknown:
            msg = f"model: {unknown} is not known; known are {sorted(_KEYS)}"
            raise ValueError(msg)
        transition, slope = detail.get("transition_dose_gy"), detail.get("gamma_over_alpha")
        return cls(
            DoseModel(detail.get("name", DoseModel.LQ.value)),
            None if transition is None else float(transition),
            None if slope is None else float(slope),
        )


LQ = DoseConversion()
