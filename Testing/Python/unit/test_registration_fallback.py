"""An organ whose registration failed gets no number from its map, unless somebody accepts it."""

import math

import numpy as np
import pytest
import synthetic_courses as made
from ReirradiationCore.case import Case, MappingStrategy, OrganChoice
from ReirradiationCore.constraints import Constraint, Quantity, Relation, Scope
from ReirradiationCore.courses import StructureKind
from ReirradiationCore.dvh_curves import dvh_curves
from ReirradiationCore.grids import Grid
from ReirradiationCore.hot_spots import hand_check, hot_spots
from ReirradiationCore.isotoxic_stage import isotoxic_answer
from ReirradiationCore.judgement import CUMULATIVE, NO_RECOVERY
from ReirradiationCore.limits import apply_limits, limit_rows
from ReirradiationCore.lost_organs import where_lost
from ReirradiationCore.map_stage import voxel_maps
from ReirradiationCore.metrics import Metric
from ReirradiationCore.pipeline_data import JudgedOrgan, RegisteredCourse
from ReirradiationCore.progress import silent
from ReirradiationCore.quality_choice import Fallback, QualityChoice
from ReirradiationCore.registration_fallback import ACCEPTED, CourseMap, not_validated, settle
from ReirradiationCore.uncertainty_stage import judge_uncertainty

AB = 3.0
D01, MEAN = Metric.parse("D0.1cc"), Metric.parse("Dmean")
E40 = 40 * (40 / 25 + 3) / 5
E10 = 10 * (10 / 25 + 3) / 5
P20 = 20 * (20 / 5 + 3) / 5
ORGAN, OTHER, PTV = "Rectum", "Bladder", "PTV_1"
DIR, RIGID = MappingStrategy.DIR, MappingStrategy.RIGID


def entry(verdict="pass", why="", rigid="pass", name=ORGAN):
    found = None if rigid is None else {"verdict": rigid, "why": f"rigid {rigid}"}
    return {"structure": name, "verdict": verdict, "why": why, "rigid": found}


def course_map(mode="deformable", **given):
    return CourseMap.of("prior-1", mode, {"structures": [entry(**given)]})


def settled(course, fallback=Fallback.NOT_EVALUABLE, asked=None, reason="", **more):
    structure = made.box(more.pop("name", ORGAN), 0, 20)
    return settle(structure, asked, reason, course, fallback, has_target=more.get("target", True))


@pytest.mark.parametrize("verdict", ["pass", "warn", "not validated"])
def test_a_map_that_did_not_fail_is_used(verdict):
    found = settled(course_map(verdict=verdict))
    assert (found.strategy, found.source) == (DIR, "default")


@pytest.mark.parametrize("verdict", ["fail", "unknown"])
def test_a_map_that_failed_or_is_unknown_is_not_evaluable(verdict):
    found = settled(course_map(verdict=verdict, why="MDA 9 mm (at most 3 mm)"))
    assert (found.strategy, found.source) == (MappingStrategy.NOT_EVALUABLE, "fallback")
    assert "prior-1 fails at Rectum (MDA 9 mm (at most 3 mm))" in found.statement
    assert "no cumulative dose is given" in found.statement


@pytest.mark.parametrize("mode", ["rigid", "identity"])
def test_a_rigid_or_identical_map_fails_by_its_own_verdict(mode):
    assert settled(course_map(mode=mode)).strategy is RIGID
    lost = settled(course_map(mode=mode, verdict="fail"), Fallback.RIGID)
    assert lost.strategy is MappingStrategy.NOT_EVALUABLE
    assert "the map that failed is the rigid one" in lost.statement


@pytest.mark.parametrize("fallback", [Fallback.RIGID, Fallback.UNIFORM_BG, Fallback.POINT_SUM])
def test_a_failed_map_falls_back_as_the_case_says(fallback):
    found = settled(course_map(verdict="fail", why="25 % of it folds"), fallback)
    assert (found.strategy.value, found.source) == (fallback.value, "fallback")
    assert "25 % of it folds" in found.statement
    assert f"falls back on {fallback.value}" in found.statement


def test_the_rigid_fallback_needs_a_rigid_map_that_holds():
    failing = settled(course_map(verdict="fail", rigid="fail"), Fallback.RIGID)
    assert failing.strategy is MappingStrategy.NOT_EVALUABLE
    assert "the rigid part fails too: rigid fail" in failing.statement
    unknown = settled(course_map(mode="file", verdict="fail", rigid=None), Fallback.RIGID)
    assert "rigid part of this registration is not known" in unknown.statement


def test_fallbacks_that_lack_what_they_need_are_not_evaluable():
    quality = {"structures": [], "not_paired": [entry("fail")]}
    lonely = CourseMap.of("prior-1", "deformable", quality)
    assert "is not contoured in prior-1" in settled(lonely, Fallback.POINT_SUM).statement
    without = settled(course_map(verdict="fail"), Fallback.UNIFORM_BG, target=False)
    assert "has no target" in without.statement
    target = course_map(verdict="fail", name=PTV)
    found = settled(target, Fallback.POINT_SUM, name=PTV)
    assert "for organs at risk only" in found.statement
    assert found.strategy is MappingStrategy.NOT_EVALUABLE


