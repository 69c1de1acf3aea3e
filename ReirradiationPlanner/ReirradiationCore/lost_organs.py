"""Where no sum may be shown, because an organ's prior dose is not evaluable."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from .contours import coverage_on_grid
from .courses import Course, slice_spacing_mm
from .grids import Grid
from .pipeline_data import JudgedOrgan


def where_lost(
    organs: Sequence[JudgedOrgan], grid: Grid, planned: Course
) -> tuple[npt.NDArray[np.bool_], str]:
    """Return the voxels that a structure without any cumulative dose touches, and what to say.

    Returns
    -------
    mask : ndarray of bool, shape ``(k, j, i)``
        On ``grid``.
    words : str
        Names of the structures, for the comment of an export; empty if there are none.
    """
    lost = [organ.model for organ in organs if organ.doses.why_not_evaluable]
    mask = np.zeros(grid.shape, dtype=bool)
    for model in lost:
        mask |= coverage_on_grid(model.structure, grid, slice_spacing_mm(planned)).array > 0
    names = ", ".join(model.name for model in lost)
    return mask, f"; NOT EVALUABLE in {names}" if names else ""
