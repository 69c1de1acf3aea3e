"""The dose-volume histogram of one structure as a drawing, the one of the report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ReirradiationCore.live_result import LiveResult
from ReirradiationCore.report import DvhCurve
from ReirradiationCore.report.dvh_svg import dvh_charts

MOST_POINTS = 240


def dvh_drawing(result: LiveResult, structure: str) -> str:
    """Return the SVG of a structure under these choices, with its limits; empty without curves."""
    curves = tuple(_curves(result, structure))
    model = result.organ(structure)
    known = {
        "name": structure,
        "volume_cc": model.doses.samples.volume_cc,
        "alpha_beta_gy": model.model.alpha_beta_gy,
    }
    drawn = [row for row in result.rows if _is_comparable(row, known["alpha_beta_gy"])]
    return str(dvh_charts(curves, {"constraints": drawn, "structures": [known]}))


def _is_comparable(row: Mapping[str, Any], alpha_beta_gy: float) -> bool:
    """Tell whether a limit is in the EQD2 of the curves; of another alpha/beta it is not."""
    return row["alpha_beta_gy"] in (None, alpha_beta_gy)


def _curves(result: LiveResult, structure: str) -> Iterator[DvhCurve]:
    for curve in result.dvh_of(structure):
        step = max(1, len(curve.dvh.dose_gy) // MOST_POINTS)
        percent = 100 * curve.dvh.volume_cc / curve.dvh.total_cc
        yield DvhCurve(
            curve.structure,
            curve.distribution,
            curve.dvh.dose_gy[::step].tolist(),
            percent[::step].tolist(),
            curve.quantity,
        )
