"""Where voxels are: grids in patient coordinates (LPS, mm) and volumes on them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk
from scipy import ndimage

from .errors import GeometryError

POSITION_TOLERANCE_MM = 0.01
DIRECTION_TOLERANCE = 1e-4


@dataclass(frozen=True)
class Grid:
    """Voxel centres in patient coordinates.

    Parameters
    ----------
    size : tuple of int
        Number of voxels along i (columns), j (rows), k (planes). Arrays are indexed ``[k, j, i]``.
    spacing_mm : tuple of float
        Distance of voxel centres along i, j, k.
    origin_lps : tuple of float
        Position of the centre of voxel (0, 0, 0), LPS, mm.
    direction : tuple of 9 float
        Row-major 3x3 matrix; its columns are the unit vectors of i, j, k in LPS (as in ITK).
    plane_offsets_mm : tuple of float, optional
        Positions of the planes along k relative to the first where they are not evenly spaced
        (ascending, first is 0); ``spacing_mm[2]`` is then their mean distance.

    Raises
    ------
    GeometryError
        Sizes or spacings that are not positive, axes that are not orthonormal.
    """

    size: tuple[int, int, int]
    spacing_mm: tuple[float, float, float]
    origin_lps: tuple[float, float, float] = (0.0, 0.0, 0.0)
    direction: tuple[float, ...] = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
    plane_offsets_mm: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        """Refuse grids that cannot exist."""
        if min(self.size) < 1 or not np.all(np.array(self.spacing_mm) > 0):
            msg = f"grid of size {self.size} and spacing {self.spacing_mm} mm is not a grid"
            raise GeometryError(msg)
        axes = self.axes
        if not np.allclose(axes.T @ axes, np.eye(3), atol=1e-3):
            msg = f"the axes {self.direction} of a grid are not at right angles"
            raise GeometryError(msg)
        offsets = self.plane_offsets_mm
        if offsets is not None and (len(offsets) != self.size[2] or np.any(np.diff(offsets) <= 0)):
            msg = f"{len(offsets)} plane offsets do not describe {self.size[2]} ascending planes"
            raise GeometryError(msg)

    @cached_property
    def axes(self) -> npt.NDArray[np.float64]:
        """3x3 matrix whose columns are the unit vectors of i, j, k in LPS."""
        return np.array(self.direction, dtype=float).reshape(3, 3)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Shape ``(k, j, i)`` of an array on this grid."""
        return self.size[::-1]

    @property
    def voxel_volume_cc(self) -> float:
        """Volume of a voxel, cc."""
        return float(np.prod(self.spacing_mm)) / 1000.0

    def indices_of(self, points_lps: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
        """Continuous indices (N, 3) in order i, j, k of points (N, 3) in LPS, mm."""
        return self._index_rows(points_lps).T

    def _index_rows(self, points_lps: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
        """Continuous indices (3, N) of points; axis by axis, which is several times faster."""
        along = np.array(np.asarray(points_lps).T, dtype=float, order="C")
        for axis, origin in enumerate(self.origin_lps):
            along[axis] -= origin
        if not self._along_lps:
            along = self.axes.T @ along
        for axis in (0, 1):
            along[axis] /= self.spacing_mm[axis]
        if self.plane_offsets_mm is None:
            along[2] /= self.spacing_mm[2]
        else:
            along[2] = _uneven_index(along[2], np.array(self.plane_offsets_mm))
        return along

    def points_at(self, indices: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
        """Positions (N, 3) in LPS, mm, of continuous indices (N, 3) in order i, j, k."""
        along = np.asarray(indices, dtype=float) * np.array(self.spacing_mm)
        if self.plane_offsets_mm is not None:
            planes = np.arange(self.size[2])
            along[:, 2] = np.interp(np.asarray(indices)[:, 2], planes, self.plane_offsets_mm)
        if not self._along_lps:
            along = (self.axes @ along.T).T
        along += np.array(self.origin_lps)
        return along

    @cached_property
    def _along_lps(self) -> bool:
        """True where i, j, k run along x, y, z: most grids, and a matrix product saved."""
        return bool(np.array_equal(self.axes, np.eye(3)))

    def centers_lps(self) -> npt.NDArray[np.float64]:
        """Positions (N, 3) of all voxel centres, in the order of ``array.ravel()``."""
        index = np.empty((*self.shape, 3))
        k, j, i = np.ogrid[: self.size[2], : self.size[1], : self.size[0]]
        index[..., 0], index[..., 1], index[..., 2] = i, j, k
        return self.points_at(index.reshape(-1, 3))

    def with_spacing(self, spacing_mm: float) -> Grid:
        """Return an even, isotropic grid over the same box, at least as large."""
        start, extent = self.box_mm()
        size = np.maximum(1, np.ceil(extent / spacing_mm - 1e-6)).astype(int)
        corner = start + (extent - size * spacing_mm) / 2 + spacing_mm / 2
        origin = self.axes @ corner + np.array(self.origin_lps)
        spacing = (float(spacing_mm),) * 3
        return Grid(tuple(size.tolist()), spacing, tuple(origin.tolist()), self.direction)

    def box_mm(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Return start and extent (mm, along i, j, k from the origin) of the box of all voxels."""
        half = np.array(self.spacing_mm) / 2
        extent = np.array(self.size) * np.array(self.spacing_mm)
        if self.plane_offsets_mm is not None:
            offsets = np.array(self.plane_offsets_mm)
            half[2] = (offsets[1] - offsets[0]) / 2
            extent[2] = offsets[-1] + half[2] + (offsets[-1] - offsets[-2]) / 2
        return -half, extent


def _uneven_index(position: npt.NDArray[np.float64], offsets: npt.NDArray[np.float64]):  # noqa: ANN202
    """Continuous plane index of positions along unevenly spaced planes, linear beyond the ends."""
    index = np.interp(position, offsets, np.arange(len(offsets)))
    below, above = position < offsets[0], position > offsets[-1]
    index[below] = (position[below] - offsets[0]) / (offsets[1] - offsets[0])
    last = offsets[-1] - offsets[-2]
    index[above] = len(offsets) - 1 + (position[above] - offsets[-1]) / last
    return index


@dataclass(frozen=True, eq=False)
class Volume:
    """Values on a grid.

    Parameters
    ----------
    array : ndarray
        Shape ``(k, j, i)`` for scalars, ``(k, j, i, 3)`` for vectors. NaN means unknown.
    grid : Grid
        Where the voxels are.
    """

    array: npt.NDArray
    grid: Grid

    def __post_init__(self) -> None:
        """Refuse an array that does not fit its grid."""
        if self.array.shape[:3] != self.grid.shape:
            msg = f"array of shape {self.array.shape} does not fit a grid of {self.grid.shape}"
            raise GeometryError(msg)

    @classmethod
    def from_sitk(cls, image: sitk.Image) -> Volume:
        """Return a copy of a SimpleITK image."""
        grid = Grid(
            image.GetSize(), image.GetSpacing(), image.GetOrigin(), tuple(image.GetDirection())
        )
        return cls(sitk.GetArrayFromImage(image), grid)

    def to_sitk(self) -> sitk.Image:
        """Return a copy as a SimpleITK image.

        Raises
        ------
        GeometryError
            Planes that are not evenly spaced, which a SimpleITK image cannot hold.
        """
        if self.grid.plane_offsets_mm is not None:
            msg = "unevenly spaced planes cannot be held in an image; resample them first"
            raise GeometryError(msg)
        image = sitk.GetImageFromArray(self.array, isVector=self.array.ndim == 4)
        image.SetSpacing(self.grid.spacing_mm)
        image.SetOrigin(self.grid.origin_lps)
        image.SetDirection(self.grid.direction)
        return image


def sample_volume(
    volume: Volume, points_lps: npt.NDArray[np.floating], chunk: int = 1_000_000
) -> npt.NDArray[np.float32]:
    """Trilinear values of a scalar volume at points (N, 3) in LPS, mm; NaN outside.

    A border voxel is known to its own faces: half a spacing beyond its centre its value is used,
    further out the result is NaN (unknown), never zero. NaN voxels make their neighbourhood NaN.
    """
    out = np.empty(len(points_lps), dtype=np.float32)
    for start in range(0, len(points_lps), chunk):
        part = slice(start, start + chunk)
        rows = volume.grid.indices_of(points_lps[part]).T[::-1]
        outside = np.zeros(rows.shape[1], dtype=bool)
        for row, count in zip(rows, volume.grid.shape, strict=True):
            outside |= (row < -0.5 - 1e-6) | (row > count - 0.5 + 1e-6)
            np.clip(row, 0, count - 1, out=row)
        ndimage.map_coordinates(volume.array, rows, out[part], order=1, mode="nearest")
        out[part][outside] = np.nan
    return out


def require_same_grid(a: Grid, b: Grid, what: str) -> None:
    """Raise `GeometryError` naming what differs unless both grids have the same voxels."""
    differences = [
        f"{name} {x} and {y}"
        for name, x, y, tolerance in (
            ("size", a.size, b.size, 0),
            ("spacing", a.spacing_mm, b.spacing_mm, POSITION_TOLERANCE_MM),
            ("origin", a.origin_lps, b.origin_lps, POSITION_TOLERANCE_MM),
            ("direction", a.direction, b.direction, DIRECTION_TOLERANCE),
        )
        if not np.allclose(x, y, rtol=0, atol=tolerance)
    ]
    if a.plane_offsets_mm != b.plane_offsets_mm:
        differences.append("plane positions")
    if differences:
        msg = f"{what} are on different grids: {'; '.join(differences)}"
        raise GeometryError(msg)
