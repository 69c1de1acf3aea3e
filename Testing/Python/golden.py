"""The golden numbers of the project: inputs and results of every formula, as JSON beside the tests.

Results were computed by independent reference code and are compared at a relative 1e-9.
"""

import json
from functools import cache
from pathlib import Path

import pytest

FILE = Path(__file__).with_name("golden.json")


@cache
def golden_groups():
    return json.loads(FILE.read_text(encoding="utf-8"))["groups"]


def golden_cases(group, function=None):
    """Return ``pytest.param(inputs, outputs)`` for each case of a group."""
    cases = [c for c in golden_groups()[group] if function in (None, c["fn"])]
    assert cases, f"no golden cases in {group}"
    return [
        pytest.param(case["in"], case["out"], id=f"{group}-{number}")
        for number, case in enumerate(cases)
    ]


def golden(value):
    return pytest.approx(value, rel=1e-9, abs=1e-12)
