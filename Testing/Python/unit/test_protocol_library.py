"""The shipped constraint sets: complete, sourced, equal to what was published."""

import json

import jsonschema
import pytest
from golden import golden_cases
from ReirradiationCore.constraints import Hardness, Measure, Quantity, Scope
from ReirradiationCore.errors import ProtocolError
from ReirradiationCore.metrics import MetricKind
from ReirradiationCore.protocol_library import (
    PROTOCOLS_FOLDER,
    alpha_beta_of,
    available_protocols,
    check_protocol,
    constraints_for,
    load_protocol,
    load_protocols,
    with_choices,
)
from ReirradiationCore.verdicts import Circumstances, Outcome, judge
from shared_data import shared

NAMES = [summary.name for summary in available_protocols()]
ROWS = {
    "STRIDeR2025": 18, "UK2022_5fx": 9, "Beddok2022": 13, "Koide2024": 5, "Rulach2021": 5,
    "Troost_in_Rulach2021": 7, "ARS_ACR2020": 8, "Paradis_in_Rulach2021": 7, "UMich": 24,
    "DelphiSlevin2021": 10, "HyTEC2021_cord": 4, "Nieder2006": 1, "QUANTEC_cord": 1,
    "HyTEC2021_cord_denovo": 5, "Evans2013": 1, "HyTEC2021_vessel": 1, "TG101_5fx": 14,
}  # fmt: skip
RENAMED = {
    "UK2022_5fx_as_cited_in_seed000": "UK2022_5fx",
    "Troost_9mo_as_in_Rulach2021": "Troost_in_Rulach2021",
    "Paradis2019_as_in_Rulach2021": "Paradis_in_Rulach2021",
}


def by_organ(name, scope):
    rows = load_protocol(name).constraints
    return {c.organ: (c.metric.name, c.limit, c.alpha_beta_gy) for c in rows if c.scope is scope}


def test_all_sets_are_there_with_all_their_rows():
    assert {s.name: s.constraints for s in available_protocols()} == ROWS


