"""What the subject hierarchy says of DICOM objects, whoever loaded them."""

from __future__ import annotations

import slicer
import vtk

from .SceneNames import SceneNames


class DicomItems:
    """Reads the items that SlicerRT and Slicer's DICOM modules make.

    :param scene: scene whose subject hierarchy is read.
    """

    def __init__(self, scene):
        self._tree = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)

    def all(self) -> list[int]:
        """All items, in the order of the hierarchy."""
        if self._tree is None:
            return []
        found = vtk.vtkIdList()
        self._tree.GetItemChildren(self._tree.GetSceneItemID(), found, True)
        return [found.GetId(place) for place in range(found.GetNumberOfIds())]

    def node(self, item: int):
        """Node of an item in the scene; None for patients, studies and items without one."""
        node = self._tree.GetItemDataNode(item)  # outlives its removal outside the application
        return node if node is not None and node.GetScene() is not None else None

    def item(self, node) -> int:
        """Item of a node; 0 if it has none."""
        return self._tree.GetItemByDataNode(node) if self._tree else 0

    def name(self, item: int) -> str:
        """Name as shown to the user."""
        return self._tree.GetItemName(item)

    def attribute(self, item: int, name: str) -> str:
        """Attribute of an item, empty if absent."""
        return self._tree.GetItemAttribute(item, name) if item else ""

    def instanceUids(self, item: int) -> tuple[str, ...]:
        """SOP Instance UIDs an item may stand for.

        SlicerRT keeps the series as UID ``DICOM`` and the instance as ``DICOMInstanceUID``; items
        that others made have the instance under ``DICOM``, so that it comes last.
        """
        node = self.node(item)
        uids = self._tree.GetItemUID(item, SceneNames.INSTANCE_UIDS).split()
        for name in (SceneNames.NODE_INSTANCE_UIDS, SceneNames.DOSE_UIDS):
            uids += ((node.GetAttribute(name) if node else "") or "").split()
        uids.append(self._tree.GetItemUID(item, SceneNames.SERIES_UID))
        return tuple(uid for uid in dict.fromkeys(uids) if uid)

    def seriesUid(self, item: int) -> str:
        """Series Instance UID of an item, empty if absent."""
        return self._tree.GetItemUID(item, SceneNames.SERIES_UID)

    def referencedUids(self, item: int) -> tuple[str, ...]:
        """SOP Instance UIDs of the objects an item refers to."""
        return tuple(self.attribute(item, SceneNames.REFERENCED_UIDS).split())

    def study(self, item: int) -> int:
        """Study an item is under; 0 if it is under none."""
        return self._ancestor(item, SceneNames.STUDY_LEVEL)

    def patient(self, item: int) -> int:
        """Patient an item is under; 0 if it is under none."""
        return self._ancestor(item, SceneNames.PATIENT_LEVEL)

    def identity(self, item: int) -> tuple[str, str, str, str]:
        """Patient ID, name, birth date and sex of the patient an item is under."""
        patient = self.patient(item)
        return tuple(self.attribute(patient, name) for name in SceneNames.PATIENT_ATTRIBUTES)

    def doseUnit(self, item: int) -> str:
        """Unit of the doses of the study an item is under, as SlicerRT keeps it."""
        return self.attribute(self.study(item), SceneNames.DOSE_UNIT)

    def _ancestor(self, item: int, level: str) -> int:
        return self._tree.GetItemAncestorAtLevel(item, level) if item else 0
