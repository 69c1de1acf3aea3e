"""What a change makes stale, and which changes are live."""

from dataclasses import fields, replace

import pytest
from live_cases import STRIDER, mapped, sampled, two_courses
from ReirradiationCore.approvals import Approval
from ReirradiationCore.case import Case, MappingStrategy, OrganChoice, RecoveryChoice
from ReirradiationCore.errors import RefusedError
from ReirradiationCore.live_choices import (
    DECIDES,
    NEEDS_EVALUATION,
    NOTHING_STALE,
    ChangeKind,
    Part,
    Stale,
    changed_choices,
    choices_marker,
    require_live,
    stale_after,
    stale_after_choices,
)
from ReirradiationCore.live_evaluation import LiveEvaluation


def test_of_every_choice_it_is_known_what_it_decides():
    assert set(DECIDES) | set(NEEDS_EVALUATION) == {field.name for field in fields(Case)}
    assert not set(DECIDES) & set(NEEDS_EVALUATION)


def test_a_registration_makes_everything_stale_and_needs_an_evaluation():
    stale = stale_after(ChangeKind.REGISTRATION)
    assert {Part.REGISTRATION_QUALITY, Part.SAMPLES, Part.VERDICTS, Part.MAPS} <= stale.parts
    assert stale.organs is None
    assert not stale.live


def test_a_dose_makes_every_organ_stale_but_no_registration():
    stale = stale_after(ChangeKind.DOSE)
    assert stale.live
    assert stale.organs is None
    assert Part.REGISTRATION not in stale.parts
    assert Part.DVH in stale.parts


def test_a_contour_makes_its_own_organ_stale():
    assert stale_after(ChangeKind.STRUCTURE, "Rectum").organs == {"Rectum"}
    assert Part.SAMPLES in stale_after(ChangeKind.STRUCTURE, "Rectum").parts
    assert stale_after(ChangeKind.STRUCTURE, "PTV", is_target=True).organs is None


def test_an_assumption_makes_no_samples_stale():
    stale = stale_after(ChangeKind.ASSUMPTION, "Rectum")
    assert stale.organs == {"Rectum"}
    assert Part.SAMPLES not in stale.parts
    assert stale_after(ChangeKind.ASSUMPTION).organs is None


@pytest.mark.parametrize(
    ("change", "parts", "live"),
    [
        ({"confirmed": ("a",)}, {Part.VERDICTS, Part.ISOTOXIC}, True),
        ({"isotoxic_range_gy": (20.0, 60.0)}, {Part.ISOTOXIC}, True),
        ({"planned_scale": 1.1}, {Part.VERDICTS, Part.DVH, Part.TARGETS, Part.MAPS}, True),
        ({"recovery": RecoveryChoice("strider_33")}, {Part.VERDICTS, Part.MAPS}, True),
        ({"map_grid_mm": 2.0}, {Part.MAPS}, True),
        ({"approvals": {"prior-1": Approval("A physicist")}}, {Part.FILES}, True),
        ({"fractions": {"prior-1": 5}}, set(Part), False),
    ],
)
def test_a_choice_makes_stale_what_it_decides(change, parts, live):
    stale = stale_after_choices(STRIDER, replace(STRIDER, **change))
    assert parts <= stale.parts
    assert stale.live is live
    assert bool(stale)


def test_choices_that_decide_nothing_make_nothing_stale():
    assert not stale_after_choices(STRIDER, STRIDER)
    assert not NOTHING_STALE
    assert changed_choices(STRIDER, replace(STRIDER, planned_scale=2.0)) == ("planned_scale",)


def test_what_is_stale_after_two_changes_is_stale_after_either():
    one = stale_after(ChangeKind.ASSUMPTION, "Rectum")
    other = stale_after(ChangeKind.STRUCTURE, "Bladder")
    both = one | other
    assert both.organs == {"Rectum", "Bladder"}
    assert both.parts == one.parts | other.parts
    assert (one | stale_after(ChangeKind.DOSE)).organs is None
    assert not (one | stale_after(ChangeKind.REGISTRATION)).live
    assert (NOTHING_STALE | one) == one == (one | NOTHING_STALE)
    assert isinstance(both, Stale)


def test_organs_are_named_as_in_the_file_whatever_name_the_choice_used():
    planned, prior = two_courses()
    structures = (replace(planned.structures[0], name="bladder"), *planned.structures[1:])
    live = LiveEvaluation(sampled(replace(planned, structures=structures), [prior]))
    after = replace(STRIDER, organs={"Bladder": OrganChoice(alpha_beta_gy=2.0)})
    assert live.stale_after(STRIDER, after).organs == {"bladder"}
    assert live.stale_after(after, STRIDER).organs == {"bladder"}
    other = replace(after, organs={**after.organs, **mapped("Rectum", MappingStrategy.RIGID)})
    assert live.stale_after(after, other).organs == {"Rectum"}


def test_every_choice_that_is_not_live_is_named_in_the_refusal():
    after = replace(STRIDER, reference="x", fractions={"prior-1": 5}, planned_scale=2.0)
    with pytest.raises(RefusedError) as refused:
        require_live(STRIDER, after)
    words = [reason.split()[0] for reason in refused.value.reasons]
    assert words == ["reference", "fractions"]


def test_the_marker_hangs_on_choices_and_doses_and_not_on_who_made_them():
    base = choices_marker(STRIDER, "a")
    assert base == choices_marker(replace(STRIDER, approvals={"p": Approval("B")}), "a")
    assert base == choices_marker(replace(STRIDER, de_identify=True), "a")
    assert base != choices_marker(STRIDER, "b")
    assert base != choices_marker(replace(STRIDER, cord_region="lumbar"), "a")
