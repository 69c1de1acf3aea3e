"""Limits on organs: what is judged, on which course, and what a partly unknown dose allows."""

from datetime import date

import numpy as np
import pytest
from ReirradiationCore.accumulation import CourseDose, OrganDoses
from ReirradiationCore.case import MappingStrategy
from ReirradiationCore.constraint_grammar import parse_constraint
from ReirradiationCore.courses import Course, CourseRole, Patient, Phase, Structure
from ReirradiationCore.grids import Grid, Volume
from ReirradiationCore.judgement import OrganJudge
from ReirradiationCore.limits import apply_limits, limit_rows
from ReirradiationCore.names import match_name
from ReirradiationCore.organ_models import OrganModel
from ReirradiationCore.recovery import Recovery
from ReirradiationCore.sampling import SamplePoints

DOSE = Volume(np.zeros((2, 2, 2), np.float32), Grid((2, 2, 2), (2.0, 2.0, 2.0)))


def course(name, role, fractions, day):
    phase = Phase("P", DOSE, fractions, fractions, 30.0)
    return Course(name, role, name, Patient("1"), (phase,), first_fraction_date=day)


PRIOR = course("prior-1", CourseRole.PRIOR, 25, date(2020, 1, 1))
PLANNED = course("planned", CourseRole.PLANNED, 5, date(2022, 1, 1))


def organ(name, prior, planned, volume_cc=0.05, recovery=0.0):
    structure = Structure(1, name, ())
    recovered = {"prior-1": Recovery(recovery, "test", "", "")}
    model = OrganModel(
        structure, match_name(name), 3.0, "test", recovered, {"prior-1": MappingStrategy.DIR}
    )
    samples = SamplePoints(np.zeros((len(prior), 3)), np.full(len(prior), volume_cc), 1.0)
    doses = OrganDoses(
        samples,
        CourseDose((np.array(planned, float),), (5,)),
        {"prior-1": CourseDose((np.array(prior, float),), (25,))},
    )
    return OrganJudge(model, doses, "planned")


def judged(line, *organs):
    limit = parse_constraint(line)
    return limit_rows(apply_limits([limit], organs), PLANNED, [PRIOR])


def test_a_limit_is_judged_with_its_own_alpha_beta_not_with_that_of_the_organ():
    # 50 Gy/25 is 50 at any alpha/beta; 30 Gy/5 at 2 is 60, at 3 (the organ's) 54
    rows = judged("Bladder D0.1cc <= 200 Gy @EQD2(ab=2)", organ("Bladder", [50] * 4, [30] * 4))
    assert rows[0]["value"] == pytest.approx(110.0)


def test_values_with_and_without_recovery_stand_side_by_side():
    row = judged(
        "Bladder D0.1cc <= 100 Gy @EQD2(ab=3)", organ("Bladder", [50] * 4, [30] * 4, recovery=0.5)
    )[0]
    assert (row["value"], row["verdict"]) == (pytest.approx(79.0), "PASS")
    assert (row["value_no_recovery"], row["verdict_no_recovery"]) == (pytest.approx(104.0), "FAIL")
    assert row["course_values"] == {"prior-1": pytest.approx(50.0), "planned": pytest.approx(54.0)}


def test_a_limit_without_its_organ_stays_visible_as_not_evaluable():
    row = judged("Rectum D0.1cc <= 100 Gy @EQD2(ab=3)", organ("Bladder", [50] * 4, [30] * 4))[0]
    assert (row["structure"], row["verdict"]) == ("Rectum", "NOT EVALUABLE")
    assert "no structure" in row["note"]


def test_a_limit_counts_for_every_structure_it_applies_to():
    organs = [organ(name, [10] * 4, [1] * 4) for name in ("SacralPlex_L", "SacralPlex_R")]
    rows = judged("SacralPlex D0.1cc <= 67 Gy @EQD2(ab=2)", *organs)
    assert [row["structure"] for row in rows] == ["SacralPlex_L", "SacralPlex_R"]


def test_an_unknown_part_smaller_than_the_metric_cannot_hide_a_breach():
    # hottest known 0.05 cc: 60 Gy (EQD2 60), next 50; one cell of 0.05 cc is unknown. D0.1cc is
    # then at least D0.1cc of the known part (50) and at most its D0.05cc (60).
    doses = [60, 50, 40, 30, np.nan]
    row = judged("Bladder D0.1cc <= 110 Gy @EQD2(ab=3)", organ("Bladder", doses, [0] * 5))[0]
    assert row["value"] == pytest.approx(50.0)
    assert row["verdict"] == "PASS"
    assert "at most" in row["note"]


def test_an_unknown_part_that_could_break_the_limit_is_never_a_pass():
    # D0.1cc lies between EQD2(50) = 50 and EQD2(75 Gy in 25) = 90; the limit is 80
    doses = [75, 50, 40, 30, np.nan]
    row = judged("Bladder D0.1cc <= 80 Gy @EQD2(ab=3)", organ("Bladder", doses, [0] * 5))[0]
    assert row["value"] == pytest.approx(50.0)
    assert row["verdict"] == "MARGINAL"


def test_an_unknown_part_larger_than_the_metric_is_not_evaluable():
    doses = [60, 50, 40, np.nan, np.nan]
    row = judged("Bladder D0.1cc <= 110 Gy @EQD2(ab=3)", organ("Bladder", doses, [0] * 5))[0]
    assert row["verdict"] == "NOT EVALUABLE"


def test_a_lower_bound_beyond_the_limit_fails_whatever_is_unknown():
    doses = [160, 150, 140, np.nan, np.nan]
    row = judged("Bladder D0.1cc <= 110 Gy @EQD2(ab=3)", organ("Bladder", doses, [0] * 5))[0]
    assert row["verdict"] == "FAIL"
