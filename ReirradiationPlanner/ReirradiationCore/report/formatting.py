"""Numbers as they are read: sensible digits, units, and the full value behind each of them."""

from __future__ import annotations

import math

from .markup import Html, element, join

NOT_GIVEN = element("span", "\N{EN DASH}", title="not available")
ALPHA_BETA = "\N{GREEK SMALL LETTER ALPHA}/\N{GREEK SMALL LETTER BETA}"
CLOSE = 0.1  # below this distance from a limit one decimal would hide on which side a value is


def number(value: float | None, digits: int = 1, unit: str = "") -> Html:
    """Return a number with its unit; the unrounded value stands in the ``value`` attribute.

    None and NaN are shown as not available, never as zero.
    """
    if value is None or math.isnan(value):
        return NOT_GIVEN
    shown = f"{value:.{digits}f}"
    if float(shown) == 0:
        shown = shown.lstrip("-")
    shown = shown.replace("-", "\N{MINUS SIGN}")
    return element(
        "data", f"{shown}\N{NO-BREAK SPACE}{unit}" if unit else shown, value=repr(float(value))
    )


def limit(relation: str, value: float | str, digits: int, unit: str) -> Html:
    """Return a limit with its relation; one that is not a number is shown as it is written."""
    sign = {"<=": "\N{LESS-THAN OR EQUAL TO}", ">=": "\N{GREATER-THAN OR EQUAL TO}"}
    shown = number(value, digits, unit) if isinstance(value, int | float) else f"{value} {unit}"
    return join([sign.get(relation, relation), " ", shown])


def signed(value: float | None, digits: int = 1, unit: str = "") -> Html:
    """Return a number with its sign."""
    shown = number(value, digits, unit)
    if value is None or math.isnan(value) or value <= 0:
        return shown
    return Html(shown.replace(">", ">+", 1))


def percent(share: float | None, digits: int = 0) -> Html:
    """Return a share 0..1 in %."""
    if share is None or math.isnan(share):
        return NOT_GIVEN
    shown = f"{100 * share:.{digits}f}\N{NO-BREAK SPACE}%"
    return element("data", shown, value=repr(float(share)))


def digits_near(margin: float | None) -> int:
    """Decimals of a value at this distance from its limit."""
    return 2 if margin is not None and abs(margin) < CLOSE else 1


def interval(bounds: list[float] | None, digits: int = 1) -> Html:
    """Return an uncertainty interval, or nothing where none is given."""
    if not bounds:
        return Html()
    low, high = (number(bound, digits) for bound in bounds)
    return element("span", "[", low, " to ", high, "]", class_="interval")


def volume(value_cc: float | None) -> Html:
    """Return a volume in cc; small ones with two decimals."""
    small = value_cc is not None and value_cc < 1
    return number(value_cc, 2 if small else 1, "cc")


def point(position_lps_mm: list[float] | None) -> Html:
    """Return a position in the reference image, mm."""
    if position_lps_mm is None:
        return NOT_GIVEN
    axes = zip("LPS", position_lps_mm, strict=True)
    return Html(", ".join(f"{axis} {number(value, 1)}" for axis, value in axes) + " mm")
