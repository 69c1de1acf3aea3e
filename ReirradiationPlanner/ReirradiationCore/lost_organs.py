"""Where no mapped sum may be shown, because the map of a prior course failed in an organ."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from .contours import coverage_on_grid
from .courses import Course, slice_spacing_mm
from .grids import Grid
from .organ_models import OrganModel
from .pipeline_data import JudgedOrgan


def where_lost(
    organs: Sequence[JudgedOrgan], grid: Grid, planned: Course
) -> tuple[npt.NDArray[np.bool_], str]:
    """Return the voxels of structures whose map failed, and what to say.

    A structure that fell back on another mapping counts as well: a sum of mapped doses shows what
    it was not judged by.

    Returns
    -------
    mask : ndarray of bool, shape ``(k, j, i)``
        On ``grid``.
    words : str
        Names of the structures, for the comment of an export; empty if there are none.
    """
    lost = [organ.model for organ in organs if organ.doses.why_not_evaluable]
    failed = [
        organ.model
        for organ in organs
        if organ.model not in lost and "fallback" in organ.model.mapping_source.values()
    ]
    mask = np.zeros(grid.shape, dtype=bool)
    for model in (*lost, *failed):
        mask |= coverage_on_grid(model.structure, grid, slice_spacing_mm(planned)).array > 0
    said = _said("NOT EVALUABLE in", lost) + _said("map failed, not shown in", failed)
    return mask, said


def _said(words: str, models: Sequence[OrganModel]) -> str:
    names = ", ".join(model.name for model in models)
    return f"; {words} {names}" if names else ""
