"""The words of a structure name: without case, accents and signs."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence

_PRV = re.compile(r"(?:prv)?(\d+(?:\.\d+)?)(?:mm)?")
_LIGATURES = str.maketrans({"œ": "oe", "Œ": "Oe", "æ": "ae", "Æ": "Ae", "ß": "ss"})


def squash(name: str) -> str:
    """Return a name without case, accents, spaces and signs, for comparing names."""
    return "".join(c for c in _plain(name).lower() if c.isascii() and c.isalnum())


def words_of(name: str) -> list[str]:
    """Split a name into lower-case words.

    It is split at signs, where capitals begin a word, and before a number that follows a word:
    ``FemoralHead_L`` gives ``femoral head l``, ``SpinalCord_PRV05`` gives ``spinal cord prv 05``.
    """
    chunks = re.split(r"(?<!\d)\.|\.(?!\d)|[^A-Za-z0-9.]+", _plain(name))
    return [token.lower() for chunk in chunks if chunk for token in _words(chunk)]


def split_prv(tokens: Sequence[str]) -> tuple[bool, str, list[str]]:
    """Take a PRV (planning organ at risk volume) apart.

    Returns
    -------
    bool, str, list of str
        Whether it is a PRV; its margin in mm as two digits or decimal, empty if not given once
        and clearly; the words of the organ.
    """
    if not any("prv" in token for token in tokens):
        return False, "", list(tokens)
    numbers = [found[1] for token in tokens if (found := _PRV.fullmatch(token))]
    words = [token for token in tokens if token != "prv" and not _PRV.fullmatch(token)]
    if len(numbers) != 1 or (len(numbers[0]) > 2 and "." not in numbers[0]):
        return True, "", words
    return True, numbers[0] if "." in numbers[0] else numbers[0].zfill(2), words


def _words(chunk: str) -> Iterator[str]:
    found = re.fullmatch(r"([A-Za-z]{2,}?)(\d[\d.]*(?:mm)?)?", chunk)
    if not found:
        yield chunk
        return
    yield from re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", found[1])
    if found[2]:
        yield found[2]


def _plain(name: str) -> str:
    letters = unicodedata.normalize("NFKD", name.translate(_LIGATURES))
    return "".join(c for c in letters if not unicodedata.combining(c))
