"""Bring the dose of a course to points or voxels of today's anatomy: the only file that resamples.

Dose is pulled back: ``D_mapped(x) = D(T(x))``, trilinear, physical dose of each plan on its own,
with T the transform from the reference image to the image of the course. It is converted to EQD2
only afterwards (physics.md 1.4). Dose is intensive: there is no Jacobian factor. Outside the dose
grid, and outside the domain of T, the result is NaN: unknown, never zero.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk

from .courses import Course
from .grids import Grid, sample_volume
from .point_transforms import map_points

FloatArray = npt.NDArray[np.float32]


def dose_at_points(
    course: Course, points_lps: npt.NDArray[np.floating], transform: sitk.Transform | None = None
) -> tuple[FloatArray, ...]:
    """Delivered physical dose of every phase at points of the reference image.

    Parameters
    ----------
    course : Course
        Course whose dose is asked for.
    points_lps : ndarray, shape (N, 3)
        Points in the reference image, LPS, mm.
    transform : sitk.Transform, optional
        Maps points of the reference image to the image of the course; None for the same frame.

    Returns
    -------
    tuple of ndarray, each (N,)
        Gy per phase, scaled to the fractions delivered (and by a what-if factor, see
        `planned_scale`); NaN where unknown.
    """
    known = None
    if transform is not None:
        points_lps, known = map_points(transform, points_lps)
    doses = []
    for phase in course.phases:
        dose = sample_volume(phase.dose, points_lps)
        if known is not None:
            dose[~known] = np.nan
        for factor in (phase.delivered_share, phase.dose_scale):
            if factor != 1.0:
                dose *= np.float32(factor)
        doses.append(dose)
    return tuple(doses)


def dose_on_grid(
    course: Course, grid: Grid, transform: sitk.Transform | None = None
) -> tuple[FloatArray, ...]:
    """Delivered physical dose of every phase on a grid of the reference image, Gy, NaN unknown.

    Planes are mapped one slab at a time so that memory stays bounded.
    """
    out = tuple(np.empty(grid.shape, dtype=np.float32) for _ in course.phases)
    planes = max(1, 500_000 // (grid.size[0] * grid.size[1]))
    for start in range(0, grid.size[2], planes):
        slab = range(start, min(start + planes, grid.size[2]))
        doses = dose_at_points(course, _slab_points(grid, slab), transform)
        for target, dose in zip(out, doses, strict=True):
            target[slab.start : slab.stop] = dose.reshape(len(slab), *grid.shape[1:])
    return out


def _slab_points(grid: Grid, planes: range) -> npt.NDArray[np.float64]:
    index = np.empty((len(planes), *grid.shape[1:], 3))
    index[..., 0] = np.arange(grid.size[0])
    index[..., 1] = np.arange(grid.size[1])[:, np.newaxis]
    index[..., 2] = np.array(planes)[:, np.newaxis, np.newaxis]
    return grid.points_at(index.reshape(-1, 3))
