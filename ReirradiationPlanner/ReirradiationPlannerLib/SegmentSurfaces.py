"""Surfaces for segments that have none, so that they can be seen and drawn in 3D."""

from __future__ import annotations

from ReirradiationCore.courses import Structure

from .SegmentationNodes import CLOSED_SURFACE, PLANAR_CONTOUR, SegmentationNodes
from .SegmentStructures import SegmentStructures


class SegmentSurfaces:
    """Adds what Slicer converts by itself only where SlicerRT's conversion rules are there.

    :param node: vtkMRMLSegmentationNode.
    """

    def __init__(self, node):
        self._node = node

    def ensure(self, structures: tuple[Structure, ...], sliceSpacing: float) -> None:
        """Give every segment a closed surface; those that have one keep it.

        :param structures: structures of the segments, by name.
        :param sliceSpacing: mm, for structures of a single contour plane.
        """
        segmentation = self._node.GetSegmentation()
        if segmentation.GetSourceRepresentationName() != PLANAR_CONTOUR:
            self._node.CreateClosedSurfaceRepresentation()
            return
        byName = {structure.name: structure for structure in structures}
        for segmentId, name in SegmentStructures.names(self._node).items():
            segment = segmentation.GetSegment(segmentId)
            if name in byName and segment.GetRepresentation(CLOSED_SURFACE) is None:
                surface = SegmentationNodes.surface(byName[name], sliceSpacing)
                segment.AddRepresentation(CLOSED_SURFACE, surface)
