"""Organs in 3D, coloured by how much of their limit is used."""

from __future__ import annotations

import numpy as np
import slicer
import vtk
from ReirradiationCore.grids import Volume
from vtk.util.numpy_support import numpy_to_vtk, vtk_to_numpy

from .CaseNodes import CaseNodes
from .ColorTables import ColorTables, displayData
from .MapStyle import MapStyle
from .SegmentationNodes import CLOSED_SURFACE
from .VolumeNodes import VolumeNodes

COLORS = "Colour by tolerance used"
VALUES = "Tolerance used (%)"
# looked for along the inward normal, in voxels of the map: the rim of an organ is half outside it
DEPTHS = (0.5, 1.0, 1.5)
LEAST_OPACITY = 0.12
# what is not known is neither hidden nor in the way
UNKNOWN_AS_PERCENT = 60.0


class OrganSurfaces:
    """Makes one model per organ with a limit, coloured point by point.

    The colours stand in the model itself, so that a scene shows them alike in every host; what is
    not known is grey. Where organs overlap the map, and so the surface, shows the smaller limit.

    :param scene: scene that gets the nodes.
    """

    def __init__(self, scene):
        self._scene = scene

    def add(self, segmentationNode, names: tuple[str, ...], tolerance: Volume) -> list:
        """Models of these segments; those without a surface are left out.

        :param tolerance: per cent of the limit, NaN where not known or without a limit.
        :return: vtkMRMLModelNode.
        """
        segmentation, models = segmentationNode.GetSegmentation(), []
        for place in range(segmentation.GetNumberOfSegments()):
            segment = segmentation.GetNthSegment(place)
            surface = segment.GetRepresentation(CLOSED_SURFACE)
            if segment.GetName() not in names or not surface.GetNumberOfPoints():
                continue
            model = self._scene.AddNewNodeByClass(
                "vtkMRMLModelNode", f"{segment.GetName()}, tolerance used"
            )
            CaseNodes.mark(model, CaseNodes.ORGAN_SURFACE, structure=segment.GetName())
            model.SetAndObservePolyData(_withNormals(surface))
            model.CreateDefaultDisplayNodes()
            self.color(model, tolerance)
            _style(model.GetDisplayNode())
            models.append(model)
        return models

    def color(self, model, tolerance: Volume) -> None:
        """Colour a model by a map, as after a change of alpha/beta, recovery or prescription."""
        surface = model.GetPolyData()
        percent = percentAt(surface, tolerance)
        for name, values in ((VALUES, percent.astype(np.float32)), (COLORS, colorsOf(percent))):
            array = numpy_to_vtk(values, deep=1)
            array.SetName(name)
            surface.GetPointData().AddArray(array)
        surface.GetPointData().SetActiveScalars(COLORS)
        surface.Modified()

    def show(self, visible: bool, structure: str = "") -> None:
        """Show or hide the surface of one organ in 3D views; empty stands for all."""
        for model in CaseNodes(self._scene).all(CaseNodes.ORGAN_SURFACE, structure=structure):
            model.GetDisplayNode().SetVisibility(visible)


def percentAt(surface, tolerance: Volume) -> np.ndarray:
    """Per cent of the limit just inside each point of a surface with outward normals; NaN unknown.

    :return: ndarray of shape (N,).
    """
    toLps = np.array([-1.0, -1.0, 1.0])
    points = vtk_to_numpy(surface.GetPoints().GetData()) * toLps
    normals = vtk_to_numpy(surface.GetPointData().GetNormals()) * toLps
    found = np.full(len(points), np.nan)
    step = float(np.mean(tolerance.grid.spacing_mm))
    for depth in DEPTHS:
        missing = np.flatnonzero(np.isnan(found))
        inside = points[missing] - depth * step * normals[missing]
        found[missing] = VolumeNodes.nearest(tolerance, inside)
    return found


def colorsOf(percent: np.ndarray) -> np.ndarray:
    """Red, green, blue, opacity 0..255 of per cents of a limit; colours as on the map, NaN grey.

    The more of its limit is used the less is seen through an organ, so that what matters shows
    behind what does not.

    :return: ndarray of uint8, shape (N, 4).
    """
    style = MapStyle.forKey("tolerance_percent")
    table = ColorTables.colors(style.table)
    known = np.isfinite(percent)
    share = np.clip(np.where(known, percent, 0.0) / style.upper, 0.0, 1.0)
    colors = table[(share * (len(table) - 1) + 1e-6).astype(int)]
    colors[~known] = displayData("colors.json")["withoutLimit"]["color"]
    used = np.clip(np.where(known, percent, UNKNOWN_AS_PERCENT) / 100.0, 0.0, 1.0)
    opacity = LEAST_OPACITY + (1.0 - LEAST_OPACITY) * used**2
    return np.round(255 * np.column_stack([colors, opacity])).astype(np.uint8)


def _withNormals(surface):
    """Smoothed copy with normals that point outwards.

    :return: vtkPolyData.
    """
    normals = vtk.vtkPolyDataNormals()
    normals.SetInputData(surface)
    normals.SplittingOff()
    normals.AutoOrientNormalsOn()
    normals.Update()
    copy = vtk.vtkPolyData()
    copy.DeepCopy(normals.GetOutput())
    return copy


def _style(display) -> None:
    display.SetActiveScalar(COLORS, vtk.vtkAssignAttribute.POINT_DATA)
    display.SetScalarRangeFlag(slicer.vtkMRMLDisplayNode.UseDirectMapping)
    display.SetScalarVisibility(True)
    display.SetVisibility(False)
    display.SetVisibility2D(False)
    display.SetAmbient(0.3)
