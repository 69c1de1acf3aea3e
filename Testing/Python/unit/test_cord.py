"""Cord criteria against golden numbers, and what is not available."""

import pytest
from golden import golden, golden_cases
from ReirradiationCore.cord import hytec, koide_2024, nieder_2006, retreat_pct
from ReirradiationCore.errors import RadiobiologyError
from ReirradiationCore.radiobiology import bed

TESTS = ("c1", "c2", "c3", "c4")


@pytest.mark.parametrize(("given", "out"), golden_cases("cord_nieder2006"))
def test_nieder_criteria_are_golden(given, out):
    courses = [(given["D1"], given["n1"]), (given["D2"], given["n2"])]
    found = nieder_2006(courses, given["months"])
    assert found.beds_gy == (golden(out["BED1"]), golden(out["BED2"]))
    assert found.cumulative_bed_gy == golden(out["cumulative_BED2"])
    assert found.cumulative_at_most_120 is out["le_120"]
    assert found.cumulative_at_most_135_5 is out["le_135_5"]
    assert found.each_at_most_98 is out["each_le_98"]
    assert found.interval_at_least_6_months is out["interval_ge_6"]
    low = out["le_135_5"] and out["each_le_98"] and out["interval_ge_6"]
    assert found.low_risk is low


def test_nieder_uses_alpha_beta_4_in_the_lumbar_cord():
    assert nieder_2006([(40, 20), (10, 5)], 12, "lumbar").beds_gy[0] == golden(60.0)


def test_nieder_is_undecided_without_an_interval_but_not_if_the_dose_fails():
    assert nieder_2006([(40, 20), (10, 5)], None).low_risk is None
    assert nieder_2006([(40, 20), (10, 5)], None).no_myelopathy_reported is None
    assert nieder_2006([(50, 25), (10, 5)], None).low_risk is False


def test_fifty_gray_in_25_fractions_already_fails_the_single_course_criterion():
    assert nieder_2006([(50, 25)], 12).each_at_most_98 is False


def test_nieder_refuses_unknown_regions():
    with pytest.raises(RadiobiologyError, match="regions are"):
        nieder_2006([(40, 20)], 12, "sacral")


@pytest.mark.parametrize(("given", "out"), golden_cases("cord_hytec"))
def test_hytec_tests_are_golden(given, out):
    found = hytec(given["D1"], given["n1"], given["D2"], given["n2"], given["months"])
    assert found.prior_eqd2_gy == golden(out["prior_EQD2"])
    assert found.sbrt_eqd2_gy == golden(out["sbrt_EQD2"])
    assert found.cumulative_eqd2_gy == golden(out["cumulative"])
    assert found.sbrt_share == golden(out["ratio"])
    assert found.cumulative_at_most_70 is out["c1_cum_le_70"]
    assert found.sbrt_at_most_25 is out["c2_sbrt_le_25"]
    assert found.share_at_most_half is out["c3_ratio_le_0_5"]
    assert found.interval_at_least_5_months is out["c4_interval_ge_5"]
    assert found.holds is all(value for key, value in out.items() if key[:2] in TESTS)


def test_hytec_is_undecided_while_the_interval_is_unknown():
    assert hytec(45, 25, 12.2, 2, None).holds is None
    assert hytec(50, 25, 14, 3, None).holds is False


def test_hytec_share_counts_half_as_met():
    assert hytec(30, 15, 24, 12 // 3, 12).share_at_most_half is False
    assert hytec(20, 10, 10, 5, 12).share_at_most_half is True


def test_hytec_refuses_more_than_five_fractions():
    with pytest.raises(RadiobiologyError, match="1 to 5 fractions"):
        hytec(45, 25, 20, 6, 12)


@pytest.mark.parametrize(("given", "out"), golden_cases("cord_koide"))
def test_koide_limit_is_golden(given, out):
    tests = hytec(45, 25, 12.2, 2, 12)
    found = koide_2024(given["prior_BED2"], 10.0, 2, tests)
    assert found.limit_gy == golden(out["limit_exact"])
    assert round(found.limit_gy, 1) == out["limit_1dp"]
    assert found.cumulative_bed_gy == golden(out["cumulative_BED2"])
    assert found.limit_for_cumulative_140_gy == golden(out["limit_from_cum_140"])


def test_koide_limit_alone_is_not_enough():
    failing = hytec(60, 30, 10.8, 2, 12)
    found = koide_2024(bed(60, 30, 2), 10.8, 2, failing)
    assert found.limit_holds is True
    assert found.holds is False


def test_koide_fails_above_its_limit_whatever_the_other_tests_say():
    found = koide_2024(80.0, 12.25, 2, hytec(40, 20, 12.25, 2, 12))
    assert found.hytec_holds is True
    assert found.holds is False


def test_koide_is_refused_for_other_fractions_and_unknown_doses():
    tests = hytec(45, 25, 12.2, 2, 12)
    with pytest.raises(RadiobiologyError, match="2 fractions"):
        koide_2024(80.0, 12.0, 3, tests)
    with pytest.raises(RadiobiologyError, match="must be known"):
        koide_2024(float("nan"), 12.0, 2, tests)


@pytest.mark.parametrize("days", [0, 69.9, 1095.1])
def test_retreatment_model_is_not_asked_outside_its_interval(days):
    found = retreat_pct(50, days, 0.0, model=lambda *_: 40.0)
    assert found.percent is None
    assert "not available" in found.note


def test_no_retreatment_model_is_built_in():
    assert retreat_pct(50, 400, 0.0).percent is None
    assert retreat_pct(50, 400, 0.1, model=lambda a, b, c: a + b + c).percent == golden(450.1)
