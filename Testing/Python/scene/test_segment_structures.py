"""Segments become structures: names and shapes of the scene, types and loops of the RTSTRUCT."""

import numpy as np
import pytest

slicer = pytest.importorskip("slicer")

import vtk  # noqa: E402
from ReirradiationCore.sampling import sample_structure  # noqa: E402
from ReirradiationPlannerLib.PlannerLogic import PlannerLogic  # noqa: E402
from ReirradiationPlannerLib.SegmentationNodes import SegmentationNodes  # noqa: E402
from scene_shapes import box_structure  # noqa: E402
from two_courses import make_courses, said, save_courses, slicerrt_scene  # noqa: E402
from vtk.util.numpy_support import vtk_to_numpy  # noqa: E402


@pytest.fixture
def a_scene(a_host, tmp_path):
    """Scene and resolver of two courses that SlicerRT loaded."""
    return a_host.scene, slicerrt_scene(a_host, save_courses(tmp_path, make_courses()))


def segment_of(found, name):
    ids = {known: segment_id for segment_id, known in found.planned.segmentNames.items()}
    return found.planned.segmentationNode.GetSegmentation(), ids[name]


def test_a_renamed_segment_has_the_name_of_the_scene_and_the_contours_of_the_file(a_scene):
    logic = PlannerLogic()
    segmentation, segment = segment_of(logic.findCourses(*a_scene), "Bladder")
    segmentation.GetSegment(segment).SetName("Rectum")
    structures = logic.findCourses(*a_scene).planned.course.structures
    assert [s.name for s in structures] == ["BODY", "Rectum"]
    assert structures[1].interpreted_type == "ORGAN"


def test_a_removed_segment_is_left_out_and_told(a_scene):
    logic = PlannerLogic()
    segmentation, segment = segment_of(logic.findCourses(*a_scene), "Bladder")
    segmentation.RemoveSegment(segment)
    found = logic.findCourses(*a_scene)
    assert [s.name for s in found.planned.course.structures] == ["BODY"]
    assert said(found.notes, "Bladder of the RTSTRUCT", "left out")


def test_contours_that_were_changed_are_used_and_told(a_scene):
    logic = PlannerLogic()
    segmentation, segment = segment_of(logic.findCourses(*a_scene), "Bladder")
    drawn = segmentation.GetSegment(segment).GetRepresentation("Planar contour")
    drawn.GetPoints().SetPoint(0, 12.0, 12.0, drawn.GetPoint(0)[2])
    found = logic.findCourses(*a_scene)
    assert said(found.notes, "contours of Bladder", "not those of the RTSTRUCT")
    assert np.abs(found.planned.course.structures[1].contours[0]).max() == pytest.approx(12.0)


def test_open_contours_of_the_file_stay_open_though_the_scene_closes_them(a_host, tmp_path):
    prior, planned = make_courses()
    drawn = planned.structures.ROIContourSequence[1].ContourSequence
    drawn[0].ContourGeometricType = "OPEN_PLANAR"
    folder = save_courses(tmp_path / "case", (prior, planned))
    resolver = slicerrt_scene(a_host, folder)
    for found in (
        PlannerLogic().findCourses(a_host.scene, resolver),
        PlannerLogic().findCourses(a_host.scene),
    ):
        assert len(found.planned.course.structures[1].contours) == 3


def edit_as_voxels(node, name_of, size=6):
    """What Segment Editor leaves: voxels as source, contours of all segments gone."""
    segmentation = node.GetSegmentation()
    image = slicer.vtkOrientedImageData()
    image.SetDimensions(10, 10, 4)
    image.SetSpacing(5.0, 5.0, 3.0)
    image.SetOrigin(-22.5, -22.5, -4.5)
    image.AllocateScalars(vtk.VTK_UNSIGNED_CHAR, 1)
    for segment_id in name_of:
        copy = slicer.vtkOrientedImageData()
        copy.DeepCopy(image)
        array = vtk_to_numpy(copy.GetPointData().GetScalars())
        array[:] = 0
        array.reshape(4, 10, 10)[:, 2 : 2 + size, 2:6] = 1
        segmentation.GetSegment(segment_id).AddRepresentation("Binary labelmap", copy)
    segmentation.SetSourceRepresentationName("Binary labelmap")
    for segment_id in name_of:
        segmentation.GetSegment(segment_id).RemoveRepresentation("Planar contour")


def test_voxels_of_segment_editor_are_outlined_and_told(a_scene):
    logic = PlannerLogic()
    row = logic.findCourses(*a_scene).planned
    edit_as_voxels(row.segmentationNode, row.segmentNames)
    found = logic.findCourses(*a_scene)
    assert said(found.notes, "edited as voxels")
    bladder = found.planned.course.structures[1]
    assert bladder.interpreted_type == "ORGAN"
    # 6 x 4 x 4 voxels of 5 x 5 x 3 mm
    assert sample_structure(bladder).volume_cc == pytest.approx(96 * 75 / 1000, rel=2e-3)


def as_surfaces(node, structures, *, closed=True):
    """Make surfaces the source, as for segments imported from models."""
    segmentation = node.GetSegmentation()
    for place, structure in enumerate(structures):
        surface = SegmentationNodes.surface(structure, 3.0)
        if not closed:
            surface = with_a_hole(surface)
        segmentation.GetNthSegment(place).AddRepresentation("Closed surface", surface)
    segmentation.SetSourceRepresentationName("Closed surface")


def with_a_hole(surface):
    clip, plane = vtk.vtkClipPolyData(), vtk.vtkPlane()
    plane.SetNormal(1.0, 0.0, 0.0)
    clip.SetInputData(surface)
    clip.SetClipFunction(plane)
    clip.Update()
    return clip.GetOutput()


BOXES = (
    box_structure(1, "BODY", (-30, -30, -7.5), (30, 30, 7.5)),
    box_structure(2, "Bladder", (-12, -8, -4.5), (12, 8, 4.5)),
)


def test_surfaces_are_cut_on_the_planes_of_the_ct_and_told(a_scene):
    logic = PlannerLogic()
    as_surfaces(logic.findCourses(*a_scene).planned.segmentationNode, BOXES)
    found = logic.findCourses(*a_scene)
    assert said(found.notes, "are surfaces")
    bladder = found.planned.course.structures[1]
    assert sorted(round(float(c[0, 2]), 1) for c in bladder.contours) == [-4.5, -1.5, 1.5, 4.5]
    # 24 x 16 mm on four planes of 3 mm
    assert sample_structure(bladder).volume_cc == pytest.approx(24 * 16 * 12 / 1000, rel=0.02)


def test_a_surface_that_is_not_closed_is_left_out_and_told(a_scene):
    logic = PlannerLogic()
    as_surfaces(logic.findCourses(*a_scene).planned.segmentationNode, BOXES, closed=False)
    found = logic.findCourses(*a_scene)
    assert said(found.notes, "'Bladder' was left out", "not closed")
    assert found.planned.course.structures == ()
