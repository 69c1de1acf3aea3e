"""Which choices the shown maps belong to, and bringing them up to date."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import slicer
from ReirradiationCore.errors import RefusedError
from ReirradiationCore.grids import Volume
from ReirradiationCore.live_result import LiveResult
from ReirradiationPlannerLib.DoseDisplay import DoseDisplay
from ReirradiationPlannerLib.MapStyle import MapStyle
from ReirradiationPlannerLib.VolumeNodes import VolumeNodes

from .painter import PHYSICAL, Painter
from .review_scene import ReviewScene
from .session import ReviewSession

Point = tuple[float, float, float]
ALPHA_BETA = "alpha_beta"


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
        self._lines = dict(self._painted)
        self._alpha_beta = session.folder.map(ALPHA_BETA)
        self.painter: Painter | None = None
        self.why_not = ""

    def prepare(self) -> None:
        """Get ready to paint; takes a second for a large case, so not while a page waits."""
        nodes = self._scene.maps.items()
        doses = {
            key.removeprefix(PHYSICAL): VolumeNodes.toVolume(node)
            for key, node in nodes
            if key.startswith(PHYSICAL)
        }
        try:
            self.painter = Painter(doses, self._session.saved)
        except RefusedError as error:
            self.why_not = str(error)

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

    def replace(self, result: LiveResult, maps: Mapping[str, Volume]) -> None:
        """Put painted maps into the scene; lines follow when a map is shown."""
        for key in self._scene.maps.keys() & maps.keys():
            slicer.util.updateVolumeFromArray(self._scene.maps[key], maps[key].array)
            self._painted[key] = result.marker
        self._alpha_beta = maps[ALPHA_BETA]

    def follow(self, key: str) -> None:
        """Draw the lines of a map anew if it was painted since they were."""
        if self._lines.get(key) == self._painted.get(key):
            return
        node, style = self._scene.maps[key], MapStyle.forKey(key)
        largest = DoseDisplay.largest(slicer.util.arrayFromVolume(node))
        upper = node.GetDisplayNode().GetWindowLevelMax()
        levels = tuple(level for level in style.levels(upper) if level < largest)
        DoseDisplay(self._scene.scene).setLevels(node, levels)
        self._lines[key] = self._painted[key]

    def value_at(self, key: str, point: Point) -> float | None:
        """Value of a map, or of alpha/beta, in the voxel at a point; None where it is not known."""
        if key != ALPHA_BETA:
            return self._scene.value_at(key, point)
        return None if self._alpha_beta is None else _voxel(self._alpha_beta, point)

    def organ_at(self, point: Point) -> tuple[str, float] | None:
        """Organ that the maps show at a point with its alpha/beta; None if there is none."""
        name = self.painter.organ_at(point) if self.painter else None
        alpha_beta = self.value_at(ALPHA_BETA, point)
        return (name, alpha_beta) if name and alpha_beta else None


def _voxel(volume: Volume, point: Point) -> Any:  # noqa: ANN401
    i, j, k = np.floor(volume.grid.indices_of(np.array([point]))[0] + 0.5).astype(int)
    if not all(0 <= x < n for x, n in zip((i, j, k), volume.grid.size, strict=True)):
        return None
    value = float(volume.array[k, j, i])
    return None if np.isnan(value) else value
