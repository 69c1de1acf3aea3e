"""Standard names: which organ, which side, and how sure, from the name in a structure set.

Names and synonyms are data (``protocols/names.json``). A match never crosses left and right, and
never maps between cord, canal, sac and PRV. What is not certain is proposed for confirmation and
is not used for limits until a ``structure_map`` confirms it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path
from typing import Any

from .courses import StructureKind
from .name_words import split_prv, squash, words_of

NAMES_FILE = Path(__file__).parent / "protocols" / "names.json"
IGNORED = ("", "-", "ignore")


@dataclass(frozen=True)
class NameMatch:
    """What a structure name means.

    Parameters
    ----------
    standard_name : str or None
        Standard name with side and PRV margin, for example ``OpticNrv_PRV03_L``; None if unknown.
    kind : StructureKind
        Organ at risk, target, external contour or other.
    laterality : str
        ``L``, ``R`` or empty.
    certain : bool
        False if the match is a proposal that the user has to confirm.
    note : str
        Why it is not certain, or how it was taken.
    """

    standard_name: str | None
    kind: StructureKind
    laterality: str = ""
    certain: bool = True
    note: str = ""


@dataclass(frozen=True)
class _Entry:
    name: str
    sided: str
    ask: str


_UNKNOWN = NameMatch(None, StructureKind.OAR, certain=False, note="name not known")
_TARGET = re.compile(r"(?:i?[gc]tv|itv|ptv)[a-z]{0,2}(?![a-z])", re.IGNORECASE)
_MINUS = re.compile(
    r"(?P<organ>.+?)[\s_]*(?:-|\bminus\b|\bohne\b|\bsub\b)[\s_]*"
    r"(?P<target>GTV|CTV|ITV|IGTV|PTV)\w*",
    re.IGNORECASE,
)
_TYPES = {
    "EXTERNAL": StructureKind.EXTERNAL,
    **dict.fromkeys(("GTV", "CTV", "PTV", "TREATED_VOLUME"), StructureKind.TARGET),
    **dict.fromkeys(
        ("SUPPORT", "FIXATION", "BOLUS", "MARKER", "ISOCENTER", "REGISTRATION", "CONTROL",
         "DOSE_REGION", "CONTRAST_AGENT", "BRACHY_CHANNEL", "DOSE_MEASUREMENT"),
        StructureKind.OTHER,
    ),
}  # fmt: skip


def match_name(
    roi_name: str, interpreted_type: str = "", structure_map: Mapping[str, str] | None = None
) -> NameMatch:
    """Find the standard name of a structure.

    Parameters
    ----------
    roi_name : str
        As in the file; case, spaces, underscores and accents do not matter.
    interpreted_type : str
        RT ROI Interpreted Type; decides the kind where the name does not, and makes the match
        uncertain where the two contradict each other.
    structure_map : mapping, optional
        File name to standard name as the user confirmed it; wins over everything.

    Returns
    -------
    NameMatch
        ``standard_name`` is None if the name is not known.
    """
    if structure_map and roi_name in structure_map:
        return _confirmed(roi_name, structure_map[roi_name])
    match = _match(roi_name)
    kind = _TYPES.get(interpreted_type.upper())
    if kind is None or kind is match.kind:
        return match
    if match.standard_name is None and match.kind is StructureKind.OAR:
        return NameMatch(roi_name if kind is StructureKind.TARGET else None, kind)
    note = f"'{roi_name}' has the type {interpreted_type.upper()} in the file; confirm what it is"
    return replace(match, certain=False, note=note)


def applies_to(constraint_organ: str, standard_name: str) -> bool:
    """Tell whether a limit written for one organ (or several, ``A|B``) counts for a structure.

    ``OpticNrv`` covers both sides, ``Vessels`` every artery and vein, ``Colon`` the sigmoid. An
    organ never covers its PRV, and ``SpinalCord`` covers neither canal nor sac.
    """
    return any(_applies(organ.strip(), standard_name) for organ in constraint_organ.split("|"))


def grouping_note(constraint_organ: str, standard_name: str) -> str:
    """Say how a structure came under a limit, for example ``Colon_Sigmoid counted as Colon``."""
    organs = [organ.strip() for organ in constraint_organ.split("|")]
    if standard_name in organs or not applies_to(constraint_organ, standard_name):
        return ""
    if _unsided(standard_name) in organs:
        return ""
    organ = next(organ for organ in organs if _applies(organ, standard_name))
    return f"{standard_name} counted as {organ}"


def is_standard_name(name: str) -> bool:
    """Tell whether limits can be written for a name: organ, side, PRV, or organ minus target."""
    if name in _data()["groups"]:
        return True
    match = _match(name)
    return match.standard_name == name and (match.certain or name in _by_name())


def known_names() -> tuple[str, ...]:
    """Return all standard names, without sides."""
    return tuple(name for name in _by_name() if name)


def laterality_of(name: str) -> str:
    """Return the side a name carries: ``L``, ``R`` or empty (also if it carries both)."""
    sides, _ = _split_side(words_of(name))
    return next(iter(sides)) if len(sides) == 1 else ""


def _confirmed(roi_name: str, standard: str) -> NameMatch:
    if standard.strip().lower() in IGNORED:
        return NameMatch(None, StructureKind.OTHER, note="left out by the user")
    known = _match(standard)
    note = "confirmed by the user"
    sides = (laterality_of(roi_name), known.laterality)
    if all(sides) and sides[0] != sides[1]:
        note += f"; the file says {sides[0]}, the user {sides[1]}"
    return NameMatch(standard, known.kind, known.laterality, note=note)


def _match(roi_name: str) -> NameMatch:
    tokens = words_of(roi_name)
    key = "".join(tokens)
    entry = _by_key().get(key)
    if entry:
        return _named(entry, set(), None)
    if key in _squashed("external"):
        return NameMatch("External", StructureKind.EXTERNAL)
    if set(tokens) & _squashed("other_words") and not _organ_of(tokens):
        return NameMatch(None, StructureKind.OTHER)
    if _TARGET.match(roi_name.strip()):
        return NameMatch(roi_name.strip(), StructureKind.TARGET)
    minus = _MINUS.fullmatch(roi_name.strip())
    if minus:
        base = _match(minus["organ"])
        name = base.standard_name and f"{base.standard_name}-{minus['target'].upper()}"
        return replace(base, standard_name=name)
    return _match_organ(tokens)


def _match_organ(tokens: Sequence[str]) -> NameMatch:
    sides, rest = _split_side(tokens)
    is_prv, margin, organ = split_prv(rest)
    entry = _by_key().get("".join(organ))
    if entry:
        return _named(entry, sides, margin if is_prv else None)
    glued = re.fullmatch(r"(.+?)(left|right|lt|rt|l|r)", "".join(organ))
    entry = _by_key().get(glued[1]) if glued and not sides else None
    if entry and glued and entry.sided != "no":
        side = glued[2][0].upper()
        return _ask(_named(entry, {side}, margin if is_prv else None), "the side is not set apart")
    entry = _contained(organ)
    if entry and not is_prv:
        return _ask(_named(entry, sides, None), f"the name only contains '{entry.name}'")
    return _UNKNOWN


def _named(entry: _Entry, sides: set[str], margin: str | None) -> NameMatch:
    """Put name, PRV margin and side together and say what is missing."""
    if not entry.name:
        return NameMatch(None, StructureKind.OAR, certain=False, note=entry.ask)
    if len(sides) == 2:
        return NameMatch(None, StructureKind.OAR, certain=False, note="the name says both sides")
    side = next(iter(sides), "")
    prv = "" if margin is None else f"_PRV{margin}"
    name = f"{entry.name}{prv}" + (f"_{side}" if side else "")
    problems = [entry.ask] if entry.ask else []
    if entry.sided == "required" and not side:
        problems.append(f"the side of {entry.name} is not given")
    if entry.sided == "no" and side:
        problems.append(f"{entry.name} has no sides, but the name gives one")
    if margin == "":
        problems.append("the margin of the PRV is not given")
    return NameMatch(name, StructureKind.OAR, side, not problems, "; ".join(problems))


def _ask(match: NameMatch, why: str) -> NameMatch:
    note = "; ".join(filter(None, (f"{why}: confirm", match.note)))
    return replace(match, certain=False, note=note)


def _split_side(tokens: Sequence[str]) -> tuple[set[str], list[str]]:
    sides = {word: side for side, words in _data()["sides"].items() for word in words}
    return {sides[t] for t in tokens if t in sides}, [t for t in tokens if t not in sides]


def _organ_of(tokens: Sequence[str]) -> _Entry | None:
    _, _, organ = split_prv(_split_side(tokens)[1])
    return _by_key().get("".join(organ))


def _contained(tokens: Sequence[str]) -> _Entry | None:
    """Longest run of leading or trailing words that is a known organ by more than initials."""
    for length in range(len(tokens) - 1, 0, -1):
        for part in (tokens[:length], tokens[-length:]):
            entry = _by_key().get("".join(part))
            if entry and len("".join(part)) > 3:
                return entry
    return None


def _applies(organ: str, standard_name: str) -> bool:
    if organ == standard_name or organ == _unsided(standard_name):
        return True
    if squash(organ) == squash(standard_name) and not is_standard_name(standard_name):
        return True
    group = _data()["groups"].get(organ, {})
    names = (standard_name, _unsided(standard_name))
    if "_PRV" in standard_name or any(name in group.get("except", ()) for name in names):
        return False
    return any(
        name == member or ("-" not in name and fnmatchcase(name, member))
        for name in names
        for member in group.get("members", ())
    )


def _unsided(standard_name: str) -> str:
    return standard_name[:-2] if standard_name.endswith(("_L", "_R")) else standard_name


@lru_cache(maxsize=1)
def _data() -> dict[str, Any]:
    return json.loads(NAMES_FILE.read_text(encoding="utf-8"))


@lru_cache(maxsize=1)
def _by_name() -> dict[str, _Entry]:
    entries = _data()["structures"]
    return {e["name"]: _Entry(e["name"], e["sided"], e.get("ask", "")) for e in entries}


@lru_cache(maxsize=1)
def _by_key() -> dict[str, _Entry]:
    return {
        squash(spelling): _by_name()[entry["name"]]
        for entry in _data()["structures"]
        for spelling in (entry["name"], *entry["synonyms"])
        if spelling
    }


@lru_cache(maxsize=4)
def _squashed(key: str) -> frozenset[str]:
    return frozenset(squash(word) for word in _data()[key])
