"""Segments as the structures of a course, with what their RTSTRUCT says of them."""

from __future__ import annotations

import hashlib
import json
from collections import Counter

import numpy as np
import vtk
from ReirradiationCore.courses import Structure
from ReirradiationCore.dicom.contours import ContourProblemError, closed_contours
from ReirradiationCore.dicom.findings import Findings, some_of
from ReirradiationCore.dicom.structures import StructureSet, structure_kind
from ReirradiationCore.errors import GeometryError
from ReirradiationCore.grids import Volume

from .SceneNames import SceneNames
from .SegmentationNodes import PLANAR_CONTOUR
from .SegmentContours import LABELMAP, SegmentContours

SAME_POINT_MM = 0.01


class SegmentStructures:
    """Reads a segmentation node.

    Names, colours and shapes are those of the scene; types, and which contours count (open ones do
    not), those of the RTSTRUCT. Without the file the tags say it that an earlier read left on the
    segments.

    :param node: vtkMRMLSegmentationNode.
    :param frameUid: frame of reference of the course.
    :param image: planning CT, on whose planes surfaces are cut; None if there is none.
    :param findings: receives what the user must know.
    """

    def __init__(self, node, frameUid: str, image: Volume | None, findings: Findings):
        self._node = node
        self._frame = frameUid
        self._image = image
        self._findings = findings
        self._contours = SegmentContours(node)
        self._changed: list[str] = []

    def read(self, fromFile: StructureSet | None) -> StructureSet:
        """All segments with an area, in order, and the names of those without.

        :param fromFile: what the RTSTRUCT holds; None where it is not at hand.
        """
        ofFile = {s.roi_number: s for s in fromFile.structures} if fromFile else {}
        found, empty = [], list(fromFile.empty) if fromFile else []
        names = SegmentStructures.names(self._node)
        for number, (segmentId, name) in enumerate(names.items(), start=1):
            drawn = ofFile.pop(_roiNumber(self._segment(segmentId)), None)
            structure = self._structure(segmentId, name, number, drawn)
            if structure is not None:
                found.append(structure)
            elif name not in empty:
                empty.append(name)
        self._report([structure.name for structure in ofFile.values()])
        return StructureSet(tuple(found), tuple(empty))

    def readOne(self, segmentId: str, name: str, known: Structure | None) -> Structure | None:
        """One segment as it is now, with what was known of its structure before.

        :param name: name of the structure (`names`).
        :return: None if it has no contour with an area.
        """
        segment = self._segment(segmentId)
        contours = self._usable(name, self._loops(segmentId, name))
        if not contours:
            return None
        if known is not None:
            interpreted, number = known.interpreted_type, known.roi_number
        else:
            tag = json.loads(_tag(segment, SceneNames.STRUCTURE_TAG) or "{}")
            interpreted, number = str(tag.get("type", "")), _roiNumber(segment)
        kind = structure_kind(name, interpreted)
        color = self._color(segmentId)
        return Structure(number, name, contours, self._frame, interpreted, color, kind)

    @staticmethod
    def names(node) -> dict[str, str]:
        """IDs of the segments of a node, in order, with the names of their structures."""
        segmentation = node.GetSegmentation()
        ids = [segmentation.GetNthSegmentID(n) for n in range(segmentation.GetNumberOfSegments())]
        names = {i: segmentation.GetSegment(i).GetName() or "" for i in ids}
        counts = Counter(names.values())
        return {
            i: name
            if name and counts[name] == 1
            else f"{name} (ROI {_roiNumber(segmentation.GetSegment(i)) or place})".strip()
            for place, (i, name) in enumerate(names.items(), start=1)
        }

    def _structure(
        self, segmentId: str, name: str, number: int, drawn: Structure | None
    ) -> Structure | None:
        loops = self._loops(segmentId, name)
        kept, interpreted = self._facts(segmentId, name, loops, drawn)
        contours = self._usable(name, kept)
        if not contours:
            return None
        roiNumber = _roiNumber(self._segment(segmentId)) or number
        kind = structure_kind(name, interpreted)
        color = self._color(segmentId)
        return Structure(roiNumber, name, contours, self._frame, interpreted, color, kind)

    def _loops(self, segmentId: str, name: str) -> list[np.ndarray]:
        try:
            return self._contours.loops(segmentId, self._image)
        except GeometryError as error:
            self._findings.warn(f"{self._node.GetName()}: '{name}' was left out: {error}")
            return []

    def _usable(self, name: str, loops: list[np.ndarray]) -> tuple:
        try:
            found = closed_contours(loops)
        except ContourProblemError as problem:
            self._findings.warn(f"{self._node.GetName()}: '{name}' was left out: {problem}")
            return ()
        for note in found.notes:
            self._findings.warn(f"{self._node.GetName()}: structure '{name}': {note}")
        return found.contours

    def _facts(
        self, segmentId: str, name: str, loops: list[np.ndarray], drawn: Structure | None
    ) -> tuple[list[np.ndarray], str]:
        """The contours that count, and the interpreted type."""
        segment = self._segment(segmentId)
        asDrawn = self._contours.source == PLANAR_CONTOUR
        if drawn is not None:
            kept = SegmentStructures._ofFile(loops, drawn) if asDrawn else None
            if asDrawn and kept is None:
                self._changed.append(name)
            chosen = kept or list(range(len(loops)))
            tag = {"type": drawn.interpreted_type}
            if asDrawn:
                tag.update(kept=kept, digest=_digest(loops))
            _setTag(segment, SceneNames.STRUCTURE_TAG, json.dumps(tag))
            return [loops[place] for place in chosen], drawn.interpreted_type
        tag = json.loads(_tag(segment, SceneNames.STRUCTURE_TAG) or "{}")
        if asDrawn and tag and tag.get("digest") == _digest(loops):
            return [loops[place] for place in tag["kept"] or range(len(loops))], tag["type"]
        if asDrawn and tag:
            self._changed.append(name)
        return loops, str(tag.get("type", ""))

    @staticmethod
    def _ofFile(loops: list[np.ndarray], drawn: Structure) -> list[int] | None:
        """Places of the contours of the file among the loops; None if they are others."""
        waiting: dict[int, list[int]] = {}
        for place, loop in enumerate(loops):
            waiting.setdefault(len(loop), []).append(place)
        kept = []
        for contour in drawn.contours:
            candidates = waiting.get(len(contour), [])
            same = (
                place
                for place in candidates
                if np.abs(loops[place] - contour).max() <= SAME_POINT_MM
            )
            found = next(same, None)
            if found is None:
                return None
            candidates.remove(found)
            kept.append(found)
        return kept

    def _report(self, gone: list[str]) -> None:
        name, source = self._node.GetName(), self._contours.source
        if source == LABELMAP:
            self._findings.warn(
                f"{name}: its segments were edited as voxels; their outlines along the voxels are "
                "used in place of the contours of the RTSTRUCT, for all its structures"
            )
        elif source != PLANAR_CONTOUR:
            self._findings.warn(
                f"{name}: its segments are surfaces; their cuts with the planes of the CT are used"
            )
        if self._changed:
            self._findings.warn(
                f"{name}: contours of {some_of(self._changed, 12)} are not those of the RTSTRUCT; "
                "the contours of the scene are used"
            )
        if gone:
            self._findings.warn(
                f"{name}: {some_of(gone, 12)} of the RTSTRUCT: no such segment in the scene, left "
                "out"
            )

    def _segment(self, segmentId: str):
        return self._node.GetSegmentation().GetSegment(segmentId)

    def _color(self, segmentId: str) -> tuple[int, int, int]:
        color = self._segment(segmentId).GetColor()
        return tuple(round(255 * part) for part in color)


def _tag(segment, name: str) -> str:
    value = vtk.reference("")
    return value.get() if segment.GetTag(name, value) else ""


def _roiNumber(segment) -> int:
    """ROI Number of a segment; 0 if it has none."""
    text = _tag(segment, SceneNames.ROI_NUMBER_TAG)
    return int(text) if text.isascii() and text.isdigit() else 0


def _setTag(segment, name: str, value: str) -> None:
    if _tag(segment, name) != value:
        segment.SetTag(name, value)


def _digest(loops: list[np.ndarray]) -> str:
    digest = hashlib.sha256(json.dumps([len(loop) for loop in loops]).encode())
    for loop in loops:
        digest.update(loop.astype(np.float32).tobytes())
    return digest.hexdigest()
