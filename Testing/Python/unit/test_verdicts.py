"""Verdicts, worked out by hand: never PASS when something the limit asks for is unknown."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ReirradiationCore.constraint_grammar import parse_constraint
from ReirradiationCore.constraints import Condition, Measure
from ReirradiationCore.verdicts import Circumstances, Outcome, judge, tolerance

PASS, MARGINAL, FAIL, NOT_EVALUABLE = Outcome
UP = parse_constraint("Bladder D0.1cc <= 110 Gy @EQD2(ab=3)")
CORD = parse_constraint("SpinalCord Dmax < 20 Gy @EQD2(ab=2)")
LUNG = parse_constraint("Lungs V20Gy < 40 % @EQD2(ab=3)")
LIVER = parse_constraint("Liver CV32Gy >= 700 cc @EQD2(ab=2.5)")
TARGET = parse_constraint("PTV D95% >= 30 Gy @EQD2(ab=10)")
FIVE_FRACTIONS = parse_constraint("Bladder D0.1cc <= 38 Gy @PHYSICAL if fractions = 5")
SIX_MONTHS = replace(UP, condition=Condition(min_interval_months=6))


@pytest.mark.parametrize(
    ("limit", "value", "verdict", "margin"),
    [
        (UP, 74.8, PASS, 35.2),
        (UP, 108.8, PASS, 1.2),
        (UP, 108.9, MARGINAL, 1.1),
        (UP, 110.0, MARGINAL, 0.0),
        (UP, 111.1, MARGINAL, -1.1),
        (UP, 111.2, FAIL, -1.2),
        (CORD, 19.4, PASS, 0.6),
        (CORD, 19.5, MARGINAL, 0.5),
        (CORD, 20.5, MARGINAL, -0.5),
        (CORD, 20.6, FAIL, -0.6),
        (LUNG, 39.5, PASS, 0.5),
        (LUNG, 39.7, MARGINAL, 0.3),
        (LUNG, 40.4, MARGINAL, -0.4),
        (LUNG, 40.5, FAIL, -0.5),
        (LIVER, 800.0, PASS, 100.0),
        (LIVER, 705.0, MARGINAL, 5.0),
        (LIVER, 695.0, MARGINAL, -5.0),
        (LIVER, 690.0, FAIL, -10.0),
        (TARGET, 30.6, PASS, 0.6),
        (TARGET, 29.4, FAIL, -0.6),
        (UP, 0.0, PASS, 110.0),
    ],
)
def test_verdicts_worked_out_by_hand(limit, value, verdict, margin):
    found = judge(limit, value)
    assert found.verdict is verdict
    assert found.margin == pytest.approx(margin, abs=1e-9)


def test_a_marginal_verdict_says_by_how_much_the_limit_is_exceeded():
    assert "exceeded by 0.8 Gy" in judge(UP, 110.8).note
    assert "equal to the limit" in judge(UP, 110.0).note


@pytest.mark.parametrize("value", [None, float("nan")])
def test_no_value_is_not_evaluable_with_the_reason(value):
    found = judge(UP, value, Circumstances(note="structure is not in the reference set"))
    assert found.verdict is NOT_EVALUABLE
    assert found.margin is None
    assert found.note == "structure is not in the reference set"


@pytest.mark.parametrize(
    ("limit", "value", "verdict"),
    [
        (UP, 90.0, NOT_EVALUABLE),
        (UP, 111.0, NOT_EVALUABLE),
        (UP, 112.0, FAIL),
        (LIVER, 690.0, NOT_EVALUABLE),
        (LIVER, 800.0, PASS),
    ],
)
def test_a_lower_bound_can_only_settle_one_side(limit, value, verdict):
    found = judge(limit, value, Circumstances(is_lower_bound=True, known_share=0.8))
    assert found.verdict is verdict
    assert "80.0 %" in found.note


def test_a_share_of_two_partly_known_doses_is_no_bound():
    share = replace(CORD, measure=Measure.RERT_SHARE, limit=0.5, unit="ratio")
    partly = Circumstances(is_lower_bound=True, known_share=0.8)
    assert judge(share, 0.9, partly).verdict is NOT_EVALUABLE
    assert judge(share, 0.9).verdict is FAIL


def test_a_partly_unknown_structure_is_not_evaluable():
    assert judge(UP, 50.0, Circumstances(known_share=0.99)).verdict is NOT_EVALUABLE


@pytest.mark.parametrize(
    ("interval", "verdict", "words"),
    [
        (None, NOT_EVALUABLE, "interval not known"),
        (4.2, NOT_EVALUABLE, "applies from 6 months; interval 4.2 months"),
        (6.0, PASS, ""),
        (31.4, PASS, ""),
    ],
)
def test_the_interval_of_the_limit_is_asked_for(interval, verdict, words):
    found = judge(SIX_MONTHS, 50.0, Circumstances(interval_months=interval))
    assert found.verdict is verdict
    assert words in found.note


def test_an_interval_with_two_ends_is_checked_at_both():
    limit = replace(UP, condition=Condition(min_interval_months=6, max_interval_months=12))
    found = judge(limit, 50.0, Circumstances(interval_months=13.0))
    assert found.verdict is NOT_EVALUABLE
    assert "from 6 months to 12 months; interval 13 months" in found.note


@pytest.mark.parametrize(
    ("fractions", "verdict"), [(5, PASS), (3, NOT_EVALUABLE), (None, NOT_EVALUABLE)]
)
def test_a_physical_limit_needs_its_number_of_fractions(fractions, verdict):
    found = judge(FIVE_FRACTIONS, 30.0, Circumstances(planned_fractions=fractions))
    assert found.verdict is verdict
    if verdict is NOT_EVALUABLE:
        assert "applies to 5 fractions" in found.note


@pytest.mark.parametrize(
    ("condition", "met", "broken"),
    [
        (Condition(max_fractions=5), {"planned_fractions": 5}, {"planned_fractions": 6}),
        (Condition(max_prior_courses=1), {"prior_courses": 1}, {"prior_courses": 2}),
        (Condition(max_course_gy=98), {"largest_course_gy": 98.0}, {"largest_course_gy": 100.0}),
        (
            Condition(min_dose_per_fraction_gy=1.8, max_dose_per_fraction_gy=2),
            {"dose_per_fraction_gy": 1.8},
            {"dose_per_fraction_gy": 3.0},
        ),
        (Condition(confirm="the cord is near"), {"confirmed": True}, {"confirmed": False}),
    ],
)
def test_every_condition_is_asked_for(condition, met, broken):
    limit = replace(UP, condition=condition)
    assert judge(limit, 50.0, Circumstances(**met)).verdict is PASS
    assert judge(limit, 50.0, Circumstances(**broken)).verdict is NOT_EVALUABLE
    assert judge(limit, 50.0).verdict is NOT_EVALUABLE


@pytest.mark.parametrize(
    "line",
    ["Bladder D0.1cc <= 110 Gy", "Bladder D0.1cc <= 100-110 Gy @EQD2(ab=3)"],
)
def test_an_open_question_is_never_a_pass(line):
    assert judge(parse_constraint(line), 1.0).verdict is NOT_EVALUABLE


def test_a_chosen_number_of_a_range_is_judged():
    limit = parse_constraint("Bladder D0.1cc <= 100-110 Gy @EQD2(ab=3)").with_choice(limit=100.0)
    assert judge(limit, 90.0).verdict is PASS


def test_recovery_is_never_credited_twice():
    limit = replace(UP, recovery_contained=True)
    found = judge(limit, 50.0, Circumstances(recovery_used=0.3))
    assert found.verdict is NOT_EVALUABLE
    assert "recovery" in found.note
    assert judge(limit, 50.0).verdict is PASS


def test_recovery_that_the_source_did_not_use_is_remarked():
    assert "source of the limit used none" in judge(UP, 50.0, Circumstances(recovery_used=0.3)).note
    with_rule = replace(UP, recovery_rule="strider_33")
    assert judge(with_rule, 50.0, Circumstances(recovery_used=0.33)).note == ""


@pytest.mark.parametrize(
    ("value", "ratio", "verdict"),
    [
        (108.0, 2.0, PASS),
        (108.0, 0.5, MARGINAL),
        (107.7, 0.5, PASS),
        (111.2, 0.5, FAIL),
    ],
)
def test_a_sub_voxel_metric_near_its_limit_is_at_best_marginal(value, ratio, verdict):
    assert judge(UP, value, Circumstances(sub_voxel_ratio=ratio)).verdict is verdict


def test_a_metric_of_few_voxels_is_remarked():
    assert "0.5 of a voxel, sub-voxel" in judge(UP, 50.0, Circumstances(sub_voxel_ratio=0.5)).note
    assert "only 3 voxels" in judge(UP, 50.0, Circumstances(sub_voxel_ratio=3.0)).note
    assert judge(UP, 50.0, Circumstances(sub_voxel_ratio=12.5)).note == ""


def test_a_limit_not_kept_over_the_uncertainty_is_marginal():
    assert judge(UP, 100.0, Circumstances(band=(95.0, 112.0))).verdict is MARGINAL
    assert judge(UP, 100.0, Circumstances(band=(95.0, 109.0))).verdict is PASS
    assert judge(LIVER, 800.0, Circumstances(band=(650.0, 900.0))).verdict is MARGINAL


def test_the_interval_itself_can_be_the_criterion():
    limit = replace(
        parse_constraint("ThecalSac Dmax >= 5 Gy @EQD2(ab=2)"),
        unit="months",
        measure=Measure.INTERVAL,
    )
    assert judge(limit, None, Circumstances(interval_months=5.0)).verdict is PASS
    assert judge(limit, None, Circumstances(interval_months=4.9)).verdict is FAIL
    assert judge(limit, None).verdict is NOT_EVALUABLE


@given(
    value=st.floats(0, 200),
    lower=st.floats(0, 50),
    limit=st.sampled_from([UP, CORD, LUNG]),
)
def test_a_smaller_value_never_has_a_worse_verdict(value, lower, limit):
    order = [PASS, MARGINAL, FAIL]
    better = judge(limit, max(value - lower, 0.0)).verdict
    assert order.index(better) <= order.index(judge(limit, value).verdict)


def test_the_tolerance_is_half_a_gray_or_one_percent():
    assert tolerance(UP) == pytest.approx(1.1)
    assert tolerance(CORD) == 0.5
    assert tolerance(LUNG) == pytest.approx(0.4)
