"""Slice views and a 3D view that look at the same point: three of one map, four side by side."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import slicer
import vtk
from ReirradiationPlannerLib.Layouts import LEFT, PRIOR_BESIDE_CURRENT, RIGHT, Layouts
from trame_slicer.core.view_manager import ViewManager
from trame_slicer.views import ViewLayoutDefinition

from .review_scene import ReviewScene

SLICES = {"Axial": "Red", "Coronal": "Green", "Sagittal": "Yellow"}
THREE_D = "ThreeD"
# the views side by side, in the order of the page: those of one orientation are linked
PAIRED = Layouts.sliceViews(PRIOR_BESIDE_CURRENT)
ORIENTATIONS = {**{name: name for name in SLICES}, **PAIRED}
GROUPS = {"Axial": 10, "Coronal": 11, "Sagittal": 12}
SMALLEST = 20  # the page gives hidden views less
BACKGROUND = ("#dfe4e8", "#ffffff")  # dark blue organs must stand out
OCCLUSION = 0.1  # stop peeling where a tenth of the picture would still change: twice as fast
CLICK_PIXELS = 3
MARGIN = 0.04  # a point closer than this share of the view to its edge is brought to the middle
Point = tuple[float, float, float]


@dataclass(frozen=True)
class SlicePosition:
    """Where a slice view is: offset along its normal and the range it may take, mm."""

    value: float
    lowest: float
    highest: float
    step: float


@dataclass(eq=False)
class ViewSet:
    """The views of a scene; points are LPS, mm.

    Parameters
    ----------
    scene : ReviewScene
        What is shown.
    manager : ViewManager
        Has a factory for the views; the views are made here.
    """

    scene: ReviewScene
    manager: ViewManager
    point: Point | None = None
    on_pointed: Callable[[Point], None] | None = None
    on_hovered: Callable[[Point | None], None] | None = None
    on_moved: Callable[[], None] | None = None
    _pressed: dict[str, tuple[int, int]] = field(default_factory=dict)
    _hovered: str = ""
    _fitted: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Make the views and listen to them."""
        self._slices = {name: self._slice_view(name) for name in ORIENTATIONS}
        self._three_d = self.manager.create_view(
            ViewLayoutDefinition.threed_view(name=THREE_D, background_color=BACKGROUND)
        )
        # translucent surfaces vanish with samples and depth peeling together
        self._three_d.render_window().SetMultiSamples(0)
        self._three_d.renderer().SetOcclusionRatio(OCCLUSION)
        self.show((*SLICES, THREE_D))
        crosshair = self._crosshair
        crosshair.SetCrosshairMode(slicer.vtkMRMLCrosshairNode.ShowBasic)
        crosshair.SetCrosshairThickness(slicer.vtkMRMLCrosshairNode.Fine)
        # Slicer moves the crosshair with Shift and the mouse
        crosshair.AddObserver("ModifiedEvent", lambda *_: self._crossed())
        for name in self._slices:
            self._listen(name)
        self._three_d.interactor().AddObserver(
            "WindowResizeEvent", lambda *_: self._fit_first(), -1.0
        )

    def _slice_view(self, name: str) -> Any:  # noqa: ANN401
        """Make a slice view; only those side by side share a group, within which Slicer links."""
        orientation = ORIENTATIONS[name]
        definition = ViewLayoutDefinition.slice_view(orientation, label=SLICES.get(name, name))
        if name in PAIRED:
            definition.properties.group = GROUPS[orientation]
        return self.manager.create_view(definition)

    def show(self, names: tuple[str, ...]) -> None:
        """Draw these views; the others wait."""
        self.manager.set_current_view_ids([SLICES.get(name, name) for name in names])
        for name in names:
            if name in self._slices and name not in self._fitted:
                self._fit(name)

    @property
    def slice_names(self) -> tuple[str, ...]:
        """Names of all slice views."""
        return tuple(self._slices)

    @property
    def _crosshair(self) -> Any:  # noqa: ANN401
        return self.scene.scene.GetFirstNodeByClass("vtkMRMLCrosshairNode")

    @property
    def composites(self) -> list[Any]:
        """The vtkMRMLSliceCompositeNode of the three views of one map."""
        return [self._slices[name]._logic.GetSliceCompositeNode() for name in SLICES]

    def slice_node(self, name: str) -> Any:  # noqa: ANN401
        """Return the vtkMRMLSliceNode of a view."""
        return self._slices[name].get_view_node()

    def view(self, name: str) -> Any:  # noqa: ANN401
        """Return a trame-slicer view by its orientation, or the 3D view."""
        return self._slices.get(name, self._three_d)

    def fit(self) -> None:
        """Show the whole image in every view."""
        for name in self._slices:
            self._fit(name)
        self.fit_3d()

    def fit_3d(self) -> None:
        """Show all of the 3D view."""
        self._three_d.fit_view_to_content()

    def _fit(self, name: str) -> None:
        """Show the whole image in a slice view, at the slice of the crosshair.

        Of two views side by side the right one shows today's image and leads.
        """
        if not self._slices[name].get_background_volume_id():
            return
        if name.startswith(LEFT):
            self._copy(_leader(name), name)
            return
        self._slices[name].fit_view_to_content()
        if self.point:
            self.slice_node(name).JumpSliceByOffsetting(*_ras(self.point))
        self._fitted[name] = _height_mm(self.slice_node(name))
        self._follow(name)

    def _fit_first(self) -> None:
        """Show all of the 3D view when it gets its first size from the page."""
        if THREE_D not in self._fitted and min(self._three_d.render_window().GetSize()) >= SMALLEST:
            self._fitted[THREE_D] = 0.0
            self.fit_3d()

    def _follow(self, name: str) -> None:
        """Bring the left view to where the right one of its pair is."""
        if name.startswith(RIGHT):
            self._copy(name, LEFT + name.removeprefix(RIGHT))

    def _copy(self, name: str, other: str) -> None:
        """Show in another view what one shows."""
        here, there = self.slice_node(name), self.slice_node(other)
        changed = there.StartModify()
        there.GetSliceToRAS().DeepCopy(here.GetSliceToRAS())
        there.SetXYZOrigin(*here.GetXYZOrigin())
        _set_scale(there, _mm_per_pixel(here))
        there.UpdateMatrices()
        there.EndModify(changed)

    def _resized(self, name: str) -> None:
        """Keep place and zoom of a view of which the page changed the size."""
        node = self.slice_node(name)
        if min(node.GetDimensions()[:2]) < SMALLEST:
            return
        if name.startswith(LEFT) or name not in self._fitted:
            self._fit(name)
            return
        place, origin = vtk.vtkMatrix4x4(), node.GetXYZOrigin()
        place.DeepCopy(node.GetSliceToRAS())
        zoom = _height_mm(node) / self._fitted[name]  # a new size leaves the height in mm
        self._fit(name)
        node.GetSliceToRAS().DeepCopy(place)
        node.SetXYZOrigin(*origin)
        _set_scale(node, zoom * _mm_per_pixel(node))
        node.UpdateMatrices()
        self._follow(name)

    def point_at(self, point: Point, source: str | None = None) -> None:
        """Bring the slices and the crosshair of every view to a point.

        ``source`` is the view it was clicked in, which stays as it is.
        """
        self.point = point
        ras = _ras(point)
        self._crosshair.SetCrosshairRAS(*ras)
        for name in self._slices:
            if name.startswith(LEFT) or name in (source, _leader(source)):
                continue
            node = self.slice_node(name)
            node.JumpSliceByOffsetting(*ras)
            if not self._is_well_inside(name, point):
                node.JumpSliceByCentering(*ras)
            self._follow(name)
        if self.on_pointed:
            self.on_pointed(point)

    def position(self, name: str) -> SlicePosition:
        """Where a slice view is; side by side the right one says which slices there are."""
        view = self._slices[_leader(name)]
        low, high = view.get_slice_range()
        return SlicePosition(view.get_slice_value(), low, high, view.get_slice_step())

    def move(self, name: str, offset_mm: float) -> None:
        """Bring a slice view to an offset, kept inside the image."""
        place, leader = self.position(name), _leader(name)
        self._slices[leader].set_slice_value(float(np.clip(offset_mm, place.lowest, place.highest)))
        self._follow(leader)

    def step(self, name: str, slices: int) -> None:
        """Move a slice view by a number of slices."""
        place = self.position(name)
        self.move(name, place.value + slices * place.step)

    def point_in(self, name: str, x: float, y: float) -> Point:
        """Point under a pixel of a slice view, counted from its lower left corner."""
        right, anterior, superior, _ = (
            self.slice_node(name).GetXYToRAS().MultiplyPoint((x, y, 0.0, 1.0))
        )
        return -right, -anterior, superior

    def pixel_of(self, name: str, point: Point) -> tuple[float, float]:
        """Pixel of a slice view at which a point appears, from its lower left corner."""
        inverse = vtk.vtkMatrix4x4()
        vtk.vtkMatrix4x4.Invert(self.slice_node(name).GetXYToRAS(), inverse)
        x, y, _, _ = inverse.MultiplyPoint((*_ras(point), 1.0))
        return x, y

    def _is_well_inside(self, name: str, point: Point) -> bool:
        place = self.pixel_of(name, point)
        size = self.slice_node(name).GetDimensions()[:2]
        return all(MARGIN * n <= p <= (1 - MARGIN) * n for p, n in zip(place, size, strict=True))

    def _listen(self, name: str) -> None:
        self._slices[name].modified.connect(lambda *_: self._moved(name))
        interactor = self._slices[name].interactor()
        events = {
            "LeftButtonPressEvent": self._press,
            "LeftButtonReleaseEvent": self._release,
            "MouseMoveEvent": self._hover,
        }
        for event, react in events.items():
            interactor.AddObserver(event, lambda *_, r=react: r(name), 10.0)
        # after trame-slicer's own observer, which gives the slice its new size
        interactor.AddObserver("WindowResizeEvent", lambda *_: self._resized(name), -1.0)

    def _crossed(self) -> None:
        """Follow a crosshair that was moved by something else than `point_at`."""
        point = _ras(self._crosshair.GetCrosshairRAS())
        if self.point and not np.allclose(point, self.point, atol=1e-3):
            self.point = point
            if self.on_pointed:
                self.on_pointed(point)

    def _press(self, name: str) -> None:
        self._pressed[name] = self._mouse(name)

    def _release(self, name: str) -> None:
        """Take a press and release in one place as a click; else it was a drag."""
        start, end = self._pressed.pop(name, None), self._mouse(name)
        if start and max(abs(a - b) for a, b in zip(start, end, strict=True)) <= CLICK_PIXELS:
            self.point_at(self.point_in(name, *end), source=name)

    def leave(self) -> None:
        """Forget where the mouse was."""
        self._hovered = ""
        if self.on_hovered:
            self.on_hovered(None)

    def _moved(self, name: str) -> None:
        """Tell of a view that moved; a mouse at rest is over another point then."""
        if self.on_moved:
            self.on_moved()
        if name == self._hovered:
            self._hover(name)

    def _hover(self, name: str) -> None:
        self._hovered = name
        if self.on_hovered:
            self.on_hovered(self.point_in(name, *self._mouse(name)))

    def _mouse(self, name: str) -> tuple[int, int]:
        return self._slices[name].interactor().GetEventPosition()


def _leader(name: str | None) -> str | None:
    """Return the right view of the pair of a left one, else the view itself."""
    return RIGHT + name.removeprefix(LEFT) if name and name.startswith(LEFT) else name


def _height_mm(node: Any) -> float:  # noqa: ANN401
    return node.GetFieldOfView()[1]


def _mm_per_pixel(node: Any) -> float:  # noqa: ANN401
    return node.GetFieldOfView()[1] / node.GetDimensions()[1]


def _set_scale(node: Any, mm_per_pixel: float) -> None:  # noqa: ANN401
    width, height, _ = node.GetDimensions()
    depth = node.GetFieldOfView()[2]
    node.SetFieldOfView(width * mm_per_pixel, height * mm_per_pixel, depth)


def _ras(point: Point) -> Point:
    return -point[0], -point[1], point[2]
