"""What the page can do: every trigger and every change of its state."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from typing import Any

from ReirradiationCore.errors import ReirradiationError
from trame_server.utils.asynchronous import create_task

from .dvh_plot import dvh_drawing
from .legend import legend
from .map_keeper import MapKeeper
from .page_state import changed_choices_state, choices_state, point_text, position_state
from .readout import Readout
from .review_scene import ReviewScene
from .session import ReviewSession
from .view_set import SLICES, Point, ViewSet

HOVER_S, MOVE_S, REST_S = 0.05, 0.03, 0.1
NOT_A_NUMBER = "{} is not a number"


class Actions:
    """Connects the page to the review; each public method is a trigger of the page.

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

    TRIGGERS = (
        "move", "step", "leave", "fit", "go", "choose_structure", "set_rule", "set_scale",
        "set_alpha_beta", "set_recovery", "reset", "show_all", "show_structure", "save",
        "case_text",
    )  # fmt: skip

    def __init__(
        self,
        server: Any,  # noqa: ANN401
        session: ReviewSession,
        scene: ReviewScene,
        views: ViewSet,
    ) -> None:
        self._server, self._session, self._scene, self._views = server, session, scene, views
        self.maps = MapKeeper(session, scene)
        self._waiting: set[str] = set()
        self._working = 0
        self._hovered: Point | None = None
        courses = session.course_labels()
        self._readout = Readout(courses, self.maps.value_at, tuple(scene.maps), self.maps.organ_at)
        for name in self.TRIGGERS:
            server.trigger(name)(getattr(self, name))
        state = server.state
        state.change("map_key", "opacity", "lines")(self.show_map)
        state.change("prior_contours", "surfaces")(self.show_extras)
        views.on_pointed = lambda _point: self.update_readout()
        views.on_hovered = self.hover
        for orientation in SLICES:
            moved = views.view(orientation).modified
            moved.connect(lambda *_: self._soon("places", self.update_places, MOVE_S))

    def start(self) -> None:
        """Show the first map at the hottest place of the most urgent limit."""
        self.show_map()
        self.show_extras()
        self._views.fit()
        self.update_structures()
        self.update_places()
        self.state.hot_spots = self._session.hot_spots()
        names = [row["structure"] for row in self.state.table]
        names += [organ["name"] for organ in self.state.organs]
        if names:
            self.choose_structure(names[0])

    @property
    def state(self) -> Any:  # noqa: ANN401
        """The state of the page."""
        return self._server.state

    # --- views ---------------------------------------------------------------------------------

    def show_map(self, **_state: Any) -> None:  # noqa: ANN401
        """Show the chosen map with opacity and lines."""
        key = self.state.map_key or None
        if key:
            self.maps.follow(key)
        self._scene.show(
            key, self._views.composites, opacity=float(self.state.opacity), lines=self.state.lines
        )
        self.state.legend = (
            legend(self._scene.maps[key], key, repainted=self.maps.is_repainted(key))
            if key
            else None
        )
        self._mark_stale()

    def show_extras(self, **_state: Any) -> None:  # noqa: ANN401
        """Show or hide contours of prior courses and the organs coloured by tolerance."""
        self._scene.show_prior_contours(visible=bool(self.state.prior_contours))
        self._scene.show_surfaces(visible=bool(self.state.surfaces))

    def move(self, orientation: str, offset_mm: float) -> None:
        """Bring a slice view to an offset."""
        self._views.move(orientation, float(offset_mm))
        self.update_places()

    def step(self, orientation: str, slices: int) -> None:
        """Move a slice view by slices; the 3D view has none."""
        if orientation in SLICES:
            self._views.step(orientation, int(slices))
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
            self._update_dvh()
        if point:
            self.go(list(point))
        else:
            self.state.message = f"{name} is not on the reference image"

    def show_structure(self, segment_id: str, visible: bool) -> None:
        """Show or hide a structure."""
        self._scene.set_visible(segment_id, visible=bool(visible))
        self.update_structures()

    def show_all(self, visible: bool) -> None:
        """Show or hide all structures."""
        for one in self._scene.structures():
            self._scene.set_visible(one.segment_id, visible=bool(visible))
        self.update_structures()

    # --- values under the cursor -----------------------------------------------------------------

    def hover(self, point: Point | None) -> None:
        """Read the maps at a point soon; None goes back to the crosshair."""
        self._hovered = point
        self._soon("readout", self.update_readout, HOVER_S)

    def leave(self) -> None:
        """Read the maps at the crosshair again."""
        self.hover(None)

    def update_readout(self) -> None:
        """Read the maps at the mouse, or at the crosshair."""
        point = self._hovered or self._views.point
        if point is None:
            return
        readings = self._readout.at(point, self.maps.is_stale)
        where = "under the mouse" if self._hovered else "at the crosshair"
        self.state.point_text = f"{point_text(point)}, {where}"
        self.state.readout = [asdict(reading) for reading in readings]

    # --- choices ---------------------------------------------------------------------------------

    def set_alpha_beta(self, name: str, value: float | str) -> None:
        """Choose alpha/beta of a structure, Gy."""
        now = self._session.choices.alpha_beta_gy
        self._choose(value, lambda number: {"alpha_beta_gy": {**now, name: number}})

    def set_recovery(self, name: str, value: float | str) -> None:
        """Choose the recovery of a structure, per cent of every prior course."""
        now = self._session.choices.recovery
        self._choose(value, lambda number: {"recovery": {**now, name: number / 100}})

    def set_scale(self, value: float | str) -> None:
        """Choose the factor on the planned dose."""
        self._choose(value, lambda number: {"planned_scale": number})

    def set_rule(self, rule: str) -> None:
        """Choose the recovery rule."""
        self._change(recovery_rule=rule, recovery={})

    def reset(self) -> None:
        """Go back to the saved run."""
        self._change(alpha_beta_gy={}, recovery={}, recovery_rule=None, planned_scale=None)

    def _choose(self, value: float | str, changes: Callable[[float], dict[str, Any]]) -> None:
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            self._refuse(NOT_A_NUMBER.format(repr(value)))
            return
        self._change(**changes(number))

    def _change(self, **changes: Any) -> None:  # noqa: ANN401
        try:
            self._session.change(**changes)
        except ReirradiationError as error:
            self._refuse(str(error))
            return
        self.state.message = ""
        self.update_verdicts()
        self._soon("rest", self._follow_up, REST_S)

    def _refuse(self, reason: str) -> None:
        """Say why, and put what the page shows back to what holds."""
        self.state.message = reason
        for name in ("organs", "scale", "rule"):
            self._server.clear_state_client_cache(name)
            self.state.dirty(name)

    def update_verdicts(self) -> None:
        """Bring everything that follows from the choices at once up to date."""
        self.state.update(choices_state(self._session))
        self.state.update(changed_choices_state(self._session))
        self.state.hot_spots = []  # they follow, see _follow_up
        self._scene.show_markers(visible=not self._session.is_changed)
        self._update_dvh()
        self._mark_stale()
        self.update_readout()

    def _update_dvh(self) -> None:
        name = self.state.selected
        self.state.dvh = dvh_drawing(self._session.current, name) if name else ""

    def _mark_stale(self) -> None:
        key = self.state.map_key
        self.state.stale = bool(key) and self.maps.is_stale(key)
        self.state.stale_surfaces = self.maps.is_stale("tolerance_percent")

    # --- what takes longer ---------------------------------------------------------------------

    async def prepare(self) -> None:
        """Get ready to paint maps anew, and give the largest prescription, while the page works."""
        await self._in_thread(self.maps.prepare)
        await self._isotoxic()
        with self.state:
            self.update_readout()

    async def _follow_up(self) -> None:
        """Paint the maps of the current choices and find the largest prescription."""
        result, painter = self._session.current, self.maps.painter
        if painter and self.maps.is_any_stale():
            maps = await self._in_thread(partial(painter.maps, result))
            if result is not self._session.current:
                return  # a later change is on its way
            with self.state:
                self.maps.replace(result, maps)
                self._scene.color_surfaces()
                self.show_map()
                self.update_readout()
        with self.state:
            self.state.hot_spots = self._session.hot_spots()
        await self._isotoxic()

    async def _isotoxic(self) -> None:
        result = self._session.current
        text = await self._in_thread(lambda: self._session.isotoxic_text(result))
        if result is self._session.current:
            with self.state:
                self.state.isotoxic = text

    async def _in_thread(self, work: Callable[[], Any]) -> Any:  # noqa: ANN401
        return await asyncio.get_running_loop().run_in_executor(None, work)

    def _soon(self, name: str, work: Callable[[], Any], seconds: float) -> None:
        """Do something after a short rest, once for all calls until then."""
        if name in self._waiting:
            return
        self._waiting.add(name)

        async def later() -> None:
            await asyncio.sleep(seconds)
            self._waiting.discard(name)
            self._working += 1
            try:
                with self.state:
                    done = work()
                if asyncio.iscoroutine(done):
                    await done
            finally:
                self._working -= 1

        create_task(later())

    @property
    def is_busy(self) -> bool:
        """Whether work is waiting or under way."""
        return bool(self._waiting or self._working)

    # --- page ------------------------------------------------------------------------------------

    def update_places(self) -> None:
        """Tell the page where the slice views are."""
        self.state.places = {
            name: position_state(name, self._views.position(name)) for name in SLICES
        }

    def update_structures(self) -> None:
        """Tell the page which structures are shown."""
        self.state.structures = [
            {
                "id": one.segment_id,
                "name": one.name,
                "color": f"rgb{one.color}",
                "visible": one.visible,
            }
            for one in self._scene.structures()
        ]

    def save(self) -> None:
        """Write the choices beside the result."""
        try:
            path = self._session.save(self.state.author)
        except ReirradiationError as error:
            self.state.message = str(error)
            return
        self.state.message = f"written: {path}"

    def case_text(self) -> str:
        """Return the case file, for the download."""
        return self._session.case_text(self.state.author)
