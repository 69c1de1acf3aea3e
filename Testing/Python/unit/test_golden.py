"""Golden groups of the linear-quadratic model, input rules and conversions, and their coverage."""

import re
from pathlib import Path

import numpy as np
import pytest
from golden import golden, golden_cases, golden_groups
from ReirradiationCore.cumulative_bounds import check_bounds
from ReirradiationCore.dose_checks import sanitise_dose
from ReirradiationCore.ellipsoid_search import ellipsoid_search
from ReirradiationCore.errors import RadiobiologyError
from ReirradiationCore.lql import LinearQuadraticLinear
from ReirradiationCore.radiobiology import (
    bed,
    course_eqd2,
    cumulative_eqd2,
    delivered_dose,
    dose_from_eqd2,
    eqd2,
    eqd2_from_bed,
    eqdx_at,
)
from ReirradiationCore.remaining import remaining_dose

TESTS = Path(__file__).resolve().parents[1]


def test_every_golden_group_is_compared_in_some_test():
    texts = [path.read_text(encoding="utf-8") for path in TESTS.rglob("test_*.py")]
    quoted = set(re.findall(r"[\"'](\w+)[\"']", "\n".join(t for t in texts if "golden" in t)))
    assert len(golden_groups()) == 27
    assert set(golden_groups()) - quoted == set()


@pytest.mark.parametrize(("given", "out"), golden_cases("lq_forward"))
def test_bed_and_eqd2_are_golden(given, out):
    plan = given["D"], given["n"], given["ab"]
    assert bed(*plan) == golden(out["BED"])
    assert eqd2(*plan) == golden(out["EQD2"])


@pytest.mark.parametrize(("given", "out"), golden_cases("lq_eqdx"))
def test_eqdx_is_golden(given, out):
    per_fraction = given["D"] / given["n"]
    assert eqdx_at(given["D"], per_fraction, given["ab"], given["X"]) == golden(out["EQDX"])


@pytest.mark.parametrize(("given", "out"), golden_cases("lq_inverse"))
def test_inverse_is_golden(given, out):
    dose = dose_from_eqd2(given["EQD2"], given["n"], given["ab"])
    assert dose == golden(out["D"])
    assert dose / given["n"] == golden(out["d"])
    assert eqd2(dose, given["n"], given["ab"]) == golden(out["roundtrip_EQD2"])


def sums(model, plans, ab):
    return sum(model(plan["D"], plan["n"], ab) for plan in plans)


@pytest.mark.parametrize(("given", "out"), golden_cases("lq_courses", "sum_eqd2"))
def test_courses_are_converted_before_they_are_added(given, out):
    parts = [eqd2(c["D"], c["n"], given["ab"]) for c in given["courses"]]
    assert cumulative_eqd2(parts, [0, 0]) == golden(out["EQD2"])
    assert eqd2(80, 30, given["ab"]) == golden(out["WRONG_physical_sum_80Gy_30fx"])


@pytest.mark.parametrize(("given", "out"), golden_cases("lq_courses", "sequential_boost"))
def test_phases_are_converted_with_their_own_fractions(given, out):
    doses, fractions = zip(*[(p["D"], p["n"]) for p in given["phases"]], strict=True)
    assert course_eqd2(doses, fractions, given["ab"]) == golden(out["EQD2"])
    assert eqd2(59, 33, given["ab"]) == golden(out["WRONG_59Gy_33fx"])


@pytest.mark.parametrize(("given", "out"), golden_cases("lq_courses", "sib_voxels"))
def test_all_levels_of_an_integrated_boost_use_the_fractions_of_the_plan(given, out):
    assert list(eqd2(np.array(given["D"], float), given["n"], given["ab"])) == golden(out["EQD2"])


@pytest.mark.parametrize(("given", "out"), golden_cases("lq_courses", "incomplete"))
def test_an_unfinished_plan_keeps_its_dose_per_fraction(given, out):
    dose = delivered_dose(given["D_plan"], given["n_plan"], given["n_delivered"])
    assert dose == golden(out["D_delivered"])
    assert eqd2(dose, given["n_delivered"], given["ab"]) == golden(out["EQD2"])
    assert eqd2(dose, given["n_plan"], given["ab"]) == golden(out["WRONG_36Gy_over_30fx"])


