"""Recovery rules against their published steps, and everything that must not be credited."""

import json

import pytest
from golden import golden, golden_cases
from hypothesis import given, settings
from hypothesis import strategies as st
from ReirradiationCore.courses import StructureKind
from ReirradiationCore.errors import ProtocolError, RadiobiologyError
from ReirradiationCore.radiobiology import bed, cumulative_eqd2, dose_from_eqd2, eqd2, eqd2_from_bed
from ReirradiationCore.recovery import (
    annual_recovery,
    compound_annual_recovery,
    custom_recovery,
    recovery_fraction,
    recovery_under_limit,
)
from ReirradiationCore.recovery_rules import (
    RULES_FILE,
    built_in_rules,
    custom_rule,
    load_recovery_rules,
)

ORGANS = [
    "Bladder",
    "SacralPlex_L",
    "SpinalCord",
    "Bowel_Small",
    "Duodenum",
    "Kidneys",
    "Liver",
    "",
]


def fraction(rule, organ, months, **more):
    return recovery_fraction(rule, organ, months, **more).fraction


@pytest.mark.parametrize(("inputs", "out"), golden_cases("recovery_uk_sabr"))
def test_uk_sabr_steps_are_golden(inputs, out):
    assert fraction("uk_sabr_2022", "Rectum", inputs["months"]) == out["R"]


@pytest.mark.parametrize(("inputs", "out"), golden_cases("recovery_remaining"))
def test_remaining_dose_after_recovery_is_golden(inputs, out):
    prior = cumulative_eqd2([inputs["prior_EQD2"]], [inputs["R"]])
    left = inputs["limit_EQD2"] - prior
    assert prior == golden(out["effective_prior"])
    assert left == golden(out["remaining_EQD2"])
    assert dose_from_eqd2(left, inputs["n"], inputs["ab"]) == golden(out["remaining_D"])


@pytest.mark.parametrize(("inputs", "out"), golden_cases("recovery_quantity"))
def test_recovery_acts_on_eqd2_and_physical_dose_would_credit_more(inputs, out):
    dose, n, ab, r = (inputs[key] for key in ("D", "n", "ab", "R"))
    on_eqd2 = cumulative_eqd2([eqd2(dose, n, ab)], [r])
    on_bed = eqd2_from_bed((1 - r) * bed(dose, n, ab), ab)
    on_physical = eqd2((1 - r) * dose, n, ab)
    assert on_eqd2 == golden(out["on_EQD2"])
    assert on_bed == golden(out["on_BED_then_EQD2"])
    assert on_physical == golden(out["on_physical_n_fixed"])
    assert on_eqd2 - on_physical == golden(out["gap_n_fixed"])
    assert r * (1 - r) * dose**2 / (n * (2 + ab)) == golden(out["gap_n_fixed"])
    assert on_eqd2 == golden(out["on_physical_d_fixed"])


@pytest.mark.parametrize(("inputs", "out"), golden_cases("recovery_15pct"))
def test_annual_recovery_is_golden_and_capped_at_half(inputs, out):
    months = inputs["months"]
    assert annual_recovery(months, 0.15) == golden(out["linear_uncapped"])
    assert annual_recovery(months, 0.15, 1.0) == golden(out["linear_capped_at_1"])
    assert compound_annual_recovery(months, 0.15) == golden(out["compound"])
    found = recovery_fraction("robinson_15py", "Rectum", months)
    assert found.fraction == golden(min(out["linear_uncapped"], 0.5))
    assert f"{out['compound']:.3f}" in found.note


@pytest.mark.parametrize(("inputs", "out"), golden_cases("recovery_umich", "serial_default"))
def test_umich_steps_of_serial_organs_are_golden(inputs, out):
    assert fraction("umich", "Rectum", inputs["months"]) == out["R"]


@pytest.mark.parametrize(("inputs", "out"), golden_cases("recovery_umich", "remaining"))
def test_remaining_dose_with_umich_is_golden(inputs, out):
    organ = "Bowel_Small" if inputs["trf"][3] == 0.4 else "SpinalCord"
    prior = eqd2(inputs["D"], inputs["n"], inputs["ab"])
    recovered = fraction("umich", organ, inputs["months"])
    left = inputs["limit"] - cumulative_eqd2([prior], [recovered])
    assert (prior, recovered) == (golden(out["prior_EQD2"]), out["R"])
    assert left == golden(out["remaining_EQD2"])
    assert dose_from_eqd2(left, inputs["n_rert"], inputs["ab"]) == golden(out["remaining_D"])


