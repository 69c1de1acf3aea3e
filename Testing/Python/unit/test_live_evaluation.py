"""Choices changed on sampled doses: closed forms, and the same rows as a whole evaluation."""

import json
from dataclasses import replace

import numpy as np
import pytest
from live_cases import (
    POINT_SUM,
    STRIDER,
    UNIFORM_BG,
    box,
    evaluated,
    falling,
    mapped,
    row_of,
    sampled,
    two_courses,
)
from ReirradiationCore.case import MappingStrategy, OrganChoice, RecoveryChoice
from ReirradiationCore.constraints import Quantity
from ReirradiationCore.dose_models import DoseConversion
from ReirradiationCore.errors import RefusedError, ReirradiationError
from ReirradiationCore.judgement import CUMULATIVE
from ReirradiationCore.live_evaluation import LiveEvaluation
from ReirradiationCore.lql import DoseModel
from ReirradiationCore.metrics import Metric
from ReirradiationCore.pipeline import judge_case
from ReirradiationCore.uncertainty_choice import UncertaintyChoice

HALF = RecoveryChoice("custom", 0.5, "a test")


@pytest.fixture(scope="module")
def courses():
    return falling()


@pytest.fixture(scope="module")
def live(courses):
    planned, prior = courses
    return LiveEvaluation(sampled(planned, [prior]))


@pytest.fixture(scope="module")
def uniform():
    planned, prior = two_courses()
    return LiveEvaluation(sampled(planned, [prior]))


