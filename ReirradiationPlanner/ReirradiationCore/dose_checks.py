"""What may enter the conversion: negative and implausible doses, notes on high doses per fraction.

Rules of input: noise below zero is clamped and counted, unknown stays unknown, and numbers that are
almost always a wrong number of fractions are asked about.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .errors import RadiobiologyError
from .radiobiology import require_fractions

WARN_BELOW_GY = -0.1
REFUSE_BELOW_GY = -1.0
MAXIMUM_DOSE_PER_FRACTION_GY = 30.0
PRESCRIPTION_PER_FRACTION_RANGE_GY = (0.5, 34.0)
AMBER_DOSE_PER_FRACTION_GY = 10.0
RED_DOSE_PER_FRACTION_GY = 18.0
_CONVERTIBLE = {"PHOTON", "ELECTRON"}


@dataclass(frozen=True, eq=False)
class SanitisedDose:
    """A dose without negative values.

    Parameters
    ----------
    dose_gy : ndarray
        Dose, Gy; NaN where it was unknown.
    clamped : int
        Number of values that were below zero.
    lowest_gy : float
        Lowest value found, Gy (NaN if nothing is known).
    warning : str
        Empty unless a value was lower than -0.1 Gy.
    """

    dose_gy: npt.NDArray[np.floating]
    clamped: int
    lowest_gy: float
    warning: str = ""


def sanitise_dose(dose_gy: npt.ArrayLike, what: str = "the dose") -> SanitisedDose:
    """Clamp the noise of scaling and interpolation below zero; NaN (unknown) is kept.

    Raises
    ------
    RadiobiologyError
        A value below -1 Gy or an infinite value.
    """
    dose = np.array(dose_gy, dtype=np.result_type(np.asarray(dose_gy).dtype, np.float32), copy=True)
    if np.isinf(dose).any():
        msg = f"{what} holds infinite values; export it again"
        raise RadiobiologyError(msg)
    negative = dose < 0
    clamped = int(np.count_nonzero(negative))
    known = dose[~np.isnan(dose)]
    lowest = float(known.min()) if known.size else float("nan")
    if lowest < REFUSE_BELOW_GY:
        msg = (
            f"{what} goes down to {lowest:.2f} Gy; a dose below {REFUSE_BELOW_GY:g} Gy is an error"
        )
        raise RadiobiologyError(msg)
    dose[negative] = 0.0
    warning = ""
    if lowest < WARN_BELOW_GY:
        warning = f"{what} held {clamped} negative values down to {lowest:.2f} Gy, taken as 0 Gy"
    return SanitisedDose(dose, clamped, lowest, warning)


def plausibility_questions(
    maximum_dose_gy: float, fractions: int, prescription_gy: float | None = None
) -> tuple[str, ...]:
    """Return what must be answered before a plan is converted; empty if it is plausible.

    More than 30 Gy per fraction anywhere, or a prescription outside 0.5 to 34 Gy per fraction,
    is almost always a wrong number of fractions.
    """
    n = require_fractions(fractions)
    questions = []
    if maximum_dose_gy / n > MAXIMUM_DOSE_PER_FRACTION_GY:
        questions.append(
            f"the maximum dose of {maximum_dose_gy:.1f} Gy in {n} fractions is "
            f"{maximum_dose_gy / n:.1f} Gy per fraction; check the number of fractions"
        )
    low, high = PRESCRIPTION_PER_FRACTION_RANGE_GY
    if prescription_gy is not None and not low <= prescription_gy / n <= high:
        questions.append(
            f"the prescription of {prescription_gy:.1f} Gy in {n} fractions is "
            f"{prescription_gy / n:.2f} Gy per fraction; check the number of fractions"
        )
    return tuple(questions)


@dataclass(frozen=True)
class DosePerFractionNote:
    """Note (``amber`` or ``red``) where the linear-quadratic model is less certain.

    ``highest_gy`` is the largest dose per fraction, Gy.
    """

    level: str
    text: str
    highest_gy: float


def dose_per_fraction_note(
    dose_gy: npt.NDArray[np.floating], fractions: int, organ: str
) -> DosePerFractionNote | None:
    """Return an amber note above 10 Gy per fraction and a red one above 18 Gy, else None.

    References
    ----------
    Brenner DJ 2008, Semin Radiat Oncol 18:234: the model is reasonably well validated up to about
    10 Gy per fraction and would be reasonable up to about 18 Gy per fraction.
    """
    known = np.asarray(dose_gy)[~np.isnan(dose_gy)]
    highest = float(known.max()) / require_fractions(fractions) if known.size else 0.0
    if highest <= AMBER_DOSE_PER_FRACTION_GY:
        return None
    red = highest > RED_DOSE_PER_FRACTION_GY
    bound = RED_DOSE_PER_FRACTION_GY if red else AMBER_DOSE_PER_FRACTION_GY
    text = (
        f"{organ} receives up to {highest:.1f} Gy per fraction; the linear-quadratic model is "
        f"{'not validated' if red else 'less certain'} above about {bound:g} Gy per fraction"
    )
    return DosePerFractionNote("red" if red else "amber", text, highest)


def fractions_per_day_note(fractions_per_day: float | None) -> str:
    """Return the assumption made for more than one fraction a day, else an empty text."""
    if fractions_per_day is None or fractions_per_day <= 1:
        return ""
    return (
        f"{fractions_per_day:g} fractions a day: full repair between fractions is assumed, "
        "which needs intervals of at least 6 h"
    )


def radiation_type_note(radiation_type: str, override: str = "") -> str:
    """Return the note that a course of this DICOM Radiation Type (300A,00C6) must carry.

    Raises
    ------
    RadiobiologyError
        A type whose dose cannot be converted from dose and fractions alone (ions, neutrons,
        brachytherapy, unknown ones), unless ``override`` says why it is done all the same.
    """
    kind = radiation_type.strip().upper()
    if kind in _CONVERTIBLE:
        return ""
    if kind == "PROTON":
        return "proton dose: taken as already weighted with the RBE (usually 1.1) of the plan"
    if not override.strip():
        msg = (
            f"a course of radiation type '{kind or 'unknown'}' cannot be converted from dose and "
            "number of fractions alone; state in the override why it is done all the same"
        )
        raise RadiobiologyError(msg)
    return f"radiation type '{kind or 'unknown'}' converted as photons: {override.strip()}"
