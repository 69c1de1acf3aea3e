"""The schema check says what is wrong, and agrees with the reference implementation."""

import json

import jsonschema
import pytest
from ReirradiationCore.case_file import SCHEMA_FILE
from ReirradiationCore.json_check import problems_in

SCHEMA = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))
GOOD = [
    {},
    {"organs": {"Bladder": {"alpha_beta_gy": 3, "recovery": 0.3, "mapping": "DIR"}}},
    {"registration": {"*": "auto"}, "fractions": {"prior-1": 20}, "map_grid_mm": None},
    {"courses": [{"id": "prior-1", "last_fraction_date": "2020-01-01", "prescription_gy": 60}]},
    {"approvals": {"prior-1": {"name": "N. N.", "date": "2026-01-01"}}},
]
BAD = [
    ([], "must be of type object"),
    ({"alpha": 1}, "alpha is not known"),
    ({"organs": {"Bladder": {"alpha_beta": 3}}}, "organs.Bladder.alpha_beta is not known"),
    ({"organs": {"Bladder": {"alpha_beta_gy": 0}}}, "above 0"),
    ({"organs": {"Bladder": {"recovery": 1.2}}}, "recovery"),
    ({"organs": {"Bladder": {"mapping": "MAGIC"}}}, "MAGIC"),
    ({"isotoxic": {"rangegy": [1, 2]}}, "rangegy is not known"),
    ({"isotoxic": {"range_gy": [25]}}, "must have 2"),
    ({"isotoxic": {"prescription_gy": "30"}}, "prescription_gy"),
    ({"reference": 3}, "reference is 3"),
    ({"structure_map": {"Bladder": 3}}, "structure_map.Bladder"),
    ({"registration": {"*": 3}}, "registration"),
    ({"paths": "one"}, "paths is 'one'"),
    ({"approvals": {"prior-1": False}}, "approvals.prior-1"),
    ({"fractions": {"prior-1": True}}, "fractions.prior-1"),
    ({"map_grid_mm": 20}, "map_grid_mm"),
    ({"courses": [{"role": "prior"}]}, "courses[0].id is missing"),
    ({"schema_version": 2}, "schema_version"),
]


@pytest.mark.parametrize("content", GOOD)
def test_a_case_file_that_follows_the_schema_has_no_problems(content):
    jsonschema.validate(content, SCHEMA)
    assert list(problems_in(content, SCHEMA)) == []


@pytest.mark.parametrize(("content", "words"), BAD)
def test_each_way_to_break_the_schema_is_named(content, words):
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(content, SCHEMA)
    assert words in "; ".join(problems_in(content, SCHEMA))


def test_a_number_that_is_not_finite_is_refused():
    content = json.loads('{"isotoxic": {"prescription_gy": Infinity}}')
    assert "finite" in "; ".join(problems_in(content, SCHEMA))


def test_the_schema_uses_only_keywords_that_are_checked():
    checked = {
        "$schema", "title", "description", "type", "const", "enum", "anyOf", "minLength",
        "pattern", "minimum", "maximum", "exclusiveMinimum", "required", "properties",
        "additionalProperties", "items", "prefixItems", "minItems", "maxItems",
    }  # fmt: skip

    def keywords(schema):
        for key, value in schema.items():
            yield key
            if key == "properties":
                for kind in value.values():
                    yield from keywords(kind)
            elif isinstance(value, dict):
                yield from keywords(value)
            elif key in ("anyOf", "prefixItems"):
                for kind in value:
                    yield from keywords(kind)

    assert set(keywords(SCHEMA)) <= checked
