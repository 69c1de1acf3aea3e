"""Who approved a registration: a named person, when, and what they said about it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from .errors import RefusedError

KEYS = ("name", "date", "comment", "transform", "tied_by_run")


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
        Hash of the transform that was approved (`content_hash.transform_digest`); empty if it was
        not said. The approval does not hold for another transform.
    tied_by_run : bool
        A run added the hash of its own transform: the approval holds for no other, but nobody has
        said that this is the one that was looked at.

    Raises
    ------
    RefusedError
        No name, a date that is not an ISO date, or tied by a run to no transform.
    """

    name: str
    date: str = ""
    comment: str = ""
    transform: str = ""
    tied_by_run: bool = False

    def __post_init__(self) -> None:
        """Refuse an approval by nobody."""
        texts = (self.name, self.date, self.comment, self.transform)
        if not all(isinstance(text, str) for text in texts) or not self.name.strip():
            reason = "an approval needs the name of the person who approved"
            raise RefusedError(reason)
        if self.tied_by_run and not self.transform:
            reason = (
                f"the approval by {self.name} has tied_by_run, but no transform; remove it, or "
                "give the hash of the transform"
            )
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
    def from_json(cls, content: str | dict[str, Any]) -> Approval:
        """Read a name alone, or an object with the keys of an approval.

        Raises
        ------
        RefusedError
            Keys that are not known, and what the class refuses.
        """
        if isinstance(content, str):
            return cls(content)
        unknown = sorted(set(content) - set(KEYS))
        if unknown:
            reason = f"an approval has the keys {unknown}; known are {sorted(KEYS)}"
            raise RefusedError(reason)
        return cls(**{"name": "", **content})

    def holds_for(self, transform: str) -> bool:
        """Tell whether it is of the transform with this hash, or of any because it names none."""
        return self.transform in ("", transform)

    @property
    def names_transform(self) -> bool:
        """Whether it was said which transform was looked at."""
        return bool(self.transform) and not self.tied_by_run

    def tied_to(self, transform: str) -> Approval:
        """Return the approval as a run records it: one that names no transform gets this hash."""
        if self.transform or not transform:
            return self
        return replace(self, transform=transform, tied_by_run=True)

    def to_json(self) -> str | dict[str, Any]:
        """Return the name where nothing else was said, else an object."""
        if not self.date and not self.comment and not self.transform:
            return self.name
        said = {"name": self.name, "date": self.date, "comment": self.comment}
        tied: dict[str, Any] = {"transform": self.transform} if self.transform else {}
        return {**said, **tied, **({"tied_by_run": True} if self.tied_by_run else {})}
