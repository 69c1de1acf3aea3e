"""Hot spots as a list of markups."""

from __future__ import annotations

from ReirradiationCore.pictures_data import HotSpot

from .CaseNodes import CaseNodes

COLOR = (1.0, 1.0, 1.0)
TEXT_SCALE = 3.0
ORGANS = "ReirradiationPlanner.Organs"


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
            text = f"{spot.label} {spot.marker_text}".strip()
            node.SetNthControlPointLabel(index, text)
            node.SetNthControlPointDescription(index, spot.value_text)
        node.SetAttribute(ORGANS, "\n".join(spot.label for spot in hotSpots))
        node.SetLocked(True)
        node.CreateDefaultDisplayNodes()
        self._style(node.GetDisplayNode())
        return CaseNodes.mark(node, CaseNodes.MARKERS)

    @staticmethod
    def spots(node) -> list[HotSpot]:
        """Hot spots of a point list, most important first."""
        found = []
        for index, organ in enumerate(filter(None, (node.GetAttribute(ORGANS) or "").split("\n"))):
            right, anterior, superior = node.GetNthControlPointPosition(index)
            marker = node.GetNthControlPointLabel(index).removeprefix(organ).strip()
            value = node.GetNthControlPointDescription(index)
            found.append(HotSpot(organ, (-right, -anterior, superior), value, marker))
        return found

    @staticmethod
    def showNames(node, visible: bool) -> None:
        """Write organ and value of each hot spot beside its cross, or not."""
        node.GetDisplayNode().SetTextScale(TEXT_SCALE if visible else 0.0)
        node.GetDisplayNode().SetPointLabelsVisibility(visible)

    @staticmethod
    def _style(display) -> None:
        display.SetColor(*COLOR)
        display.SetSelectedColor(*COLOR)
        display.SetGlyphTypeFromString("CrossDot2D")
        display.SetGlyphScale(4.0)
        display.SetTextScale(0.0)
        display.SetPropertiesLabelVisibility(False)
        display.SetOccludedVisibility(True)
