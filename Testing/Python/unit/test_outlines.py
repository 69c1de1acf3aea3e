"""Outlines by marching squares, against circles."""

import numpy as np
import pytest
from ReirradiationCore.outlines import closed_outlines, enclosed_area, thinned


def lattice(step=0.5, half=20.0):
    x = np.arange(-half, half + step, step)
    y = np.arange(-half - 2, half + 2 + step, step)
    return x, y, *np.meshgrid(x, y)


def test_a_disc_gives_one_loop_on_the_circle_with_the_inside_on_the_left():
    x, y, xx, yy = lattice()
    (loop,) = closed_outlines(10 - np.hypot(xx - 1, yy - 3), x, y)
    radius = np.hypot(loop[:, 0] - 1, loop[:, 1] - 3)
    np.testing.assert_allclose(radius, 10, atol=0.01)
    assert enclosed_area(loop) == pytest.approx(np.pi * 100, rel=0.002)


def test_a_ring_gives_an_outer_loop_and_a_hole_of_opposite_sense():
    x, y, xx, yy = lattice()
    r = np.hypot(xx, yy)
    loops = closed_outlines(np.minimum(12 - r, r - 5), x, y)
    areas = sorted(enclosed_area(loop) for loop in loops)
    assert areas == pytest.approx([-np.pi * 25, np.pi * 144], rel=0.005)


def test_separate_discs_give_separate_loops():
    x, y, xx, yy = lattice()
    both = np.maximum(4 - np.hypot(xx - 8, yy), 4 - np.hypot(xx + 8, yy))
    assert len(closed_outlines(both, x, y)) == 2


def test_a_shape_cut_by_the_border_is_closed_along_it():
    x, y, xx, yy = lattice()
    (loop,) = closed_outlines(30 - np.hypot(xx, yy), x, y)
    assert enclosed_area(loop) == pytest.approx(40 * 44, rel=0.05)


def test_nothing_inside_gives_no_loop():
    x, y, xx, _ = lattice()
    assert closed_outlines(np.full_like(xx, -3.0), x, y) == []


def test_touching_corners_are_kept_apart():
    depth = np.full((6, 6), -1.0)
    depth[2, 2] = depth[3, 3] = 1.0
    loops = closed_outlines(depth, np.arange(6.0), np.arange(6.0))
    assert [enclosed_area(loop) for loop in loops] == pytest.approx([0.5, 0.5])


def test_thinning_takes_out_points_that_nearly_coincide():
    loop = np.array([[0, 0], [0.01, 0], [5, 0], [5, 5], [5, 5.01], [0, 5.0]])
    thin = thinned(loop, 0.3)
    assert len(thin) == 4
    assert enclosed_area(thin) == pytest.approx(25, abs=0.1)
