"""Courses from files as nodes, with hierarchy, attributes and contours as SlicerRT makes them."""

from __future__ import annotations

from pathlib import Path

import slicer
from ReirradiationCore.case import Case
from ReirradiationCore.dicom.assemble import Group
from ReirradiationCore.dicom.dose import read_plan_dose
from ReirradiationCore.dicom.findings import Findings
from ReirradiationCore.dicom.identity import check_identity
from ReirradiationCore.dicom.image import read_ct
from ReirradiationCore.dicom.index import Entry
from ReirradiationCore.dicom.planned import PlannedDose
from ReirradiationCore.dicom.structures import StructureSet, read_structures
from ReirradiationCore.errors import RefusedError
from ReirradiationCore.progress import Progress
from ReirradiationCore.scene_reading import group_entries, groups_of_files

from .SceneNames import SceneNames
from .SegmentationNodes import CLOSED_SURFACE, PLANAR_CONTOUR, SegmentationNodes
from .VolumeNodes import VolumeNodes


class CourseNodes:
    """Loads DICOM-RT without SlicerRT, so that everything else finds what it would have made.

    :param scene: scene that gets the nodes.
    """

    def __init__(self, scene):
        self._scene = scene
        self._tree = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)

    def load(self, paths: list[Path], case: Case, progress: Progress) -> dict[str, Path]:
        """Nodes of all courses in files and folders.

        :return: files used, by SOP Instance UID.
        :raises RefusedError: files that must not be evaluated together, or cannot be read.
        """
        findings = Findings()
        groups = groups_of_files([Path(path) for path in paths], findings)
        entries = [entry for group in groups for entry in group_entries(group)]
        check_identity(entries, case.identity_override, findings)
        findings.raise_if_refused()
        if not groups:
            reason = f"{', '.join(str(path) for path in paths)}: there is no plan with a dose"
            raise RefusedError(reason)
        read = [self._read(group, findings, progress) for group in groups]
        findings.raise_if_refused()
        for group, (image, structures, doses) in zip(groups, read, strict=True):
            self._add(group, image, structures, doses)
        return {entry.sop_uid: entry.path for entry in entries}

    @staticmethod
    def _read(group: Group, findings: Findings, progress: Progress):
        """Everything with pixels or contours, before any node is made."""
        image, structures, doses = None, StructureSet((), ()), []
        label = group.planned[0].plan.label
        with findings.collecting():
            image = read_ct(group.ct, findings, progress) if group.ct else None
        with findings.collecting():
            if group.structure_set:
                progress(f"Reading structures of '{label}'")
                entry = group.structure_set.entry
                structures = read_structures(entry, group.frame_uid, findings)
        for item in group.planned:
            progress(f"Reading dose of plan '{item.plan.label}'")
            with findings.collecting():
                doses.append(read_plan_dose(item.doses, findings))
        return image, structures, doses

    def _add(self, group: Group, image, structures: StructureSet, doses: list) -> None:
        imageNode = None if image is None else self._addImage(group, image)
        if group.structure_set is not None and structures.structures:
            self._addStructures(group, structures, imageNode)
        for item, dose in zip(group.planned, doses, strict=True):
            self._addPlan(item)
            self._addDose(item, dose)

    def _addImage(self, group: Group, image):
        first = group.ct[0]
        name = self._name(first.series_description or "CT")
        node = VolumeNodes(self._scene).addImage(image, name)
        uids = " ".join(entry.sop_uid for entry in group.ct)
        node.SetAttribute(SceneNames.NODE_INSTANCE_UIDS, uids)
        item = self._place(node, first, first.series_uid, uids)
        self._tree.SetItemAttribute(item, SceneNames.FRAME_UID, first.frame_uid)
        return node

    def _addStructures(self, group: Group, structures: StructureSet, imageNode) -> None:
        entry = group.structure_set.entry
        node = self._scene.AddNewNodeByClass("vtkMRMLSegmentationNode")
        node.SetName(self._name(f"RTSTRUCT: {entry.series_description or entry.name}"))
        if imageNode is not None:
            node.SetReferenceImageGeometryParameterFromVolumeNode(imageNode)
        spacing = imageNode.GetSpacing()[2] if imageNode is not None else 3.0
        segmentation = node.GetSegmentation()
        segmentation.SetSourceRepresentationName(PLANAR_CONTOUR)
        for structure in structures.structures:
            segment = slicer.vtkSegment()
            segment.SetName(structure.name)
            segment.SetColor([part / 255 for part in structure.color_rgb])
            segment.AddRepresentation(PLANAR_CONTOUR, SegmentationNodes.contours(structure))
            surface = SegmentationNodes.surface(structure, spacing)
            segment.AddRepresentation(CLOSED_SURFACE, surface)
            segment.SetTag(SceneNames.ROI_NUMBER_TAG, str(structure.roi_number))
            segmentation.AddSegment(segment, SegmentationNodes.segmentId(structure))
        node.CreateDefaultDisplayNodes()
        SegmentationNodes.style(node.GetDisplayNode(), structures.structures)
        item = self._place(node, entry, entry.series_uid, entry.sop_uid)
        series = group.ct[0].series_uid if group.ct else ""
        self._tree.SetItemAttribute(item, SceneNames.REFERENCED_SERIES, series)
        referenced = " ".join(image.sop_uid for image in group.ct)
        self._tree.SetItemAttribute(item, SceneNames.REFERENCED_UIDS, referenced)

    def _addPlan(self, item: PlannedDose) -> None:
        """Item of a plan; its node is of a class that only SlicerRT has."""
        entry = item.plan.entry
        if not item.plan.uid or self._tree.GetItemByUID(SceneNames.SERIES_UID, entry.series_uid):
            return
        scene = self._tree.GetSceneItemID()
        name = self._name(f"RTPLAN: {item.plan.label}")
        made = self._tree.CreateFolderItem(scene, name)
        self._insert(made, entry, entry.series_uid, entry.sop_uid)
        references = " ".join((item.plan.structure_set_uid, item.doses[0].entry.sop_uid)).strip()
        self._tree.SetItemAttribute(made, SceneNames.REFERENCED_UIDS, references)

    def _addDose(self, item: PlannedDose, dose) -> None:
        entry = item.doses[0].entry
        name = self._name(f"RTDOSE: {entry.series_description or item.plan.label}")
        node = VolumeNodes(self._scene).addMap(dose, name, "", "Gy")
        for own in SceneNames.OWN_RESULTS:
            node.RemoveAttribute(own)
        if dose.grid.plane_offsets_mm is not None:
            node.SetAttribute(SceneNames.RESAMPLED, "1")
        uids = " ".join(file.entry.sop_uid for file in item.doses)
        node.SetAttribute(SceneNames.DOSE_UIDS, uids)
        made = self._place(node, entry, entry.series_uid, entry.sop_uid)
        self._tree.SetItemAttribute(made, SceneNames.REFERENCED_UIDS, item.plan.uid)
        study = self._tree.GetItemAncestorAtLevel(made, SceneNames.STUDY_LEVEL)
        self._tree.SetItemAttribute(study, SceneNames.DOSE_UNIT, "GY")
        self._tree.SetItemAttribute(study, SceneNames.DOSE_UNIT_VALUE, "1.0")

    def _name(self, text: str) -> str:
        return self._scene.GenerateUniqueName(text)

    def _place(self, node, entry: Entry, seriesUid: str, instanceUids: str) -> int:
        """Item of a node under its patient and study, which are made as needed."""
        item = self._tree.GetItemByDataNode(node)
        if not item:
            item = self._tree.CreateItem(self._tree.GetSceneItemID(), node)
        self._insert(item, entry, seriesUid, instanceUids)
        return item

    def _insert(self, item: int, entry: Entry, seriesUid: str, instanceUids: str) -> None:
        tree = self._tree
        tree.SetItemUID(item, SceneNames.SERIES_UID, seriesUid)
        tree.SetItemUID(item, SceneNames.INSTANCE_UIDS, instanceUids)
        tree.SetItemAttribute(item, SceneNames.MODALITY, entry.modality)
        tree.SetItemParent(item, self._study(entry))

    def _study(self, entry: Entry) -> int:
        tree = self._tree
        study = tree.GetItemByUID(SceneNames.SERIES_UID, entry.study_uid)
        if study:
            return study
        date = f" ({entry.study_date})" if entry.study_date else ""
        name = f"{entry.study_description or 'No study description'}{date}"
        study = tree.CreateStudyItem(self._patient(entry), name)
        tree.SetItemUID(study, SceneNames.SERIES_UID, entry.study_uid)
        for key, value in (
            (SceneNames.STUDY_UID, entry.study_uid),
            (SceneNames.STUDY_DATE, entry.study_date),
            (SceneNames.STUDY_DESCRIPTION, entry.study_description),
        ):
            tree.SetItemAttribute(study, key, value)
        return study

    def _patient(self, entry: Entry) -> int:
        tree, uid = self._tree, entry.identity[0] or f"Patient-{entry.study_uid}"
        patient = tree.GetItemByUID(SceneNames.SERIES_UID, uid)
        if patient:
            return patient
        name = f"{entry.identity[1] or 'No name'} ({uid})"
        patient = tree.CreateSubjectItem(tree.GetSceneItemID(), name)
        tree.SetItemUID(patient, SceneNames.SERIES_UID, uid)
        for key, value in zip(SceneNames.PATIENT_ATTRIBUTES, entry.identity, strict=True):
            tree.SetItemAttribute(patient, key, value)
        return patient
