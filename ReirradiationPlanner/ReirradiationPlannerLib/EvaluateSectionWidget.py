"""Section 5 of the panel: verdicts, maps and plots. Needs the Slicer application."""

import slicer
from slicer.i18n import tr as _

from .Layouts import FOUR_UP, PRIOR_BESIDE_CURRENT, RECOVERY_BESIDE_NONE
from .MapStyle import MapStyle
from .PlannerParameterNode import MAPS
from .ResultViewsInApplication import ResultViewsInApplication
from .SectionWidget import SectionWidget
from .TextTableWidget import Cell, TextTableWidget

ORDER = ("FAIL", "MARGINAL", "NOT EVALUABLE", "PASS")
RELATIONS = {"<=": "≤", ">=": "≥"}
SIGNS = {"FAIL": "✘", "MARGINAL": "≈", "NOT EVALUABLE": "?", "PASS": "✔"}


class EvaluateSectionWidget(SectionWidget):
    """Evaluates, shows the verdicts with the worst first, and puts results into the views."""

    def setup(self):
        """Called once: connect the widgets of the section."""
        ui = self.ui
        self._table = TextTableWidget(ui.verdictTable)
        self._views = ResultViewsInApplication()
        self._rows = ()
        self.onClick(ui.evaluateButton, self.evaluate)
        self.onClick(ui.showMapsButton, self.showMaps)
        self.onClick(ui.showPlotsButton, self.showPlots)
        self.onClick(ui.showTablesButton, self.showTables)
        ui.verdictTable.connect("itemSelectionChanged()", self._jump)
        ui.mapComboBox.connect("activated(int)", lambda _index: self._showMap())
        ui.mapOpacitySpinBox.connect("valueChanged(double)", lambda _value: self._showOpacity())
        for box in (ui.overlapPriorSpinBox, ui.overlapPlannedSpinBox):
            box.connect("editingFinished()", self._chooseOverlap)
        self.setItems(ui.layoutComboBox, _layouts(), None)
        ui.layoutComboBox.connect("activated(int)", lambda _index: self._arrange())

    def bound(self):
        """Called after the form was bound: show the titles of the maps."""
        self.setTitles(self.ui.mapComboBox, [MapStyle.forKey(key).title for key in MAPS])

    def missing(self):
        """Sentences that say what the section waits for."""
        if self.session.isReady:
            return ()
        found = self.session.found
        return found.missing if found else (_("find the courses first"),)

    def evaluate(self):
        """Called by the Evaluate button."""
        self.panel.run(self.session.evaluate)

    def showMaps(self):
        """Called by the Maps button."""
        self.panel.run(self._paint)

    def showPlots(self):
        """Called by the DVH plots button."""
        self.panel.run(lambda _progress: self._views.showPlots(self.session))

    def showTables(self):
        """Called by the Tables button."""
        self.panel.run(lambda _progress: self._views.showTables(self.session))

    def refresh(self):
        """Show verdicts; stale ones in grey and italics."""
        ui, session = self.ui, self.session
        self.enable(ui.evaluateButton, self.missing())
        evaluated = () if session.result else (_("evaluate first"),)
        fresh = evaluated or ((_("evaluate again: results are stale"),) if session.isStale else ())
        painted = (_("paint the maps first"),) if session.settings.resultNode is None else ()
        self.enable(ui.layoutComboBox, evaluated or painted)
        for button in (ui.showMapsButton, ui.showPlotsButton, ui.showTablesButton):
            self.enable(button, fresh)
        self._rows = sorted(_rows(session), key=_worstFirst)
        cells = [(f"{row['id']}/{row['structure']}", _cells(row)) for row in self._rows]
        self._table.fill(cells, session.isStale)
        ui.verdictTable.setEnabled(not session.isStale)
        self.tell(ui.resultState, self._state())
        if session.result is not None and not session.isStale:
            self._views.update(session)

    def _state(self) -> str:
        session = self.session
        if session.result is None:
            reasons = session.savedState()
            saved = _("STALE: the results of this scene: {reasons}")
            return saved.format(reasons=reasons) if reasons else ""
        if session.isStale:
            return _("STALE: something changed since these results were made.")
        counts = {v: sum(row["verdict"] == v for row in self._rows) for v in ORDER}
        text = ", ".join(f"{number} {verdict}" for verdict, number in counts.items() if number)
        said = _("Current: {counts}.").format(counts=text or _("no limits"))
        return "\n".join(filter(None, (said, session.result.not_measured)))

    def _paint(self, progress):
        # each of some hundred new nodes would draw every view again
        with slicer.util.RenderBlocker():
            self.session.showMaps(progress)
            self.outlineStructures()
            self._views.chooseOverlap(self.session)
            self._showMap()

    def _chooseOverlap(self):
        if self.session is not None and self.session.result is not None:
            self._views.chooseOverlap(self.session)

    def _arrange(self):
        layout = self.ui.layoutComboBox.itemData(self.ui.layoutComboBox.currentIndex)
        course = self.currentKey(self.ui.priorCourseComboBox)
        self.panel.run(lambda _progress: self._views.arrange(self.session, layout, course))

    def _showMap(self):
        self._views.showMap(self.session, self.session.settings.shownMap)
        self._showOpacity()

    def _showOpacity(self):
        if self.session is not None:
            self._views.setOpacity(self.session, self.ui.mapOpacitySpinBox.value / 100)

    def _jump(self):
        key = self._table.selectedKey
        row = next((r for r in self._rows if f"{r['id']}/{r['structure']}" == key), None)
        if row is not None and self.session.result is not None:
            self._views.jumpTo(self.session, row["structure"])


def _layouts():
    return [
        (_("Four views"), FOUR_UP),
        (_("Prior beside planned"), PRIOR_BESIDE_CURRENT),
        (_("Without beside with recovery"), RECOVERY_BESIDE_NONE),
    ]


def _rows(session):
    return session.result.rows if session.result is not None else ()


def _worstFirst(row):
    margin = row.get("margin")
    return ORDER.index(row["verdict"]), margin if margin is not None else 0.0


def _cells(row):
    verdict, unit = row["verdict"], row["unit"]
    values = row.get("course_values") or {}
    priors = [value for course, value in values.items() if course.startswith(("prior", "letter"))]
    prior = _number(sum(priors), unit) if priors and None not in priors else ""
    scope = row["scope"].replace("_", " ")
    relation = RELATIONS.get(row["relation"], row["relation"])
    note = row.get("note") or row["source"]
    return (
        Cell(f"{SIGNS[verdict]} {verdict}", tip=note),
        Cell(row["structure"], tip=f"{row['structure']} ({row['standard_name']})"),
        Cell(metricText(row), tip=f"{row['quantity']}, {scope}"),
        Cell(_number(row["value"], unit), tip=f"{row['quantity']}, {scope}"),
        Cell(f"{relation} {_number(row['limit'], unit)}", tip=row["source"]),
        Cell(prior),
        Cell(row["set"], tip=row["source"]),
    )


def metricText(row) -> str:
    """Metric of a limit; those of the planned course alone say so."""
    isAlone = row.get("scope") == "rert_only" or row["quantity"] == "PHYSICAL"
    return _("{metric} (plan)").format(metric=row["metric"]) if isAlone else row["metric"]


def _number(value, unit: str) -> str:
    if value is None:
        return _("unknown")
    return value if isinstance(value, str) else f"{value:.1f} {unit}"
