"""What a limit says about itself, and what a user may choose."""

from dataclasses import replace

import pytest
from ReirradiationCore.constraints import Condition, Constraint, Measure, Quantity, Relation
from ReirradiationCore.errors import ProtocolError
from ReirradiationCore.metrics import Metric

BLADDER = Constraint(
    "set/bladder", "set", "Bladder", Metric.parse("D0.1cc"), Relation.AT_MOST, 110.0, "Gy",
    Quantity.EQD2, 3.0, condition=Condition(min_interval_months=6),
)  # fmt: skip
OPEN_RANGE = replace(BLADDER, limit=None, limit_range=(100.0, 110.0))


def test_a_limit_describes_itself_in_the_grammar():
    assert BLADDER.describe() == "Bladder D0.1cc <= 110 Gy @EQD2(ab=3) if interval >= 6 months"


def test_a_complete_limit_has_no_open_question():
    assert BLADDER.open_question == ""


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"limit": None, "limit_range": (100.0, 110.0)}, "range 100-110 Gy"),
        ({"quantity": Quantity.UNKNOWN, "alpha_beta_gy": None}, "physical dose, EQD2 or BED"),
        ({"alpha_beta_gy": None}, "alpha/beta"),
        ({"limit": None, "limit_model": "koide2024"}, "koide2024"),
        ({"unusable": "misquoted"}, "misquoted"),
    ],
)
def test_what_the_source_leaves_open_is_a_question(changes, word):
    assert word in replace(BLADDER, **changes).open_question


def test_a_number_within_the_range_closes_the_question():
    chosen = OPEN_RANGE.with_choice(limit=104.0)
    assert (chosen.limit, chosen.open_question) == (104.0, "")


@pytest.mark.parametrize("limit", [99.0, 111.0])
def test_a_number_outside_the_range_is_refused(limit):
    with pytest.raises(ProtocolError, match="outside the range 100-110"):
        OPEN_RANGE.with_choice(limit=limit)


def test_a_published_number_cannot_be_chosen_away():
    with pytest.raises(ProtocolError, match="leaves no choice"):
        BLADDER.with_choice(limit=120.0)


def test_a_stated_alpha_beta_cannot_be_chosen_away():
    with pytest.raises(ProtocolError, match="not open"):
        BLADDER.with_choice(alpha_beta_gy=2.0)


def test_an_unstated_alpha_beta_can_be_chosen():
    chosen = replace(BLADDER, alpha_beta_gy=None).with_choice(alpha_beta_gy=2.5)
    assert chosen.quantity_text == "EQD2(ab=2.5)"


def test_what_is_measured_has_a_name():
    assert BLADDER.metric_name == "D0.1cc"
    assert replace(BLADDER, measure=Measure.INTERVAL).metric_name == "interval"
    share = replace(BLADDER, measure=Measure.RERT_SHARE)
    assert share.metric_name == "planned share of cumulative D0.1cc"
