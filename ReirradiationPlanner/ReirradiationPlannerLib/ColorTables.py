"""Colour tables of the maps, as data, and as colour nodes of a scene."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np

# vtkMRMLScalarVolumeDisplayNode maps a window to 0..255 before it looks colours up
NUMBER_OF_COLORS = 256

FOLDER = Path(__file__).parent / "Display"


@cache
def displayData(name: str) -> dict:
    """Content of a file of the folder ``Display``; not to be changed."""
    return json.loads((FOLDER / name).read_text(encoding="utf-8"))


class ColorTables:
    """Makes colour nodes of the tables of ``Display/colors.json``, each once per scene.

    :param scene: scene that gets the nodes.
    """

    def __init__(self, scene):
        self._scene = scene

    @staticmethod
    def colors(table: str) -> np.ndarray:
        """Red, green, blue, 0..1, of the 256 entries of a table; shape (256, 3)."""
        stops = np.array(displayData("colors.json")["tables"][table]["stops"])
        at = np.arange(NUMBER_OF_COLORS) / (NUMBER_OF_COLORS - 1)
        # at a step the later stop holds from its position on
        after = np.clip(np.searchsorted(stops[:, 0], at + 1e-9, side="right"), 1, len(stops) - 1)
        width = stops[after, 0] - stops[after - 1, 0]
        share = np.clip((at - stops[after - 1, 0]) / np.where(width > 0, width, 1.0), 0.0, 1.0)
        return stops[after - 1, 1:] + share[:, None] * (stops[after, 1:] - stops[after - 1, 1:])

    @staticmethod
    def colorAt(table: str, share: float) -> tuple[float, float, float]:
        """Colour, 0..1, at a share of the range; beyond the ends the colour of the end."""
        entry = int(np.clip(share, 0.0, 1.0) * (NUMBER_OF_COLORS - 1) + 1e-6)
        return tuple(ColorTables.colors(table)[entry].tolist())

    def node(self, table: str, lower: float, upper: float, shownFrom: float = 0.0):
        """Colour node of a table over a range of values; transparent below ``shownFrom``.

        :return: vtkMRMLColorTableNode, made only if the scene has none like it.
        """
        name = f"{table} {lower:g} to {upper:g} from {shownFrom:g}"
        found = self._scene.GetFirstNode(name, "vtkMRMLColorTableNode")
        if found:
            return found
        node = self._scene.AddNewNodeByClass("vtkMRMLColorTableNode", name)
        node.SetTypeToUser()
        node.SetNumberOfColors(NUMBER_OF_COLORS)
        step = (upper - lower) / (NUMBER_OF_COLORS - 1)
        for entry, color in enumerate(ColorTables.colors(table)):
            value = lower + entry * step
            node.SetColor(entry, f"{value:.4g}", *color.tolist(), float(value >= shownFrom))
        node.GetLookupTable().SetRange(lower, upper)
        return node

    def relativeNode(self, table: str, upper: float, levelsGy: dict[float, str], shownFrom: float):
        """Colour node from 0 to ``upper`` that names the colours of some levels only.

        A legend that labels colours by name then shows these levels, as planning systems do.

        :param levelsGy: level to its name, for example ``{28.5: "95 % (28.5 Gy)"}``.
        :return: vtkMRMLColorTableNode.
        """
        node = self._scene.AddNewNodeByClass("vtkMRMLColorTableNode", f"{table} relative")
        node.SetTypeToUser()
        node.SetNumberOfColors(NUMBER_OF_COLORS)
        step = upper / (NUMBER_OF_COLORS - 1)
        for entry, color in enumerate(ColorTables.colors(table)):
            node.SetColor(entry, "", *color.tolist(), float(entry * step >= shownFrom))
            node.SetColorDefined(entry, False)
        for level, name in levelsGy.items():
            entry = min(NUMBER_OF_COLORS - 1, round(level / step))
            node.SetColorName(entry, name)
            node.SetColorDefined(entry, True)
        node.GetLookupTable().SetRange(0.0, upper)
        return node
