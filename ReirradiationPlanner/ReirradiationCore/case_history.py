"""Which choices of a case changed, by whom and when, as far as known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from .errors import RefusedError

# What a case file holds beside choices.
NOT_CHOICES = ("schema_version", "resolved", "history")


@dataclass(frozen=True)
class HistoryEntry:
    """One change of choices.

    Parameters
    ----------
    when : str
        ISO 8601 time with offset, as the clock of the computer had it.
    who : str
        As given; empty if nobody was named.
    changes : tuple of str
        One sentence each.
    """

    when: str
    who: str
    changes: tuple[str, ...]

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> HistoryEntry:
        """Read an entry of a case file.

        Raises
        ------
        RefusedError
            An entry without a time or changes.
        """
        when, changes = content.get("when"), content.get("changes")
        if not isinstance(when, str) or not isinstance(changes, list):
            reason = "history: every entry needs 'when' (text) and 'changes' (a list of texts)"
            raise RefusedError(reason)
        return cls(when, content.get("who") or "", tuple(str(change) for change in changes))

    def to_json(self) -> dict[str, Any]:
        """Return the entry as it stands in the case file."""
        return {"when": self.when, "who": self.who or None, "changes": list(self.changes)}


def entry_now(who: str, changes: tuple[str, ...]) -> HistoryEntry:
    """Return an entry with the time of now, UTC, in whole seconds."""
    return HistoryEntry(datetime.now(timezone.utc).isoformat(timespec="seconds"), who, changes)


def changes_of(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[str, ...]:
    """Say which choices differ between two case files (as JSON content), one sentence each."""
    keys = [key for key in dict.fromkeys((*before, *after)) if key not in NOT_CHOICES]
    return tuple(
        f"{name}: {said(old)} became {said(new)}"
        for key in keys
        for name, old, new in differing(_by_id(before.get(key)), _by_id(after.get(key)), key)
    )


def _by_id(value: Any) -> Any:  # noqa: ANN401
    """Return a list of entries that have an ``id`` as a mapping from it; all else as it is."""
    if (
        isinstance(value, list)
        and value
        and all(isinstance(e, Mapping) and "id" in e for e in value)
    ):
        return {e["id"]: e for e in value}
    return value


def differing(before: Any, after: Any, name: str) -> Iterator[tuple[str, Any, Any]]:  # noqa: ANN401
    """Yield name, old and new value of every leaf that differs; lists are compared whole."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in dict.fromkeys((*before, *after)):
            yield from differing(before.get(key), after.get(key), f"{name} of {key}")
    elif said(before) != said(after):  # an empty list and no entry are the same choice
        yield name, before, after


def said(value: Any) -> str:  # noqa: ANN401
    """Return a value of a case file in words."""
    if value is None or value in ("", [], {}):
        return "nothing"
    if isinstance(value, list):
        return ", ".join(said(one) for one in value)
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {said(one)}" for key, one in value.items())
    return str(value)
