"""From judged organs to the voxel maps: the grid, the painted organs, the mapped doses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import SimpleITK as sitk

from .accumulation import CourseDose
from .case import Case, MappingStrategy
from .courses import Course, StructureKind, slice_spacing_mm
from .dose_mapping import dose_on_grid
from .grids import Grid, Volume
from .heatmaps import CourseOnGrid, PaintedOrgan, make_maps, paint_organs
from .judgement import OrganJudge
from .limits import AppliedLimit, near_maximum_limit
from .pipeline_data import RegisteredCourse
from .progress import Progress


def map_grid(courses: Sequence[Course], planned: Course, case: Case) -> Grid:
    """Grid of the maps: the box of the planned dose at the spacing of the finest dose grid."""
    spacing = case.map_grid_mm or min(
        min(phase.dose.grid.spacing_mm) for course in courses for phase in course.phases
    )
    own = planned.phases[0].dose.grid
    if own.plane_offsets_mm is None and all(abs(s - spacing) < 1e-6 for s in own.spacing_mm):
        return own
    return own.with_spacing(spacing)


def voxel_maps(
    organs: Sequence[OrganJudge],
    applied: Sequence[AppliedLimit],
    courses: Sequence[Course],
    registered: Mapping[str, RegisteredCourse],
    case: Case,
    progress: Progress,
) -> dict[str, Volume]:
    """Return every map of contract.md; ``courses`` ends with the planned course."""
    courses = [course for course in courses if course.letter is None]
    planned = courses[-1]
    grid = map_grid(courses, planned, case)
    progress("Painting the maps", 0.0)
    paint = paint_organs(painted_organs(organs, applied), grid, slice_spacing_mm(planned))
    on_grid = []
    for number, course in enumerate(courses):
        progress("Painting the maps", 0.2 + 0.5 * number / len(courses))
        match = registered.get(course.id)
        on_grid.append(
            course_on_grid(course, grid, match.result.transform if match else None, case)
        )
    progress("Painting the maps", 0.7)
    rigidly = _mapped_rigidly(courses[:-1], grid, registered, case)
    progress("Painting the maps", 0.8)
    return make_maps(paint, on_grid[:-1], on_grid[-1], rigidly)


def course_on_grid(
    course: Course, grid: Grid, transform: sitk.Transform | None, case: Case
) -> CourseOnGrid:
    """Return the doses of a course, mapped onto a grid, as they are converted in this case."""
    fractions = tuple(phase.fractions_delivered for phase in course.phases)
    return CourseOnGrid(course.id, dose_on_grid(course, grid, transform), fractions, case.model)


def _mapped_rigidly(
    priors: Sequence[Course], grid: Grid, registered: Mapping[str, RegisteredCourse], case: Case
) -> list[CourseOnGrid]:
    """Prior courses mapped by the rigid parts there are; none if nothing is deformable."""
    results = {prior: registered[prior.id].result for prior in priors}
    if not any(result.mode in ("deformable", "file") for result in results.values()):
        return []
    return [
        course_on_grid(prior, grid, result.rigid, case)
        for prior, result in results.items()
        if result.rigid is not None
    ]


def painted_organs(
    organs: Sequence[OrganJudge], applied: Sequence[AppliedLimit]
) -> list[PaintedOrgan]:
    """Organs at risk and targets as they are painted under these limits."""
    painted = (StructureKind.OAR, StructureKind.TARGET)
    return [_painted(organ, applied) for organ in organs if organ.model.kind in painted]


def _painted(organ: OrganJudge, applied: Sequence[AppliedLimit]) -> PaintedOrgan:
    limit = near_maximum_limit(applied, organ)
    alpha_beta = limit.alpha_beta_gy if limit and limit.alpha_beta_gy else None
    alpha_beta = alpha_beta or organ.model.alpha_beta_gy
    return PaintedOrgan(
        organ.model.structure,
        alpha_beta,
        organ.model.recovery_for(limit),
        limit.limit if limit else None,
        {
            course: _instead(dose, alpha_beta)
            for course, dose in organ.doses.priors.items()
            if dose.strategy not in (MappingStrategy.DIR, MappingStrategy.RIGID)
        },
        frozenset(organ.doses.courses_of(MappingStrategy.RIGID)),
        frozenset(organ.doses.courses_of(MappingStrategy.NOT_EVALUABLE)),
    )


def _instead(dose: CourseDose, alpha_beta_gy: float) -> float:
    """EQD2 of a whole organ that is judged in place of the mapped dose; NaN if there is none."""
    if dose.strategy is MappingStrategy.UNIFORM_BG:
        return dose.background(alpha_beta_gy).eqd2_gy
    return 0.0 if dose.strategy is MappingStrategy.ZERO else float("nan")
