"""Strategies where a voxel-wise map is not trusted, and bounds on the cumulative maximum."""

import numpy as np
import pytest
from golden import golden
from hypothesis import given
from hypothesis import strategies as st
from ReirradiationCore.cumulative_bounds import check_bounds
from ReirradiationCore.errors import RadiobiologyError, RefusedError
from ReirradiationCore.mapping_strategies import (
    Region,
    overlap_point_sum,
    point_sum,
    points_near,
    require_zero_prior_dose,
    uniform_background,
)
from ReirradiationCore.metrics import Metric
from ReirradiationCore.radiobiology import eqd2

D01CC = Metric.parse("D0.1cc")


def region(dose, voxel_cc=0.05, n=25):
    dose = np.array(dose, float)
    return Region((dose,), (n,), np.full(len(dose), voxel_cc))


def test_the_margin_is_euclidean_and_in_millimetres():
    points = np.array([[20.0, 0, 0], [20.1, 0, 0], [12.0, 16.0, 0], [15.0, 15.0, 0]])
    assert list(points_near(points, np.zeros((1, 3)))) == [True, False, True, False]
    assert list(points_near(points, np.zeros((1, 3)), 20.0, target_spacing_mm=0.4)) == [
        True, True, True, False,
    ]  # fmt: skip


def test_nothing_is_near_a_target_without_points():
    assert not points_near(np.zeros((2, 3)), np.zeros((0, 3))).any()
    assert points_near(np.zeros((0, 3)), np.zeros((2, 3))).shape == (0,)


def test_the_uniform_background_is_the_eqd2_of_the_near_maximum():
    found = uniform_background(region([50, 46.3, 40, 10]), 3.0, "Bowel_Small")
    assert found.eqd2_gy == golden(eqd2(46.3, 25, 3))
    assert "D0.1cc" in found.note


def test_a_small_region_gives_its_maximum_and_says_so():
    found = uniform_background(region([50.0, 30.0], 0.04), 3.0, "Colon")
    assert found.eqd2_gy == golden(50.0)
    assert "below 0.1 cc" in found.note


def test_several_phases_of_a_course_are_converted_before_the_maximum():
    doses = np.array([40.0, 45.0]), np.array([14.0, 0.0])
    both = Region(doses, (25, 8), np.array([0.2, 0.2]))
    assert uniform_background(both, 3.0, "Colon").eqd2_gy == golden(
        max(eqd2(40, 25, 3) + eqd2(14, 8, 3), eqd2(45, 25, 3))
    )


def test_no_bowel_near_the_target_is_presumed_zero():
    found = uniform_background(region([]), 3.0, "Colon")
    assert found.eqd2_gy == 0
    assert found.note.startswith("presumed 0: no Colon within 2 cm")


@pytest.mark.parametrize("missing", [None, region([50, np.nan, 40])])
def test_a_bowel_that_was_not_seen_is_unknown_never_zero(missing):
    found = uniform_background(missing, 3.0, "Colon")
    assert not found.is_known
    assert "unknown" in found.note


@pytest.mark.parametrize("missing", [None, region([50, np.nan, 40])])
def test_all_tissue_near_the_target_stands_in_for_an_unseen_bowel(missing):
    found = uniform_background(missing, 3.0, "Colon", fallback=region([60, 55, 10]))
    assert found.eqd2_gy == golden(eqd2(55, 25, 3))
    assert "all tissue" in found.note
    unknown = uniform_background(missing, 3.0, "Colon", fallback=region([60, np.nan, 10]))
    assert not unknown.is_known


def test_point_sum_adds_near_maxima_after_recovery():
    assert point_sum(D01CC, [50.0, 20.0], [0.5, 0.0], 30.0) == golden(75.0)
    assert point_sum(D01CC, [50.0, None], [0.5, 0.0], 30.0) is None
    assert point_sum(D01CC, [50.0], [0.0], None) is None


@pytest.mark.parametrize("name", ["Dmean", "V20Gy", "CV15Gy", "D95%", "Dmin"])
def test_point_sum_is_refused_for_anything_but_near_maxima(name):
    with pytest.raises(RadiobiologyError, match="near-maxima only"):
        point_sum(Metric.parse(name), [50.0], [0.0], 30.0)


