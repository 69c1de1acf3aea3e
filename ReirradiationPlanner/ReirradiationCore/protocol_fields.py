"""The fields of a constraint set file: which there are, and what each must be."""

from __future__ import annotations

import math
import re
from typing import Any

from .constraints import Hardness, Measure, Quantity, Relation, Scope

SCHEMA_VERSION = 1
EVIDENCE = ("primary", "secondary", "local")
LIMIT_MODELS = ("koide2024",)
OPEN_ALPHA_BETA = "not stated"
RANGE = re.compile(r"(\d+(?:\.\d+)?)-(\d+(?:\.\d+)?)")
_DATE = re.compile(r"\d{4}(-\d{2}(-\d{2})?)?|undated")


def _text(value: Any) -> bool:  # noqa: ANN401
    return isinstance(value, str) and bool(value.strip())


def _number(value: Any) -> bool:  # noqa: ANN401
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _whole(value: Any) -> bool:  # noqa: ANN401
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _is_limit(value: Any) -> bool:  # noqa: ANN401
    if isinstance(value, dict):
        return set(value) == {"model"} and value["model"] in LIMIT_MODELS
    return _number(value) or (isinstance(value, str) and bool(RANGE.fullmatch(value)))


def _one_of(kind: type[Relation | Quantity | Scope | Hardness | Measure]) -> tuple[str, Any]:
    values = [member.value for member in kind]
    return "one of " + ", ".join(values), values.__contains__


def _positive(value: Any) -> bool:  # noqa: ANN401
    return _number(value) and value > 0


_TEXT = ("a text", _text)
_ANY_TEXT = ("a text", lambda value: isinstance(value, str))
_BOOL = ("true or false", lambda value: isinstance(value, bool))
_EVIDENCE = ("one of " + ", ".join(EVIDENCE), EVIDENCE.__contains__)
_SOURCE = ("a text that says where the limit comes from", _text)

SET_FIELDS = {
    "schema_version": (True, str(SCHEMA_VERSION), _whole),
    "name": (
        True,
        "a short name of letters, digits, _ and -",
        lambda v: isinstance(v, str) and bool(re.fullmatch(r"[\w-]+", v)),
    ),
    "title": (True, *_TEXT),
    "date": (
        True,
        "a date such as 2025, 2025-12 or 2025-12-11, or undated",
        lambda v: isinstance(v, str) and bool(_DATE.fullmatch(v)),
    ),
    "citation": (True, *_TEXT),
    "evidence": (True, *_EVIDENCE),
    "note": (False, *_ANY_TEXT),
    "together_with": (
        False,
        "a list of names of sets",
        lambda v: isinstance(v, list) and all(isinstance(name, str) for name in v),
    ),
    "entries": (True, "a list of entries", lambda v: isinstance(v, list)),
}
ENTRY_FIELDS = {
    "id": (True, *_TEXT),
    "organ": (True, *_TEXT),
    "metric": (True, *_TEXT),
    "relation": (True, *_one_of(Relation)),
    "limit": (True, 'a number, a range such as "100-110", or {"model": "koide2024"}', _is_limit),
    "unit": (
        True,
        "Gy, cc, %, ratio or months",
        ("Gy", "cc", "%", "ratio", "months").__contains__,
    ),
    "quantity": (True, *_one_of(Quantity)),
    "scope": (True, *_one_of(Scope)),
    "hardness": (True, *_one_of(Hardness)),
    "source": (True, *_SOURCE),
    "evidence": (True, *_EVIDENCE),
    "alpha_beta_gy": (
        False,
        f'a number in Gy, null, or "{OPEN_ALPHA_BETA}"',
        lambda v: v is None or v == OPEN_ALPHA_BETA or _number(v),
    ),
    "eqd_x_gy": (False, "a dose per fraction in Gy", _positive),
    "n_fractions": (
        False,
        "a whole number >= 1, or null",
        lambda v: v is None or _whole(v),
    ),
    "measure": (False, *_one_of(Measure)),
    "condition": (False, "an object", lambda v: isinstance(v, dict)),
    "recovery_contained": (False, *_BOOL),
    "recovery_rule": (False, *_TEXT),
    "custom_organ": (False, *_BOOL),
    "note": (False, *_ANY_TEXT),
    "unusable": (False, *_ANY_TEXT),
}
CONDITION_FIELDS = {
    "min_interval_months": (False, "a number of months", _positive),
    "max_interval_months": (False, "a number of months", _positive),
    "min_fractions": (False, "a whole number >= 1", _whole),
    "max_fractions": (False, "a whole number >= 1", _whole),
    "min_dose_per_fraction_gy": (False, "a dose in Gy", _positive),
    "max_dose_per_fraction_gy": (False, "a dose in Gy", _positive),
    "max_prior_courses": (False, "a whole number >= 1", _whole),
    "max_course_gy": (False, "a dose in Gy", _positive),
    "confirm": (False, *_TEXT),
}
