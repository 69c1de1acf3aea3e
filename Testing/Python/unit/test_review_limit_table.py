"""The limits of a review as texts."""

import pytest
from ReirradiationHeadless.review.judging import keyed
from ReirradiationHeadless.review.limit_table import ALPHA_BETA, counts, limit_table


def a_row(structure="Rectum", value=70.0, verdict="PASS", **more):
    row = {
        "id": "Set/Rectum/D0.1cc",
        "structure": structure,
        "metric": "D0.1cc",
        "quantity": "EQD2",
        "alpha_beta_gy": 3.0,
        "scope": "cumulative",
        "relation": "<=",
        "limit": 100.0,
        "unit": "Gy",
        "set": "Set",
        "source": "a paper",
        "value": value,
        "margin": None if value is None else 100.0 - value,
        "verdict": verdict,
        "note": "",
    }
    return {**row, **more}


def entries(rows, saved=None, what_if=()):
    return limit_table(rows, keyed(rows if saved is None else saved), keyed(what_if))


def test_most_urgent_limit_comes_first():
    rows = [
        a_row("A", 20.0),
        a_row("B", 110.0, "FAIL"),
        a_row("C", None, "NOT EVALUABLE"),
        a_row("D", 99.8, "MARGINAL"),
    ]
    found = [(e["structure"], e["verdict"]) for e in entries(rows)]
    assert found == [("B", "FAIL"), ("D", "MARGINAL"), ("C", "NOT EVALUABLE"), ("A", "PASS")]


def test_verdict_is_a_word_and_a_shape_beside_its_colour():
    shapes = {
        e["verdict"]: (e["css"], e["path"]) for e in entries([a_row(), a_row("B", 110, "FAIL")])
    }
    assert len(set(shapes.values())) == 2
    assert all(css and path for css, path in shapes.values())


def test_missing_value_is_unknown_and_has_no_share_of_the_limit():
    entry = entries([a_row(value=None, verdict="NOT EVALUABLE")])[0]
    assert (entry["value"], entry["percent_text"]) == ("unknown", "")


def test_verdict_that_is_not_known_is_never_shown_as_a_pass():
    entry = entries([a_row(verdict="SOMETHING NEW")])[0]
    assert (entry["css"], entry["verdict"]) == ("unknown", "SOMETHING NEW")


@pytest.mark.parametrize(("value", "shown"), [(99.96, "99.96 Gy"), (70.0, "70.0 Gy")])
def test_value_close_to_its_limit_has_two_decimals(value, shown):
    assert entries([a_row(value=value)])[0]["value"] == shown


def test_limit_names_relation_quantity_alpha_beta_and_courses():
    entry = entries([a_row()])[0]
    assert entry["limit"] == "D0.1cc ≤ 100 Gy"
    assert entry["quantity"] == f"EQD2, {ALPHA_BETA} 3, all courses"


def test_saved_value_stands_beside_one_that_differs():
    entry = entries([a_row(value=80.0)], saved=[a_row(value=110.0, verdict="FAIL")])[0]
    assert entry["was"] == "saved: 110.0 Gy FAIL"
    assert entries([a_row()])[0]["was"] == ""


def test_another_alpha_beta_is_what_if_beside_the_verdict_of_the_limit():
    other = a_row(value=120.0, verdict="FAIL", alpha_beta_gy=2.0)
    entry = entries([a_row(value=80.0)], what_if=[other])[0]
    assert entry["verdict"] == "PASS"
    assert entry["what_if"]["verdict"] == "FAIL"
    assert entry["what_if"]["text"] == f"at your {ALPHA_BETA} 2: 120.0 Gy"


def test_counts_leave_out_verdicts_that_do_not_occur():
    found = [
        (c["verdict"], c["count"]) for c in counts([a_row(), a_row("B"), a_row("C", 1, "FAIL")])
    ]
    assert found == [("FAIL", 1), ("PASS", 2)]
