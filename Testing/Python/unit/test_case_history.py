"""The case file says which choices changed, by whom and when, as far as known."""

import json
from datetime import datetime
from pathlib import Path

import pytest
from ReirradiationCore.case import Case
from ReirradiationCore.case_file import case_from_json, case_to_json, read_case
from ReirradiationCore.case_history import HistoryEntry, changes_of, entry_now
from ReirradiationCore.dicom import ReadResult
from ReirradiationCore.errors import RefusedError
from ReirradiationCore.input_checks import hash_of_input
from ReirradiationHeadless.arguments import case_from, make_parser

FIRST = HistoryEntry("2026-01-31T08:00:00+00:00", "A physicist", ("recovery: a became b",))


def chosen(*arguments):
    return case_from(make_parser().parse_args(["evaluate", *arguments, "--output", "out"]))


@pytest.fixture
def case_file(tmp_path):
    path = tmp_path / "case.json"
    content = case_to_json(Case(paths=(Path("courses"),), history=(FIRST,)))
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def test_a_changed_option_is_logged_with_name_and_time(case_file):
    case = chosen("--case", str(case_file), "--recovery", "umich", "--author", "B dosimetrist")
    assert case.history[0] == FIRST
    last = case.history[1]
    assert last.who == "B dosimetrist"
    assert last.changes == ("recovery: none became umich",)
    assert datetime.fromisoformat(last.when).utcoffset().total_seconds() == 0


def test_nobody_is_invented_where_no_author_is_given(case_file):
    case = chosen("--case", str(case_file), "--map-grid", "2")
    assert case_to_json(case)["history"][1]["who"] is None


def test_a_repeated_run_adds_nothing(case_file):
    assert chosen("--case", str(case_file)).history == (FIRST,)


def test_options_equal_to_the_case_file_are_no_change(case_file):
    assert chosen("--case", str(case_file), "--recovery", "none").history == (FIRST,)


def test_first_choices_are_logged_only_if_signed():
    assert chosen("courses", "--recovery", "umich").history == ()
    signed = chosen("courses", "--recovery", "umich", "--author", "A physicist").history
    assert [entry.who for entry in signed] == ["A physicist"]


def test_history_and_de_identification_leave_the_input_hash_as_it_is():
    plain, logged = Case(), Case(history=(entry_now("A", ("x",)),), de_identify=True)
    read = ReadResult((), (), 0, ())
    assert hash_of_input(plain, read) == hash_of_input(logged, read)
    assert hash_of_input(plain, read) != hash_of_input(Case(map_grid_mm=2.0), read)


def test_history_survives_reading_and_writing(case_file):
    assert case_to_json(read_case(case_file))["history"] == [FIRST.to_json()]


def test_changes_name_the_choice_and_both_values():
    before = {"organs": {"Bladder": {"alpha_beta_gy": 3.0}}, "protocols": []}
    after = {"organs": {"Bladder": {"alpha_beta_gy": 5.0}}, "protocols": ["A", "B"]}
    assert changes_of(before, after) == (
        "organs of Bladder of alpha_beta_gy: 3.0 became 5.0",
        "protocols: nothing became A, B",
    )


def test_a_key_that_is_empty_and_one_that_is_absent_are_the_same_choice():
    before = {"confirmed": [], "reference": None, "organs": {}}
    assert changes_of(before, {"identity_override": ""}) == ()


def test_typed_dates_of_a_course_are_named_by_the_course():
    courses = [[{"id": "prior-1", "last_fraction_date": day}] for day in (None, "2021-04-22")]
    assert changes_of({"courses": courses[0]}, {"courses": courses[1]}) == (
        "courses of prior-1 of last_fraction_date: nothing became 2021-04-22",
    )


def test_what_only_documents_a_run_is_no_choice():
    before = {"resolved": {"a": 1}, "history": []}
    assert changes_of(before, {}) == ()


@pytest.mark.parametrize(
    "entry", [{}, {"when": "2026-01-31"}, {"when": 5, "changes": []}, {"changes": ["x"]}]
)
def test_an_entry_without_time_or_changes_is_refused(entry):
    with pytest.raises(RefusedError, match="every entry needs"):
        case_from_json({"history": [entry]})


@pytest.mark.parametrize("value", ["yes", 1, None])
def test_de_identify_is_true_or_false(value):
    with pytest.raises(RefusedError, match="must be true or false"):
        case_from_json({"de_identify": value})
