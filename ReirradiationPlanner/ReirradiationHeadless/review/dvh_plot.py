"""The dose-volume histogram of one structure as a drawing, the one of the report."""

from __future__ import annotations

from collections.abc import Iterator

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
    return str(dvh_charts(curves, {"constraints": list(result.rows), "structures": [known]}))


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
