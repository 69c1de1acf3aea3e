"""Where the parts of a JSON text stand, so that messages can name the line."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

_SPACE = re.compile(r"[\s,:]*")
_DECODER = json.JSONDecoder()


@dataclass(frozen=True)
class Placed:
    """A member of an object or an item of an array with its place in the text.

    Parameters
    ----------
    key : str
        Name of the member; empty for an item of an array.
    value : object
        Decoded value.
    line : int
        Line of the key (of the value for an item), counted from 1.
    start : int
        Index in the text where the value begins.
    """

    key: str
    value: Any
    line: int
    start: int


def members(text: str, start: int = 0) -> list[Placed]:
    """List the members of the object at ``start`` in the order written, duplicates included.

    ``text`` must be valid JSON (decode it first).
    """
    found: list[Placed] = []
    position = _skip(text, text.index("{", start) + 1)
    while text[position] != "}":
        key, end = _DECODER.raw_decode(text, position)
        begin = _skip(text, end)
        value, end = _DECODER.raw_decode(text, begin)
        found.append(Placed(key, value, line_of(text, position), begin))
        position = _skip(text, end)
    return found


def items(text: str, start: int = 0) -> list[Placed]:
    """List the items of the array at ``start``; ``text`` must be valid JSON."""
    found: list[Placed] = []
    position = _skip(text, text.index("[", start) + 1)
    while text[position] != "]":
        value, end = _DECODER.raw_decode(text, position)
        found.append(Placed("", value, line_of(text, position), position))
        position = _skip(text, end)
    return found


def line_of(text: str, position: int) -> int:
    """Return the line of an index of the text, counted from 1."""
    return text.count("\n", 0, position) + 1


def _skip(text: str, position: int) -> int:
    found = _SPACE.match(text, position)
    return found.end() if found else position
