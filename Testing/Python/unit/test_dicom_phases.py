"""Fractions, plausibility, and doses that are counted twice."""

import numpy as np
import pytest
from dicom_factory import (
    common_of,
    linear_dose,
    make_case,
    make_dose,
    make_plan,
    save_case,
    set_dose,
)
from reading import read, reasons


def second_plan(case, label, values, day="20240110", fractions=10):
    """Add a plan with its own dose on the structure set of a case."""
    common = common_of(case.plan)
    plan = make_plan({**common, "StudyDate": day}, case.structures, label, fractions)
    dose = make_dose(common, plan, values)
    case.more = {**case.more, f"RP_{label}": plan, f"RD_{label}": dose}
    return plan, dose


def falling_dose():
    return np.broadcast_to(np.linspace(20, 1, 10), (16, 12, 10))


def test_a_copy_of_a_dose_under_another_plan_is_refused_as_counted_twice(tmp_path):
    case = make_case(label="A")
    second_plan(case, "B", None)
    (reason,) = reasons(save_case(case, tmp_path))
    assert "'A' and 'B'" in reason
    assert "counted twice" in reason


def test_equal_plans_count_both_when_the_fractions_of_both_are_stated(tmp_path):
    case = make_case(label="A")
    second_plan(case, "B", None)
    result = read(save_case(case, tmp_path), fractions={"A": 12, "B": 8})
    assert [phase.fractions_delivered for phase in result.courses[0].phases] == [12, 8]
    assert any("both count" in warning for warning in result.warnings)


def test_a_plan_sum_beside_its_parts_is_refused(tmp_path):
    case = make_case(label="A")
    along_z = np.broadcast_to(linear_dose(-22.5 + 3 * np.arange(16))[:, None, None], (16, 12, 10))
    second_plan(case, "B", falling_dose())
    second_plan(case, "SUM", falling_dose() + along_z, day="20240111")
    assert any(
        "'SUM' has the summed dose of 'A', 'B'" in r for r in reasons(save_case(case, tmp_path))
    )


@pytest.mark.parametrize(
    ("fractions", "text"),
    [
        ({"planned": 25}, "more than the 20 planned"),
        ({"nobody": 3}, "names 0 plans"),
        ({"planned": 0}, "whole number"),
    ],
)
def test_stated_fractions_that_cannot_be_are_refused(tmp_path, fractions, text):
    (reason,) = reasons(save_case(make_case(), tmp_path), fractions=fractions)
    assert text in reason


def test_an_unfinished_course_keeps_its_planned_fractions(tmp_path):
    (course,) = read(save_case(make_case(), tmp_path), fractions={"PLAN1": 12}).courses
    phase = course.phases[0]
    assert (phase.fractions_planned, phase.fractions_delivered) == (20, 12)


def test_a_dose_per_fraction_that_cannot_be_is_refused(tmp_path):
    case = make_case(fractions=1)
    set_dose(case.dose, falling_dose() * 1.6)
    (reason,) = reasons(save_case(case, tmp_path))
    assert "32.0 Gy per fraction" in reason


@pytest.mark.parametrize(("dose", "fractions"), [(20, 50), (70, 2)])
def test_an_implausible_prescription_per_fraction_is_refused(tmp_path, dose, fractions):
    case = make_case(fractions=fractions)
    case.plan.DoseReferenceSequence[0].TargetPrescriptionDose = dose
    (reason,) = reasons(save_case(case, tmp_path))
    assert "outside 0.5 to 34 Gy" in reason


def test_the_prescription_can_be_stated(tmp_path):
    (course,) = read(save_case(make_case(), tmp_path), prescription_gy=24.0).courses
    assert course.phases[0].prescribed_dose_gy == 24.0
    (reason,) = reasons(tmp_path, prescription_gy=2400.0)
    assert "2400 Gy" in reason
