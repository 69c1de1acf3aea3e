"""The scene of a result, opened for review: which map, lines and structures are shown."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import slicer
from ReirradiationCore.errors import RefusedError
from ReirradiationPlannerLib.CaseNodes import CaseNodes
from ReirradiationPlannerLib.DoseDisplay import DoseDisplay
from ReirradiationPlannerLib.MapStyle import MapStyle
from ReirradiationPlannerLib.OrganSurfaces import OrganSurfaces
from ReirradiationPlannerLib.PriorContours import PriorContours
from ReirradiationPlannerLib.VolumeNodes import VolumeNodes

from ..host import Host, boot, read_mrb

FIRST_MAP, TOLERANCE = "cumulative_eqd2", "tolerance_percent"
# nodes of the views that wrote the scene (the views of the review bring their own) and its tree
VIEW_CLASSES = (
    "vtkMRMLSliceNode",
    "vtkMRMLSliceCompositeNode",
    "vtkMRMLViewNode",
    "vtkMRMLCameraNode",
    "vtkMRMLSubjectHierarchyNode",  # nothing shows it, and it complains of lines drawn anew
)
Point = tuple[float, float, float]


@dataclass(frozen=True)
class ShownStructure:
    """A structure as the viewer lists it; ``color`` is red, green, blue, 0..255."""

    segment_id: str
    name: str
    color: tuple[int, int, int]
    visible: bool


@dataclass(frozen=True, eq=False)
class ReviewScene:
    """The nodes of a result.

    Parameters
    ----------
    host : Host
        Keeps the scene alive.
    maps : dict
        Name of a map to its volume node, in the order of the scene.
    """

    host: Host
    maps: dict[str, Any]

    @classmethod
    def open(cls, path: Path) -> ReviewScene:
        """Read a scene that a run wrote.

        Raises
        ------
        RefusedError
            A scene without reference image or without maps.
        ReirradiationError
            A file that is not a scene.
        """
        host = boot()
        read_mrb(host, path)
        for class_name in VIEW_CLASSES:
            _remove(host.scene, class_name)
        nodes = CaseNodes(host.scene)
        maps = {key: node for key, node in nodes.maps().items() if MapStyle.forKey(key)}
        if not maps or nodes.first(CaseNodes.IMAGE) is None:
            reason = f"{path} holds no reference image with maps; evaluate the case again"
            raise RefusedError(reason)
        return cls(host, maps)

    @property
    def scene(self) -> Any:  # noqa: ANN401
        """The vtkMRMLScene."""
        return self.host.scene

    @property
    def first_map(self) -> str:
        """Name of the map that is shown first."""
        return FIRST_MAP if FIRST_MAP in self.maps else next(iter(self.maps))

    @property
    def _segmentation(self) -> Any:  # noqa: ANN401
        return CaseNodes(self.scene).first(CaseNodes.STRUCTURES)

    def show(
        self, key: str | None, composites: list[Any], *, opacity: float, lines: bool = True
    ) -> None:
        """Show a map over the reference image in slice views.

        Parameters
        ----------
        key : str, optional
            Name of the map; None shows the image alone.
        composites : list
            vtkMRMLSliceCompositeNode of the views.
        opacity : float
            Of the map, 0..1.
        lines : bool
            Whether its isodose lines are drawn.
        """
        display = DoseDisplay(self.scene)
        display.showMap(key, composites, legend=False)
        display.setOpacity(composites, opacity)
        if key:
            display.showIsodoses(self.maps[key], lines=lines, surfaces=False)

    def style(
        self, keys: tuple[str, ...], composites: list[Any], *, opacity: float, lines: bool
    ) -> None:
        """Set opacity and lines of views that are filled already; the page draws the legends."""
        display = DoseDisplay(self.scene)
        display.setOpacity(composites, opacity)
        for key in keys:
            display.showIsodoses(self.maps[key], lines=lines, surfaces=False)
            colors = slicer.vtkSlicerColorLogic.GetColorLegendDisplayNode(self.maps[key])
            if colors:
                colors.SetVisibility(False)

    def value_at(self, key: str, point: Point) -> float | None:
        """Value of the voxel of a map at a point, LPS, mm; None where it is not known."""
        return VolumeNodes.valueAt(self.maps[key], point)

    def structures(self) -> list[ShownStructure]:
        """Return the structures of the reference image, in order."""
        if self._segmentation is None:
            return []
        segmentation = self._segmentation.GetSegmentation()
        display = self._segmentation.GetDisplayNode()
        found = []
        for index in range(segmentation.GetNumberOfSegments()):
            segment, identifier = (
                segmentation.GetNthSegment(index),
                segmentation.GetNthSegmentID(index),
            )
            red, green, blue = (round(255 * part) for part in segment.GetColor())
            visible = bool(display.GetSegmentVisibility(identifier))
            found.append(ShownStructure(identifier, segment.GetName(), (red, green, blue), visible))
        return found

    def set_visible(self, segment_id: str, *, visible: bool) -> None:
        """Show or hide one structure in every view."""
        self._segmentation.GetDisplayNode().SetSegmentVisibility(segment_id, visible)

    def has(self, role: str) -> bool:
        """Tell whether the scene holds nodes of a role of `CaseNodes`."""
        return CaseNodes(self.scene).first(role) is not None

    def show_prior_contours(self, *, visible: bool) -> None:
        """Show or hide the contours of prior courses."""
        PriorContours(self.scene).show(visible)

    def show_surfaces(self, *, visible: bool) -> bool:
        """Show organs coloured by tolerance used in 3D instead of those in their own colours.

        Returns
        -------
        bool
            Whether that changed what is shown.
        """
        if self._segmentation is None:
            OrganSurfaces(self.scene).show(visible)
            return False
        display = self._segmentation.GetDisplayNode()
        before = display.GetVisibility3D()
        OrganSurfaces(self.scene).show(visible)
        display.SetVisibility3D(not visible)
        return before == visible

    def color_surfaces(self) -> None:
        """Colour the organs in 3D by the tolerance map as it is now."""
        if TOLERANCE not in self.maps:
            return
        percent = VolumeNodes.toVolume(self.maps[TOLERANCE], copied=False)
        for model in CaseNodes(self.scene).all(CaseNodes.ORGAN_SURFACE):
            OrganSurfaces(self.scene).color(model, percent)

    def show_markers(self, *, visible: bool) -> None:
        """Show or hide the hot spots of the saved run."""
        markers = CaseNodes(self.scene).first(CaseNodes.MARKERS)
        if markers is not None:
            markers.GetDisplayNode().SetVisibility(visible)

    def center_of(self, structure: str) -> Point | None:
        """Middle of the box around a structure, LPS, mm; None where it has no surface."""
        chosen = next((s for s in self.structures() if s.name == structure), None)
        if chosen is None:
            return None
        bounds = [0.0] * 6
        self._segmentation.GetSegmentation().GetSegment(chosen.segment_id).GetBounds(bounds)
        if bounds[0] > bounds[1]:
            return None
        right, anterior, superior = ((bounds[i] + bounds[i + 1]) / 2 for i in (0, 2, 4))
        return -right, -anterior, superior


def _remove(scene: Any, class_name: str) -> None:  # noqa: ANN401
    while node := scene.GetFirstNodeByClass(class_name):
        scene.RemoveNode(node)
