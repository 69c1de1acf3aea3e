"""Structures of a prior course on the reference image, dashed."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk
import slicer
import vtk
from ReirradiationCore.courses import Structure, StructureKind
from ReirradiationCore.point_transforms import inverse_points
from vtk.util.numpy_support import numpy_to_vtk, vtk_to_numpy

from .CaseNodes import CaseNodes
from .SegmentationNodes import SegmentationNodes

DASH_MM = 4.0
LINE_WIDTH = 2


class PriorContours:
    """Makes one model per structure of a prior course, brought onto the reference image.

    Slice views have no dashed outlines. The surface of each structure is left out in every second
    cube of a chequerboard, so every slice through it shows dashes, in every host.

    :param scene: scene that gets the nodes.
    """

    def __init__(self, scene):
        self._scene = scene

    def add(
        self,
        structures: tuple[Structure, ...],
        referenceToPrior: sitk.Transform | None,
        sliceSpacing: float,
        course: str,
        label: str,
    ) -> list:
        """Models in the colours of the structures; those of targets are visible, others hidden.

        :param referenceToPrior: maps points of the reference image to the prior image (LPS, mm);
            None where both share one frame of reference.
        :param sliceSpacing: of the prior image, mm.
        :param label: course as the user knows it, for the names of the models.
        :return: vtkMRMLModelNode, one per structure that the registration reaches.
        """
        models = []
        for structure in structures:
            surface = SegmentationNodes.surface(structure, sliceSpacing)
            surface = dashed(onReference(surface, referenceToPrior), DASH_MM)
            if not surface.GetNumberOfCells():
                continue
            name = f"{structure.name}, {label}"
            model = self._scene.AddNewNodeByClass("vtkMRMLModelNode", name)
            CaseNodes.mark(model, CaseNodes.PRIOR_CONTOUR, course, structure.name)
            model.SetAndObservePolyData(surface)
            model.CreateDefaultDisplayNodes()
            _style(model.GetDisplayNode(), structure)
            models.append(model)
        return models

    def show(self, visible: bool, course: str = "", structure: str = "") -> None:
        """Show or hide the contours of a course or of one structure; empty stands for all."""
        nodes = CaseNodes(self._scene)
        for model in nodes.all(CaseNodes.PRIOR_CONTOUR, course, structure):
            model.GetDisplayNode().SetVisibility(visible)


def onReference(surface, referenceToPrior: sitk.Transform | None):
    """Surface of the prior image, RAS, mm, moved to the reference image.

    Triangles with a corner that the registration does not reach are left out: where they belong is
    not known.

    :return: vtkPolyData.
    """
    if referenceToPrior is None or not surface.GetNumberOfPoints():
        return surface
    toLps = np.array([-1.0, -1.0, 1.0])
    points = vtk_to_numpy(surface.GetPoints().GetData()) * toLps
    found, known = inverse_points(referenceToPrior, points)
    moved = vtk.vtkPoints()
    moved.SetData(numpy_to_vtk((found * toLps).astype(np.float32), deep=1))
    result = vtk.vtkPolyData()
    result.SetPoints(moved)
    result.SetPolys(surface.GetPolys())
    return withTriangles(result, known[triangles(surface)].all(axis=1))


def dashed(surface, dashMm: float):
    """Surface without its triangles in every second cube of a chequerboard.

    :return: vtkPolyData.
    """
    if not surface.GetNumberOfPoints():
        return surface
    points = vtk_to_numpy(surface.GetPoints().GetData())
    middles = points[triangles(surface)].mean(axis=1)
    cubes = np.floor(middles / dashMm).astype(int).sum(axis=1)
    return withTriangles(surface, cubes % 2 == 0)


def triangles(surface) -> np.ndarray:
    """Point indices of the triangles of a surface; shape (N, 3)."""
    return vtk_to_numpy(surface.GetPolys().GetConnectivityArray()).reshape(-1, 3)


def withTriangles(surface, keep: np.ndarray):
    """Surface of some of the triangles and the points that they use.

    :return: vtkPolyData.
    """
    kept = triangles(surface)[keep].astype(np.int64)
    used, index = np.unique(kept, return_inverse=True)
    points, cells, part = vtk.vtkPoints(), vtk.vtkCellArray(), vtk.vtkPolyData()
    points.SetData(numpy_to_vtk(vtk_to_numpy(surface.GetPoints().GetData())[used], deep=1))
    offsets = np.arange(len(kept) + 1, dtype=np.int64) * 3
    cells.SetData(
        numpy_to_vtk(offsets, deep=1, array_type=vtk.VTK_ID_TYPE),
        numpy_to_vtk(index.astype(np.int64).ravel(), deep=1, array_type=vtk.VTK_ID_TYPE),
    )
    part.SetPoints(points)
    part.SetPolys(cells)
    return part


def _style(display: slicer.vtkMRMLModelDisplayNode, structure: Structure) -> None:
    display.SetColor(*(np.array(structure.color_rgb) / 255.0).tolist())
    display.SetVisibility(structure.kind is StructureKind.TARGET)
    display.SetVisibility2D(True)
    display.SetVisibility3D(False)
    display.SetSliceIntersectionThickness(LINE_WIDTH)
    display.BackfaceCullingOff()
