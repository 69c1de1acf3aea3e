"""Tables, series and charts as nodes, made once and then updated in place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import vtk
from vtk.util.numpy_support import numpy_to_vtk

from .CaseNodes import CaseNodes

PLOT = "ReirradiationPlanner.Plot"
FONT = "Arial"


class PlotNodes:
    """Finds or makes the nodes of one plot; ``plot`` and ``structure`` name it.

    The nodes are those of Slicer's Plots module, whose plot views draw them.

    :param scene: scene that gets the nodes.
    :param plot: kind of plot, for example ``dvh``.
    :param structure: organ it is about; empty for a plot of all.
    """

    def __init__(self, scene, plot: str, structure: str = ""):
        self._scene = scene
        self._plot = plot
        self._structure = structure

    def table(self, part: str, name: str, columns: Mapping[str, Sequence]):
        """Table node with these columns of numbers or texts; the old ones are replaced.

        :return: vtkMRMLTableNode.
        """
        node = self._node("vtkMRMLTableNode", CaseNodes.PLOT_TABLE, part, name)
        table = vtk.vtkTable()
        for title, values in columns.items():
            table.AddColumn(_column(title, values))
        node.SetAndObserveTable(table)
        node.SetUseColumnTitleAsColumnHeader(True)
        node.SetLocked(True)
        return node

    def series(self, part: str, table, x: str, y: str, look: Mapping):
        """Curve through two columns of a table.

        :param look: ``name``, ``color`` as ``#rrggbb``, ``line`` (``none`` draws points alone) and
            ``width``.
        :return: vtkMRMLPlotSeriesNode.
        """
        node = self._node("vtkMRMLPlotSeriesNode", CaseNodes.SERIES, part, look["name"])
        node.SetAndObserveTableNodeID(table.GetID())
        node.SetPlotType(node.PlotTypeScatter)
        node.SetXColumnName(x)
        node.SetYColumnName(y)
        node.SetColor(*rgb(look["color"]))
        node.SetLineStyle(node.GetLineStyleFromString(look["line"]))
        node.SetLineWidth(look["width"])
        isPoints = look["line"] == "none"
        node.SetMarkerStyle(node.MarkerStyleDiamond if isPoints else node.MarkerStyleNone)
        node.SetMarkerSize(12)
        return node

    def chart(self, title: str, xTitle: str, yTitle: str, series: Sequence):
        """Chart of some series; a series of this plot that is not among them is removed.

        :return: vtkMRMLPlotChartNode.
        """
        node = self._node("vtkMRMLPlotChartNode", CaseNodes.CHART, "chart", title)
        node.SetTitle(title)
        node.SetXAxisTitle(xTitle)
        node.SetYAxisTitle(yTitle)
        node.SetFontType(FONT)
        node.RemoveAllPlotSeriesNodeIDs()
        for one in series:
            node.AddAndObservePlotSeriesNodeID(one.GetID())
        for other in self.all(CaseNodes.SERIES):
            if other not in series:
                self._scene.RemoveNode(other)
        return node

    def clear(self) -> None:
        """Take the plot away: what it drew is not known any more."""
        for role in (CaseNodes.CHART, CaseNodes.SERIES, CaseNodes.PLOT_TABLE):
            for node in self.all(role):
                self._scene.RemoveNode(node)

    def all(self, role: str) -> list:
        """Nodes of a role of this plot."""
        found = CaseNodes(self._scene).all(role, structure=self._structure)
        return [node for node in found if node.GetAttribute(PLOT).split("/")[0] == self._plot]

    def _node(self, className: str, role: str, part: str, name: str):
        key = f"{self._plot}/{part}"
        node = next((n for n in self.all(role) if n.GetAttribute(PLOT) == key), None)
        if node is None:
            node = self._scene.AddNewNodeByClass(className)
            CaseNodes.mark(node, role, structure=self._structure)
            node.SetAttribute(PLOT, key)
        node.SetName(name)
        return node


def seriesOf(chart) -> list:
    """Series of a chart, vtkMRMLPlotSeriesNode."""
    return [chart.GetNthPlotSeriesNode(n) for n in range(chart.GetNumberOfPlotSeriesNodes())]


def rgb(color: str) -> tuple[float, float, float]:
    """Red, green, blue 0..1 of ``#rrggbb``."""
    return tuple(int(color[place : place + 2], 16) / 255 for place in (1, 3, 5))


def _column(title: str, values: Sequence):
    if len(values) and isinstance(values[0], str):
        column = vtk.vtkStringArray()
        for value in values:
            column.InsertNextValue(value)
    else:
        column = numpy_to_vtk(np.asarray(values, dtype=np.float64), deep=1)
    column.SetName(title)
    return column
