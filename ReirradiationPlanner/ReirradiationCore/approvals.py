"""Who approved a registration: a named person, when, and what they said about it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from .errors import RefusedError

KEYS = {"name", "date", "comment", "transform"}


@dataclass(frozen=True)
class Approval:
    """An approval as it was given; the program never makes one.

    Parameters
    ----------
    name : str
        The person.
    date : str
        ISO 8601 date; empty if it was not said.
    comment : str
        In the person's own words.
    transform : str
        Hash of the transform that was approved (`content_hash.transform_digest`), as a run records
        it; empty until then. The approval does not hold for another transform.

    Raises
    ------
    RefusedError
        No name, or a date that is not an ISO date.
    """

    name: str
    date: str = ""
    comment: str = ""
    transform: str = ""

    def __post_init__(self) -> None:
        """Refuse an approval by nobody."""
        texts = (self.name, self.date, self.comment, self.transform)
        if not all(isinstance(text, str) for text in texts) or not self.name.strip():
            reason = "an approval needs the name of the person who approved"
            raise RefusedError(reason)
        try:
            if self.date:
                date.fromisoformat(self.date)
        except ValueError as error:
            reason = (
                f"the approval by {self.name} has the date '{self.date}'; give it as YYYY-MM-DD"
            )
            raise RefusedError(reason) from error

    @classmethod
    def from_json(cls, content: str | dict[str, str]) -> Approval:
        """Read a name alone, or an object with ``name``, ``date`` and ``comment``.

        Raises
        ------
        RefusedError
            Keys that are not known, and what the class refuses.
        """
        if isinstance(content, str):
            return cls(content)
        unknown = sorted(set(content) - KEYS)
        if unknown:
            reason = f"an approval has the keys {unknown}; known are {sorted(KEYS)}"
            raise RefusedError(reason)
        return cls(*(content.get(key, "") for key in ("name", "date", "comment", "transform")))

    def holds_for(self, transform: str) -> bool:
        """Tell whether it is of the transform with this hash, or of any because it names none."""
        return self.transform in ("", transform)

    def to_json(self) -> str | dict[str, Any]:
        """Return the name where nothing else was said, else an object."""
        if not self.date and not self.comment and not self.transform:
            return self.name
        said = {"name": self.name, "date": self.date, "comment": self.comment}
        return {**said, "transform": self.transform} if self.transform else said
