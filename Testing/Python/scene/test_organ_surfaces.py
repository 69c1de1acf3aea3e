"""Organs in 3D carry the colour of the tolerance map at each point."""

import numpy as np
import pytest

slicer = pytest.importorskip("slicer")

from ReirradiationCore.grids import Volume  # noqa: E402
from ReirradiationHeadless.views import ThreeDView  # noqa: E402
from ReirradiationPlannerLib.ColorTables import ColorTables, displayData  # noqa: E402
from ReirradiationPlannerLib.OrganSurfaces import (  # noqa: E402
    COLORS,
    VALUES,
    OrganSurfaces,
    colorsOf,
)
from ReirradiationPlannerLib.SegmentationNodes import SegmentationNodes  # noqa: E402
from ReirradiationPlannerLib.VolumeNodes import VolumeNodes  # noqa: E402
from scene_shapes import box_structure  # noqa: E402
from vtk.util.numpy_support import vtk_to_numpy  # noqa: E402

GREY = np.round(255 * np.array(displayData("colors.json")["withoutLimit"]["color"]))


@pytest.fixture
def a_segmentation(a_host, a_cylinder_ct):
    ct = VolumeNodes(a_host.scene).addImage(a_cylinder_ct, "CT")
    boxes = (
        box_structure(1, "Cord", (-30, -20, -30), (30, 20, 30)),
        box_structure(2, "Other", (40, 40, -9), (50, 50, 9)),
    )
    return SegmentationNodes(a_host.scene).add(boxes, "Structures", ct)


@pytest.fixture
def a_half_used_map(a_cylinder_ct):
    """130 % on the patient's left, 60 % on the right, known inside the cord's box only."""
    grid = a_cylinder_ct.grid
    points = grid.centers_lps().reshape(*grid.shape, 3)
    percent = np.where(points[..., 0] > 0, 130.0, 60.0)
    inside = (np.abs(points) < [30.1, 20.1, 30.1]).all(axis=-1)
    return Volume(np.where(inside, percent, np.nan).astype(np.float32), grid)


def arrays(model):
    data, points = model.GetPolyData().GetPointData(), model.GetPolyData().GetPoints()
    place = vtk_to_numpy(points.GetData()) * [-1.0, -1.0, 1.0]
    return place, *(vtk_to_numpy(data.GetArray(name)) for name in (VALUES, COLORS))


def test_each_point_has_the_value_just_inside_the_organ(a_host, a_segmentation, a_half_used_map):
    (model,) = OrganSurfaces(a_host.scene).add(a_segmentation, ("Cord",), a_half_used_map)
    place, values, _ = arrays(model)
    assert np.isfinite(values).all()
    assert set(values[place[:, 0] > 3]) == {130.0}
    assert set(values[place[:, 0] < -3]) == {60.0}


def test_what_is_not_known_is_grey_and_never_blue(a_host, a_segmentation, a_half_used_map):
    a_half_used_map.array[:, :, 30:] = np.nan
    (model,) = OrganSurfaces(a_host.scene).add(a_segmentation, ("Cord",), a_half_used_map)
    place, values, colors = arrays(model)
    left = place[:, 0] > 3
    assert np.isnan(values[left]).all()
    assert np.array_equal(np.unique(colors[left, :3], axis=0), [GREY])


def test_colours_are_those_of_the_map_and_over_the_limit_is_opaque():
    colors = colorsOf(np.array([0.0, 99.9, 100.1, 400.0]))
    expected = [ColorTables.colorAt("Tolerance", share) for share in (0.0, 99.9 / 150, 1.0)]
    assert colors[[0, 1, 3], :3] == pytest.approx(np.round(255 * np.array(expected)), abs=1)
    # orange has more red than blue, blue the other way
    assert colors[2, 0] > colors[2, 2]
    assert colors[1, 0] < colors[1, 2]
    assert colors[0, 3] < colors[1, 3] <= colors[2, 3] == 255


def test_a_changed_map_recolours_the_surface_in_place(a_host, a_segmentation, a_half_used_map):
    (model,) = OrganSurfaces(a_host.scene).add(a_segmentation, ("Cord",), a_half_used_map)
    half = Volume(a_half_used_map.array / 2, a_half_used_map.grid)
    OrganSurfaces(a_host.scene).color(model, half)
    assert set(arrays(model)[1]) == {65.0, 30.0}
    assert model.GetPolyData().GetPointData().GetNumberOfArrays() == 3


@pytest.mark.usefixtures("a_screen")
def test_a_3d_view_shows_orange_on_the_side_over_the_limit(a_host, a_segmentation, a_half_used_map):
    OrganSurfaces(a_host.scene).add(a_segmentation, ("Cord",), a_half_used_map)
    a_segmentation.GetDisplayNode().SetVisibility(False)
    view = ThreeDView(a_host, "1", (300, 300))
    assert view.pixels().min() > 250
    OrganSurfaces(a_host.scene).show(True, structure="Cord")
    view.look_from((0.0, -1.0, 0.0))
    pixels = view.pixels().astype(int)
    orange = (pixels[..., 0] - pixels[..., 2]) > 80
    # seen from the front the patient's left is on the right
    assert orange[:, 160:].sum() > 1000
    assert not orange[:, :140].any()
    blue = (pixels[..., 2] - pixels[..., 0]) > 40
    assert blue[:, :140].sum() > 1000
