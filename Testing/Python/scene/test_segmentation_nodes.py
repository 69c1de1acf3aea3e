"""Structures become segments with contours as drawn and a surface to look at."""

import numpy as np
import pytest

slicer = pytest.importorskip("slicer")

import vtk  # noqa: E402
from ReirradiationCore.courses import Structure  # noqa: E402
from ReirradiationPlannerLib.SegmentationNodes import SegmentationNodes  # noqa: E402
from ReirradiationPlannerLib.VolumeNodes import VolumeNodes  # noqa: E402
from vtk.util.numpy_support import vtk_to_numpy  # noqa: E402


def volume_cc(surface):
    triangles = vtk.vtkTriangleFilter()
    triangles.SetInputData(surface)
    mass = vtk.vtkMassProperties()
    mass.SetInputConnection(triangles.GetOutputPort())
    mass.Update()
    return mass.GetVolume() / 1000.0


def test_contours_are_closed_polylines_in_ras(make_box):
    contours = SegmentationNodes.contours(make_box(1, "Box", (10, 20, 0), (30, 50, 6)))
    assert contours.GetNumberOfLines() == 3
    assert contours.GetCell(0).GetNumberOfPoints() == 5
    assert contours.GetCell(0).GetPointId(0) == contours.GetCell(0).GetPointId(4)
    assert contours.GetPoint(0) == (-10.0, -20.0, 0.0)


def test_the_surface_of_a_box_encloses_its_slabs(make_box):
    # 11 contours 3 mm apart stand for 33 mm; 40 x 30 x 33 mm
    box = make_box(1, "Box", (10, 20, 0), (50, 50, 30))
    assert volume_cc(SegmentationNodes.surface(box, 3.0)) == pytest.approx(39.6, rel=0.01)


def test_a_loop_inside_a_loop_is_a_hole(make_box):
    outer = make_box(1, "Ring", (0, 0, 0), (40, 40, 30))
    inner = make_box(1, "Ring", (10, 10, 0), (30, 30, 30))
    ring = Structure(1, "Ring", outer.contours + inner.contours)
    assert volume_cc(SegmentationNodes.surface(ring, 3.0)) == pytest.approx(39.6, rel=0.015)


def test_a_gap_between_contours_is_not_bridged(make_box):
    lower = make_box(1, "Two", (0, 0, 0), (20, 20, 15))
    upper = make_box(1, "Two", (0, 0, 60), (20, 20, 75))
    both = Structure(1, "Two", lower.contours + upper.contours)
    # 6 contours 3 mm apart stand for 18 mm, twice
    expected = 2 * 20 * 20 * 18 / 1000
    assert volume_cc(SegmentationNodes.surface(both, 3.0)) == pytest.approx(expected, rel=0.01)


def test_contours_that_enclose_nothing_have_no_surface():
    line = np.array([(0.0, 0.0, 0.0), (5.0, 0.0, 0.0), (10.0, 0.0, 0.0)])
    assert SegmentationNodes.surface(Structure(1, "Line", (line,)), 3.0).GetNumberOfCells() == 0


def test_segments_keep_order_name_colour_and_number(a_host, a_cylinder_ct, make_box):
    ct = VolumeNodes(a_host.scene).addImage(a_cylinder_ct, "CT")
    structures = (
        make_box(7, "Rectum", (0, 0, 0), (20, 20, 30), color=(165, 80, 40)),
        make_box(3, "Bladder", (0, -40, 0), (20, -20, 30), color=(255, 255, 0)),
    )
    segmentation = SegmentationNodes(a_host.scene).add(structures, "S", ct).GetSegmentation()
    assert [segmentation.GetNthSegmentID(n) for n in range(2)] == ["ROI_7", "ROI_3"]
    first = segmentation.GetSegment("ROI_7")
    assert first.GetName() == "Rectum"
    assert np.array(first.GetColor()) * 255 == pytest.approx([165, 80, 40])


def test_a_segment_can_be_turned_into_voxels(a_host, a_cylinder_ct, make_box):
    ct = VolumeNodes(a_host.scene).addImage(a_cylinder_ct, "CT")
    box = make_box(1, "Box", (-20.5, -20.5, -30), (20.5, 20.5, 30))
    node = SegmentationNodes(a_host.scene).add((box,), "S", ct)
    assert node.CreateBinaryLabelmapRepresentation()
    labels = slicer.vtkOrientedImageData()
    node.GetBinaryLabelmapRepresentation("ROI_1", labels)
    # 13 voxel centres every 3 mm between -18 and 18, in 21 planes
    assert vtk_to_numpy(labels.GetPointData().GetScalars()).sum() == 13 * 13 * 21


def test_filled_structures_of_a_user_become_outlines(a_host):
    node = a_host.scene.AddNewNodeByClass("vtkMRMLSegmentationNode")
    SegmentationNodes.outline(node)
    node.CreateDefaultDisplayNodes()
    display = node.GetDisplayNode()
    assert display.GetVisibility2DFill()
    SegmentationNodes.outline(node)
    assert (display.GetVisibility2DFill(), display.GetVisibility2DOutline()) == (False, True)
