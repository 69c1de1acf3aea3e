"""Dose-volume histograms of every organ, for plots and dvh.csv."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from .constraints import Quantity
from .courses import StructureKind
from .judgement import CUMULATIVE, NO_RECOVERY, OrganJudge
from .pipeline_data import DvhCurve


def dvh_curves(organs: Sequence[OrganJudge]) -> list[DvhCurve]:
    """Return the EQD2 curves (each course, cumulative with and without recovery) of every organ."""
    return [
        curve
        for organ in organs
        if organ.model.kind is not StructureKind.OTHER
        for curve in _of_organ(organ)
    ]


def _of_organ(organ: OrganJudge) -> Iterator[DvhCurve]:
    alpha_beta = organ.model.alpha_beta_gy
    voxelwise = [name for name, dose in organ.doses.priors.items() if dose.is_voxelwise]
    sums = (CUMULATIVE, NO_RECOVERY) if organ.doses.priors else (CUMULATIVE,)
    if organ.doses.why_not_evaluable:
        sums = ()
    for distribution in (*voxelwise, organ.planned_id, *sums):
        dvh = organ.distribution(distribution, Quantity.EQD2, alpha_beta).histogram()
        yield DvhCurve(organ.model.name, distribution, "EQD2", alpha_beta, dvh)


def dvh_rows(curves: Sequence[DvhCurve]) -> Iterator[dict[str, Any]]:
    """Rows of dvh.csv: volume that receives at least the dose."""
    for curve in curves:
        for dose, volume in zip(curve.dvh.dose_gy, curve.dvh.volume_cc, strict=True):
            yield {
                "structure": curve.structure,
                "distribution": curve.distribution,
                "quantity": curve.quantity,
                "alpha_beta_gy": curve.alpha_beta_gy,
                "dose_gy": round(float(dose), 4),
                "volume_cc": round(float(volume), 5),
                "volume_percent": round(100 * float(volume) / curve.dvh.total_cc, 4),
            }
