"""What was found wrong while reading: reasons to refuse and warnings, collected until the end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ..errors import GeometryError, RadiobiologyError, RefusedError


class Findings:
    """Reasons to refuse and warnings in the order they were found, each sentence once."""

    def __init__(self) -> None:
        self.reasons: list[str] = []
        self.warnings: list[str] = []

    def refuse(self, reason: str) -> None:
        """Add a reason why the input must not be evaluated."""
        if reason not in self.reasons:
            self.reasons.append(reason)

    def warn(self, warning: str) -> None:
        """Add something the user must know about an input that is evaluated."""
        if warning not in self.warnings:
            self.warnings.append(warning)

    @contextmanager
    def collecting(self) -> Iterator[None]:
        """Turn a refusal raised in the block into reasons, so that the rest is still checked."""
        try:
            yield
        except RefusedError as error:
            for reason in error.reasons:
                self.refuse(reason)
        except (GeometryError, RadiobiologyError) as error:
            self.refuse(str(error))

    def raise_if_refused(self) -> None:
        """Raise `RefusedError` with all reasons, if there is one."""
        if self.reasons:
            raise RefusedError(*self.reasons)


def some_of(names: list[str] | tuple[str, ...], most: int = 5) -> str:
    """Return the first names of a list as text that says how many more there are."""
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"


def counted(count: int, noun: str, plural: str = "") -> str:
    """Return a number with its noun, as '1 slice' or '2 slices'."""
    return f"{count} {noun if count == 1 else plural or noun + 's'}"


def short_uid(uid: str) -> str:
    """Return the end of a UID, which is what tells two of them apart."""
    return f"...{uid[-10:]}" if len(uid) > 13 else uid or "(none)"
