"""Nodes of a scene by their DICOM UIDs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ReirradiationCore.dicom.assemble import Group
from ReirradiationCore.dicom.dose import DoseFile
from ReirradiationCore.dicom.planned import PlannedDose

from .DicomItems import DicomItems
from .SceneNames import SceneNames
from .SceneVolumes import SceneVolumes

Resolver = Callable[[str], "str | Path | None"]


class SceneIndex:
    """Finds the volumes, segmentations and plans of a scene that came from DICOM.

    Results of this module are left out: they are no input.

    :param scene: vtkMRMLScene.
    """

    def __init__(self, scene):
        self.items = DicomItems(scene)
        self.doses, self.images, self.segmentations, self.plans = [], [], [], []
        for item in self.items.all():
            node = self.items.node(item)
            if node is None or not node.IsA("vtkMRMLDisplayableNode"):
                if self.items.attribute(item, SceneNames.MODALITY) == "RTPLAN":
                    self.plans.append(item)
            elif not (node.GetAttribute(SceneNames.MAP) or node.GetAttribute(SceneNames.MADE)):
                self._add(node)

    def _add(self, node) -> None:
        if node.IsA("vtkMRMLSegmentationNode"):
            self.segmentations.append(node)
        elif node.IsA("vtkMRMLLabelMapVolumeNode") or not node.IsA("vtkMRMLScalarVolumeNode"):
            return
        elif node.GetAttribute(SceneNames.DOSE_VOLUME) is not None:
            self.doses.append(node)
        else:
            self.images.append(node)

    def uids(self, node) -> tuple[str, ...]:
        """SOP Instance UIDs a node may stand for."""
        item = self.items.item(node)
        return self.items.instanceUids(item) if item else ()

    def files(self, resolver: Resolver | None) -> dict[str, Path]:
        """Files of all objects in the scene and of what they refer to, by SOP Instance UID."""
        if resolver is None:
            return {}
        items = [self.items.item(n) for n in (*self.doses, *self.images, *self.segmentations)]
        waiting = [uid for item in (*items, *self.plans) for uid in self._known(item)]
        found: dict[str, Path] = {}
        for uid in dict.fromkeys(waiting):
            path = resolver(uid)
            if path and Path(path).is_file():
                found[uid] = Path(path)
        return found

    def _known(self, item: int) -> tuple[str, ...]:
        own = self.items.instanceUids(item)
        node = self.items.node(item)
        refers = node is None or not node.IsA("vtkMRMLSegmentationNode")
        return (*own, *self.items.referencedUids(item)) if refers else own

    def isDoseNode(self, node, dose: DoseFile) -> bool:
        """Whether a node holds the dose of a file."""
        return dose.entry.sop_uid in self.uids(node)

    def dosesOf(self, item: PlannedDose) -> list:
        """Nodes that together hold the dose of a plan; empty if one of them is missing."""
        nodes = []
        for dose in item.doses:
            node = next((node for node in self.doses if self.isDoseNode(node, dose)), None)
            if node is None:
                return []
            if node not in nodes:
                nodes.append(node)
        return nodes

    def imageOf(self, group: Group):
        """Planning CT of a course; None if it is not in the scene."""
        series = group.ct[0].series_uid if group.ct else ""
        for node in self.images:
            if series and self.items.seriesUid(self.items.item(node)) == series:
                return node
        return None

    def segmentationOf(self, group: Group):
        """Structures of a course; None if they are not in the scene."""
        uid = group.structure_set.entry.sop_uid if group.structure_set else ""
        return next((node for node in self.segmentations if uid and uid in self.uids(node)), None)

    def nodesOf(self, group: Group) -> list:
        """All nodes of a course that are in the scene: CT, structures, doses."""
        doses = [node for item in group.planned for node in self.dosesOf(item)]
        return [n for n in (self.imageOf(group), self.segmentationOf(group), *doses) if n]

    def doseUnit(self, node) -> str:
        """Unit of a dose: that of its study as SlicerRT keeps it, else that of its voxels."""
        unit = self.items.doseUnit(self.items.item(node))
        entry = node.GetVoxelValueUnits()
        return unit or (entry.GetCodeValue() if entry else "") or ""

    @staticmethod
    def foreignTransform(node):
        """Transform that moves a node and is no registration of this module; None if none is."""
        parent = SceneVolumes.transformOf(node)
        if parent is None or parent.GetAttribute(SceneNames.REGISTRATION):
            return None
        return parent
