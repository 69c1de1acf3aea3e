"""Structures of a prior course on the reference image: in their place, and dashed."""

import dataclasses

import numpy as np
import pytest
import SimpleITK as sitk

slicer = pytest.importorskip("slicer")

from ReirradiationCore.courses import StructureKind  # noqa: E402
from ReirradiationHeadless.views import SliceView  # noqa: E402
from ReirradiationPlannerLib.CaseNodes import CaseNodes  # noqa: E402
from ReirradiationPlannerLib.PriorContours import PriorContours, onReference  # noqa: E402
from ReirradiationPlannerLib.SegmentationNodes import SegmentationNodes  # noqa: E402
from ReirradiationPlannerLib.VolumeNodes import VolumeNodes  # noqa: E402
from scene_shapes import box_structure  # noqa: E402
from vtk.util.numpy_support import vtk_to_numpy  # noqa: E402

GREEN = (0, 255, 0)


@pytest.fixture
def a_target():
    return box_structure(
        3, "PTV", (-30, -20, -15), (10, 20, 15), color=GREEN, kind=StructureKind.TARGET
    )


def points_lps(surface):
    return vtk_to_numpy(surface.GetPoints().GetData()) * [-1.0, -1.0, 1.0]


def add(host, structures, transform=None):
    return PriorContours(host.scene).add(structures, transform, 3.0, "prior-1", "first course")


def test_a_structure_lies_where_the_registration_puts_it(a_host, a_target):
    # a point x of the reference image lies at x + (7, -5, 2) on the prior image
    (model,) = add(a_host, (a_target,), sitk.TranslationTransform(3, (7.0, -5.0, 2.0)))
    points = points_lps(model.GetPolyData())
    assert points.min(axis=0) == pytest.approx([-37.0, -15.0, -18.5], abs=1.1)
    assert points.max(axis=0) == pytest.approx([3.0, 25.0, 14.5], abs=1.1)


def test_what_the_registration_does_not_reach_is_left_out(a_target):
    field = sitk.Image((21, 21, 21), sitk.sitkVectorFloat64)
    field.SetSpacing((5.0, 5.0, 5.0))
    field.SetOrigin((-100.0, -50.0, -50.0))
    surface = SegmentationNodes.surface(a_target, 3.0)
    # the field ends half a voxel beyond L 0
    points = points_lps(onReference(surface, sitk.DisplacementFieldTransform(field)))
    assert points[:, 0].max() <= 2.5
    assert points[:, 0].min() == pytest.approx(-30.0, abs=1.1)


def test_targets_are_shown_and_organs_are_hidden_at_first(a_host, a_target):
    organ = dataclasses.replace(a_target, roi_number=4, name="Rectum", kind=StructureKind.OAR)
    models = add(a_host, (a_target, organ))
    assert [bool(m.GetDisplayNode().GetVisibility()) for m in models] == [True, False]
    PriorContours(a_host.scene).show(True, course="prior-1", structure="Rectum")
    assert models[1].GetDisplayNode().GetVisibility()
    assert models[0].GetAttribute(CaseNodes.STRUCTURE) == "PTV"


@pytest.mark.usefixtures("a_screen")
@pytest.mark.parametrize("orientation", ["Axial", "Coronal", "Sagittal"])
def test_every_slice_shows_dashes(a_host, a_cylinder_ct, a_target, orientation):
    ct = VolumeNodes(a_host.scene).addImage(a_cylinder_ct, "CT")
    add(a_host, (a_target,))
    view = SliceView(a_host, "Test", orientation, (400, 400))
    view.composite.SetBackgroundVolumeID(ct.GetID())
    view.look_at((-10.5, 1.5, 0.5), 0.25)
    pixels = view.pixels().astype(int)
    green = (pixels[..., 1] > 150) & (pixels[..., 0] < 100)
    rows, columns = np.nonzero(green)
    drawn = green[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    # along each edge of the box lines and gaps take turns
    for edge in (drawn[:5].any(axis=0), drawn[:, :5].any(axis=1)):
        assert 0.25 < edge.mean() < 0.75
        assert (np.diff(edge.astype(int)) == 1).sum() >= 3
