"""Properties of the linear-quadratic model and the rules of its input."""

import numpy as np
import pytest
from golden import golden
from hypothesis import given
from hypothesis import strategies as st
from ReirradiationCore.eqd2_maps import cumulative_eqd2_into, eqd2_into
from ReirradiationCore.errors import RadiobiologyError
from ReirradiationCore.radiobiology import (
    bed,
    bed_from_eqd2,
    bed_incomplete_repair,
    course_eqd2,
    cumulative_eqd2,
    delivered_dose,
    dose_from_eqd2,
    dose_from_eqdx,
    eqd2,
    eqd2_from_bed,
    eqdx,
    eqdx_at,
)

doses = st.floats(0, 150)
fractions = st.integers(1, 45)
alpha_betas = st.one_of(st.floats(0.5, 20), st.just(np.inf))


@given(doses, doses, fractions, alpha_betas)
def test_eqd2_grows_with_dose(a, b, n, ab):
    low, high = sorted((a, b))
    assert eqd2(low, n, ab) <= eqd2(high, n, ab)


@given(doses, fractions, alpha_betas)
def test_the_inverse_returns_the_dose(dose, n, ab):
    assert dose_from_eqd2(eqd2(dose, n, ab), n, ab) == pytest.approx(dose, rel=1e-9, abs=1e-300)


@given(doses, fractions, alpha_betas, st.floats(0, 6))
def test_the_inverse_returns_the_dose_for_any_reference_dose(dose, n, ab, x):
    back = dose_from_eqdx(eqdx(dose, n, ab, x), n, ab, x)
    assert back == pytest.approx(dose, rel=1e-9, abs=1e-300)


@given(doses, fractions, alpha_betas)
def test_eqd2_and_bed_convert_into_each_other(dose, n, ab):
    assert eqd2_from_bed(bed(dose, n, ab), ab) == golden(eqd2(dose, n, ab))
    assert bed_from_eqd2(eqd2(dose, n, ab), ab) == golden(bed(dose, n, ab))


@given(doses, fractions, st.floats(0.5, 20))
def test_eqd2_lies_between_its_limits_of_many_fractions_and_one(dose, n, ab):
    assert dose * ab / (ab + 2) * (1 - 1e-12) <= eqd2(dose, n, ab)
    assert eqd2(dose, n, ab) <= eqd2(dose, 1, ab) * (1 + 1e-12)


@given(st.floats(0.01, 150), fractions, st.floats(0.5, 19), st.floats(0.01, 1))
def test_smaller_alpha_beta_raises_eqd2_above_two_gray_per_fraction_only(dose, n, ab, step):
    change = eqd2(dose, n, ab) - eqd2(dose, n, ab + step)
    assert change * (dose / n - 2) >= -1e-9


@given(st.lists(doses, min_size=1, max_size=20), fractions, st.floats(0.5, 20))
def test_order_of_doses_is_kept_so_dvh_metrics_convert(values, n, ab):
    array = np.array(values)
    assert eqd2(array, n, ab).max() == golden(eqd2(array.max(), n, ab))


@given(st.lists(doses, min_size=1, max_size=20), fractions, st.floats(0.5, 20))
def test_mean_of_eqd2_is_at_least_eqd2_of_the_mean(values, n, ab):
    array = np.array(values)
    assert eqd2(array, n, ab).mean() >= eqd2(array.mean(), n, ab) * (1 - 1e-12)


@given(doses, fractions)
def test_infinite_alpha_beta_is_physical_dose(dose, n):
    assert eqd2(dose, n, np.inf) == dose
    assert dose_from_eqd2(dose, n, np.inf) == dose


def test_zero_is_exactly_zero_and_unknown_stays_unknown():
    found = eqd2(np.array([0.0, np.nan, 2.0]), 1, 3)
    assert found[0] == 0
    assert np.isnan(found[1])
    assert found[2] == 2
    assert np.isnan(eqd2(float("nan"), 5, 3))


def test_precision_of_the_array_is_kept():
    assert eqd2(np.ones(3, np.float32), 5, 3).dtype == np.float32
    assert eqd2(np.ones(3, np.int16), 5, 3).dtype == np.float64


def test_the_inverse_of_a_tiny_dose_does_not_cancel():
    assert dose_from_eqd2(1e-15, 5, 3) == pytest.approx(1e-15 * 5 / 3, rel=1e-12)


def test_alpha_beta_may_differ_from_voxel_to_voxel_and_be_absent():
    found = eqd2(np.array([42.0, 42.0, 42.0]), 5, np.array([3.0, 10.0, np.nan]))
    assert list(found[:2]) == [golden(95.76), golden(64.4)]
    assert np.isnan(found[2])


@pytest.mark.parametrize("n", [None, 0, -5, 2.5, float("nan"), float("inf"), "5", True, np.nan])
def test_impossible_numbers_of_fractions_are_refused(n):
    with pytest.raises(RadiobiologyError, match="whole number of fractions"):
        eqd2(30.0, n, 3)


