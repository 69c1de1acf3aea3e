"""Targets of the courses: overlap of old and new volumes, coverage, and the suggested type.

References
----------
Andratschke et al. 2022, Lancet Oncol 23:e469 (ESTRO-EORTC types of reirradiation, as summarised in
secondary sources).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np
import numpy.typing as npt

from .errors import RadiobiologyError

FloatArray = npt.NDArray[np.floating]
ISODOSE_EQD2_GY = 5.0
ISODOSE_ALPHA_BETA_GY = 3.0


class ReirradiationType(Enum):
    """Type of reirradiation; software suggests, the clinician chooses."""

    TYPE_1 = "reirradiation type 1"
    TYPE_2 = "reirradiation type 2"
    REPEAT_ORGAN = "repeat organ irradiation"
    REPEAT = "repeat irradiation"


@dataclass(frozen=True)
class TargetOverlap:
    """Overlap of a prior and the planned target on the reference image.

    Parameters
    ----------
    prior_cc, planned_cc, overlap_cc : float
        Volumes, cc.
    known_share : float
        Part 0..1 of the planned target for which the registration tells where it was.
    """

    prior_cc: float
    planned_cc: float
    overlap_cc: float
    known_share: float

    @property
    def share_of_planned(self) -> float | None:
        """Part 0..1 of the planned target that was target before; None if not wholly known."""
        return self.overlap_cc / self.planned_cc if self.known_share >= 1.0 else None

    @property
    def dice(self) -> float | None:
        """Dice coefficient of both targets; None if not wholly known."""
        if self.known_share < 1.0:
            return None
        return 2.0 * self.overlap_cc / (self.prior_cc + self.planned_cc)


def target_overlap(
    volumes_cc: FloatArray,
    inside_prior: npt.NDArray[np.bool_],
    known: npt.NDArray[np.bool_],
    prior_cc: float,
) -> TargetOverlap:
    """Return the overlap from the samples of the planned target.

    Parameters
    ----------
    volumes_cc : ndarray (N,)
        Volumes of the samples of the planned target, cc.
    inside_prior : ndarray of bool (N,)
        True where the mapped sample lies in the prior target.
    known : ndarray of bool (N,)
        False where the registration does not reach.
    prior_cc : float
        Volume of the prior target, cc.

    Raises
    ------
    RadiobiologyError
        A target without volume.
    """
    planned = float(np.sum(volumes_cc))
    if not planned > 0 or not prior_cc > 0:
        msg = f"targets of {planned:g} cc and {prior_cc:g} cc have no overlap to speak of"
        raise RadiobiologyError(msg)
    overlap = float(np.sum(volumes_cc[inside_prior & known]))
    share = 1.0 if known.all() else float(np.sum(volumes_cc[known])) / planned
    return TargetOverlap(prior_cc, planned, overlap, share)


@dataclass(frozen=True)
class IrradiatedOverlap:
    """Volume that both courses irradiated to at least an isodose.

    Parameters
    ----------
    volume_cc : float
        cc; at least so much if ``unknown_cc`` is above zero.
    unknown_cc : float
        Volume in which the dose of one course is unknown and the other reaches the isodose, cc.
    isodose_eqd2_gy : float
        Isodose, Gy EQD2 (alpha/beta 3 Gy).
    """

    volume_cc: float
    unknown_cc: float
    isodose_eqd2_gy: float

    @property
    def overlaps(self) -> bool | None:
        """True if there is overlap, False if none, None if the unknown part could hold it."""
        if self.volume_cc > 0:
            return True
        return None if self.unknown_cc > 0 else False


def irradiated_overlap(
    prior_eqd2_gy: FloatArray,
    planned_eqd2_gy: FloatArray,
    voxel_volume_cc: float,
    isodose_eqd2_gy: float = ISODOSE_EQD2_GY,
) -> IrradiatedOverlap:
    """Return the overlap of the irradiated volumes on a common grid or common samples.

    The publication as seen does not name the isodose; it is an input, 5 Gy EQD2 by default.

    Parameters
    ----------
    prior_eqd2_gy, planned_eqd2_gy : ndarray
        EQD2 at alpha/beta 3 Gy without recovery, Gy; NaN where unknown.

    Raises
    ------
    RadiobiologyError
        Arrays that do not match, an isodose that is not above zero.
    """
    if prior_eqd2_gy.shape != planned_eqd2_gy.shape or not isodose_eqd2_gy > 0:
        msg = (
            f"doses of shape {prior_eqd2_gy.shape} and {planned_eqd2_gy.shape} at "
            f"{isodose_eqd2_gy:g} Gy cannot be overlapped"
        )
        raise RadiobiologyError(msg)
    # Unknown dose may reach the isodose, known dose must.
    prior = ~(prior_eqd2_gy < isodose_eqd2_gy)
    planned = ~(planned_eqd2_gy < isodose_eqd2_gy)
    unknown = np.isnan(prior_eqd2_gy) | np.isnan(planned_eqd2_gy)
    both = prior & planned
    return IrradiatedOverlap(
        float(np.count_nonzero(both & ~unknown)) * voxel_volume_cc,
        float(np.count_nonzero(both & unknown)) * voxel_volume_cc,
        isodose_eqd2_gy,
    )


@dataclass(frozen=True)
class TypeSuggestion:
    """Suggested type and the reason; ``type`` is None where something must be answered first."""

    type: ReirradiationType | None
    reason: str


def suggest_type(
    overlap: IrradiatedOverlap,
    cumulative_concern: bool | None = None,
    same_organ: bool | None = None,
) -> TypeSuggestion:
    """Suggest the type of reirradiation for the clinician to confirm.

    Parameters
    ----------
    cumulative_concern : bool or None
        Whether cumulative toxicity is a concern although volumes do not overlap; a clinical answer.
    same_organ : bool or None
        Whether the same organ was irradiated before. That this separates "repeat organ
        irradiation" from "repeat irradiation" is our reading.
    """
    isodose = f"{overlap.isodose_eqd2_gy:g} Gy EQD2"
    if overlap.overlaps:
        reason = f"both courses reach {isodose} in {overlap.volume_cc:.1f} cc"
        return TypeSuggestion(ReirradiationType.TYPE_1, reason)
    if overlap.overlaps is None:
        reason = f"dose is unknown in {overlap.unknown_cc:.1f} cc where volumes could overlap"
        return TypeSuggestion(None, reason)
    reason = f"no volume reaches {isodose} in both courses"
    if cumulative_concern is None:
        return TypeSuggestion(None, f"{reason}; is cumulative toxicity a concern?")
    if cumulative_concern:
        return TypeSuggestion(ReirradiationType.TYPE_2, f"{reason}; cumulative toxicity a concern")
    if same_organ is None:
        return TypeSuggestion(None, f"{reason}; was the same organ irradiated before?")
    kind = ReirradiationType.REPEAT_ORGAN if same_organ else ReirradiationType.REPEAT
    return TypeSuggestion(kind, f"{reason}; cumulative toxicity is no concern")
