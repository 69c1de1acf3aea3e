"""Maps that differ by a known shift disagree by it, in mm and in Gy."""

from dataclasses import replace

import pytest
import synthetic_courses as made
from ReirradiationCore.accumulation import not_evaluable
from ReirradiationCore.case import Case
from ReirradiationCore.disagreement import disagreement, maps_of
from ReirradiationCore.judgement import OrganJudge
from ReirradiationCore.pipeline_data import RegisteredCourse
from ReirradiationCore.progress import silent
from ReirradiationCore.registration_result import RegistrationResult
from ReirradiationCore.uncertainty_choice import UncertaintyChoice
from ReirradiationCore.uncertainty_stage import judge_uncertainty

ORGAN = "Rectum"


def eqd2(dose):
    return dose * (dose / 25 + 3) / 5


def evaluated(case=None, mode="deformable", rigid=None, **others):
    old = made.course(
        "prior-1", [(made.dose(lambda x: 20.0 + 0.1 * x), 25, 50.0)], [made.box(ORGAN, -20, 20)]
    )
    new = made.course(
        "planned", [(made.dose(lambda _x: 20.0), 5, 30.0)], [made.box(ORGAN, -20, 20)]
    )
    result = RegistrationResult(mode, "test", made.shift(0), rigid)
    alternatives = {
        name: RegistrationResult("deformable", name, made.shift(x)) for name, x in others.items()
    }
    match = RegisteredCourse("prior-1", result, {"structures": []}, None, alternatives)
    judge = made.judges(new, [old], case, {"prior-1": match})[ORGAN]
    return judge, old, new, match


def found(**given):
    judge, old, _, match = evaluated(**given)
    return disagreement(judge, old, match)


def test_the_map_in_use_comes_first_then_rigid_then_the_others():
    match = evaluated(rigid=made.shift(4), demons=2)[3]
    assert list(maps_of(match)) == ["deformable", "rigid", "demons"]


def test_one_map_alone_disagrees_with_nothing():
    assert found(mode="rigid", rigid=made.shift(0)) is None


def test_distances_are_those_of_the_shifts():
    entry = found(rigid=made.shift(4), demons=-2)
    distances = {row["name"]: row["mean_mm"] for row in entry["maps"]}
    assert distances == pytest.approx({"deformable": 0.0, "rigid": 4.0, "demons": 2.0})
    assert entry["spread_mm"] == pytest.approx({"mean_mm": 6.0, "p95_mm": 6.0, "max_mm": 6.0})


def test_the_spread_in_dose_is_that_of_the_ramp():
    entry = found(rigid=made.shift(10))
    # The mean is that of the square of a ramp of +-2 Gy about 20 and 21 Gy: mean D + var / 25.
    mean = {
        name: (d * d + 4 / 3) / 25 / 5 + d * 3 / 5
        for name, d in (("deformable", 20), ("rigid", 21))
    }
    shown = {row["name"]: row["eqd2_gy"]["Dmean"] for row in entry["maps"]}
    assert shown == pytest.approx(mean, rel=1e-3)
    expected = mean["rigid"] - mean["deformable"]
    assert entry["spread_eqd2_gy"]["Dmean"] == pytest.approx(expected, rel=1e-2)
    hottest = eqd2(20.0 + 0.1 * 29.9) - eqd2(20.0 + 0.1 * 19.9)
    assert entry["spread_eqd2_gy"]["D0.1cc"] == pytest.approx(hottest, rel=0.02)


def test_a_map_that_leaves_the_dose_grid_has_no_known_spread_of_dose():
    entry = found(rigid=made.shift(148))
    assert entry["spread_eqd2_gy"]["Dmean"] is None
    assert entry["spread_mm"]["mean_mm"] == pytest.approx(148.0)


def test_a_failed_organ_shows_millimetres_and_no_dose():
    judge, old, _, match = evaluated(rigid=made.shift(4))
    lost = replace(judge.doses, priors={"prior-1": not_evaluable((25,), "its map failed")})
    entry = disagreement(OrganJudge(judge.model, lost, "planned"), old, match)
    assert entry["spread_mm"]["mean_mm"] == pytest.approx(4.0)
    assert entry["spread_eqd2_gy"] is None
    assert all(row["eqd2_gy"] is None for row in entry["maps"])


def test_the_second_engine_is_a_scenario_that_enters_the_verdicts():
    case = Case(uncertainty=UncertaintyChoice(engines=("demons",)))
    judge, old, new, match = evaluated(case, demons=10)
    result = judge_uncertainty([judge], [], new, [old], {"prior-1": match}, case, silent)
    rows = result.record["structures"][0]["rows"]
    scenario = next(row for row in rows if row["group"] == "engines")
    assert scenario["scenario"] == "demons"
    nominal = result.record["structures"][0]["columns"][0]
    gain = eqd2(20.0 + 0.1 * 29.9) - eqd2(20.0 + 0.1 * 19.9)
    assert scenario["values"][0] - nominal["nominal"] == pytest.approx(gain, rel=0.02)
    assert nominal["interval"] == pytest.approx([nominal["nominal"], scenario["values"][0]])
    assert result.record["in_verdicts"] == ["engines"]
    assert [entry["structure"] for entry in result.record["disagreement"]] == [ORGAN]
