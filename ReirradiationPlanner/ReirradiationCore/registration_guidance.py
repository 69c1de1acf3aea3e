"""Organs contoured in both courses that steer the deformable registration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk

from .contours import coverage_on_grid
from .courses import Course, Structure, StructureKind
from .errors import GeometryError, RefusedError, RegistrationError
from .grids import Grid, Volume
from .names import squash
from .organ_terms import REACH_MM, OrganTerm, organ_term
from .registration_images import on_grid
from .structure_pairs import StructurePair, pair_structures

ALL = "*"
MARGIN_MM = 2 * REACH_MM
FEWEST_CC = 0.5


@dataclass(frozen=True, eq=False)
class GuidedOrgan:
    """An organ whose contours in both courses steer the registration, and so cannot validate it.

    Parameters
    ----------
    name : str
        Name of the organ, as `StructurePair.name`.
    reference, prior : Structure
        Contours on the reference and on the prior CT, each in its own frame of reference.
    """

    name: str
    reference: Structure
    prior: Structure


def guided_organs(
    planned: Course,
    prior: Course,
    guide: Sequence[str],
    leave_out: Sequence[str],
    structure_map: Mapping[str, str] | None = None,
) -> tuple[GuidedOrgan, ...]:
    """Return the paired organs that are to guide.

    Parameters
    ----------
    guide : sequence of str
        Names of organs (standard, or as in the reference course); ``*`` for all paired organs at
        risk. Empty: none.
    leave_out : sequence of str
        Organs that stay out, to validate the registration.

    Raises
    ------
    RefusedError
        A name that no organ contoured in both courses answers to.
    """
    if not guide:
        return ()
    pairs = [
        pair
        for pair in pair_structures(planned.structures, prior.structures, structure_map).pairs
        if pair.reference.kind is StructureKind.OAR
    ]
    _require_known(pairs, (*guide, *leave_out), prior)
    wanted, kept_out = _squashed(guide), _squashed(leave_out)
    return tuple(
        GuidedOrgan(pair.name, pair.reference, pair.prior)
        for pair in pairs
        if (ALL in guide or _names(pair) & wanted) and not _names(pair) & kept_out
    )


def _require_known(pairs: Sequence[StructurePair], asked: Sequence[str], prior: Course) -> None:
    known = {name for pair in pairs for name in _names(pair)}
    missing = [name for name in asked if name != ALL and squash(name) not in known]
    if missing:
        listed = ", ".join(pair.name for pair in pairs) or "none"
        reason = (
            f"registration_options of {prior.id}: {', '.join(missing)} is not contoured in both "
            f"courses and cannot guide or be left out; organs contoured in both are {listed}"
        )
        raise RefusedError(reason)


def _squashed(names: Sequence[str]) -> set[str]:
    return {squash(name) for name in names}


def _names(pair: StructurePair) -> set[str]:
    return _squashed((pair.name, pair.reference.name, pair.prior.name))


def terms_of(
    organs: Sequence[GuidedOrgan],
    grid: Grid,
    transform: sitk.Transform,
    images: tuple[Volume, Volume],
    multiple: int,
    part_of_body: bool = False,
) -> list[OrganTerm]:
    """Return the terms of organs on a grid of the reference frame.

    Parameters
    ----------
    transform : sitk.Transform
        Reference to prior, as far as known.
    images : tuple of Volume
        Both CTs: their slice spacing is that of the contours.
    multiple : int
        Terms are cut out in blocks of so many voxels.
    part_of_body : bool
        The grid holds only a part of the body: organs outside it are passed over, not refused.

    Raises
    ------
    RegistrationError
        Contours that enclose nothing, or that lie outside the region registered.
    """
    identity = sitk.Transform(3, sitk.sitkIdentity)
    ways = (identity, transform)
    terms = []
    for organ in organs:
        both = (organ.reference, organ.prior)
        spacing = grid.spacing_mm[0]
        covers = [
            on_grid(_coverage(organ.name, s, image, spacing).to_sitk(), grid, way, 0.0)
            for s, image, way in zip(both, images, ways, strict=True)
        ]
        voxel_cc = grid.voxel_volume_cc
        if min(float(c.sum(dtype=float)) for c in covers) * voxel_cc < FEWEST_CC:
            if part_of_body:
                continue
            msg = (
                f"{organ.name} cannot guide: less than {FEWEST_CC:g} cc of it lies in the region "
                "that both CTs show; leave it out of the guidance"
            )
            raise RegistrationError(msg)
        terms.append(organ_term(organ.name, covers[0], covers[1], spacing, multiple))
    return terms


def _coverage(name: str, structure: Structure, image: Volume, spacing_mm: float) -> Volume:
    points = np.concatenate(structure.contours)
    low, high = points.min(axis=0) - MARGIN_MM, points.max(axis=0) + MARGIN_MM
    size: npt.NDArray[np.int64] = np.ceil((high - low) / spacing_mm).astype(int) + 1
    grid = Grid(tuple(size.tolist()), (spacing_mm,) * 3, tuple(low.tolist()))
    try:
        return coverage_on_grid(structure, grid, image.grid.spacing_mm[2])
    except GeometryError as error:
        msg = f"{name} cannot guide: {error}"
        raise RegistrationError(msg) from error
