"""What the user types of a course: taken, told, or refused; and what the interval allows."""

from datetime import date

import numpy as np
import pytest
from ReirradiationCore.case import Case, RecoveryChoice
from ReirradiationCore.case_record import _absolute
from ReirradiationCore.course_choices import CourseChoice, apply_course_choices
from ReirradiationCore.courses import (
    Course,
    CourseRole,
    Patient,
    Phase,
    Structure,
    interval_months,
    shortest_interval_months,
)
from ReirradiationCore.errors import RefusedError
from ReirradiationCore.grids import Grid, Volume
from ReirradiationCore.names import match_name
from ReirradiationCore.organ_models import organ_model

DOSE = Volume(np.zeros((2, 2, 2), np.float32), Grid((2, 2, 2), (2.0, 2.0, 2.0)))


def course(name, role, fractions, first, last=None, plans=1):
    phases = tuple(Phase(f"P{i}", DOSE, fractions, fractions, 30.0) for i in range(plans))
    return Course(
        name, role, name, Patient("1"), phases, first_fraction_date=first, last_fraction_date=last
    )


PRIOR = course("prior-1", CourseRole.PRIOR, 37, date(2024, 1, 1))
PLANNED = course("planned", CourseRole.PLANNED, 5, date(2024, 7, 5))


def recovery(prior, planned, rule="strider_33"):
    structure = Structure(1, "CaudaEquina", ())
    case = Case(recovery=RecoveryChoice(rule))
    match = match_name(structure.name)
    model = organ_model(structure, match, case, [], [prior], planned, {"prior-1": None})
    return model.recovery["prior-1"]


def test_typed_dates_and_prescriptions_are_used_and_told():
    choices = {
        "prior-1": CourseChoice(last_fraction_date=date(2024, 2, 20)),
        "planned": CourseChoice(prescription_gy=25.0),
    }
    (prior, planned), notes = apply_course_choices((PRIOR, PLANNED), choices)
    assert prior.last_fraction_date == date(2024, 2, 20)
    assert interval_months(prior, planned) == pytest.approx(136 / 30.4375)
    assert planned.phases[0].prescribed_dose_gy == 25.0
    assert any("2024-02-20 is typed" in note for note in notes)
    assert any("25 Gy is typed; the files say 30 Gy" in note for note in notes)


def test_what_equals_the_files_is_not_called_typed():
    choice = CourseChoice("prior", date(2024, 1, 1), None, 30.0)
    courses, notes = apply_course_choices((PRIOR, PLANNED), {"prior-1": choice})
    assert courses == (PRIOR, PLANNED)
    assert notes == ()


@pytest.mark.parametrize(
    ("name", "choice", "words"),
    [
        ("prior-9", CourseChoice(), "no 'prior-9'"),
        ("prior-1", CourseChoice(role="planned"), "not the planned"),
        ("prior-1", CourseChoice(last_fraction_date=date(2023, 12, 31)), "before the first"),
        ("planned", CourseChoice(prescription_gy=1000.0), "200 Gy per fraction"),
        ("planned", CourseChoice(prescription_gy=-4.0), "-0.8 Gy per fraction"),
    ],
)
def test_a_choice_that_cannot_be_followed_is_refused(name, choice, words):
    with pytest.raises(RefusedError, match=words):
        apply_course_choices((PRIOR, PLANNED), {name: choice})


def test_one_prescription_for_several_plans_is_refused():
    two = course("planned", CourseRole.PLANNED, 5, date(2024, 7, 5), plans=2)
    with pytest.raises(RefusedError, match="2 plans"):
        apply_course_choices((PRIOR, two), {"planned": CourseChoice(prescription_gy=50.0)})


def test_a_date_that_is_not_iso_is_refused():
    with pytest.raises(RefusedError, match="YYYY-MM-DD"):
        CourseChoice.from_json({"id": "prior-1", "last_fraction_date": "20.02.2024"})


def test_the_shortest_interval_counts_from_the_end_of_five_fractions_a_week():
    # 37 fractions take 8 weeks: 186 - 56 = 130 days
    assert shortest_interval_months(PRIOR, PLANNED) == pytest.approx(130 / 30.4375)
    known = course("prior-1", CourseRole.PRIOR, 37, date(2024, 1, 1), date(2024, 2, 20))
    assert shortest_interval_months(known, PLANNED) == interval_months(known, PLANNED)


def test_recovery_is_not_credited_where_only_the_plan_date_reaches_its_threshold():
    # 6.1 months after the plan, 4.3 after the end of 37 fractions; strider_33 asks for 6
    found = recovery(PRIOR, PLANNED)
    assert found.fraction == 0.0
    assert "smaller recovery is used" in found.note


def test_recovery_is_credited_where_both_readings_reach_the_threshold():
    later = course("planned", CourseRole.PLANNED, 5, date(2024, 12, 1))
    assert recovery(PRIOR, later).fraction == 0.33


def test_an_older_reference_course_can_be_evaluated_without_recovery():
    earlier = course("planned", CourseRole.PLANNED, 5, date(2020, 1, 1))
    assert recovery(PRIOR, earlier, "none").fraction == 0.0
    with pytest.raises(ValueError, match="interval"):
        recovery(PRIOR, earlier)


def test_the_record_holds_absolute_paths_of_files_and_leaves_names_alone(tmp_path, monkeypatch):
    (tmp_path / "own.json").write_text("{}")
    monkeypatch.chdir(tmp_path)
    assert _absolute("own.json") == str((tmp_path / "own.json").resolve())
    assert _absolute("STRIDeR2025") == "STRIDeR2025"
