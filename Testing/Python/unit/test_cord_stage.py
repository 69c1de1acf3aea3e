"""Cord criteria of whole cases, against the golden numbers of physics.md 2.3."""

from datetime import date

import pytest
import synthetic_courses as made
from ReirradiationCore.case import Case, MappingStrategy
from ReirradiationCore.cord_stage import CordCase, cord_criteria, with_cord_limits
from ReirradiationCore.dose_models import DoseConversion
from ReirradiationCore.limits import apply_limits, limit_rows
from ReirradiationCore.lql import DoseModel
from ReirradiationCore.protocol_library import load_protocol

NAMES = ("SpinalCord", "ThecalSac", "SpinalCord_PRV1.5")
A_YEAR_LATER = date(2021, 1, 1)


def a_case(old, new, *, names=NAMES, when=A_YEAR_LATER, case=None, priors=1, grid=None):
    """Uniform doses: ``old`` and ``new`` are (Gy, fractions)."""
    structures = [made.box(name, 0, 20) for name in names]
    courses = [
        made.course(
            f"prior-{i + 1}", [(made.dose(lambda _x: old[0], **(grid or {})), old[1], 50)], ()
        )
        for i in range(priors)
    ]
    planned = made.course("planned", [(made.dose(lambda _x: new[0]), new[1], 24)], structures, when)
    organs = made.judges(planned, courses, case)
    return CordCase(list(organs.values()), planned, courses, case or Case())


def criteria(known, name):
    found = {entry["structure"]: entry for entry in cord_criteria(known)}
    return found[name]


def named_tests(entry):
    return {test["test"]: (test["value"], test["holds"]) for test in entry["tests"]}


def test_nieder_sums_the_bed_of_the_courses():
    # golden cord_nieder2006: 30/10 and 18/5, BED 75 and 50.4, cumulative 125.4
    entry = criteria(a_case((30.0, 10), (18.0, 5)), "SpinalCord")
    tests = named_tests(entry)
    assert tests["cumulative BED"] == (pytest.approx(125.4, rel=1e-5), True)
    assert tests["BED of each course"] == (pytest.approx(75.0, rel=1e-5), True)
    assert tests["interval"] == (pytest.approx(366 / 30.4375), True)
    assert entry["holds"] is True
    assert "above the 120 Gy BED" in entry["note"]


def test_nieder_refuses_a_first_course_of_fifty_gray():
    # golden: 50/25 is 100 Gy BED and fails "each at most 98"
    entry = criteria(a_case((50.0, 25), (1.0, 5)), "SpinalCord")
    assert named_tests(entry)["BED of each course"] == (pytest.approx(100.0, rel=1e-5), False)
    assert entry["holds"] is False


def test_a_lumbar_cord_has_alpha_beta_four():
    # 30/10: 30 (1 + 3/4) = 52.5; 18/5: 18 (1 + 3.6/4) = 34.2
    case = Case(cord_region="lumbar")
    entry = criteria(a_case((30.0, 10), (18.0, 5), case=case), "SpinalCord")
    assert named_tests(entry)["cumulative BED"][0] == pytest.approx(86.7, rel=1e-5)
    assert entry["alpha_beta_gy"] == 4.0


def test_an_interval_that_is_too_short_fails_alone():
    entry = criteria(a_case((40.0, 20), (15.0, 3), when=date(2020, 5, 1)), "SpinalCord")
    assert named_tests(entry)["interval"][1] is False
    assert named_tests(entry)["cumulative BED"] == (pytest.approx(132.5, rel=1e-5), True)
    assert entry["holds"] is False


def test_hytec_is_four_tests_on_the_thecal_sac():
    # golden cord_hytec: 45/25 and 12.2/2 give 42.75, 24.705, 67.455 and 0.3662
    entry = criteria(a_case((45.0, 25), (12.2, 2)), "ThecalSac")
    tests = named_tests(entry)
    assert tests["cumulative EQD2"] == (pytest.approx(67.455, rel=1e-5), True)
    assert tests["EQD2 of the planned course"] == (pytest.approx(24.705, rel=1e-5), True)
    share = tests["planned share of the cumulative EQD2"]
    assert share == (pytest.approx(0.36624, rel=1e-4), True)
    assert entry["holds"] is True


