"""The scene of an evaluated case: what scene.mrb holds and what pictures are made of."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from ReirradiationCore.pictures_data import PictureRequest
from ReirradiationPlannerLib.CaseNodes import CaseNodes
from ReirradiationPlannerLib.DoseDisplay import DoseDisplay
from ReirradiationPlannerLib.MapHatches import FIRST_MAP
from ReirradiationPlannerLib.Navigation import Navigation
from ReirradiationPlannerLib.ResultNodes import ResultNodes

from .host import SLICE_VIEWS, Host, boot, write_mrb


@dataclass(frozen=True, eq=False)
class CaseScene:
    """A scene with the nodes of a case.

    Parameters
    ----------
    host : Host
        Keeps the scene alive.
    """

    host: Host

    @property
    def scene(self) -> Any:  # noqa: ANN401
        """The vtkMRMLScene."""
        return self.host.scene

    @property
    def maps(self) -> dict[str, Any]:
        """Name of each map that is drawn to its volume node."""
        return CaseNodes(self.scene).maps()

    @property
    def hatches(self) -> dict[str, Any]:
        """Name of a map to the label volume of where it is unknown; only maps that have one."""
        found = {key: CaseNodes.hatchOf(node) for key, node in self.maps.items()}
        return {key: hatch for key, hatch in found.items() if hatch}

    @property
    def segmentation(self) -> Any:  # noqa: ANN401
        """Structures of the reference image."""
        return CaseNodes(self.scene).first(CaseNodes.STRUCTURES)

    @property
    def markers(self) -> Any:  # noqa: ANN401
        """Hot spots; None where there are none."""
        return CaseNodes(self.scene).first(CaseNodes.MARKERS)

    def show(self, key: str | None, composites: list[Any], *, legend: bool = True) -> None:
        """Show a map by its name, or the reference image alone, in the views of composite nodes.

        Maps that the case does not have show the image alone.
        """
        shown = key if key in self.maps else None
        DoseDisplay(self.scene).showMap(shown, composites, legend=legend)


def build_scene(request: PictureRequest) -> CaseScene:
    """Make the nodes of a case that pictures show, in a scene of their own."""
    host = boot()
    ResultNodes(host.scene).addCase(request)
    ResultNodes(host.scene).updatePlotsAndTables(request)
    return CaseScene(host)


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
    nodes = ResultNodes(case.scene)
    nodes.addPriors(request)
    nodes.arrange(request)
    _open_at_first_hot_spot(case, request)
    write_mrb(case.host, path)


def _open_at_first_hot_spot(case: CaseScene, request: PictureRequest) -> None:
    logics = [case.host.add_slice_logic(*view) for view in SLICE_VIEWS.items()]
    composites = [logic.GetSliceCompositeNode() for logic in logics]
    case.show(FIRST_MAP if FIRST_MAP in case.maps else None, composites)
    for logic in logics:
        logic.FitSliceToBackground()
    if request.hot_spots:
        Navigation(case.scene).jumpTo(request.hot_spots[0].point_lps)


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
