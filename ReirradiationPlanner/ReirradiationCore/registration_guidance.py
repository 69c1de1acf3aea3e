"""Organs contoured in both courses that steer the deformable registration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk

from .contour_ends import drawn_part
from .contours import coverage_on_grid
from .courses import Course, Structure, StructureKind
from .curvature_solver import block_mean
from .errors import GeometryError, RefusedError, RegistrationError
from .grids import Grid, Volume
from .names import squash
from .organ_terms import REACH_MM, Array, Box, OrganTerm, organ_box, organ_term
from .registration_images import on_grid
from .structure_pairs import StructurePair, pair_structures

ALL = "*"
MARGIN_MM = 2 * REACH_MM
FEWEST_CC = 0.5
KNOWN_SHARE = 0.75
MOST_OF_SURFACE = 0.95
LEAST_OF_SURFACE = 0.1
FAR_APART_MM = 30.0


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
    seen: tuple[Array, Array],
    multiple: int,
    part_of_body: bool = False,
) -> list[OrganTerm]:
    """Return the terms of organs on a grid of the reference frame.

    Where one of the CTs or contours stop without an end of the organ, the term is left out.

    Parameters
    ----------
    transform : sitk.Transform
        Reference to prior, as far as known.
    images : tuple of Volume
        Both CTs: their slice spacing is that of the contours.
    seen : tuple of ndarray
        1 where each CT knows what is there, 0 elsewhere; on the grid.
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
        box = organ_box(*covers, spacing, multiple)
        around = _nodes_around(grid, box)
        known = tuple(
            _known(part[box], around, way, image, structure)
            for part, way, image, structure in zip(seen, ways, images, both, strict=True)
        )
        terms.append(organ_term(organ.name, *covers, spacing, multiple, known))
    return terms


def _nodes_around(grid: Grid, box: Box) -> Grid:
    """Return the grid of the nodes in a box, and of one more on each side."""
    spacing = 2 * grid.spacing_mm[0]
    first = np.array([part.start for part in box])[::-1] + 0.5 - 2
    size = [(part.stop - part.start) // 2 + 2 for part in box][::-1]
    origin = grid.points_at(first[None, :])[0]
    return Grid(tuple(size), (spacing,) * 3, tuple(origin.tolist()))


def _known(
    seen: Array, nodes: Grid, way: sitk.Transform, image: Volume, structure: Structure
) -> npt.NDArray[np.bool_]:
    """Return where an image shows and its contours tell what belongs to an organ."""
    start, extent = image.grid.box_mm()
    middle = image.grid.axes @ (start + extent / 2) + np.array(image.grid.origin_lps)
    whole = Grid((1, 1, 1), tuple(extent.tolist()), tuple(middle.tolist()), image.grid.direction)
    one = Volume(np.ones((1, 1, 1), dtype=np.float32), whole).to_sitk()
    known = np.pad(block_mean(seen), 1, mode="edge") * on_grid(one, nodes, way, 0.0)
    drawn = drawn_part(structure, image.grid.spacing_mm[2], nodes.spacing_mm[0])
    if drawn is not None:
        known *= on_grid(drawn.to_sitk(), nodes, way, 0.0, go_on=True)
    return known > KNOWN_SHARE


def told_of(terms: Sequence[OrganTerm], grid: Grid) -> tuple[list[str], tuple[str, ...]]:
    """Return what the log and what the user must be told of the organs that guide.

    The user is warned of an organ that hardly steers, since nearly all of it lies where a CT or its
    contours stop, and of one whose ends in both courses taper but lie far apart: if its contours
    do not reach to its ends, it would be bent along.
    """
    log, warnings = [], []
    for term in terms:
        log.append(f"guided by {term.name}")
        share = term.steering_share()
        if share < MOST_OF_SURFACE:
            said = (
                f"{term.name} steers with {share:.0%} of its surface: the rest lies where a CT or "
                "its contours stop without an end of the organ"
            )
            log.append(said)
            if share < LEAST_OF_SURFACE:
                warnings.append(f"{said}; do not rely on its guidance")
        warnings += [
            f"the {which} ends of {term.name} lie {abs(moving - fixed):.0f} mm apart after the "
            f"rigid match (reference CT: z {fixed:.0f} mm, prior CT there: z {moving:.0f} mm), and "
            "the guidance pulls them together: check that both contours reach to the end of the "
            "organ, else leave it out"
            for which, fixed, moving in term.ends_mm(grid)
            if abs(moving - fixed) > FAR_APART_MM
        ]
    return log, tuple(warnings)


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
