"""Core volumes as MRML volume nodes and back; Core is LPS, MRML is RAS."""

from __future__ import annotations

import numpy as np
import slicer
import vtk
from ReirradiationCore.grids import Grid, Volume, sample_volume

LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])
# Hounsfield units of air and of dense metal: what planning CTs store, inside int16
HU_RANGE = (-1024, 30000)


class VolumeNodes:
    """Makes volume nodes in a scene.

    :param scene: scene that gets the nodes.
    """

    DOSE_ATTRIBUTE = "DicomRtImport.DoseVolume"
    MAP_ATTRIBUTE = "ReirradiationPlanner.Map"

    def __init__(self, scene):
        self._scene = scene

    def addImage(self, image: Volume, name: str):
        """CT in Hounsfield units, stored as int16 as CTs are.

        :return: vtkMRMLScalarVolumeNode with a display node.
        """
        even = VolumeNodes.evenlySpaced(image)
        array = even.array
        if array.dtype != np.int16:
            known = np.nan_to_num(np.round(array), nan=HU_RANGE[0])
            array = np.clip(known, *HU_RANGE).astype(np.int16)
        return self._add(array, even.grid, name, "vtkMRMLScalarVolumeNode")

    def addMap(self, values: Volume, name: str, key: str, unit: str):
        """Map of dose or of a percentage, stored as float32; unknown stays NaN.

        Maps in Gy carry SlicerRT's dose attribute, so that its modules offer them as doses.

        :param key: name of the map in the output folder, kept as an attribute.
        :param unit: UCUM unit, ``Gy`` or ``%``.
        """
        even = VolumeNodes.evenlySpaced(values)
        array = even.array.astype(np.float32, copy=False)
        node = self._add(array, even.grid, name, "vtkMRMLScalarVolumeNode")
        node.SetAttribute(self.MAP_ATTRIBUTE, key)
        node.SetAttribute("ReirradiationPlanner.Role", "map")
        node.SetAttribute("ReirradiationPlanner.Made", "1")
        if unit == "Gy":
            node.SetAttribute(self.DOSE_ATTRIBUTE, "1")
        if unit:
            node.SetVoxelValueUnits(_ucum(unit))
        return node

    def addLabels(self, labels: Volume, name: str):
        """Small whole numbers that stand for classes.

        :return: vtkMRMLLabelMapVolumeNode with a display node.
        """
        array = labels.array.astype(np.uint8, copy=False)
        return self._add(array, labels.grid, name, "vtkMRMLLabelMapVolumeNode")

    @staticmethod
    def toVolume(node, *, copied: bool = True) -> Volume:
        """Voxels of a node without regard to a parent transform.

        :param copied: False gives the voxels themselves, to be read before the node changes.
        """
        matrix = vtk.vtkMatrix4x4()
        node.GetIJKToRASMatrix(matrix)
        array = slicer.util.arrayFromVolume(node)
        grid = VolumeNodes.grid(matrix, array.shape[2::-1])
        return Volume(array.copy() if copied else array, grid)

    @staticmethod
    def grid(ijkToRas, size: tuple[int, int, int], first=(0, 0, 0)) -> Grid:
        """Grid of the voxels from index ``first`` on, for a vtkMatrix4x4 from IJK to RAS."""
        ijkToLps = LPS_TO_RAS @ slicer.util.arrayFromVTKMatrix(ijkToRas)
        spacing = np.linalg.norm(ijkToLps[:3, :3], axis=0)
        return Grid(
            size,
            tuple(spacing.tolist()),
            tuple((ijkToLps @ [*first, 1.0])[:3].tolist()),
            tuple((ijkToLps[:3, :3] / spacing).ravel().tolist()),
        )

    @staticmethod
    def setVoxels(node, array: np.ndarray) -> None:
        """Replace the voxels of a node by others of the same shape."""
        slicer.util.arrayFromVolume(node)[:] = array
        slicer.util.arrayFromVolumeModified(node)

    @staticmethod
    def valueAt(node, pointLps: tuple[float, float, float]) -> float | None:
        """Value of the voxel at a point, LPS, mm; None outside the volume and where it is NaN."""
        toIjk = vtk.vtkMatrix4x4()
        node.GetRASToIJKMatrix(toIjk)
        ijk = toIjk.MultiplyPoint((-pointLps[0], -pointLps[1], pointLps[2], 1.0))[:3]
        place = tuple(int(np.floor(x + 0.5)) for x in ijk[::-1])
        array = slicer.util.arrayFromVolume(node)
        if any(not 0 <= x < size for x, size in zip(place, array.shape, strict=True)):
            return None
        value = float(array[place])
        return None if np.isnan(value) else value

    @staticmethod
    def nearest(volume: Volume, pointsLps: np.ndarray) -> np.ndarray:
        """Value of the voxel in which each point (N, 3), LPS, mm, lies; NaN outside; shape (N,)."""
        place = np.floor(volume.grid.indices_of(pointsLps) + 0.5).astype(int)
        inside = ((place >= 0) & (place < np.array(volume.grid.size))).all(axis=1)
        values = np.full(len(place), np.nan)
        values[inside] = volume.array[tuple(place[inside].T[::-1])]
        return values

    @staticmethod
    def ijkToRas(grid: Grid) -> np.ndarray:
        """4x4 matrix from voxel indices to RAS, mm, of an evenly spaced grid."""
        matrix = np.eye(4)
        matrix[:3, :3] = grid.axes * np.array(grid.spacing_mm)
        matrix[:3, 3] = grid.origin_lps
        return LPS_TO_RAS @ matrix

    @staticmethod
    def evenlySpaced(volume: Volume) -> Volume:
        """The volume itself, or resampled to the smallest plane distance where planes are uneven.

        Nodes, like images, hold evenly spaced planes only.
        """
        offsets = volume.grid.plane_offsets_mm
        if offsets is None:
            return volume
        step = float(np.min(np.diff(offsets)))
        i, j, _ = volume.grid.size
        size = (i, j, int(np.floor(offsets[-1] / step + 1e-6)) + 1)
        spacing = (*volume.grid.spacing_mm[:2], step)
        even = Grid(size, spacing, volume.grid.origin_lps, volume.grid.direction)
        source = Volume(volume.array.astype(np.float32, copy=False), volume.grid)
        values = sample_volume(source, even.centers_lps()).reshape(even.shape)
        return Volume(values, even)

    def _add(self, array, grid: Grid, name: str, className: str):
        node = self._scene.AddNewNodeByClass(className, name)
        slicer.util.updateVolumeFromArray(node, np.ascontiguousarray(array))
        node.SetIJKToRASMatrix(slicer.util.vtkMatrixFromArray(VolumeNodes.ijkToRas(grid)))
        node.CreateDefaultDisplayNodes()
        return node


def _ucum(unit: str):
    entry = slicer.vtkCodedEntry()
    entry.SetValueSchemeMeaning(unit, "UCUM", unit)
    return entry
