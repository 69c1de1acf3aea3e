"""Where prior and planned courses overlap, at isodoses that the user chooses."""

from __future__ import annotations

import numpy as np
import slicer
from ReirradiationCore.heatmaps import overlap

from .CaseNodes import CaseNodes
from .IsodoseModels import IsodoseModels
from .Navigation import Navigation, Point
from .VolumeNodes import VolumeNodes

OVERLAP = "overlap_eqd2"
# the two courses are told apart by brightness as well as by hue
PRIOR_COLOR, PLANNED_COLOR = (0.35, 0.80, 1.00), (1.00, 0.90, 0.20)


class OverlapDisplay:
    """Repaints the overlap map of a case and draws the chosen isodose of either side.

    :param scene: scene with the maps ``overlap_eqd2``, ``eqd2_<planned>`` and of each prior course.
    """

    def __init__(self, scene, planned: str = "planned"):
        self._scene = scene
        self._planned = f"eqd2_{planned}"

    def choose(self, priorGy: float, plannedGy: float) -> None:
        """Colour the overlap where the prior courses reach one dose and the planned one another.

        :param priorGy: EQD2 of the prior courses together, before recovery, Gy.
        :param plannedGy: EQD2 of the planned course, Gy.
        """
        node = CaseNodes(self._scene).maps()[OVERLAP]
        prior, planned = self._doses()
        VolumeNodes.setVoxels(node, overlap(prior, planned, priorGy, plannedGy))
        self._drawLines(node, (prior, priorGy), (planned, plannedGy))

    def givenAt(self, pointLps: Point) -> dict[str, float | None]:
        """EQD2 that each course gives at a point, Gy; None where it is not known."""
        values = Navigation(self._scene).valuesAt(pointLps)
        return {
            key.removeprefix("eqd2_"): value
            for key, value in values.items()
            if key.startswith("eqd2_")
        }

    def _doses(self) -> tuple[np.ndarray, np.ndarray]:
        maps = CaseNodes(self._scene).maps()
        arrays = {k: slicer.util.arrayFromVolume(n) for k, n in maps.items()}
        priors = [a for k, a in arrays.items() if k.startswith("eqd2_") and k != self._planned]
        return np.sum(priors, axis=0), arrays[self._planned]

    def _drawLines(self, node, prior, planned) -> None:
        nodes = CaseNodes(self._scene)
        old = nodes.all(CaseNodes.COURSE_LINE, mapKey=OVERLAP)
        visible = not old or bool(old[0].GetDisplayNode().GetVisibility())
        for model in old:
            nodes.remove(model)
        grid = VolumeNodes.toVolume(node).grid
        sides = (("Prior courses", prior, PRIOR_COLOR), ("Planned course", planned, PLANNED_COLOR))
        for name, (values, level), color in sides:
            model = IsodoseModels(self._scene).addOne(
                values, grid, level, f"{name} {level:g} Gy EQD2", color
            )
            if model is not None:
                CaseNodes.mark(model, CaseNodes.COURSE_LINE, mapKey=OVERLAP)
                model.GetDisplayNode().SetVisibility(visible)
