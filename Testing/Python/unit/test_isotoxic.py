"""The isotoxic answer: limiting constraints, steps, cap, prior dose, other fractions, criteria."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from golden import golden, golden_cases
from ReirradiationCore.constraints import Quantity
from ReirradiationCore.errors import RadiobiologyError
from ReirradiationCore.isotoxic import solve, stepwise_prescription
from ReirradiationCore.isotoxic_criteria import Criterion
from ReirradiationCore.isotoxic_fractions import FRACTION_NUMBERS, prescription_by_fractions
from ReirradiationCore.isotoxic_items import IsotoxicItem, ItemAnswer, ItemStatus, check_at
from ReirradiationCore.metrics import Metric
from ReirradiationCore.radiobiology import dose_from_eqd2, eqd2


def item(structure, metric, limit, background, dose, **more):
    dose = np.array(dose, float)
    settings = {"unit": "Gy", "voxel_cc": 0.1, "fractions": (5,), "alpha_beta_gy": 3.0, **more}
    volumes = np.full(dose.shape[-1], settings.pop("voxel_cc"))
    phases = tuple(dose) if dose.ndim == 2 else (dose,)
    return IsotoxicItem(
        structure, Metric.parse(metric), limit,
        volumes_cc=volumes, phase_doses_gy=phases, background_eqd2_gy=background, **settings,
    )  # fmt: skip


def plain(limit, dose=30.0, **more):
    """One sample without prior dose, whose physical limit in 5 fractions is ``limit``."""
    return item(more.pop("name", "Rectum"), "Dmax", eqd2(limit, 5, 3), 0.0, [dose], **more)


@pytest.mark.parametrize(("given", "out"), golden_cases("isotoxic", "scale"))
def test_the_whole_answer_is_golden(given, out):
    def of(key, metric, limit, unit="Gy"):
        organ = given[key]
        return item(
            f"Organ{key}", metric, limit, np.array(organ["B"], float), organ["D"],
            unit=unit, voxel_cc=organ["vox_cc"], alpha_beta_gy=organ["ab"],
        )  # fmt: skip

    items = [
        of("A", "D0.1cc", 110),
        of("B", "D0.1cc", 67.2),
        of("C", "Dmean", 12),
        of("C", "V20Gy", 25, "%"),
        of("C", "CV15Gy", 5, "cc"),
    ]
    answer = solve(items, given["P0"])
    found = [a.max_prescription_gy for a in answer.per_constraint]
    assert found == golden(list(out["P_by_constraint"].values()))
    assert answer.max_prescription_gy == golden(out["P_max"])
    assert answer.stepwise_prescription_gy == out["P_step_1Gy"]
    (limiting,) = answer.limiting
    assert out["limiting"].startswith(f"{limiting.item.structure} {limiting.item.metric.name}")


@pytest.mark.parametrize(("given", "out"), golden_cases("isotoxic_stepwise"))
def test_steps_of_five_and_one_are_golden(given, out):
    most = given["P_max_feasible"]
    assert stepwise_prescription(lambda p: p <= most) == out["P"]
    assert solve([plain(most)], 30.0).stepwise_prescription_gy == out["P"]


@pytest.mark.parametrize(("given", "out"), golden_cases("bowel_background"))
def test_a_uniform_background_leaves_the_golden_dose(given, out):
    background = out["background_EQD2"]
    if "D0.1cc_prior_within_2cm" in given:
        assert eqd2(given["D0.1cc_prior_within_2cm"], given["n"], 3) == golden(background)
        assert given["limit"] - background == golden(out["remaining_EQD2"])
    assert dose_from_eqd2(given["limit"] - background, 5, 3) == golden(out["max_rert_D0.1cc"])
    bowel = item("Bowel_Small", "D0.1cc", given["limit"], background, [20.0, 10.0])
    assert solve([bowel], 20.0).max_prescription_gy == golden(out["max_rert_D0.1cc"])


def test_the_cap_is_the_limiter_when_every_limit_allows_more():
    answer = solve([plain(60)], 30.0)
    assert answer.max_prescription_gy == 50
    assert answer.capped is True
    assert answer.limiting == ()
    assert answer.as_dict()["limiting"] == [{"structure": None, "metric": "prescription cap"}]


def test_a_limit_at_the_cap_is_the_limiter():
    answer = solve([plain(50)], 30.0)
    assert answer.capped is False
    assert [a.item.structure for a in answer.limiting] == ["Rectum"]


def test_limits_within_a_tenth_of_a_gray_are_limiting_together():
    items = [plain(40.09, name="b"), plain(40.0, name="a"), plain(40.2, name="c")]
    assert [a.item.structure for a in solve(items, 30.0).limiting] == ["a", "b"]


def test_the_physical_layer_of_a_first_treatment_can_limit():
    cumulative = item("Bladder", "D0.1cc", 110, 0.0, [30.0])
    physical = item("Bladder", "D0.1cc", 38, 0.0, [30.0], quantity=Quantity.PHYSICAL)
    assert solve([cumulative], 30.0).max_prescription_gy == golden(45.474050251042726)
    assert solve([cumulative, physical], 30.0).max_prescription_gy == golden(38.0)


def test_a_point_sum_is_added_to_the_background():
    split = item("SacralPlex", "D0.1cc", 67.2, 13.5, [25.0], alpha_beta_gy=2.0)
    split = replace(split, point_sum_eqd2_gy=20.0)
    expected = dose_from_eqd2(67.2 - 33.5, 5, 2)
    assert solve([split], 25.0).max_prescription_gy == golden(expected)


def test_a_mean_cannot_be_had_from_a_point_sum():
    mean = replace(item("Liver", "Dmean", 20, 0.0, [10.0]), point_sum_eqd2_gy=5.0)
    answer = solve([mean], 25.0)
    assert "POINT_SUM" in answer.not_evaluable[0].note


def test_limits_in_bed_and_eqdx_are_converted():
    bed_limit = item("Esophagus", "Dmax", 90.0, 0.0, [30.0], quantity=Quantity.BED)
    eqdx_limit = item("Aorta", "Dmax", 56.25, 0.0, [30.0], quantity=Quantity.EQDX, eqd_x_gy=1.8)
    volume = item("Liver", "V90Gy", 0.05, 0.0, [30.0], quantity=Quantity.BED, unit="cc")
    for limit in (bed_limit, eqdx_limit, volume):
        assert solve([limit], 25.0).per_constraint[0].max_prescription_gy == golden(25.0)


def test_two_phases_scale_together():
    phases = [[40.0, 20.0], [10.0, 6.0]]
    both = item("Rectum", "Dmax", 80.0, np.array([10.0, 5.0]), phases, fractions=(20, 2))
    scale = solve([both], 50.0, (10.0, 90.0)).max_prescription_gy / 50.0
    assert 10 + eqd2(40 * scale, 20, 3) + eqd2(10 * scale, 2, 3) == golden(80.0)


def test_prior_dose_alone_above_the_limit_allows_no_prescription():
    points = np.array([[1.0, 2, 3], [4, 5, 6], [7, 8, 9]])
    over = item("Rectum", "D0.1cc", 89.9, np.array([20.0, 95.0, 91.0]), [1.0, 1.0, 0.0])
    answer = solve([plain(40), replace(over, points_lps=points)], 30.0)
    found = answer.per_constraint[1]
    assert answer.max_prescription_gy is None
    assert answer.stepwise_prescription_gy is None
    assert found.status is ItemStatus.PRIOR_EXCEEDS
    assert found.over_limit_cc == golden(0.2)
    assert found.over_limit_point_lps == (4.0, 5.0, 6.0)
    assert [a.item.structure for a in answer.limiting] == ["Rectum"]
    assert any("no prescription is possible" in note for note in answer.notes)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"background_eqd2_gy": np.array([np.nan])}, "unknown"),
        ({"note": "not contoured"}, "not contoured"),
        ({"metric": Metric.parse("D5cc")}, "the organ has"),
        ({"quantity": Quantity.UNKNOWN}, "not known"),
        ({"quantity": Quantity.PHYSICAL, "background_eqd2_gy": 5.0}, "two courses"),
        ({"is_upper": False}, "cannot break"),
    ],
)
def test_limits_that_cannot_be_solved_are_listed_not_ignored(change, reason):
    answer = solve([replace(plain(35), **change), plain(42)], 30.0)
    assert answer.max_prescription_gy == golden(42.0)
    (missing,) = answer.not_evaluable
    assert reason in missing.note
    assert any("NOT EVALUABLE" in note for note in answer.notes)


def test_without_any_limit_that_can_be_solved_there_is_no_prescription():
    answer = solve([replace(plain(35), note="not contoured")], 30.0)
    assert answer.max_prescription_gy is None
    assert answer.stepwise_prescription_gy is None


def test_a_volume_limit_is_kept_below_its_prescription_not_at_it():
    volume = item("Liver", "V54Gy", 0.05, 0.0, [30.0], unit="cc")
    answer = solve([volume], 30.0)
    assert answer.per_constraint[0].max_prescription_gy == golden(30.0)
    assert answer.stepwise_prescription_gy == 29


def test_less_than_the_smallest_prescription_is_not_eligible():
    answer = solve([plain(24.9)], 30.0)
    assert answer.max_prescription_gy == golden(24.9)
    assert answer.stepwise_prescription_gy is None
    assert any("not eligible" in note for note in answer.notes)


@pytest.mark.parametrize(("holds", "steps"), [(True, 40), (None, 40), (False, None)])
def test_a_failed_target_criterion_makes_the_plan_not_eligible(holds, steps):
    criterion = Criterion(2, "PTV D95%", 28.0, 30.0, "Gy", holds)
    answer = solve([plain(40)], 30.0, criteria=[criterion])
    assert answer.stepwise_prescription_gy == steps
    assert answer.max_prescription_gy == golden(40.0)


@pytest.mark.parametrize(
    ("items", "prescription", "search"),
    [([], 30.0, (25, 50)), ([plain(40)], 0.0, (25, 50)), ([plain(40)], 30.0, (50, 25))],
)
def test_a_search_without_limits_prescription_or_range_is_refused(items, prescription, search):
    with pytest.raises(RadiobiologyError, match="isotoxic prescription needs"):
        solve(items, prescription, search)


def test_the_answer_is_plain_json():
    items = [plain(40), item("Heart", "Dmax", 60, 0.0, [0.0]), replace(plain(40), note="cut")]
    found = json.loads(json.dumps(solve(items, 30.0).as_dict(), allow_nan=False))
    assert found["method"] == "scaled plan"
    assert found["limiting"] == [{"structure": "Rectum", "metric": "Dmax"}]
    assert [row["status"] for row in found["per_constraint"]] == [
        "limited", "no prescription reaches the limit", "NOT EVALUABLE",
    ]  # fmt: skip
    assert found["per_constraint"][1]["max_prescription_gy"] is None


def test_an_answer_that_breaks_its_limit_is_a_defect():
    wrong = ItemAnswer(plain(40), ItemStatus.LIMITED, 1.5, 45.0)
    with pytest.raises(ArithmeticError, match="Rectum Dmax"):
        check_at(wrong, 1.5)


def test_other_numbers_of_fractions_give_the_inverse_of_the_limit():
    plexus = item("SacralPlex", "D0.1cc", 67.2, 33.5, [25.0, 10.0], alpha_beta_gy=2.0)
    rows = {row.fractions: row for row in prescription_by_fractions([plexus], 25.0)}
    assert tuple(rows) == FRACTION_NUMBERS
    published = {1: 10.653325705565774, 3: 17.332240407785857, 5: 21.43860813280457}
    for n, dose in {**published, 25: 38.20601237224193}.items():
        assert rows[n].max_prescription_gy == golden(dose)
        assert rows[n].limiting[0].item.structure == "SacralPlex"


def test_physical_limits_hold_for_their_own_fractions_only():
    cumulative = item("Bladder", "D0.1cc", 110, 0.0, [30.0])
    physical = item("Bladder", "D0.1cc", 38, 0.0, [30.0], quantity=Quantity.PHYSICAL)
    rows = prescription_by_fractions([cumulative, replace(physical, n_fractions=5)], 30.0, (3, 5))
    assert rows[0].left_out == ("Bladder D0.1cc: holds for another number of fractions",)
    assert rows[0].max_prescription_gy == golden(dose_from_eqd2(110, 3, 3))
    assert rows[1].max_prescription_gy == golden(38.0)


def test_the_table_lists_what_it_could_not_evaluate():
    (row,) = prescription_by_fractions([replace(plain(40), note="cut")], 30.0, (5,))
    assert row.max_prescription_gy is None
    assert row.left_out == ("Rectum Dmax: cut",)


def test_the_table_is_refused_for_several_phases():
    both = item("Rectum", "Dmax", 80.0, 0.0, [[40.0], [10.0]], fractions=(20, 2))
    with pytest.raises(RadiobiologyError, match="one phase only"):
        prescription_by_fractions([both], 50.0)


def test_more_fractions_never_allow_less():
    items = [plain(38), item("SacralPlex", "Dmean", 50, 20.0, [25.0, 3.0], alpha_beta_gy=2.0)]
    found = [row.max_prescription_gy for row in prescription_by_fractions(items, 30.0)]
    assert found == sorted(found)
    assert not math.isinf(found[-1])


def test_no_limit_is_the_limiting_one_where_none_can_be_reached():
    missed = item("Eye_L", "Dmax", 50, 10.0, [0.0])
    (row,) = prescription_by_fractions([missed], 30.0, (5,))
    found = row.as_dict(cap_gy=50.0)
    assert found["status"] == "no prescription reaches the limit"
    assert found["limiting"] == []
