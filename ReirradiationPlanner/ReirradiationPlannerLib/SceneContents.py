"""What the nodes of a scene hold of the courses: doses, planning CTs and structures."""

from __future__ import annotations

import numpy as np
from ReirradiationCore.dicom.assemble import Group
from ReirradiationCore.dicom.attributes import read_dataset
from ReirradiationCore.dicom.dose import check_dose_values
from ReirradiationCore.dicom.dose_grid import dose_grid, plane_offsets
from ReirradiationCore.dicom.findings import Findings, short_uid
from ReirradiationCore.dicom.planned import PlannedDose
from ReirradiationCore.dicom.structures import StructureSet, read_structures
from ReirradiationCore.errors import RefusedError
from ReirradiationCore.grids import Volume, require_same_grid

from .SceneIndex import SceneIndex
from .SceneNames import SceneNames
from .SceneVolumes import SceneVolumes
from .SegmentStructures import SegmentStructures

LOADABLE = "load it, or load the folder with the built-in reader"


class SceneContents:
    """Gives the reader what the nodes hold, and says what is missing (`scene_reading.Contents`).

    :param index: nodes by their DICOM UIDs.
    :param volumes: volumes read before.
    """

    def __init__(self, index: SceneIndex, volumes: SceneVolumes):
        self._index = index
        self._volumes = volumes
        self.fileNotes: dict[int, list[str]] = {}

    def dose(self, item: PlannedDose, findings: Findings) -> Volume | None:
        """Physical dose of a plan, Gy; that of all its beams where they are separate nodes."""
        nodes = self._index.dosesOf(item)
        if not nodes:
            findings.refuse(
                f"{item.doses[0].name}: the dose of plan '{item.plan.label}' is not in the scene; "
                f"{LOADABLE}"
            )
            return None
        total = None
        for node in nodes:
            volume = self._doseOf(node, item, findings)
            if total is not None:
                require_same_grid(total.grid, volume.grid, f"the doses of '{item.plan.label}'")
                volume = Volume(total.array + volume.array, total.grid)
            total = volume
        return total

    def _doseOf(self, node, item: PlannedDose, findings: Findings) -> Volume:
        self._requireGy(node)
        volume = self._volumes.volume(node)
        isChanged = volume.array.dtype != np.float32 or volume.array.min() < 0
        if isChanged:
            volume = Volume(volume.array.astype(np.float32), volume.grid)
        check_dose_values(volume.array, node.GetName(), findings)
        self._requireUnknownIsKnown(node, item, findings)
        self._requirePlace(node, item, volume)
        return volume

    def _requireGy(self, node) -> None:
        unit = self._index.doseUnit(node)
        if unit.upper() != "GY":
            said = f"is {unit}" if unit else "is not known"
            reason = (
                f"{node.GetName()}: its unit {said}, not Gy; set the dose unit of its study to Gy "
                "if that is what it is (attribute DicomRtImport.DoseUnitName), or export it in Gy"
            )
            raise RefusedError(reason)

    def _requireUnknownIsKnown(self, node, item: PlannedDose, findings: Findings) -> None:
        """Refuse a dose of which nobody has said that it is the physical dose of a whole plan."""
        if all(dose.dose_type for dose in item.doses):
            return
        who = node.GetAttribute(SceneNames.CONFIRMED_DOSE)
        if not who:
            reason = (
                f"{node.GetName()}: its RTDOSE file is not in the DICOM database, so it is not "
                "known whether it is the physical dose of the whole plan; import the file, or "
                "confirm it"
            )
            raise RefusedError(reason)
        findings.warn(
            f"{node.GetName()}: that it is the physical dose of the whole plan is typed ({who}), "
            "not read from its RTDOSE"
        )

    def _requirePlace(self, node, item: PlannedDose, volume: Volume) -> None:
        """Refuse a dose that does not lie where its file says it lies."""
        entry = next((d.entry for d in item.doses if self._index.isDoseNode(node, d)), None)
        if entry is None or not entry.path.is_file() or node.GetAttribute(SceneNames.RESAMPLED):
            return
        header = read_dataset(entry.path, entry.name, pixels=False)
        offsets = plane_offsets(header, entry.name)
        grid = dose_grid(header, entry.name, offsets)
        if SceneVolumes.sameGrid(volume.grid, grid):
            return
        why = "moved or resampled after it was loaded"
        if grid.plane_offsets_mm is not None:
            why = "of planes at uneven distances, which the loader made even"
        reason = (
            f"{node.GetName()}: its voxels do not lie where its file {entry.name} says ({why}); "
            "load the folder with the built-in reader"
        )
        raise RefusedError(reason)

    def image(self, group: Group, findings: Findings) -> Volume | None:
        """Planning CT, HU."""
        if not group.ct:
            return None
        node = self._index.imageOf(group)
        if node is None:
            findings.refuse(
                f"{group.planned[0].plan.label}: the planning CT (series "
                f"{short_uid(group.ct[0].series_uid)}) is not in the scene; {LOADABLE}"
            )
            return None
        return self._volumes.volume(node)

    def structures(self, group: Group, findings: Findings) -> StructureSet:
        """Structures of the segmentation node of a course."""
        self._requireTogether(group, findings)
        found, node = group.structure_set, self._index.segmentationOf(group)
        if node is None:
            if found is not None:
                findings.refuse(
                    f"{found.entry.name}: the structures of plan '{group.planned[0].plan.label}' "
                    f"are not in the scene; {LOADABLE}"
                )
            return StructureSet((), ())
        image = self._index.imageOf(group)
        planes = None if image is None else self._volumes.volume(image)
        reader = SegmentStructures(node, group.frame_uid, planes, findings)
        if found is None or not found.entry.path.is_file():
            return reader.read(None)
        fromFile = Findings()
        drawn = read_structures(found.entry, group.frame_uid, fromFile)
        self.fileNotes[id(group)] = fromFile.warnings
        for note in fromFile.warnings:
            findings.warn(note)
        return reader.read(drawn)

    def _requireTogether(self, group: Group, findings: Findings) -> None:
        """Refuse a course whose nodes are moved apart by transforms of the user."""
        label = group.planned[0].plan.label
        moved = {n.GetName(): self._index.foreignTransform(n) for n in self._index.nodesOf(group)}
        names = {None if t is None else t.GetName() for t in moved.values()}
        if names == {None}:
            return
        if len(names) == 1:
            findings.warn(
                f"{label}: the course is under the transform '{names.pop()}', which is not used: "
                "its own coordinates count, and the registration is chosen on its own"
            )
            return
        shown = ", ".join(
            f"{name} under {'none' if t is None else t.GetName()}" for name, t in moved.items()
        )
        reason = (
            f"{label}: the nodes of the course are under different transforms ({shown}), so they "
            "do not lie on each other; put them all under the same one, or harden or remove them"
        )
        raise RefusedError(reason)
