"""What is wrong with a user's constraint set is said by line; nothing wrong is let through."""

import json

import jsonschema
import pytest
from ReirradiationCore.errors import ProtocolError
from ReirradiationCore.json_positions import items, members
from ReirradiationCore.protocol_check import check_text
from ReirradiationCore.protocol_library import PROTOCOLS_FOLDER, check_protocol, load_protocol

ENTRY = {
    "id": "Bladder/D0.1cc",
    "organ": "Bladder",
    "metric": "D0.1cc",
    "relation": "<=",
    "limit": 110.0,
    "unit": "Gy",
    "quantity": "EQD2",
    "alpha_beta_gy": 3,
    "scope": "cumulative",
    "hardness": "hard",
    "source": "our department, 2025",
    "evidence": "local",
}
LINE = {field: 10 + number for number, field in enumerate(ENTRY)}
SET = {
    "schema_version": 1,
    "name": "Mine",
    "title": "Limits of our department",
    "date": "2025",
    "citation": "internal document 12",
    "evidence": "local",
}


def text_of(*entries, **head):
    return json.dumps({**SET, **head, "entries": list(entries)}, indent=1)


def changed(**changes):
    entry = {**ENTRY, **changes}
    return {field: value for field, value in entry.items() if value != "REMOVED"}


def test_a_good_user_set_has_no_problems(tmp_path):
    path = tmp_path / "mine.json"
    path.write_text(text_of(ENTRY), encoding="utf-8")
    assert check_protocol(path) == []
    loaded = load_protocol(str(path))
    assert loaded.constraints[0].describe() == "Bladder D0.1cc <= 110 Gy @EQD2(ab=3)"
    assert loaded.constraints[0].id == "Mine/Bladder/D0.1cc"


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"source": " "}, "source", "where the limit comes from"),
        ({"metric": "D0.1ml"}, "metric", "is not a metric"),
        ({"unit": "cc"}, "unit", "given in Gy"),
        ({"unit": "Gray"}, "unit", "must be Gy, cc, %"),
        ({"relation": "="}, "relation", "one of <=, <, >=, >"),
        ({"limit": -3}, "limit", "not above zero"),
        ({"limit": "about 100"}, "limit", "a number, a range"),
        ({"limit": "110-100"}, "limit", "does not go up"),
        ({"limit": {"model": "guess"}}, "limit", "koide2024"),
        ({"limit": True}, "limit", "a number, a range"),
        ({"limit": float("nan")}, "limit", "a number, a range"),
        ({"quantity": "Gy3"}, "quantity", "one of PHYSICAL, EQD2, BED"),
        ({"quantity": "UNKNOWN"}, "quantity", "cannot be hard"),
        ({"quantity": "PHYSICAL"}, "scope", "not summed"),
        ({"quantity": "EQDx"}, "quantity", "needs eqd_x_gy"),
        ({"alpha_beta_gy": None}, "alpha_beta_gy", "needs its alpha/beta"),
        ({"alpha_beta_gy": 30}, "alpha_beta_gy", "outside 0.5 to 20"),
        ({"alpha_beta_gy": "not stated"}, "alpha_beta_gy", "cannot be hard"),
        ({"scope": "both"}, "scope", "cumulative, rert_only, single_course"),
        ({"hardness": "soft"}, "hardness", "hard, advisory"),
        ({"evidence": "hearsay"}, "evidence", "primary, secondary, local"),
        ({"organ": "Blader"}, "organ", "did you mean Bladder"),
        ({"organ": "Liver", "metric": "V15Gy", "relation": "<", "limit": 800, "unit": "cc"},
         "metric", "CV15Gy >= 800 cc"),
        ({"organ": "Liver", "metric": "CV15Gy", "relation": "<", "limit": 800, "unit": "cc"},
         "relation", "spared volume"),
        ({"organ": "Liver", "metric": "D700cc", "relation": "<", "limit": 21},
         "metric", "CV21Gy >= 700 cc"),
        ({"metric": "V20Gy", "limit": 140, "unit": "%"}, "limit", "more than the whole"),
    ],
)  # fmt: skip
def test_a_wrong_field_is_named_with_its_line(changes, field, words):
    problems, loaded = check_text(text_of(changed(**changes)))
    assert loaded is None
    assert (LINE[field], True) in [(p.line, words in p.message) for p in problems], problems


@pytest.mark.parametrize("field", [f for f in ENTRY if f != "alpha_beta_gy"])
def test_a_missing_field_is_named_with_the_line_of_its_entry(field):
    problems, loaded = check_text(text_of(changed(**{field: "REMOVED"})))
    assert loaded is None
    assert [(p.line, f"'{field}' is missing" in p.message) for p in problems] == [(9, True)]


def test_a_limit_without_alpha_beta_is_refused():
    problems, _ = check_text(text_of(changed(alpha_beta_gy="REMOVED")))
    assert ["alpha/beta" in p.message for p in problems] == [True]


