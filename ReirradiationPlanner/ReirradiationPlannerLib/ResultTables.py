"""Metrics and verdicts as table nodes."""

from __future__ import annotations

import vtk
from ReirradiationCore.pictures_data import ResultTable

from .CaseNodes import CaseNodes
from .ColorTables import displayData

VERDICT = "Verdict"
TITLE = "ReirradiationPlanner.Table"


class ResultTables:
    """Makes or updates table nodes in a scene.

    Cells of table nodes have no colour of their own: verdicts are texts with a sign, which table
    views show, and ``verdictColor`` is for those who draw their own table.

    :param scene: scene that gets the nodes.
    """

    def __init__(self, scene):
        self._scene = scene

    def add(self, table: ResultTable):
        """Table of texts; a missing value is an empty cell, never zero.

        A table of the same title that this module has made is updated in place.

        :return: vtkMRMLTableNode.
        """
        node = self._found(table.title)
        columns = vtk.vtkTable()
        for place, title in enumerate(table.header):
            column = vtk.vtkStringArray()
            column.SetName(title)
            for row in table.rows:
                text = _text(row[place])
                column.InsertNextValue(signed(text) if title == VERDICT else text)
            columns.AddColumn(column)
        node.SetAndObserveTable(columns)
        node.SetUseColumnTitleAsColumnHeader(True)
        node.SetLocked(True)
        return node

    @staticmethod
    def verdictColor(verdict: str) -> str:
        """Colour ``#rrggbb`` of a verdict, with or without its sign."""
        found = displayData("plots.json")["verdicts"]
        return next((v["color"] for name, v in found.items() if name in verdict), "#000000")

    def _found(self, title: str):
        for node in CaseNodes(self._scene).all(CaseNodes.TABLE):
            if node.GetAttribute(TITLE) == title:
                return node
        node = self._scene.AddNewNodeByClass("vtkMRMLTableNode", title)
        node.SetAttribute(TITLE, title)
        return CaseNodes.mark(node, CaseNodes.TABLE)


def signed(verdict: str) -> str:
    """Verdict with the sign that tells it without colour."""
    found = displayData("plots.json")["verdicts"].get(verdict)
    return f"{found['sign']} {verdict}" if found else verdict


def _text(value: str | float | None) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else f"{value:.6g}"
