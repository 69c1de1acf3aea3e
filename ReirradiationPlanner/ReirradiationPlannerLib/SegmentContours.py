"""Contours of a segment, from the representation that is the source of its segmentation."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import vtk
from ReirradiationCore.errors import GeometryError
from ReirradiationCore.grids import Grid, Volume
from ReirradiationCore.pixel_outlines import mask_contours
from vtk.util.numpy_support import vtk_to_numpy

from .SegmentationNodes import CLOSED_SURFACE, PLANAR_CONTOUR
from .VolumeNodes import VolumeNodes

LABELMAP = "Binary labelmap"
# a cut exactly through the points of a surface is not defined
BESIDE_POINTS_MM = 1e-4
RAS_TO_LPS = np.array([-1.0, -1.0, 1.0])


class SegmentContours:
    """Reads segments as closed planar contours, LPS, mm.

    The source representation decides, since it alone is kept up to date by Slicer: contours as
    drawn (*Planar contour*); after an edit in Segment Editor the voxels, outlined along their
    edges (*Binary labelmap*); else the surface, cut on the planes of the image (*Closed surface*).

    :param node: vtkMRMLSegmentationNode.
    """

    def __init__(self, node):
        self._node = node

    @property
    def source(self) -> str:
        """Name of the source representation."""
        return self._node.GetSegmentation().GetSourceRepresentationName() or ""

    def loops(self, segmentId: str, image: Volume | None) -> list[np.ndarray]:
        """Contours of a segment; empty if it has none.

        :param image: volume whose planes a surface is cut on; not needed for the others.
        :raises GeometryError: a surface that is not closed or has no image to be cut on, and
            representations that hold no shape.
        """
        segment = self._node.GetSegmentation().GetSegment(segmentId)
        if self.source == PLANAR_CONTOUR:
            drawn = segment.GetRepresentation(PLANAR_CONTOUR)
            return [] if drawn is None else SegmentContours.polylines(drawn)
        if self.source == LABELMAP:
            return list(SegmentContours._outlines(segment))
        if self.source == CLOSED_SURFACE:
            surface = segment.GetRepresentation(CLOSED_SURFACE)
            return [] if surface is None else SegmentContours._cut(segment, surface, image)
        msg = (
            f"{self._node.GetName()}: its source representation '{self.source}' cannot be read; "
            "make it a binary labelmap or closed surface in the Segmentations module"
        )
        raise GeometryError(msg)

    @staticmethod
    def polylines(polyData) -> list[np.ndarray]:
        """Points (N, 3) of each line, LPS, mm, without the repeated first point."""
        if not polyData.GetNumberOfLines():
            return []
        points = vtk_to_numpy(polyData.GetPoints().GetData()).astype(float) * RAS_TO_LPS
        lines = polyData.GetLines()
        ids = vtk_to_numpy(lines.GetConnectivityArray())
        ends = vtk_to_numpy(lines.GetOffsetsArray())
        loops = []
        for start, end in pairwise(ends):
            line = ids[start:end]
            closes = len(line) > 1 and line[0] == line[-1]
            loops.append(points[line[:-1] if closes else line])
        return loops

    @staticmethod
    def _outlines(segment) -> tuple[np.ndarray, ...]:
        """Outlines of a segment along its voxels, which may share a layer with other segments."""
        layer = segment.GetRepresentation(LABELMAP)
        scalars = layer.GetPointData().GetScalars() if layer is not None else None
        if scalars is None:
            return ()
        array = vtk_to_numpy(scalars).reshape(layer.GetDimensions()[::-1])
        return mask_contours(array == segment.GetLabelValue(), SegmentContours._grid(layer))

    @staticmethod
    def _grid(image) -> Grid:
        matrix = vtk.vtkMatrix4x4()
        image.GetImageToWorldMatrix(matrix)
        return VolumeNodes.grid(matrix, image.GetDimensions(), image.GetExtent()[::2])

    @staticmethod
    def _cut(segment, surface, image: Volume | None) -> list[np.ndarray]:
        if image is None:
            msg = (
                f"{segment.GetName()}: a surface needs the planning CT, on whose planes it is cut; "
                "load the CT"
            )
            raise GeometryError(msg)
        cutter = SegmentContours._cutter(surface, image.grid)
        stripper = vtk.vtkStripper()
        stripper.JoinContiguousSegmentsOn()
        stripper.SetMaximumLength(1_000_000)
        stripper.SetInputConnection(cutter.GetOutputPort())
        stripper.Update()
        lines = stripper.GetOutput()
        if not lines.GetNumberOfLines():
            return []
        ends = vtk_to_numpy(lines.GetLines().GetOffsetsArray())
        ids = vtk_to_numpy(lines.GetLines().GetConnectivityArray())
        if np.any(ids[ends[:-1]] != ids[ends[1:] - 1]):
            msg = f"{segment.GetName()}: its surface is not closed; repair it in Segment Editor"
            raise GeometryError(msg)
        return SegmentContours.polylines(lines)

    @staticmethod
    def _cutter(surface, grid: Grid):
        toRas = VolumeNodes.ijkToRas(grid)
        normal = toRas[:3, 2] / grid.spacing_mm[2]
        plane = vtk.vtkPlane()
        plane.SetOrigin(*toRas[:3, 3])
        plane.SetNormal(*normal)
        points = vtk_to_numpy(surface.GetPoints().GetData())
        along = (points - toRas[:3, 3]) @ normal / grid.spacing_mm[2]
        clean = vtk.vtkCleanPolyData()
        clean.SetInputData(surface)
        cutter = vtk.vtkCutter()
        cutter.SetInputConnection(clean.GetOutputPort())
        cutter.SetCutFunction(plane)
        cutter.GenerateTrianglesOff()
        planes = np.arange(np.ceil(along.min() - 1e-6), np.floor(along.max() + 1e-6) + 1)
        for number, k in enumerate(planes):
            cutter.SetValue(number, k * grid.spacing_mm[2] + BESIDE_POINTS_MM)
        return cutter
