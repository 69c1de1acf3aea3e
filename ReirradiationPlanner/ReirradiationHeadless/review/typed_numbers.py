"""Numbers as they are typed."""

from __future__ import annotations

import math


def number_of(value: float | str) -> float:
    """Return what was typed as a number; NaN where it is none or infinite."""
    try:
        number = float(value)
    except ValueError:
        return math.nan
    return number if math.isfinite(number) else math.nan
