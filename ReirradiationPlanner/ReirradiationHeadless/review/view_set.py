"""Three slice views and a 3D view that look at the same point."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import slicer
import vtk
from trame_slicer.core.view_manager import ViewManager
from trame_slicer.views import ViewLayoutDefinition

from .review_scene import ReviewScene

SLICES = {"Axial": "Red", "Coronal": "Green", "Sagittal": "Yellow"}
THREE_D = "ThreeD"
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
    _pressed: dict[str, tuple[int, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Make the views and listen to them."""
        self._slices = {
            orientation: self.manager.create_view(
                ViewLayoutDefinition.slice_view(orientation, label=name)
            )
            for orientation, name in SLICES.items()
        }
        self._three_d = self.manager.create_view(
            ViewLayoutDefinition.threed_view(name=THREE_D, background_color=BACKGROUND)
        )
        # translucent surfaces vanish with samples and depth peeling together
        self._three_d.render_window().SetMultiSamples(0)
        self._three_d.renderer().SetOcclusionRatio(OCCLUSION)
        self.manager.set_current_view_ids([*SLICES.values(), THREE_D])
        crosshair = self._crosshair
        crosshair.SetCrosshairMode(slicer.vtkMRMLCrosshairNode.ShowBasic)
        crosshair.SetCrosshairThickness(slicer.vtkMRMLCrosshairNode.Fine)
        for orientation in SLICES:
            self._listen(orientation)

    @property
    def _crosshair(self) -> Any:  # noqa: ANN401
        return self.scene.scene.GetFirstNodeByClass("vtkMRMLCrosshairNode")

    @property
    def composites(self) -> list[Any]:
        """The vtkMRMLSliceCompositeNode of the slice views."""
        return [view._logic.GetSliceCompositeNode() for view in self._slices.values()]

    def slice_node(self, orientation: str) -> Any:  # noqa: ANN401
        """Return the vtkMRMLSliceNode of a view."""
        return self._slices[orientation].get_view_node()

    def view(self, name: str) -> Any:  # noqa: ANN401
        """Return a trame-slicer view by its orientation, or the 3D view."""
        return self._slices.get(name, self._three_d)

    def fit(self) -> None:
        """Show the whole image in every view."""
        for orientation in SLICES:
            self._fit(orientation)
        self._three_d.fit_view_to_content()

    def _fit(self, orientation: str) -> None:
        """Show the whole image in a slice view, at the slice of the crosshair."""
        self._slices[orientation].fit_view_to_content()
        if self.point:
            self.slice_node(orientation).JumpSliceByOffsetting(*_ras(self.point))

    def point_at(self, point: Point, source: str | None = None) -> None:
        """Bring the slices and the crosshair of every view to a point.

        ``source`` is the view it was clicked in, which stays as it is.
        """
        self.point = point
        ras = _ras(point)
        self._crosshair.SetCrosshairRAS(*ras)
        for orientation in SLICES:
            if orientation == source:
                continue
            node = self.slice_node(orientation)
            node.JumpSliceByOffsetting(*ras)
            if not self._is_well_inside(orientation, point):
                node.JumpSliceByCentering(*ras)
        if self.on_pointed:
            self.on_pointed(point)

    def position(self, orientation: str) -> SlicePosition:
        """Where a slice view is."""
        view = self._slices[orientation]
        low, high = view.get_slice_range()
        return SlicePosition(view.get_slice_value(), low, high, view.get_slice_step())

    def move(self, orientation: str, offset_mm: float) -> None:
        """Bring a slice view to an offset, kept inside the image."""
        place = self.position(orientation)
        self._slices[orientation].set_slice_value(
            float(np.clip(offset_mm, place.lowest, place.highest))
        )

    def step(self, orientation: str, slices: int) -> None:
        """Move a slice view by a number of slices."""
        place = self.position(orientation)
        self.move(orientation, place.value + slices * place.step)

    def point_in(self, orientation: str, x: float, y: float) -> Point:
        """Point under a pixel of a slice view, counted from its lower left corner."""
        right, anterior, superior, _ = (
            self.slice_node(orientation).GetXYToRAS().MultiplyPoint((x, y, 0.0, 1.0))
        )
        return -right, -anterior, superior

    def pixel_of(self, orientation: str, point: Point) -> tuple[float, float]:
        """Pixel of a slice view at which a point appears, from its lower left corner."""
        inverse = vtk.vtkMatrix4x4()
        vtk.vtkMatrix4x4.Invert(self.slice_node(orientation).GetXYToRAS(), inverse)
        x, y, _, _ = inverse.MultiplyPoint((*_ras(point), 1.0))
        return x, y

    def _is_well_inside(self, orientation: str, point: Point) -> bool:
        place = self.pixel_of(orientation, point)
        size = self.slice_node(orientation).GetDimensions()[:2]
        return all(MARGIN * n <= p <= (1 - MARGIN) * n for p, n in zip(place, size, strict=True))

    def _listen(self, orientation: str) -> None:
        interactor = self._slices[orientation].interactor()
        events = {
            "LeftButtonPressEvent": self._press,
            "LeftButtonReleaseEvent": self._release,
            "MouseMoveEvent": self._hover,
        }
        for event, react in events.items():
            interactor.AddObserver(event, lambda *_, r=react: r(orientation), 10.0)
        # after trame-slicer's own observer, which gives the slice its new size
        interactor.AddObserver("WindowResizeEvent", lambda *_: self._fit(orientation), -1.0)

    def _press(self, orientation: str) -> None:
        self._pressed[orientation] = self._mouse(orientation)

    def _release(self, orientation: str) -> None:
        """Take a press and release in one place as a click; else it was a drag."""
        start, end = self._pressed.pop(orientation, None), self._mouse(orientation)
        if start and max(abs(a - b) for a, b in zip(start, end, strict=True)) <= CLICK_PIXELS:
            self.point_at(self.point_in(orientation, *end), source=orientation)

    def _hover(self, orientation: str) -> None:
        if self.on_hovered:
            self.on_hovered(self.point_in(orientation, *self._mouse(orientation)))

    def _mouse(self, orientation: str) -> tuple[int, int]:
        return self._slices[orientation].interactor().GetEventPosition()


def _ras(point: Point) -> Point:
    return -point[0], -point[1], point[2]
