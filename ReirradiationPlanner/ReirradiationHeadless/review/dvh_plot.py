"""The dose-volume histogram of one structure as a drawing, the one of the report."""

from __future__ import annotations

from ReirradiationCore.live_result import LiveResult
from ReirradiationCore.report.dvh_svg import dvh_charts
from ReirradiationCore.report_data import drawn_curve


def dvh_drawing(result: LiveResult, structure: str) -> str:
    """Return the SVG of a structure under these choices, with its limits; empty without curves."""
    curves = tuple(map(drawn_curve, result.dvh_of(structure)))
    model = result.organ(structure)
    known = {
        "name": structure,
        "volume_cc": model.doses.samples.volume_cc,
        "alpha_beta_gy": model.model.alpha_beta_gy,
    }
    return str(dvh_charts(curves, {"constraints": list(result.rows), "structures": [known]}))
