"""The table of what is read, warned about and refused: every row names a test that exists."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
UNIT = Path(__file__).parent
TABLE = ROOT / "Resources" / "dicom_support.md"
ROW = re.compile(r"^\| (?P<what>[^|]+) \| (?P<does>[^|]+) \| `(?P<test>test_\w+::test_\w+)` \|$")
OUTCOMES = ("read", "read, told", "refused", "left out, told", "ignored, told", "written")


def rows():
    lines = [line for line in TABLE.read_text(encoding="utf-8").splitlines() if "::" in line]
    return [(line, ROW.match(line)) for line in lines]


def test_the_table_has_at_least_sixty_rows_and_none_twice():
    whats = [found["what"].strip() for _, found in rows() if found]
    assert len(whats) >= 60
    assert len(set(whats)) == len(whats)


def test_every_row_says_what_happens_in_known_words():
    for line, found in rows():
        assert found is not None, line
        assert found["does"].split(";")[0].strip() in OUTCOMES, line


@pytest.mark.parametrize("line", [line for line, _ in rows()] if TABLE.is_file() else [])
def test_every_named_test_exists(line):
    module, name = ROW.match(line)["test"].split("::")
    source = (UNIT / f"{module}.py").read_text(encoding="utf-8")
    assert f"def {name}(" in source, line
