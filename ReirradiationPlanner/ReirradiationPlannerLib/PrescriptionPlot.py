"""Largest prescription against the number of fractions, as a chart."""

from __future__ import annotations

from collections.abc import Mapping

from .PlotNodes import PlotNodes

FRACTIONS, LARGEST = "Fractions", "Largest prescription (Gy)"
TITLE = "Largest prescription of the scaled plan"
LOOKS = {
    "largest": {
        "name": "largest under all limits",
        "color": "#1f5fa8",
        "line": "solid",
        "width": 2,
    },
    "planned": {"name": "planned", "color": "#a84b00", "line": "none", "width": 2},
}


class PrescriptionPlot:
    """Makes or updates the chart of a scene.

    :param scene: scene that gets the nodes.
    """

    def __init__(self, scene):
        self._scene = scene

    def update(self, isotoxic: Mapping | None):
        """Curve over the numbers of fractions that were tried, and the plan as it is.

        Numbers of fractions for which no prescription could be given have no point.

        :param isotoxic: ``isotoxic`` of results.json.
        :return: vtkMRMLPlotChartNode, or None where there is nothing to draw.
        """
        rows = [] if isotoxic is None else isotoxic.get("by_fractions") or []
        known = [row for row in rows if row["max_prescription_gy"] is not None]
        plot = PlotNodes(self._scene, "prescription")
        if not known:
            plot.clear()
            return None
        columns = {
            FRACTIONS: [row["fractions"] for row in known],
            LARGEST: [row["max_prescription_gy"] for row in known],
        }
        table = plot.table("largest", TITLE, columns)
        curve = plot.series("largest", table, FRACTIONS, LARGEST, LOOKS["largest"])
        curve.SetMarkerStyle(curve.MarkerStyleCircle)
        own = {
            FRACTIONS: [isotoxic["fractions"]],
            LARGEST: [isotoxic["planned_prescription_gy"]],
        }
        plan = plot.table("planned", "Planned prescription", own)
        point = plot.series("planned", plan, FRACTIONS, LARGEST, LOOKS["planned"])
        return plot.chart(TITLE, FRACTIONS, LARGEST, [curve, point])
