"""A start fitted to landmarks, and a start turned by hand."""

import numpy as np
import pytest

slicer = pytest.importorskip("slicer")
import vtk  # noqa: E402
from ReirradiationCore.errors import RefusedError  # noqa: E402
from ReirradiationPlannerLib.LandmarkStart import fitStart, referenceToPrior  # noqa: E402

PRIOR = np.array([[0.0, 0, 0], [100, 0, 0], [0, 80, 0], [0, 0, 60]])
ANGLE = np.radians(12)
TURN = np.array([[np.cos(ANGLE), -np.sin(ANGLE), 0], [np.sin(ANGLE), np.cos(ANGLE), 0], [0, 0, 1]])
SHIFT = np.array([5.0, -7.0, 11.0])
TODAY = PRIOR @ TURN.T + SHIFT


def markups(scene, points):
    node = scene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode")
    for point in points:
        node.AddControlPoint(*map(float, point))
    return node


def start(scene):
    return scene.AddNewNodeByClass("vtkMRMLLinearTransformNode")


def test_landmarks_that_are_turned_and_moved_give_that_turn_and_move(a_host):
    scene = a_host.scene
    node = start(scene)
    assert fitStart(markups(scene, TODAY), markups(scene, PRIOR), node) < 1e-6
    matrix = vtk.vtkMatrix4x4()
    node.GetMatrixTransformToParent(matrix)
    found = slicer.util.arrayFromVTKMatrix(matrix)
    np.testing.assert_allclose(found[:3, :3], TURN, atol=1e-6)
    np.testing.assert_allclose(found[:3, 3], SHIFT, atol=1e-6)


def test_start_takes_points_of_today_to_the_prior_ct_in_lps(a_host):
    scene = a_host.scene
    node = start(scene)
    fitStart(markups(scene, TODAY), markups(scene, PRIOR), node)
    transform = referenceToPrior(node)
    flip = np.array([-1, -1, 1])
    for today, prior in zip(TODAY, PRIOR, strict=True):
        found = transform.TransformPoint((today * flip).tolist())
        np.testing.assert_allclose(found, prior * flip, atol=1e-6)


@pytest.mark.parametrize(
    ("today", "prior", "said"),
    [
        (TODAY[:2], PRIOR[:2], "three or more"),
        (TODAY, PRIOR[:3], "4 landmarks today and 3 before"),
        (np.outer([0, 1, 2], [50.0, 0, 0]), np.outer([0, 1, 2], [50.0, 0, 0]), "one line"),
    ],
)
def test_landmarks_that_cannot_tell_a_turn_are_refused(a_host, today, prior, said):
    scene = a_host.scene
    with pytest.raises(RefusedError, match=said):
        fitStart(markups(scene, today), markups(scene, prior), start(scene))


def with_matrix(scene, elements):
    node, matrix = start(scene), vtk.vtkMatrix4x4()
    for (row, column), value in elements.items():
        matrix.SetElement(row, column, value)
    node.SetMatrixTransformToParent(matrix)
    node.SetName("by hand")
    return node


@pytest.mark.parametrize(
    ("elements", "said"),
    [
        ({(0, 0): 1.1}, r"by hand: .* scales, shears or mirrors .* 0\.210, determinant 1\.10"),
        ({(0, 0): -1.0}, r"determinant -1\.00"),
        ({(0, 1): 0.1}, r"off a rotation by 0\.100"),
        ({(2, 3): float("nan")}, "by hand: .* not finite"),
        ({(1, 1): float("nan")}, "by hand: .* not finite"),
    ],
    ids=["scaling", "mirror", "shear", "NaN shift", "NaN in the matrix"],
)
def test_a_start_that_does_more_than_turn_and_move_is_refused(a_host, elements, said):
    with pytest.raises(RefusedError, match=said):
        referenceToPrior(with_matrix(a_host.scene, elements))


def grid_node(scene):
    """A transform node that bends."""
    image = vtk.vtkImageData()
    image.SetDimensions(3, 3, 3)
    image.AllocateScalars(vtk.VTK_DOUBLE, 3)
    image.GetPointData().GetScalars().Fill(1.0)
    grid = slicer.vtkOrientedGridTransform()
    grid.SetDisplacementGridData(image)
    node = scene.AddNewNodeByClass("vtkMRMLTransformNode", "bent")
    node.SetAndObserveTransformToParent(grid)
    return node


def test_a_start_that_bends_is_refused_and_not_taken_as_no_transform_at_all(a_host):
    scene = a_host.scene
    with pytest.raises(RefusedError, match="bent bends"):
        referenceToPrior(grid_node(scene))
    under = start(scene)
    under.SetAndObserveTransformNodeID(grid_node(scene).GetID())
    with pytest.raises(RefusedError, match="stands under a transform that does"):
        referenceToPrior(under)
