"""What the page can do with maps and structures: which are shown, how, and how they follow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from typing import Any

from ReirradiationCore.grids import Volume
from ReirradiationCore.live_result import LiveResult

from .arrangement import Arrangement, arrangements
from .later import Later
from .legend import legend
from .map_keeper import MapKeeper
from .page_state import point_text
from .readout import Readout
from .review_scene import TOLERANCE, ReviewScene
from .session import ReviewSession
from .typed_input import number_of, refuse
from .view_set import Point, ViewSet

DRAWN_S = 0.2  # pictures are drawn and sent after the state of the page
NOT_A_DOSE = "{} Gy: an overlap needs doses above zero"


class MapActions:
    """Shows maps, contours and surfaces, and reads values at a point.

    Parameters
    ----------
    server : trame server
        State of the page.
    session : ReviewSession
        Choices and verdicts.
    scene : ReviewScene
        What the views show.
    views : ViewSet
        The views.
    later : Later
        Says that a picture is drawn, after it is.
    """

    TRIGGERS = ("show_all", "show_structure", "set_overlap")

    def __init__(
        self,
        server: Any,  # noqa: ANN401
        session: ReviewSession,
        scene: ReviewScene,
        views: ViewSet,
        later: Later,
    ) -> None:
        self._server, self._session, self._scene, self._views = server, session, scene, views
        self.state, self._later = server.state, later
        self.keeper = MapKeeper(session, scene)
        courses = session.course_labels()
        self._arrangements = arrangements(courses, scene.maps)
        keeper = self.keeper
        self._readout = Readout(courses, keeper.value_at, tuple(scene.maps), keeper.organ_at)
        self.hovered: Point | None = None
        self.state.change("map_key", "opacity", "lines", "arrangement")(self._follow_page)
        self.state.change("prior_contours", "surfaces")(self.show_extras)

    @property
    def arrangement(self) -> Arrangement:
        """How the views are arranged now."""
        return self._arrangements[self.state.arrangement]

    @property
    def shown_maps(self) -> tuple[str, ...]:
        """Names of the maps that the slice views show."""
        return self.arrangement.sides or tuple(filter(None, [self.state.map_key]))

    def _follow_page(self, **_state: Any) -> None:  # noqa: ANN401
        """Show what the page chose; until it is drawn the page marks the pictures as old."""
        self.show_map()
        self._say_when_drawn()

    def _say_when_drawn(self) -> None:
        """Tell the page of which layout and map its pictures are, once they are."""
        drawn = [self.state.arrangement, self.state.map_key]
        self._later.soon(f"drawn {drawn}", partial(self.state.update, {"drawn": drawn}), DRAWN_S)

    def show_map(self) -> None:
        """Show the chosen map, or those of both sides, with opacity and lines."""
        keys, looks = self.shown_maps, {"opacity": float(self.state.opacity)}
        looks["lines"] = bool(self.state.lines)
        for key in keys:
            self.keeper.follow(key)
        if self.arrangement.sides:
            planned = self._session.saved.planned.id
            filled = self.arrangement.fill(self._scene.scene, planned)
            self._scene.style(keys, filled, **looks)
        else:
            self._scene.show(self.state.map_key or None, self._views.composites, **looks)
        self._arrange()
        found = [
            legend(self._scene.maps[key], key, repainted=self.keeper.is_repainted(key))
            for key in keys
        ]
        same = len(found) > 1 and found[0] == found[1]
        self.state.legends = found[:1] if same else found
        self._mark_stale()

    def _arrange(self) -> None:
        heads = self.arrangement.heads()
        if heads != self.state.heads:
            self.state.large, self.state.heads = "", heads
            self._views.show(self.arrangement.views)

    def show_extras(self, **_state: Any) -> None:  # noqa: ANN401
        """Show or hide contours of prior courses and the organs coloured by tolerance."""
        self._scene.show_prior_contours(visible=bool(self.state.prior_contours))
        if self._scene.show_surfaces(visible=bool(self.state.surfaces)):
            self._views.fit_3d()

    def set_overlap(self, side: str, value: float | str) -> None:
        """Choose the isodose, Gy EQD2, that ``prior`` or ``planned`` must reach to overlap."""
        name, number = f"overlap_{side}", number_of(value)
        if not number > 0:
            refuse(self._server, NOT_A_DOSE.format(value), name)
            return
        self.state.message = ""
        self.state[name] = number
        self.keeper.choose_overlap(self.state.overlap_prior, self.state.overlap_planned)
        self.show_map()
        self.update_readout()

    # --- after a change of choices -------------------------------------------------------------

    def follow_choices(self) -> None:
        """Mark what belongs to the saved choices."""
        self._mark_stale()
        self.update_readout()

    def show_markers(self) -> None:
        """Show the hot spots of the saved run for its choices only; the 3D view is drawn anew."""
        self._scene.show_markers(visible=not self._session.is_changed)

    def replace(self, result: LiveResult, maps: Mapping[str, Volume]) -> None:
        """Show maps that were painted for other choices."""
        self.keeper.replace(result, maps)
        self._scene.color_surfaces()
        self.show_map()
        self.state.drawn = []
        self._say_when_drawn()
        self.update_readout()

    def _mark_stale(self) -> None:
        self.state.stale = any(map(self.keeper.is_stale, self.shown_maps))
        self.state.stale_surfaces = self.keeper.is_stale(TOLERANCE)
        is_any = self.state.stale or self.state.stale_surfaces
        self.state.why_stale = self.keeper.why_not if is_any else ""

    # --- structures ------------------------------------------------------------------------------

    def show_structure(self, segment_id: str, visible: bool) -> None:
        """Show or hide a structure."""
        self._scene.set_visible(segment_id, visible=bool(visible))
        self.update_structures()

    def show_all(self, visible: bool) -> None:
        """Show or hide all structures."""
        for one in self._scene.structures():
            self._scene.set_visible(one.segment_id, visible=bool(visible))
        self.update_structures()

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

    # --- values under the cursor -----------------------------------------------------------------

    def update_readout(self) -> None:
        """Read the maps at the mouse, or at the crosshair."""
        point = self.hovered or self._views.point
        if point is None:
            return
        readings = self._readout.at(point, self.keeper.is_stale)
        where = "under the mouse" if self.hovered else "at the crosshair"
        self.state.point_text = f"{point_text(point)}, {where}"
        self.state.readout = [asdict(reading) for reading in readings]
