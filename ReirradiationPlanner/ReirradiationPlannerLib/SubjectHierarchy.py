"""Order of the nodes in the subject hierarchy."""

from __future__ import annotations

from collections.abc import Mapping

import slicer
import vtk

from .CaseNodes import CaseNodes

RESULTS = "Reirradiation results"
# folders of the results in their order, with the roles of the nodes that stand in them
FOLDERS = {
    "Hot spots": (CaseNodes.MARKERS,),
    "Isodoses": (CaseNodes.ISODOSE, CaseNodes.COURSE_LINE),
    "Contours of prior courses": (CaseNodes.PRIOR_CONTOUR,),
    "Organs by tolerance used": (CaseNodes.ORGAN_SURFACE,),
    "Tables": (CaseNodes.TABLE,),
    "Plots": (CaseNodes.CHART,),
    "Data of the plots": (CaseNodes.PLOT_TABLE, CaseNodes.SERIES),
    "Unknown dose": (CaseNodes.HATCH,),
}
OF_PRIOR = (CaseNodes.PRIOR_IMAGE, CaseNodes.PRIOR_STRUCTURES, CaseNodes.TRANSFORM)


class SubjectHierarchy:
    """Puts nodes under patient, course and folders, in the order in which they are placed.

    Only items of nodes that are given to it, or were made for the case, are made or moved.

    :param scene: scene whose subject hierarchy is used.
    """

    def __init__(self, scene):
        self._scene = scene
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

    def arrange(self, patient: int, courseLabels: Mapping[str, str]) -> int:
        """Put everything of the case under a patient: results in folders, then one study a course.

        :param patient: item that gets the results, one of the user's own or of ``patient``.
        :param courseLabels: course id to the name of its study; ``planned`` is today's course.
        :return: item of the folder of results.
        """
        nodes = CaseNodes(self._scene)
        self._removeEmptyResults(patient)
        results = self.folder(patient, RESULTS)
        self._fill(results, "Maps", [*nodes.maps().values()])
        for name, roles in FOLDERS.items():
            self._fill(results, name, [node for role in roles for node in nodes.all(role)])
        own = [*self._made(CaseNodes.IMAGE), *self._made(CaseNodes.STRUCTURES)]
        self._fillStudy(patient, courseLabels.get("planned", "Planned course"), own)
        for course, label in courseLabels.items():
            prior = [node for role in OF_PRIOR for node in self._made(role, course)]
            self._fillStudy(patient, label, prior)
        return results

    def _removeEmptyResults(self, patient: int) -> None:
        """Remove what an earlier result leaves when its nodes are gone: folders of nothing."""
        tree = self._tree
        for item in self._below(patient, False):
            isLeft = not any(tree.GetItemDataNode(below) for below in self._below(item, True))
            if isLeft and tree.GetItemName(item) == RESULTS:
                tree.RemoveItem(item)

    def _below(self, item: int, isRecursive: bool) -> list[int]:
        items = vtk.vtkIdList()
        self._tree.GetItemChildren(item, items, isRecursive)
        return [items.GetId(place) for place in range(items.GetNumberOfIds())]

    def _fill(self, parent: int, name: str, nodes: list) -> None:
        if nodes:
            folder = self.folder(parent, name)
            for node in nodes:
                self.place(node, folder)

    def _made(self, role: str, course: str = "") -> list:
        found = CaseNodes(self._scene).all(role, course)
        return [node for node in found if node.GetAttribute(CaseNodes.MADE)]

    def _fillStudy(self, patient: int, name: str, nodes: list) -> None:
        if nodes:
            study = self.study(patient, name)
            for node in nodes:
                self.place(node, study)

    def path(self, node) -> list[str]:
        """Names from the patient down to the node."""
        names = []
        item = self._tree.GetItemByDataNode(node)
        while item and item != self._tree.GetSceneItemID():
            names.insert(0, self._tree.GetItemName(item))
            item = self._tree.GetItemParent(item)
        return names
