"""Check a JSON value against the part of JSON Schema that this project's schemas use.

The case file is checked before it is read, so that a misspelt key or a wrong type is refused and
never silently ignored. Slicer does not ship a schema library.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

_TYPES = {
    "object": dict,
    "array": list,
    "string": str,
    "number": (int, float),
    "integer": int,
    "boolean": bool,
    "null": type(None),
}


def problems_in(value: object, schema: Mapping[str, Any], where: str = "") -> Iterator[str]:
    """Yield one sentence for each way a value breaks its schema.

    Parameters
    ----------
    value : object
        As `json.loads` returned it.
    schema : mapping
        Keywords used: type, const, enum, anyOf, minLength, pattern, minimum, maximum,
        exclusiveMinimum, required, properties, additionalProperties, items, prefixItems, minItems,
        maxItems.
    where : str
        Path of the value, for the message.
    """
    name = where or "the file"
    if "anyOf" in schema:
        tried = [list(problems_in(value, option, where)) for option in schema["anyOf"]]
        if all(tried):
            yield min(tried, key=len)[0]
        return
    if "const" in schema and value != schema["const"]:
        yield f"{name} is {value!r}; it must be {schema['const']!r}"
    if "enum" in schema and value not in schema["enum"]:
        yield f"{name} is {value!r}; allowed are {', '.join(map(str, schema['enum']))}"
    if not _has_type(value, schema.get("type")):
        yield f"{name} is {value!r}; it must be of type {_words(schema['type'])}"
        return
    if isinstance(value, dict):
        yield from _object(value, schema, where)
    elif isinstance(value, list):
        yield from _array(value, schema, where)
    elif isinstance(value, str):
        if len(value) < schema.get("minLength", 0):
            yield f"{name} is empty"
        if "pattern" in schema and not re.search(schema["pattern"], value):
            yield f"{name} is '{value}', which is not written as it must be"
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield from _number(value, schema, name)


def _has_type(value: object, wanted: str | list[str] | None) -> bool:
    if wanted is None:
        return True
    names = [wanted] if isinstance(wanted, str) else wanted
    if isinstance(value, bool):
        return "boolean" in names
    return any(isinstance(value, _TYPES[name]) for name in names)


def _words(wanted: str | list[str]) -> str:
    return wanted if isinstance(wanted, str) else " or ".join(wanted)


def _number(value: float, schema: Mapping[str, Any], name: str) -> Iterator[str]:
    if not math.isfinite(value):
        yield f"{name} is {value}; it must be a finite number"
    elif value < schema.get("minimum", -math.inf) or value > schema.get("maximum", math.inf):
        low, high = schema.get("minimum", "any"), schema.get("maximum", "any")
        yield f"{name} is {value:g}; it must lie from {low} to {high}"
    elif value <= schema.get("exclusiveMinimum", -math.inf):
        yield f"{name} is {value:g}; it must be above {schema['exclusiveMinimum']}"


def _array(value: list[Any], schema: Mapping[str, Any], where: str) -> Iterator[str]:
    least, most = schema.get("minItems", 0), schema.get("maxItems", math.inf)
    if not least <= len(value) <= most:
        yield f"{where} has {len(value)} entries; it must have {least}"
    kinds = schema.get("prefixItems", [])
    for number, item in enumerate(value):
        kind = kinds[number] if number < len(kinds) else schema.get("items", {})
        yield from problems_in(item, kind, f"{where}[{number}]")


def _object(value: dict[str, Any], schema: Mapping[str, Any], where: str) -> Iterator[str]:
    start = f"{where}." if where else ""
    for key in schema.get("required", ()):
        if key not in value:
            yield f"{start}{key} is missing"
    known, others = schema.get("properties", {}), schema.get("additionalProperties", True)
    for key, item in value.items():
        kind = known.get(key, others)
        if kind is False:
            yield f"{start}{key} is not known; known are {', '.join(sorted(known))}"
        elif isinstance(kind, dict):
            yield from problems_in(item, kind, f"{start}{key}")
