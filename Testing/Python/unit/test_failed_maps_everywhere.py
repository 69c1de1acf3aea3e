"""Where a map failed nothing that is written or shown is made from it: maps, exports, tables."""

from dataclasses import replace

import numpy as np
import pytest
import synthetic_courses as made
from ReirradiationCore.case import Case, MappingStrategy, OrganChoice
from ReirradiationCore.constraints import Constraint, Quantity, Relation, Scope
from ReirradiationCore.export import csv_status
from ReirradiationCore.grids import Grid
from ReirradiationCore.isotoxic_stage import isotoxic_answer
from ReirradiationCore.limits import apply_limits, limit_rows
from ReirradiationCore.lost_organs import where_lost
from ReirradiationCore.map_stage import voxel_maps
from ReirradiationCore.metrics import Metric
from ReirradiationCore.pipeline_data import JudgedOrgan, RegisteredCourse
from ReirradiationCore.progress import silent
from ReirradiationCore.quality_choice import Fallback, QualityChoice
from ReirradiationCore.target_stage import target_record
from ReirradiationCore.uncertainty_stage import judge_uncertainty

ORGAN, OTHER, PTV = "Rectum", "Bladder", "PTV_1"
HIGH, LOW, PLANNED = 40.0, 10.0, 20.0
INSIDE, APART = (-50.0, 0.0, 0.0), (30.0, 0.0, 0.0)


def eqd2(dose_gy, fractions, alpha_beta_gy=3.0):
    return dose_gy * (dose_gy / fractions + alpha_beta_gy) / (2 + alpha_beta_gy)


def evaluated(case=None, lost=ORGAN, structures=()):
    """The deformable map brings 80 mm to the right what the rigid one leaves in its place."""
    old = made.course(
        "prior-1", [(made.dose(lambda x: HIGH if x > 0 else LOW), 25, 50.0)],
        [made.box(ORGAN, -60, -40), made.box(OTHER, 20, 40), made.box("PTV_old", -10, 10)],
    )  # fmt: skip
    new = made.course(
        "planned", [(made.dose(lambda _x: PLANNED), 5, 30.0)],
        [made.box(ORGAN, -60, -40), made.box(OTHER, 20, 40), made.box(PTV, -10, 10), *structures],
    )  # fmt: skip
    match = made.registered([old], made.shift(80), made.shift(0))["prior-1"]
    entries = [
        {"structure": name, "verdict": "fail" if name == lost else "pass", "why": "MDA 9 mm",
         "rigid": {"verdict": "pass", "why": ""}}
        for name in (ORGAN, OTHER, PTV)
    ]  # fmt: skip
    match = {"prior-1": RegisteredCourse("prior-1", match.result, {"structures": entries})}
    case = case or Case()
    return new, old, match, case, list(made.judges(new, [old], case, match).values())


def with_fallback(fallback):
    return Case(quality=QualityChoice(fallback=fallback))


def at(volume, point):
    i, j, k = volume.grid.indices_of(np.array([point]))[0].round().astype(int)
    return float(volume.array[k, j, i])


def painted(case=None, **more):
    new, old, match, case, organs = evaluated(case, **more)
    return voxel_maps(organs, [], [old, new], match, case, silent)


def test_an_organ_that_fell_back_on_the_rigid_map_is_painted_by_it():
    maps = painted(with_fallback(Fallback.RIGID))
    assert at(maps["mapped_dose_prior-1"], INSIDE) == pytest.approx(LOW, rel=1e-5)
    assert at(maps["eqd2_prior-1"], INSIDE) == pytest.approx(eqd2(LOW, 25), rel=1e-5)
    total = eqd2(LOW, 25) + eqd2(PLANNED, 5)
    assert at(maps["cumulative_eqd2"], INSIDE) == pytest.approx(total, rel=1e-5)
    assert at(maps["mapped_dose_prior-1"], APART) == pytest.approx(HIGH, rel=1e-5)


