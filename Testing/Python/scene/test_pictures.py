"""Pictures of the report."""

import ctypes
import dataclasses
from unittest import mock

import numpy as np
import pytest

pytest.importorskip("slicer")

import SimpleITK as sitk
from ReirradiationCore.courses import StructureKind
from ReirradiationCore.pictures_data import HotSpot, PriorImage, Unavailable
from ReirradiationHeadless import offscreen
from ReirradiationHeadless.panel import HEADER_HEIGHT, PANEL_SIZE
from ReirradiationHeadless.pictures import MM_PER_PIXEL, VIEW_SIZE, render_pictures
from ReirradiationHeadless.scene import build_scene
from ReirradiationPlannerLib.CaseNodes import CaseNodes
from scene_shapes import box_structure


@pytest.fixture
def decoded(tmp_path):
    """Function from a picture to its pixels, (height, width, 3)."""

    def decode(picture):
        path = tmp_path / f"{picture.key}.png"
        path.write_bytes(picture.png)
        return sitk.GetArrayFromImage(sitk.ReadImage(path)).astype(int)

    return decode


@pytest.fixture(scope="module")
def rendered(a_screen, a_request):
    return {picture.key: picture for picture in render_pictures(a_request)}


def test_each_map_that_is_there_gets_its_pictures(rendered):
    assert list(rendered) == [
        "hot-spot-1-axial",
        "hot-spot-1-coronal",
        "hot-spot-1-sagittal",
        "courses-axial",
        "tolerance-percent-axial",
        "tolerance-percent-coronal",
        "overlap-eqd2-axial",
    ]
    assert "remaining-dose-axial" not in rendered


def test_a_picture_is_a_png_of_the_size_it_says(rendered, decoded):
    for picture in rendered.values():
        pixels = decoded(picture)
        assert pixels.shape == (picture.height, picture.width, 3)
    assert rendered["hot-spot-1-axial"].height == HEADER_HEIGHT + VIEW_SIZE[1]
    assert rendered["courses-axial"].width == 2 * VIEW_SIZE[0] + PANEL_SIZE[0]


def test_title_and_caption_say_what_where_and_how_much(rendered):
    picture = rendered["courses-axial"]
    assert picture.title == "EQD2, first course beside EQD2, second course, axial"
    assert "Cube at L 30, P 0, S 0 mm" in picture.caption
    assert "100.0 Gy EQD2" in picture.caption


def test_the_hot_spot_is_red_and_marked_with_a_white_cross(rendered, decoded):
    pixels = decoded(rendered["hot-spot-1-axial"])
    # the cylinder is narrower than the view, which is then centred on it
    column, row = VIEW_SIZE[0] // 2 + round(30 / MM_PER_PIXEL), HEADER_HEIGHT + VIEW_SIZE[1] // 2
    around = pixels[row - 25 : row + 26, column - 25 : column + 26]
    white = np.all(around > 250, axis=-1)
    assert white.sum() > 60
    red = pixels[row - 6 : row + 7, column - 6 : column + 7]
    assert np.median(red[..., 0] - red[..., 2]) > 60


def test_the_outline_of_a_structure_has_its_colour(rendered, decoded):
    pixels = decoded(rendered["tolerance-percent-axial"])
    pure = (pixels[..., 0] > 200) & (pixels[..., 1] < 40) & (pixels[..., 2] < 40)
    rows, columns = np.nonzero(pure[HEADER_HEIGHT:, : VIEW_SIZE[0]])
    # the cube reaches from L 20 to 60, A 20 to P 20
    left, right = columns.min(), columns.max()
    assert (right - left) * MM_PER_PIXEL == pytest.approx(40.0, abs=1.5)
    assert (rows.max() - rows.min()) * MM_PER_PIXEL == pytest.approx(40.0, abs=1.5)
    assert left == pytest.approx(VIEW_SIZE[0] / 2 + 20 / MM_PER_PIXEL, abs=3)


def test_without_hot_spots_the_middle_of_the_body_is_shown(a_screen, a_request):
    pictures = render_pictures(dataclasses.replace(a_request, hot_spots=()))
    assert "middle of the body at L 0, P 0, S 0 mm" in pictures[0].caption


def test_more_hot_spots_get_fewer_planes_each(a_screen, a_request):
    maps = {"cumulative_eqd2": a_request.maps["cumulative_eqd2"]}
    spots = tuple(HotSpot(f"Organ {n}", (30.0, 0.0, 3.0 * n)) for n in range(8))
    pictures = render_pictures(dataclasses.replace(a_request, maps=maps, hot_spots=spots))
    counts = [sum(p.key.startswith(f"hot-spot-{n}-") for p in pictures) for n in range(1, 9)]
    assert counts == [3, 1, 1, 1, 1, 0, 0, 0]


def test_without_a_way_to_render_the_user_is_told_what_to_install(a_request, monkeypatch):
    monkeypatch.delenv(offscreen.WINDOW_VARIABLE, raising=False)
    monkeypatch.setattr(offscreen.sys, "platform", "linux")
    monkeypatch.setattr(offscreen.ctypes.util, "find_library", lambda _name: None)
    answer = render_pictures(a_request)
    assert isinstance(answer, Unavailable)
    assert "apt-get install libegl1 libgl1-mesa-dri" in answer.reason


