"""Where a registration is measured beside the organs: irradiated volume, around the target, bone.

All regions are masks on even grids of the reference image.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk
from scipy import ndimage

from .contours import coverage_on_grid
from .courses import Course, Structure, StructureKind, slice_spacing_mm
from .dose_mapping import dose_at_points, dose_on_grid
from .grids import Grid, Volume, sample_volume
from .point_transforms import map_points
from .radiobiology import course_eqd2

FloatArray = npt.NDArray[np.float64]

REGION_SPACING_MM = 3.0
IRRADIATED_GY = 1.0
TARGET_MARGIN_MM = 20.0
HU_RANGE = (-200.0, 700.0)
FEWEST_POINTS = 50
GRADIENT_STEP_MM = 1.0
GRADIENT_POINTS = 3000
GRADIENT_ALPHA_BETA_GY = 3.0


def box_around(structures: Sequence[Structure], spacing_mm: float, margin_mm: float) -> Grid:
    """Even grid along the axes of LPS that holds structures with a margin."""
    points = np.concatenate([contour for s in structures for contour in s.contours])
    low, high = points.min(axis=0) - margin_mm, points.max(axis=0) + margin_mm
    size = np.maximum(3, np.ceil((high - low) / spacing_mm).astype(int) + 1)
    return Grid(tuple(size.tolist()), (spacing_mm,) * 3, tuple(low.tolist()))


def irradiated_region(transform: sitk.Transform, planned: Course, prior: Course) -> Volume:
    """Mask of the body, else of the box of all structures, where the prior dose is at least 1 Gy.

    Parameters
    ----------
    transform : sitk.Transform
        Reference to prior.
    """
    grid = box_around(planned.structures, REGION_SPACING_MM, 0.0)
    dose = np.sum(dose_on_grid(prior, grid, transform), axis=0)
    inside = dose >= IRRADIATED_GY
    bodies = [s for s in planned.structures if s.kind is StructureKind.EXTERNAL]
    if bodies:
        body = coverage_on_grid(bodies[0], grid, slice_spacing_mm(planned))
        inside &= body.array > 0.5
    return Volume(inside.astype(np.float32), grid)


def planned_targets(planned: Course) -> list[Structure]:
    """Planned PTVs; all targets where none is called a PTV."""
    targets = [s for s in planned.structures if s.kind is StructureKind.TARGET]
    return [s for s in targets if "PTV" in s.name.upper()] or targets


def near_targets(planned: Course) -> Volume | None:
    """Mask of everything within 2 cm of the planned PTVs; None without a target."""
    targets = planned_targets(planned)
    if not targets:
        return None
    margin = TARGET_MARGIN_MM + REGION_SPACING_MM
    grid = box_around(targets, REGION_SPACING_MM, margin)
    outside = np.ones(grid.shape, dtype=bool)
    for target in targets:
        outside &= coverage_on_grid(target, grid, slice_spacing_mm(planned)).array <= 0
    away = ndimage.distance_transform_edt(outside, sampling=grid.spacing_mm[::-1])
    near = away <= TARGET_MARGIN_MM + REGION_SPACING_MM / 2  # distances are between voxel centres
    return Volume(near.astype(np.float32), grid)


def measured_box(planned: Course, near: Volume | None) -> Grid:
    """Even grid that holds all structures and a region around the targets, with a voxel to spare.

    On it the determinants of a map are taken that brings no grid of its own.
    """
    own = box_around(planned.structures, REGION_SPACING_MM, REGION_SPACING_MM)
    boxes = [own] if near is None else [own, near.grid]
    ends = [np.array([[0.0, 0.0, 0.0], np.array(box.size) - 1.0]) for box in boxes]
    corners = np.concatenate([box.points_at(end) for box, end in zip(boxes, ends, strict=True)])
    low = corners.min(axis=0) - REGION_SPACING_MM
    high = corners.max(axis=0) + REGION_SPACING_MM
    size = np.ceil((high - low) / REGION_SPACING_MM).astype(int) + 1
    return Grid(tuple(size.tolist()), own.spacing_mm, tuple(low.tolist()))


def unknown_fraction(region: Volume, transform: sitk.Transform, planned: Course) -> float:
    """Part 0..1 of a region inside the patient that lies outside the domain of a transform.

    Air around the body, where it is drawn, and what the planning CT does not show do not count.

    Parameters
    ----------
    transform : sitk.Transform
        Reference to prior.
    """
    inside = region.array > 0.5
    bodies = [s for s in planned.structures if s.kind is StructureKind.EXTERNAL]
    if bodies:
        body = coverage_on_grid(bodies[0], region.grid, slice_spacing_mm(planned))
        inside &= body.array > 0.5
    points = points_inside(Volume(inside, region.grid))
    if planned.image is not None:
        grid = planned.image.grid
        index = grid.indices_of(points)
        points = points[np.all((index >= 0) & (index <= np.array(grid.size) - 1), axis=1)]
    return float(np.mean(~map_points(transform, points)[1])) if len(points) else 0.0


def points_inside(region: Volume) -> FloatArray:
    """Centres (N, 3) of the voxels of a mask or coverage above one half, LPS, mm."""
    return region.grid.points_at(np.argwhere(region.array > 0.5)[:, ::-1].astype(float))


def reaches(structure: Volume, region: Volume) -> bool:
    """Tell whether a structure, given as coverage on a grid of its own, reaches into a region."""
    values = sample_volume(region, points_inside(structure))
    return bool((np.nan_to_num(values) > 0.5).any())


def local_correlation(
    region: Volume, reference: Volume | None, prior: Volume | None, transform: sitk.Transform
) -> float:
    """Normalised correlation of CT values (-200 to 700 HU) in a region; NaN where one is missing.

    TG-132 gives no tolerance for intensity metrics: the number is shown, not judged.
    """
    if reference is None or prior is None:
        return math.nan
    points = points_inside(region)
    mapped, known = map_points(transform, points)
    pair = np.array([sample_volume(reference, points), sample_volume(prior, mapped)])
    seen = known & ~np.isnan(pair).any(axis=0)
    pair = np.clip(pair[:, seen], *HU_RANGE)
    if np.count_nonzero(seen) < FEWEST_POINTS or not pair.std(axis=1).min() > 0:
        return math.nan
    return float(np.corrcoef(pair)[0, 1])


def steepest_gradient(
    structure: Volume, prior: Course, transform: sitk.Transform
) -> tuple[float, float]:
    """Largest gradient of the mapped prior dose inside a structure, Gy/mm and Gy EQD2/mm.

    Central differences of 1 mm at up to 3000 points of the structure; EQD2 with an alpha/beta of
    3 Gy. NaN where the dose is unknown everywhere. Times the MDA it says what the mismatch of the
    contours may mean in dose (physics.md 7.2).

    Parameters
    ----------
    structure : Volume
        Coverage (0..1) on a grid of the reference image.
    """
    points = points_inside(structure)
    points = points[:: max(1, len(points) // GRADIENT_POINTS)]
    steps = np.concatenate([np.eye(3), -np.eye(3)]) * GRADIENT_STEP_MM
    around = (points[None] + steps[:, None]).reshape(-1, 3)
    doses = dose_at_points(prior, around, transform)
    fractions = [phase.fractions_delivered for phase in prior.phases]
    eqd2 = np.asarray(course_eqd2(doses, fractions, GRADIENT_ALPHA_BETA_GY))
    return _steepest(np.sum(doses, axis=0, dtype=float), len(points)), _steepest(eqd2, len(points))


def _steepest(values: npt.NDArray[np.floating], count: int) -> float:
    at = np.asarray(values, dtype=float).reshape(2, 3, count)
    slope = np.linalg.norm((at[0] - at[1]) / (2 * GRADIENT_STEP_MM), axis=0)
    known = slope[~np.isnan(slope)]
    return float(known.max()) if known.size else math.nan
