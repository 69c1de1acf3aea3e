"""Views and maps of a review without a browser: side by side, overlap, hatches, sizes."""

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("trame_slicer", reason="the web viewer is not installed")

import slicer
from ReirradiationPlannerLib.CaseNodes import CaseNodes
from ReirradiationPlannerLib.VolumeNodes import VolumeNodes
from reviewing import saved_map, settle

PAIR = ("ReirrLeftAxial", "ReirrRightAxial")


def composite(actions, name):
    return actions._views.view(name)._logic.GetSliceCompositeNode()


@pytest.fixture
def side_by_side(page):
    actions, _session, _loop = page
    actions.state.arrangement = "eqd2_prior-1"
    actions.maps.show_map()
    yield actions
    actions.state.arrangement = "four"
    actions.maps.show_map()


def shown_nodes(actions, name):
    """What a slice view shows: role of the image, name of the map."""
    node = composite(actions, name)
    scene = actions._scene.scene
    image, painted = (
        scene.GetNodeByID(found)
        for found in (node.GetBackgroundVolumeID(), node.GetForegroundVolumeID())
    )
    return image.GetAttribute(CaseNodes.ROLE), painted.GetAttribute(VolumeNodes.MAP_ATTRIBUTE)


def test_prior_image_and_dose_stand_beside_those_of_today(side_by_side):
    left, right = (shown_nodes(side_by_side, name) for name in PAIR)
    assert left == (CaseNodes.PRIOR_IMAGE, "eqd2_prior-1")
    assert right == (CaseNodes.IMAGE, "eqd2_planned")
    heads = side_by_side.state.heads
    assert heads["ReirrLeftAxial"].startswith("Axial: EQD2, prior-1")
    assert heads["ReirrRightAxial"].startswith("Axial: EQD2, planned")


def drawn_at(actions, name, point):
    """Red, green, blue, opacity that a slice view blends at a point."""
    x, y = (round(p) for p in actions._views.pixel_of(name, point))
    blend = actions._views.view(name)._logic.GetBlend()
    blend.Update()
    return [blend.GetOutput().GetScalarComponentAsDouble(x, y, 0, n) for n in range(4)]


def test_hatch_of_what_is_not_known_is_drawn_where_the_prior_image_ends(side_by_side):
    scene, views = side_by_side._scene.scene, side_by_side._views
    hatch = scene.GetNodeByID(composite(side_by_side, PAIR[0]).GetLabelVolumeID())
    k, j, i = (
        places[-1] for places in np.nonzero(slicer.util.arrayFromVolume(hatch))
    )  # in the topmost plane, where the prior image has ended
    point = VolumeNodes.toVolume(hatch).grid.points_at(np.array([[i, j, k]], float))[0]
    views.view(PAIR[0]).interactor().UpdateSize(400, 300)
    views.view(PAIR[1]).interactor().UpdateSize(400, 300)
    side_by_side.fit()
    side_by_side.go(list(point))
    prior = CaseNodes(scene).first(CaseNodes.PRIOR_IMAGE)
    assert prior.GetParentTransformNode() is not None
    red, green, blue, opacity = drawn_at(side_by_side, PAIR[0], tuple(point))
    assert min(red, green, blue) > 60
    assert opacity > 0


def test_pictures_are_said_to_be_of_the_chosen_layout_only_after_they_are_drawn(page):
    actions, _session, loop = page
    before = actions.state.drawn
    actions.state.map_key = "tolerance_percent"
    actions.maps._follow_page()
    assert actions.state.drawn == before
    settle(loop, actions)
    assert actions.state.drawn == [actions.state.arrangement, "tolerance_percent"]
    actions.state.map_key = "cumulative_eqd2"
    actions.maps._follow_page()
    settle(loop, actions)


def test_values_under_a_mouse_at_rest_follow_the_slice_that_moves_below_it(page):
    actions, _session, loop = page
    actions._views._hover("Axial")
    settle(loop, actions)
    before = actions.maps.hovered
    actions.step("Axial", 4)
    settle(loop, actions)
    after = actions.maps.hovered
    assert after[:2] == pytest.approx(before[:2])
    assert after[2] == pytest.approx(actions._views.position("Axial").value)
    assert after[2] != pytest.approx(before[2])
    assert f"{after[2]:.1f} mm, under the mouse" in actions.state.point_text
    actions.leave()
    settle(loop, actions)
    actions.step("Axial", -4)
    settle(loop, actions)
    assert actions.maps.hovered is None


