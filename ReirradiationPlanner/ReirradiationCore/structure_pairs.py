"""The same organ in two courses, and whether a structure lies on the side its name says."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .courses import Structure, StructureKind
from .names import NameMatch, match_name, squash

SIDE_TOLERANCE_MM = 5.0


@dataclass(frozen=True, eq=False)
class StructurePair:
    """An organ contoured in both courses.

    Parameters
    ----------
    name : str
        Standard name with side, or the common name in the files where no standard name is known.
    reference, prior : Structure
        On the reference image and in the prior course.
    """

    name: str
    reference: Structure
    prior: Structure


@dataclass(frozen=True, eq=False)
class Pairing:
    """Result of ``pair_structures``; targets are never paired and listed nowhere.

    Parameters
    ----------
    pairs : tuple of StructurePair
        In the order of the reference structures.
    reference_only, prior_only : tuple of Structure
        Structures without a partner.
    notes : tuple of str
        Why structures that look alike were not paired.
    """

    pairs: tuple[StructurePair, ...]
    reference_only: tuple[Structure, ...]
    prior_only: tuple[Structure, ...]
    notes: tuple[str, ...] = ()


def pair_structures(
    reference: Sequence[Structure],
    prior: Sequence[Structure],
    structure_map: Mapping[str, str] | None = None,
) -> Pairing:
    """Pair the structures of two courses by standard name and side.

    Structures without a certain standard name are paired only if their names in the files are the
    same. Where one name stands for several structures of a course nothing is paired.

    Parameters
    ----------
    reference, prior : sequence of Structure
        Structures on the reference image and of the prior course.
    structure_map : mapping, optional
        File name to standard name as confirmed by the user.
    """
    old, new = _by_name(prior, structure_map), _by_name(reference, structure_map)
    pairs, notes = [], []
    for name, structures in new.items():
        if name not in old:
            continue
        if len(structures) == len(old[name]) == 1:
            pairs.append(StructurePair(name, structures[0], old[name][0]))
        else:
            listed = ", ".join(f"'{s.name}'" for s in (*structures, *old[name]))
            notes.append(f"{name} is not paired: {listed} all stand for it; use structure_map")
    paired = {id(s) for pair in pairs for s in (pair.reference, pair.prior)}
    rest_new, rest_old = (
        tuple(s for group in groups.values() for s in group if id(s) not in paired)
        for groups in (new, old)
    )
    return Pairing(tuple(pairs), rest_new, rest_old, tuple(notes))


def _by_name(
    structures: Sequence[Structure], structure_map: Mapping[str, str] | None
) -> dict[str, list[Structure]]:
    groups: dict[str, list[Structure]] = defaultdict(list)
    for structure in structures:
        match = match_name(structure.name, structure.interpreted_type, structure_map)
        if match.kind in (StructureKind.OAR, StructureKind.EXTERNAL):
            groups[_pairing_name(structure, match)].append(structure)
    return groups


def _pairing_name(structure: Structure, match: NameMatch) -> str:
    if match.certain and match.standard_name:
        return match.standard_name
    return squash(structure.name)


def side_warning(
    name: str, match: NameMatch, centroid_x_mm: float, midline_x_mm: float
) -> str | None:
    """Compare the side a name says with where the structure lies.

    Parameters
    ----------
    name : str
        Name in the file, for the message.
    match : NameMatch
        What the name means.
    centroid_x_mm, midline_x_mm : float
        Centroid of the structure and of the patient (external contour), LPS, mm: x grows towards
        the patient's left.

    Returns
    -------
    str or None
        The warning, if the structure lies on the other side by more than 5 mm.
    """
    offset_mm = centroid_x_mm - midline_x_mm
    wrong = {"L": offset_mm < -SIDE_TOLERANCE_MM, "R": offset_mm > SIDE_TOLERANCE_MM}
    if not wrong.get(match.laterality, False):
        return None
    found, said = ("right", "left") if match.laterality == "L" else ("left", "right")
    return (
        f"'{name}' is named {said} but lies {abs(offset_mm):.0f} mm to the patient's {found} of "
        f"the midline; check the side"
    )
