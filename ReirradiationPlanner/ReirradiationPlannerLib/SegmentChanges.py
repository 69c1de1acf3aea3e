"""Which segments of a segmentation changed since it was last looked at."""

from __future__ import annotations

import numpy as np
import slicer
import vtk
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
        different: dict[tuple[int, int], frozenset[int]] = {}
        found = set()
        for segmentId in before.keys() | now.keys():
            old, new = before.get(segmentId), now.get(segmentId)
            if old == new or (_sameButVoxels(old, new) and not _differs(old, new, different)):
                continue
            found.add(segmentId)
        return frozenset(found)

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
        matrix = vtk.vtkMatrix4x4()
        image.GetImageToWorldMatrix(matrix)
        self.place = slicer.util.arrayFromVTKMatrix(matrix).tolist()
        self.first = image.GetExtent()[4::-2]
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

    @property
    def box(self) -> tuple[slice, ...]:
        """Voxels of the segmentation that the layer holds."""
        return tuple(slice(f, f + n) for f, n in zip(self.first, self.array.shape, strict=True))

    def within(self, box: tuple[slice, ...]) -> np.ndarray:
        """Voxels in a box of the segmentation that the layer holds."""
        return self.array[
            tuple(slice(b.start - f, b.stop - f) for b, f in zip(box, self.first, strict=True))
        ]

    def labelsBeside(self, box: tuple[slice, ...]) -> set[int]:
        """Labels of the voxels outside a box."""
        labels: set[int] = set()
        rest = self.array
        for axis, (part, first) in enumerate(zip(box, self.first, strict=True)):
            rest = np.moveaxis(rest, axis, 0)
            low, high = part.start - first, part.stop - first
            for beside in (rest[:low], rest[high:]):
                labels |= _labels(beside)
            rest = np.moveaxis(rest[low:high], 0, axis)
        return labels


def _sameButVoxels(old: tuple | None, new: tuple | None) -> bool:
    if old is None or new is None or old[3] is None or new[3] is None:
        return False
    return old[:2] == new[:2] and old[4] == new[4]


def _differs(old: tuple, new: tuple, known: dict[tuple[int, int], frozenset[int]]) -> bool:
    """Whether the voxels of a segment are others; layers are compared once, for all of theirs."""
    pair = id(old[3]), id(new[3])
    if pair not in known:
        known[pair] = frozenset(_differentLabels(old[3], new[3]))
    return new[4] in known[pair]


def _differentLabels(old: _Layer, new: _Layer) -> set[int]:
    """Labels that are not at the same voxels in two layers."""
    if old.time == new.time:
        return set()
    both = tuple(
        slice(max(a.start, b.start), min(a.stop, b.stop))
        for a, b in zip(old.box, new.box, strict=True)
    )
    if old.place != new.place or any(part.stop <= part.start for part in both):
        return _labels(old.array) | _labels(new.array)
    labels = old.labelsBeside(both) | new.labelsBeside(both)
    before, after = old.within(both), new.within(both)
    other = before != after
    return labels | _labels(before[other]) | _labels(after[other])


def _labels(array: np.ndarray) -> set[int]:
    """Labels in an array, without background."""
    if not array.size:
        return set()
    isThere = np.zeros(int(array.max()) + 1, bool)
    isThere[array] = True
    return set(np.flatnonzero(isThere).tolist()) - {0}
