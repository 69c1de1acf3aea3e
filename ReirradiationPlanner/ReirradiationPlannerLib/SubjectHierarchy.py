"""Order of the nodes in the subject hierarchy."""

from __future__ import annotations

import slicer


class SubjectHierarchy:
    """Puts nodes under patient, course and folders, in the order in which they are placed.

    :param scene: scene whose subject hierarchy is used.
    """

    def __init__(self, scene):
        self._tree = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)

    def patient(self, name: str) -> int:
        """New patient item under the scene.

        :return: item of the subject hierarchy.
        """
        tree = self._tree
        item = tree.CreateSubjectItem(tree.GetSceneItemID(), name)
        tree.SetItemAttribute(item, "DicomRtImport.Source", "ReirradiationPlanner")
        return item

    def study(self, patient: int, name: str) -> int:
        """New study item, one per course."""
        return self._tree.CreateStudyItem(patient, name)

    def folder(self, parent: int, name: str) -> int:
        """New folder under an item."""
        return self._tree.CreateFolderItem(parent, name)

    def place(self, node, parent: int) -> int:
        """Put a node under an item; the application may have made the node's item already."""
        item = self._tree.GetItemByDataNode(node)
        if not item:
            return self._tree.CreateItem(parent, node)
        self._tree.SetItemParent(item, parent)
        return item

    def path(self, node) -> list[str]:
        """Names from the patient down to the node."""
        names = []
        item = self._tree.GetItemByDataNode(node)
        while item and item != self._tree.GetSceneItemID():
            names.insert(0, self._tree.GetItemName(item))
            item = self._tree.GetItemParent(item)
        return names
