"""CT with a map over it: colours, legend, isodose lines, and what slice views show."""

from __future__ import annotations

import numpy as np
import slicer

from .ColorTables import ColorTables
from .IsodoseModels import IsodoseModels
from .MapStyle import MapStyle
from .VolumeNodes import VolumeNodes

SOFT_TISSUE_WINDOW_HU = 400.0
SOFT_TISSUE_LEVEL_HU = 40.0
MAP_OPACITY = 0.55
HATCH_OPACITY = 0.55
LARGEST_VALUE = 1e6


class DoseDisplay:
    """Sets display nodes only, so every host shows the same picture.

    :param scene: scene of the nodes.
    """

    def __init__(self, scene):
        self._scene = scene

    def styleImage(self, imageNode) -> None:
        """Soft-tissue window, grey."""
        display = imageNode.GetDisplayNode()
        display.SetAutoWindowLevel(False)
        display.SetWindowLevel(SOFT_TISSUE_WINDOW_HU, SOFT_TISSUE_LEVEL_HU)

    def styleMap(self, mapNode, style: MapStyle, maximum: float | None = None) -> None:
        """Colours, legend and lines of a map; voxels with NaN are not drawn.

        :param maximum: largest value to fit the colours to, for maps that are compared; None takes
            it from the map.
        """
        largest = DoseDisplay.largest(slicer.util.arrayFromVolume(mapNode))
        maximum = largest if maximum is None else maximum
        lower, upper = style.range(maximum)
        colors = ColorTables(self._scene).node(style.table, lower, upper, style.lowest(maximum))
        display = mapNode.GetDisplayNode()
        display.SetAndObserveColorNodeID(colors.GetID())
        display.SetInterpolate(style.smooth)
        display.SetAutoWindowLevel(False)
        display.SetWindowLevelMinMax(lower, upper)
        # a threshold also keeps voxels with NaN out of the picture
        display.SetThreshold(style.lowest(maximum), LARGEST_VALUE)
        display.ApplyThresholdOn()
        self._addLegend(mapNode, style, maximum)
        IsodoseModels(self._scene).add(
            mapNode,
            tuple(level for level in style.levels(maximum) if level < largest),
            lambda level: DoseDisplay.lineColor(style, level, upper),
            style.unit,
        )

    @staticmethod
    def largest(values: np.ndarray) -> float:
        """Largest known value; 0 where nothing is known."""
        return max(0.0, float(np.nanmax(values, initial=0.0, where=np.isfinite(values))))

    @staticmethod
    def lineColor(style: MapStyle, level: float, upper: float) -> tuple[float, float, float]:
        """Colour of an isodose line: that of the wash, or white where one line is the limit."""
        if style.lines is not None and len(style.lines) == 1:
            return (1.0, 1.0, 1.0)
        return ColorTables.colorAt(style.table, level / upper)

    def show(self, imageNode, mapNode, compositeNodes, hatchNode=None, *, legend=True) -> None:
        """Put a map over an image in slice views, and its legend and lines with it.

        :param mapNode: None shows the image alone.
        :param compositeNodes: vtkMRMLSliceCompositeNode of the views to change.
        :param hatchNode: label volume of what is unknown.
        :param legend: False where the legend stands beside the view.
        """
        for composite in compositeNodes:
            composite.SetBackgroundVolumeID(imageNode.GetID())
            composite.SetForegroundVolumeID(mapNode.GetID() if mapNode else None)
            composite.SetForegroundOpacity(MAP_OPACITY)
            composite.SetLabelVolumeID(hatchNode.GetID() if hatchNode else None)
            composite.SetLabelOpacity(HATCH_OPACITY)
        self._showPartsOf(mapNode, legend=legend)

    @staticmethod
    def jumpTo(sliceNodes, pointLps: tuple[float, float, float]) -> None:
        """Centre slice views at a point, LPS, mm."""
        for node in sliceNodes:
            node.JumpSliceByCentering(-pointLps[0], -pointLps[1], pointLps[2])

    def _showPartsOf(self, mapNode, *, legend: bool) -> None:
        """Show lines and legend of one map, hide those of the other maps of this module."""
        shown = mapNode.GetAttribute(VolumeNodes.MAP_ATTRIBUTE) if mapNode else None
        for node in self._mapParts("vtkMRMLModelNode"):
            visible = node.GetAttribute(VolumeNodes.MAP_ATTRIBUTE) == shown
            node.GetDisplayNode().SetVisibility(visible)
        for node in self._mapParts("vtkMRMLScalarVolumeNode"):
            ownLegend = slicer.vtkSlicerColorLogic.GetColorLegendDisplayNode(node)
            if ownLegend:
                ownLegend.SetVisibility(legend and node is mapNode)

    def _mapParts(self, className: str) -> list:
        nodes = self._scene.GetNodesByClass(className)
        found = [nodes.GetItemAsObject(place) for place in range(nodes.GetNumberOfItems())]
        return [node for node in found if node.GetAttribute(VolumeNodes.MAP_ATTRIBUTE)]

    def _addLegend(self, mapNode, style: MapStyle, maximum: float) -> None:
        legend = slicer.vtkSlicerColorLogic.AddDefaultColorLegendDisplayNode(mapNode)
        lower, upper = style.range(maximum)
        step = style.step(maximum)
        legend.SetTitleText(style.legend)
        legend.SetNumberOfLabels(round((upper - lower) / step) + 1)
        legend.SetLabelFormat("%.0f" if step >= 1 else "%.1f")
        legend.SetMaxNumberOfColors(256)
        legend.SetUseColorNamesForLabels(False)
        legend.SetVisibility(False)
