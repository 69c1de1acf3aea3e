"""Physical dose that may still be given to a voxel under a near-maximum limit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .errors import RadiobiologyError
from .metrics import Metric
from .radiobiology import quadratic_share, require_fractions


@dataclass(frozen=True, eq=False)
class RemainingDose:
    """Physical dose left and where the prior dose alone exceeds the limit; unpacks as a pair.

    Parameters
    ----------
    dose_gy : ndarray
        Gy; 0 over the limit, NaN where the background is unknown.
    over_limit : ndarray of bool
        True where the background exceeds the limit.
    """

    dose_gy: npt.NDArray[np.floating]
    over_limit: npt.NDArray[np.bool_]

    def __iter__(self):  # noqa: ANN204
        """Unpack as ``dose, over_limit``."""
        return iter((self.dose_gy, self.over_limit))


def remaining_dose(
    background_eqd2_gy: npt.ArrayLike,
    limit_eqd2_gy: npt.ArrayLike,
    fractions: int,
    alpha_beta_gy: float,
    metric: Metric | None = None,
) -> RemainingDose:
    """Physical dose that may still be given in ``fractions``, voxel by voxel.

    ``n/2 (-ab + sqrt(ab^2 + 4 (2 + ab) max(L - B, 0) / n))`` in its stable form.

    Parameters
    ----------
    background_eqd2_gy : array_like
        EQD2 of the prior courses after recovery, Gy; NaN where unknown.
    limit_eqd2_gy : array_like
        Limit of the same shape or one number, Gy EQD2.
    metric : Metric, optional
        Metric of the limit; near-maximum metrics only have a dose left at each voxel.

    Raises
    ------
    RadiobiologyError
        A mean or volume metric; see `radiobiology.dose_from_eqd2`.
    """
    if metric is not None and not metric.is_near_maximum:
        msg = (
            f"a limit on {metric.name} leaves no dose voxel by voxel; it has no remaining dose map"
        )
        raise RadiobiologyError(msg)
    n, share = require_fractions(fractions), float(quadratic_share(alpha_beta_gy))
    left = np.asarray(limit_eqd2_gy) - np.asarray(background_eqd2_gy)
    effect = np.maximum(left, 0.0) * (1.0 + 2.0 * share)
    dose = 2.0 * effect / (1.0 + np.sqrt(1.0 + 4.0 * effect * share / n))
    return RemainingDose(dose, left < 0)
