"""Every node of an evaluated case, in any scene: volumes, outlines, markers, plots, tables."""

from __future__ import annotations

import numpy as np
import slicer
from ReirradiationCore.grids import Volume
from ReirradiationCore.pictures_data import PictureRequest, PriorImage

from .CaseNodes import CaseNodes
from .DoseDisplay import DoseDisplay
from .DvhPlots import DVH, DvhPlots
from .HotSpotMarkers import HotSpotMarkers
from .MapHatches import LIMIT_MAP, MapHatches
from .MapStyle import MapStyle
from .OrganSurfaces import OrganSurfaces
from .PlotNodes import PlotNodes
from .PrescriptionPlot import PrescriptionPlot
from .PriorContours import PriorContours
from .ResultTables import ResultTables
from .SegmentationNodes import SegmentationNodes
from .SubjectHierarchy import SubjectHierarchy
from .TolerancePlot import TolerancePlot
from .TransformNodes import TransformNodes
from .VolumeNodes import VolumeNodes


class ResultNodes:
    """Makes the nodes of a case; what the user has in the scene stays as it is.

    :param scene: scene that gets the nodes, empty or the user's own.
    """

    def __init__(self, scene):
        self._scene = scene
        self._nodes = CaseNodes(scene)

    def addCase(self, request: PictureRequest, imageNode=None, structuresNode=None) -> None:
        """Reference image, structures, maps, markers, contours of prior courses, organs in 3D.

        :param imageNode: reference image that is in the scene already; None makes one.
        :param structuresNode: its segmentation that is in the scene already; None makes one.
        """
        image = self._image(request, imageNode)
        structures = self._structures(request, image, structuresNode)
        if request.hot_spots:
            HotSpotMarkers(self._scene).add(request.hot_spots, "Hot spots")
        self._addMaps(request)
        for prior in request.priors:
            PriorContours(self._scene).add(
                prior.structures,
                prior.transform,
                prior.image.grid.spacing_mm[2],
                prior.course_id,
                courseLabel(request, prior.course_id),
            )
        if LIMIT_MAP in request.maps:
            names = organsWithLimit(request)
            OrganSurfaces(self._scene).add(structures, names, request.maps[LIMIT_MAP])

    def addPriors(self, request: PictureRequest) -> None:
        """Images and structures of the prior courses, brought onto the reference image."""
        for prior in request.priors:
            self._addPrior(prior, courseLabel(request, prior.course_id), request)

    def updatePlotsAndTables(self, request: PictureRequest) -> None:
        """Make plots and tables, or bring those of the scene up to date in place."""
        results, plots = request.results, DvhPlots(self._scene, request.course_labels)
        metrics = {s["name"]: s["metrics"] for s in results.get("structures", ())}
        curves: dict[str, list] = {}
        for curve in request.dvh:
            curves.setdefault(curve.structure, []).append(curve)
        limits = results.get("constraints", ())
        for organ in plots.organs() - curves.keys():
            PlotNodes(self._scene, DVH, organ).clear()
        for organ, ofOrgan in curves.items():
            plots.add(ofOrgan, limits, metrics.get(organ, ()))
        TolerancePlot(self._scene).update(limits)
        PrescriptionPlot(self._scene).update(results.get("isotoxic"))
        for table in request.tables:
            ResultTables(self._scene).add(table)

    def updateMap(self, key: str, values: Volume) -> None:
        """Repaint a map in place; its colours stay, lines and hatch follow with `redraw`.

        :param values: on the grid of the map, planes at uneven distances included.
        :raises KeyError: a map that is not in the scene.
        :raises ValueError: values on another grid.
        """
        node, even = self._nodes.maps()[key], VolumeNodes.evenlySpaced(values)
        shape = slicer.util.arrayFromVolume(node).shape
        if shape != even.array.shape:
            reason = f"{key}: {even.array.shape} voxels for a map of {shape}"
            raise ValueError(reason)
        VolumeNodes.setVoxels(node, even.array)

    def redraw(self, key: str, hatches: MapHatches | None = None) -> None:
        """Draw lines and hatch of a map anew, once all maps that changed are repainted.

        :param hatches: of this scene, to save looking for the patient again.
        """
        node, style = self._nodes.maps()[key], MapStyle.forKey(key)
        largest = DoseDisplay.largest(slicer.util.arrayFromVolume(node))
        upper = node.GetDisplayNode().GetWindowLevelMax()
        levels = tuple(level for level in style.levels(upper) if level < largest)
        DoseDisplay(self._scene).setLevels(node, levels)
        (hatches or MapHatches(self._scene)).renew(key)

    def arrange(self, request: PictureRequest, patientItem: int | None = None) -> None:
        """Put the nodes of the case in order in the subject hierarchy.

        :param patientItem: item of the user's patient; None makes one.
        """
        tree = SubjectHierarchy(self._scene)
        if patientItem is None:
            patientItem = tree.patient(request.patient_label or "Patient")
        tree.arrange(patientItem, request.course_labels)

    def clear(self) -> None:
        """Remove every node that was made for a case, and nothing else."""
        for node in self._nodes.made():
            self._nodes.remove(node)

    def _image(self, request: PictureRequest, node):
        if node is not None:
            return CaseNodes.mark(node, CaseNodes.IMAGE, made=False)
        node = VolumeNodes(self._scene).addImage(request.ct, "Reference CT")
        DoseDisplay(self._scene).styleImage(node)
        return CaseNodes.mark(node, CaseNodes.IMAGE)

    def _structures(self, request: PictureRequest, image, node):
        if node is not None:
            return CaseNodes.mark(node, CaseNodes.STRUCTURES, made=False)
        node = SegmentationNodes(self._scene).add(request.structures, "Structures", image)
        return CaseNodes.mark(node, CaseNodes.STRUCTURES)

    def _addMaps(self, request: PictureRequest) -> None:
        maxima = _maxima(request)
        for key, values in request.maps.items():
            style = MapStyle.forKey(key)
            if style is None:
                continue
            title = mapTitle(request, key)
            node = VolumeNodes(self._scene).addMap(values, title, key, style.unit)
            DoseDisplay(self._scene).styleMap(node, style, maxima[style.group])
        MapHatches(self._scene, request.ct).add(request.maps)

    def _addPrior(self, prior: PriorImage, label: str, request: PictureRequest) -> None:
        course = prior.course_id
        image = VolumeNodes(self._scene).addImage(prior.image, f"CT, {label}")
        DoseDisplay(self._scene).styleImage(image)
        nodes = [CaseNodes.mark(image, CaseNodes.PRIOR_IMAGE, course)]
        if prior.structures:
            structures = SegmentationNodes(self._scene).add(
                prior.structures, f"Structures, {label}", image
            )
            structures.GetDisplayNode().SetVisibility(False)
            nodes.append(CaseNodes.mark(structures, CaseNodes.PRIOR_STRUCTURES, course))
        if prior.transform is not None:
            transform = TransformNodes(self._scene).addPriorToReference(
                prior.transform, request.ct.grid, f"{label} to reference"
            )
            CaseNodes.mark(transform, CaseNodes.TRANSFORM, course)
            for node in nodes:
                node.SetAndObserveTransformNodeID(transform.GetID())


def mapTitle(request: PictureRequest, key: str) -> str:
    """Title of a map, with the course it belongs to."""
    style, prefix = MapStyle.forKey(key), MapStyle.prefixOf(key)
    title = style.title if style else key
    return f"{title}, {courseLabel(request, key.removeprefix(prefix))}" if prefix else title


def courseLabel(request: PictureRequest, course: str) -> str:
    """Text under which the user knows a course."""
    return request.course_labels.get(course, course)


def organsWithLimit(request: PictureRequest) -> tuple[str, ...]:
    """Names of the structures with a cumulative near-maximum limit, which the maps paint."""
    return tuple(
        spot["structure"]
        for spot in request.results.get("hot_spots", ())
        if spot["limit_gy"] is not None
    )


def _maxima(request: PictureRequest) -> dict[str, float]:
    """Largest value by group of maps: those that are compared share their colours."""
    maxima: dict[str, float] = {}
    for key, values in request.maps.items():
        style = MapStyle.forKey(key)
        if style:
            largest = DoseDisplay.largest(np.asarray(values.array))
            maxima[style.group] = max(largest, maxima.get(style.group, 0.0))
    return maxima
