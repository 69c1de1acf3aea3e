"""Tells what becomes stale when something in the scene changes; without Qt, nothing is delayed."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

import numpy as np
import slicer
import vtk
from slicer.util import VTKObservationMixin

from .FoundCourses import FoundCourses
from .SceneIndex import SceneIndex
from .SceneNames import SceneNames
from .SegmentChanges import SegmentChanges

Callback = Callable[["StaleKind", object, "str | None"], None]


class StaleKind(Enum):
    """What changed, and so what has to be done again."""

    CONTOURS = "contours"
    DOSE = "dose"
    IMAGE = "image"
    REGISTRATION = "registration"
    COURSES = "courses"


class SceneWatcher(VTKObservationMixin):
    """Observes the nodes of the courses until it is stopped.

    :param found: courses whose nodes are observed.
    :param callback: called with a StaleKind, the node, and the ID of the segment or None; once for
        each segment that changed. It must not raise.
    """

    def __init__(self, found: FoundCourses, callback: Callback):
        super().__init__()
        self._callback = callback
        self._scene = found.scene
        self._segments: dict[str, SegmentChanges] = {}
        self._volumes: dict[str, tuple] = {}
        for course in found.courses:
            self._watchCourse(course)
        scene = self._scene
        self.addObserver(scene, scene.NodeAboutToBeRemovedEvent, self._onNodeRemoved)
        self.addObserver(scene, scene.NodeAddedEvent, self._onNodeAdded)
        self.addObserver(scene, scene.StartCloseEvent, self._onSceneClosed)

    def stop(self) -> None:
        """Observe nothing any more."""
        self.removeObservers()
        self._segments.clear()
        self._volumes.clear()

    def _watchCourse(self, course) -> None:
        for node in filter(None, (course.imageNode, *course.doseNodes)):
            self._volumes[node.GetID()] = _state(node)
            self.addObserver(node, node.ImageDataModifiedEvent, self._onVolume)
            self.addObserver(node, vtk.vtkCommand.ModifiedEvent, self._onVolume)
            self.addObserver(node, node.TransformModifiedEvent, self._onMoved)
        if course.segmentationNode is not None:
            self._watchSegments(course.segmentationNode)
        if course.transformNode is not None:
            self._watchTransform(course.transformNode)

    def _watchSegments(self, node) -> None:
        self._segments[node.GetID()] = SegmentChanges(node)
        segmentation = slicer.vtkSegmentation
        for event in (
            segmentation.SourceRepresentationModified,
            segmentation.SegmentAdded,
            segmentation.SegmentRemoved,
            segmentation.SegmentModified,
            segmentation.ContainedRepresentationNamesModified,
        ):
            self.addObserver(node.GetSegmentation(), event, self._onSegments)
        self.addObserver(node, node.TransformModifiedEvent, self._onMoved)

    def _watchTransform(self, node) -> None:
        if not self.hasObserver(node, node.TransformModifiedEvent, self._onTransform):
            self.addObserver(node, node.TransformModifiedEvent, self._onTransform)

    def _onVolume(self, node, _event) -> None:
        """Called for any change of a volume node: only voxels and geometry count."""
        now = _state(node)
        if self._volumes.get(node.GetID()) != now:
            self._volumes[node.GetID()] = now
            self._callback(_kindOfVolume(node), node, None)

    def _onMoved(self, node, _event) -> None:
        """Called if a node comes under a transform or its transform changes."""
        if SceneIndex.foreignTransform(node) is not None:
            self._callback(StaleKind.COURSES, node, None)

    def _onSegments(self, segmentation, _event) -> None:
        for nodeId, changes in list(self._segments.items()):
            node = self._scene.GetNodeByID(nodeId)
            if node is not None and node.GetSegmentation() is segmentation:
                for segmentId in sorted(changes.take()):
                    self._callback(StaleKind.CONTOURS, node, segmentId)

    def _onTransform(self, node, _event) -> None:
        self._callback(StaleKind.REGISTRATION, node, None)

    @vtk.calldata_type(vtk.VTK_OBJECT)
    def _onNodeRemoved(self, _scene, _event, node) -> None:
        isOurs = node.GetID() in self._volumes or node.GetID() in self._segments
        if isOurs:
            self._callback(StaleKind.COURSES, node, None)
        elif node.GetAttribute(SceneNames.REGISTRATION):
            self._callback(StaleKind.REGISTRATION, node, None)

    @vtk.calldata_type(vtk.VTK_OBJECT)
    def _onNodeAdded(self, _scene, _event, node) -> None:
        """Called for every new node: a registration made later is observed as well."""
        if node.IsA("vtkMRMLTransformNode"):
            self.addObserver(node, vtk.vtkCommand.ModifiedEvent, self._onNewTransform)

    def _onNewTransform(self, node, _event) -> None:
        if node.GetAttribute(SceneNames.REGISTRATION):
            self._watchTransform(node)

    def _onSceneClosed(self, scene, _event) -> None:
        self._callback(StaleKind.COURSES, scene, None)


def _kindOfVolume(node) -> StaleKind:
    isDose = node.GetAttribute(SceneNames.DOSE_VOLUME) is not None
    return StaleKind.DOSE if isDose else StaleKind.IMAGE


def _state(node) -> tuple:
    """When the voxels of a volume were modified, and where they are."""
    matrix, image = vtk.vtkMatrix4x4(), node.GetImageData()
    node.GetIJKToRASMatrix(matrix)
    place = np.round(slicer.util.arrayFromVTKMatrix(matrix), 6).tobytes()
    return place, image.GetMTime() if image else 0