@pytest.mark.parametrize("field", [*SET, "entries"])
def test_a_missing_field_of_the_set_is_named(field):
    content = {**SET, "entries": [ENTRY]}
    del content[field]
    problems, loaded = check_text(json.dumps(content))
    assert loaded is None
    assert any(f"'{field}' is missing" in p.message for p in problems)


@pytest.mark.parametrize(
    ("head", "words"),
    [
        ({"schema_version": 2}, "schema_version must be 1"),
        ({"date": "12/2025"}, "a date such as"),
        ({"name": "our limits"}, "a short name"),
        ({"together_with": "HyTEC"}, "a list of names"),
        ({"colour": "red"}, "unknown field 'colour'"),
    ],
)
def test_a_wrong_field_of_the_set_is_named(head, words):
    problems, loaded = check_text(text_of(ENTRY, **head))
    assert loaded is None
    assert words in problems[0].message


def test_an_unknown_field_is_refused_with_a_proposal():
    problems, _ = check_text(text_of(changed(alphabeta_gy=3)))
    assert "did you mean 'alpha_beta_gy'?" in problems[0].message


def test_an_unknown_condition_is_refused():
    problems, _ = check_text(text_of(changed(condition={"min_interval": 6})))
    assert "did you mean 'min_interval_months'?" in problems[0].message


def test_a_physical_limit_needs_its_number_of_fractions():
    entry = changed(quantity="PHYSICAL", scope="rert_only", alpha_beta_gy=None)
    assert "one fractionation" in check_text(text_of(entry))[0][0].message
    assert check_text(text_of({**entry, "n_fractions": 5}))[0] == []


def test_a_repeated_id_is_refused_with_both_lines():
    problems, _ = check_text(text_of(ENTRY, ENTRY))
    assert [p.line for p in problems] == [23]
    assert "already used in line 9" in problems[0].message


def test_a_field_given_twice_is_refused():
    text = text_of(ENTRY).replace('"unit": "Gy"', '"unit": "Gy", "unit": "cc"')
    assert any("given twice" in p.message for p in check_text(text)[0])


def test_text_that_is_not_json_is_refused_with_its_line():
    problems, _ = check_text(text_of(ENTRY).replace('"Bladder",', '"Bladder"'))
    assert (problems[0].line, "not JSON" in problems[0].message) == (12, True)


@pytest.mark.parametrize("text", ["[]", "3", '"x"'])
def test_json_that_is_not_a_set_is_refused(text):
    assert "JSON object" in check_text(text)[0][0].message


def test_a_set_without_entries_is_refused():
    assert any("no entries" in p.message for p in check_text(text_of())[0])


def test_an_entry_that_is_no_object_is_refused():
    assert any("object in braces" in p.message for p in check_text(text_of("Bladder"))[0])


def test_all_problems_are_listed_at_once():
    problems, _ = check_text(text_of(changed(unit="cc"), changed(id="b", source="")))
    assert [p.line for p in problems] == [15, 34]


def test_a_custom_organ_has_to_be_called_so():
    assert check_text(text_of(changed(organ="Anastomosis", custom_organ=True)))[0] == []


def test_a_file_that_cannot_be_read_as_text_is_refused(tmp_path):
    path = tmp_path / "mine.json"
    path.write_bytes(b"\xff\xfe\x00\x01")
    assert "UTF-8" in check_protocol(path)[0].message


def test_loading_a_wrong_file_lists_every_problem(tmp_path):
    path = tmp_path / "mine.json"
    path.write_text(text_of(changed(unit="cc", source="x"), changed(id="b", limit=0)), "utf-8")
    with pytest.raises(ProtocolError, match=r"mine\.json: line 15: .*; line 28: "):
        load_protocol(path)


@pytest.mark.parametrize(
    "changes",
    [
        {"source": " "},
        {"metric": "D0.1ml"},
        {"quantity": "Gy3"},
        {"alpha_beta_gy": None},
        {"quantity": "PHYSICAL"},
        {"quantity": "UNKNOWN"},
        {"quantity": "EQDx"},
        {"metric": "CV15Gy", "unit": "cc"},
        {"limit": "about 100"},
        {"condition": {"min_interval": 6}},
    ],
)
def test_the_schema_refuses_what_the_loader_refuses(changes):
    schema = json.loads((PROTOCOLS_FOLDER / "schema.json").read_text(encoding="utf-8"))
    validator = jsonschema.Draft202012Validator(schema)
    assert validator.is_valid(json.loads(text_of(ENTRY)))
    assert not validator.is_valid(json.loads(text_of(changed(**changes))))


def test_places_of_json_parts_are_found():
    text = '{\n "a": [1,\n  {"b": "]}"}],\n "a": 2\n}'
    assert [(m.key, m.value, m.line) for m in members(text)] == [
        ("a", [1, {"b": "]}"}], 2),
        ("a", 2, 4),
    ]
    assert [(i.value, i.line) for i in items(text, members(text)[0].start)] == [
        (1, 2),
        ({"b": "]}"}, 3),
    ]
