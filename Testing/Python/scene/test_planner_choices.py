"""What the panel's tables say becomes a case, and a case file fills them again."""

import json
from dataclasses import fields, replace
from pathlib import Path
from types import SimpleNamespace

import pytest

pytest.importorskip("slicer")

from ReirradiationCore.case import Case, MappingStrategy, OrganChoice, RecoveryChoice
from ReirradiationCore.case_file import case_to_json
from ReirradiationCore.case_history import HistoryEntry
from ReirradiationCore.dose_models import DoseConversion
from ReirradiationCore.errors import RefusedError
from ReirradiationCore.landmarks import Landmark
from ReirradiationCore.letters import letters_of
from ReirradiationCore.lql import DoseModel
from ReirradiationCore.protocol_library import load_protocol
from ReirradiationCore.quality_choice import Fallback, QualityChoice
from ReirradiationCore.registration_choice import RegistrationChoice
from ReirradiationCore.registration_levels import QualityLevels
from ReirradiationCore.type_choice import TypeChoice
from ReirradiationCore.uncertainty_choice import UncertaintyChoice
from ReirradiationPlannerLib.CaseSettings import takeSettings
from ReirradiationPlannerLib.PlannerChoices import PlannerChoices, editableCopy
from ReirradiationPlannerLib.TypedTexts import levelsText, parseLevels, parseNumber, parsePointDoses


def settings(**changed):
    """Fields of the parameter node as they are in a new scene."""
    values = {
        "recovery": "none", "prescription": 0.0, "isotoxicLow": 25.0, "isotoxicHigh": 50.0,
        "plannedScale": 100.0, "ellipsoid": False, "shifts": False, "fields": False,
        "otherMappings": False, "secondEngine": False, "uncertaintyMm": 3.0, "deIdentify": False,
        "isotoxicTargets": "", "doseModel": "LQ", "transitionDose": 0.0, "slopeAbove": 0.0,
        "cordRegion": "thoracic", "mapGrid": 0.0,
    }  # fmt: skip
    return SimpleNamespace(**{**values, **changed})


def test_a_new_scene_has_the_default_set_and_nothing_else():
    case = PlannerChoices().case(settings())
    assert case == Case(protocols=("STRIDeR2025",))


def test_no_set_can_be_chosen_and_stays_chosen():
    choices = PlannerChoices(PlannerChoices().withProtocols(()).text)
    assert choices.case(settings()).protocols == ()


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        (lambda c: c.withName("blase", "Bladder"), {"structure_map": {"blase": "Bladder"}}),
        (lambda c: c.withFractions("prior-1", 30), {"fractions": {"prior-1": 30}}),
        (lambda c: c.withReference("prior-1"), {"reference": "prior-1"}),
        (lambda c: c.withConfirmed("a/b", True), {"confirmed": ("a/b",)}),
        (lambda c: c.withLimit("a/b", "limit", 60.0), {"limit_choices": {"a/b": {"limit": 60.0}}}),
        (
            lambda c: c.withRegistration("prior-1", "rigid"),
            {"registration": {"*": "auto", "prior-1": "rigid"}},
        ),
        (
            lambda c: c.withOrgan("Rectum", "alpha_beta_gy", 2.5),
            {"organs": {"Rectum": OrganChoice(2.5)}},
        ),
        (
            lambda c: c.withOrgan(
                "Rectum", "mapping", {"*": {"strategy": "ZERO", "reason": "out"}}
            ),
            {
                "organs": {
                    "Rectum": OrganChoice(None, {}, {"*": MappingStrategy.ZERO}, {"*": "out"})
                }
            },
        ),
    ],
)
def test_a_choice_reaches_the_case_and_can_be_saved_as_text(change, wanted):
    before = PlannerChoices()
    after = PlannerChoices(change(before).text)
    assert before.text == ""
    assert after.case(settings()) == replace(Case(protocols=("STRIDeR2025",)), **wanted)


@pytest.mark.parametrize(
    ("make", "undo"),
    [
        (lambda c: c.withName("a", "Bladder"), lambda c: c.withName("a", None)),
        (lambda c: c.withFractions("p", 3), lambda c: c.withFractions("p", None)),
        (lambda c: c.withOrgan("a", "alpha_beta_gy", 2.0), lambda c: c.withoutOrgan("a")),
        (lambda c: c.withConfirmed("a", True), lambda c: c.withConfirmed("a", False)),
        (lambda c: c.withLimit("a", "limit", 1.0), lambda c: c.withLimit("a", "limit", None)),
        (
            lambda c: c.withCourse("p", "prescription_gy", 20.0),
            lambda c: c.withCourse("p", "prescription_gy", None),
        ),
        (
            lambda c: c.withLetter("old", {"site": "Pelvis", "dose_gy": 45, "fractions": 25}),
            lambda c: c.withLetter("old", None),
        ),
    ],
)
def test_a_choice_that_is_taken_back_leaves_nothing(make, undo):
    assert undo(make(PlannerChoices())).text == ""


