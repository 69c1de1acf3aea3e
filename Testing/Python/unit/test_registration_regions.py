"""Regions and numbers around the organs have their closed-form values."""

import numpy as np
import pytest
import synthetic_courses as made
from ReirradiationCore.contours import coverage_on_grid
from ReirradiationCore.grids import Grid, Volume
from ReirradiationCore.registration_regions import (
    box_around,
    irradiated_region,
    local_correlation,
    near_targets,
    planned_targets,
    points_inside,
    reaches,
    steepest_gradient,
)

PTV = made.box("PTV_1", -10, 10)


def planned(*structures):
    return made.course("planned", [(made.dose(lambda _x: 20.0), 5, 30.0)], structures)


def prior(of_x, n=25):
    return made.course("prior-1", [(made.dose(of_x), n, 50.0)], [])


def volume_cc(region):
    return float((region.array > 0.5).sum()) * region.grid.voxel_volume_cc


def test_the_region_around_the_target_is_the_box_with_rounded_edges_of_two_centimetres():
    # 20 mm cube, grown by 20 mm: cube + 6 slabs + 12 quarter cylinders + 8 eighths of a ball.
    expected = 2**3 + 6 * 2**2 * 2 + 3 * np.pi * 2**2 * 2 + 4 / 3 * np.pi * 2**3
    region = near_targets(planned(PTV))
    assert expected < volume_cc(region) < 1.1 * expected
    assert np.abs(points_inside(region)).max() < 10 + 20 + 3


def test_without_a_target_there_is_no_region_around_it():
    assert near_targets(planned(made.box("Rectum", 0, 20))) is None


def test_ptvs_go_before_other_targets():
    gtv = made.box("GTV_1", -5, 5)
    assert planned_targets(planned(gtv, PTV)) == [PTV]
    assert planned_targets(planned(gtv)) == [gtv]


def test_the_irradiated_region_is_inside_the_body_where_the_prior_dose_is_one_gray():
    body = made.box("BODY", -60, 60, (-30, 30), (-30, 30))
    old = prior(lambda x: 1.5 if x > 0 else 0.5)
    inside = points_inside(irradiated_region(made.shift(0), planned(body), old))
    assert inside[:, 0].min() == pytest.approx(0.0, abs=3.0)
    assert inside[:, 0].max() == pytest.approx(60.0, abs=3.0)
    assert np.abs(inside[:, 1:]).max() <= 30.0


def test_the_irradiated_region_follows_the_transform():
    body = made.box("BODY", -60, 60, (-30, 30), (-30, 30))
    old = prior(lambda x: 1.5 if x > 0 else 0.5)
    inside = points_inside(irradiated_region(made.shift(30), planned(body), old))
    assert inside[:, 0].min() == pytest.approx(-30.0, abs=3.0)


@pytest.mark.parametrize(("low", "high", "expected"), [(25, 60, True), (33, 60, False)])
def test_a_structure_reaches_into_the_region_or_not(low, high, expected):
    organ = made.box("Rectum", low, high)
    coverage = coverage_on_grid(organ, box_around((organ,), 1.0, 4.0))
    assert reaches(coverage, near_targets(planned(PTV))) is expected


def ramp_image(slope):
    grid = Grid((40, 40, 40), (2.0, 2.0, 2.0), (-40.0, -40.0, -40.0))
    x, y = grid.centers_lps()[:, 0], grid.centers_lps()[:, 1]
    return Volume((slope * x + 0.5 * y).reshape(grid.shape).astype(np.float32), grid)


def test_images_that_differ_by_contrast_only_correlate_fully():
    region = near_targets(planned(PTV))
    found = local_correlation(region, ramp_image(2.0), ramp_image(2.0), made.shift(0))
    assert found == pytest.approx(1.0, abs=1e-6)
    turned = local_correlation(region, ramp_image(2.0), ramp_image(-2.0), made.shift(0))
    assert turned == pytest.approx((-(2.0**2) + 0.5**2) / (2.0**2 + 0.5**2), abs=0.02)


def test_without_a_ct_or_without_contrast_there_is_no_correlation():
    region = near_targets(planned(PTV))
    assert np.isnan(local_correlation(region, None, ramp_image(1.0), made.shift(0)))
    flat = Volume(np.zeros((40, 40, 40), np.float32), ramp_image(1.0).grid)
    assert np.isnan(local_correlation(region, flat, ramp_image(1.0), made.shift(0)))
    assert np.isnan(local_correlation(region, ramp_image(1.0), flat, made.shift(500)))


def coverage(low, high):
    organ = made.box("Rectum", low, high)
    return coverage_on_grid(organ, box_around((organ,), 2.0, 4.0))


def test_the_gradient_of_a_ramp_is_its_slope_and_in_eqd2_that_of_the_formula():
    # EQD2 = D (D/n + 3) / 5 grows by (2 D/n + 3) / 5 per Gy; D = 20 + 0.25 x, steepest at x = 40.
    old = prior(lambda x: 20.0 + 0.25 * x)
    physical, eqd2 = steepest_gradient(coverage(0, 40), old, made.shift(0))
    assert physical == pytest.approx(0.25, rel=1e-3)
    assert eqd2 == pytest.approx(0.25 * (2 * 30 / 25 + 3) / 5, rel=0.02)


def test_the_gradient_is_taken_where_the_transform_leads():
    old = prior(lambda x: 20.0 if x < 0 else 20.0 + 0.5 * x)
    assert steepest_gradient(coverage(-60, -20), old, made.shift(0))[0] == pytest.approx(0.0)
    found = steepest_gradient(coverage(-60, -20), old, made.shift(80))[0]
    assert found == pytest.approx(0.5, rel=1e-3)


def test_without_known_dose_there_is_no_gradient():
    found = steepest_gradient(coverage(0, 40), prior(lambda _x: 1.0), made.shift(900))
    assert np.isnan(found).all()
