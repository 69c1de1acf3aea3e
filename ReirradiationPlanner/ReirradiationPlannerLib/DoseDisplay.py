"""CT with a map over it: colours, legend, isodose lines, and what slice views show."""

from __future__ import annotations

import numpy as np
import slicer

from .CaseNodes import CaseNodes
from .ColorTables import ColorTables
from .IsodoseModels import IsodoseModels
from .MapStyle import MapStyle
from .UnknownRegion import NOT_KNOWN, UnknownRegion
from .VolumeNodes import VolumeNodes

SOFT_TISSUE_WINDOW_HU = 400.0
SOFT_TISSUE_LEVEL_HU = 40.0
MAP_OPACITY = 0.55
HATCH_OPACITY = 0.55
LARGEST_VALUE = 1e6
HATCHED = "hatched: not known"


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
        self._color(mapNode, style, colors, (lower, upper), style.lowest(maximum))
        step = style.step(maximum)
        legend = self._addLegend(mapNode, style.legend)
        legend.SetNumberOfLabels(round((upper - lower) / step) + 1)
        legend.SetLabelFormat("%.0f" if step >= 1 else "%.1f")
        legend.SetUseColorNamesForLabels(False)
        levels = tuple(level for level in style.levels(maximum) if level < largest)
        self._addLines(mapNode, style, levels, upper)

    def styleRelative(self, mapNode, style: MapStyle, prescriptionGy: float) -> None:
        """Colours, legend and lines of a map of doses at per cents of a prescription.

        :param prescriptionGy: the dose that is 100 %, in the quantity of the map.
        :raises ValueError: a map that is not in Gy, or a prescription that is not positive.
        """
        if style.unit != "Gy" or not prescriptionGy > 0:
            reason = f"{style.title} in {style.unit} relative to {prescriptionGy:g} Gy: needs doses"
            raise ValueError(reason)
        largest = DoseDisplay.largest(slicer.util.arrayFromVolume(mapNode))
        levels = style.relativeLevels(prescriptionGy, largest)
        lowest, upper = min(levels, default=0.0), max(largest, prescriptionGy)
        colors = ColorTables(self._scene).relativeNode(style.table, upper, levels, lowest)
        self._color(mapNode, style, colors, (0.0, upper), lowest)
        legend = self._addLegend(mapNode, f"% of {prescriptionGy:g} Gy")
        legend.SetUseColorNamesForLabels(True)
        self._addLines(mapNode, style, tuple(levels), upper)

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

    def setLevels(self, mapNode, levels: tuple[float, ...]) -> list:
        """Draw isodoses of a map at these values instead of its own; returns their models."""
        style = MapStyle.forKey(mapNode.GetAttribute(VolumeNodes.MAP_ATTRIBUTE))
        return self._addLines(mapNode, style, levels, mapNode.GetDisplayNode().GetWindowLevelMax())

    def isodoses(self, mapNode) -> list:
        """Isodose models of a map, vtkMRMLModelNode."""
        key = mapNode.GetAttribute(VolumeNodes.MAP_ATTRIBUTE)
        return CaseNodes(self._scene).all(CaseNodes.ISODOSE, mapKey=key)

    def showIsodoses(self, mapNode, *, lines: bool, surfaces: bool) -> None:
        """Draw the isodoses of a map as lines in slice views, as surfaces in 3D views, or not."""
        for model in self.isodoses(mapNode):
            model.GetDisplayNode().SetVisibility2D(lines)
            model.GetDisplayNode().SetVisibility3D(surfaces)

    @staticmethod
    def setThreshold(mapNode, lowest: float, highest: float = LARGEST_VALUE) -> None:
        """Colour only values from ``lowest`` to ``highest``, in the unit of the map."""
        mapNode.GetDisplayNode().SetThreshold(lowest, highest)

    @staticmethod
    def setOpacity(compositeNodes, opacity: float) -> None:
        """Opacity 0..1 of the map over the image in slice views."""
        for composite in compositeNodes:
            composite.SetForegroundOpacity(opacity)

    def showMap(self, key: str | None, compositeNodes, *, legend=True) -> None:
        """Show a map of the case by its name over the reference image; None shows the image."""
        nodes = CaseNodes(self._scene)
        mapNode = nodes.maps()[key] if key else None
        image, hatch = nodes.first(CaseNodes.IMAGE), CaseNodes.hatchOf(mapNode)
        self.show(image, mapNode, compositeNodes, hatch, legend=legend)

    def show(self, imageNode, mapNode, compositeNodes, hatchNode=None, *, legend=True) -> None:
        """Put a map over an image in slice views, and its legend and lines with it.

        :param mapNode: None shows the image alone.
        :param compositeNodes: vtkMRMLSliceCompositeNode of the views to change.
        :param hatchNode: label volume of what is unknown.
        :param legend: False where the legend stands beside the view.
        """
        for composite in compositeNodes:
            DoseDisplay.fill(composite, imageNode, mapNode, hatchNode)
        self.showPartsOf((mapNode,), legend=legend)

    @staticmethod
    def fill(composite, imageNode, mapNode, hatchNode=None) -> None:
        """Put an image, a map over it and a hatch into one slice view."""
        wasModifying = composite.StartModify()
        composite.SetBackgroundVolumeID(imageNode.GetID())
        # dose and hatch reach beyond the end of a prior image
        composite.SetClipToBackgroundVolume(False)
        before = composite.GetNodeReference("foregroundVolume")
        composite.SetForegroundVolumeID(mapNode.GetID() if mapNode else None)
        if before is None or not before.GetAttribute(VolumeNodes.MAP_ATTRIBUTE):
            # between maps the opacity that the user has chosen stays
            composite.SetForegroundOpacity(MAP_OPACITY)
        composite.SetLabelVolumeID(hatchNode.GetID() if hatchNode else None)
        composite.SetLabelOpacity(HATCH_OPACITY)
        composite.EndModify(wasModifying)

    @staticmethod
    def jumpTo(sliceNodes, pointLps: tuple[float, float, float]) -> None:
        """Centre some slice views at a point, LPS, mm; `Navigation` moves all of a scene."""
        for node in sliceNodes:
            node.JumpSliceByCentering(-pointLps[0], -pointLps[1], pointLps[2])

    def showPartsOf(self, mapNodes, *, legend: bool = True) -> None:
        """Show lines and legends of these maps, hide those of the other maps of the case."""
        shown = {node.GetAttribute(VolumeNodes.MAP_ATTRIBUTE) for node in mapNodes if node}
        nodes = CaseNodes(self._scene)
        for node in (*nodes.all(CaseNodes.ISODOSE), *nodes.all(CaseNodes.COURSE_LINE)):
            display = node.GetDisplayNode()
            display.SetVisibility(node.GetAttribute(VolumeNodes.MAP_ATTRIBUTE) in shown)
            if display.GetNumberOfViewNodeIDs():
                display.RemoveAllViewNodeIDs()
        for key, node in nodes.maps().items():
            ownLegend = slicer.vtkSlicerColorLogic.GetColorLegendDisplayNode(node)
            if ownLegend:
                ownLegend.SetVisibility(legend and key in shown)
            if ownLegend and ownLegend.GetVisibility():
                hatch, title = CaseNodes.hatchOf(node), ownLegend.GetTitleText().partition("\n")[0]
                isHatched = hatch is not None and UnknownRegion.isHatched(hatch, NOT_KNOWN)
                ownLegend.SetTitleText(f"{title}\n{HATCHED}" if isHatched else title)

    def _color(self, mapNode, style: MapStyle, colors, limits, lowest: float) -> None:
        display = mapNode.GetDisplayNode()
        display.SetAndObserveColorNodeID(colors.GetID())
        display.SetInterpolate(style.smooth)
        display.SetAutoWindowLevel(False)
        display.SetWindowLevelMinMax(*limits)
        # a threshold also keeps voxels with NaN out of the picture
        display.SetThreshold(lowest, LARGEST_VALUE)
        display.ApplyThresholdOn()

    def _addLegend(self, mapNode, title: str):
        legend = slicer.vtkSlicerColorLogic.AddDefaultColorLegendDisplayNode(mapNode)
        legend.SetTitleText(title)
        legend.SetMaxNumberOfColors(256)
        legend.SetVisibility(False)
        return legend

    def _addLines(self, mapNode, style: MapStyle, levels: tuple[float, ...], upper: float) -> list:
        for model in self.isodoses(mapNode):
            CaseNodes(self._scene).remove(model)
        models = IsodoseModels(self._scene).add(
            mapNode,
            levels,
            lambda level: DoseDisplay.lineColor(style, level, upper),
            style.unit,
        )
        for model in models:
            model.GetDisplayNode().SetVisibility(self._isShown(mapNode))
        return models

    def _isShown(self, mapNode) -> bool:
        """Tell whether a slice view shows the map: lines of the others would only be in the way."""
        nodes = self._scene.GetNodesByClass("vtkMRMLSliceCompositeNode")
        nodes.UnRegister(None)
        found = [nodes.GetItemAsObject(place) for place in range(nodes.GetNumberOfItems())]
        return any(node.GetForegroundVolumeID() == mapNode.GetID() for node in found)