@pytest.mark.parametrize(
    "name", ["mapped_dose_prior-1", "eqd2_prior-1", "cumulative_eqd2", "overlap_eqd2"]
)
def test_nothing_of_a_failed_map_is_painted_in_its_organ(name):
    maps = painted()
    assert np.isnan(at(maps[name], INSIDE))
    assert not np.isnan(at(maps[name], APART))


def test_a_failed_organ_stays_unknown_where_another_organ_is_painted_over_it():
    over = made.box("Colon", -60, -40)
    maps = painted(structures=[over])
    assert np.isnan(at(maps["cumulative_eqd2"], INSIDE))
    assert not np.isnan(at(maps["mapped_dose_planned"], INSIDE))


@pytest.mark.parametrize(
    ("fallback", "said"),
    [
        (Fallback.RIGID, "map failed, not shown in Rectum"),
        (Fallback.POINT_SUM, "map failed, not shown in Rectum"),
        # the map that failed puts it 30 mm from the target, which shows nothing
        (Fallback.UNIFORM_BG, "NOT EVALUABLE in Rectum"),
    ],
)
def test_exported_sums_of_mapped_doses_leave_out_organs_that_fell_back(fallback, said):
    new, *_, organs = evaluated(with_fallback(fallback))
    judged = [JudgedOrgan.of(organ, []) for organ in organs]
    grid = Grid((4, 1, 1), (20.0, 4.0, 4.0), (-50.0, 0.0, 0.0))
    mask, words = where_lost(judged, grid, new)
    assert mask.ravel().tolist() == [True, False, False, False]
    assert words == f"; {said}"


def test_the_table_of_mappings_gives_no_number_of_the_map_that_failed():
    new, old, match, case, organs = evaluated(with_fallback(Fallback.RIGID))
    record = judge_uncertainty(organs, [], new, [old], match, case, silent).record
    names = {
        table["structure"]: [row["scenario"] for row in table["rows"]]
        for table in record["structures"]
    }
    assert "DIR" not in names[ORGAN]
    assert "RIGID" in names[ORGAN]
    assert "DIR" in names[OTHER]


def test_the_overlap_of_targets_is_unknown_where_the_map_failed_at_the_target():
    new, old, match, case, organs = evaluated(lost=PTV)
    (entry,) = target_record(organs, new, [old], match, case)["overlaps"]
    assert (entry["overlap_cc"], entry["share_of_planned"], entry["known_share"]) == (None, None, 0)
    new, old, match, case, organs = evaluated(lost=None)
    (entry,) = target_record(organs, new, [old], match, case)["overlaps"]
    assert (entry["overlap_cc"], entry["known_share"]) == (0.0, 1.0)


def test_an_isotoxic_answer_without_a_failed_organ_comes_with_a_warning():
    new, old, _, case, organs = evaluated()
    one = Constraint(
        "1", "set", ORGAN, Metric.parse("D0.1cc"), Relation.AT_MOST, 80.0, "Gy", Quantity.EQD2,
        3.0, scope=Scope.CUMULATIVE,
    )  # fmt: skip
    applied = apply_limits([one, replace(one, id="2", organ=OTHER)], organs)
    answer, said = isotoxic_answer(applied, limit_rows(applied, new, [old]), new, case)
    assert answer["max_prescription_gy"] is not None
    assert said.startswith("isotoxic prescription: the answer does NOT count on Rectum")


def test_an_accepted_map_is_painted():
    choice = OrganChoice(mapping={"*": MappingStrategy.DIR}, mapping_reason={"*": "seen"})
    maps = painted(Case(organs={ORGAN: choice}))
    assert at(maps["mapped_dose_prior-1"], INSIDE) == pytest.approx(HIGH, rel=1e-5)


def test_tables_for_spreadsheets_say_that_they_are_a_draft():
    results = {"registrations": [{"course": "prior-1", "approved_by": None}]}
    assert csv_status(results) == "DRAFT: REGISTRATION NOT APPROVED"
    assert csv_status({"registrations": [{"course": "prior-1", "approved_by": "A"}]}) == ""
