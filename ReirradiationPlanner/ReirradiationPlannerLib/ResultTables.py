"""Metrics and verdicts as table nodes."""

from __future__ import annotations

import vtk
from ReirradiationCore.pictures_data import ResultTable


class ResultTables:
    """Makes table nodes in a scene.

    :param scene: scene that gets the nodes.
    """

    def __init__(self, scene):
        self._scene = scene

    def add(self, table: ResultTable):
        """Table of texts; a missing value is an empty cell, never zero.

        :return: vtkMRMLTableNode.
        """
        node = self._scene.AddNewNodeByClass("vtkMRMLTableNode", table.title)
        node.SetUseColumnTitleAsColumnHeader(True)
        for place, title in enumerate(table.header):
            column = vtk.vtkStringArray()
            column.SetName(title)
            for row in table.rows:
                column.InsertNextValue(_text(row[place]))
            node.AddColumn(column)
        node.SetLocked(True)
        return node


def _text(value: str | float | None) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else f"{value:.6g}"
