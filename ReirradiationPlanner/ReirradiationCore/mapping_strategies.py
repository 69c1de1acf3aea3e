"""Prior dose of an organ where a voxel-wise map is not trusted.

``DIR`` and ``RIGID`` give a dose at every sample; the strategies here replace it by one number for
the organ (UNIFORM_BG), by a sum of near-maximum doses (POINT_SUM, OVERLAP_POINT_SUM) or by a proof
that there was none (ZERO).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from .dose_models import LQ, DoseConversion
from .dvh import metric_value
from .errors import RadiobiologyError, RefusedError
from .metrics import Metric, MetricKind
from .radiobiology import require_recovery

FloatArray = npt.NDArray[np.floating]
UNIFORM_MARGIN_MM = 20.0
NEAR_MAXIMUM = Metric("D0.1cc", MetricKind.DOSE_AT_CC, 0.1)
MAXIMUM = Metric("Dmax", MetricKind.MAXIMUM)
ZERO_BELOW_EQD2_GY = 0.1
OVERLAP_EQD2_GY = 5.0


@dataclass(frozen=True)
class Background:
    """One prior EQD2 for a whole organ.

    Parameters
    ----------
    eqd2_gy : float
        Before recovery, Gy; NaN if unknown.
    note : str
        How it came about, for the report.
    """

    eqd2_gy: float
    note: str

    @property
    def is_known(self) -> bool:
        """False if the background is unknown, which is never taken as zero."""
        return not np.isnan(self.eqd2_gy)


def points_near(
    points_lps: FloatArray,
    target_points_lps: FloatArray,
    margin_mm: float = UNIFORM_MARGIN_MM,
    target_spacing_mm: float = 0.0,
) -> npt.NDArray[np.bool_]:
    """Return which points (N,) lie within a margin of a target, both LPS, mm, in the same image.

    The target is given by samples inside it; half their spacing is added to the margin, so that the
    surface is not missed.
    """
    if not len(points_lps) or not len(target_points_lps):
        return np.zeros(len(points_lps), dtype=bool)
    reach = margin_mm + target_spacing_mm / 2.0
    nearest, _ = cKDTree(target_points_lps).query(points_lps, distance_upper_bound=reach + 1e-6)
    return np.isfinite(nearest)


@dataclass(frozen=True, eq=False)
class Region:
    """Physical dose (Gy) of each phase of a prior course at the samples of a region."""

    phase_doses_gy: tuple[FloatArray, ...]
    fractions: tuple[int, ...]
    volumes_cc: FloatArray
    model: DoseConversion = LQ

    def near_maximum_eqd2(self, alpha_beta_gy: float) -> tuple[float, bool]:
        """D0.1cc of the EQD2, Gy, and True where the region is smaller (then its maximum)."""
        values = self.model.course_eqd2(self.phase_doses_gy, self.fractions, alpha_beta_gy)
        small = float(self.volumes_cc.sum()) < float(NEAR_MAXIMUM.argument or 0.0)
        found = metric_value(MAXIMUM if small else NEAR_MAXIMUM, values, self.volumes_cc)
        return (float("nan") if found.value is None else found.value), small

    @property
    def is_known(self) -> bool:
        """True if every sample has a dose."""
        return not any(np.isnan(dose).any() for dose in self.phase_doses_gy)


@dataclass(frozen=True, eq=False)
class OverlapMasks:
    """Where an organ was irradiated by both courses, for OVERLAP_POINT_SUM.

    Parameters
    ----------
    prior : ndarray of bool (M,)
        Points of the organ on the prior image.
    planned : ndarray of bool (N,)
        Sample points of the organ on the reference image.
    is_known : bool
        False if unknown dose could belong to the overlap; the sum is then not given.
    """

    prior: npt.NDArray[np.bool_]
    planned: npt.NDArray[np.bool_]
    is_known: bool = True


def uniform_background(
    region: Region | None,
    alpha_beta_gy: float,
    organ: str,
    fallback: Region | None = None,
) -> Background:
    """Return the background of an organ from its prior near-maximum near the planned target.

    Parameters
    ----------
    region : Region or None
        Organ on the prior image within 2 cm of the planned PTV; None if the organ was not
        contoured there. Empty if no part of it is that near.
    fallback : Region, optional
        Everything in the body within 2 cm of the planned PTV on the prior image, used where the
        organ was not contoured or its dose is not wholly known.

    References
    ----------
    Pagett et al. 2025, section 2.3. That the background holds for the whole organ is our (the
    conservative) reading.
    """
    margin = f"{UNIFORM_MARGIN_MM / 10:g} cm of the planned PTV"
    if region is not None and region.is_known:
        if not region.volumes_cc.size:
            return Background(0.0, f"presumed 0: no {organ} within {margin}")
        value, small = region.near_maximum_eqd2(alpha_beta_gy)
        which = "Dmax (region below 0.1 cc)" if small else "D0.1cc"
        return Background(value, f"{which} of the prior dose to {organ} within {margin}")
    why = "was not contoured" if region is None else "is not wholly inside the prior dose grid"
    if fallback is not None and fallback.is_known and fallback.volumes_cc.size:
        value, _ = fallback.near_maximum_eqd2(alpha_beta_gy)
        note = f"{organ} {why} on the prior image: D0.1cc of all tissue within {margin} is used"
        return Background(value, note)
    return Background(float("nan"), f"unknown: {organ} {why} on the prior image")


def point_sum(
    metric: Metric,
    prior_eqd2_gy: Sequence[float | None],
    recovery_fractions: Sequence[float],
    planned_eqd2_gy: float | None,
) -> float | None:
    """Return near-maximum of each prior course (after recovery) plus that of the planned course.

    Parameters
    ----------
    prior_eqd2_gy : sequence of float or None
        Metric of the EQD2 of each prior course on its own image, Gy; None if not known.
    planned_eqd2_gy : float or None
        Metric of the EQD2 of the planned course on the reference image, Gy.

    Returns
    -------
    float or None
        Gy; None if a part is not known.

    Raises
    ------
    RadiobiologyError
        A metric that is not a near-maximum: means and volumes need a three-dimensional sum.
    """
    _require_near_maximum(metric)
    if planned_eqd2_gy is None or any(value is None for value in prior_eqd2_gy):
        return None
    pairs = zip(prior_eqd2_gy, recovery_fractions, strict=True)
    return planned_eqd2_gy + sum((1.0 - require_recovery(r)) * (e or 0.0) for e, r in pairs)


def _require_near_maximum(metric: Metric) -> None:
    if not metric.is_near_maximum:
        msg = f"{metric.name} needs a three-dimensional sum; POINT_SUM gives near-maxima only"
        raise RadiobiologyError(msg)


def overlap_point_sum(
    metric: Metric,
    prior: tuple[FloatArray, FloatArray, npt.NDArray[np.bool_]],
    planned: tuple[FloatArray, FloatArray, npt.NDArray[np.bool_]],
) -> tuple[float | None, str]:
    """Return the point sum restricted to the region that both courses irradiated.

    The source does not define the overlap exactly. Here it is chosen by the caller (suggested: both
    courses at least 5 Gy EQD2), and the result is never below the metric of either course in the
    whole organ, because the sum cannot be.

    Parameters
    ----------
    prior, planned : tuple of ndarray (N,)
        EQD2 after recovery (Gy), volumes (cc) and overlap mask of the organ's samples, of the prior
        course on the prior image and of the planned course on the reference image.

    Returns
    -------
    tuple of (float or None, str)
        Gy (None if not known) and the note for the report.

    References
    ----------
    ReCOG 2026, second method (as summarised in secondary sources).
    """
    _require_near_maximum(metric)
    parts: list[float] = []
    alone: list[float] = []
    for eqd2_gy, volumes, mask in (prior, planned):
        whole = metric_value(metric, eqd2_gy, volumes)
        if whole.value is None or np.isnan(eqd2_gy).any():
            return None, f"{metric.name} is not known: {whole.note or 'unknown dose in the organ'}"
        alone.append(whole.value)
        inside = metric_value(metric, eqd2_gy[mask], volumes[mask]).value if mask.any() else 0.0
        largest = float(eqd2_gy[mask].max()) if mask.any() else 0.0
        parts.append(largest if inside is None else inside)
    if not (prior[2].any() and planned[2].any()):
        return max(alone), "no overlap: the larger of the two courses"
    return max(sum(parts), *alone), "near-maxima within the overlap (our definition) added"


def require_zero_prior_dose(
    prior_eqd2_gy: FloatArray, organ: str, out_of_field_statement: str = ""
) -> str:
    """Return the note that justifies ZERO, or refuse it.

    Parameters
    ----------
    prior_eqd2_gy : ndarray (N,)
        Mapped prior EQD2 at the organ and 2 cm around it, Gy; NaN outside the prior dose grid.
    out_of_field_statement : str
        Documentation that the organ was out of the field, where the dose cannot show it.

    Raises
    ------
    RefusedError
        Prior dose of 0.1 Gy or more, or unknown dose without a statement.
    """
    known = prior_eqd2_gy[~np.isnan(prior_eqd2_gy)]
    highest = float(known.max()) if known.size else 0.0
    if highest >= ZERO_BELOW_EQD2_GY:
        reason = (
            f"{organ}: prior dose cannot be taken as zero, {highest:.2f} Gy EQD2 was found within "
            "2 cm of it; use another mapping strategy"
        )
        raise RefusedError(reason)
    if known.size == prior_eqd2_gy.size and known.size:
        return f"prior EQD2 at the organ and 2 cm around it is below {ZERO_BELOW_EQD2_GY:g} Gy"
    if not out_of_field_statement.strip():
        reason = (
            f"{organ}: prior dose cannot be taken as zero, part of the organ or of 2 cm around it "
            "is outside the prior dose grid; state why it was out of the field"
        )
        raise RefusedError(reason)
    return f"documented as out of field: {out_of_field_statement.strip()}"
