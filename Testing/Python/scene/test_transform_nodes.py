"""A prior node under its transform node lies where resampling puts it."""

import numpy as np
import pytest
import SimpleITK as sitk

slicer = pytest.importorskip("slicer")

from ReirradiationCore.grids import Grid  # noqa: E402
from ReirradiationPlannerLib.TransformNodes import TransformNodes  # noqa: E402
from vtk.util.numpy_support import numpy_to_vtk, vtk_to_numpy  # noqa: E402

DOMAIN = Grid((40, 40, 30), (3.0, 3.0, 3.0), (-60.0, -60.0, -45.0))


def affine():
    euler = sitk.Euler3DTransform((5.0, -3.0, 2.0), 0.1, -0.05, 0.2, (4.0, 7.0, -9.0))
    return sitk.AffineTransform(euler.GetMatrix(), euler.GetTranslation(), euler.GetCenter())


def field_transform():
    k, j, i = np.indices(DOMAIN.shape) / 10.0
    vectors = np.stack([4 * np.sin(j), 3 * np.cos(k), 2 * np.sin(i)], axis=-1)
    image = sitk.GetImageFromArray(vectors, isVector=True)
    image.SetOrigin(DOMAIN.origin_lps)
    image.SetSpacing(DOMAIN.spacing_mm)
    return sitk.DisplacementFieldTransform(image)


def composite():
    both = sitk.CompositeTransform(3)
    both.AddTransform(affine())
    both.AddTransform(field_transform())
    return both


def from_parent(node, points_lps):
    general = node.GetTransformFromParent()
    ras = [general.TransformPoint(-x, -y, z) for x, y, z in points_lps]
    return np.array(ras) * [-1, -1, 1]


@pytest.mark.parametrize(
    ("transform", "class_name", "tolerance_mm"),
    [
        (affine(), "vtkMRMLLinearTransformNode", 1e-9),
        (field_transform(), "vtkMRMLGridTransformNode", 1e-4),
        (composite(), "vtkMRMLGridTransformNode", 0.1),
    ],
)
def test_points_go_from_reference_to_prior(a_host, transform, class_name, tolerance_mm):
    node = TransformNodes(a_host.scene).addPriorToReference(transform, DOMAIN, "prior to reference")
    points = np.random.default_rng(1).uniform(-35, 35, (50, 3))
    expected = np.array([transform.TransformPoint(point) for point in points.tolist()])
    assert node.IsA(class_name)
    assert np.abs(from_parent(node, points) - expected).max() < tolerance_mm


def test_a_large_field_is_sampled_coarser_so_that_the_scene_stays_small(a_host, monkeypatch):
    monkeypatch.setattr("ReirradiationPlannerLib.TransformNodes.LARGEST_FIELD", 10_000)
    node = TransformNodes(a_host.scene).addPriorToReference(field_transform(), DOMAIN, "coarse")
    grid = node.GetTransformFromParentAs("vtkOrientedGridTransform", False, False)
    assert np.prod(grid.GetDisplacementGrid().GetDimensions()) <= 12_000
    points = np.random.default_rng(2).uniform(-35, 35, (50, 3))
    expected = np.array([field_transform().TransformPoint(p) for p in points.tolist()])
    assert np.abs(from_parent(node, points) - expected).max() < 0.2


@pytest.mark.parametrize("transform", [affine(), field_transform()])
def test_a_hardened_segment_is_where_nearest_neighbour_resampling_puts_it(a_host, transform):
    prior = sitk.GetImageFromArray(_ball((8.0, -6.0, 4.0), 20.0))
    prior.SetOrigin(DOMAIN.origin_lps)
    prior.SetSpacing(DOMAIN.spacing_mm)
    expected = sitk.GetArrayFromImage(
        sitk.Resample(prior, prior, transform, sitk.sitkNearestNeighbor)
    )
    segmentation = _segmentation(a_host.scene, prior)
    node = TransformNodes(a_host.scene).addPriorToReference(transform, DOMAIN, "prior to reference")
    segmentation.SetAndObserveTransformNodeID(node.GetID())
    segmentation.HardenTransform()
    mapped = _labels(segmentation, prior)
    dice = 2 * np.sum(mapped & expected) / (mapped.sum() + expected.sum())
    assert dice == pytest.approx(1.0, abs=0.002)


def _ball(center, radius):
    points = DOMAIN.centers_lps().reshape(*DOMAIN.shape, 3)
    return (np.linalg.norm(points - np.array(center), axis=-1) < radius).astype(np.uint8)


def _oriented(image):
    oriented = slicer.vtkOrientedImageData()
    oriented.SetDimensions(image.GetSize())
    matrix = np.diag([-1.0, -1.0, 1.0, 1.0]) @ np.diag([*image.GetSpacing(), 1.0])
    matrix[:3, 3] = np.array(image.GetOrigin()) * [-1, -1, 1]
    oriented.SetGeometryFromImageToWorldMatrix(slicer.util.vtkMatrixFromArray(matrix))
    array = sitk.GetArrayFromImage(image).ravel()
    oriented.GetPointData().SetScalars(numpy_to_vtk(array, deep=1))
    return oriented


def _segmentation(scene, image):
    node = scene.AddNewNodeByClass("vtkMRMLSegmentationNode")
    node.AddSegmentFromBinaryLabelmapRepresentation(_oriented(image), "ball")
    return node


def _labels(segmentation, image):
    found = slicer.vtkOrientedImageData()
    segment = segmentation.GetSegmentation().GetNthSegmentID(0)
    segmentation.GetBinaryLabelmapRepresentation(segment, found)
    out = slicer.vtkOrientedImageData()
    slicer.vtkOrientedImageDataResample.ResampleOrientedImageToReferenceOrientedImage(
        found, _oriented(image), out, False
    )
    return vtk_to_numpy(out.GetPointData().GetScalars()).reshape(DOMAIN.shape).astype(np.uint8)
