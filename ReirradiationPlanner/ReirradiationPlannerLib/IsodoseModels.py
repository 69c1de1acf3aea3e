"""Isodose surfaces as models, drawn as lines in slice views."""

from __future__ import annotations

import numpy as np
import slicer
import vtk
from ReirradiationCore.grids import Grid, Volume
from vtk.util.numpy_support import numpy_to_vtk, vtk_to_numpy

from .CaseNodes import CaseNodes
from .SegmentationNodes import isosurface
from .VolumeNodes import VolumeNodes

LINE_WIDTH = 2


class IsodoseModels:
    """Makes one model per level of a map, as SlicerRT's Isodose module does.

    :param scene: scene that gets the nodes.
    """

    def __init__(self, scene):
        self._scene = scene

    def add(self, mapNode, levels: tuple[float, ...], colors, unit: str) -> list:
        """Models of a map at the given levels.

        :param colors: function from a level to red, green, blue, 0..1.
        :param unit: unit of the levels, for the names of the models.
        :return: vtkMRMLModelNode, one per level that occurs.
        """
        values = VolumeNodes.toVolume(mapNode)
        key = mapNode.GetAttribute(VolumeNodes.MAP_ATTRIBUTE) or mapNode.GetName()
        models = []
        for level in levels:
            name = f"{mapNode.GetName()} {level:g} {unit}"
            model = self.addOne(values.array, values.grid, level, name, colors(level))
            if model is not None:
                models.append(CaseNodes.mark(model, CaseNodes.ISODOSE, mapKey=key))
        return models

    def addOne(self, array: np.ndarray, grid: Grid, level: float, name: str, color):
        """Model of one level of values on a grid; None where the level does not occur.

        :return: vtkMRMLModelNode.
        """
        surface = IsodoseModels.surface(Volume(array, grid), level)
        if surface.GetNumberOfCells() == 0:
            return None
        model = self._scene.AddNewNodeByClass("vtkMRMLModelNode", name)
        model.SetAndObservePolyData(surface)
        model.CreateDefaultDisplayNodes()
        self._style(model.GetDisplayNode(), color)
        return model

    @staticmethod
    def surface(values: Volume, level: float):
        """Surface of a level in RAS, mm; it ends where the map is unknown.

        :return: vtkPolyData.
        """
        known = np.isfinite(values.array)
        mesh = isosurface(np.where(known, values.array, 0.0), level)
        if not mesh.GetNumberOfPoints():
            return mesh
        if not known.all():
            mesh = _withoutUnknown(mesh, known)
        return _toRas(mesh, values.grid)

    @staticmethod
    def _style(display, color) -> None:
        display.SetColor(*color)
        display.SetVisibility2D(True)
        display.SetVisibility3D(False)
        display.SetSliceIntersectionThickness(LINE_WIDTH)
        display.SetOpacity(0.3)
        display.SetSliceIntersectionOpacity(1.0)


def _toRas(mesh, grid: Grid):
    """Mesh in voxel indices as a mesh in RAS, mm."""
    toPhysical = vtk.vtkTransform()
    toPhysical.SetMatrix(slicer.util.vtkMatrixFromArray(VolumeNodes.ijkToRas(grid)))
    moved = vtk.vtkTransformPolyDataFilter()
    moved.SetInputData(mesh)
    moved.SetTransform(toPhysical)
    moved.Update()
    return moved.GetOutput()


def _withoutUnknown(mesh, known: np.ndarray):
    """Drop triangles that touch an edge between a known and an unknown voxel.

    The surface crosses edges of voxels, so each of its points has one voxel at either end.
    """
    points = vtk_to_numpy(mesh.GetPoints().GetData())
    last = np.array(known.shape[::-1]) - 1
    lower = np.clip(np.floor(points + 1e-4).astype(int), 0, last)
    upper = np.clip(np.ceil(points - 1e-4).astype(int), 0, last)
    good = known[tuple(lower.T[::-1])] & known[tuple(upper.T[::-1])]
    triangles = vtk_to_numpy(mesh.GetPolys().GetConnectivityArray()).reshape(-1, 3)
    kept = triangles[good[triangles].all(axis=1)]
    cells = vtk.vtkCellArray()
    offsets = np.arange(len(kept) + 1, dtype=np.int64) * 3
    cells.SetData(
        numpy_to_vtk(offsets, deep=1, array_type=vtk.VTK_ID_TYPE),
        numpy_to_vtk(kept.astype(np.int64).ravel(), deep=1, array_type=vtk.VTK_ID_TYPE),
    )
    clipped = vtk.vtkPolyData()
    clipped.SetPoints(mesh.GetPoints())
    clipped.SetPolys(cells)
    clean = vtk.vtkCleanPolyData()
    clean.PointMergingOff()
    clean.SetInputData(clipped)
    clean.Update()
    return clean.GetOutput()
