"""Regions of a result as structures: where a limit is exceeded and where courses overlap.

Outlines are taken from the voxel maps, on the planes of the planning CT. They are pictures of the
maps: verdicts come from the organs' own samples.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import numpy.typing as npt

from .courses import Structure, StructureKind
from .grids import Grid, Volume
from .heatmaps import OVERLAP_THRESHOLD_EQD2_GY
from .outlines import closed_outlines, enclosed_area

Array = npt.NDArray[np.float64]
SMALLEST_LOOP_MM2 = 4.0
OUTSIDE = -1.0e3
WHOLE_LIMIT_PERCENT = 100.0
COLORS = {"OverLimit": (255, 0, 0), "OverLimit_Prior": (128, 0, 0)}
OVERLAP_COLOR = (255, 0, 255)


def result_regions(
    maps: Mapping[str, Volume], priors: tuple[str, ...], planned: str, heights_mm: Array
) -> list[Structure]:
    """Return the regions that exist, each with contours at the given heights.

    Parameters
    ----------
    maps : mapping
        Voxel maps of an evaluation.
    priors : tuple of str
        Ids of the prior courses that have maps.
    planned : str
        Id of the planned course.
    heights_mm : ndarray
        Heights of the CT planes, LPS z, mm.

    Returns
    -------
    list of Structure
        ``OverLimit`` (cumulative EQD2 above a near-maximum limit), ``OverLimit_Prior`` (the prior
        dose alone is) and ``Overlap_5Gy`` (prior and planned EQD2 both at least 5 Gy).
    """
    structures = []
    for name, volume in _depths(maps, priors, planned):
        contours = tuple(region_contours(volume, heights_mm))
        if contours:
            color = COLORS.get(name, OVERLAP_COLOR)
            number = len(structures) + 1
            structures.append(Structure(number, name, contours, "", "", color, StructureKind.OTHER))
    return structures


def _depths(
    maps: Mapping[str, Volume], priors: tuple[str, ...], planned: str
) -> Iterator[tuple[str, Volume]]:
    """Yield volumes that are positive inside each region; unknown dose is outside."""
    grid = maps["cumulative_eqd2"].grid
    yield "OverLimit", Volume(maps["tolerance_percent"].array - WHOLE_LIMIT_PERCENT, grid)
    yield "OverLimit_Prior", Volume(maps["over_limit"].array - 0.5, grid)
    if priors:
        prior = np.sum([maps[f"eqd2_{course}"].array for course in priors], axis=0)
        both = np.minimum(prior, maps[f"eqd2_{planned}"].array)
        threshold = OVERLAP_THRESHOLD_EQD2_GY
        yield f"Overlap_{threshold:g}Gy", Volume(both - threshold, grid)


def region_contours(depth: Volume, heights_mm: Array) -> Iterator[Array]:
    """Yield closed contours (N, 3), LPS, mm, around the positive part of a volume.

    Planes of an axial grid are interpolated at the heights that lie within it; on an oblique grid
    the grid's own planes are used.
    """
    grid, values = depth.grid, np.nan_to_num(depth.array.astype(float), nan=OUTSIDE)
    if not (values > 0).any():
        return
    levels = np.arange(grid.size[2], dtype=float)
    if np.allclose(grid.axes, np.eye(3), atol=1e-6) and len(heights_mm):
        points = np.column_stack([np.tile(grid.origin_lps[:2], (len(heights_mm), 1)), heights_mm])
        levels = grid.indices_of(points)[:, 2]
        levels = levels[(levels >= 0) & (levels <= grid.size[2] - 1)]
    for level in levels:
        yield from _plane_contours(_plane(values, level), level, grid)


def _plane(values: Array, level: float) -> Array:
    below = int(np.clip(np.floor(level), 0, len(values) - 1))
    above = min(below + 1, len(values) - 1)
    share = level - below
    return (1 - share) * values[below] + share * values[above]


def _plane_contours(plane: Array, level: float, grid: Grid) -> Iterator[Array]:
    """Yield the loops of one plane; its border is widened so that a region there stays closed."""
    if not (plane > 0).any():
        return
    padded = np.pad(plane, 1, constant_values=OUTSIDE)
    columns = np.arange(-1.0, plane.shape[1] + 1)
    rows = np.arange(-1.0, plane.shape[0] + 1)
    cell = grid.spacing_mm[0] * grid.spacing_mm[1]
    for loop in closed_outlines(padded, columns, rows):
        if abs(enclosed_area(loop)) * cell >= SMALLEST_LOOP_MM2 and len(loop) >= 3:
            yield grid.points_at(np.column_stack([loop, np.full(len(loop), level)]))