CHANGES = {
    "nothing": {},
    "alpha/beta": {"organs": {"Bladder": OrganChoice(alpha_beta_gy=6.0)}},
    "recovery of one course": {"organs": {"Rectum": OrganChoice(recovery={"prior-1": HALF})}},
    "a rule for all": {"recovery": RecoveryChoice("strider_33")},
    "scale": {"planned_scale": 1.37},
    "scale and recovery": {"planned_scale": 0.41, "recovery": RecoveryChoice("uk_sabr_2022")},
    "other limits": {"protocols": ("UMich", "STRIDeR2025")},
    "no limits": {"protocols": ()},
    "a name": {"structure_map": {"loops": "Bowel_Small"}},
    "LQ-L": {"model": DoseConversion(DoseModel.LQL, 6.0)},
    "point sum": {"organs": mapped("Rectum", POINT_SUM)},
    "background": {"organs": mapped("SacralPlex_L", UNIFORM_BG)},
    "overlap": {"organs": mapped("Rectum", MappingStrategy.OVERLAP_POINT_SUM)},
    "overlap of a scaled plan": {
        "organs": mapped("Rectum", MappingStrategy.OVERLAP_POINT_SUM), "planned_scale": 0.2,
    },
    "rigid": {"organs": mapped("Bladder", MappingStrategy.RIGID)},
    "cord": {"cord_region": "lumbar"},
    "isotoxic": {"isotoxic_range_gy": (10.0, 90.0)},
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_gives_every_number_a_whole_evaluation_gives(courses, live, change):
    planned, prior = courses
    case = replace(STRIDER, **change)
    result = live.judge(case)
    whole = evaluated(planned, [prior], case)
    assert list(result.rows) == list(whole.constraints)
    assert [o.metrics for o in result.judged] == [o.metrics for o in whole.organs]
    assert list(result.hot_spots) == list(whole.hot_spots)
    assert result.isotoxic[0] == whole.isotoxic
    assert result.targets == whole.targets
    assert list(result.cord_criteria) == list(whole.cord_criteria)
    for mine, theirs in zip(result.dvh, whole.dvh, strict=True):
        assert np.array_equal(mine.dvh.volume_cc, theirs.dvh.volume_cc)


def test_changes_one_after_the_other_leave_nothing_behind(courses, live):
    first = live.judge()
    for change in CHANGES.values():
        live.judge(replace(STRIDER, **change))
    assert live.judge().rows == first.rows


def test_recovery_and_scale_are_those_of_the_formulas(uniform):
    # ab 3: prior 40 Gy in 25 is 40 x 4.6/5 = 36.8; planned 36 Gy in 5 is 36 x 10.2/5 = 73.44
    organs = {"Bladder": OrganChoice(recovery={"prior-1": RecoveryChoice("custom", 0.25, "x")})}
    row = row_of(uniform.judge(replace(STRIDER, planned_scale=1.2, organs=organs)), "Bladder")
    assert row["value"] == pytest.approx(0.75 * 36.8 + 73.44, rel=1e-6)
    assert row["value_no_recovery"] == pytest.approx(36.8 + 73.44, rel=1e-6)
    assert (row["verdict"], row["verdict_no_recovery"]) == ("PASS", "MARGINAL")
    assert row["course_values"]["planned"] == pytest.approx(73.44, rel=1e-6)


def test_alpha_beta_of_an_organ_is_that_of_the_formula(uniform):
    result = uniform.judge(replace(STRIDER, organs={"PTV": OrganChoice(alpha_beta_gy=8.0)}))
    metric = Metric.parse("Dmean")
    value = result.organ("PTV").metric(metric, CUMULATIVE, Quantity.EQD2, 8.0).value
    assert value == pytest.approx(40 * (1.6 + 8) / 10 + 30 * (6 + 8) / 10, rel=1e-6)
    metrics = next(s for s in result.structures if s["name"] == "PTV")
    assert metrics["alpha_beta_gy"] == 8.0


def test_tolerance_is_the_share_of_the_smallest_limit(uniform):
    found = uniform.judge().tolerance["Bladder"]
    assert (found.limit_gy, found.metric) == (110.0, "D0.1cc")
    assert found.value_gy == pytest.approx(36.8 + 54.0, rel=1e-6)
    assert found.percent == pytest.approx(100 * (36.8 + 54.0) / 110, rel=1e-6)
    assert "PTV" not in uniform.judge().tolerance


def test_curves_are_those_of_the_organs_asked_for(uniform):
    curves = uniform.judge().dvh_of("Rectum")
    assert {c.structure for c in curves} == {"Rectum"}
    cumulative = next(c for c in curves if c.distribution == CUMULATIVE)
    assert cumulative.dvh.volume_cc[0] == pytest.approx(30 * 12 * 12 / 1000, rel=5e-3)
    with pytest.raises(RefusedError, match="no structure 'Heart'"):
        uniform.judge().dvh_of("Heart")


def test_only_the_organ_whose_mapping_changed_is_sampled(courses):
    planned, prior = courses
    live = LiveEvaluation(sampled(planned, [prior]))
    result = live.judge(replace(STRIDER, organs=mapped("Rectum", POINT_SUM)))
    pairs = zip(result.sampled.models, result.sampled.doses, live.sampled.doses, strict=True)
    assert {model.name for model, new, old in pairs if new is not old} == {"Rectum"}
    again = live.judge(replace(STRIDER, organs=mapped("Rectum", POINT_SUM)))
    assert again.sampled.doses == result.sampled.doses


def test_sorted_doses_are_used_again_where_nothing_changed(courses):
    planned, prior = courses
    live = LiveEvaluation(sampled(planned, [prior]))
    first = live.judge()
    second = live.judge(replace(STRIDER, organs={"Rectum": OrganChoice(recovery={"*": HALF})}))
    kept = set(first.organ("Bladder")._sorted.values())
    assert kept <= set(second.organ("Bladder")._sorted.values())
    sums = {v for k, v in first.organ("Rectum")._sorted.items() if k[0] == CUMULATIVE}
    assert sums
    assert not sums & set(second.organ("Rectum")._sorted.values())


def test_the_marker_tells_current_from_stale(uniform):
    case = replace(STRIDER, planned_scale=1.1)
    result = uniform.judge(case)
    assert uniform.is_current(result, case)
    assert uniform.is_current(result, replace(case, history=()))
    assert not uniform.is_current(result, STRIDER)
    assert not uniform.is_current(result, replace(case, confirmed=("x",)))
    assert uniform.judge(case).marker == result.marker


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"paths": ("elsewhere",)}, "paths"),
        ({"reference": "prior-1"}, "reference"),
        ({"registration": {"*": "rigid"}}, "registration"),
        ({"fractions": {"prior-1": 20}}, "fractions"),
        ({"prescription_gy": 40.0}, "prescription_gy"),
        ({"identity_override": "because"}, "identity_override"),
        ({"letters": {"old": None}}, "letters"),
        ({"courses": {"prior-1": None}}, "courses"),
    ],
)
def test_choices_about_reading_and_registering_are_refused(uniform, change, word):
    with pytest.raises(RefusedError, match=f"^{word} decides .* evaluate the case again"):
        uniform.judge(replace(STRIDER, **change))


