"""Choices of the case file that reach the verdicts: model, open limits, confirmed conditions."""

import json
from dataclasses import replace
from datetime import date

import pytest
import synthetic_courses as made
from ReirradiationCore.case import Case, MappingStrategy
from ReirradiationCore.case_file import case_to_json, read_case
from ReirradiationCore.constraints import Quantity
from ReirradiationCore.dose_models import DoseConversion
from ReirradiationCore.errors import RadiobiologyError, RefusedError
from ReirradiationCore.input_checks import chosen_protocols
from ReirradiationCore.isotoxic_stage import isotoxic_answer
from ReirradiationCore.judgement import CUMULATIVE
from ReirradiationCore.limits import apply_limits, limit_rows
from ReirradiationCore.lql import DoseModel
from ReirradiationCore.metrics import Metric
from ReirradiationCore.targets import ReirradiationType

LATER = date(2024, 1, 1)
LQL = DoseConversion(DoseModel.LQL, 6.0)


def two_courses(old=40.0, new=30.0, organ="Bladder", n_new=5):
    structures = [made.box(organ, 0, 40)]
    prior = made.course("prior-1", [(made.dose(lambda _x: old), 25, 50.0)], structures)
    planned = made.course("planned", [(made.dose(lambda _x: new), n_new, 30.0)], structures, LATER)
    return planned, prior


def judged(case, **more):
    planned, prior = two_courses(**more)
    limits = [c for p in chosen_protocols(case)[0] for c in p.constraints]
    return made.rows(planned, [prior], limits, case)


def test_lq_l_is_linear_above_its_transition():
    # ab 3, dT 6, tangent slope 1 + 2 6/3 = 5; 50 Gy/5: 10 Gy per fraction
    # b = 6 (1 + 6/3) + 5 (10 - 6) = 38; BED 190; EQD2 = 190 x 3/5 = 114
    planned, prior = two_courses(old=0.0, new=50.0)
    judge = made.judges(planned, [prior], Case(model=LQL))["Bladder"]
    value = judge.metric(Metric.parse("Dmax"), CUMULATIVE, Quantity.EQD2, 3.0).value
    assert value == pytest.approx(114.0, rel=1e-6)


def test_lq_is_the_default_and_lq_l_below_its_transition_is_the_same():
    planned, prior = two_courses(old=40.0, new=20.0)
    values = [
        made.judges(planned, [prior], Case(model=model))["Bladder"]
        .metric(Metric.parse("D0.1cc"), CUMULATIVE, Quantity.EQD2, 3.0)
        .value
        for model in (Case().model, LQL)
    ]
    assert values[0] == pytest.approx(40 * 4.6 / 5 + 20 * 7 / 5, rel=1e-6)
    assert values[1] == pytest.approx(values[0], rel=1e-6)


def test_lq_l_doses_are_never_compared_with_lq_limits():
    rows = judged(Case(protocols=("STRIDeR2025",), model=LQL)).values()
    mine = [row for row in rows if row["structure"] == "Bladder"]
    by_quantity = {row["quantity"]: row for row in mine}
    assert by_quantity["EQD2"]["verdict"] == "NOT EVALUABLE"
    assert "derived with the LQ model" in by_quantity["EQD2"]["note"]
    assert by_quantity["PHYSICAL"]["verdict"] == "PASS"


def test_with_lq_l_only_physical_limits_bound_the_prescription():
    case = Case(protocols=("STRIDeR2025",), model=LQL)
    planned, prior = two_courses()
    limits = [c for p in chosen_protocols(case)[0] for c in p.constraints]
    organs = list(made.judges(planned, [prior], case, constraints=limits).values())
    applied = apply_limits(limits, organs)
    rows = limit_rows(applied, planned, [prior])
    answer, _ = isotoxic_answer(applied, rows, planned, case, organs)
    status = {(a["structure"], a["quantity"]): a["status"] for a in answer["per_constraint"]}
    assert status == {
        ("Bladder", "EQD2"): "NOT EVALUABLE", ("Bladder", "PHYSICAL"): "limited",
    }  # fmt: skip
    # Bladder D0.1cc 38 Gy physical at 30 Gy: 38/30 of the prescription of 30 Gy
    assert answer["max_prescription_gy"] == pytest.approx(38.0, rel=1e-6)


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "LQ-L"},
        {"name": "LQ-L", "transition_dose_gy": 1.5},
        {"name": "LQ-L", "transition_dose_gy": 6, "gamma_over_alpha": 0},
        {"name": "LQ", "transition_dose_gy": 6},
        {"name": "USC"},
        {"name": "LQ-L", "transition": 6},
    ],
)
def test_models_that_make_no_sense_are_refused(tmp_path, wrong):
    with pytest.raises((RadiobiologyError, ValueError)):
        DoseConversion.from_json(wrong)
    path = tmp_path / "case.json"
    path.write_text(json.dumps({"model": wrong}))
    with pytest.raises(RefusedError, match=r"case\.json"):
        read_case(path)


def test_a_range_is_judged_once_the_user_chose_a_number():
    limit = "Rulach2021"
    ids = [c for c in chosen_protocols(Case(protocols=(limit,)))[0][0].constraints if c.limit_range]
    open_limit = ids[0]
    organ = open_limit.organs[0]
    case = Case(protocols=(limit,))
    row = judged(case, organ=organ)[open_limit.id, organ]
    assert row["verdict"] == "NOT EVALUABLE"
    low = open_limit.limit_range[0]
    chosen = replace(case, limit_choices={open_limit.id: {"limit": low}})
    row = judged(chosen, organ=organ, old=1.0, new=1.0)[open_limit.id, organ]
    assert (row["limit"], row["verdict"]) == (low, "PASS")


