"""An evaluation shown in the user's scene, and taken out of it again."""

from __future__ import annotations

import slicer
from ReirradiationCore.errors import RefusedError
from ReirradiationCore.picture_request import picture_request
from ReirradiationCore.pipeline_data import Evaluation

from .CaseNodes import CaseNodes
from .ResultNodes import ResultNodes
from .ResultRecord import ResultRecord
from .SceneIndex import SceneIndex
from .SceneNames import SceneNames
from .SegmentSurfaces import SegmentSurfaces
from .SubjectHierarchy import SubjectHierarchy


class EvaluationNodes:
    """Puts the nodes of a result beside those of the courses it is of.

    :param scene: scene with the courses.
    """

    def __init__(self, scene):
        self._scene = scene

    def show(self, evaluation: Evaluation, results: dict):
        """Nodes of a result; those of an earlier result are renewed.

        :return: vtkMRMLTextNode.
        :raises RefusedError: a planned course without a CT.
        """
        request = picture_request(evaluation, results)
        if request is None:
            reason = "the planned course has no CT on which maps could be shown"
            raise RefusedError(reason)
        nodes = ResultNodes(self._scene)
        nodes.clear()
        index = SceneIndex(self._scene)
        image = self._image(index, evaluation)
        segmentation = self._structures(index, evaluation)
        if segmentation is not None:
            spacing = request.ct.grid.spacing_mm[2]
            SegmentSurfaces(segmentation).ensure(request.structures, spacing)
        nodes.addCase(request, image, segmentation)
        nodes.updatePlotsAndTables(request)
        patient = index.items.patient(index.items.item(image)) if image else 0
        nodes.arrange(request, patient or None)
        record = ResultRecord(self._scene).add(evaluation, results)
        self._markStudy(record)
        return record

    def remove(self, node) -> None:
        """Take a result and its nodes out of the scene."""
        nodes = CaseNodes(self._scene)
        for part in (*ResultRecord.parts(node), node):
            nodes.remove(part)

    @staticmethod
    def parts(node) -> dict:
        """Nodes of a result by what they are."""
        found = {}
        for part in ResultRecord.parts(node):
            key, role = part.GetAttribute(SceneNames.MAP), part.GetAttribute(CaseNodes.ROLE)
            isVolume = part.IsA("vtkMRMLScalarVolumeNode")
            found[f"map:{key}" if key and isVolume else f"{role}:{part.GetName()}"] = part
        return found

    @staticmethod
    def _image(index: SceneIndex, evaluation: Evaluation):
        series = evaluation.planned.image_series_uid
        nodes = [n for n in index.images if index.items.seriesUid(index.items.item(n)) == series]
        return nodes[0] if series and nodes else None

    @staticmethod
    def _structures(index: SceneIndex, evaluation: Evaluation):
        uid = evaluation.planned.structure_set_uid
        return next((n for n in index.segmentations if uid and uid in index.uids(n)), None)

    def _markStudy(self, record) -> None:
        """Make the folder of results a study in Gy: SlicerRT's modules take their unit from it."""
        tree = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(self._scene)
        maps = [p for k, p in self.parts(record).items() if k.startswith("map:")]
        if not maps:
            return
        folder = tree.GetItemParent(tree.GetItemParent(tree.GetItemByDataNode(maps[0])))
        SubjectHierarchy(self._scene).place(record, folder)
        tree.SetItemLevel(folder, SceneNames.STUDY_LEVEL)
        tree.SetItemAttribute(folder, SceneNames.DOSE_UNIT, "GY")
        tree.SetItemAttribute(folder, SceneNames.DOSE_UNIT_VALUE, "1.0")
