"""Structures as segmentation nodes."""

from __future__ import annotations

import numpy as np
import slicer
import vtk
from ReirradiationCore.contour_planes import ContourStack, plane_coverage, stack_contours
from ReirradiationCore.courses import Structure, StructureKind
from ReirradiationCore.errors import GeometryError
from vtk.util.numpy_support import numpy_to_vtk, vtk_to_numpy

PLANAR_CONTOUR = "Planar contour"
CLOSED_SURFACE = "Closed surface"
# pixels on which a structure is meshed: most organs at the finest, the body at about 3 mm
VOXELS_TO_MESH = 700_000
FINEST_MM = 1.0


class SegmentationNodes:
    """Makes segmentation nodes in a scene.

    Each segment holds the contours as SlicerRT does (*Planar contour*, closed polylines in RAS)
    and a *Closed surface* through the half-coverage of the contours, which is what views draw.

    :param scene: scene that gets the nodes.
    """

    def __init__(self, scene):
        self._scene = scene

    def add(self, structures: tuple[Structure, ...], name: str, referenceNode):
        """Segmentation with one segment per structure, in order; segment IDs are ``ROI_<number>``.

        :param referenceNode: image the structures were drawn on, a vtkMRMLScalarVolumeNode.
        :return: vtkMRMLSegmentationNode drawn as outlines.
        """
        node = self._scene.AddNewNodeByClass("vtkMRMLSegmentationNode", name)
        node.SetReferenceImageGeometryParameterFromVolumeNode(referenceNode)
        segmentation = node.GetSegmentation()
        segmentation.SetSourceRepresentationName(CLOSED_SURFACE)
        spacing = referenceNode.GetSpacing()[2]
        for structure in structures:
            segment = slicer.vtkSegment()
            segment.SetName(structure.name)
            segment.SetColor(np.array(structure.color_rgb) / 255.0)
            segment.AddRepresentation(PLANAR_CONTOUR, SegmentationNodes.contours(structure))
            segment.AddRepresentation(CLOSED_SURFACE, SegmentationNodes.surface(structure, spacing))
            segmentation.AddSegment(segment, SegmentationNodes.segmentId(structure))
        node.CreateDefaultDisplayNodes()
        SegmentationNodes.style(node.GetDisplayNode(), structures)
        return node

    @staticmethod
    def segmentId(structure: Structure) -> str:
        """Identifier of the segment of a structure."""
        return f"ROI_{structure.roi_number}"

    @staticmethod
    def contours(structure: Structure):
        """Contours as closed polylines in RAS, mm, one cell each.

        :return: vtkPolyData.
        """
        points = vtk.vtkPoints()
        cells = vtk.vtkCellArray()
        loops = structure.contours
        stacked = np.concatenate(loops) if loops else np.empty((0, 3))
        points.SetData(numpy_to_vtk(stacked * [-1.0, -1.0, 1.0], deep=1))
        first = 0
        for loop in loops:
            line = [*range(first, first + len(loop)), first]
            cells.InsertNextCell(len(line), line)
            first += len(loop)
        contours = vtk.vtkPolyData()
        contours.SetPoints(points)
        contours.SetLines(cells)
        return contours

    @staticmethod
    def surface(structure: Structure, sliceSpacing: float):
        """Surface in RAS, mm, through the pixels that the contours half cover.

        It ends half a slice beyond the first and last contour and at gaps between contours.

        :param sliceSpacing: mm, used for a structure of a single contour plane.
        :return: vtkPolyData.
        """
        try:
            stack = stack_contours(structure, sliceSpacing)
        except GeometryError:
            # contours that enclose nothing have no surface; the evaluation says so in its results
            return vtk.vtkPolyData()
        append = vtk.vtkAppendPolyData()
        for run in stack.runs():
            append.AddInputData(_runSurface(stack, run))
        append.Update()
        return append.GetOutput()

    @staticmethod
    def contourArray(node, segmentId: str) -> np.ndarray:
        """Points of the planar contours of a segment, LPS, mm; shape (N, 3)."""
        contours = node.GetSegmentation().GetSegment(segmentId).GetRepresentation(PLANAR_CONTOUR)
        return vtk_to_numpy(contours.GetPoints().GetData()) * [-1.0, -1.0, 1.0]

    @staticmethod
    def outline(node) -> None:
        """Draw the structures of a user as outlines: filled ones hide the map below them."""
        display = node.GetDisplayNode() if node is not None else None
        if display is not None:
            display.SetVisibility2DFill(False)

    @staticmethod
    def style(display, structures: tuple[Structure, ...]) -> None:
        """Draw outlines on slices, and a body that does not hide what is in it."""
        display.SetPreferredDisplayRepresentationName2D(CLOSED_SURFACE)
        display.SetPreferredDisplayRepresentationName3D(CLOSED_SURFACE)
        display.SetVisibility2DFill(False)
        display.SetSliceIntersectionThickness(2)
        for structure in structures:
            segmentId = SegmentationNodes.segmentId(structure)
            isBody = structure.kind is StructureKind.EXTERNAL
            display.SetSegmentOpacity3D(segmentId, 0.12 if isBody else 0.6)
            display.SetSegmentOpacity2DOutline(segmentId, 0.45 if isBody else 1.0)


def _runSurface(stack: ContourStack, run: range):
    """Surface in RAS, mm, of contour planes that follow each other."""
    low, high = stack.box_mm()
    pixel = max(FINEST_MM, float(np.sqrt(np.prod(high - low) * len(run) / VOXELS_TO_MESH)))
    columns, rows = (np.ceil((high - low) / pixel).astype(int) + 4).tolist()
    corner = tuple((low - 2 * pixel).tolist())
    coverage = np.zeros((len(run) + 2, rows, columns), dtype=np.float32)
    for plane, place in enumerate(run, start=1):
        loops = stack.loops[place]
        coverage[plane] = plane_coverage(loops, corner, (pixel, pixel), (rows, columns))
    mesh = isosurface(coverage, 0.5)
    if not mesh.GetNumberOfPoints():
        return mesh
    index = vtk_to_numpy(mesh.GetPoints().GetData()).astype(float)
    positions = stack.positions_mm[run.start : run.stop]
    between = np.array([-1.0, 1.0]) * stack.slice_spacing_mm
    heights = np.concatenate([positions[:1] + between[0], positions, positions[-1:] + between[1]])
    local = np.column_stack(
        [
            corner[0] + (index[:, 0] + 0.5) * pixel,
            corner[1] + (index[:, 1] + 0.5) * pixel,
            np.interp(index[:, 2], np.arange(len(heights)), heights),
        ]
    )
    ras = (local @ stack.axes.T) * [-1.0, -1.0, 1.0]
    mesh.GetPoints().SetData(numpy_to_vtk(ras.astype(np.float32), deep=1))
    return mesh


def isosurface(values: np.ndarray, level: float):
    """Surface of a level of an array ``[k, j, i]``, points in voxel indices ``i, j, k``.

    :return: vtkPolyData without scalars.
    """
    image = vtk.vtkImageData()
    image.SetDimensions(values.shape[::-1])
    array = np.ascontiguousarray(values, dtype=np.float32)
    image.GetPointData().SetScalars(numpy_to_vtk(array.ravel(), deep=1))
    flying = vtk.vtkFlyingEdges3D()
    flying.SetInputData(image)
    flying.SetValue(0, float(level))
    flying.ComputeScalarsOff()
    flying.ComputeGradientsOff()
    flying.ComputeNormalsOff()
    flying.Update()
    return flying.GetOutput()
