"""What is typed in lines of the panel: point doses of a letter, quality levels, lists of names."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ReirradiationCore.errors import RefusedError


def parseNames(text: str) -> tuple[str, ...]:
    """Names as typed, separated by commas."""
    return tuple(filter(None, (part.strip() for part in text.split(","))))


def parseNumber(text: str, unit: str) -> float | None:
    """Number as typed, alone or with its own unit; None if nothing was typed.

    :raises RefusedError: no number, or one in another unit.
    """
    words = text.split()
    if not words:
        return None
    try:
        number = float(words[0])
    except ValueError:
        number = math.nan
    if not math.isfinite(number) or words[1:] not in ([], [unit]):
        reason = f"'{text}' is not a number in {unit}"
        raise RefusedError(reason)
    return number


def parsePointDoses(text: str) -> dict[str, dict[str, Any]]:
    """Point doses as typed: ``SpinalCord D0.1cc 40; Rectum Dmax 48``.

    :raises RefusedError: an entry that is not organ, metric and Gy.
    """
    doses: dict[str, dict[str, Any]] = {}
    for entry in filter(None, (part.strip() for part in text.split(";"))):
        words = entry.removesuffix("Gy").split()
        number = words[-1].replace(".", "", 1) if words else ""
        if len(words) < 3 or not number.isdecimal():
            reason = f"point dose '{entry}' is not organ, metric and Gy, such as Rectum D0.1cc 48"
            raise RefusedError(reason)
        organ = " ".join(words[:-2])
        if organ in doses:
            reason = f"{organ} has two point doses; give the one of the smallest volume"
            raise RefusedError(reason)
        doses[organ] = {"metric": words[-2], "dose_gy": float(words[-1])}
    return doses


def parseLevels(text: str) -> dict[str, Any]:
    """Quality levels as typed: ``mda_mm 2 3; dsc 0.9 0.8; jacobian 0.5 2 0.3 3``.

    :raises RefusedError: an entry that is not a metric and its one, two or four numbers.
    """
    levels: dict[str, Any] = {}
    for entry in filter(None, (part.strip() for part in text.split(";"))):
        name, *words = entry.split()
        try:
            numbers = [float(word) for word in words]
        except ValueError:
            numbers = []
        shapes = {1: numbers[:1], 2: [numbers], 4: [[numbers[:2], numbers[2:]]]}
        if len(numbers) not in shapes or name in levels:
            reason = f"level '{entry}' is not one metric with its numbers, such as mda_mm 2 3"
            raise RefusedError(reason)
        levels[name] = shapes[len(numbers)][0]
    return levels


def levelsText(levels: Mapping[str, Any]) -> str:
    """Quality levels of a case file as `parseLevels` takes them."""

    def numbers(value: Any) -> list[float]:
        return [n for part in value for n in numbers(part)] if isinstance(value, list) else [value]

    return "; ".join(
        " ".join([name, *(f"{number:g}" for number in numbers(value))])
        for name, value in levels.items()
    )