def organ(doses, mask, voxel_cc=0.1):
    return np.array(doses, float), np.full(len(doses), voxel_cc), np.array(mask, bool)


def test_overlap_point_sum_counts_the_overlap_only():
    prior = organ([60, 40, 10], [0, 1, 1])
    planned = organ([50, 30, 20], [0, 1, 0])
    found, note = overlap_point_sum(D01CC, prior, planned)
    assert found == golden(70.0)
    assert "our definition" in note


def test_overlap_point_sum_is_never_below_either_course():
    prior = organ([90, 5, 10], [0, 1, 0])
    planned = organ([50, 6, 20], [0, 1, 0])
    assert overlap_point_sum(D01CC, prior, planned)[0] == golden(90.0)


def test_without_overlap_the_larger_course_stands():
    found, note = overlap_point_sum(D01CC, organ([60, 10], [0, 0]), organ([50, 20], [1, 0]))
    assert found == golden(60.0)
    assert note.startswith("no overlap")


def test_an_overlap_smaller_than_the_metric_gives_its_maximum():
    prior, planned = organ([60, 40, 30], [0, 1, 0], 0.06), organ([9, 30, 8], [0, 1, 0], 0.06)
    assert overlap_point_sum(D01CC, prior, planned)[0] == golden(70.0)


def test_overlap_point_sum_is_not_known_with_unknown_dose():
    found, note = overlap_point_sum(D01CC, organ([60, np.nan], [1, 0]), organ([50, 2], [1, 0]))
    assert found is None
    assert "not known" in note
    with pytest.raises(RadiobiologyError, match="near-maxima only"):
        overlap_point_sum(Metric.parse("Dmean"), organ([6], [1]), organ([5], [1]))


def test_zero_prior_dose_needs_proof():
    assert "below 0.1 Gy" in require_zero_prior_dose(np.array([0.0, 0.09]), "Heart")
    with pytest.raises(RefusedError, match=r"Heart.*0\.10 Gy"):
        require_zero_prior_dose(np.array([0.0, 0.1]), "Heart", "out of field")
    for unknown in (np.array([0.0, np.nan]), np.array([np.nan]), np.array([])):
        with pytest.raises(RefusedError, match="outside the prior dose grid"):
            require_zero_prior_dose(unknown, "Heart")
        note = require_zero_prior_dose(unknown, "Heart", "brain was treated")
        assert note == "documented as out of field: brain was treated"


doses = st.lists(st.tuples(st.floats(0, 100), st.floats(0, 100)), min_size=1, max_size=30)


@given(doses)
def test_the_cumulative_maximum_never_exceeds_the_sum_of_maxima(pairs):
    prior, planned = np.array(pairs).T
    bounds = check_bounds(prior, planned, "Rectum", float(prior.max()))
    assert bounds.voxelwise_maximum_gy <= bounds.sum_of_maxima_gy * (1 + 1e-12)
    assert bounds.voxelwise_maximum_gy >= max(prior.max(), planned.max())
    assert bounds.alarm == ""


def test_dose_pulled_in_from_outside_the_organ_raises_the_alarm():
    prior, planned = np.array([50.0, 20.0]), np.array([22.44, 20.0])
    bounds = check_bounds(prior, planned, "SpinalCord", native_prior_maximum_gy=44.86)
    assert bounds.native_point_sum_gy == golden(67.30)
    assert bounds.voxelwise_maximum_gy == golden(72.44)
    assert "72.4 Gy" in bounds.alarm
    assert "registration" in bounds.alarm
    assert check_bounds(prior, planned, "SpinalCord", 50.0).alarm == ""


def test_unknown_samples_do_not_enter_the_bounds():
    bounds = check_bounds(np.array([np.nan, 20.0]), np.array([90.0, 5.0]), "Rectum")
    assert bounds.voxelwise_maximum_gy == golden(25.0)
    assert check_bounds(np.array([np.nan]), np.array([1.0]), "Rectum") is None
