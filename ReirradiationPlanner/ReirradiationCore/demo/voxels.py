"""CT volumes and contours of a demo course from the closed-form anatomy."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..courses import Structure
from ..grids import Grid, Volume
from ..outlines import closed_outlines, enclosed_area, thinned
from ..progress import Progress
from .courses import DemoCourse, Region
from .hounsfield import hounsfield
from .shapes import Array
from .texture import Texture, scanner_noise

ToAnatomy = Callable[[Array], Array]
SMALLEST_LOOP_MM2 = 4.0
SEARCH_MM = 5.0  # coarse lattice that finds where in a plane a region is
COURSE_NUMBER = {"course1_prostate": 1, "course2_node_sbrt": 2}


def render_ct(
    course: DemoCourse, to_anatomy: ToAnatomy, texture: Texture, seed: int, progress: Progress
) -> Volume:
    """Return the CT (HU, int16) of a course.

    Parameters
    ----------
    to_anatomy : callable
        Points (N, 3) of the frame of the course to points of today's anatomy.
    """
    grid = course.ct_grid
    number = COURSE_NUMBER[course.key]
    hu = scanner_noise(grid.shape, seed, number, course.noise_hu)
    for k in range(grid.size[2]):
        points = _plane_points(grid, k)
        plane = hounsfield(np.ascontiguousarray(to_anatomy(points).T), texture, number == 2)
        share, couch = course.couch.hounsfield(points.T)
        plane = np.where(plane < -400, plane + share * (couch - plane), plane)
        # little noise in air, as a scanner that clips at -1024 shows it
        calm = np.clip((plane + 1000) / 300, 0.25, 1).reshape(grid.shape[1:])
        hu[k] = hu[k] * calm + plane.reshape(grid.shape[1:])
        progress(f"CT of {course.key}", (k + 1) / grid.size[2])
    return Volume(np.clip(np.rint(hu), -1024, 3071).astype(np.int16), grid)


def _plane_points(grid: Grid, k: int) -> Array:
    """Voxel centres (N, 3) of one plane of an axial grid."""
    j, i = np.indices(grid.shape[1:]).reshape(2, -1)
    return grid.points_at(np.stack([i, j, np.full_like(i, k)], axis=1))


def draw_structures(
    course: DemoCourse,
    from_anatomy: ToAnatomy,
    to_anatomy: ToAnatomy,
    frame_of_reference_uid: str,
    progress: Progress,
) -> tuple[Structure, ...]:
    """Draw all regions of a course on the planes of its CT.

    Parameters
    ----------
    from_anatomy, to_anatomy : callable
        Points (N, 3) of today's anatomy to those of the frame of the course, and back.
    """
    structures = []
    for number, region in enumerate(course.regions, start=1):
        contours = _draw(region, course.ct_grid, from_anatomy, to_anatomy)
        structures.append(
            Structure(
                number,
                region.name,
                contours,
                frame_of_reference_uid,
                region.interpreted_type,
                region.color_rgb,
            )
        )
        progress(f"contours of {course.key}", number / len(course.regions))
    return tuple(structures)


def _draw(
    region: Region, grid: Grid, from_anatomy: ToAnatomy, to_anatomy: ToAnatomy
) -> tuple[Array, ...]:
    """Contours (M, 3) of a region on the planes of a CT grid."""
    lower, upper = _box_in_course(region, grid, from_anatomy)
    heights = grid.origin_lps[2] + grid.spacing_mm[2] * np.arange(grid.size[2])
    contours: list[Array] = []
    for z in heights[(heights > lower[2]) & (heights < upper[2])]:
        x, y, depth = _sampled(region, lower, upper, float(z), to_anatomy, SEARCH_MM)
        found = np.argwhere(depth > -1.5 * SEARCH_MM)
        if not found.size:
            continue
        (j0, i0), (j1, i1) = found.min(axis=0), found.max(axis=0)
        start, end = np.array([x[i0], y[j0]]) - SEARCH_MM, np.array([x[i1], y[j1]]) + SEARCH_MM
        x, y, depth = _sampled(region, start, end, float(z), to_anatomy, region.lattice_mm)
        for loop in closed_outlines(np.maximum(depth, -2 * region.lattice_mm), x, y):
            if abs(enclosed_area(loop)) >= SMALLEST_LOOP_MM2:
                flat = thinned(loop, 0.3 * region.lattice_mm)
                contours.append(np.column_stack([flat, np.full(len(flat), z)]))
    return tuple(contours)


def _sampled(
    region: Region, lower: Array, upper: Array, z: float, to_anatomy: ToAnatomy, step_mm: float
) -> tuple[Array, Array, Array]:
    """Positions x, y of a lattice in the plane at ``z`` and the depths (len(y), len(x)) there."""
    x, y = (np.arange(lower[i], upper[i] + step_mm, step_mm) for i in (0, 1))
    columns, rows = np.meshgrid(x, y)
    points = np.stack([columns.ravel(), rows.ravel(), np.full(columns.size, z)], axis=1)
    anatomy = np.ascontiguousarray(to_anatomy(points).T)
    return x, y, region.shape(anatomy).reshape(columns.shape)


def _box_in_course(region: Region, grid: Grid, from_anatomy: ToAnatomy) -> tuple[Array, Array]:
    """Corners of a box in the frame of the course that holds a region, within its CT."""
    corners = np.array([region.shape.lower, region.shape.upper])
    axes = [np.linspace(corners[0, i], corners[1, i], 5) for i in range(3)]
    points = from_anatomy(np.stack(np.meshgrid(*axes), axis=-1).reshape(-1, 3))
    half = np.array(grid.spacing_mm) / 2
    start = np.array(grid.origin_lps)
    end = start + (np.array(grid.size) - 1) * np.array(grid.spacing_mm)
    return np.maximum(points.min(axis=0) - 6, start - half), np.minimum(
        points.max(axis=0) + 6, end + half
    )