def test_hytec_is_not_for_more_than_five_fractions_or_two_prior_courses():
    assert "5 fractions, not 6" in criteria(a_case((45.0, 25), (12.0, 6)), "ThecalSac")["note"]
    entry = criteria(a_case((20.0, 25), (12.0, 2), priors=2), "ThecalSac")
    assert entry["holds"] is None
    assert "one prior course; there are 2" in entry["note"]


def test_koide_needs_hytec_and_gives_the_limit_for_the_prior_prv_dose():
    # 45/25 is BED 85.5, at most 90: 12.2 Gy in 2 fractions
    entry = criteria(a_case((45.0, 25), (12.0, 2)), "SpinalCord_PRV1.5")
    assert entry["tests"][0]["limit"] == pytest.approx(12.2)
    assert entry["tests"][0]["holds"] is True
    assert entry["note"] == "prior BED 85.5 Gy"


@pytest.mark.parametrize(
    ("old", "new", "names", "reason"),
    [
        ((45.0, 25), (12.0, 2), ("SpinalCord_PRV1.5",), "need one structure ThecalSac"),
        ((50.0, 25), (12.0, 2), NAMES, "do not all hold"),
        ((45.0, 25), (12.0, 3), NAMES, "holds for 2 fractions, not 3"),
    ],
)
def test_koide_is_not_given_without_its_conditions(old, new, names, reason):
    known = a_case(old, new, names=names)
    assert reason in criteria(known, "SpinalCord_PRV1.5")["note"]
    row = koide_row(known)
    assert row["verdict"] == "NOT EVALUABLE"
    assert reason in row["note"]


def koide_row(known):
    limits = [c for c in load_protocol("Koide2024").constraints if c.limit_model]
    applied = with_cord_limits(apply_limits(limits, known.organs), known)
    return limit_rows(applied, known.planned, known.priors)[0]


def test_the_limit_of_the_koide_set_is_computed_from_the_prior_dose():
    row = koide_row(a_case((45.0, 25), (12.0, 2)))
    assert (row["limit"], row["verdict"]) == (pytest.approx(12.2), "MARGINAL")
    assert koide_row(a_case((45.0, 25), (11.0, 2)))["verdict"] == "PASS"


def test_a_prv_of_another_margin_has_no_koide_limit():
    known = a_case((45.0, 25), (12.0, 2), names=("SpinalCord_PRV05", "ThecalSac"))
    assert "not for this one" in criteria(known, "SpinalCord_PRV05")["note"]


def test_dose_known_in_part_may_break_a_test_but_not_keep_it():
    partly = a_case((30.0, 10), (18.0, 5), grid={"high": 12.0})
    entry = criteria(partly, "SpinalCord")
    assert named_tests(entry)["cumulative BED"][1] is None
    assert entry["holds"] is None
    broken = criteria(a_case((50.0, 25), (18.0, 5), grid={"high": 12.0}), "SpinalCord")
    assert broken["holds"] is False


def test_no_criterion_is_judged_with_another_model():
    case = Case(model=DoseConversion(DoseModel.LQL, 6.0))
    entry = criteria(a_case((30.0, 10), (18.0, 5), case=case), "SpinalCord")
    assert entry["holds"] is None
    assert "derived with the LQ model" in entry["note"]


def test_a_point_sum_reads_the_maximum_on_the_prior_image():
    cord = made.box("SpinalCord", 0, 20)
    old = made.course("prior-1", [(made.dose(lambda _x: 30.0), 10, 30)], [cord])
    new = made.course("planned", [(made.dose(lambda _x: 18.0), 5, 24)], [cord], A_YEAR_LATER)
    case = made.mapped("SpinalCord", MappingStrategy.POINT_SUM)
    known = CordCase(list(made.judges(new, [old], case).values()), new, [old], case)
    value = named_tests(criteria(known, "SpinalCord"))["cumulative BED"][0]
    assert value == pytest.approx(125.4, rel=1e-5)


def test_without_prior_course_there_is_nothing_to_judge():
    assert cord_criteria(a_case((30.0, 10), (18.0, 5), priors=0)) == []
