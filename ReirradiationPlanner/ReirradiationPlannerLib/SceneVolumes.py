"""Volume nodes as Core volumes, checked, and copied again only when a node has changed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import slicer
import vtk
from ReirradiationCore.errors import RefusedError
from ReirradiationCore.grids import Grid, Volume

from .VolumeNodes import VolumeNodes


class SceneVolumes:
    """Reads volume nodes in their own coordinates and remembers them.

    A parent transform does not count: what a course is evaluated with is what its files say, and
    where it lies on the reference image is the matter of its registration. `transformOf` tells who
    asks.
    """

    def __init__(self):
        self._known = {}

    def volume(self, node) -> Volume:
        """Voxels and geometry of a volume node, planes ascending along their normal.

        :raises RefusedError: a node without voxels, or with axes that are not at right angles.
        """
        image = node.GetImageData()
        if image is None or image.GetNumberOfPoints() == 0:
            reason = f"{node.GetName()}: the volume has no voxels; load it again"
            raise RefusedError(reason)
        key = (id(node), node.GetMTime(), image.GetMTime())
        name = node.GetID()
        if name in self._known and self._known[name][0] == key:
            return self._known[name][1]
        volume = SceneVolumes._compact(SceneVolumes._ascending(VolumeNodes.toVolume(node)))
        self._known[name] = (key, volume)
        return volume

    @staticmethod
    def transformOf(node):
        """Parent transform that moves a node; None where it does not move anything."""
        parent = node.GetParentTransformNode()
        if parent is None:
            return None
        matrix = np.eye(4)
        if parent.IsTransformToWorldLinear():
            return None if np.allclose(SceneVolumes._toWorld(parent), matrix, atol=1e-6) else parent
        return parent

    @staticmethod
    def _toWorld(transform) -> np.ndarray:
        matrix = vtk.vtkMatrix4x4()
        transform.GetMatrixTransformToWorld(matrix)
        return slicer.util.arrayFromVTKMatrix(matrix)

    @staticmethod
    def _ascending(volume: Volume) -> Volume:
        """The same voxels in the order that files are read in: axes of a right-handed grid."""
        grid = volume.grid
        if np.linalg.det(grid.axes) > 0:
            return volume
        last = np.array([[0, 0, grid.size[2] - 1]])
        axes = grid.axes * [1.0, 1.0, -1.0]
        turned = replace(
            grid,
            origin_lps=tuple(grid.points_at(last)[0].tolist()),
            direction=tuple(axes.ravel().tolist()),
        )
        return Volume(np.ascontiguousarray(volume.array[::-1]), turned)

    @staticmethod
    def _compact(volume: Volume) -> Volume:
        """Whole numbers as int16 where they fit, as CTs are read from files."""
        array = volume.array
        if not np.issubdtype(array.dtype, np.integer) or array.dtype == np.int16:
            return volume
        limits = np.iinfo(np.int16)
        if array.min() < limits.min or array.max() > limits.max:
            return volume
        return Volume(array.astype(np.int16), volume.grid)

    @staticmethod
    def sameGrid(a: Grid, b: Grid, tolerance: float = 0.02) -> bool:
        """Whether two evenly spaced grids have their voxels in the same places, within mm."""
        if a.size != b.size or b.plane_offsets_mm is not None:
            return False
        corners = np.array([[0, 0, 0], np.array(a.size) - 1])
        return bool(np.allclose(a.points_at(corners), b.points_at(corners), atol=tolerance))