def test_a_library_without_a_working_device_does_not_count(monkeypatch):
    monkeypatch.setattr(offscreen, "_devices", lambda _query: [])
    assert not offscreen.egl_works()


def test_a_device_whose_display_does_not_open_does_not_count():
    kind = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_uint, ctypes.c_void_p, ctypes.c_void_p)
    opens_nothing = kind(lambda *_: None)
    address = ctypes.cast(opens_nothing, ctypes.c_void_p).value
    assert not offscreen._starts(mock.MagicMock(), address, None)


def test_osmesa_is_used_where_egl_does_not_work(monkeypatch):
    monkeypatch.setenv(offscreen.WINDOW_VARIABLE, "")
    monkeypatch.setattr(offscreen.sys, "platform", "linux")
    monkeypatch.setattr(offscreen, "egl_works", lambda: False)
    monkeypatch.setattr(
        offscreen.ctypes.util, "find_library", lambda name: name if name == "OSMesa" else None
    )
    assert offscreen.prepare_rendering() is None
    assert offscreen.os.environ[offscreen.WINDOW_VARIABLE] == "vtkOSOpenGLRenderWindow"


def test_progress_is_told_before_each_picture(a_screen, a_request):
    told = []
    maps = {"overlap_eqd2": a_request.maps["overlap_eqd2"]}
    request = dataclasses.replace(a_request, maps=maps)
    render_pictures(request, progress=lambda message, fraction=None: told.append(fraction))
    assert told == [0.0]


@pytest.fixture(scope="module")
def of_limits(a_screen, a_request):
    """Pictures of a case whose cube has a limit and recovers."""
    maps = dict(a_request.maps)
    maps["recovery_difference"] = maps["eqd2_planned"]
    maps["cumulative_no_recovery"] = maps["cumulative_eqd2"]
    limit = {
        "structure": "Cube", "metric": "D0.1cc", "quantity": "EQD2", "scope": "cumulative",
        "relation": "<=", "limit": 70.0, "unit": "Gy", "value": 99.0, "verdict": "FAIL",
    }  # fmt: skip
    results = {"hot_spots": [{"structure": "Cube", "limit_gy": 70.0}], "constraints": [limit]}
    request = dataclasses.replace(a_request, maps=maps, results=results)
    case = build_scene(request)
    return {p.key: p for p in render_pictures(request, case)}, case


def test_without_and_with_recovery_stand_side_by_side_where_an_organ_recovers(of_limits, rendered):
    picture = of_limits[0]["recovery-axial"]
    assert picture.title == "Cumulative EQD2 without recovery beside Cumulative EQD2, axial"
    assert picture.width == 2 * VIEW_SIZE[0] + PANEL_SIZE[0]
    assert "recovery-axial" not in rendered


def test_organs_in_3d_and_bars_are_shown_where_there_are_limits(of_limits, rendered, decoded):
    assert not {"organs-3d", "tolerance-bars"} & set(rendered)
    pixels = decoded(of_limits[0]["organs-3d"])
    assert pixels.shape == (HEADER_HEIGHT + VIEW_SIZE[1], VIEW_SIZE[0] + PANEL_SIZE[0], 3)
    # the middle of the cube gets 140 % of its limit: orange; its rim is within: blue
    view = pixels[HEADER_HEIGHT:, : VIEW_SIZE[0]]
    assert ((view[..., 0] - view[..., 2]) > 60).sum() > 500
    assert ((view[..., 2] - view[..., 0]) > 60).sum() > 500
    assert decoded(of_limits[0]["tolerance-bars"]).shape == (480, 720, 3)


def test_the_picture_in_3d_leaves_the_scene_as_it_was(of_limits, a_request):
    nodes = CaseNodes(of_limits[1].scene)
    assert nodes.first(CaseNodes.STRUCTURES).GetDisplayNode().GetVisibility3D()
    assert not nodes.first(CaseNodes.ORGAN_SURFACE).GetDisplayNode().GetVisibility()


def test_dashes_and_hatches_stand_in_the_legend(a_screen, a_request, decoded):
    target = box_structure(
        9, "PTV", (20, -20, -30), (60, 20, 30), color=(0, 255, 255), kind=StructureKind.TARGET
    )
    prior = PriorImage("prior-1", a_request.ct, None, (target,))
    maps = {"tolerance_percent": a_request.maps["tolerance_percent"]}
    request = dataclasses.replace(a_request, maps=maps, structures=(), priors=(prior,))
    panel = decoded(render_pictures(request)[0])[:, VIEW_SIZE[0] :]
    cyan = (panel[..., 0] < 60) & (panel[..., 1] > 200) & (panel[..., 2] > 200)
    rows, _ = np.nonzero(cyan)
    # three dashes of five pixels, three high
    assert len(rows) == 3 * 3 * 5
    assert np.ptp(rows) == 2


def test_all_hot_spots_are_marked_in_the_scene_after_the_pictures(a_screen, a_request):
    spots = (*a_request.hot_spots, HotSpot("Cube", (0.0, 0.0, 9.0)))
    maps = {"cumulative_eqd2": a_request.maps["cumulative_eqd2"]}
    request = dataclasses.replace(a_request, hot_spots=spots, maps=maps)
    case = build_scene(request)
    render_pictures(request, case)
    assert [case.markers.GetNthControlPointVisibility(n) for n in range(2)] == [True, True]
