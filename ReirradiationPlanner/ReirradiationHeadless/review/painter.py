"""Maps under other choices, painted again from the physical doses of the saved maps."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

import numpy as np
from ReirradiationCore.courses import Course, slice_spacing_mm
from ReirradiationCore.errors import RefusedError
from ReirradiationCore.grids import Grid, Volume
from ReirradiationCore.heatmaps import CourseOnGrid, Paint, PaintedOrgan, make_maps, paint_organs
from ReirradiationCore.live_result import LiveResult
from ReirradiationCore.map_stage import painted_organs

Point = tuple[float, float, float]
PHYSICAL = "mapped_dose_"
PLANES = 16


class Painter:
    """Paints the maps of a case again and again on one grid.

    Parameters
    ----------
    doses : mapping
        Course id to its physical dose on the grid of the maps as the saved run has it, Gy: what
        was delivered, that of the planned course with the what-if factor of the run.
    saved : LiveResult
        The saved run; it decides which organ each voxel is painted with, as its limits do.

    Raises
    ------
    RefusedError
        Doses from which no map can be painted, with the reason.
    """

    def __init__(self, doses: Mapping[str, Volume], saved: LiveResult) -> None:
        self._doses, self._scale = doses, saved.case.planned_scale
        self._courses = [course for course in saved.courses if course.letter is None]
        for course in self._courses:
            _require_one_phase(course, doses)
        grid = doses[self._courses[-1].id].grid
        organs = painted_organs(saved.organs, saved.applied)
        if not any(organ.structure.contours for organ in organs):
            reason = "the samples hold no contours"
            raise RefusedError(reason)
        self._paint = paint_organs(organs, grid, slice_spacing_mm(saved.planned))
        self._names = [organ.structure.name for organ in self._paint.organs]

    @property
    def grid(self) -> Grid:
        """Grid of the maps."""
        return self._paint.grid

    def organ_at(self, point: Point) -> str | None:
        """Organ that the voxel at a point (LPS, mm) is painted with; None if there is none."""
        i, j, k = np.floor(self.grid.indices_of(np.array([point]))[0] + 0.5).astype(int)
        if not all(0 <= x < n for x, n in zip((i, j, k), self.grid.size, strict=True)):
            return None
        number = int(self._paint.index[k, j, i])
        return self._names[number] if number >= 0 else None

    def maps(self, result: LiveResult, wanted: Collection[str] = ()) -> dict[str, Volume]:
        """Return the maps of other choices; those that need another mapping are left out.

        They are painted some planes at a time, which takes a fraction of the memory.

        Parameters
        ----------
        result : LiveResult
            The choices.
        wanted : collection of str
            Names of the maps to return; all if empty.
        """
        now = {o.structure.name: o for o in painted_organs(result.organs, result.applied)}
        before = self._paint.organs
        organs = tuple(_with_this_map(now[old.structure.name], old) for old in before)
        paint = Paint(self._paint.grid, self._paint.index, organs, self._paint.lost)
        painted: dict[str, Volume] = {}
        for first in range(0, self.grid.shape[0], PLANES):
            part = slice(first, first + PLANES)
            courses = [self._on_grid(course, result, part) for course in self._courses]
            found = make_maps(_planes(paint, part), courses[:-1], courses[-1])
            for key, values in _with_recovery(found).items():
                if key not in painted and (key in wanted or not wanted):
                    painted[key] = Volume(np.empty(self.grid.shape, np.float32), self.grid)
                if key in painted:
                    painted[key].array[part] = values.array
        return painted

    def _on_grid(self, course: Course, result: LiveResult, part: slice) -> CourseOnGrid:
        array = self._doses[course.id].array[part]
        scale = result.case.planned_scale / self._scale
        if course.id == result.planned.id and scale != 1.0:
            array = array * np.float32(scale)
        fractions = tuple(phase.fractions_delivered for phase in course.phases)
        return CourseOnGrid(course.id, (array,), fractions, result.case.model)


def _planes(paint: Paint, part: slice) -> Paint:
    """Return some planes of what is painted."""
    index = paint.index[part]
    grid = replace(paint.grid, size=index.shape[::-1], plane_offsets_mm=None)
    lost = {course: mask[part] for course, mask in paint.lost.items()}
    return Paint(grid, index, paint.organs, lost)


def _with_recovery(maps: dict[str, Volume]) -> dict[str, Volume]:
    """Give the maps of recovery also where no organ recovers: the sum itself, and nothing."""
    total = maps["cumulative_eqd2"]
    nothing = Volume(np.where(np.isnan(total.array), total.array, np.float32(0)), total.grid)
    return {"cumulative_no_recovery": total, "recovery_difference": nothing, **maps}


def _with_this_map(organ: PaintedOrgan, saved: PaintedOrgan) -> PaintedOrgan:
    """Return an organ unknown where it is judged rigidly now and was not then, or the reverse."""
    unknown = dict.fromkeys(organ.rigid ^ saved.rigid, np.nan)
    return replace(organ, instead_eqd2_gy={**unknown, **organ.instead_eqd2_gy})


def _require_one_phase(course: Course, doses: Mapping[str, Volume]) -> None:
    if course.id not in doses:
        reason = f"the scene holds no physical dose of {course.id}"
        raise RefusedError(reason)
    if len(course.phases) != 1:
        reason = f"{course.id} has {len(course.phases)} phases, whose doses the maps hold as a sum"
        raise RefusedError(reason)
