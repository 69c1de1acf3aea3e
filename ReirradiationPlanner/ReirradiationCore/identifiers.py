"""Which texts name a patient, and how to take them out of other texts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from .courses import Patient

REMOVED = "(removed)"
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

    Parameters
    ----------
    replacements : mapping of str to str
        Text to what stands in its place; longer texts are replaced first.
    """

    def __init__(self, replacements: Mapping[str, str]) -> None:
        self._new = {old.casefold(): new for old, new in replacements.items() if old}
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
            return self.text(content)
        if isinstance(content, Mapping):
            return {
                self.text(str(key)): value if key in kept else self.json(value, kept)
                for key, value in content.items()
            }
        if isinstance(content, list | tuple):
            return [self.json(value, kept) for value in content]
        return content

    def finds(self, content: str) -> bool:
        """Tell whether a text holds one of the texts to be replaced."""
        return bool(self._new) and self._pattern.search(content) is not None
