"""One click brings every view and the crosshair to the place."""

import numpy as np
import pytest

slicer = pytest.importorskip("slicer")

from ReirradiationCore.grids import Volume  # noqa: E402
from ReirradiationCore.pictures_data import HotSpot  # noqa: E402
from ReirradiationHeadless.host import SLICE_VIEWS  # noqa: E402
from ReirradiationHeadless.views import SliceView  # noqa: E402
from ReirradiationPlannerLib.HotSpotMarkers import HotSpotMarkers  # noqa: E402
from ReirradiationPlannerLib.Navigation import Navigation  # noqa: E402
from ReirradiationPlannerLib.VolumeNodes import VolumeNodes  # noqa: E402

POINT = (12.0, -34.0, 56.0)
RAS = [-12.0, 34.0, 56.0]
SPOTS = (
    HotSpot("Cord", (1.0, 2.0, 3.0), "67.0 Gy EQD2", "D0.1cc 66.1 Gy"),
    HotSpot("Bowel_Small", POINT, "40.0 Gy EQD2", "D0.1cc 39.9 Gy"),
)


@pytest.fixture
def slices(a_host):
    return [a_host.add_slice_logic(*view).GetSliceNode() for view in SLICE_VIEWS.items()]


def centers(slices):
    return [[n.GetSliceToRAS().GetElement(axis, 3) for axis in range(3)] for n in slices]


def test_a_jump_moves_all_slice_views_and_the_crosshair(a_host, slices):
    Navigation(a_host.scene).jumpTo(POINT)
    assert np.array(centers(slices)) == pytest.approx(np.array([RAS] * 3))
    crosshair = a_host.scene.GetFirstNodeByClass("vtkMRMLCrosshairNode")
    assert list(crosshair.GetCrosshairRAS()) == pytest.approx(RAS)


def test_the_crosshair_is_shown_only_if_asked_for(a_host, slices):
    crosshair = a_host.scene.GetFirstNodeByClass("vtkMRMLCrosshairNode")
    before = crosshair.GetCrosshairMode()
    Navigation(a_host.scene).jumpTo(POINT)
    assert crosshair.GetCrosshairMode() == before
    Navigation(a_host.scene).jumpTo(POINT, crosshair=True)
    assert crosshair.GetCrosshairMode() == crosshair.ShowBasic


def test_a_click_on_an_organ_goes_to_its_hot_spot(a_host, slices):
    HotSpotMarkers(a_host.scene).add(SPOTS, "Hot spots")
    assert Navigation(a_host.scene).jumpToHotSpot("Bowel_Small")
    assert np.array(centers(slices)) == pytest.approx(np.array([RAS] * 3))
    assert not Navigation(a_host.scene).jumpToHotSpot("Rectum")


def test_markers_carry_organ_and_value_and_come_back_as_hot_spots(a_host):
    node = HotSpotMarkers(a_host.scene).add(SPOTS, "Hot spots")
    assert node.GetNthControlPointLabel(0) == "Cord D0.1cc 66.1 Gy"
    assert Navigation(a_host.scene).hotSpots() == list(SPOTS)


def test_names_at_the_markers_can_be_switched(a_host):
    node = HotSpotMarkers(a_host.scene).add(SPOTS, "Hot spots")
    display = node.GetDisplayNode()
    HotSpotMarkers.showNames(node, True)
    assert display.GetTextScale() > 0
    assert display.GetPointLabelsVisibility()
    HotSpotMarkers.showNames(node, False)
    assert not display.GetPointLabelsVisibility()


def test_values_at_a_point_are_those_of_its_voxel_and_none_where_not_known(
    a_host, an_oblique_volume
):
    grid, array = an_oblique_volume.grid, an_oblique_volume.array.astype(np.float32)
    array[4, 5, 6] = np.nan
    VolumeNodes(a_host.scene).addMap(Volume(array, grid), "Dose", "eqd2_planned", "Gy")
    values = Navigation(a_host.scene).valuesAt
    for k, j, i in ((0, 0, 0), (2, 3, 4), (4, 5, 5)):
        near = np.array([[i + 0.3, j - 0.3, k + 0.3]])
        assert values(tuple(grid.points_at(near)[0])) == {"eqd2_planned": array[k, j, i]}
    assert values(tuple(grid.points_at(np.array([[6.0, 5.0, 4.0]]))[0])) == {"eqd2_planned": None}
    assert values((500.0, 0.0, 0.0)) == {"eqd2_planned": None}


@pytest.mark.usefixtures("a_screen")
def test_a_hot_spot_is_drawn_as_a_cross_with_its_name_where_it_is(a_host):
    view = SliceView(a_host, "Red", "Axial", (300, 300))
    node = HotSpotMarkers(a_host.scene).add(SPOTS[:1], "Hot spots")
    view.look_at((-19.0, 2.0, 3.0), 0.5)
    row, column = view.pixel_of(SPOTS[0].point_lps)
    for named in (False, True):
        HotSpotMarkers.showNames(node, named)
        rows, columns = np.nonzero(view.pixels().max(axis=-1) > 150)
        distance = np.hypot(rows - row, columns - column)
        assert (distance < 15).sum() > 20
        # the name stands to the right of the cross
        assert ((columns > column + 20).sum() > 100) == named