def test_a_letter_is_that_of_a_case_file():
    letter = {"site": "Pelvis", "dose_gy": 45.0, "fractions": 25, "date": "2012-03-01"}
    letter["point_doses"] = parsePointDoses("SpinalCord D0.1cc 40; Rectum Dmax 48.5 Gy")
    case = PlannerChoices().withLetter("old", letter).case(settings())
    assert case.letters == letters_of([{"id": "old", "letter": letter}])
    assert case.letters["old"].point_doses["Rectum"].dose_gy == 48.5


@pytest.mark.parametrize(
    "text",
    ["Rectum 40", "Rectum D0.1cc lots", "Rectum D0.1cc 4²", "Rectum D0.1cc 40; Rectum Dmax 41"],
)
def test_a_point_dose_that_is_not_one_is_refused(text):
    with pytest.raises(RefusedError, match="Rectum"):
        parsePointDoses(text)


@pytest.mark.parametrize(("text", "number"), [("45", 45.0), ("4.5 Gy", 4.5), ("", None)])
def test_a_number_may_be_typed_with_its_unit(text, number):
    assert parseNumber(text, "Gy") == number


@pytest.mark.parametrize(
    "text", ["4500 cGy", "45Gy", "45 50", "nan", "inf Gy", "4,5", "lots", "45 %"]
)
def test_a_number_in_another_unit_is_refused(text):
    with pytest.raises(RefusedError, match=f"'{text}' is not a number in Gy"):
        parseNumber(text, "Gy")


def test_fields_of_the_panel_reach_the_case():
    case = PlannerChoices().case(
        settings(recovery="strider_33", prescription=30.0, isotoxicHigh=45.0, plannedScale=110.0,
                 ellipsoid=True, uncertaintyMm=2.0, otherMappings=True, deIdentify=True)
    )  # fmt: skip
    assert case.recovery == RecoveryChoice("strider_33")
    assert (case.prescription_gy, case.isotoxic_range_gy) == (30.0, (25.0, 45.0))
    assert case.planned_scale == pytest.approx(1.1)
    assert case.uncertainty == UncertaintyChoice(ellipsoid_mm=(2.0,) * 3, mapping=True)
    assert case.de_identify


def test_a_case_file_comes_back_as_it_was():
    case = Case(
        protocols=("UMich",),
        recovery=RecoveryChoice("umich"),
        fractions={"prior-1": 30},
        prescription_gy=40.0,
        structure_map={"a": "Bladder"},
        organs={"a": OrganChoice(2.0, {"*": RecoveryChoice("custom", 0.25, "why")})},
        uncertainty=UncertaintyChoice(shifts_mm=(2.0, 2.0, 2.0)),
        planned_scale=1.2,
        isotoxic_targets=("PTV_1", "GTV"),
        model=DoseConversion(DoseModel.LQL, 6.0, 4.5),
        cord_region="cervical",
        map_grid_mm=2.5,
        identity_override="same person, checked by hand",
        type_choice=TypeChoice(same_organ=True),
        registration_options={
            "*": RegistrationChoice(smoothness=2.0),
            "prior-2": RegistrationChoice(start="bone"),
        },
        quality=QualityChoice(
            landmarks={"prior-1": (Landmark("tip", (1.0, 2.0, 3.0), (1.0, 2.0, 4.0)),)},
            inverse_consistency=False,
        ),
    )
    into = settings()
    takeSettings(case, into)
    again = PlannerChoices(PlannerChoices.ofCase(case).text).case(into)
    assert {
        f.name for f in fields(Case) if getattr(again, f.name) != getattr(case, f.name)
    } == set()
    assert json.dumps(case_to_json(again)) == json.dumps(case_to_json(case))


@pytest.mark.parametrize(
    ("case", "said"),
    [
        (Case(recovery=RecoveryChoice("custom", 0.3, "x")), "one recovery value"),
        (Case(uncertainty=UncertaintyChoice(shifts_mm=(1.0, 2.0, 3.0))), "sizes that differ"),
        (Case(isotoxic_targets=("PTV, boost",)), "with a comma"),
    ],
)
def test_what_the_panel_cannot_show_is_refused_instead_of_lost(case, said):
    with pytest.raises(RefusedError, match=said):
        takeSettings(case, settings())


def test_options_of_the_engine_and_levels_are_those_of_a_case_file():
    choices = PlannerChoices().withRegistrationOption("guide", ["Rectum"])
    choices = choices.withRegistrationOption("smoothness", 2.0)
    choices = choices.withKey("registration_levels", parseLevels("mda_mm 1 2; dsc_from_cc 5"))
    case = choices.withKey("registration_fallback", "RIGID").case(settings())
    assert case.registration_choice("prior-1") == RegistrationChoice(
        guide=("Rectum",), smoothness=2.0
    )
    assert case.quality.levels == QualityLevels(mda_mm=(1.0, 2.0), dsc_from_cc=5.0)
    assert case.quality.fallback is Fallback.RIGID


