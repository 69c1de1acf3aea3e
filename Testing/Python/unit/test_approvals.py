"""An approval names a person; what cannot be one is refused."""

import pytest
from ReirradiationCore.approvals import Approval
from ReirradiationCore.errors import RefusedError

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
