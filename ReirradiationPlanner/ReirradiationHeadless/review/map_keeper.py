"""Which choices the shown maps belong to, and bringing them up to date."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from ReirradiationCore.errors import RefusedError
from ReirradiationCore.grids import Volume
from ReirradiationCore.live_result import LiveResult
from ReirradiationPlannerLib.MapHatches import MapHatches
from ReirradiationPlannerLib.OverlapDisplay import OVERLAP, OverlapDisplay
from ReirradiationPlannerLib.ResultNodes import ResultNodes
from ReirradiationPlannerLib.VolumeNodes import VolumeNodes

from .painter import PHYSICAL, Painter
from .review_scene import ReviewScene
from .session import ReviewSession

Point = tuple[float, float, float]
ALPHA_BETA = "alpha_beta"
NOT_PAINTED = "the maps cannot be painted for changed choices: {}"


class MapKeeper:
    """Keeps the maps of the scene and what they were painted from together.

    Parameters
    ----------
    session : ReviewSession
        The choices.
    scene : ReviewScene
        The maps.
    """

    def __init__(self, session: ReviewSession, scene: ReviewScene) -> None:
        self._session, self._scene = session, scene
        self._saved = session.saved.marker
        self._painted = dict.fromkeys(scene.maps, self._saved)
        self._drawn = dict(self._painted)
        self._overlap: tuple[float, float] | None = None
        self._alpha_beta = session.folder.map(ALPHA_BETA)
        self._hatches: MapHatches | None = None
        self.painter: Painter | None = None
        self.why_not = ""

    def prepare(self) -> None:
        """Get ready to paint; takes seconds for a large case, so not while a page waits."""
        nodes = self._scene.maps.items()
        doses = {
            key.removeprefix(PHYSICAL): VolumeNodes.toVolume(node)
            for key, node in nodes
            if key.startswith(PHYSICAL)
        }
        try:
            self.painter = Painter(doses, self._session.saved)
        except RefusedError as error:
            self.why_not = NOT_PAINTED.format(error)
            return
        hatches = MapHatches(self._scene.scene)
        hatches.learn()
        self._hatches = hatches

    def is_stale(self, key: str) -> bool:
        """Tell whether a map does not belong to the current choices."""
        painted, current = self._painted.get(key, self._saved), self._session.current.marker
        if painted == current:
            return False
        return painted != self._saved or self._session.is_stale(key)

    def is_repainted(self, key: str) -> bool:
        """Tell whether a map was painted for changed choices."""
        return self._painted.get(key, self._saved) != self._saved

    def is_any_stale(self) -> bool:
        """Tell whether painting would bring any map up to date."""
        return self.painter is not None and any(map(self.is_stale, self._scene.maps))

    def paint(self, result: LiveResult) -> dict[str, Volume]:
        """Return the maps of the scene under other choices; takes a while."""
        return self.painter.maps(result, {ALPHA_BETA, *self._scene.maps}) if self.painter else {}

    def replace(self, result: LiveResult, maps: Mapping[str, Volume]) -> None:
        """Put painted maps into the scene; lines and hatch follow when a map is shown."""
        nodes = ResultNodes(self._scene.scene)
        for key in self._scene.maps.keys() & maps.keys():
            nodes.updateMap(key, maps[key])
            self._painted[key] = result.marker
        self._alpha_beta = maps[ALPHA_BETA]

    def choose_overlap(self, prior_gy: float, planned_gy: float) -> None:
        """Count as overlap where the prior courses reach one EQD2 and the plan another, Gy."""
        self._overlap = prior_gy, planned_gy
        self._drawn.pop(OVERLAP, None)

    def follow(self, key: str) -> None:
        """Draw lines and hatch of a map anew if it was painted since they were."""
        if self._drawn.get(key) == self._painted[key]:
            return
        scene = self._scene.scene
        if key == OVERLAP and self._overlap:
            OverlapDisplay(scene, self._session.saved.planned.id).choose(*self._overlap)
        ResultNodes(scene).redraw(key, self._hatches)
        self._drawn[key] = self._painted[key]

    def value_at(self, key: str, point: Point) -> float | None:
        """Value of a map, or of alpha/beta, in the voxel at a point; None where it is not known."""
        if key != ALPHA_BETA:
            return self._scene.value_at(key, point)
        return None if self._alpha_beta is None else _voxel(self._alpha_beta, point)

    def organ_at(self, point: Point) -> tuple[str, float] | None:
        """Organ that the maps show at a point with its alpha/beta; None if there is none.

        Which organ it is takes a painter; without one its name is empty.
        """
        name = self.painter.organ_at(point) if self.painter else ""
        alpha_beta = self.value_at(ALPHA_BETA, point)
        if self.painter is None:
            return ("", alpha_beta) if alpha_beta else None
        return (name, alpha_beta) if name and alpha_beta else None


def _voxel(volume: Volume, point: Point) -> Any:  # noqa: ANN401
    i, j, k = np.floor(volume.grid.indices_of(np.array([point]))[0] + 0.5).astype(int)
    if not all(0 <= x < n for x, n in zip((i, j, k), volume.grid.size, strict=True)):
        return None
    value = float(volume.array[k, j, i])
    return None if np.isnan(value) else value
