"""Dose-volume histograms of the organs as they go into exported doses."""

from __future__ import annotations

from collections.abc import Iterable

from .constraints import Quantity
from .courses import StructureKind
from .dicom.write_dvh import MOST_BINS, WrittenDvh
from .heatmaps import PaintedOrgan
from .judgement import CUMULATIVE, NO_RECOVERY
from .limits import apply_limits
from .map_stage import painted_organs
from .metrics import Metric
from .pipeline_data import Evaluation, JudgedOrgan

STEP_GY = 0.1
MINIMUM, MAXIMUM, MEAN = (Metric.parse(name) for name in ("Dmin", "Dmax", "Dmean"))


def result_dvhs(
    organs: Iterable[JudgedOrgan],
    course: str,
    quantity: Quantity,
    alpha_beta_gy: float | None = None,
) -> tuple[WrittenDvh, ...]:
    """Return the DVH of every structure whose dose is known throughout.

    Parameters
    ----------
    organs : iterable of JudgedOrgan
        Structures of the reference image.
    course : str
        Course id, ``cumulative`` or ``cumulative_no_recovery``.
    quantity : Quantity
        PHYSICAL or EQD2.
    alpha_beta_gy : float, optional
        Gy, for all structures; each structure's own if None.
    """
    found = (_dvh_of(organ, course, quantity, alpha_beta_gy) for organ in organs)
    return tuple(dvh for dvh in found if dvh is not None)


def painted_as(evaluation: Evaluation) -> dict[str, PaintedOrgan]:
    """Return by structure how the map of the sum is painted: under the limits of the evaluation."""
    judges = [organ.judge for organ in evaluation.organs]
    limits = [limit for protocol in evaluation.protocols for limit in protocol.constraints]
    painted = painted_organs(judges, apply_limits(limits, judges))
    return {organ.structure.name: organ for organ in painted}


def painted_dvhs(evaluation: Evaluation) -> tuple[WrittenDvh, ...]:
    """Return the DVH of every structure, with the alpha/beta and recovery it is painted with."""
    painted = painted_as(evaluation)
    found = (_painted_dvh(organ, painted.get(organ.model.name)) for organ in evaluation.organs)
    return tuple(dvh for dvh in found if dvh is not None)


def _painted_dvh(organ: JudgedOrgan, painted: PaintedOrgan | None) -> WrittenDvh | None:
    if painted is None:
        return _dvh_of(organ, CUMULATIVE, Quantity.EQD2, None)
    recovers = dict(painted.recovery) == organ.model.recovery_fractions
    course = CUMULATIVE if recovers else NO_RECOVERY
    return _dvh_of(organ, course, Quantity.EQD2, painted.alpha_beta_gy)


def _dvh_of(
    organ: JudgedOrgan, course: str, quantity: Quantity, alpha_beta_gy: float | None
) -> WrittenDvh | None:
    if organ.model.kind is StructureKind.OTHER:
        return None
    alpha_beta = organ.model.alpha_beta_gy if alpha_beta_gy is None else alpha_beta_gy
    priors = organ.doses.priors
    summed = priors.values() if course in (CUMULATIVE, NO_RECOVERY) else (priors.get(course),)
    if any(prior is not None and not prior.is_voxelwise for prior in summed):
        return None
    distribution = organ.judge.distribution(course, quantity, alpha_beta)
    if distribution.known_share < 1:
        return None
    low, high, mean = (distribution.metric(m).value or 0.0 for m in (MINIMUM, MAXIMUM, MEAN))
    dvh = distribution.histogram(max(STEP_GY, high / (MOST_BINS - 2)))
    number = organ.model.structure.roi_number
    return WrittenDvh(number, dvh.dose_gy, dvh.volume_cc, low, high, mean)
