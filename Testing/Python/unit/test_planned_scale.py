"""A what-if factor on the planned dose: formulas, refusals, and nothing that hides it."""

import json
import math
from dataclasses import replace

import jsonschema
import numpy as np
import pytest
from live_cases import STRIDER, evaluated, falling, mapped, row_of, sampled, two_courses
from ReirradiationCore.case import Case, MappingStrategy
from ReirradiationCore.case_file import case_to_json, read_case
from ReirradiationCore.case_record import case_record
from ReirradiationCore.dose_mapping import dose_at_points
from ReirradiationCore.errors import RefusedError
from ReirradiationCore.planned_scale import scaled_course
from ReirradiationCore.report import render_report
from ReirradiationCore.report.approval import draft_mark
from ReirradiationCore.report_data import report_data
from ReirradiationCore.results import results_json
from ReirradiationCore.warning import scale_warning
from source_tree import REPOSITORY

SCHEMAS = REPOSITORY / "ReirradiationPlanner" / "ReirradiationCore" / "schemas"
HALF_MORE = replace(STRIDER, planned_scale=1.5)


@pytest.fixture(scope="module")
def whole():
    planned, prior = two_courses()
    return evaluated(planned, [prior], HALF_MORE)


def test_the_sum_is_that_of_the_scaled_dose_in_the_same_fractions(whole):
    # ab 3: 40 Gy in 25 is 36.8; 45 Gy in 5 is 45 x 12/5 = 108
    row = row_of(whole, "Bladder")
    assert row["value"] == pytest.approx(36.8 + 108.0, rel=1e-6)
    assert row["course_values"]["prior-1"] == pytest.approx(36.8, rel=1e-6)
    assert row_of(whole, "Bladder", "PHYSICAL")["value"] == pytest.approx(45.0, rel=1e-6)


def test_maps_and_targets_show_the_scaled_dose(whole):
    assert float(np.nanmax(whole.maps["mapped_dose_planned"].array)) == pytest.approx(45, rel=1e-6)
    coverage = next(c for c in whole.targets["coverage"] if c["structure"] == "PTV")
    assert coverage["dmean_gy"] == pytest.approx(45.0, rel=1e-6)


def test_the_prescription_follows_and_the_isotoxic_answer_stays(whole):
    planned, prior = two_courses()
    plain = evaluated(planned, [prior]).isotoxic
    assert whole.isotoxic["planned_prescription_gy"] == pytest.approx(45.0)
    # the Rectum allows its limit less 36.8 Gy, as x (x/5 + 3) / 5 of a uniform x in 5 fractions
    left = row_of(whole, "Rectum")["limit"] - 36.8
    expected = 2.5 * (math.sqrt(9 + 4 * left) - 3)
    assert plain["max_prescription_gy"] == pytest.approx(expected, rel=1e-5)
    assert whole.isotoxic["max_prescription_gy"] == pytest.approx(expected, rel=1e-5)


def test_points_and_stored_doses_do_not_depend_on_the_factor():
    planned, prior = falling()
    plain, scaled = (sampled(planned, [prior], case) for case in (STRIDER, HALF_MORE))
    for one, other in zip(plain.doses, scaled.doses, strict=True):
        assert np.array_equal(one.samples.points_lps, other.samples.points_lps)
        pairs = zip(one.planned.phase_doses_gy, other.planned.phase_doses_gy, strict=True)
        assert all(np.array_equal(a, b) for a, b in pairs)


def test_scaled_samples_and_the_scaled_course_give_the_same_dose_bit_for_bit():
    planned, prior = falling()
    found = sampled(planned, [prior], replace(STRIDER, planned_scale=1.37))
    course = scaled_course(planned, 1.37)
    for judge in found.judges():
        (dose,) = dose_at_points(course, judge.doses.samples.points_lps)
        assert np.array_equal(judge.doses.planned.phase_doses_gy[0], dose)


def test_more_planned_dose_makes_a_larger_overlap_of_both_courses():
    # EQD2(3) of 2 Gy in 5 is 2 x 3.4/5 = 1.36, below the 5 Gy that count; of 10 Gy it is 10
    planned, prior = two_courses(new=2.0)
    case = replace(STRIDER, organs=mapped("Bladder", MappingStrategy.OVERLAP_POINT_SUM))
    few, many = (
        sampled(planned, [prior], replace(case, planned_scale=s)).doses[0].priors["prior-1"]
        for s in (1.0, 5.0)
    )
    assert not few.overlap.planned.any()
    assert many.overlap.planned.all()


@pytest.mark.parametrize("factor", [0.0, -1.0, 5.001, math.nan, math.inf, -math.inf])
def test_a_factor_that_makes_no_sense_is_refused(factor):
    with pytest.raises(RefusedError, match="above 0 and at most 5"):
        Case(planned_scale=factor)


@pytest.mark.parametrize("factor", [0.001, 1.0, 5.0])
def test_factors_up_to_five_are_taken(factor):
    assert Case(planned_scale=factor).planned_scale == factor


@pytest.mark.parametrize("wrong", [0, 6, "two", None, True])
def test_the_case_file_refuses_what_is_no_factor(tmp_path, wrong):
    path = tmp_path / "case.json"
    path.write_text(json.dumps({"planned_scale": wrong}))
    with pytest.raises(RefusedError):
        read_case(path)


def test_the_case_file_keeps_the_factor_and_the_prescription_it_is_applied_to(tmp_path, whole):
    content = case_record(whole)
    assert content["planned_scale"] == 1.5
    assert content["courses"][-1]["prescription_gy"] == 30.0
    jsonschema.validate(content, json.loads((SCHEMAS / "case.schema.json").read_text()))
    path = tmp_path / "case.json"
    path.write_text(json.dumps(content))
    assert read_case(path).planned_scale == 1.5
    assert case_to_json(Case())["planned_scale"] == 1.0


def test_the_result_says_it_first_of_all(whole):
    assert whole.warnings[0] == scale_warning(1.5)
    assert "multiplied by 1.5" in whole.warnings[0]
    assert results_json(whole)["planned_scale"] == 1.5
    planned, prior = two_courses()
    assert not [w for w in evaluated(planned, [prior]).warnings if "WHAT-IF" in w]


def test_the_report_is_a_draft_that_says_what_if_on_its_first_lines_and_every_page(whole):
    page = render_report(report_data(whole, results_json(whole)))
    body = page[page.index("<body") :]
    assert "not-approved" in body[:200]
    assert body.index("multiplied by 1.5") < body.index("Verdict")
    foot = page[: page.index("<body")]  # on every page, escaped as CSS has it
    assert r"WHAT\00002dIF" in foot
    assert r"PLANNED\000020DOSE\000020x\0000201\00002e5" in foot
    assert draft_mark({"planned_scale": 1.0}) == draft_mark({}) == ""


def test_another_factor_is_another_input(whole):
    planned, prior = two_courses()
    hashes = {
        evaluated(planned, [prior], replace(STRIDER, planned_scale=s)).input_hash
        for s in (1.0, 1.2)
    }
    assert len(hashes | {whole.input_hash}) == 3
