"""The published JSON schemas hold what the program writes and refuse what it does not read."""

import json
from pathlib import Path

import jsonschema
import pytest
from ReirradiationCore.approvals import Approval
from ReirradiationCore.case import Case
from ReirradiationCore.case_file import KEYS, case_to_json
from ReirradiationCore.case_history import HistoryEntry
from source_tree import REPOSITORY

SCHEMAS = REPOSITORY / "ReirradiationPlanner" / "ReirradiationCore" / "schemas"


def schema(name):
    return json.loads((SCHEMAS / f"{name}.schema.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", ["case", "results"])
def test_a_schema_is_a_schema(name):
    jsonschema.Draft202012Validator.check_schema(schema(name))


def test_the_case_schema_knows_the_keys_the_program_reads():
    assert set(schema("case")["properties"]) == KEYS


@pytest.mark.parametrize(
    "case",
    [
        Case(),
        Case(
            paths=(Path("a"),),
            approvals={"prior-1": Approval("A physicist", "2026-01-31"), "prior-2": Approval("B")},
            history=(HistoryEntry("2026-01-31T08:00:00+00:00", "", ("x",)),),
            de_identify=True,
        ),
    ],
)
def test_what_is_written_follows_the_case_schema(case):
    jsonschema.validate(case_to_json(case), schema("case"))


@pytest.mark.parametrize(
    "wrong",
    [
        {"unknown": 1},
        {"approvals": {"prior-1": ""}},
        {"approvals": {"prior-1": {"date": "2026-01-31"}}},
        {"approvals": {"prior-1": {"name": "A", "date": "31.1.2026"}}},
        {"history": [{"when": "2026-01-31"}]},
        {"de_identify": "yes"},
    ],
)
def test_the_case_schema_refuses_what_the_program_refuses(wrong):
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**case_to_json(Case()), **wrong}, schema("case"))
