"""What refining keeps, which cells it chooses, and which loops count as drawn twice."""

import numpy as np
import pytest
from ReirradiationCore.contour_planes import stack_contours
from ReirradiationCore.sampling import refine_hot, sample_structure
from solids import ellipse, rectangle, sphere, sphere_cc, structure


def test_refining_says_which_points_it_kept_and_keeps_the_volume():
    samples = sample_structure(structure(sphere(20)))
    refined = refine_hot(samples, samples.points_lps[:, 0])
    kept = refined.kept
    assert 0 < len(kept) < len(samples.volumes_cc)
    np.testing.assert_array_equal(refined.points_lps[: len(kept)], samples.points_lps[kept])
    np.testing.assert_array_equal(refined.volumes_cc[: len(kept)], samples.volumes_cc[kept])
    assert refined.volume_cc == pytest.approx(samples.volume_cc, rel=1e-9)
    assert refined.volume_cc == pytest.approx(sphere_cc(20), rel=0.003)


@pytest.mark.parametrize("hot_cc", [0.5, 2.0, 12.0, 100.0])
def test_the_cells_that_are_split_are_the_hottest_that_hold_the_volume(hot_cc):
    samples = sample_structure(structure(sphere(20)))
    dose = np.random.default_rng(3).random(len(samples.volumes_cc))
    kept = refine_hot(samples, dose, hot_cc).kept
    split = np.setdiff1d(np.arange(len(dose)), kept)
    wanted_cc = min(hot_cc, samples.volume_cc)
    assert len(kept) == 0 or dose[split].min() > dose[kept].max()
    assert samples.volumes_cc[split].sum() >= wanted_cc * (1 - 1e-9)
    coldest = split[np.argmin(dose[split])]
    assert samples.volumes_cc[split].sum() - samples.volumes_cc[coldest] < wanted_cc


def test_cells_of_unknown_dose_are_not_split():
    samples = sample_structure(structure(sphere(20)))
    dose = samples.points_lps[:, 0].copy()
    unknown = dose > 10
    dose[unknown] = np.nan
    assert np.isin(np.flatnonzero(unknown), refine_hot(samples, dose).kept).all()


def test_cells_inside_as_a_whole_are_split_into_equal_parts():
    samples = sample_structure(structure(sphere(20)), 1.0)
    dose = -np.linalg.norm(samples.points_lps, axis=1)
    refined = refine_hot(samples, dose, 0.5)
    parts = refined.volumes_cc[len(refined.kept) :]
    np.testing.assert_allclose(parts, 0.5 * 0.5 * 0.375e-3, rtol=1e-6)


def test_two_loops_that_share_their_box_are_both_used():
    square = rectangle(10, 10, 0.0)
    diamond = np.array([[10, 0, 0], [0, 10, 0], [-10, 0, 0], [0, -10, 0]], dtype=float)
    stack = stack_contours(structure([square, diamond]), 3.0)
    assert len(stack.loops[0]) == 2
    assert stack.plane_area_mm2(0) == pytest.approx(400 - 200, rel=2e-3)


def test_a_loop_drawn_backwards_from_another_corner_is_the_same_loop():
    loop = ellipse(12, 7, 0.0, points=40)
    again = np.roll(loop[::-1], 11, axis=0)
    stack = stack_contours(structure([loop, again]), 3.0)
    assert len(stack.loops[0]) == 1
    assert "1 contour(s) drawn twice were used once" in stack.notes


def test_the_area_of_a_single_loop_is_that_of_its_polygon():
    angle = 2 * np.pi / 40
    polygon = 40 / 2 * 12 * 7 * np.sin(angle)
    stack = stack_contours(structure([ellipse(12, 7, 0.0, (50, -80), 40)]), 3.0)
    assert stack.plane_area_mm2(0) == pytest.approx(polygon, rel=1e-9)
