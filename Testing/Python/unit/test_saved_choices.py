"""Live choices as a case file, and in words what they changed."""

import json
from dataclasses import replace

import pytest
from live_cases import STRIDER, evaluated, mapped, row_of, sampled, two_courses
from ReirradiationCore.case import MappingStrategy, OrganChoice, RecoveryChoice
from ReirradiationCore.case_file import read_case
from ReirradiationCore.comparison import what_changed
from ReirradiationCore.live_evaluation import LiveEvaluation
from ReirradiationCore.results import results_json
from ReirradiationCore.saved_choices import case_text

CHANGED = replace(
    STRIDER,
    planned_scale=1.25,
    recovery=RecoveryChoice("strider_33"),
    organs={
        **mapped("Rectum", MappingStrategy.POINT_SUM),
        "Bladder": OrganChoice(recovery={"prior-1": RecoveryChoice("custom", 0.25, "a letter")}),
    },
    confirmed=(),
)


@pytest.fixture(scope="module")
def live():
    planned, prior = two_courses()
    return LiveEvaluation(sampled(planned, [prior]))


def test_an_evaluation_with_the_saved_choices_gives_the_live_numbers(live, tmp_path):
    result = live.judge(CHANGED)
    path = tmp_path / "case.json"
    path.write_text(case_text(result, before=STRIDER, author="A physicist"), encoding="utf-8")
    planned, prior = two_courses()
    whole = evaluated(planned, [prior], read_case(path))
    assert list(whole.constraints) == list(result.rows)
    assert whole.isotoxic == result.isotoxic[0]


def test_saved_choices_are_saved_again_as_the_same_choices(live, tmp_path):
    path = tmp_path / "case.json"
    path.write_text(case_text(live.judge(CHANGED)), encoding="utf-8")
    again = read_case(path)
    assert again.planned_scale == 1.25
    assert again.organs == CHANGED.organs
    assert again.courses["planned"].prescription_gy == 30.0


def test_the_history_says_who_changed_what(live):
    text = case_text(live.judge(CHANGED), before=STRIDER, author="A physicist")
    (entry,) = json.loads(text)["history"]
    assert entry["who"] == "A physicist"
    assert "planned_scale: 1.0 became 1.25" in entry["changes"]
    assert "recovery: none became strider_33" in entry["changes"]
    assert json.loads(case_text(live.judge(STRIDER), before=STRIDER))["history"] == []


def test_what_changed_is_told_in_words(live):
    planned, prior = two_courses()
    saved = results_json(evaluated(planned, [prior]))
    result = live.judge(replace(STRIDER, planned_scale=1.5))
    found = what_changed(saved, result.as_results(with_isotoxic=True), STRIDER, result.case)
    assert found["choices"] == ["planned_scale: 1.0 became 1.5"]
    # ab 3: 30 Gy in 5 is 54, 45 Gy is 108; with 36.8 of before 90.8 and 144.8, limit 110
    wanted = (
        "Bladder D0.1cc EQD2 cumulative (STRIDeR2025): PASS became FAIL (90.80 Gy became 144.80"
    )
    assert any(line.startswith(wanted) for line in found["verdicts"])
    assert any("Bladder" in line and "became" in line for line in found["values"])
    assert "isotoxic" not in found  # the largest prescription does not depend on the scale


def test_parts_that_were_not_asked_for_are_not_compared(live):
    planned, prior = two_courses()
    saved = results_json(evaluated(planned, [prior]))
    result = live.judge(STRIDER)
    assert what_changed(saved, result.as_results(with_isotoxic=True), STRIDER, STRIDER) == {}
    rows = {"constraints": list(live.judge(CHANGED).rows)}
    assert set(what_changed(saved, rows, STRIDER, CHANGED)) == {"choices", "verdicts"}
    assert row_of(result, "Bladder")["verdict"] == "PASS"
