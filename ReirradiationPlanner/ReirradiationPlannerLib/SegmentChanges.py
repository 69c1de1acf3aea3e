"""Which segments of a segmentation changed since it was last looked at."""

from __future__ import annotations

import numpy as np
from vtk.util.numpy_support import vtk_to_numpy

from .SegmentContours import LABELMAP


class SegmentChanges:
    """Compares a segmentation with how it was.

    Segments share voxel layers, so that an edit of one touches the object of all; the voxels
    themselves are compared, which also finds the organ that was overwritten beside the edited one.

    :param node: vtkMRMLSegmentationNode.
    """

    def __init__(self, node):
        self._node = node
        self._before = self._state()

    def take(self) -> frozenset[str]:
        """IDs of the segments that changed, came, went or were renamed since the last call."""
        before, now = self._before, self._state()
        self._before = now
        changed = {i for i in before.keys() | now.keys() if before.get(i) != now.get(i)}
        shared = {i for i in changed if i in before and i in now and _sameButVoxels(before, now, i)}
        return frozenset(i for i in changed if i not in shared or _differs(before[i], now[i]))

    def _state(self) -> dict[str, tuple]:
        segmentation = self._node.GetSegmentation()
        source = segmentation.GetSourceRepresentationName()
        state, layers = {}, {}
        for place in range(segmentation.GetNumberOfSegments()):
            segmentId = segmentation.GetNthSegmentID(place)
            segment = segmentation.GetSegment(segmentId)
            data = segment.GetRepresentation(source)
            head = (segment.GetName(), source)
            if data is None:
                state[segmentId] = (*head, None, None, 0)
            elif source == LABELMAP:
                key = data.__this__
                if key not in layers:
                    layers[key] = _Layer(data, self._known(data.GetMTime()))
                state[segmentId] = (*head, data.GetMTime(), layers[key], segment.GetLabelValue())
            else:
                state[segmentId] = (*head, data.GetMTime(), None, 0)
        return state

    def _known(self, time: int):
        """Voxels of a layer that did not change, so that they are not copied again."""
        layers = (entry[3] for entry in getattr(self, "_before", {}).values() if entry[3])
        return next((layer.array for layer in layers if layer.time == time), None)


class _Layer:
    """Voxels of a layer as they were, with the place of the first."""

    def __init__(self, image, known):
        self.time = image.GetMTime()
        extent = image.GetExtent()
        self.first = np.array(extent[4::-2])
        scalars = image.GetPointData().GetScalars()
        self.array = known
        if known is None:
            shape = image.GetDimensions()[::-1]
            empty = np.zeros((0, 0, 0), np.uint8)
            self.array = vtk_to_numpy(scalars).reshape(shape).copy() if scalars else empty

    def __eq__(self, other):
        return isinstance(other, _Layer) and self.time == other.time

    def __hash__(self):
        return hash(self.time)

    def box(self, label: int) -> tuple[tuple, np.ndarray]:
        """Where the voxels of a label are, and which voxels of that box they are."""
        mask = self.array == label
        if not mask.any():
            return ((0, 0, 0), (0, 0, 0)), np.zeros((0, 0, 0), bool)
        spans = [np.flatnonzero(mask.any(axis=tuple({0, 1, 2} - {axis}))) for axis in range(3)]
        inner = tuple(slice(span[0], span[-1] + 1) for span in spans)
        low = tuple(int(f + span[0]) for f, span in zip(self.first, spans, strict=True))
        return (low, mask[inner].shape), mask[inner]


def _sameButVoxels(before: dict, now: dict, segmentId: str) -> bool:
    old, new = before[segmentId], now[segmentId]
    return old[:2] == new[:2] and old[3] is not None and new[3] is not None


def _differs(old: tuple, new: tuple) -> bool:
    """Whether the voxels of a segment are others."""
    (oldPlace, oldMask), (newPlace, newMask) = old[3].box(old[4]), new[3].box(new[4])
    return oldPlace != newPlace or not np.array_equal(oldMask, newMask)
