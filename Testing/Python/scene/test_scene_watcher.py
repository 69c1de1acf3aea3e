"""Changes in the scene are told with what they make stale, and nothing else is."""

import pytest

slicer = pytest.importorskip("slicer")

import numpy as np  # noqa: E402
import vtk  # noqa: E402
from ReirradiationCore.case import Case  # noqa: E402
from ReirradiationPlannerLib.PlannerLogic import PlannerLogic  # noqa: E402
from ReirradiationPlannerLib.SceneWatcher import SceneWatcher, StaleKind  # noqa: E402
from two_courses import make_courses, save_courses, slicerrt_scene  # noqa: E402
from vtk.util.numpy_support import vtk_to_numpy  # noqa: E402


class Watched:
    """A scene of two registered courses, and what its watcher told."""

    def __init__(self, host, folder):
        self.scene, self.logic = host.scene, PlannerLogic()
        self.resolver = slicerrt_scene(host, folder)
        self.found = self.logic.findCourses(self.scene, self.resolver)
        self.transform = self.logic.registerCourse(self.found, "prior-1", Case())
        self.told = []
        self.watcher = SceneWatcher(self.found, lambda *what: self.told.append(what))

    @property
    def kinds(self):
        return {kind for kind, _, _ in self.told}


@pytest.fixture
def watched(a_host, tmp_path):
    made = Watched(a_host, save_courses(tmp_path, make_courses()))
    yield made
    made.watcher.stop()


def test_nothing_is_told_as_long_as_nothing_changes(watched):
    watched.logic.findCourses(watched.scene, watched.resolver)
    watched.found.planned.imageNode.SetName("renamed")
    watched.found.planned.imageNode.SetAttribute("some", "thing")
    watched.found.planned.segmentationNode.CreateDefaultDisplayNodes()
    assert watched.told == []


@pytest.mark.parametrize(
    ("which", "kind"), [("imageNode", StaleKind.IMAGE), ("dose", StaleKind.DOSE)]
)
def test_voxels_and_geometry_of_a_volume_are_told(watched, which, kind):
    row = watched.found.planned
    node = row.doseNodes[0] if which == "dose" else row.imageNode
    slicer.util.arrayFromVolumeModified(node)
    assert watched.kinds == {kind}
    watched.told.clear()
    node.SetOrigin(1.0, 2.0, 3.0)
    assert watched.told == [(kind, node, None)]


def test_a_changed_contour_names_its_segment_alone(watched):
    node = watched.found.planned.segmentationNode
    segmentation = node.GetSegmentation()
    drawn = segmentation.GetNthSegment(1).GetRepresentation("Planar contour")
    drawn.GetPoints().SetPoint(0, 12.0, 12.0, drawn.GetPoint(0)[2])
    drawn.GetPoints().Modified()
    drawn.Modified()
    told = {what for what in watched.told}
    assert told == {(StaleKind.CONTOURS, node, segmentation.GetNthSegmentID(1))}


def test_a_removed_and_a_renamed_segment_are_told(watched):
    node = watched.found.planned.segmentationNode
    segmentation = node.GetSegmentation()
    first, second = (segmentation.GetNthSegmentID(n) for n in range(2))
    segmentation.GetSegment(first).SetName("other")
    assert watched.told == [(StaleKind.CONTOURS, node, first)]
    segmentation.RemoveSegment(second)
    assert watched.told[-1] == (StaleKind.CONTOURS, node, second)


def _layer_of(values, first=(0, 0, 0)):
    """Voxels [k, j, i] as a layer whose first voxel is at an index i, j, k."""
    image, values = slicer.vtkOrientedImageData(), np.asarray(values, np.uint8)
    ends = [(f, f + n - 1) for f, n in zip(first, values.shape[::-1], strict=True)]
    image.SetExtent([end for pair in ends for end in pair])
    image.AllocateScalars(vtk.VTK_UNSIGNED_CHAR, 1)
    vtk_to_numpy(image.GetPointData().GetScalars())[:] = values.ravel()
    return image