def test_a_reason_accepts_a_failed_map_and_is_kept():
    found = settled(course_map(verdict="fail", why="x"), asked=DIR, reason="seen by two of us")
    assert (found.strategy, found.source) == (DIR, "user")
    assert found.statement == f"{ACCEPTED} (x): seen by two of us"


def test_without_a_reason_the_choice_of_a_failed_map_accepts_nothing():
    found = settled(course_map(verdict="fail"), asked=DIR)
    assert found.strategy is MappingStrategy.NOT_EVALUABLE
    assert "DIR was chosen without a reason" in found.statement


def test_choosing_rigid_is_judged_by_the_rigid_map():
    assert settled(course_map(verdict="fail"), asked=RIGID).strategy is RIGID
    lost = settled(course_map(rigid="fail"), asked=RIGID)
    assert lost.strategy is MappingStrategy.NOT_EVALUABLE


@pytest.mark.parametrize("strategy", ["POINT_SUM", "UNIFORM_BG", "ZERO", "NOT_EVALUABLE"])
def test_choices_that_do_not_use_the_map_stand(strategy):
    chosen = MappingStrategy(strategy)
    assert settled(course_map(verdict="fail"), asked=chosen).strategy is chosen


def test_what_nothing_validates_is_said():
    quality = {
        "structures": [entry("fail", "MDA 9 mm")],
        "not_paired": [entry("not validated", name="GTV_Node")],
    }
    said = not_validated(CourseMap.of("prior-1", "deformable", quality))
    assert "NOT VALIDATED by contours at GTV_Node (" in said
    assert not_validated(course_map()) == ""


def evaluated(case=None, verdict="fail"):
    old = made.course(
        "prior-1", [(made.dose(lambda x: 40.0 if x > 0 else 10.0), 25, 50.0)],
        [made.box(ORGAN, -60, -20), made.box(OTHER, 20, 60)],
    )  # fmt: skip
    new = made.course(
        "planned", [(made.dose(lambda _x: 20.0), 5, 30.0)],
        [made.box(ORGAN, -60, -40), made.box(OTHER, 20, 40), made.box(PTV, -10, 10)],
    )  # fmt: skip
    result = made.registered([old])["prior-1"].result
    quality = {"structures": [entry(verdict, "MDA 9 mm"), entry(name=OTHER)]}
    match = {"prior-1": RegisteredCourse("prior-1", result, quality)}
    case = case or Case()
    return new, old, match, case, made.judges(new, [old], case, match)


def limit(organ, scope=Scope.CUMULATIVE, metric="D0.1cc"):
    return Constraint(
        f"{organ} {scope.value}", "set", organ, Metric.parse(metric), Relation.AT_MOST, 80.0, "Gy",
        Quantity.EQD2, AB, scope=scope,
    )  # fmt: skip


def test_no_cumulative_number_of_a_failed_organ_is_given_and_each_says_why():
    *_, judges = evaluated()
    rows = judges[ORGAN].rows()
    cumulative = [row for row in rows if row.course in (CUMULATIVE, NO_RECOVERY)]
    assert len(cumulative) == 22
    assert all(row.value is None and "fails at Rectum (MDA 9 mm)" in row.note for row in cumulative)
    assert all(row.value is None for row in rows if row.course == "prior-1")
    own = {row.metric: row.value for row in rows if row.course == "planned"}
    assert own["Dmean"] == pytest.approx(20.0 * 7 / 5, rel=1e-5)
    other = judges[OTHER].metric(D01, CUMULATIVE, Quantity.EQD2, AB)
    assert other.value == pytest.approx(E40 + P20, rel=1e-5)


def test_the_sum_is_unknown_at_every_point_of_a_failed_organ():
    *_, judges = evaluated()
    assert np.isnan(judges[ORGAN].values(CUMULATIVE, Quantity.EQD2, AB)).all()
    assert not np.isnan(judges[OTHER].values(CUMULATIVE, Quantity.EQD2, AB)).any()


def test_limits_of_a_failed_organ_are_not_evaluable_those_of_the_plan_alone_are():
    new, old, _, _, judges = evaluated()
    limits = [limit(ORGAN), limit(ORGAN, Scope.RERT_ONLY), limit(OTHER)]
    rows = limit_rows(apply_limits(limits, list(judges.values())), new, [old])
    found = [row["verdict"] for row in rows]
    assert found == ["NOT EVALUABLE", "PASS", "PASS"]
    assert "fails at Rectum" in rows[0]["note"]


