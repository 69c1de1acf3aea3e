"""One click, and every view shows the place."""

from __future__ import annotations

import slicer
from ReirradiationCore.pictures_data import HotSpot

from .CaseNodes import CaseNodes
from .HotSpotMarkers import HotSpotMarkers
from .VolumeNodes import VolumeNodes

Point = tuple[float, float, float]


class Navigation:
    """Moves slice views and crosshair of a scene, and reads what lies at a point.

    :param scene: scene with slice views; those that are made later are not moved.
    """

    def __init__(self, scene):
        self._scene = scene

    def jumpTo(self, pointLps: Point, *, crosshair: bool = False) -> None:
        """Centre all slice views at a point and put the crosshair there.

        :param pointLps: LPS, mm.
        :param crosshair: True also makes the crosshair visible; False leaves that as it is.
        """
        ras = (-pointLps[0], -pointLps[1], pointLps[2])
        node = slicer.vtkMRMLSliceNode
        node.JumpAllSlices(self._scene, *ras, node.CenteredJumpSlice)
        cross = self._scene.GetFirstNodeByClass("vtkMRMLCrosshairNode")
        if cross is None:
            return
        cross.SetCrosshairRAS(ras)
        if crosshair:
            cross.SetCrosshairMode(slicer.vtkMRMLCrosshairNode.ShowBasic)

    def hotSpots(self) -> list[HotSpot]:
        """Hot spots that are marked in the scene, most important first."""
        node = CaseNodes(self._scene).first(CaseNodes.MARKERS)
        return HotSpotMarkers.spots(node) if node else []

    def jumpToHotSpot(self, organ: str) -> bool:
        """Go to the hottest place of an organ; False where it is not marked."""
        for spot in self.hotSpots():
            if spot.label == organ:
                self.jumpTo(spot.point_lps)
                return True
        return False

    def valuesAt(self, pointLps: Point) -> dict[str, float | None]:
        """Value of each map of the case in the voxel at a point; None where it is not known."""
        maps = CaseNodes(self._scene).maps()
        return {key: VolumeNodes.valueAt(node, pointLps) for key, node in maps.items()}