@pytest.mark.parametrize(
    "change",
    [
        {"organs": {"Heart": OrganChoice(alpha_beta_gy=2.0)}},
        {"organs": {"Bladder": OrganChoice(recovery={"prior-9": HALF})}},
        {"organs": {"Bladder": OrganChoice(alpha_beta_gy=-2.0)}},
        {"structure_map": {"nothing": "Bladder"}},
        {"confirmed": ("nothing",)},
        {"protocols": ("nothing",)},
        {"organs": mapped("Bladder", MappingStrategy.ZERO)},
        {"isotoxic_targets": ("nothing",)},
    ],
)
def test_choices_that_do_not_fit_are_refused_as_in_an_evaluation(uniform, change):
    with pytest.raises(ReirradiationError):
        uniform.judge(replace(STRIDER, **change))
    planned, prior = two_courses()
    with pytest.raises(ReirradiationError):
        evaluated(planned, [prior], replace(STRIDER, **change))


SHIFTS = replace(STRIDER, uncertainty=UncertaintyChoice(shifts_mm=(3.0, 3.0, 3.0)))


def test_a_missing_interval_is_said_and_nothing_passes_without_it(courses, live):
    row = row_of(live.judge(), "Bladder")
    assert row["verdict"] == "PASS"
    result = live.judge(SHIFTS)
    row = row_of(result, "Bladder")
    assert row["verdict"] == row["verdict_no_recovery"] == "MARGINAL"
    assert "shifts) is not computed for these choices" in row["note"]
    assert "shifts) is not computed for these choices" in row["note_no_recovery"]
    assert "interval" not in row
    assert result.missing_intervals in result.warnings
    assert row_of(result, "Bladder", "PHYSICAL") == row_of(live.judge(), "Bladder", "PHYSICAL")


def test_intervals_are_those_of_an_evaluation_where_they_are_asked_for(courses, live):
    planned, prior = courses
    result = live.judge(SHIFTS, intervals=True)
    whole = evaluated(planned, [prior], SHIFTS)
    assert row_of(result, "Bladder")["interval"] == row_of(whole, "Bladder")["interval"]
    assert list(result.rows) == list(whole.constraints)
    assert [o.metrics for o in result.judged] == [o.metrics for o in whole.organs]
    assert not result.missing_intervals


def longer(structure, x_mm):
    """The same box moved along x."""
    moved = tuple(c + np.array([x_mm, 0.0, 0.0]) for c in structure.contours)
    return replace(structure, contours=moved)


def test_a_redrawn_organ_is_sampled_alone(courses):
    planned, prior = courses
    live = LiveEvaluation(sampled(planned, [prior]))
    before = live.judge()
    drawn = longer(planned.structures[0], 20.0)
    edited = live.with_structure(drawn)
    after = edited.judge()
    # prior 45 + 0.1 x and 10 - 0.05 x Gy: the mean moves with the centre by 20 x 0.05 Gy
    metric, physical = Metric.parse("Dmean"), Quantity.PHYSICAL
    old, new = (
        result.organ("Bladder").metric(metric, "prior-1", physical, 3.0).value
        for result in (before, after)
    )
    assert new - old == pytest.approx(1.0, rel=1e-3)
    for name in ("Rectum", "PTV", "SacralPlex_L"):
        assert after.organ(name).doses is before.organ(name).doses
    assert after.marker != before.marker
    structures = [drawn, *planned.structures[1:]]
    whole = evaluated(replace(planned, structures=tuple(structures)), [prior])
    assert list(after.rows) == list(whole.constraints)
    assert judge_case(after.sampled).constraints == whole.constraints


