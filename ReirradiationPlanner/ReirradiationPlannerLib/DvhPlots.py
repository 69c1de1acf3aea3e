"""Dose-volume histograms of an organ as plot nodes, with limits and interval drawn in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from ReirradiationCore.metrics import Metric, MetricKind
from ReirradiationCore.pipeline_data import DvhCurve
from ReirradiationCore.report.dvh_svg import limit_marks

from .CaseNodes import CaseNodes
from .ColorTables import displayData
from .PlotNodes import PlotNodes, seriesOf

DVH = "dvh"
DOSE = "Dose (Gy)"
PERCENT, CC = " (%)", " (cc)"
Y_TITLES = {PERCENT: "Volume (%)", CC: "Volume (cc)"}
MOST_POINTS = 300


class DvhPlots:
    """Makes or updates one chart per organ.

    :param scene: scene that gets the nodes.
    :param labels: course id to the text under which the user knows the course.
    """

    def __init__(self, scene, labels: Mapping[str, str] | None = None):
        self._scene = scene
        self._labels = labels or {}

    def add(
        self,
        curves: Sequence[DvhCurve],
        limits: Sequence[Mapping] = (),
        metrics: Sequence[Mapping] = (),
    ):
        """Chart of the curves of one organ; called again, it updates the chart in place.

        :param curves: each course and the cumulative ones, of one structure and one quantity.
        :param limits: rows of ``constraints`` of results.json; those on points of the cumulative
            curve are drawn.
        :param metrics: rows of ``metrics`` of the structure; where cumulative metrics carry an
            interval, it is drawn on either side of the cumulative curve.
        :return: vtkMRMLPlotChartNode; relative volume at first.
        """
        organ, total = curves[0].structure, curves[0].dvh.total_cc
        plot = PlotNodes(self._scene, DVH, organ)
        series = self._addCurves(plot, curves)
        band = bandOf(metrics, total)
        if len(band):
            series += _addBand(plot, organ, band, total)
        quantity = curves[0].quantity
        alphaBeta = curves[0].alpha_beta_gy
        marks = limit_marks(organ, quantity, total, limits, alphaBeta)
        if marks:
            series.append(_addLimits(plot, organ, marks, total))
        model = f", a/b {alphaBeta:g} Gy" if alphaBeta is not None else ""
        before = self.chartOf(organ)
        absolute = before is not None and before.GetYAxisTitle() == Y_TITLES[CC]
        title = f"{organ}: {quantity}{model}"
        chart = plot.chart(title, f"{quantity} (Gy)", Y_TITLES[PERCENT], series)
        DvhPlots.setAbsolute(chart, absolute)
        return chart

    @staticmethod
    def setAbsolute(chart, absolute: bool) -> None:
        """Show volumes in cc, or in per cent of the organ."""
        wanted = CC if absolute else PERCENT
        for series in seriesOf(chart):
            column = series.GetYColumnName().removesuffix(CC).removesuffix(PERCENT)
            series.SetYColumnName(column + wanted)
        chart.SetYAxisTitle(Y_TITLES[wanted])

    def chartOf(self, organ: str):
        """Chart of an organ, or None."""
        found = PlotNodes(self._scene, DVH, organ).all(CaseNodes.CHART)
        return found[0] if found else None

    def organs(self) -> set[str]:
        """Organs that have a chart."""
        charts = PlotNodes(self._scene, DVH).all(CaseNodes.CHART)
        return {chart.GetAttribute(CaseNodes.STRUCTURE) for chart in charts}

    def _addCurves(self, plot: PlotNodes, curves: Sequence[DvhCurve]) -> list:
        longest = max((curve.dvh.dose_gy for curve in curves), key=len)
        dose = longest[:: max(1, len(longest) // MOST_POINTS)]
        columns, looks = {DOSE: dose}, lookOf([curve.distribution for curve in curves])
        for curve in curves:
            volume = np.interp(dose, curve.dvh.dose_gy, curve.dvh.volume_cc, right=0.0)
            columns[curve.distribution + PERCENT] = 100.0 * volume / curve.dvh.total_cc
            columns[curve.distribution + CC] = volume
        table = plot.table("curves", f"DVH of {curves[0].structure}", columns)
        series = []
        for curve in curves:
            look = dict(looks[curve.distribution])
            look["name"] = self._labels.get(curve.distribution, look["name"])
            column = curve.distribution + PERCENT
            series.append(plot.series(curve.distribution, table, DOSE, column, look))
        return series


def lookOf(courses: Sequence[str]) -> dict[str, dict]:
    """Colour, line and name of the curve of each course; prior courses in their order."""
    data = displayData("plots.json")
    priors = [course for course in courses if course not in data["curves"]]
    return {
        course: data["curves"].get(course)
        or {**data["priors"][priors.index(course) % len(data["priors"])], "name": course}
        for course in courses
    }


def bandOf(metrics: Sequence[Mapping], totalCc: float) -> np.ndarray:
    """Interval of the cumulative dose at volumes, from the metrics that have one.

    :return: rows of volume in cc, lower and upper dose in Gy, smallest volume first.
    """
    rows = []
    for row in metrics:
        isSum = row["course"] == "cumulative" and row["quantity"] == "EQD2"
        if not isSum or not row.get("interval"):
            continue
        metric = Metric.parse(row["metric"])
        volume = {
            MetricKind.MAXIMUM: 0.0,
            MetricKind.DOSE_AT_CC: metric.argument,
            MetricKind.DOSE_AT_PERCENT: (metric.argument or 0.0) / 100.0 * totalCc,
        }.get(metric.kind)
        if volume is not None and np.isfinite(row["interval"]).all():
            rows.append((volume, *row["interval"]))
    return np.array(sorted(set(rows)))


def _addBand(plot: PlotNodes, organ: str, band: np.ndarray, totalCc: float) -> list:
    columns = {
        "Lower (Gy)": band[:, 1],
        "Upper (Gy)": band[:, 2],
        "Volume" + PERCENT: 100.0 * band[:, 0] / totalCc,
        "Volume" + CC: band[:, 0],
    }
    table = plot.table("interval", f"Interval of the DVH of {organ}", columns)
    look = displayData("plots.json")["curves"]["interval"]
    return [
        plot.series(side, table, f"{side} (Gy)", "Volume" + PERCENT, look)
        for side in ("Lower", "Upper")
    ]


def _addLimits(plot: PlotNodes, organ: str, marks: Sequence, totalCc: float):
    doses, percents, texts = zip(*marks, strict=True)
    columns = {
        "Limit": texts,
        DOSE: doses,
        "Volume" + PERCENT: percents,
        "Volume" + CC: np.array(percents) * totalCc / 100.0,
    }
    table = plot.table("limits", f"Limits on the DVH of {organ}", columns)
    look = displayData("plots.json")["curves"]["limit"]
    node = plot.series("limits", table, DOSE, "Volume" + PERCENT, look)
    node.SetLabelColumnName("Limit")
    return node
