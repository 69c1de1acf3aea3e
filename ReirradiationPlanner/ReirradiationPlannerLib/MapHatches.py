"""Hatches over the maps of a case: what is not known, and what is over the limit."""

from __future__ import annotations

from collections.abc import Mapping

from ReirradiationCore.grids import Volume

from .CaseNodes import CaseNodes
from .MapStyle import MapStyle
from .UnknownRegion import UnknownRegion
from .VolumeNodes import VolumeNodes

FIRST_MAP, LIMIT_MAP = "cumulative_eqd2", "tolerance_percent"


class MapHatches:
    """Makes the label volumes of maps; maps that know the same voxels share one.

    :param scene: scene of the maps.
    :param ct: image of the patient, HU; None takes the reference image of the scene.
    """

    def __init__(self, scene, ct: Volume | None = None):
        self._scene = scene
        self._nodes = CaseNodes(scene)
        image = ct or VolumeNodes.toVolume(self._nodes.first(CaseNodes.IMAGE), copied=False)
        self._region = UnknownRegion(scene, image)

    def add(self, maps: Mapping[str, Volume]) -> None:
        """Hatch the maps of the scene.

        :param maps: name of each map to its values.
        """
        nodes = self._nodes.maps()
        for key in maps:
            if MapStyle.forKey(key) is not None:
                node = nodes[key]
                CaseNodes.setHatch(node, self._of(key, node.GetName(), maps))

    def learn(self) -> None:
        """Take the hatches of the scene as those of the values that its maps have now."""
        for key, node in self._nodes.maps().items():
            style = MapStyle.forKey(key)
            if style is None or key == LIMIT_MAP:
                continue
            source = node if style.marksUnknown else self._nodes.maps().get(FIRST_MAP)
            if source is not None:
                values = VolumeNodes.toVolume(source, copied=False)
                self._region.learn(values, CaseNodes.hatchOf(node))

    def renew(self, key: str) -> None:
        """Hatch a map of the scene as its values are now, in every slice view that shows it."""
        mapNode = self._nodes.maps()[key]
        found = self._nodes.maps().items()
        maps = {name: VolumeNodes.toVolume(node, copied=False) for name, node in found}
        old, new = CaseNodes.hatchOf(mapNode), self._of(key, mapNode.GetName(), maps)
        if new is old:
            return
        CaseNodes.setHatch(mapNode, new)
        if old is not None and not self._isUsed(old):
            self._region.forget(old)
            self._nodes.remove(old)
        for composite in self._composites():
            if composite.GetForegroundVolumeID() == mapNode.GetID():
                composite.SetLabelVolumeID(new.GetID() if new else None)

    def _of(self, key: str, title: str, maps: Mapping[str, Volume]):
        """Hatch of a map; where NaN is no dose, that of the cumulative dose. None without one."""
        first = maps.get(FIRST_MAP)
        if key == LIMIT_MAP and first is not None:
            return self._region.addWithLimit(first, maps[key], f"Hatches: {title}")
        if MapStyle.forKey(key).marksUnknown:
            return self._region.add(maps[key], f"Unknown: {title}")
        return None if first is None else self._region.add(first, f"Unknown: {title}")

    def _isUsed(self, hatchNode) -> bool:
        return any(CaseNodes.hatchOf(node) is hatchNode for node in self._nodes.maps().values())

    def _composites(self) -> list:
        nodes = self._scene.GetNodesByClass("vtkMRMLSliceCompositeNode")
        nodes.UnRegister(None)
        return [nodes.GetItemAsObject(place) for place in range(nodes.GetNumberOfItems())]
