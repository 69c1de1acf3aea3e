"""Which texts name a patient, and how to take them out of other texts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from .courses import Patient

REMOVED = "(removed)"
FOLDER = "folder"
SHORTEST_WORD = 3
# Texts that come with the program or a constraint set, not with the patient; an author may well
# have the name of a patient.
NOT_OF_PATIENT = frozenset({"citation", "evidence", "source", "alpha_beta_source", "software"})


def names_of(patient: Patient) -> set[str]:
    """Return the texts that name a patient: ID, name and its words, birth date in both forms.

    Texts of fewer than three characters are left out, because they stand in any text.
    """
    words = re.split(r"[\^=\s,]+", patient.name)
    birth = patient.birth_date
    iso = f"{birth[:4]}-{birth[4:6]}-{birth[6:]}" if re.fullmatch(r"\d{8}", birth) else birth
    found = {patient.patient_id.strip(), patient.name.strip(), birth, iso, *words}
    return {text for text in found if len(text) >= SHORTEST_WORD}


class Scrubber:
    """Replaces texts by others, as whole words, in anything that JSON can hold.

    Keys are the program's own words or names: they are replaced only where the whole key is one of
    the texts, in the same case, so that a patient or a folder called ``prior`` breaks no result.

    Parameters
    ----------
    replacements : mapping of str to str
        Text to what stands in its place; longer texts are replaced first.
    kept : iterable of str
        Identifiers of courses: keys and values that are one of them stay.
    folders : iterable of str
        Names of folders, which stand in texts and are no keys.
    """

    def __init__(
        self,
        replacements: Mapping[str, str],
        kept: Iterable[str] = (),
        folders: Iterable[str] = (),
    ) -> None:
        self._whole, self._kept = dict(replacements), frozenset(kept)
        everywhere = {**dict.fromkeys(folders, FOLDER), **replacements}
        self._new = {old.casefold(): new for old, new in everywhere.items() if old}
        ordered = sorted(self._new, key=len, reverse=True)
        listed = "|".join(re.escape(old) for old in ordered)
        self._pattern = re.compile(rf"(?<![^\W_])(?:{listed})(?![^\W_])", re.IGNORECASE)

    def text(self, content: str) -> str:
        """Return a text without the texts that are to be replaced."""
        if not self._new:
            return content
        return self._pattern.sub(lambda found: self._new[found.group().casefold()], content)

    def json(self, content: Any, kept: Iterable[str] = NOT_OF_PATIENT) -> Any:  # noqa: ANN401
        """Return JSON content with keys and texts replaced, but for what stands under ``kept``."""
        if isinstance(content, str):
            return content if content in self._kept else self.text(content)
        if isinstance(content, Mapping):
            return {
                self._key(str(key)): value if key in kept else self.json(value, kept)
                for key, value in content.items()
            }
        if isinstance(content, list | tuple):
            return [self.json(value, kept) for value in content]
        return content

    def _key(self, key: str) -> str:
        return key if key in self._kept else self._whole.get(key, key)

    def finds(self, content: str) -> bool:
        """Tell whether a text holds one of the texts to be replaced."""
        return bool(self._new) and self._pattern.search(content) is not None