@pytest.mark.parametrize(("given", "out"), golden_cases("lq_courses", "three_courses"))
def test_three_courses_add_up(given, out):
    assert sums(eqd2, given["courses"], given["ab"]) == golden(out["EQD2"])
    assert sums(bed, given["courses"], given["ab"]) == golden(out["BED"])


@pytest.mark.parametrize(("given", "out"), golden_cases("lq_pitfalls", "wrong_n"))
def test_a_wrong_number_of_fractions_is_recognisable(given, out):
    assert eqd2(given["D"], given["n_true"], given["ab"]) == golden(out["EQD2_true"])
    assert eqd2(given["D"], given["n_used"], given["ab"]) == golden(out["EQD2_wrong"])


@pytest.mark.parametrize(("given", "out"), golden_cases("lq_pitfalls", "fraction_type_as_plan"))
def test_a_dose_of_one_fraction_taken_as_the_plan_is_recognisable(given, out):
    voxel, n, ab = given["RTDOSE_voxel"], given["n"], given["ab"]
    assert eqd2(voxel, n, ab) == golden(out["EQD2_if_taken_as_total"])
    assert eqd2(voxel * n, n, ab) == golden(out["EQD2_true"])


@pytest.mark.parametrize(("given", "out"), golden_cases("lq_pitfalls", "plan_type_times_n"))
def test_a_plan_dose_multiplied_by_fractions_is_recognisable(given, out):
    voxel, n, ab = given["RTDOSE_voxel"], given["n"], given["ab"]
    assert eqd2(voxel * n, n, ab) == golden(out["EQD2_if_multiplied_by_n"])
    assert eqd2(voxel, n, ab) == golden(out["EQD2_true"])


@pytest.mark.parametrize(("given", "out"), golden_cases("lq_pitfalls", "interpolate_then_convert"))
def test_converting_before_interpolating_is_higher_by_the_closed_form(given, out):
    w, n, ab = given["w"], given["n"], given["ab"]
    after = eqd2(w * given["D1"] + (1 - w) * given["D2"], n, ab)
    before = w * eqd2(given["D1"], n, ab) + (1 - w) * eqd2(given["D2"], n, ab)
    assert (after, before) == (golden(out["convert_after"]), golden(out["convert_before"]))
    assert before - after == golden(out["gap"])


@pytest.mark.parametrize(("given", "out"), golden_cases("lq_pitfalls", "ab_border_half_mix"))
def test_mixing_alpha_beta_is_recognisable(given, out):
    assert eqd2(given["D"], given["n"], given["ab_true"]) == golden(out["EQD2_ab3"])
    assert eqd2(given["D"], given["n"], given["ab_mixed"]) == golden(out["EQD2_mixed"])
    assert eqd2(given["D"], given["n"], 10) == golden(out["EQD2_ab10"])


@pytest.mark.parametrize(("given", "out"), golden_cases("lql"))
def test_linear_quadratic_linear_is_golden(given, out):
    tangent = 1 + 2 * given["dT"] / given["ab"]
    slope = given["gamma_over_alpha"]
    for chosen in (slope, None) if slope == pytest.approx(tangent) else (slope,):
        model = LinearQuadraticLinear(given["ab"], given["dT"], chosen)
        assert model.bed(given["D"], given["n"]) == golden(out["BED_LQL"])
        assert model.eqd2(given["D"], given["n"]) == golden(out["EQD2_LQL"])
        assert model.dose_from_bed(out["BED_LQL"], given["n"]) == golden(out["inverse_D"])
    assert bed(given["D"], given["n"], given["ab"]) == golden(out["BED_LQ"])
    assert eqd2(given["D"], given["n"], given["ab"]) == golden(out["EQD2_LQ"])


