"""The linear-quadratic model: BED, EQD2, EQDX, their inverse, and sums over phases and courses.

Every conversion takes the total physical dose of one plan and the number of fractions of that plan;
doses of plans with different numbers of fractions are converted first and added afterwards.

References
----------
Voyant C et al. 2014, Rep Pract Oncol Radiother 19:47 (closed forms); Pagett et al. 2025 (Table 1).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from .errors import RadiobiologyError

FloatOrArray = float | npt.NDArray[np.floating]

ALPHA_BETA_RANGE_GY = (0.5, 20.0)
PHYSICAL_ALPHA_BETA_GY = 1e6
"""From this alpha/beta on, a conversion leaves the physical dose as it is."""


def require_fractions(fractions: object) -> int:
    """Return the number of fractions of a plan as an int.

    Raises
    ------
    RadiobiologyError
        Missing, not a whole number or below 1. There is no default.
    """
    whole = isinstance(fractions, int | np.integer) or (
        isinstance(fractions, float | np.floating) and float(fractions).is_integer()
    )
    if isinstance(fractions, bool | np.bool_) or not whole or int(fractions) < 1:  # type: ignore[call-overload]
        msg = (
            f"number of fractions is {fractions!r}; give the whole number of fractions, at least 1"
        )
        raise RadiobiologyError(msg)
    return int(fractions)  # type: ignore[call-overload]


def require_alpha_beta(alpha_beta_gy: FloatOrArray) -> FloatOrArray:
    """Return alpha/beta (Gy) as float or float array.

    Allowed are 0.5 to 20 Gy, and values from 1e6 on including infinity, which mean "physical".
    In an array NaN marks voxels without an organ.

    Raises
    ------
    RadiobiologyError
        Values outside these ranges.
    """
    try:
        value = np.asarray(alpha_beta_gy, dtype=np.float64)
    except (TypeError, ValueError) as error:
        msg = f"alpha/beta is {alpha_beta_gy!r}; give a number in Gy"
        raise RadiobiologyError(msg) from error
    low, high = ALPHA_BETA_RANGE_GY
    allowed = ((value >= low) & (value <= high)) | (value >= PHYSICAL_ALPHA_BETA_GY)
    if value.ndim:
        allowed |= np.isnan(value)
    if not allowed.all():
        bad = float(value[~allowed].flat[0]) if value.ndim else float(value)
        msg = f"alpha/beta of {bad:g} Gy is outside {low:g} to {high:g} Gy (or infinity: physical)"
        raise RadiobiologyError(msg)
    return value if value.ndim else float(value)


def quadratic_share(alpha_beta_gy: FloatOrArray) -> FloatOrArray:
    """Return beta/alpha (1/Gy); 0 for an infinite alpha/beta, so that no formula divides by it."""
    return 1.0 / require_alpha_beta(alpha_beta_gy)


def _require_not_negative(values: FloatOrArray, what: str) -> npt.NDArray[np.floating]:
    array = np.asarray(values)
    if not np.issubdtype(array.dtype, np.floating):
        array = array.astype(np.float64)
    if (array < 0).any():
        msg = (
            f"{what} of {np.nanmin(array):g} Gy is negative; clean the dose before it is converted"
        )
        raise RadiobiologyError(msg)
    return array


def _plain(result: npt.NDArray | np.floating) -> FloatOrArray:
    return result if np.ndim(result) else float(result)


def eqdx_at(
    dose_gy: FloatOrArray,
    dose_per_fraction_gy: FloatOrArray,
    alpha_beta_gy: FloatOrArray,
    reference_dose_gy: float = 2.0,
) -> FloatOrArray:
    """Equieffective dose in fractions of ``reference_dose_gy``, from dose and dose per fraction.

    This is the formula alone, for limits that are published with a dose per fraction; plans go
    through `eqdx`, which insists on a whole number of fractions.

    Parameters
    ----------
    dose_gy, dose_per_fraction_gy : float or ndarray
        Total dose and dose per fraction, Gy, not negative. NaN stays NaN.
    alpha_beta_gy : float or ndarray
        Gy; infinity returns ``dose_gy``.
    reference_dose_gy : float
        Dose per fraction of the result, Gy; 0 gives the BED.

    Raises
    ------
    RadiobiologyError
        Negative dose, alpha/beta out of range, negative reference dose.
    """
    if not 0 <= reference_dose_gy < np.inf:
        msg = f"a reference dose per fraction of {reference_dose_gy:g} Gy is not possible"
        raise RadiobiologyError(msg)
    share = quadratic_share(alpha_beta_gy)
    dose = _require_not_negative(dose_gy, "dose")
    per_fraction = _require_not_negative(dose_per_fraction_gy, "dose per fraction")
    return _plain(dose * (1.0 + per_fraction * share) / (1.0 + reference_dose_gy * share))


def eqdx(
    dose_gy: FloatOrArray, fractions: int, alpha_beta_gy: FloatOrArray, reference_dose_gy: float
) -> FloatOrArray:
    """Equieffective dose in fractions of ``reference_dose_gy`` of a plan of ``fractions`` (Gy).

    ``D (D/n + ab) / (X + ab)``. See `eqdx_at` for the arguments.

    Raises
    ------
    RadiobiologyError
        As `eqdx_at`, and a number of fractions that is missing, not whole or below 1.
    """
    n = require_fractions(fractions)
    dose = _require_not_negative(dose_gy, "dose")
    return eqdx_at(dose, dose / n, alpha_beta_gy, reference_dose_gy)


def eqd2(dose_gy: FloatOrArray, fractions: int, alpha_beta_gy: FloatOrArray) -> FloatOrArray:
    """EQD2 of a plan: equieffective dose in fractions of 2 Gy (Gy).

    The same ``fractions`` hold for every voxel of the plan, whatever its dose level, which is what
    makes simultaneous integrated boosts right. 0 Gy gives exactly 0, NaN stays NaN.

    Raises
    ------
    RadiobiologyError
        See `eqdx`.
    """
    return eqdx(dose_gy, fractions, alpha_beta_gy, 2.0)


def bed(dose_gy: FloatOrArray, fractions: int, alpha_beta_gy: FloatOrArray) -> FloatOrArray:
    """Biologically effective dose of a plan, ``D (1 + D / (n ab))`` (Gy).

    Raises
    ------
    RadiobiologyError
        See `eqdx`.
    """
    return eqdx(dose_gy, fractions, alpha_beta_gy, 0.0)


def bed_incomplete_repair(
    dose_gy: FloatOrArray, fractions: int, alpha_beta_gy: FloatOrArray, repair_factor: float
) -> FloatOrArray:
    """BED of several fractions a day less than 6 h apart, ``D (1 + (1 + H) d / ab)`` (Gy).

    ``repair_factor`` is the incomplete-repair factor H of the day's fractions, at least 0. It is
    never assumed: intervals of 6 h or more count as fully repaired (`bed`).

    References
    ----------
    Voyant C et al. 2014, equation 5 (after Thames).
    """
    if not 0 <= repair_factor < np.inf:
        msg = f"an incomplete-repair factor of {repair_factor:g} is not possible"
        raise RadiobiologyError(msg)
    n = require_fractions(fractions)
    dose = _require_not_negative(dose_gy, "dose")
    return eqdx_at(dose, dose / n * (1.0 + repair_factor), alpha_beta_gy, 0.0)


def eqd2_from_bed(bed_gy: FloatOrArray, alpha_beta_gy: FloatOrArray) -> FloatOrArray:
    """EQD2 of a BED at the same alpha/beta, ``BED ab / (ab + 2)`` (Gy)."""
    return _plain(np.asarray(bed_gy, dtype=float) / (1.0 + 2.0 * quadratic_share(alpha_beta_gy)))


def bed_from_eqd2(eqd2_gy: FloatOrArray, alpha_beta_gy: FloatOrArray) -> FloatOrArray:
    """BED of an EQD2 at the same alpha/beta, ``EQD2 (ab + 2) / ab`` (Gy)."""
    return _plain(np.asarray(eqd2_gy, dtype=float) * (1.0 + 2.0 * quadratic_share(alpha_beta_gy)))


def dose_from_eqdx(
    eqdx_gy: FloatOrArray, fractions: int, alpha_beta_gy: FloatOrArray, reference_dose_gy: float
) -> FloatOrArray:
    """Total physical dose in ``fractions`` that has the given equieffective dose (Gy).

    The form without a difference of near-equal numbers, exact for small doses too:
    ``2 E (X + ab) / (ab + sqrt(ab^2 + 4 E (X + ab) / n))``.

    Raises
    ------
    RadiobiologyError
        See `eqdx`.
    """
    n = require_fractions(fractions)
    share = quadratic_share(alpha_beta_gy)
    effect = _require_not_negative(eqdx_gy, "equieffective dose") * (
        1.0 + reference_dose_gy * share
    )
    return _plain(2.0 * effect / (1.0 + np.sqrt(1.0 + 4.0 * effect * share / n)))


def dose_from_eqd2(
    eqd2_gy: FloatOrArray, fractions: int, alpha_beta_gy: FloatOrArray
) -> FloatOrArray:
    """Total physical dose in ``fractions`` that has the given EQD2 (Gy); see `dose_from_eqdx`."""
    return dose_from_eqdx(eqd2_gy, fractions, alpha_beta_gy, 2.0)


def delivered_dose(
    planned_dose_gy: FloatOrArray, fractions_planned: int, fractions_delivered: int
) -> FloatOrArray:
    """Dose (Gy) of an unfinished plan, to be converted with ``fractions_delivered``."""
    planned, delivered = (
        require_fractions(fractions_planned),
        require_fractions(fractions_delivered),
    )
    if delivered > planned:
        msg = f"{delivered} fractions delivered of {planned} planned; correct one of the two"
        raise RadiobiologyError(msg)
    return planned_dose_gy * (delivered / planned)


def course_eqd2(
    phase_doses_gy: Sequence[FloatOrArray],
    phase_fractions: Sequence[int],
    alpha_beta_gy: FloatOrArray,
) -> FloatOrArray:
    """EQD2 (Gy) of a course: each phase is converted with its own fractions, then they are added.

    Raises
    ------
    RadiobiologyError
        No phases, or not one number of fractions for each; see `eqdx`.
    """
    if not phase_doses_gy or len(phase_doses_gy) != len(phase_fractions):
        msg = f"{len(phase_doses_gy)} phase doses with {len(phase_fractions)} numbers of fractions"
        raise RadiobiologyError(msg)
    total: FloatOrArray = 0.0
    for dose, fractions in zip(phase_doses_gy, phase_fractions, strict=True):
        total = total + eqd2(dose, fractions, alpha_beta_gy)
    return total


def cumulative_eqd2(
    course_eqd2_gy: Sequence[FloatOrArray], recovery_fractions: Sequence[float]
) -> FloatOrArray:
    """Cumulative EQD2 (Gy), ``sum_i (1 - R_i) E_i``; give the planned course with R = 0.

    Raises
    ------
    RadiobiologyError
        Not one recovery for each course, or a recovery outside 0..1.
    """
    if not course_eqd2_gy or len(course_eqd2_gy) != len(recovery_fractions):
        msg = f"{len(course_eqd2_gy)} courses with {len(recovery_fractions)} recovery fractions"
        raise RadiobiologyError(msg)
    total: FloatOrArray = 0.0
    for dose, fraction in zip(course_eqd2_gy, recovery_fractions, strict=True):
        total = total + dose * (1.0 - require_recovery(fraction))
    return total


def require_recovery(fraction: float) -> float:
    """Return a recovery fraction, refusing (`RadiobiologyError`) what is not in 0..1."""
    if not 0.0 <= fraction <= 1.0:
        msg = f"a recovery of {fraction:g} is not a fraction between 0 and 1"
        raise RadiobiologyError(msg)
    return float(fraction)