def test_a_condition_for_a_person_counts_once_it_is_confirmed():
    case = Case(protocols=("UMich",))
    limits = [c for p in chosen_protocols(case)[0] for c in p.constraints if c.condition.confirm]
    asked = limits[0]
    organ = asked.organs[0]
    assert (
        "applies only if confirmed"
        in judged(case, organ=organ, old=1.0, new=1.0)[asked.id, organ]["note"]
    )
    confirmed = replace(case, confirmed=(asked.id,))
    row = judged(confirmed, organ=organ, old=1.0, new=1.0)[asked.id, organ]
    assert "confirmed" not in row["note"]
    assert row["verdict"] == "PASS"


@pytest.mark.parametrize("key", ["confirmed", "limit_choices"])
def test_a_choice_for_a_limit_that_is_not_there_is_refused(key):
    value = ("UMich/nothing",) if key == "confirmed" else {"UMich/nothing": {"limit": 1.0}}
    case = replace(Case(protocols=("UMich",)), **{key: value})
    with pytest.raises(RefusedError, match=f"{key}: there is no 'UMich/nothing'"):
        chosen_protocols(case)


def test_every_choice_survives_writing_and_reading(tmp_path):
    content = {
        "model": {"name": "LQ-L", "transition_dose_gy": 6.0, "gamma_over_alpha": 4.0},
        "confirmed": ["UMich/x"],
        "cord_region": "lumbar",
        "reirradiation_isodose_gy": 10,
        "reirradiation_type": {
            "cumulative_concern": True, "same_organ": False, "chosen": "reirradiation type 2",
        },
        "isotoxic": {"range_gy": [20, 45], "targets": ["PTV_1"]},
        "organs": {
            "Bladder": {
                "mapping": {
                    "prior-1": {"strategy": "ZERO", "reason": "head and neck"},
                    "prior-2": "OVERLAP_POINT_SUM",
                }
            }
        },
    }  # fmt: skip
    path = tmp_path / "case.json"
    path.write_text(json.dumps(content))
    case = read_case(path)
    assert case.model == DoseConversion(DoseModel.LQL, 6.0, 4.0)
    assert case.type_choice.chosen is ReirradiationType.TYPE_2
    assert case.organs["Bladder"].mapping["prior-2"] is MappingStrategy.OVERLAP_POINT_SUM
    assert case.organs["Bladder"].mapping_reason == {"prior-1": "head and neck"}
    path.write_text(json.dumps(case_to_json(case)))
    assert read_case(path) == case


@pytest.mark.parametrize(
    "wrong",
    [
        {"cord_region": "sacral"},
        {"reirradiation_isodose_gy": 0},
        {"reirradiation_type": {"cumulative_concern": "yes"}},
        {"reirradiation_type": {"chosen": "type 3"}},
        {"organs": {"Bladder": {"mapping": "NEAREST"}}},
    ],
)
def test_answers_that_are_not_allowed_are_refused(tmp_path, wrong):
    path = tmp_path / "case.json"
    path.write_text(json.dumps(wrong))
    with pytest.raises(RefusedError):
        read_case(path)


def isotoxic(case, **more):
    planned, prior = two_courses(**more)
    limits = [c for p in chosen_protocols(case)[0] for c in p.constraints]
    organs = list(made.judges(planned, [prior], case, constraints=limits).values())
    applied = apply_limits(limits, organs)
    rows = limit_rows(applied, planned, [prior])
    return isotoxic_answer(applied, rows, planned, case, organs)[0]


def test_the_table_of_fractions_is_the_inverse_of_the_linear_quadratic_model():
    # Bladder 110 Gy EQD2(3), prior 40/25 = 36.8: left 73.2 in n fractions of uniform dose
    table = isotoxic(Case(protocols=("STRIDeR2025",)))["by_fractions"]
    assert [row["fractions"] for row in table] == [1, 3, 5, 10, 15, 20, 25, 30]
    for row in table:
        n = row["fractions"]
        expected = n / 2 * (-3 + (9 + 4 * 5 * 73.2 / n) ** 0.5)
        if n == 5:
            expected = min(expected, 38.0)  # the physical limit holds for 5 fractions only
        assert row["max_prescription_gy"] == pytest.approx(expected, rel=1e-5)
        assert row["above_cap"] is (expected > 50)
        assert bool(row["left_out"]) is (n != 5)


def test_limits_beyond_the_cap_are_marked():
    answer = isotoxic(Case(protocols=("STRIDeR2025",), isotoxic_range_gy=(10.0, 20.0)))
    assert answer["capped"] is True
    assert answer["max_prescription_gy"] == 20.0
    assert answer["limiting"] == [{"structure": None, "metric": "prescription cap"}]
    assert [a["above_cap"] for a in answer["per_constraint"]] == [True, True]


def test_prior_dose_beyond_the_limit_is_told_with_volume_and_place():
    # 100 Gy in 25 fractions is 140 Gy EQD2, above 110 in the whole organ of 16 cc
    answer = isotoxic(Case(protocols=("STRIDeR2025",)), old=100.0)
    entry = next(a for a in answer["per_constraint"] if a["quantity"] == "EQD2")
    assert answer["max_prescription_gy"] is None
    assert entry["status"] == "prior dose alone exceeds the limit"
    assert entry["over_limit_cc"] == pytest.approx(16.0, rel=0.01)
    assert 0 <= entry["over_limit_point_lps"][0] <= 40
    assert entry["above_cap"] is False
