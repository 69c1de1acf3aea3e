"""Courses from the subject hierarchy alone, for doses of which no file is at hand."""

from __future__ import annotations

from ReirradiationCore.course_groups import stand_in
from ReirradiationCore.dicom.assemble import Group
from ReirradiationCore.dicom.attributes import parse_day
from ReirradiationCore.dicom.dose import DoseFile
from ReirradiationCore.dicom.index import Entry, Kind
from ReirradiationCore.dicom.plan import Plan
from ReirradiationCore.dicom.planned import PlannedDose
from ReirradiationCore.dicom.structures import StructureSetFile

from .SceneIndex import SceneIndex
from .SceneNames import SceneNames

NO_FILE = "its RTPLAN is not in the DICOM database and the scene keeps no fractions"


class HierarchyGroups:
    """Ties doses to plans, structures and CT by the references that SlicerRT keeps.

    Fractions and prescription are not among them: they are missing until files are there or the
    user types them.

    :param index: nodes of the scene.
    """

    def __init__(self, index: SceneIndex):
        self._index = index
        self._items = index.items

    def groups(self, doses: list) -> list[Group]:
        """One course for each dose."""
        return [self._group(node) for node in doses]

    def _group(self, node) -> Group:
        item = self._items.item(node)
        plan = self._planItem(item)
        segmentation = self._segmentation(plan, item)
        image = self._image(segmentation, item)
        frame = self._frame(image, item)
        structureSet = None
        if segmentation is not None:
            entry = self._entry(segmentation, Kind.STRUCTURES, frame)
            structureSet = StructureSetFile(entry, frozenset({frame}), ())
        uid = structureSet.entry.sop_uid if structureSet else ""
        planned = PlannedDose(self._plan(node, plan, uid), [self._dose(node, plan, frame)], None)
        return Group([planned], structureSet, [self._image_entry(image, frame)] if image else [])

    def _planItem(self, doseItem: int) -> int:
        """Plan a dose refers to; 0 if it is not in the scene."""
        wanted = self._items.referencedUids(doseItem)
        for plan in self._index.plans:
            if set(wanted) & set(self._items.instanceUids(plan)):
                return plan
        return 0

    def _segmentation(self, plan: int, doseItem: int):
        """Structures the plan refers to, else the only ones in the study of the dose."""
        wanted = set(self._items.referencedUids(plan)) if plan else set()
        found = [n for n in self._index.segmentations if wanted & set(self._index.uids(n))]
        if found:
            return found[0]
        inStudy = [n for n in self._index.segmentations if self._sameStudy(n, doseItem)]
        return inStudy[0] if len(inStudy) == 1 and not wanted else None

    def _image(self, segmentation, doseItem: int):
        """CT the structures are drawn on, else the only one in the study of the dose."""
        if segmentation is not None:
            item = self._items.item(segmentation)
            series = self._items.attribute(item, SceneNames.REFERENCED_SERIES)
            for node in self._index.images:
                if series and self._items.seriesUid(self._items.item(node)) == series:
                    return node
        inStudy = [node for node in self._index.images if self._sameStudy(node, doseItem)]
        return inStudy[0] if len(inStudy) == 1 else None

    def _sameStudy(self, node, item: int) -> bool:
        study = self._items.study(item)
        return bool(study) and self._items.study(self._items.item(node)) == study

    def _frame(self, image, doseItem: int) -> str:
        """Frame of reference of the CT; one of its own where the scene does not keep it."""
        item = self._items.item(image) if image else doseItem
        known = self._items.attribute(item, SceneNames.FRAME_UID)
        return known or f"frame of {self._items.seriesUid(item) or self._items.name(item)}"

    def _study(self, item: int) -> dict[str, str]:
        study = self._items.study(item)
        return {
            "uid": self._items.seriesUid(study) if study else "",
            "date": self._items.attribute(study, SceneNames.STUDY_DATE),
            "description": self._items.attribute(study, SceneNames.STUDY_DESCRIPTION),
        }

    def _entry(self, node, kind: Kind, frame: str) -> Entry:
        item = self._items.item(node)
        return stand_in(
            kind,
            node.GetName(),
            uid=next(iter(self._items.instanceUids(item)), node.GetID()),
            series_uid=self._items.seriesUid(item),
            frame_uid=frame,
            study=self._study(item),
            identity=self._items.identity(item),
        )

    def _image_entry(self, image, frame: str) -> Entry:
        return self._entry(image, Kind.CT, frame)

    def _dose(self, node, plan: int, frame: str) -> DoseFile:
        uids = self._items.instanceUids(plan)[:1] if plan else ()
        entry = self._entry(node, Kind.DOSE, frame)
        return DoseFile(entry, uids, "", "", "", "", (), 1)

    def _plan(self, node, plan: int, structureSetUid: str) -> Plan:
        item = plan or self._items.item(node)
        study = self._study(item)
        found = parse_day(study["date"])
        dates = ((found, "Study Date"),) if found else ()
        uid = next(iter(self._items.instanceUids(plan)), "") if plan else ""
        entry = stand_in(
            Kind.PLAN,
            self._items.name(item),
            uid=uid,
            study=study,
            identity=self._items.identity(item),
        )
        label = self._items.name(item)
        return Plan(entry, uid, label, None, NO_FILE, None, structureSetUid, {}, dates, "")
