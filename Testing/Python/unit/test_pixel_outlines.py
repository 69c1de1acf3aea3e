"""Contours of voxels run along their edges."""

import numpy as np
import pytest
from ReirradiationCore.courses import Structure
from ReirradiationCore.grids import Grid
from ReirradiationCore.pixel_outlines import mask_contours, pixel_outlines
from ReirradiationCore.sampling import sample_structure


def area(loop):
    x, y = loop.T
    return abs(float(np.sum(x * np.roll(y, -1) - y * np.roll(x, -1)))) / 2


def test_one_pixel_is_a_square_around_its_centre():
    mask = np.zeros((5, 7), bool)
    mask[2, 4] = True
    (loop,) = pixel_outlines(mask)
    assert sorted(map(tuple, loop.tolist())) == [(3.5, 1.5), (3.5, 2.5), (4.5, 1.5), (4.5, 2.5)]


def test_only_corners_are_kept():
    mask = np.zeros((20, 30), bool)
    mask[3:17, 5:25] = True
    (loop,) = pixel_outlines(mask)
    assert len(loop) == 4
    assert area(loop) == 14 * 20


def test_a_hole_is_a_loop_of_its_own():
    mask = np.ones((6, 6), bool)
    mask[2:4, 2:4] = False
    assert sorted(area(loop) for loop in pixel_outlines(mask)) == [4.0, 36.0]


def test_pixels_that_touch_at_a_corner_keep_their_area():
    mask = np.zeros((4, 4), bool)
    mask[1, 1] = mask[2, 2] = True
    loops = pixel_outlines(mask)
    areas = [
        float(np.sum(x * np.roll(y, -1) - y * np.roll(x, -1))) / 2
        for x, y in (loop.T for loop in loops)
    ]
    assert abs(sum(areas)) == 2.0


def test_a_mask_that_reaches_the_border_is_outlined():
    (loop,) = pixel_outlines(np.ones((2, 3), bool))
    assert area(loop) == 6


def test_an_empty_mask_has_no_contour():
    assert mask_contours(np.zeros((3, 4, 5), bool), Grid((5, 4, 3), (1.0, 1.0, 1.0))) == ()


@pytest.mark.parametrize("turned", [False, True])
def test_the_volume_of_a_sampled_mask_is_that_of_its_voxels(turned):
    angle = np.radians(25) if turned else 0.0
    c, s = np.cos(angle), np.sin(angle)
    grid = Grid((30, 28, 14), (1.5, 2.0, 3.0), (10.0, -20.0, 5.0), (c, -s, 0, s, c, 0, 0, 0, 1))
    mask = np.zeros(grid.shape, bool)
    mask[3:10, 5:20, 6:22] = True
    structure = Structure(1, "Box", mask_contours(mask, grid))
    expected = mask.sum() * 1.5 * 2.0 * 3.0 / 1000
    assert sample_structure(structure).volume_cc == pytest.approx(expected, rel=2e-3)
