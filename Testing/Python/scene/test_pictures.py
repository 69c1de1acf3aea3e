"""Pictures of the report."""

import ctypes
import dataclasses
from unittest import mock

import numpy as np
import pytest

pytest.importorskip("slicer")

import SimpleITK as sitk
from ReirradiationCore.pictures_data import HotSpot, Unavailable
from ReirradiationHeadless import offscreen
from ReirradiationHeadless.panel import HEADER_HEIGHT, PANEL_SIZE
from ReirradiationHeadless.pictures import MM_PER_PIXEL, VIEW_SIZE, render_pictures


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
    assert counts == [3, 3, 1, 1, 1, 0, 0, 0]


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