def test_whole_numbers_are_accepted_in_any_type():
    assert eqd2(30.0, np.int64(5), 3) == eqd2(30.0, 5.0, 3) == golden(54.0)


@pytest.mark.parametrize("ab", [0, -2, 0.49, 20.1, 999, float("nan"), None, "3 Gy"])
def test_impossible_alpha_beta_is_refused(ab):
    with pytest.raises(RadiobiologyError, match="alpha/beta"):
        eqd2(30.0, 5, ab)


def test_one_impossible_voxel_of_an_alpha_beta_map_is_refused():
    with pytest.raises(RadiobiologyError, match="25 Gy is outside"):
        eqd2(np.ones(2), 5, np.array([3.0, 25.0]))


def test_negative_doses_are_refused_by_the_formulas():
    for call in (eqd2, bed, dose_from_eqd2):
        with pytest.raises(RadiobiologyError, match="negative"):
            call(np.array([1.0, -0.5]), 5, 3)
    with pytest.raises(RadiobiologyError, match="negative"):
        eqdx_at(30.0, -6.0, 3)
    with pytest.raises(RadiobiologyError, match="reference dose"):
        eqdx_at(30.0, 6.0, 3, -2)


def test_incomplete_repair_raises_the_bed_by_its_factor():
    assert bed_incomplete_repair(60, 30, 3, 0.0) == golden(100.0)
    assert bed_incomplete_repair(60, 30, 3, 0.25) == golden(60 * (1 + 1.25 * 2 / 3))
    with pytest.raises(RadiobiologyError, match="incomplete-repair"):
        bed_incomplete_repair(60, 30, 3, -0.1)


def test_more_fractions_delivered_than_planned_are_refused():
    with pytest.raises(RadiobiologyError, match="26 fractions delivered of 25"):
        delivered_dose(50.0, 25, 26)


def test_phases_and_courses_need_matching_numbers():
    with pytest.raises(RadiobiologyError, match="phase"):
        course_eqd2([], [], 3)
    with pytest.raises(RadiobiologyError, match="2 phase doses with 1"):
        course_eqd2([1.0, 2.0], [5], 3)
    with pytest.raises(RadiobiologyError, match="2 courses with 1"):
        cumulative_eqd2([1.0, 2.0], [0.0])
    with pytest.raises(RadiobiologyError, match="between 0 and 1"):
        cumulative_eqd2([1.0], [1.1])


@given(st.lists(st.tuples(doses, st.floats(0, 1)), min_size=1, max_size=4))
def test_recovery_never_raises_the_sum_and_never_makes_it_negative(courses):
    values, recovered = zip(*courses, strict=True)
    assert 0 <= cumulative_eqd2(values, recovered) <= sum(values) * (1 + 1e-12)


@pytest.mark.parametrize("size", [0, 1, 2, 131_072, 131_073, 200_001])
def test_volumes_in_place_agree_with_the_formula(size):
    random = np.random.default_rng(3)
    first, second = (random.random(size) * gy for gy in (74, 30))
    first[::7] = np.nan
    out = np.empty(size)
    cumulative_eqd2_into([first, second], [37, 5], 3.0, out, [0.33, 0.0])
    expected = cumulative_eqd2([eqd2(first, 37, 3), eqd2(second, 5, 3)], [0.33, 0])
    np.testing.assert_allclose(out, expected, rtol=1e-12)


def test_a_volume_may_be_overwritten_by_its_eqd2():
    dose = np.array([[0.0, 30.0], [np.nan, -0.01]])
    assert eqd2_into(dose, 5, 3.0, dose) is dose
    np.testing.assert_allclose(dose, [[0.0, 54.0], [np.nan, 0.0]])


def test_volumes_that_do_not_match_are_refused():
    dose = np.ones((2, 3))
    for wrong in (np.ones((3, 2)), np.ones((2, 3), np.float32), np.ones((3, 2)).T):
        with pytest.raises(RadiobiologyError, match="does not match"):
            cumulative_eqd2_into([dose, wrong], [5, 5], 3.0, np.empty((2, 3)))
    with pytest.raises(RadiobiologyError, match="overwrite the first"):
        cumulative_eqd2_into([np.ones((2, 3)), dose], [5, 5], 3.0, dose)
    with pytest.raises(RadiobiologyError, match="1 doses, 2 fractions"):
        cumulative_eqd2_into([dose], [5, 5], 3.0, np.empty((2, 3)))


def test_the_order_of_mapping_and_conversion_does_not_matter_on_the_same_grid():
    dose = np.random.default_rng(5).random((4, 5, 6)) * 60
    before = eqd2(dose, 30, 3)[1:, :, 2]
    after = eqd2(dose[1:, :, 2], 30, 3)
    np.testing.assert_allclose(before, after, atol=1e-6)