def test_the_isotoxic_answer_names_the_organs_it_cannot_count_on():
    new, old, _, case, judges = evaluated()
    applied = apply_limits([limit(ORGAN), limit(OTHER)], list(judges.values()))
    answer, _ = isotoxic_answer(applied, limit_rows(applied, new, [old]), new, case)
    assert [one["structure"] for one in answer["not_counted"]] == [ORGAN]
    assert "fails at Rectum" in answer["not_counted"][0]["reason"]
    assert answer["notes"][0].startswith("the answer does NOT count on Rectum: ")
    assert any(note.startswith("Rectum D0.1cc was not considered") for note in answer["notes"])
    kept = {one["structure"]: one["max_prescription_gy"] for one in answer["per_constraint"]}
    assert kept[ORGAN] is None
    assert kept[OTHER] > 0


def test_without_a_cumulative_limit_that_can_be_counted_there_is_no_largest_prescription():
    new, old, _, case, judges = evaluated()
    limits = [limit(ORGAN), limit(OTHER, Scope.RERT_ONLY)]
    applied = apply_limits(limits, list(judges.values()))
    answer, why = isotoxic_answer(applied, limit_rows(applied, new, [old]), new, case)
    assert answer is None
    assert "no cumulative dose can be given in Rectum" in why


def test_an_answer_that_counts_on_every_organ_names_none():
    new, old, _, case, judges = evaluated(verdict="pass")
    applied = apply_limits([limit(ORGAN)], list(judges.values()))
    answer, _ = isotoxic_answer(applied, limit_rows(applied, new, [old]), new, case)
    assert answer["not_counted"] == []


def test_hot_spots_hand_checks_and_curves_of_a_failed_organ_are_not_shown():
    *_, judges = evaluated()
    assert ORGAN not in [spot["structure"] for spot in hot_spots(list(judges.values()), [])]
    assert hand_check(judges[ORGAN], "planned") is None
    curves = [c.distribution for c in dvh_curves([judges[ORGAN]])]
    assert curves == ["planned"]


def test_maps_of_the_sum_are_unknown_in_a_failed_organ():
    new, old, match, case, judges = evaluated()
    maps = voxel_maps(list(judges.values()), [], [old, new], match, case, silent)
    sum_map = maps["cumulative_eqd2"]
    at = (
        sum_map.grid.indices_of(np.array([[-50.0, 0.0, 0.0], [30.0, 0.0, 0.0]])).round().astype(int)
    )
    inside, other = (float(sum_map.array[k, j, i]) for i, j, k in at)
    assert math.isnan(inside)
    assert other == pytest.approx(E40 + P20, rel=1e-4)


def test_no_scenario_gives_a_failed_organ_a_number():
    new, old, match, case, judges = evaluated()
    found = judge_uncertainty(list(judges.values()), [], new, [old], match, case, silent)
    assert ORGAN not in [table["structure"] for table in found.record["structures"]]
    assert OTHER in [table["structure"] for table in found.record["structures"]]


def test_an_accepted_map_gives_the_numbers_of_the_map():
    choice = OrganChoice(mapping={"*": DIR}, mapping_reason={"*": "seen"})
    *_, judges = evaluated(Case(organs={ORGAN: choice}))
    found = judges[ORGAN].metric(D01, CUMULATIVE, Quantity.EQD2, AB)
    assert found.value == pytest.approx(E10 + P20, rel=1e-5)
    assert judges[ORGAN].model.mapping_statement["prior-1"].startswith(ACCEPTED)


def test_the_point_sum_fallback_takes_the_near_maximum_of_the_prior_image():
    case = Case(quality=QualityChoice(fallback=Fallback.POINT_SUM))
    *_, judges = evaluated(case)
    found = judges[ORGAN].metric(D01, CUMULATIVE, Quantity.EQD2, AB)
    assert found.value == pytest.approx(E10 + P20, rel=1e-5)
    assert judges[ORGAN].metric(MEAN, CUMULATIVE, Quantity.EQD2, AB).value is None


def test_an_organ_declared_not_evaluable_says_so_in_the_words_of_the_user():
    choice = OrganChoice(
        mapping={"*": MappingStrategy.NOT_EVALUABLE}, mapping_reason={"*": "stent in place"}
    )
    *_, judges = evaluated(Case(organs={ORGAN: choice}), verdict="pass")
    found = judges[ORGAN].metric(D01, CUMULATIVE, Quantity.EQD2, AB)
    assert found.value is None
    assert found.note.endswith("declared not evaluable in the case file: stent in place")
    assert judges[ORGAN].model.structure.kind is StructureKind.OAR


def test_sums_for_export_are_left_out_where_an_organ_is_lost():
    new, *_, judges = evaluated()
    organs = [JudgedOrgan.of(judge, []) for judge in judges.values()]
    grid = Grid((4, 1, 1), (20.0, 4.0, 4.0), (-50.0, 0.0, 0.0))
    mask, words = where_lost(organs, grid, new)
    assert mask.ravel().tolist() == [True, False, False, False]
    assert words == "; NOT EVALUABLE in Rectum"
    kept = [JudgedOrgan.of(judge, []) for judge in evaluated(verdict="pass")[-1].values()]
    assert where_lost(kept, grid, new)[1] == ""
