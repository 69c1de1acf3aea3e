"""Maps, plots and tables in the views of the application. Needs the Slicer application."""

import slicer
from ReirradiationCore.errors import RefusedError
from ReirradiationCore.pictures_data import ResultTable
from slicer.i18n import tr as _

from .CaseNodes import CaseNodes
from .DoseDisplay import DoseDisplay
from .DvhPlots import DvhPlots
from .Layouts import PRIOR_BESIDE_CURRENT, RECOVERY_BESIDE_NONE, Layouts
from .Navigation import Navigation
from .OverlapDisplay import OVERLAP, OverlapDisplay
from .ResultTables import ResultTables

HEADER = ("Verdict", "Organ", "Metric", "Quantity", "Value", "Limit", "Unit", "Set", "Note")
NEEDED = {
    PRIOR_BESIDE_CURRENT: "eqd2_{course}",
    RECOVERY_BESIDE_NONE: "cumulative_no_recovery",
}
KEYS = ("verdict", "structure", "metric", "quantity", "value", "limit", "unit", "set", "note")


class ResultViewsInApplication:
    """Puts results into slice, plot and table views; what is shown follows live changes."""

    def __init__(self):
        self._plotted: str | None = None
        self._hasTable = False
        self._drawn = None

    def showMap(self, session, key: str):
        """Show a map over today's CT in every slice view."""
        for composite in self._composites(session):
            composite.SetCompositing(slicer.vtkMRMLSliceCompositeNode.Alpha)
        DoseDisplay(session.scene).showMap(key, self._composites(session))

    def setOpacity(self, session, opacity: float):
        """Set the opacity 0..1 of the map over the CT."""
        DoseDisplay.setOpacity(self._composites(session), opacity)

    def chooseOverlap(self, session):
        """Colour the overlap from the chosen doses on; nothing before the maps are painted."""
        settings = session.settings
        if OVERLAP in CaseNodes(session.scene).maps():
            OverlapDisplay(session.scene).choose(settings.overlapPrior, settings.overlapPlanned)

    def arrange(self, session, layout: int, course: str):
        """Arrange the views for maps that were painted.

        :param course: prior course that is shown beside the planned one.
        :raises RefusedError: a picture that there is not.
        """
        manager, needed = slicer.app.layoutManager(), NEEDED.get(layout, "").format(course=course)
        if needed and needed not in CaseNodes(session.scene).maps():
            reason = _("there is no map of this yet; press Maps, or choose another layout")
            raise RefusedError(reason)
        if manager is None:
            return
        Layouts.register(manager.layoutLogic().GetLayoutNode())
        manager.setLayout(layout)
        layouts = Layouts(session.scene)
        if layout == PRIOR_BESIDE_CURRENT:
            layouts.showPriorBesideCurrent(course)
        elif layout == RECOVERY_BESIDE_NONE:
            layouts.showRecoveryBesideNone()
        else:
            self.showMap(session, session.settings.shownMap)

    def jumpTo(self, session, organ: str):
        """Go to the hottest point of an organ, and to its plot if plots are shown."""
        spots = session.result.hot_spots
        spot = next((spot for spot in spots if spot["structure"] == organ), None)
        if spot is not None:
            Navigation(session.scene).jumpTo(tuple(spot["point_lps"]))
        if self._plotted and any(o.model.name == organ for o in session.result.organs):
            self._plot(session, organ)

    def showPlots(self, session):
        """Show the dose-volume histogram of the organ that uses most of its limit."""
        names = [spot["structure"] for spot in session.result.hot_spots]
        self._setLayout(slicer.vtkMRMLLayoutNode.SlicerLayoutConventionalPlotView)
        self._plot(session, names[0] if names else session.result.organs[0].model.name)

    def showTables(self, session):
        """Show the verdicts as a table that can be copied and saved."""
        self._hasTable = True
        node = self._fillTable(session)
        self._setLayout(slicer.vtkMRMLLayoutNode.SlicerLayoutFourUpTableView)
        logic = slicer.app.applicationLogic()
        logic.GetSelectionNode().SetActiveTableID(node.GetID())
        logic.PropagateTableSelection()

    def update(self, session):
        """Draw again what is shown, after the numbers changed."""
        if session.result is self._drawn:
            return
        self._drawn = session.result
        if self._plotted is not None:
            known = {organ.model.name for organ in session.result.organs}
            self._plot(session, self._plotted) if self._plotted in known else None
        if self._hasTable:
            self._fillTable(session)

    def _plot(self, session, organ: str):
        result = session.result
        limits = [row for row in result.rows if row["structure"] == organ]
        chart = DvhPlots(session.scene).add(result.dvh_of(organ), limits=limits)
        self._plotted = organ
        for view in slicer.util.getNodesByClass("vtkMRMLPlotViewNode", session.scene):
            view.SetPlotChartNodeID(chart.GetID())

    def _fillTable(self, session):
        rows = tuple(tuple(row.get(key) for key in KEYS) for row in session.result.rows)
        header = tuple(HEADER)
        return ResultTables(session.scene).add(ResultTable(_("Verdicts"), header, rows))

    @staticmethod
    def showPlanned(found):
        """Show today's CT in every slice view, with the structures that were drawn on it.

        Those of prior courses have no place on it before they are registered.
        """
        if found.planned.imageNode is not None:
            logic = slicer.app.applicationLogic()
            logic.GetSelectionNode().SetActiveVolumeID(found.planned.imageNode.GetID())
            logic.PropagateVolumeSelection()
        for course in found.courses:
            node = course.segmentationNode
            if node is not None and node is not found.planned.segmentationNode:
                node.SetDisplayVisibility(False)

    @staticmethod
    def _setLayout(layout: int):
        manager = slicer.app.layoutManager()
        if manager is not None:
            manager.setLayout(layout)

    @staticmethod
    def _composites(session):
        return slicer.util.getNodesByClass("vtkMRMLSliceCompositeNode", session.scene)