@pytest.mark.parametrize(("name", "value"), [("guide", []), ("smoothness", 1.0)])
def test_an_option_set_back_to_its_default_leaves_nothing(name, value):
    choices = PlannerChoices().withRegistrationOption(name, ["*"] if value == [] else 3.0)
    assert choices.withRegistrationOption(name, value).text == ""


def test_options_of_one_course_start_from_the_common_ones_and_leave_them():
    choices = PlannerChoices().withRegistrationOption("smoothness", 2.0)
    choices = choices.withRegistrationOption("guide", ["Rectum"], "prior-2")
    case = choices.case(settings())
    assert case.registration_choice("prior-1") == RegistrationChoice(smoothness=2.0)
    assert case.registration_choice("prior-2") == RegistrationChoice(
        smoothness=2.0, guide=("Rectum",)
    )
    again = choices.withRegistrationOption("smoothness", 1.0, "prior-2")
    assert again.registrationOptions("prior-2").smoothness == 1.0
    assert again.registrationOptions("prior-1").smoothness == 2.0
    assert choices.withRegistrationOption("guide", [], "prior-2").text == (
        PlannerChoices().withRegistrationOption("smoothness", 2.0).text
    )


def test_recovery_and_mapping_of_an_organ_can_differ_between_prior_courses():
    choices = PlannerChoices().withOrganOfCourse("Rectum", "recovery", "*", "none")
    choices = choices.withOrganOfCourse("Rectum", "recovery", "prior-2", "umich")
    rigid = {"strategy": "RIGID", "reason": ""}
    choices = choices.withOrganOfCourse("Rectum", "mapping", "prior-1", rigid)
    organ = choices.case(settings()).organ("Rectum")
    assert {c: r.rule for c, r in organ.recovery.items()} == {"*": "none", "prior-2": "umich"}
    assert organ.mapping == {"prior-1": MappingStrategy.RIGID}
    choices = choices.withOrganOfCourse("Rectum", "recovery", "prior-2", None)
    organ = choices.case(settings()).organ("Rectum")
    assert list(organ.recovery) == ["*"]
    assert choices.withOrganOfCourse("Rectum", "recovery", "*", None).organ("Rectum").keys() == {
        "mapping"
    }


def test_lql_needs_its_dose_per_fraction():
    case = PlannerChoices().case(settings(doseModel="LQ-L", transitionDose=6.0))
    assert case.model == DoseConversion(DoseModel.LQL, 6.0)
    assert PlannerChoices().case(settings(transitionDose=6.0)).model == DoseConversion()
    with pytest.raises(RefusedError, match="needs the dose per fraction"):
        PlannerChoices().case(settings(doseModel="LQ-L"))


def test_landmarks_of_a_course_are_those_of_a_case_file():
    mark = Landmark("tip", (1.0, 2.0, 3.0), (1.0, 2.0, 4.0), "Rectum")
    choices = PlannerChoices().withLandmarks("prior-1", (mark,))
    assert choices.case(settings()).quality.landmarks == {"prior-1": (mark,)}
    assert choices.withLandmarks("prior-1", ()).text == ""


def test_the_history_is_kept_with_the_choices():
    entry = HistoryEntry("2025-01-02T03:04:05+00:00", "A", ("recovery: none became umich",))
    choices = PlannerChoices().withHistory(entry)
    assert choices.history == (entry,)
    assert choices.case(settings()).history == (entry,)


@pytest.mark.parametrize("text", ["mda_mm", "mda_mm 1 2 3", "mda_mm two 3", "dsc 1 1; dsc 1 1"])
def test_a_level_that_is_not_one_is_refused(text):
    with pytest.raises(RefusedError, match="is not one metric"):
        parseLevels(text)


def test_levels_are_shown_as_they_are_typed():
    text = "mda_mm 1 2; jacobian 0.6 1.5 0.4 2.5"
    assert levelsText(parseLevels(text)) == text


def test_parts_of_the_uncertainty_the_panel_does_not_show_are_not_lost():
    chosen = UncertaintyChoice(
        fields_mm=(3.0,) * 3, fields=25, seed=7, engines=("prior-1=other.h5", "demons")
    )
    into = settings()
    takeSettings(Case(uncertainty=chosen), into)
    case = PlannerChoices.ofCase(Case(uncertainty=chosen)).case(into)
    assert into.secondEngine
    assert case.uncertainty == chosen
    into.secondEngine = into.fields = False
    case = PlannerChoices.ofCase(Case(uncertainty=chosen)).case(into)
    assert case.uncertainty == UncertaintyChoice(fields=25, seed=7, engines=("prior-1=other.h5",))


def test_an_editable_copy_is_a_set_of_its_own_and_overwrites_nothing(tmp_path):
    made = editableCopy("STRIDeR2025", tmp_path)
    copied, original = load_protocol(made), load_protocol("STRIDeR2025")
    assert copied.name != original.name
    assert len(copied.constraints) == len(original.constraints)
    with pytest.raises(RefusedError, match="exists already"):
        editableCopy("STRIDeR2025", tmp_path)
    with pytest.raises(RefusedError, match="no folder"):
        editableCopy("STRIDeR2025", Path(tmp_path / "nowhere"))
