"""Hot spots as a list of markups."""

from __future__ import annotations

from ReirradiationCore.pictures_data import HotSpot

COLOR = (1.0, 1.0, 1.0)


class HotSpotMarkers:
    """Makes point lists in a scene.

    :param scene: scene that gets the nodes.
    """

    def __init__(self, scene):
        self._scene = scene

    def add(self, hotSpots: tuple[HotSpot, ...], name: str):
        """Point list with label and value of each hot spot, locked, drawn as crosses.

        :return: vtkMRMLMarkupsFiducialNode.
        """
        node = self._scene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode", name)
        for spot in hotSpots:
            left, posterior, superior = spot.point_lps
            index = node.AddControlPoint(-left, -posterior, superior)
            node.SetNthControlPointLabel(index, spot.label)
            node.SetNthControlPointDescription(index, spot.value_text)
        node.SetLocked(True)
        node.CreateDefaultDisplayNodes()
        self._style(node.GetDisplayNode())
        return node

    @staticmethod
    def _style(display) -> None:
        display.SetColor(*COLOR)
        display.SetSelectedColor(*COLOR)
        display.SetGlyphTypeFromString("CrossDot2D")
        display.SetGlyphScale(4.0)
        display.SetTextScale(0.0)
        display.SetPropertiesLabelVisibility(False)
        display.SetOccludedVisibility(True)
