"""What is typed into the page: numbers, and what the page shows where one is refused."""

from __future__ import annotations

import math
from typing import Any


def number_of(value: float | str) -> float:
    """Return what was typed as a number; NaN where it is none or infinite."""
    try:
        number = float(value)
    except ValueError:
        return math.nan
    return number if math.isfinite(number) else math.nan


def refuse(server: Any, reason: str, *names: str) -> None:  # noqa: ANN401
    """Say why, and put what the page shows under these names of the state back to what holds."""
    server.state.message = reason
    for name in names:
        server.clear_state_client_cache(name)
        server.state.dirty(name)