def test_largest_prescription_of_the_choices_before_goes_at_once(page):
    actions, _session, loop = page
    before = actions.state.isotoxic
    assert before.startswith("Largest prescription")
    actions.choices.set_recovery("SacralPlex_L", 0)
    assert actions.state.isotoxic == "Largest prescription: being calculated"
    settle(loop, actions)
    assert "fractions" in actions.state.isotoxic


def test_choices_made_before_the_page_can_paint_are_painted_when_it_can(page):
    actions, _session, loop = page
    painter, actions.maps.keeper.painter = actions.maps.keeper.painter, None
    assert painter
    actions.choices.set_scale("0.9")
    settle(loop, actions)
    assert actions.state.stale is True
    assert not any("no organ" in one["detail"] for one in actions.state.readout)
    loop.run_until_complete(actions.prepare())
    assert actions.state.stale is False


def test_legend_says_that_doses_beyond_its_colours_have_the_last_one(page):
    actions, _session, loop = page
    assert actions.state.legends[0]["labels"][-1]["text"] == "140"
    actions.choices.set_scale("3")
    settle(loop, actions)
    assert actions.state.legends[0]["labels"][-1]["text"] == "140 +"


def test_without_recovery_stands_beside_with_recovery(side_by_side):
    side_by_side.state.arrangement = "recovery"
    side_by_side.maps.show_map()
    shown = [shown_nodes(side_by_side, name)[1] for name in PAIR]
    assert shown == ["cumulative_no_recovery", "cumulative_eqd2"]
    assert len(side_by_side.state.legends) == 1  # one range of colours for both


@pytest.mark.parametrize("moved", PAIR)
def test_what_moves_on_one_side_moves_on_the_other(side_by_side, moved):
    views = side_by_side._views
    side_by_side.step(moved, 3)
    left, right = (views.slice_node(name) for name in PAIR)
    assert left.GetSliceOffset() == right.GetSliceOffset()
    side_by_side.go([20.0, -30.0, 50.0])
    assert left.GetSliceOffset() == right.GetSliceOffset() == pytest.approx(50.0)
    # as the mouse does it: only what is flagged as an interaction is linked
    logic, other = views.view(moved)._logic, next(name for name in PAIR if name != moved)
    logic.StartSliceNodeInteraction(views.slice_node(moved).XYZOriginFlag)
    views.slice_node(moved).SetXYZOrigin(12.0, -7.0, 0.0)
    logic.EndSliceNodeInteraction()
    assert views.slice_node(other).GetXYZOrigin() == (12.0, -7.0, 0.0)


def test_a_new_size_keeps_place_and_zoom(page):
    actions, _session, _loop = page
    view, node = actions._views.view("Axial"), actions._views.slice_node("Axial")

    def resize(width, height):
        view.interactor().UpdateSize(width, height)
        view.interactor().InvokeEvent("WindowResizeEvent")

    resize(400, 300)
    actions.fit()
    whole = node.GetFieldOfView()[:2]
    node.SetFieldOfView(whole[0] / 2, whole[1] / 2, node.GetFieldOfView()[2])
    node.SetXYZOrigin(12.0, -7.0, 0.0)
    resize(10, 10)  # hidden
    resize(800, 600)
    assert node.GetFieldOfView()[:2] == pytest.approx([x / 2 for x in whole], rel=0.01)
    assert node.GetXYZOrigin() == (12.0, -7.0, 0.0)
    actions.fit()
    assert node.GetFieldOfView()[:2] == pytest.approx(whole, rel=0.01)


def test_values_at_the_crosshair_follow_one_that_was_moved_with_shift_and_the_mouse(page):
    actions, _session, _loop = page
    actions.go([20.0, -30.0, 50.0])
    assert actions.state.point_text.startswith("L 20.0, A 30.0, S 50.0 mm")
    actions._views._crosshair.SetCrosshairRAS(-10.0, 5.0, 40.0)
    assert actions.state.point_text.startswith("L 10.0, A 5.0, S 40.0 mm")


def test_letters_at_the_edges_are_the_sides_of_the_patient(page):
    actions, _session, _loop = page
    views = actions._views
    for name, letters in {one["name"]: one["edges"] for one in actions.state.views}.items():
        if not letters:
            continue
        width, height = views.slice_node(name).GetDimensions()[:2]
        center = np.array(views.point_in(name, width / 2, height / 2))
        ends = ((0, height / 2), (width, height / 2), (width / 2, height), (width / 2, 0))
        for letter, end in zip(letters, ends, strict=True):
            toward = np.array(views.point_in(name, *end)) - center
            axis = int(np.argmax(np.abs(toward)))
            assert ("RL", "AP", "IS")[axis][int(toward[axis] > 0)] == letter


