"""The constraint sets: what ships with the planner, and what a user brings as a file."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from .constraints import RADIOBIOLOGICAL, Constraint
from .errors import ProtocolError
from .names import applies_to
from .protocol_check import ConstraintSet, Problem, check_text

PROTOCOLS_FOLDER = Path(__file__).parent / "protocols"
NO_SETS: Mapping[str, ConstraintSet] = {}


@dataclass(frozen=True)
class ProtocolSummary:
    """One line of the list of constraint sets.

    Parameters
    ----------
    name, title, date, citation, evidence : str
        As in the set.
    constraints : int
        Number of limits.
    """

    name: str
    title: str
    date: str
    citation: str
    evidence: str
    constraints: int


def available_protocols() -> tuple[ProtocolSummary, ...]:
    """List the shipped constraint sets in alphabetical order."""
    loaded = [load_protocol(name) for name in _shipped()]
    return tuple(
        ProtocolSummary(s.name, s.title, s.date, s.citation, s.evidence, len(s.constraints))
        for s in loaded
    )


def load_protocol(name_or_path: str | Path) -> ConstraintSet:
    """Load a constraint set by its name or from a file.

    Raises
    ------
    ProtocolError
        A name that is not known, or a file with problems (all of them, with their lines).
    """
    path = _shipped().get(str(name_or_path)) or Path(name_or_path)
    if not path.is_file():
        near = difflib.get_close_matches(str(name_or_path), _shipped(), n=1, cutoff=0.4)
        hint = f"did you mean {near[0]}? " if near else ""
        msg = f"'{name_or_path}' is neither a file nor a constraint set; {hint}known are \
{', '.join(_shipped())}"
        raise ProtocolError(msg)
    problems, constraint_set = _read(path)
    if constraint_set is None:
        msg = f"{path.name}: " + "; ".join(str(problem) for problem in problems)
        raise ProtocolError(msg)
    return constraint_set


def load_protocols(
    names_or_paths: Sequence[str | Path],
    known_sets: Mapping[str, ConstraintSet] = NO_SETS,
) -> tuple[tuple[ConstraintSet, ...], tuple[str, ...]]:
    """Load several sets, and with them the sets they must not be used without.

    Those among ``known_sets`` (by the name or file asked for) are not loaded again.

    Returns
    -------
    tuple of ConstraintSet, tuple of str
        The sets, each once, and a warning for each that was added.

    Raises
    ------
    ProtocolError
        As ``load_protocol``; also two different sets of the same name.
    """
    loaded: dict[str, ConstraintSet] = {}
    warnings: list[str] = []
    queue = [(name, "") for name in names_or_paths]
    for name, wanted_by in queue:
        if wanted_by and name in loaded:
            continue
        added = known_sets.get(str(name)) or load_protocol(name)
        known = loaded.setdefault(added.name, added)
        if known.sha256 != added.sha256:
            msg = f"two different constraint sets are called {added.name}; rename one of them"
            raise ProtocolError(msg)
        if wanted_by:
            warnings.append(f"{added.name} was added: {wanted_by} must not be used without it")
        queue.extend((other, added.name) for other in added.together_with)
    return tuple(loaded.values()), tuple(warnings)


def check_protocol(path: Path) -> list[Problem]:
    """List what is wrong with a constraint set in a file; empty if it can be used.

    Returns
    -------
    list of Problem
        In the order of lines; each with the line and one sentence.
    """
    return _read(Path(path))[0]


def with_choices(
    constraint_set: ConstraintSet, choices: Mapping[str, Mapping[str, float]]
) -> ConstraintSet:
    """Return the set with what its sources leave open chosen by the user.

    Parameters
    ----------
    constraint_set : ConstraintSet
        The set as loaded.
    choices : mapping
        Id of a constraint to ``limit`` and ``alpha_beta_gy``; ids of other sets are passed over.

    Raises
    ------
    ProtocolError
        An id of this set that does not exist, a field that is not open, a number out of range.
    """
    known = {constraint.id for constraint in constraint_set.constraints}
    mine = {
        key: value for key, value in choices.items() if key.startswith(constraint_set.name + "/")
    }
    for key in sorted(set(mine) - known):
        near = difflib.get_close_matches(key, known, n=1)
        msg = f"'{key}' is not a constraint of {constraint_set.name}" + (
            f"; did you mean {near[0]}?" if near else ""
        )
        raise ProtocolError(msg)
    constraints = tuple(_chosen(c, mine.get(c.id, {})) for c in constraint_set.constraints)
    return replace(constraint_set, constraints=constraints)


def constraints_for(
    constraints: Sequence[Constraint], standard_name: str
) -> tuple[Constraint, ...]:
    """Return the limits that count for a structure."""
    return tuple(c for c in constraints if applies_to(c.organ, standard_name))


def alpha_beta_of(constraints: Sequence[Constraint], standard_name: str) -> float | None:
    """Alpha/beta that the EQD2 and BED limits of an organ agree on, Gy.

    Returns
    -------
    float or None
        None if no limit of the organ states one or the limits disagree.
    """
    values = {
        c.alpha_beta_gy
        for c in constraints_for(constraints, standard_name)
        if c.quantity in RADIOBIOLOGICAL and c.alpha_beta_gy is not None and not c.unusable
    }
    return values.pop() if len(values) == 1 else None


def _chosen(constraint: Constraint, choice: Mapping[str, Any]) -> Constraint:
    unknown = sorted(set(choice) - {"limit", "alpha_beta_gy"})
    if unknown:
        msg = f"{constraint.id}: only limit and alpha_beta_gy can be chosen, not {unknown}"
        raise ProtocolError(msg)
    return constraint.with_choice(**choice) if choice else constraint


def _shipped() -> dict[str, Path]:
    """Return the sets by name; other data of the folder have names in lower case."""
    paths = sorted(PROTOCOLS_FOLDER.glob("*.json"), key=lambda path: path.name.lower())
    return {path.stem: path for path in paths if path.name[0].isupper()}


def _read(path: Path) -> tuple[list[Problem], ConstraintSet | None]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        return [Problem(1, f"{path.name} cannot be read as UTF-8 text ({error})")], None
    return check_text(text)