@pytest.mark.parametrize("name", NAMES)
def test_every_shipped_set_satisfies_the_schema(name):
    schema = json.loads((PROTOCOLS_FOLDER / "schema.json").read_text(encoding="utf-8"))
    content = json.loads((PROTOCOLS_FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    errors = list(jsonschema.Draft202012Validator(schema).iter_errors(content))
    assert not errors, [e.message for e in errors]
    assert content["name"] == name


@pytest.mark.parametrize("name", NAMES)
def test_every_shipped_set_passes_its_own_check(name):
    assert check_protocol(PROTOCOLS_FOLDER / f"{name}.json") == []


@pytest.mark.parametrize("name", NAMES)
def test_every_limit_has_a_source_and_an_evidence(name):
    for constraint in load_protocol(name).constraints:
        assert constraint.source
        assert constraint.evidence in ("primary", "secondary")
        assert constraint.set_name == name


def test_strider_cumulative_limits_are_those_of_the_paper():
    assert by_organ("STRIDeR2025", Scope.CUMULATIVE) == {
        "Bladder": ("D0.1cc", 110.0, 3.0),
        "CaudaEquina": ("D0.1cc", 67.2, 2.0),
        "Colon": ("D0.1cc", 89.9, 3.0),
        "Femur_Head_L": ("D10cc", 70.0, 3.0),
        "Femur_Head_R": ("D10cc", 70.0, 3.0),
        "Rectum": ("D0.1cc", 89.9, 3.0),
        "SacralPlex": ("D0.1cc", 67.2, 2.0),
        "Bowel_Small": ("D0.1cc", 78.8, 3.0),
        "Vessels": ("D0.1cc", 110.0, 3.0),
    }


def test_strider_de_novo_limits_are_those_of_the_paper():
    limits = {organ: row[:2] for organ, row in by_organ("STRIDeR2025", Scope.RERT_ONLY).items()}
    assert limits == {
        "Bladder": ("D0.1cc", 38.0),
        "CaudaEquina": ("D0.1cc", 32.0),
        "Colon": ("D0.1cc", 32.0),
        "Femur_Head_L": ("D10cc", 30.0),
        "Femur_Head_R": ("D10cc", 30.0),
        "Rectum": ("D0.1cc", 32.0),
        "SacralPlex": ("D0.1cc", 32.0),
        "Bowel_Small": ("D0.1cc", 30.0),
        "Vessels": ("D0.1cc", 53.0),
    }


@pytest.mark.parametrize(("given", "_"), golden_cases("seed000_table1"))
def test_strider_agrees_with_the_golden_table(given, _):
    cumulative = by_organ("STRIDeR2025", Scope.CUMULATIVE)
    physical = by_organ("STRIDeR2025", Scope.RERT_ONLY)
    renamed = {"Femur_Head": "Femur_Head_L", "GreatVes/vessels": "Vessels"}
    organ = renamed.get(given["organ"], given["organ"])
    metric = f"D{given['cc']:g}cc"
    assert cumulative[organ] == (metric, given["adjusted_EQD2"], given["ab"])
    assert physical[organ][:2] == (metric, given["D_5fx"])


def test_the_physical_layer_of_strider_is_the_uk_set():
    assert by_organ("STRIDeR2025", Scope.RERT_ONLY) == by_organ("UK2022_5fx", Scope.RERT_ONLY)
    for constraint in load_protocol("STRIDeR2025").constraints:
        assert constraint.hardness is Hardness.HARD
        if constraint.scope is Scope.RERT_ONLY:
            assert (constraint.quantity, constraint.n_fractions) == (Quantity.PHYSICAL, 5)


def test_only_cauda_equina_and_plexus_use_recovery_in_strider():
    rows = load_protocol("STRIDeR2025").constraints
    assert {c.organ for c in rows if c.recovery_rule == "strider_33"} == {
        "CaudaEquina",
        "SacralPlex",
    }


@pytest.mark.parametrize(
    ("metric", "bed", "eqd2"),
    [("Dmax", 203, 121.8), ("D0.035cc", 187, 112.2), ("D1cc", 167, 100.2)],
)
def test_koide_oesophagus_limits_are_bed_and_say_their_eqd2(metric, bed, eqd2):
    (limit,) = (
        c
        for c in load_protocol("Koide2024").constraints
        if c.metric.name == metric and c.organ == "Esophagus"
    )
    assert (limit.limit, limit.quantity, limit.alpha_beta_gy) == (bed, Quantity.BED, 3.0)
    assert bed * 3 / 5 == pytest.approx(eqd2)
    assert f"{eqd2:g} Gy EQD2" in limit.note


def test_no_spared_volume_limit_is_inverted():
    for name in NAMES:
        for constraint in load_protocol(name).constraints:
            if constraint.metric.kind is MetricKind.SPARED_VOLUME:
                assert not constraint.relation.is_upper
            if constraint.organ == "Liver" and constraint.unit == "cc":
                assert constraint.metric.kind is MetricKind.SPARED_VOLUME


def test_the_misprinted_liver_rows_of_the_review_are_turned_round_and_say_so():
    rows = {c.metric.name: c for c in load_protocol("Beddok2022").constraints if "cc" in c.unit}
    assert {m: (c.relation.value, c.limit) for m, c in rows.items()} == {
        "CV15Gy": (">=", 800.0),
        "CV19Gy": (">=", 700.0),
    }
    assert all("inverse" in c.note for c in rows.values())


def test_misquoted_rows_are_never_judged():
    unusable = [c for c in load_protocol("Beddok2022").constraints if c.unusable]
    assert [c.organ for c in unusable] == ["A_Carotid|A_Aorta|GreatVes", "Esophagus", "Ducts"]
    for constraint in unusable:
        assert judge(constraint, 1.0).verdict is Outcome.NOT_EVALUABLE


def test_no_limit_of_unknown_quantity_or_alpha_beta_is_hard():
    for name in NAMES:
        for c in load_protocol(name).constraints:
            if c.quantity is Quantity.UNKNOWN or "alpha/beta" in c.open_question:
                assert c.hardness is Hardness.ADVISORY


def test_limits_that_contain_recovery_do_not_take_another():
    contained = {c.id for n in NAMES for c in load_protocol(n).constraints if c.recovery_contained}
    assert len([i for i in contained if i.startswith("Paradis")]) == 7
    assert len([i for i in contained if i.startswith("Delphi")]) == 5
    assert len([i for i in contained if i.startswith("HyTEC2021_cord/")]) == 4


def test_the_four_hytec_criteria_are_there():
    rows = load_protocol("HyTEC2021_cord").constraints
    assert [(c.measure, c.scope, c.relation.value, c.limit) for c in rows] == [
        (Measure.METRIC, Scope.CUMULATIVE, "<=", 70.0),
        (Measure.METRIC, Scope.RERT_ONLY, "<=", 25.0),
        (Measure.RERT_SHARE, Scope.CUMULATIVE, "<=", 0.5),
        (Measure.INTERVAL, Scope.CUMULATIVE, ">=", 5.0),
    ]


def test_koide_brings_the_hytec_criteria_with_it():
    sets, warnings = load_protocols(["Koide2024"])
    assert [s.name for s in sets] == ["Koide2024", "HyTEC2021_cord"]
    assert "HyTEC2021_cord was added" in warnings[0]
    assert load_protocols(["HyTEC2021_cord", "Koide2024"])[1] == ()


def test_the_near_target_cord_limit_has_to_be_confirmed():
    (limit,) = (c for c in load_protocol("UMich").constraints if c.limit == 55.0)
    assert judge(limit, 20.0).verdict is Outcome.NOT_EVALUABLE
    assert judge(limit, 20.0, Circumstances(confirmed=True)).verdict is Outcome.PASS


def test_the_limits_of_a_structure_are_found_by_its_name():
    rows = load_protocol("STRIDeR2025").constraints
    assert [c.organ for c in constraints_for(rows, "A_Iliac_L")] == ["Vessels", "Vessels"]
    assert [c.organ for c in constraints_for(rows, "Femur_Head_L")] == ["Femur_Head_L"] * 2
    assert constraints_for(rows, "Bag_Bowel") == ()


def test_alpha_beta_of_an_organ_comes_from_its_limits():
    rows = load_protocol("STRIDeR2025").constraints
    assert alpha_beta_of(rows, "SacralPlex_R") == 2.0
    assert alpha_beta_of(rows, "Bladder") == 3.0
    assert alpha_beta_of(rows, "Heart") is None
    mixed = (*rows, *load_protocol("UMich").constraints)
    assert alpha_beta_of(mixed, "Bladder") is None


def test_a_user_chooses_what_the_source_leaves_open():
    chosen = with_choices(
        load_protocol("ARS_ACR2020"),
        {"ARS_ACR2020/Esophagus/Dmax": {"limit": 105, "alpha_beta_gy": 3}, "other/x": {}},
    )
    (limit,) = (c for c in chosen.constraints if c.id == "ARS_ACR2020/Esophagus/Dmax")
    assert limit.open_question == ""
    assert judge(limit, 100.0).verdict is Outcome.PASS


@pytest.mark.parametrize(
    ("choice", "reason"),
    [
        ({"ARS_ACR2020/Oesophagus/Dmax": {"limit": 105}}, "did you mean"),
        ({"ARS_ACR2020/Esophagus/Dmax": {"limit": 99}}, "outside the range"),
        ({"ARS_ACR2020/Esophagus/Dmax": {"limits": 105}}, "only limit and alpha_beta_gy"),
    ],
)
def test_a_choice_that_does_not_fit_is_refused(choice, reason):
    with pytest.raises(ProtocolError, match=reason):
        with_choices(load_protocol("ARS_ACR2020"), choice)


def test_an_unknown_name_lists_the_sets():
    with pytest.raises(ProtocolError, match=r"did you mean STRIDeR2025\?.*UMich"):
        load_protocol("STRIDER")


@pytest.mark.parametrize("name", ["names", "recovery", "schema"])
def test_other_data_are_not_taken_for_constraint_sets(name):
    with pytest.raises(ProtocolError, match="neither a file nor a constraint set"):
        load_protocol(name)


def test_two_sets_of_one_name_are_refused(tmp_path):
    text = (PROTOCOLS_FOLDER / "Nieder2006.json").read_text(encoding="utf-8")
    other = tmp_path / "mine.json"
    other.write_text(text.replace("135.5", "130.5"), encoding="utf-8")
    with pytest.raises(ProtocolError, match="two different constraint sets"):
        load_protocols(["Nieder2006", other])


def test_every_row_agrees_with_the_reference_list():
    reference = json.loads(shared("reference/constraints.json").read_text())["constraints"]
    rows = {n: list(load_protocol(n).constraints) for n in NAMES}
    for row in reference:
        name = RENAMED.get(row["set"], row["set"])
        value = row["limit"]
        if row["organ"] in ("SpinalCord_PRV1.5mm",):
            continue
        found = [c for c in rows[name] if _same(c, row, value)]
        assert found, row["id"]
        rows[name].remove(found[0])
    left = [c.id for constraints in rows.values() for c in constraints]
    assert len(left) == 10
    assert sum("planned course, 5 fractions" in name for name in left) == 9


def _same(constraint, row, value):
    limit = value
    if isinstance(value, str):
        low, high = value.split("-")
        limit = None
        if constraint.limit_range != (float(low), float(high)):
            return False
    metric = {"ratio SBRT/cumulative": "Dmax", "interval": "Dmax"}.get(row["metric"], row["metric"])
    organ = row["organ"].split("|")[0].split(" ")[0].split("(")[0]
    organ = {"OtherOAR": "Pharynx", "A_Carotid": "A_Carotid"}.get(organ, organ)
    alpha_beta = row["alpha_beta"] if constraint.quantity is not Quantity.PHYSICAL else None
    return (
        constraint.organ.split("|")[0] == organ
        and constraint.metric.name == metric
        and constraint.relation.value == row["relation"]
        and constraint.limit == limit
        and constraint.unit == row["unit"]
        and constraint.alpha_beta_gy == alpha_beta
        and constraint.n_fractions == row["n_fractions"]
        and constraint.scope.value == row["scope"]
    )
