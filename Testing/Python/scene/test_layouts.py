"""Arrangements of views: one description for every host, linked, and filled with the right maps."""

import xml.etree.ElementTree as ET

import numpy as np
import pytest

slicer = pytest.importorskip("slicer")

from ReirradiationCore.grids import Volume  # noqa: E402
from ReirradiationCore.pictures_data import PriorImage  # noqa: E402
from ReirradiationHeadless.views import SliceView  # noqa: E402
from ReirradiationPlannerLib import Layouts as layouts  # noqa: E402
from ReirradiationPlannerLib.CaseNodes import CaseNodes  # noqa: E402
from ReirradiationPlannerLib.DoseDisplay import DoseDisplay  # noqa: E402
from ReirradiationPlannerLib.Layouts import Layouts  # noqa: E402
from ReirradiationPlannerLib.ResultNodes import ResultNodes  # noqa: E402

ALL = list(Layouts.NAMES)
SIZE = (300, 300)


@pytest.fixture
def two_sides(a_host, a_request):
    """A case in a scene with a left and a right axial view; the prior CT is 300 HU brighter."""
    prior_ct = Volume(a_request.ct.array + np.int16(300), a_request.ct.grid)
    maps = dict(a_request.maps)
    maps["cumulative_no_recovery"] = maps["cumulative_eqd2"]
    request = type(a_request)(
        **{**vars(a_request), "maps": maps, "priors": (PriorImage("prior-1", prior_ct),)}
    )
    nodes = ResultNodes(a_host.scene)
    nodes.addCase(request)
    nodes.addPriors(request)
    names = (f"{layouts.LEFT}Axial", f"{layouts.RIGHT}Axial")
    left, right = (SliceView(a_host, name, "Axial", SIZE) for name in names)
    for view in (left, right):
        view.look_at((0.0, 0.0, 0.0), 0.6)
    return a_host.scene, left, right


@pytest.mark.parametrize("layout", ALL)
def test_a_description_names_each_view_once_with_its_orientation(layout):
    views = ET.fromstring(Layouts.description(layout)).iter("view")
    found = {
        view.get("singletontag"): view.find("property[@name='orientation']").text
        for view in views
        if view.get("class") == "vtkMRMLSliceNode"
    }
    assert found == Layouts.sliceViews(layout)


def test_views_of_one_orientation_are_in_one_group_for_linking():
    root = ET.fromstring(Layouts.description(layouts.PRIOR_BESIDE_CURRENT))
    groups = {}
    for view in root.iter("view"):
        group = view.find("property[@name='viewgroup']").text
        groups.setdefault(group, []).append(view.get("singletontag"))
    assert sorted(groups.values()) == [
        ["ReirrLeftAxial", "ReirrRightAxial"],
        ["ReirrLeftCoronal", "ReirrRightCoronal"],
    ]


def test_the_application_takes_the_layouts_and_keeps_the_current_one():
    node = slicer.vtkMRMLLayoutNode()
    node.SetViewArrangement(node.SlicerLayoutFourUpView)
    Layouts.register(node)
    Layouts.register(node)
    assert node.GetViewArrangement() == node.SlicerLayoutFourUpView
    assert [node.GetLayoutDescription(n) for n in ALL] == [Layouts.description(n) for n in ALL]


@pytest.mark.parametrize("layout", ALL)
def test_the_web_viewer_understands_the_same_description(layout):
    views = pytest.importorskip("trame_slicer.views")
    parsed = views.slicer_layout_to_vue(Layouts.description(layout)).get_views(is_recursive=True)
    names = {view.singleton_tag for view in parsed}
    assert set(Layouts.sliceViews(layout)) <= names


@pytest.mark.usefixtures("a_screen")
def test_prior_and_current_stand_beside_each_other_each_with_its_dose(two_sides):
    scene, left, right = two_sides
    Layouts(scene).showPriorBesideCurrent("prior-1")
    nodes = CaseNodes(scene)
    background = [v.composite.GetBackgroundVolumeID() for v in (left, right)]
    images = [nodes.first(role) for role in (CaseNodes.PRIOR_IMAGE, CaseNodes.IMAGE)]
    assert background == [node.GetID() for node in images]
    maps = [nodes.maps()[key].GetID() for key in ("eqd2_prior-1", "eqd2_planned")]
    assert [v.composite.GetForegroundVolumeID() for v in (left, right)] == maps
    row, column = left.pixel_of((-50.0, 0.0, 0.0))
    # water shows as 102 at 400/40; 300 HU is above the window
    assert [int(v.pixels()[row, column, 0]) for v in (left, right)] == [255, 102]


@pytest.mark.usefixtures("a_screen")
def test_side_by_side_views_are_linked(two_sides):
    scene, left, right = two_sides
    Layouts(scene).showRecoveryBesideNone()
    for view in (left, right):
        assert view.composite.GetLinkedControl()
        assert view.composite.GetHotLinkedControl()
    maps = CaseNodes(scene).maps()
    shown = [v.composite.GetForegroundVolumeID() for v in (left, right)]
    assert shown == [maps[k].GetID() for k in ("cumulative_no_recovery", "cumulative_eqd2")]


@pytest.mark.usefixtures("a_screen")
def test_lines_are_drawn_in_the_view_of_their_map_only_until_another_is_shown(two_sides):
    scene, left, right = two_sides
    Layouts(scene).showRecoveryBesideNone()
    display = DoseDisplay(scene)
    lines = display.isodoses(CaseNodes(scene).maps()["cumulative_eqd2"])[0].GetDisplayNode()
    assert lines.IsDisplayableInView(right.node.GetID())
    assert not lines.IsDisplayableInView(left.node.GetID())
    display.showMap("cumulative_eqd2", [left.composite])
    assert lines.IsDisplayableInView(left.node.GetID())


def test_before_the_views_are_made_nothing_is_changed(a_host, a_request):
    ResultNodes(a_host.scene).addCase(a_request)
    Layouts(a_host.scene).showRecoveryBesideNone()
    assert a_host.scene.GetFirstNodeByClass("vtkMRMLSliceCompositeNode") is None
