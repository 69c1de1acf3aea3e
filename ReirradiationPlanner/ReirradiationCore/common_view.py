"""What both CTs show: an organ that one scan cuts can only be compared inside the other as well."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk

from .grids import Grid, Volume
from .point_transforms import inverse_points, map_points
from .surface_distances import Surface

FloatArray = npt.NDArray[np.float64]
MARGIN_VOXELS = 0.5
MOST_POINTS = 2000


@dataclass(frozen=True, eq=False)
class CommonView:
    """Fields of view of both CTs and the way between them.

    One voxel at the border of each CT is left out: contours end there because the scan does.

    Parameters
    ----------
    reference, prior : Grid
        Grids of both CTs.
    transform : sitk.Transform
        Reference to prior.
    """

    reference: Grid
    prior: Grid
    transform: sitk.Transform

    def sees(self, points_lps: FloatArray) -> npt.NDArray[np.bool_]:
        """Tell which points (N, 3) of the reference image both CTs show."""
        mapped, known = map_points(self.transform, points_lps)
        return known & _inside(self.reference, points_lps) & _inside(self.prior, mapped)

    def seen_part(self, coverage: Volume) -> Volume:
        """Coverage on a grid of the reference image, 0 where not both CTs see."""
        index = np.argwhere(coverage.array > 0)
        seen = self.sees(coverage.grid.points_at(index[:, ::-1].astype(float)))
        array = coverage.array.copy()
        array[tuple(index[~seen].T)] = 0
        return Volume(array, coverage.grid)

    def seen_share_of_prior(self, coverage: Volume) -> float:
        """Part 0..1 of a prior structure, given on a grid of the prior image, both CTs show."""
        points = coverage.grid.points_at(np.argwhere(coverage.array > 0.5)[:, ::-1].astype(float))
        points = points[:: max(1, len(points) // MOST_POINTS)]
        if not len(points):
            return 0.0
        back, known = inverse_points(self.transform, points)
        return float(np.mean(known & _inside(self.reference, back) & _inside(self.prior, points)))

    def seen_surface(self, surface: Surface) -> Surface:
        """Return the surface with no weight where not both CTs see."""
        seen = self.sees(surface.points_lps)
        return replace(surface, areas_mm2=np.where(seen, surface.areas_mm2, 0.0))


def _inside(grid: Grid, points_lps: FloatArray) -> npt.NDArray[np.bool_]:
    index = grid.indices_of(points_lps)
    last = np.array(grid.size) - 1 - MARGIN_VOXELS
    return np.all((index >= MARGIN_VOXELS) & (index <= last), axis=1)
