"""Choices of a review: only what was changed, on top of the saved case."""

from ReirradiationCore.case import Case, MappingStrategy, OrganChoice, RecoveryChoice
from ReirradiationHeadless.review.choices import REASON, Choices
from ReirradiationHeadless.review.limit_table import ALPHA_BETA

SAVED = Case(
    recovery=RecoveryChoice("strider_33"),
    organs={"Rectum": OrganChoice(3.0, mapping={"*": MappingStrategy.RIGID})},
)


def test_no_change_is_the_saved_case():
    assert Choices().applied_to(SAVED) == SAVED
    assert Choices().in_words(SAVED) == []


def test_alpha_beta_is_replaced_and_the_other_choices_of_the_organ_are_kept():
    case = Choices(alpha_beta_gy={"Rectum": 2.5}).applied_to(SAVED)
    assert case.organs["Rectum"].alpha_beta_gy == 2.5
    assert case.organs["Rectum"].mapping == {"*": MappingStrategy.RIGID}


def test_recovery_of_an_organ_is_a_value_with_a_reason_for_every_course():
    case = Choices(recovery={"Bladder": 0.25}).applied_to(SAVED)
    assert case.organs["Bladder"].recovery == {"*": RecoveryChoice("custom", 0.25, REASON)}


def test_rule_and_scale_are_replaced():
    case = Choices(recovery_rule="none", planned_scale=1.1).applied_to(SAVED)
    assert case.recovery == RecoveryChoice("none")
    assert case.planned_scale == 1.1


def test_words_name_what_differs_and_nothing_else():
    choices = Choices({"Rectum": 2.5}, {"Bladder": 0.25}, "strider_33", 0.9)
    assert choices.in_words(SAVED) == [
        f"Rectum {ALPHA_BETA} 2.5 Gy",
        "Bladder recovers 25 %",
        "planned dose multiplied by 0.9",
    ]