# --- overlap and hatches --------------------------------------------------------------------------


def test_overlap_follows_the_chosen_isodoses_also_after_less_dose(page, demo_folder):
    actions, _session, loop = page
    prior, planned = (saved_map(demo_folder, f"eqd2_{c}") for c in ("prior-1", "planned"))
    node = actions._scene.maps["overlap_eqd2"]

    def overlapping():
        return np.nan_to_num(slicer.util.arrayFromVolume(node)) > 0

    actions.state.map_key = "overlap_eqd2"
    actions.maps.set_overlap("prior", "40")
    actions.maps.set_overlap("planned", 20)
    assert np.array_equal(overlapping(), (prior >= 40) & (planned >= 20))
    lines = CaseNodes(actions._scene.scene).all(CaseNodes.COURSE_LINE)
    assert [line.GetName() for line in lines] == [
        "Prior courses 40 Gy EQD2", "Planned course 20 Gy EQD2",
    ]  # fmt: skip
    before = np.count_nonzero(overlapping())
    actions.choices.set_scale("0.8")
    settle(loop, actions)
    assert 0 < np.count_nonzero(overlapping()) < before
    assert slicer.util.arrayFromVolume(node)[overlapping()].min() >= 20 - 1e-3
    actions.maps.set_overlap("prior", 5)
    actions.maps.set_overlap("planned", 5)
    actions.state.map_key = "cumulative_eqd2"
    actions.maps.show_map()


@pytest.mark.parametrize(
    "given", [("prior", "0"), ("prior", "-3"), ("planned", "much"), ("planned", "nan")]
)
def test_overlap_of_no_dose_is_refused_and_the_chosen_one_stays(page, given):
    actions, _session, _loop = page
    actions.maps.set_overlap(*given)
    assert "needs doses above zero" in actions.state.message
    assert (actions.state.overlap_prior, actions.state.overlap_planned) == (5, 5)
    actions.state.message = ""


def hatch_texts(actions, key):
    actions.state.map_key = key
    actions.maps.show_map()
    return [one["text"] for one in actions.state.legends[0]["hatches"]]


def test_the_legend_names_each_hatch_that_is_shown(page):
    actions, _session, _loop = page
    unknown, over = "hatched: not known", "dark hatch: over the limit"
    assert hatch_texts(actions, "tolerance_percent") == [unknown, over]
    assert hatch_texts(actions, "remaining_dose") == [unknown]
    assert hatch_texts(actions, "cumulative_eqd2") == [unknown]


def test_hatch_over_the_limit_goes_when_less_dose_keeps_the_limit_and_comes_back(page):
    actions, _session, loop = page
    over = "dark hatch: over the limit"
    assert over in hatch_texts(actions, "tolerance_percent")
    actions.choices.set_scale("0.5")
    settle(loop, actions)
    highest = np.nanmax(slicer.util.arrayFromVolume(actions._scene.maps["tolerance_percent"]))
    assert highest <= 100.0
    assert over not in hatch_texts(actions, "tolerance_percent")
    actions.choices.reset()
    settle(loop, actions)
    assert over in hatch_texts(actions, "tolerance_percent")
    hatch_texts(actions, "cumulative_eqd2")


def test_maps_that_cannot_be_painted_again_stay_marked_and_say_why(page, monkeypatch):
    actions, session, loop = page
    planned = session.saved.planned
    two_phases = replace(session.saved, sampled=with_phases(session.saved, planned.phases * 2))
    monkeypatch.setattr(session, "saved", two_phases)
    monkeypatch.setattr(actions.maps.keeper, "painter", None)
    actions.maps.keeper.prepare()
    actions.choices.set_scale("0.9")
    settle(loop, actions)
    assert actions.state.stale is True
    assert "planned has 2 phases" in actions.state.why_stale


def with_phases(result, phases):
    """The samples of a result whose planned course has other phases."""
    read = result.sampled.source.read
    courses = (*read.courses[:-1], replace(read.courses[-1], phases=phases))
    source = replace(result.sampled.source, read=replace(read, courses=courses))
    return replace(result.sampled, source=source)
