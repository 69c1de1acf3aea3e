"""How long steps tell how far they are, and how a user stops them."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Called by long steps; raises `errors.CancelledError` to stop the step.

    ``fraction`` is the part of the current stage that is done (0..1), None where unknown.
    """

    def __call__(self, message: str, fraction: float | None = None) -> None:
        """Report ``message`` and the part of the stage that is done."""


def silent(message: str, fraction: float | None = None) -> None:
    """Report nothing: the default where nobody watches."""
