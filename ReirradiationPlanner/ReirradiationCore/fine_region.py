"""A finer deformable step in a box around chosen structures, put before the coarse one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk

from .courses import Structure
from .curvature_solver import jacobian_of_nodes
from .deformable_steps import DeformableOptions
from .errors import RegistrationError
from .grids import Grid, Volume
from .progress import Progress
from .registration_deformable import DeformableMatch, calmed, field_image, run_levels
from .registration_guidance import GuidedOrgan, terms_of
from .registration_images import (
    Box,
    body_box,
    lps_grid,
    on_one_scale,
    prepare,
    working_grid,
)

MARGIN_MM = 20.0
SMALLEST_EDGE_MM = 30.0
ITERATIONS = (6, 6)
BORDER_NODES = 3
BORDER_HOLD = 10.0
MOST_NODES = 5_000_000
LEAST_GAIN = 1.2


@dataclass(frozen=True, eq=False)
class FineRegion:
    """Where the registration is refined.

    Parameters
    ----------
    structures : tuple of Structure
        Structures of the reference CT; the region is the box around them with 20 mm.
    spacing_mm : float
        Spacing of the images there (not below the finest of the reference CT).
    """

    structures: tuple[Structure, ...]
    spacing_mm: float


def refine_region(
    images: tuple[Volume, Volume],
    bodies: tuple[Volume, Volume],
    coarse: DeformableMatch,
    region: FineRegion,
    progress: Progress,
    options: DeformableOptions,
    guidance: Sequence[GuidedOrgan] = (),
) -> DeformableMatch:
    """Return the match with a further displacement inside a region, which fades to its border.

    The two displacements become one field over the whole reference CT:
    ``u(x) = fine(x) + coarse(x + fine(x))``.

    Parameters
    ----------
    images : tuple of Volume
        Reference and prior CT at full resolution, HU.
    coarse : DeformableMatch
        Of the whole body; it comes back, with a line in its log, where the reference CT allows no
        distinctly finer spacing.

    Raises
    ------
    RegistrationError
        A region outside the body.
    CancelledError
        The user stopped it.
    """
    reference = images[0]
    spacing = max(region.spacing_mm, min(reference.grid.spacing_mm))
    finer = coarse.field.GetSpacing()[0] / 2 / spacing
    if finer < LEAST_GAIN:
        said = f"region not refined: the reference CT has no voxels finer than {spacing:g} mm"
        return replace(coarse, log=(*coarse.log, said))
    multiple = 2 ** len(ITERATIONS)
    box = _box(region.structures, bodies[0])
    grid = working_grid(box, spacing, options.most_voxels, multiple)
    known = _sequence(coarse.rigid, coarse.field)
    progress("Refining the region", 0.0)
    alike, _ = on_one_scale(images, bodies, coarse.rigid)
    pair, _ = prepare(grid, alike, bodies, known)
    seen = pair.fixed_seen, pair.moving_seen
    organs = terms_of(guidance, grid, known, images, seen, multiple, part_of_body=True)
    extent = np.array(grid.size) * grid.spacing_mm[0]
    log = [f"region of {' x '.join(f'{e:.0f}' for e in extent)} mm around structures refined"]
    # closer nodes alone would make the field softer per millimetre
    stiff = options.curvature * finer
    fine = replace(options, iterations=ITERATIONS, curvature=stiff, diffeomorphic=False)
    hold = _border(tuple(n // 2 for n in grid.shape))
    nodes, reason = run_levels(pair, organs, grid, fine, progress, log, hold)
    nodes, warnings = calmed(nodes, log)
    field = _one_field(field_image(nodes, grid, grid), coarse.field, grid, reference.grid)
    return DeformableMatch(
        field, coarse.log + tuple(log), reason, coarse.rigid, _smallest_jacobian(field),
        coarse.warnings + warnings,
    )  # fmt: skip


def _box(structures: Sequence[Structure], body: Volume) -> Box:
    points = np.concatenate([contour for s in structures for contour in s.contours])
    limits = body_box(body, MARGIN_MM)
    low = np.maximum(points.min(axis=0) - MARGIN_MM, limits[0])
    high = np.minimum(points.max(axis=0) + MARGIN_MM, limits[1])
    if (high - low).min() < SMALLEST_EDGE_MM:
        names = ", ".join(s.name for s in structures)
        msg = (
            f"the region around {names} has less than {SMALLEST_EDGE_MM:g} mm inside the body on "
            "the reference CT; choose other structures to refine around"
        )
        raise RegistrationError(msg)
    return low, high


def _border(shape: tuple[int, ...]) -> npt.NDArray[np.float32]:
    hold = np.full(shape, BORDER_HOLD, dtype=np.float32)
    hold[(slice(BORDER_NODES, -BORDER_NODES),) * 3] = 0.0
    return hold


def _sequence(*last_to_first: sitk.Transform | sitk.Image) -> sitk.Transform:
    """Return the composite of transforms or fields of which the last one is applied first."""
    both = sitk.CompositeTransform(3)
    for one in last_to_first:
        field = isinstance(one, sitk.Image)
        both.AddTransform(sitk.DisplacementFieldTransform(sitk.Image(one)) if field else one)
    return sitk.Transform(both)


def _one_field(fine: sitk.Image, coarse: sitk.Image, grid: Grid, reference: Grid) -> sitk.Image:
    """Return one displacement field over the reference CT: first the fine one, then the coarse."""
    volume = float(np.prod(np.array(reference.size) * np.array(reference.spacing_mm)))
    spacing = max(2 * grid.spacing_mm[0], (volume / MOST_NODES) ** (1 / 3))
    whole = lps_grid(reference, spacing)
    return sitk.TransformToDisplacementField(
        _sequence(coarse, fine), sitk.sitkVectorFloat64, whole.size, whole.origin_lps,
        whole.spacing_mm, whole.direction,
    )  # fmt: skip


def _smallest_jacobian(field: sitk.Image) -> float:
    array = np.moveaxis(sitk.GetArrayViewFromImage(field), -1, 0)[::-1]
    nodes = (array / field.GetSpacing()[0]).astype(np.float32)
    return float(jacobian_of_nodes(nodes).min())
