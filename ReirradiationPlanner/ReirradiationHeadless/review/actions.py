"""What the page can do: every trigger and every change of its state."""

from __future__ import annotations

from typing import Any

from ..memory import give_back_memory
from .choice_actions import ChoiceActions
from .later import Later
from .map_actions import MapActions
from .page_state import position_state
from .review_scene import ReviewScene
from .session import ReviewSession
from .view_set import ORIENTATIONS, Point, ViewSet

HOVER_S, MOVE_S = 0.05, 0.03


class Actions:
    """Connects the page to the review; what is listed in ``TRIGGERS`` is called by the page.

    Parameters
    ----------
    server : trame server
        State of the page and its triggers.
    session : ReviewSession
        Choices and verdicts.
    scene : ReviewScene
        What the views show.
    views : ViewSet
        The views.
    """

    TRIGGERS = ("move", "step", "leave", "fit", "go", "choose_structure")

    def __init__(
        self,
        server: Any,  # noqa: ANN401
        session: ReviewSession,
        scene: ReviewScene,
        views: ViewSet,
    ) -> None:
        self.state, self._session = server.state, session
        self._scene, self._views = scene, views
        self.later = Later(server.state)
        self.maps = MapActions(server, session, scene, views, self.later)
        self.choices = ChoiceActions(server, session, self.maps, self.later)
        for part in (self, self.maps, self.choices):
            for name in part.TRIGGERS:
                server.trigger(name)(getattr(part, name))
        views.on_pointed = lambda _point: self.maps.update_readout()
        views.on_hovered = self.hover
        views.on_moved = lambda: self.later.soon("places", self.update_places, MOVE_S)

    def start(self) -> None:
        """Show the first map at the hottest place of the most urgent limit."""
        self.maps.show_map()
        self.maps.show_extras()
        self._views.fit()
        self.maps.update_structures()
        self.update_places()
        self.state.hot_spots = self._session.hot_spots()
        names = [row["structure"] for row in self.state.table]
        names += [organ["name"] for organ in self.state.organs]
        if names:
            self.choose_structure(names[0])

    async def prepare(self) -> None:
        """Get ready to paint maps anew, and give the largest prescription, while the page works."""
        await self.later.in_thread(self.maps.keeper.prepare)
        give_back_memory()
        await self.choices.follow_up()
        with self.state:
            self.maps.update_readout()

    def move(self, name: str, offset_mm: float) -> None:
        """Bring a slice view to an offset."""
        self._views.move(name, float(offset_mm))
        self.update_places()

    def step(self, name: str, slices: int) -> None:
        """Move a slice view by slices; the 3D view has none."""
        if name in ORIENTATIONS:
            self._views.step(name, int(slices))
            self.update_places()

    def fit(self) -> None:
        """Show the whole image in every view."""
        self._views.fit()

    def go(self, point: list[float]) -> None:
        """Bring every view to a point, LPS, mm."""
        left, posterior, superior = (float(x) for x in point)
        self._views.point_at((left, posterior, superior))
        self.update_places()

    def choose_structure(self, name: str) -> None:
        """Select a structure: its DVH, and every view at its hottest place."""
        spots = {spot["structure"]: spot["point"] for spot in self._session.hot_spots()}
        point = spots.get(name) or self._scene.center_of(name)
        if any(organ["name"] == name for organ in self.state.organs):
            self.state.selected = name
            self.choices.update_dvh()
        if point:
            self.go(list(point))
        else:
            self.state.message = f"{name} is not on the reference image"

    def hover(self, point: Point | None) -> None:
        """Read the maps at a point soon; None goes back to the crosshair."""
        self.maps.hovered = point
        self.later.soon("readout", self.maps.update_readout, HOVER_S)

    def leave(self) -> None:
        """Read the maps at the crosshair again."""
        self._views.leave()

    def update_places(self) -> None:
        """Tell the page where the slice views are."""
        self.state.places = {
            name: position_state(ORIENTATIONS[name], self._views.position(name))
            for name in self._views.slice_names
        }
