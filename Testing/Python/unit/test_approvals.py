"""An approval names a person; what cannot be one is refused."""

import json
from types import SimpleNamespace

import pytest
import synthetic_courses as made
from ReirradiationCore.approvals import Approval
from ReirradiationCore.case import Case
from ReirradiationCore.case_file import read_case
from ReirradiationCore.case_record import case_record
from ReirradiationCore.course_registration import register_prior
from ReirradiationCore.errors import RefusedError
from ReirradiationCore.progress import silent
from ReirradiationCore.quality_choice import QualityChoice
from ReirradiationCore.registration import RegistrationResult
from ReirradiationCore.remarks import approval_untied, approval_void
from ReirradiationCore.report.approval import approval_note, approvals, draft_mark

SIGNED = {"name": "A physicist", "date": "2026-01-31", "comment": "bladder checked on 12 slices"}


def test_a_name_alone_stays_a_name():
    assert Approval.from_json("A physicist") == Approval("A physicist")
    assert Approval("A physicist").to_json() == "A physicist"


def test_name_date_and_comment_come_back_as_they_were_given():
    assert Approval.from_json(SIGNED).to_json() == SIGNED


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "needs the name"),
        ("  ", "needs the name"),
        ({"date": "2026-01-31"}, "needs the name"),
        ({"name": 7}, "needs the name"),
        ({"name": "A physicist", "date": "31.1.2026"}, "give it as YYYY-MM-DD"),
        ({"name": "A physicist", "when": "2026-01-31"}, r"has the keys \['when'\]"),
    ],
)
def test_an_approval_by_nobody_or_at_no_date_is_refused(content, said):
    with pytest.raises(RefusedError, match=said):
        Approval.from_json(content)


FIRST, SECOND = "a" * 64, "b" * 64


def test_an_approval_holds_for_its_own_transform_and_an_unbound_one_for_any():
    given = Approval.from_json({**SIGNED, "transform": FIRST})
    assert given.to_json() == {**SIGNED, "transform": FIRST}
    assert given.holds_for(FIRST)
    assert not given.holds_for(SECOND)
    assert Approval("A physicist").holds_for(SECOND)


def approved(transform_mm, approvals):
    """Course registered by a shift (mm), under these approvals."""
    old = made.course("prior-1", [(made.dose(lambda _: 40.0), 25, 50.0)], [made.box("B", -20, 20)])
    new = made.course("planned", [(made.dose(lambda _: 20.0), 5, 30.0)], [made.box("B", -20, 20)])
    case = Case(approvals=approvals, quality=QualityChoice(inverse_consistency=False))
    engine = Shifted(transform_mm)
    return register_prior(old, new, case, silent, engine), case


class Shifted:
    """An engine that shifts along x."""

    def __init__(self, shift_mm):
        self.shift_mm = shift_mm

    def register(self, *_):
        transform = made.shift(self.shift_mm)
        return RegistrationResult("rigid", "test", transform, transform)


def left_behind(registered, case):
    """The approval in the case file that a run leaves behind."""
    made = {"prior-1": registered}
    run = SimpleNamespace(case=case, courses=(), organs=(), registrations=made)
    return Approval.from_json(case_record(run)["approvals"]["prior-1"])


def test_the_case_a_run_leaves_behind_binds_the_approval_to_its_transform():
    first, case = approved(1.0, {"prior-1": Approval("A physicist")})
    assert first.approved_by == "A physicist"
    bound = left_behind(first, case)
    assert bound.transform == first.quality["transform_sha256"]
    assert approved(1.0, {"prior-1": bound})[0].approved_by == "A physicist"
    changed, case = approved(2.0, {"prior-1": bound})
    assert changed.approved_by is None
    assert "is VOID" in approval_void("prior-1", {"prior-1": changed}, case)


def warned(registered, case):
    """What a run says of the approval."""
    return approval_untied("prior-1", {"prior-1": registered}, case)


def test_an_approval_that_names_no_transform_counts_and_everybody_is_told_with_the_hash():
    found, case = approved(1.0, {"prior-1": Approval("A physicist", "2026-01-31")})
    digest = found.quality["transform_sha256"]
    assert found.approved_by == "A physicist"
    assert "by A physicist NAMES NO TRANSFORM and was not tied to the one" in warned(found, case)
    assert f'"transform": "{digest}"' in warned(found, case)


def test_a_run_repeated_from_its_case_file_says_the_same_of_the_approval():
    """That a run added its own hash does not say that anybody has looked at that transform."""
    first = approved(1.0, {"prior-1": Approval("A physicist")})
    again = approved(1.0, {"prior-1": left_behind(*first)})
    assert warned(*again) == warned(*first) != ""
    assert left_behind(*again) == left_behind(*first)


def test_of_an_approval_that_names_the_transform_is_void_or_is_none_nothing_more_is_said():
    digest = approved(1.0, {})[0].quality["transform_sha256"]
    named = {"prior-1": Approval("A physicist", transform=digest)}
    by_run = {"prior-1": Approval("A physicist", transform=digest, tied_by_run=True)}
    assert warned(*approved(1.0, named)) == ""
    assert warned(*approved(2.0, named)) == ""
    assert warned(*approved(2.0, by_run)) == ""
    assert warned(*approved(1.0, {})) == ""


def test_the_report_says_beside_the_name_and_on_its_first_page_that_no_transform_is_named():
    given = {"name": "A physicist", "date": "", "comment": "", "holds": True}
    for named in (True, False):
        results = {
            "registrations": [{"course": "prior-1", "approved_by": "A physicist"}],
            "approvals": {"prior-1": {**given, "names_transform": named}},
        }
        for shown in (str(approvals(results)), str(approval_note(results))):
            assert ("APPROVAL NAMES NO TRANSFORM" in shown) is not named
        assert draft_mark(results) == ""


def test_a_tie_without_a_transform_is_refused():
    with pytest.raises(RefusedError, match="has tied_by_run, but no transform"):
        Approval.from_json({"name": "A physicist", "tied_by_run": True})


def test_the_case_file_takes_what_a_run_leaves_behind(tmp_path):
    bound = left_behind(*approved(1.0, {"prior-1": Approval("A physicist")}))
    path = tmp_path / "case.json"
    path.write_text(json.dumps({"approvals": {"prior-1": bound.to_json()}}), encoding="utf-8")
    assert read_case(path).approvals == {"prior-1": bound}


def test_another_transform_voids_the_approval_and_everybody_is_told():
    digest = approved(1.0, {})[0].quality["transform_sha256"]
    given = {"prior-1": Approval("A physicist", transform=digest)}
    changed, case = approved(2.0, given)
    assert changed.approved_by is None
    assert "is VOID" in approval_void("prior-1", {"prior-1": changed}, case)
    assert approval_void("prior-1", {"prior-1": approved(1.0, given)[0]}, case) == ""
    shown = str(approvals({"approvals": {"prior-1": {"name": "A physicist", "holds": False}}}))
    assert "VOID" in shown