def test_a_redrawn_target_moves_the_backgrounds_that_depend_on_it(courses):
    planned, prior = courses
    case = replace(STRIDER, organs=mapped("SacralPlex_L", UNIFORM_BG))
    live = LiveEvaluation(sampled(planned, [prior], case))
    drawn = longer(next(s for s in planned.structures if s.name == "PTV"), -40.0)
    after = live.with_structure(drawn).judge()
    structures = tuple(drawn if s.name == "PTV" else s for s in planned.structures)
    whole = evaluated(replace(planned, structures=structures), [prior], case)
    assert list(after.rows) == list(whole.constraints)
    assert row_of(after, "SacralPlex_L")["value"] != row_of(live.judge(), "SacralPlex_L")["value"]


def test_an_added_and_a_removed_structure_are_judged_and_gone(courses):
    planned, prior = courses
    live = LiveEvaluation(sampled(planned, [prior]))
    added = live.with_structure(box("CaudaEquina", -70, -60))
    assert row_of(live.judge(), "CaudaEquina")["verdict"] == "NOT EVALUABLE"
    assert row_of(added.judge(), "CaudaEquina")["value"] > 0
    gone = added.without_structure("CaudaEquina").judge()
    assert gone.rows == live.judge().rows
    assert gone.marker != live.judge().marker
    with pytest.raises(RefusedError, match="'Heart' cannot be taken out"):
        live.without_structure("Heart")


def test_a_structure_of_another_frame_of_reference_is_refused(courses):
    planned, prior = (replace(c, frame_of_reference_uid=f"1.{n}") for n, c in enumerate(courses))
    live = LiveEvaluation(sampled(planned, [prior]))
    drawn = replace(planned.structures[0], frame_of_reference_uid="1.9")
    with pytest.raises(RefusedError, match=r"of reference 1\.9, the reference image has 1\.0"):
        live.with_structure(drawn)


def test_another_dose_is_sampled_in_every_organ(courses):
    planned, prior = courses
    live = LiveEvaluation(sampled(planned, [prior]))
    colder, _ = falling(planned_top=20.0)
    colder = replace(planned, phases=colder.phases)
    changed = live.with_course(colder)
    whole = evaluated(colder, [prior])
    assert list(changed.judge().rows) == list(whole.constraints)
    assert changed.judge().marker != live.judge().marker
    assert changed.judge().marker != live.with_course(planned).judge().marker


def test_other_dates_of_a_course_change_its_recovery(courses):
    planned, prior = courses
    case = replace(STRIDER, recovery=RecoveryChoice("uk_sabr_2022"))
    live = LiveEvaluation(sampled(planned, [prior], case))
    recent = replace(
        prior, first_fraction_date=planned.first_fraction_date,
        last_fraction_date=planned.first_fraction_date,
    )  # fmt: skip
    model = live.with_course(recent).judge().organ("SacralPlex_L").model
    assert live.judge().organ("SacralPlex_L").model.recovery_fractions["prior-1"] > 0
    assert model.recovery_fractions["prior-1"] == 0


def test_a_course_that_is_not_there_or_of_another_image_is_refused(uniform):
    planned, prior = two_courses()
    with pytest.raises(RefusedError, match="prior-7 is no course of this case"):
        uniform.with_course(replace(prior, id="prior-7"))
    with pytest.raises(RefusedError, match="register and evaluate again"):
        uniform.with_course(replace(prior, frame_of_reference_uid="1.2"))
    with pytest.raises(RefusedError, match="register and evaluate again"):
        uniform.with_course(replace(planned, image=planned.phases[0].dose))


def test_the_results_of_a_live_change_can_be_written_as_json(live):
    results = live.judge(replace(STRIDER, planned_scale=1.3)).as_results(with_isotoxic=True)
    text = json.dumps(results, allow_nan=False)
    assert json.loads(text)["planned_scale"] == 1.3
    assert any(w.startswith("WHAT-IF") and "1.3" in w for w in results["warnings"])
