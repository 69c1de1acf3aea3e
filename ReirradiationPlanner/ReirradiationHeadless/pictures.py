"""Pictures of the report: slices through the hottest points, by the display code of Slicer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from ReirradiationCore.courses import Structure, StructureKind
from ReirradiationCore.pictures_data import HotSpot, Picture, PictureRequest, Unavailable
from ReirradiationCore.progress import Progress, silent
from ReirradiationPlannerLib.CaseNodes import CaseNodes
from ReirradiationPlannerLib.MapHatches import LIMIT_MAP
from ReirradiationPlannerLib.MapStyle import MapStyle
from ReirradiationPlannerLib.Navigation import Navigation
from ReirradiationPlannerLib.ResultNodes import mapTitle
from ReirradiationPlannerLib.SegmentationNodes import CLOSED_SURFACE
from vtk.util.numpy_support import vtk_to_numpy

from .canvas import Canvas, Color, Pixels, png_bytes
from .charts import chart_pictures
from .offscreen import prepare_rendering
from .organs_picture import organs_picture
from .panel import draw_cross, draw_header, draw_letters, draw_panel
from .scene import CaseScene, body_box, build_scene
from .views import SliceView

VIEW_SIZE = (720, 600)
MM_PER_PIXEL = 0.45
MARGIN_MM = 8.0
SPOTS_AT_ALL = 5
# maps shown at the first hot spot, with the number of planes
MAPS_AT_FIRST_SPOT = (
    ("tolerance_percent", 2),
    ("overlap_eqd2", 1),
    ("remaining_dose", 1),
    ("mapping_difference", 1),
)
PLANES = ("Axial", "Coronal", "Sagittal")
# axes (R-L, A-P, S-I) along width and height; letters at the left, right, upper, lower edge
PLANE_AXES = {"Axial": (0, 1), "Coronal": (0, 2), "Sagittal": (1, 2)}
PLANE_LETTERS = {"Axial": "RLAP", "Coronal": "RLSI", "Sagittal": "APSI"}


def render_pictures(
    request: PictureRequest, case: CaseScene | None = None, progress: Progress = silent
) -> list[Picture] | Unavailable:
    """Render the pictures of a report.

    Cumulative EQD2 at the most important hot spots, in three planes at the first; there also
    the tolerance used, the overlap of the courses, the remaining dose, each course's EQD2 side by
    side, and how far the sum depends on the mapping. Then the sum without beside with recovery
    where an organ recovers, the organs in 3D, bars of the tolerance used, and prescriptions. What
    the request does not have is left out.

    Parameters
    ----------
    request : PictureRequest
        The case; without hot spots the middle of the body is shown.
    case : CaseScene, optional
        Scene made by `scene.build_scene` of the same request, to save making it again.
    progress : Progress
        Told before each picture.

    Returns
    -------
    list of Picture, or Unavailable
        `Unavailable` says what to install where nothing can be rendered.
    """
    missing = prepare_rendering()
    if missing:
        return missing
    case = case or build_scene(request)
    painter = _Painter(request, case)
    planned = [*_plan(request), *_plan_recovery(request, case)]
    pictures = []
    for number, (key, spot, maps, plane) in enumerate(planned):
        progress(f"picture {number + 1} of {len(planned)}", number / len(planned))
        pictures.append(painter.picture(key, spot, maps, plane))
    painter.mark(None)
    organs = organs_picture(case)
    return [*pictures, *([organs] if organs else []), *chart_pictures(case.scene)]


Planned = tuple[str, HotSpot, tuple[str, ...], str]


def _plan(request: PictureRequest) -> Iterator[Planned]:
    """Yield key, hot spot, maps (side by side) and plane of each picture, in order."""
    spots = request.hot_spots or (_middle(request),)
    first = spots[0]
    courses = [key for key in request.maps if key.startswith("eqd2_")]
    if "cumulative_eqd2" in request.maps:
        for plane in PLANES:
            yield f"hot-spot-1-{plane.lower()}", first, ("cumulative_eqd2",), plane
    if courses:
        yield "courses-axial", first, (*courses[:3],), "Axial"
    for name, planes in MAPS_AT_FIRST_SPOT:
        if name in request.maps:
            for plane in PLANES[:planes]:
                yield f"{name.replace('_', '-')}-{plane.lower()}", first, (name,), plane
    if "cumulative_eqd2" in request.maps:
        for number, spot in enumerate(spots[1:SPOTS_AT_ALL], start=2):
            yield f"hot-spot-{number}-axial", spot, ("cumulative_eqd2",), "Axial"


def _plan_recovery(request: PictureRequest, case: CaseScene) -> Iterator[Planned]:
    """Yield the sum without beside with recovery, at the first hot spot that recovers."""
    navigation = Navigation(case.scene)
    for spot in request.hot_spots:
        if navigation.valuesAt(spot.point_lps).get("recovery_difference"):
            maps = ("cumulative_no_recovery", "cumulative_eqd2")
            yield "recovery-axial", spot, maps, "Axial"
            return


def _middle(request: PictureRequest) -> HotSpot:
    low, high = body_box(request)
    return HotSpot("middle of the body", tuple(((low + high) / 2).tolist()))


class _Painter:
    """Keeps one view per plane and fills it for each picture."""

    def __init__(self, request: PictureRequest, case: CaseScene) -> None:
        self._request = request
        self._case = case
        self._box = body_box(request)
        self._contours = CaseNodes(case.scene).all(CaseNodes.PRIOR_CONTOUR)
        self._views: dict[str, SliceView] = {}
        self._surfaces = {
            structure.name: _surface_points(case.segmentation, place)
            for place, structure in enumerate(request.structures)
            if structure.kind is not StructureKind.EXTERNAL
        }

    def picture(self, key: str, spot: HotSpot, maps: tuple[str, ...], plane: str) -> Picture:
        center = self._center(spot.point_lps, plane)
        columns = [self._column(spot, name, plane, center) for name in maps]
        hatched = any(name in self._case.hatches for name in maps)
        panel = draw_panel(
            self._case.maps[maps[0]],
            self._cut(center, plane),
            hatched=hatched,
            over_limit=LIMIT_MAP in maps,
            prior_targets=self._prior_targets(center, plane),
        )
        pixels = np.concatenate([*columns, panel], axis=1)
        titles = " beside ".join(mapTitle(self._request, name) for name in maps)
        height, width, _ = pixels.shape
        caption = _caption(spot, maps, plane, hatched=hatched)
        return Picture(key, f"{titles}, {plane.lower()}", caption, png_bytes(pixels), width, height)

    def _column(self, spot: HotSpot, name: str, plane: str, center: tuple[float, ...]) -> Pixels:
        """One view under its header."""
        view = self._view(plane)
        self._case.show(name, [view.composite], legend=False)
        view.look_at(center, MM_PER_PIXEL)
        self.mark(spot)
        pixels = Canvas(*VIEW_SIZE)
        pixels.pixels = view.pixels()
        draw_letters(pixels, PLANE_LETTERS[plane])
        draw_cross(pixels, *view.pixel_of(spot.point_lps))
        subtitle = f"{spot.label}   {spot.value_text}".strip()
        header = draw_header(mapTitle(self._request, name), subtitle, VIEW_SIZE[0])
        return np.concatenate([header, pixels.pixels])

    def _view(self, plane: str) -> SliceView:
        if plane not in self._views:
            view = SliceView(self._case.host, f"Picture{plane}", plane, VIEW_SIZE)
            view.node.SetRulerType(view.node.RulerTypeThin)
            self._views[plane] = view
        return self._views[plane]

    def _center(self, point: tuple[float, ...], plane: str) -> tuple[float, ...]:
        """Centre of the view: the point, moved so that the frame stays on the body."""
        low, high = self._box
        center = np.array(point, dtype=float)
        for axis, pixels in zip(PLANE_AXES[plane], VIEW_SIZE, strict=True):
            room = max(0.0, (high[axis] - low[axis] - pixels * MM_PER_PIXEL) / 2 + MARGIN_MM)
            middle = (low[axis] + high[axis]) / 2
            center[axis] = np.clip(center[axis], middle - room, middle + room)
        return tuple(center.tolist())

    def mark(self, spot: HotSpot | None) -> None:
        """Show the marker of this hot spot alone; None shows all."""
        for index, other in enumerate(self._request.hot_spots):
            shown = spot is None or other is spot
            self._case.markers.SetNthControlPointVisibility(index, shown)

    def _prior_targets(self, center: tuple[float, ...], plane: str) -> list[Color]:
        """Colours of the targets of prior courses that the picture shows dashed."""
        return [
            model.GetDisplayNode().GetColor()
            for model in self._contours
            if model.GetDisplayNode().GetVisibility()
            and _is_cut(_points_lps(model.GetPolyData()), center, plane)
        ]

    def _cut(self, center: tuple[float, ...], plane: str) -> list[Structure]:
        """Structures that the picture shows."""
        return [
            structure
            for structure in self._request.structures
            if structure.name in self._surfaces
            and _is_cut(self._surfaces[structure.name], center, plane)
        ]


def _surface_points(segmentation: Any, place: int) -> Any:  # noqa: ANN401
    surface = segmentation.GetSegmentation().GetNthSegment(place).GetRepresentation(CLOSED_SURFACE)
    if surface is None or not surface.GetNumberOfPoints():
        return np.empty((0, 3))
    return _points_lps(surface)


def _points_lps(surface: Any) -> Any:  # noqa: ANN401
    return vtk_to_numpy(surface.GetPoints().GetData()) * np.array([-1.0, -1.0, 1.0])


def _is_cut(points: Any, center: tuple[float, ...], plane: str) -> bool:  # noqa: ANN401
    axes = list(PLANE_AXES[plane])
    across = ({0, 1, 2} - set(axes)).pop()
    offsets = points - np.array(center)
    inside = np.abs(offsets[:, axes]) < np.array(VIEW_SIZE) * MM_PER_PIXEL / 2
    heights = offsets[inside.all(axis=1), across]
    return bool(heights.size) and heights.min() <= 0 <= heights.max()


def _caption(spot: HotSpot, maps: tuple[str, ...], plane: str, *, hatched: bool) -> str:
    left, posterior, superior = spot.point_lps
    texts = [
        f"{plane} slice through {spot.label} at L {left:.0f}, P {posterior:.0f}, "
        f"S {superior:.0f} mm (white cross)."
    ]
    if spot.value_text:
        texts.append(f"{spot.value_text}.")
    styles = [MapStyle.forKey(name) for name in maps]
    texts += dict.fromkeys(style.note for style in styles if style and style.note)
    if hatched:
        texts.append("Hatched: dose not known there.")
    return " ".join(texts)
