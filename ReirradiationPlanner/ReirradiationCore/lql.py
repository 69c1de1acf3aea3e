"""The linear-quadratic-linear model, an option for high doses per fraction (off by default).

It is never the conservative choice for an organ at risk: above the transition dose its BED is lower
than that of the linear-quadratic model. Limits derived with one model are not compared with doses
of the other.

References
----------
Voyant C et al. 2014, Rep Pract Oncol Radiother 19:47, equations 3 and 6 (two regimes; slope 1).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np

from .errors import RadiobiologyError
from .radiobiology import (
    FloatOrArray,
    bed,
    dose_from_eqdx,
    eqd2_from_bed,
    require_alpha_beta,
    require_fractions,
)


class DoseModel(Enum):
    """Model a dose was converted with or a limit was derived with."""

    LQ = "LQ"
    LQL = "LQ-L"


@dataclass(frozen=True)
class LinearQuadraticLinear:
    """The model of one organ.

    Parameters
    ----------
    alpha_beta_gy : float
        Alpha/beta, Gy.
    transition_dose_gy : float
        Dose per fraction from which on the effect is linear, Gy; at least 2 so that an EQD2 exists.
    slope : float, optional
        BED per Gy above the transition (gamma/alpha). Not given: the tangent at the transition,
        ``1 + 2 dT / ab``.

    Raises
    ------
    RadiobiologyError
        Alpha/beta out of range or infinite, transition below 2 Gy, slope not above zero.
    """

    alpha_beta_gy: float
    transition_dose_gy: float
    slope: float | None = None

    def __post_init__(self) -> None:
        """Refuse parameters the model is not defined for."""
        alpha_beta = require_alpha_beta(self.alpha_beta_gy)
        if not 2.0 <= self.transition_dose_gy < np.inf or np.isinf(alpha_beta):
            msg = (
                f"LQ-L with a transition at {self.transition_dose_gy:g} Gy per fraction and "
                f"alpha/beta {self.alpha_beta_gy:g} Gy; the transition must be at least 2 Gy"
            )
            raise RadiobiologyError(msg)
        if self.slope is not None and not 0 < self.slope < np.inf:
            msg = f"LQ-L with a slope of {self.slope:g} above the transition; it must be above 0"
            raise RadiobiologyError(msg)

    @property
    def slope_above(self) -> float:
        """BED per Gy above the transition."""
        if self.slope is not None:
            return self.slope
        return 1.0 + 2.0 * self.transition_dose_gy / self.alpha_beta_gy

    @property
    def transition_bed_gy(self) -> float:
        """BED of one fraction at the transition, Gy."""
        return float(bed(self.transition_dose_gy, 1, self.alpha_beta_gy))

    def bed(self, dose_gy: FloatOrArray, fractions: int) -> FloatOrArray:
        """BED (Gy) of a plan; arguments as `radiobiology.bed`."""
        n = require_fractions(fractions)
        total = bed(dose_gy, n, self.alpha_beta_gy)
        beyond = np.asarray(dose_gy) / n - self.transition_dose_gy
        linear = n * (self.transition_bed_gy + self.slope_above * beyond)
        result = np.where(beyond > 0, linear, total)
        return result if result.ndim else float(result)

    def eqd2(self, dose_gy: FloatOrArray, fractions: int) -> FloatOrArray:
        """EQD2 (Gy) of a plan; arguments as `radiobiology.eqd2`."""
        return eqd2_from_bed(self.bed(dose_gy, fractions), self.alpha_beta_gy)

    def dose_from_bed(self, bed_gy: FloatOrArray, fractions: int) -> FloatOrArray:
        """Total physical dose (Gy) in ``fractions`` that has the given BED (Gy)."""
        n = require_fractions(fractions)
        quadratic = dose_from_eqdx(bed_gy, n, self.alpha_beta_gy, 0.0)
        beyond = np.asarray(bed_gy) / n - self.transition_bed_gy
        linear = n * (self.transition_dose_gy + beyond / self.slope_above)
        result = np.where(beyond > 0, linear, quadratic)
        return result if result.ndim else float(result)


def require_same_model(dose_model: DoseModel, limit_model: DoseModel, limit: str) -> None:
    """Refuse (`RadiobiologyError`) to compare a dose of one model with a limit of the other."""
    if dose_model is not limit_model:
        msg = (
            f"{limit} was derived with the {limit_model.value} model and cannot be compared with a "
            f"dose of the {dose_model.value} model"
        )
        raise RadiobiologyError(msg)
