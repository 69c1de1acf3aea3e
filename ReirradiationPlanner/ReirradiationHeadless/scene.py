"""The scene of an evaluated case: what scene.mrb holds and what pictures are made of."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from ReirradiationCore.pictures_data import PictureRequest, PriorImage
from ReirradiationPlannerLib.DoseDisplay import DoseDisplay
from ReirradiationPlannerLib.HotSpotMarkers import HotSpotMarkers
from ReirradiationPlannerLib.MapStyle import STYLES_BY_PREFIX, MapStyle
from ReirradiationPlannerLib.ResultTables import ResultTables
from ReirradiationPlannerLib.SegmentationNodes import SegmentationNodes
from ReirradiationPlannerLib.SubjectHierarchy import SubjectHierarchy
from ReirradiationPlannerLib.TransformNodes import TransformNodes
from ReirradiationPlannerLib.UnknownRegion import UnknownRegion
from ReirradiationPlannerLib.VolumeNodes import VolumeNodes

from .host import SLICE_VIEWS, Host, boot, write_mrb

FIRST_MAP = "cumulative_eqd2"


@dataclass(frozen=True, eq=False)
class CaseScene:
    """A scene with the nodes of a case.

    Parameters
    ----------
    host : Host
        Keeps the scene alive.
    ct, segmentation, markers : MRML nodes
        Reference image, its structures, and the hot spots (None where there are none).
    maps, hatches : dict
        Name of a map to its volume node, and to the label volume of where it is unknown.
    """

    host: Host
    ct: Any
    segmentation: Any
    markers: Any
    maps: dict[str, Any] = field(default_factory=dict)
    hatches: dict[str, Any] = field(default_factory=dict)

    @property
    def scene(self) -> Any:  # noqa: ANN401
        """The vtkMRMLScene."""
        return self.host.scene

    def show(self, key: str | None, composites: list[Any], *, legend: bool = True) -> None:
        """Show a map by its name, or the reference image alone, in the views of composite nodes."""
        shown, hatch = self.maps.get(key), self.hatches.get(key)
        DoseDisplay(self.scene).show(self.ct, shown, composites, hatch, legend=legend)


def build_scene(request: PictureRequest) -> CaseScene:
    """Make the nodes of the reference image, its structures, the maps that are drawn, hot spots."""
    host = boot()
    display = DoseDisplay(host.scene)
    volumes = VolumeNodes(host.scene)
    ct = volumes.addImage(request.ct, "Reference CT")
    display.styleImage(ct)
    segmentation = SegmentationNodes(host.scene).add(request.structures, "Structures", ct)
    markers = None
    if request.hot_spots:
        markers = HotSpotMarkers(host.scene).add(request.hot_spots, "Hot spots")
    case = CaseScene(host, ct, segmentation, markers)
    _add_maps(case, request)
    return case


def _add_maps(case: CaseScene, request: PictureRequest) -> None:
    maxima = _maxima(request)
    unknown = UnknownRegion(case.scene, request.ct)
    for key, values in request.maps.items():
        style = MapStyle.forKey(key)
        if style is None:
            continue
        node = VolumeNodes(case.scene).addMap(values, map_title(request, key), key, style.unit)
        DoseDisplay(case.scene).styleMap(node, style, maxima[style.title])
        case.maps[key] = node
        hatch = unknown.add(values, f"Unknown: {node.GetName()}") if style.marksUnknown else None
        case.hatches.update({key: hatch} if hatch else {})
    if FIRST_MAP in case.hatches:
        for key in case.maps:
            case.hatches.setdefault(key, case.hatches[FIRST_MAP])


def _maxima(request: PictureRequest) -> dict[str, float]:
    """Largest value by title of the style: courses that are compared share their colours."""
    maxima: dict[str, float] = {}
    for key, values in request.maps.items():
        style = MapStyle.forKey(key)
        if style:
            largest = DoseDisplay.largest(values.array)
            maxima[style.title] = max(largest, maxima.get(style.title, 0.0))
    return maxima


def map_title(request: PictureRequest, key: str) -> str:
    """Title of a map, with the course it belongs to."""
    style = MapStyle.forKey(key)
    title = style.title if style else key
    prefix = next((prefix for prefix in STYLES_BY_PREFIX if key.startswith(prefix)), None)
    if prefix is None:
        return title
    course = key.removeprefix(prefix)
    return f"{title}, {request.course_labels.get(course, course)}"


def write_scene(path: Path, request: PictureRequest, case: CaseScene | None = None) -> None:
    """Write everything of a case as one file for the Slicer application.

    It opens with the cumulative map over the reference image at the first hot spot.

    Parameters
    ----------
    path : Path
        File to write, ending in ``.mrb``.
    request : PictureRequest
        The case.
    case : CaseScene, optional
        Scene made by `build_scene` of the same request, to save making it again.

    Raises
    ------
    ReirradiationError
        The file could not be written.
    """
    case = case or build_scene(request)
    priors = [_add_prior(case, request, prior) for prior in request.priors]
    tables = [ResultTables(case.scene).add(table) for table in request.tables]
    _add_hierarchy(case, request, priors, tables)
    _open_at_first_hot_spot(case, request)
    write_mrb(case.host, path)


def _add_prior(case: CaseScene, request: PictureRequest, prior: PriorImage) -> list[Any]:
    label = request.course_labels.get(prior.course_id, prior.course_id)
    ct = VolumeNodes(case.scene).addImage(prior.image, f"CT, {label}")
    DoseDisplay(case.scene).styleImage(ct)
    nodes = [ct]
    if prior.structures:
        structures = SegmentationNodes(case.scene).add(prior.structures, f"Structures, {label}", ct)
        structures.GetDisplayNode().SetVisibility(False)
        nodes.append(structures)
    if prior.transform is not None:
        transform = TransformNodes(case.scene).addPriorToReference(
            prior.transform, request.ct.grid, f"{label} to reference"
        )
        for node in nodes:
            node.SetAndObserveTransformNodeID(transform.GetID())
        nodes.append(transform)
    return nodes


def _add_hierarchy(
    case: CaseScene, request: PictureRequest, priors: list[list[Any]], tables: list[Any]
) -> None:
    tree = SubjectHierarchy(case.scene)
    patient = tree.patient(request.patient_label or "Patient")
    results = tree.folder(patient, "Reirradiation results")
    for node in (*case.maps.values(), case.markers, *tables):
        if node:
            tree.place(node, results)
    lines = tree.folder(results, "Isodose lines")
    models = case.scene.GetNodesByClass("vtkMRMLModelNode")
    for place in range(models.GetNumberOfItems()):
        model = models.GetItemAsObject(place)
        if model.GetAttribute(VolumeNodes.MAP_ATTRIBUTE):
            tree.place(model, lines)
    unknown = tree.folder(results, "Unknown dose")
    for node in case.hatches.values():
        tree.place(node, unknown)
    planned = tree.study(patient, request.course_labels.get("planned", "Planned course"))
    for node in (case.ct, case.segmentation):
        tree.place(node, planned)
    for prior, nodes in zip(request.priors, priors, strict=True):
        label = request.course_labels.get(prior.course_id, prior.course_id)
        study = tree.study(patient, label)
        for node in nodes:
            tree.place(node, study)


def _open_at_first_hot_spot(case: CaseScene, request: PictureRequest) -> None:
    logics = [case.host.add_slice_logic(*view) for view in SLICE_VIEWS.items()]
    composites = [logic.GetSliceCompositeNode() for logic in logics]
    case.show(FIRST_MAP if FIRST_MAP in case.maps else None, composites)
    for logic in logics:
        logic.FitSliceToBackground()
    if request.hot_spots:
        nodes = [logic.GetSliceNode() for logic in logics]
        DoseDisplay.jumpTo(nodes, request.hot_spots[0].point_lps)


def body_box(request: PictureRequest) -> tuple[np.ndarray, np.ndarray]:
    """Lower and upper corner (LPS, mm) of what is worth showing: the body, else the image."""
    corners = request.ct.grid.points_at(
        np.array(np.meshgrid(*[(0, n - 1) for n in request.ct.grid.size])).reshape(3, -1).T
    )
    low, high = corners.min(axis=0), corners.max(axis=0)
    external = [s for s in request.structures if s.kind.value == "external" and s.contours]
    if external:
        points = np.concatenate(external[0].contours)
        low, high = np.maximum(low, points.min(axis=0)), np.minimum(high, points.max(axis=0))
    return low, high