@pytest.fixture
def shared_layer(a_host):
    """Segmentation of three segments in one layer; voxels that can be changed, and its changes."""
    from ReirradiationPlannerLib.SegmentChanges import SegmentChanges  # noqa: PLC0415

    node = a_host.scene.AddNewNodeByClass("vtkMRMLSegmentationNode")
    segmentation = node.GetSegmentation()
    segmentation.SetSourceRepresentationName("Binary labelmap")
    values = np.zeros((2, 10, 10), np.uint8)
    values[:, :3], values[:, 3:6], values[:, 8:] = 1, 2, 3
    image = _layer_of(values)
    for label in (1, 2, 3):
        segment = slicer.vtkSegment()
        segment.SetName(f"organ {label}")
        segment.SetLabelValue(label)
        segment.AddRepresentation("Binary labelmap", image)
        segmentation.AddSegment(segment, f"S{label}")
    changes = SegmentChanges(node)
    assert changes.take() == frozenset()
    return image, values, changes


def test_voxels_that_segments_share_tell_the_edited_segment_and_the_overwritten_one(shared_layer):
    image, _values, changes = shared_layer
    array = vtk_to_numpy(image.GetPointData().GetScalars()).reshape(2, 10, 10)
    array[:, 2:4, :5] = 1
    image.Modified()
    assert changes.take() == {"S1", "S2"}
    image.Modified()
    assert changes.take() == frozenset()


def test_a_layer_that_grew_tells_what_is_in_its_new_part_alone(shared_layer):
    image, values, changes = shared_layer
    wider = np.zeros((3, 12, 10), np.uint8)
    wider[:2, 2:], wider[2, 5] = values, 2
    image.DeepCopy(_layer_of(wider, (0, -2, 0)))
    assert changes.take() == {"S2"}
    image.DeepCopy(_layer_of(values))
    assert changes.take() == {"S2"}


def test_a_layer_at_another_place_tells_all_its_segments(shared_layer):
    image, _values, changes = shared_layer
    image.SetOrigin(0.0, 0.0, 2.0)
    assert changes.take() == {"S1", "S2", "S3"}


def test_a_changed_registration_is_told(watched):
    matrix = vtk.vtkMatrix4x4()
    matrix.SetElement(0, 3, 5.0)
    watched.transform.SetMatrixTransformToParent(matrix)
    assert watched.kinds == {StaleKind.REGISTRATION}


def test_a_registration_made_later_is_watched(watched):
    node = watched.logic.registerCourse(watched.found, "prior-1", Case())
    watched.told.clear()
    matrix = vtk.vtkMatrix4x4()
    matrix.SetElement(0, 3, 5.0)
    node.SetMatrixTransformToParent(matrix)
    assert watched.kinds == {StaleKind.REGISTRATION}


@pytest.mark.parametrize("which", ["imageNode", "segmentationNode", "dose"])
def test_a_removed_node_makes_the_courses_stale(watched, which):
    row = watched.found.planned
    node = row.doseNodes[0] if which == "dose" else getattr(row, which)
    watched.scene.RemoveNode(node)
    assert StaleKind.COURSES in watched.kinds


def test_closing_the_scene_is_told_without_an_error(watched):
    watched.scene.Clear(0)
    assert watched.kinds >= {StaleKind.COURSES}


def test_nothing_is_told_after_stop(watched):
    watched.watcher.stop()
    slicer.util.arrayFromVolumeModified(watched.found.planned.imageNode)
    watched.scene.RemoveNode(watched.found.planned.segmentationNode)
    assert watched.told == []


def test_a_node_moved_apart_from_its_course_is_told(watched):
    transform = watched.scene.AddNewNodeByClass("vtkMRMLLinearTransformNode", "moved")
    matrix = vtk.vtkMatrix4x4()
    matrix.SetElement(0, 3, 5.0)
    transform.SetMatrixTransformToParent(matrix)
    watched.found.planned.imageNode.SetAndObserveTransformNodeID(transform.GetID())
    assert watched.kinds == {StaleKind.COURSES}


def test_a_course_shown_on_the_planning_ct_is_no_change(watched):
    watched.logic.showOnReference(watched.found, "prior-1", True)
    watched.logic.showOnReference(watched.found, "prior-1", False)
    assert watched.told == []
