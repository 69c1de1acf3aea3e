"""Colour tables of the maps, as data, and as colour nodes of a scene."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

# vtkMRMLScalarVolumeDisplayNode maps a window to 0..255 before it looks colours up
NUMBER_OF_COLORS = 256


class ColorTables:
    """Makes colour nodes of the tables below, each once per scene.

    A table is a list of stops ``(position, red, green, blue)``, position 0..1 over the range of the
    map; two stops at one position make a step.

    * ``Dose``: the wash of treatment planning systems, blue over green and yellow to red.
    * ``Tolerance``: 0..150 % of the organ's own limit. Brightness rises all the way with a step at
      100 %, from blue to orange: the step is there in grey and for every colour vision.
    * ``Overlap``: magenta, a hue that the dose table does not use.
    * ``Remaining``: orange where nothing is left, over teal to blue where much is left; never grey,
      which is the CT.

    :param scene: scene that gets the nodes.
    """

    STOPS: ClassVar = {
        "Dose": (
            (0.00, 0.05, 0.00, 0.55),
            (0.16, 0.00, 0.35, 1.00),
            (0.33, 0.00, 0.85, 0.90),
            (0.50, 0.10, 0.80, 0.15),
            (0.64, 0.85, 0.95, 0.00),
            (0.78, 1.00, 0.65, 0.00),
            (0.92, 1.00, 0.12, 0.00),
            (1.00, 0.70, 0.00, 0.08),
        ),
        "Tolerance": (
            (0.000, 0.02, 0.06, 0.30),
            (0.267, 0.05, 0.15, 0.48),
            (170 / 255, 0.20, 0.46, 0.80),
            (170 / 255, 1.00, 0.58, 0.00),
            (0.833, 1.00, 0.78, 0.10),
            (1.000, 1.00, 0.98, 0.70),
        ),
        "Overlap": (
            (0.00, 0.35, 0.00, 0.40),
            (0.50, 0.80, 0.10, 0.65),
            (1.00, 1.00, 0.65, 0.85),
        ),
        "Remaining": (
            (0.00, 1.00, 0.58, 0.00),
            (0.25, 0.95, 0.85, 0.25),
            (0.55, 0.15, 0.70, 0.60),
            (1.00, 0.05, 0.20, 0.60),
        ),
    }

    def __init__(self, scene):
        self._scene = scene

    @staticmethod
    def colors(table: str) -> np.ndarray:
        """Red, green, blue, 0..1, of the 256 entries of a table; shape (256, 3)."""
        stops = np.array(ColorTables.STOPS[table])
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