@pytest.mark.parametrize(("inputs", "out"), golden_cases("recovery_multi"))
def test_each_prior_course_recovers_by_its_own_interval(inputs, out):
    courses = inputs["courses"]
    doses = [eqd2(c["D"], c["n"], inputs["ab"]) for c in courses]
    recovered = [fraction("uk_sabr_2022", "SacralPlex", c["months"]) for c in courses]
    effective = [cumulative_eqd2([e], [r]) for e, r in zip(doses, recovered, strict=True)]
    assert effective == golden(out["effective"])
    assert cumulative_eqd2(doses, recovered) == golden(out["sum"])


@pytest.mark.parametrize(
    ("organ", "months", "expected"),
    [
        ("Bowel_Small", 5, 0), ("Bowel_Small", 6, 0.25), ("Stomach", 12, 0.4),
        ("Bowel_Small", 36, 0.5), ("Duodenum", 3, 0), ("Duodenum", 30, 0.25),
        ("Duodenum", 37, 0.5), ("Lungs-GTV", 5, 0), ("Lungs-GTV", 24, 0.25),
        ("Lungs-GTV", 25, 0.5), ("Liver", 3, 0), ("Liver", 24, 0.5), ("Liver", 25, 1.0),
        ("Bladder", 2.9, 0), ("Bladder", 3, 0.1), ("OpticNrv_L", 7, 0.25), ("Parotid_L", 60, 0),
    ],
)  # fmt: skip
def test_umich_table_per_organ(organ, months, expected):
    assert fraction("umich", organ, months) == expected


@pytest.mark.parametrize("months", [1, 12, 35, 36, 120])
def test_umich_credits_kidneys_nothing_at_any_interval(months):
    assert fraction("umich", "Kidneys", months) == 0


def test_umich_says_why_kidneys_recover_nothing_beyond_three_years():
    assert "suspected error" in recovery_fraction("umich", "Kidneys", 40).note


@pytest.mark.parametrize("organ", ["SacralPlex", "SacralPlex_L", "SacralPlex_R", "CaudaEquina"])
def test_strider_credits_a_third_to_plexus_and_cauda_from_six_months(organ):
    assert fraction("strider_33", organ, 6) == 0.33
    assert fraction("strider_33", organ, 5.99) == 0


@pytest.mark.parametrize("organ", ["Bladder", "SpinalCord", "BrachialPlex_L", "ThecalSac", ""])
def test_strider_credits_other_organs_nothing(organ):
    found = recovery_fraction("strider_33", organ, 60)
    assert found.fraction == 0
    assert "does not cover" in found.note


@pytest.mark.parametrize(("months", "expected"), [(5, 0), (6, 0), (12, 0), (12.1, 0.5)])
def test_fox_chase_is_not_available_between_its_two_values(months, expected):
    found = recovery_fraction("fox_chase", "SpinalCord", months)
    assert found.fraction == expected
    assert ("no usable value" in found.note) == (6 <= months <= 12)


@pytest.mark.parametrize(("months", "expected"), [(6, 0), (6.1, 0.25), (12, 0.25), (12.1, 0.5)])
def test_simple_rule_holds_for_the_cord_after_the_months(months, expected):
    assert fraction("simple_25_50", "SpinalCord", months) == expected
    assert fraction("simple_25_50", "ThecalSac", months) == 0
    assert fraction("simple_25_50", "Rectum", months) == 0


def test_liver_rule_counts_the_prior_dose_half():
    assert fraction("liver_50", "Liver", 3) == 0.5
    assert fraction("liver_50", "Lungs", 3) == 0


@pytest.mark.parametrize("rule", [name for name in built_in_rules() if name != "custom"])
@pytest.mark.parametrize("kind", [StructureKind.TARGET, StructureKind.EXTERNAL])
def test_only_organs_at_risk_recover(rule, kind):
    assert fraction(rule, "SacralPlex", 60, kind=kind) == 0


def test_custom_recovery_of_a_target_is_zero():
    assert custom_recovery(0.4, "tumour board", StructureKind.TARGET).fraction == 0