@pytest.mark.parametrize(("given", "out"), golden_cases("input_handling", "sanitise"))
def test_negative_dose_is_clamped_and_unknown_kept(given, out):
    found = sanitise_dose([float(value) for value in given["D"]])
    expected = [np.nan if value == "unknown" else value for value in out["D_clean"]]
    np.testing.assert_array_equal(found.dose_gy, expected)
    assert found.clamped == out["n_clamped"]
    assert bool(found.warning) is out["warn"]


@pytest.mark.parametrize(("given", "out"), golden_cases("input_handling", "reject"))
def test_impossible_fractions_and_alpha_beta_are_refused(given, out):
    assert out["error"]
    with pytest.raises(RadiobiologyError):
        eqd2(30.0, None if given["n"] == "missing" else given["n"], given["ab"])


@pytest.mark.parametrize(("given", "out"), golden_cases("input_handling", "ab_infinite"))
def test_a_huge_alpha_beta_means_physical_dose(given, out):
    assert eqd2(given["D"], given["n"], given["ab"]) == golden(out["EQD2"])
    assert eqd2(given["D"], given["n"], np.inf) == given["D"]


@pytest.mark.parametrize(("given", "out"), golden_cases("limit_conversion", "bed_to_eqd2"))
def test_limits_convert_from_bed(given, out):
    assert eqd2_from_bed(given["BED"], given["ab"]) == golden(out["EQD2"])


@pytest.mark.parametrize(("given", "out"), golden_cases("limit_conversion", "evans_aorta"))
def test_a_limit_in_fractions_of_1_8_gy_converts(given, out):
    plan = given["D"], given["d"], given["ab"]
    assert eqdx_at(*plan, 0.0) == golden(out["BED"])
    assert eqdx_at(*plan) == golden(out["EQD2"])


@pytest.mark.parametrize(("given", "out"), golden_cases("seed000_table1"))
def test_published_pelvic_limits_are_their_five_fraction_doses(given, out):
    assert eqd2(given["D_5fx"], 5, given["ab"]) == golden(out["EQD2"])
    assert (abs(out["EQD2"] - given["published_EQD2"]) <= 0.1) is out["agrees_at_0.1"]
    adjusted = dose_from_eqd2(given["adjusted_EQD2"], 5, given["ab"])
    assert adjusted == golden(out["adjusted_as_5fx_D"])


@pytest.mark.parametrize(("given", "out"), golden_cases("remaining_map"))
def test_remaining_dose_is_golden(given, out):
    found = remaining_dose([given["B"]], given["L"], given["n"], given["ab"])
    assert found.dose_gy[0] == golden(out["D_rem"])
    assert bool(found.over_limit[0]) is out["over_limit"]


@pytest.mark.parametrize(("given", "out"), golden_cases("cumulative_bounds"))
def test_the_sum_is_bounded_by_the_sum_of_maxima(given, out):
    prior = eqd2(np.array(given["prior_D"], float), given["n1"], given["ab"])
    planned = eqd2(np.array(given["rert_D"], float), given["n2"], given["ab"])
    assert list(cumulative_eqd2([prior, planned], [0, 0])) == golden(out["voxelwise"])
    bounds = check_bounds(prior, planned, "Rectum")
    assert bounds.voxelwise_maximum_gy == golden(out["max_voxelwise"])
    assert bounds.sum_of_maxima_gy == golden(out["sum_of_maxima"])


@pytest.mark.parametrize(("given", "out"), golden_cases("radar"))
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_ellipsoid_search_is_golden_along_every_axis(given, out, axis):
    shape = [1, 1, 1]
    shape[axis] = -1
    line = np.array(given["D"], float).reshape(shape)
    spacing, semi = (given["spacing_mm"],) * 3, (given["semi_axis_mm"],) * 3
    assert list(ellipsoid_search(line, spacing, semi).ravel()) == golden(out["unrestricted"])
    if "restricted_mask_0_1_1_1_0" in out:
        mask = np.array([0, 1, 1, 1, 0], bool).reshape(shape)
        expected = [np.nan if v is None else v for v in out["restricted_mask_0_1_1_1_0"]]
        np.testing.assert_allclose(ellipsoid_search(line, spacing, semi, mask).ravel(), expected)
