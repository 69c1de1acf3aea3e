"""Criteria a plan must meet before and while its prescription is raised, and published caps.

References
----------
Pagett et al. 2025, section 2: (1) no cumulative limit exceeded, (2) PTV D95% above the
prescription, (3) 50 % isodose within 2 cm of the PTV, (4) GTV D0.5cc and PTV-GTV D0.1cc below 130 %
of the prescription. Criterion (1) is what `isotoxic.solve` answers; (2) to (4) do not change when
the plan and its prescription are scaled together.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from .errors import RadiobiologyError

HALF_ISODOSE_MARGIN_MM = 20.0
HOT_SPOT_SHARE = 1.30
COVERAGE_TOLERANCE = 0.01
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Criterion:
    """One criterion.

    Parameters
    ----------
    number : int
        As numbered in the publication.
    text : str
        What was asked and what was found.
    value, limit : float or None
        In ``unit``; a value of None was not known.
    holds : bool or None
        None if it cannot be told.
    """

    number: int
    text: str
    value: float | None
    limit: float
    unit: str
    holds: bool | None

    def as_dict(self) -> dict[str, Any]:
        """Return the criterion as it stands in results.json."""
        return asdict(self)


@dataclass(frozen=True)
class TargetDoses:
    """Doses of the planned course to the targets, physical Gy; None where not known."""

    ptv_d95_gy: float | None
    gtv_d05cc_gy: float | None
    ptv_minus_gtv_d01cc_gy: float | None
    half_isodose_distance_mm: float | None


def target_criteria(prescription_gy: float, doses: TargetDoses) -> tuple[Criterion, ...]:
    """Return criteria 2, 3 and 4 (twice: GTV and PTV-GTV) for a plan at its prescription (Gy).

    Equality counts as met, and for the coverage what is short by 1 % at most, the tolerance of
    all verdicts: a plan normalised elsewhere to its D95% is not refused for the last digits.

    Raises
    ------
    RadiobiologyError
        A prescription that is not above zero.
    """
    if not prescription_gy > 0:
        msg = f"criteria need a prescription above zero, not {prescription_gy:g} Gy"
        raise RadiobiologyError(msg)
    hot = HOT_SPOT_SHARE * prescription_gy
    return (
        _criterion(2, "PTV D95%", doses.ptv_d95_gy, prescription_gy, "Gy", at_least=True),
        _criterion(
            3,
            "largest distance of the 50 % isodose from the PTV",
            doses.half_isodose_distance_mm,
            HALF_ISODOSE_MARGIN_MM,
            "mm",
        ),
        _criterion(4, "GTV D0.5cc", doses.gtv_d05cc_gy, hot, "Gy"),
        _criterion(4, "PTV-GTV D0.1cc", doses.ptv_minus_gtv_d01cc_gy, hot, "Gy"),
    )


def _criterion(
    number: int, what: str, value: float | None, limit: float, unit: str, *, at_least: bool = False
) -> Criterion:
    bound = "at least (within 1 %)" if at_least else "at most"
    asked = f"{bound} {limit:.1f} {unit}"
    if value is None or np.isnan(value):
        return Criterion(number, f"{what} is unknown, asked {asked}", None, limit, unit, None)
    slack = (COVERAGE_TOLERANCE if at_least else _ROUNDING) * max(1.0, abs(limit))
    holds = value >= limit - slack if at_least else value <= limit + slack
    found = f"{value:.1f} {unit}" if np.isfinite(value) else "beyond the dose grid"
    return Criterion(number, f"{what} is {found}, asked {asked}", value, limit, unit, bool(holds))


def half_isodose_distance_mm(
    dose_gy: npt.NDArray[np.floating],
    ptv: npt.NDArray[np.bool_],
    spacing_mm: tuple[float, float, float],
    prescription_gy: float,
) -> float | None:
    """Return how far from the PTV the plan still reaches half the prescription, mm.

    Distances are Euclidean, between voxel centres.

    Parameters
    ----------
    dose_gy : ndarray [k, j, i]
        Planned dose, Gy; NaN outside the dose grid.
    ptv : ndarray of bool [k, j, i]
        Voxels of the PTV.
    spacing_mm : tuple of float
        Along i, j, k.

    Returns
    -------
    float or None
        0 if the isodose stays inside the PTV; None if unknown voxels within 2 cm of the PTV could
        hold it.

    Raises
    ------
    RadiobiologyError
        A PTV without voxels, arrays that do not match.
    """
    if dose_gy.shape != ptv.shape or not ptv.any():
        msg = (
            f"PTV of {int(ptv.sum())} voxels on {ptv.shape} does not fit a dose of {dose_gy.shape}"
        )
        raise RadiobiologyError(msg)
    distance = ndimage.distance_transform_edt(~ptv, sampling=spacing_mm[::-1])
    reached = dose_gy >= prescription_gy / 2.0
    farthest = float(distance[reached].max()) if reached.any() else 0.0
    hidden = np.isnan(dose_gy) & (distance <= HALF_ISODOSE_MARGIN_MM)
    if farthest <= HALF_ISODOSE_MARGIN_MM and hidden.any():
        return None
    return farthest


@dataclass(frozen=True)
class PrescriptionCap:
    """A published cap on the prescription, Gy, with its source."""

    id: str
    cap_gy: float
    fractions: int
    source: str


PRESCRIPTION_CAPS = (
    PrescriptionCap("strider", 50.0, 5, "Pagett et al. 2025: 50 Gy in 5 fractions"),
    PrescriptionCap("uk_sabr", 45.0, 5, "Moreno-Olmedo et al. 2025: 45 Gy in 5 fractions"),
)


def destroy_1_cap(prior_eqd2_gy: float) -> PrescriptionCap | None:
    """Return the cap of DESTROY-1 for a prior EQD2 (alpha/beta 3 Gy).

    50 Gy in 5 fractions below 60 Gy, 45 Gy above; None at exactly 60 Gy, which is not defined.
    It is a prescription cap, not a limit of an organ.

    References
    ----------
    DESTROY-1 2019, as quoted by Moreno-Olmedo et al. 2025.
    """
    if np.isnan(prior_eqd2_gy) or prior_eqd2_gy == 60.0:
        return None
    cap = 50.0 if prior_eqd2_gy < 60.0 else 45.0
    source = "DESTROY-1 as quoted by Moreno-Olmedo et al. 2025"
    return PrescriptionCap("destroy_1", cap, 5, source)
