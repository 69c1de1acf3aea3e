"""What a cumulative maximum cannot exceed, checked on every run.

References
----------
Mechalakos et al. 2024 (abstract): a mapped sum of 72.44 Gy above a sum of maxima of 67.30 Gy.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.floating]
_ROUNDING_GY = 1e-3
# Samples on the two images do not hit the same spots; what the verdicts tolerate is no alarm.
_SAMPLING_GY, _SAMPLING_SHARE = 0.5, 0.01


@dataclass(frozen=True)
class CumulativeBounds:
    """Bounds on the cumulative maximum of an organ, all EQD2 Gy at the same alpha/beta.

    Parameters
    ----------
    voxelwise_maximum_gy, sum_of_maxima_gy : float
        Maximum of the sum, and sum of the maxima over the mapped organ.
    native_point_sum_gy : float or None
        Sum of the maxima with the prior maximum of the organ as contoured on the prior image.
    alarm : str
        Not empty if the sum exceeds the native point sum by more than 0.5 Gy and 1 %: mapped dose
        was pulled in from outside the organ, which is a warning about the registration.
    """

    voxelwise_maximum_gy: float
    sum_of_maxima_gy: float
    native_point_sum_gy: float | None
    alarm: str


def check_bounds(
    prior_eqd2_gy: FloatArray,
    planned_eqd2_gy: FloatArray,
    organ: str,
    native_prior_maximum_gy: float | None = None,
) -> CumulativeBounds | None:
    """Check the cumulative maximum of an organ against what it cannot exceed.

    Parameters
    ----------
    prior_eqd2_gy, planned_eqd2_gy : ndarray (N,)
        EQD2 after recovery at the same samples of the organ, Gy; NaN where unknown.
    native_prior_maximum_gy : float, optional
        Maximum EQD2 after recovery in the organ on the prior image(s), summed over prior courses.

    Returns
    -------
    CumulativeBounds or None
        None if nothing is known.

    Raises
    ------
    ArithmeticError
        A sum above the sum of the maxima of the same samples: a defect of this program.
    """
    known = ~np.isnan(prior_eqd2_gy) & ~np.isnan(planned_eqd2_gy)
    if not known.any():
        return None
    prior, planned = prior_eqd2_gy[known], planned_eqd2_gy[known]
    voxelwise, maxima = float((prior + planned).max()), float(prior.max()) + float(planned.max())
    if voxelwise > maxima + _ROUNDING_GY:
        msg = f"{organ}: sum of {voxelwise:g} Gy above the sum of maxima of {maxima:g} Gy"
        raise ArithmeticError(msg)
    if native_prior_maximum_gy is None:
        return CumulativeBounds(voxelwise, maxima, None, "")
    native = native_prior_maximum_gy + float(planned.max())
    alarm = ""
    if voxelwise > native + max(_SAMPLING_GY, _SAMPLING_SHARE * native):
        alarm = (
            f"{organ}: cumulative maximum of {voxelwise:.1f} Gy EQD2 is above the sum of both "
            f"maxima ({native:.1f} Gy); the registration pulled dose in from outside the organ"
        )
    return CumulativeBounds(voxelwise, maxima, native, alarm)
