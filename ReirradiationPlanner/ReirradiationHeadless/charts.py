"""Charts of plot nodes, drawn off screen with the chart classes that Slicer's plot views use."""

from __future__ import annotations

from typing import Any

import numpy as np
import vtk
from ReirradiationCore.pictures_data import Picture
from ReirradiationPlannerLib.CaseNodes import CaseNodes
from ReirradiationPlannerLib.PlotNodes import PlotNodes, rgb, seriesOf
from vtk.util.numpy_support import vtk_to_numpy

from .canvas import Pixels, png_bytes
from .views import grabbed

FONT_SIZE, TITLE_SIZE = 13, 16
INK = (0.11, 0.12, 0.14)
GRID = "#d5d9dd"
# plots that the report shows: kind of plot to key and caption of the picture
PICTURES = {
    "tolerance": (
        "tolerance-bars",
        "Largest share of a cumulative limit that each organ uses; orange: over the limit.",
    ),
    "prescription": (
        "prescription-by-fractions",
        "Largest prescription of the scaled plan under all limits, for other numbers of fractions.",
    ),
}
SIZE = (720, 480)
LEAST_REACH, ROOM_OVER_BARS = 1.06, 1.35


def chart_pictures(scene: Any) -> list[Picture]:  # noqa: ANN401
    """Draw the plots of a case that are about all organs, for the report."""
    pictures = []
    for plot, (key, caption) in PICTURES.items():
        for chart in PlotNodes(scene, plot).all(CaseNodes.CHART):
            png = png_bytes(render_chart(chart))
            pictures.append(Picture(key, chart.GetTitle(), caption, png, *SIZE))
    return pictures


def render_chart(chart: Any, size: tuple[int, int] = SIZE) -> Pixels:  # noqa: ANN401
    """Draw a vtkMRMLPlotChartNode; call `offscreen.prepare_rendering` before the first one.

    Parameters
    ----------
    chart : vtkMRMLPlotChartNode
        Chart with its series and tables in a scene.
    size : tuple of int
        Width and height, pixels.

    Returns
    -------
    ndarray of uint8
        Shape (height, width, 3), first row on top.
    """
    view = vtk.vtkContextView()
    window = view.GetRenderWindow()
    window.SetOffScreenRendering(1)
    window.SetMultiSamples(0)
    window.SetSize(*size)
    view.GetRenderer().SetBackground(1.0, 1.0, 1.0)
    drawn = vtk.vtkChartXY()
    view.GetScene().AddItem(drawn)
    for series in seriesOf(chart):
        _draw(drawn, series)
    _label(drawn, chart)
    _fit(drawn, chart)
    return grabbed(window)


def _draw(drawn: vtk.vtkChartXY, series: Any) -> None:  # noqa: ANN401
    table = series.GetTableNode().GetTable()
    is_points = series.GetLineStyle() == series.LineStyleNone
    kind = vtk.vtkChart.POINTS if is_points else vtk.vtkChart.LINE
    kind = vtk.vtkChart.BAR if _is_bar(series) else kind
    plot = drawn.AddPlot(kind)
    plot.SetInputData(table, series.GetXColumnName(), series.GetYColumnName())
    plot.SetLabel(series.GetName())
    plot.SetColorF(*series.GetColor())
    if _is_bar(series):
        return
    plot.SetWidth(series.GetLineWidth())
    plot.GetPen().SetLineType(series.GetLineStyle())
    plot.SetMarkerStyle(series.GetMarkerStyle())
    plot.SetMarkerSize(series.GetMarkerSize())


def _label(drawn: vtk.vtkChartXY, chart: Any) -> None:  # noqa: ANN401
    drawn.SetTitle(chart.GetTitle())
    drawn.GetTitleProperties().SetFontSize(TITLE_SIZE)
    drawn.GetTitleProperties().SetBold(True)
    drawn.SetShowLegend(True)
    drawn.GetLegend().SetLabelSize(FONT_SIZE)
    titles = {vtk.vtkAxis.BOTTOM: chart.GetXAxisTitle(), vtk.vtkAxis.LEFT: chart.GetYAxisTitle()}
    for place, title in titles.items():
        axis = drawn.GetAxis(place)
        axis.SetTitle(title)
        axis.GetGridPen().SetColorF(*rgb(GRID))
        for words in (axis.GetTitleProperties(), axis.GetLabelProperties()):
            words.SetFontSize(FONT_SIZE)
            words.SetColor(*INK)


def _fit(drawn: vtk.vtkChartXY, chart: Any) -> None:  # noqa: ANN401
    """Let both axes begin at zero and hold every point, and name bars by their labels."""
    first = seriesOf(chart)[0]
    names = _names(first)
    sides = {vtk.vtkAxis.BOTTOM: "GetXColumnName", vtk.vtkAxis.LEFT: "GetYColumnName"}
    for place, column in sides.items():
        axis = drawn.GetAxis(place)
        axis.SetBehavior(vtk.vtkAxis.FIXED)
        axis.SetRange(0.0, LEAST_REACH * max(_reach(s, column) for s in seriesOf(chart)))
    heights = vtk_to_numpy(first.GetTableNode().GetTable().GetColumnByName(first.GetYColumnName()))
    if names is None and heights[-1] > heights[0]:
        drawn.GetLegend().SetVerticalAlignment(vtk.vtkChartLegend.BOTTOM)
    if names is not None:
        drawn.GetAxis(vtk.vtkAxis.LEFT).SetMaximum(ROOM_OVER_BARS * _highest(chart))
        axis = drawn.GetAxis(vtk.vtkAxis.BOTTOM)
        axis.SetRange(0.0, names.GetNumberOfValues() + 1.0)
        axis.SetCustomTickPositions(_places(names), names)
        axis.GetLabelProperties().SetOrientation(90)
        axis.GetLabelProperties().SetJustificationToRight()
        axis.GetLabelProperties().SetVerticalJustificationToCentered()


def _highest(chart: Any) -> float:  # noqa: ANN401
    return max(_reach(series, "GetYColumnName") for series in seriesOf(chart))


def _reach(series: Any, column: str) -> float:  # noqa: ANN401
    """Largest finite value of a column of a series; 1 where there is none above zero."""
    table = series.GetTableNode().GetTable()
    values = vtk_to_numpy(table.GetColumnByName(getattr(series, column)()))
    return float(np.max(values, initial=0.0, where=np.isfinite(values))) or 1.0


def _names(series: Any) -> vtk.vtkStringArray | None:  # noqa: ANN401
    """Labels of the bars of a series; None where it has none."""
    if not _is_bar(series):
        return None
    return series.GetTableNode().GetTable().GetColumnByName(series.GetLabelColumnName())


def _is_bar(series: Any) -> bool:  # noqa: ANN401
    return series.GetPlotType() in (series.PlotTypeBar, series.PlotTypeScatterBar)


def _places(names: vtk.vtkStringArray) -> vtk.vtkDoubleArray:
    places = vtk.vtkDoubleArray()
    for number in range(1, names.GetNumberOfValues() + 1):
        places.InsertNextValue(number)
    return places