@pytest.mark.parametrize(
    "rule", [name for name in built_in_rules() if name not in ("custom", "none")]
)
def test_nothing_is_credited_while_the_interval_is_unknown(rule):
    found = recovery_fraction(rule, "SacralPlex", None)
    assert found.fraction == 0
    assert "interval is unknown" in found.note


@pytest.mark.parametrize("months", [-0.1, -30, float("nan")])
def test_a_negative_interval_is_refused(months):
    with pytest.raises(RadiobiologyError, match="check the dates"):
        recovery_fraction("uk_sabr_2022", "Rectum", months)


def test_an_unknown_rule_is_refused_with_the_known_ones():
    with pytest.raises(ProtocolError, match="uk_sabr_2022"):
        recovery_fraction("half", "Rectum", 12)


def test_custom_recovery_needs_value_and_justification():
    with pytest.raises(ProtocolError, match="value and a justification"):
        recovery_fraction("custom", "Rectum", 12)
    with pytest.raises(ProtocolError, match="justification"):
        custom_recovery(0.2, "  ")
    with pytest.raises(RadiobiologyError):
        custom_rule(1.2, "tumour board")
    found = custom_recovery(0.2, "tumour board of 3 May")
    assert (found.fraction, found.source) == (0.2, "tumour board of 3 May")


@pytest.mark.parametrize("organ", ["Bladder", "Heart", "Kidneys", "Kidney_L"])
def test_recovery_of_bladder_heart_and_kidney_carries_the_contradiction(organ):
    assert "Nieder" in recovery_fraction("uk_sabr_2022", organ, 20).note
    assert "Nieder" in custom_recovery(0.1, "tumour board", organ=organ).note
    assert "Nieder" not in recovery_fraction("uk_sabr_2022", "Rectum", 20).note
    assert "Nieder" not in recovery_fraction("none", organ, 20).note


def test_recovery_is_never_applied_twice():
    recovery = recovery_fraction("uk_sabr_2022", "Rectum", 20)
    assert recovery_under_limit(recovery, limit_contains_recovery=False) is recovery
    under = recovery_under_limit(recovery, limit_contains_recovery=True)
    assert under.fraction == 0
    assert "already part of this limit" in under.note


def test_every_rule_names_source_and_evidence():
    for rule in built_in_rules().values():
        assert rule.source
        assert rule.evidence in "PSJ"


@settings(max_examples=200)
@given(
    st.sampled_from([name for name in built_in_rules() if name != "custom"]),
    st.sampled_from(ORGANS),
    st.floats(0, 400),
    st.floats(0, 400),
)
def test_recovery_is_a_fraction_that_never_falls_with_time(rule, organ, a, b):
    early, late = (fraction(rule, organ, months) for months in sorted((a, b)))
    assert 0 <= early <= late <= 1


def rules_with(tmp_path, change):
    data = json.loads(RULES_FILE.read_text(encoding="utf-8"))
    change(data)
    path = tmp_path / "own.json"
    path.write_text(json.dumps(data), encoding="utf-8")
    return path


def entry(data, name):
    return next(rule for rule in data["rules"] if rule["id"] == name)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: entry(d, "umich").update(source=" "), "no source"),
        (lambda d: entry(d, "umich").pop("source"), "not complete"),
        (lambda d: entry(d, "umich").update(form="spline"), "forms are"),
        (lambda d: entry(d, "umich").update(evidence="U"), "evidence is"),
        (lambda d: entry(d, "uk_sabr_2022")["steps"][0].update(fraction=1.3), "between 0 and 1"),
        (lambda d: entry(d, "uk_sabr_2022")["steps"].reverse(), "ascending"),
        (lambda d: d["rules"].append(d["rules"][0]), "twice"),
        (lambda d: d.update(type="constraints"), "not a file of recovery rules"),
    ],
)
def test_a_rule_file_that_cannot_be_audited_is_refused(tmp_path, change, message):
    with pytest.raises(ProtocolError, match=message):
        load_recovery_rules(rules_with(tmp_path, change))


def test_a_file_that_is_not_json_is_refused(tmp_path):
    path = tmp_path / "own.json"
    path.write_text("{", encoding="utf-8")
    with pytest.raises(ProtocolError, match="cannot be read"):
        load_recovery_rules(path)


def test_a_file_of_own_rules_is_read(tmp_path):
    rules = load_recovery_rules(rules_with(tmp_path, lambda d: entry(d, "umich").update(id="own")))
    assert recovery_fraction(rules["own"], "Rectum", 7).fraction == 0.25
