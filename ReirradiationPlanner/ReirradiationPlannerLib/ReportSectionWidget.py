"""Section 8 of the panel: report, export and the case file. Needs the Slicer application."""

from pathlib import Path

import slicer
from slicer.i18n import tr as _

from .CaseSettings import takeSettings
from .PlannerChoices import PlannerChoices
from .SectionWidget import SectionWidget


class ReportSectionWidget(SectionWidget):
    """Writes results and choices, and takes choices back."""

    def setup(self):
        """Called once: connect the widgets of the section."""
        ui = self.ui
        self.onClick(ui.reportButton, self.write)
        self.onClick(ui.openReportButton, self.open)
        self.onClick(ui.saveCaseButton, self.saveChoices)
        self.onClick(ui.loadCaseButton, self.loadChoices)

    def missing(self):
        """Sentences that say what the section waits for; choices can be loaded at any time."""
        return ()

    def write(self):
        """Called by the Write report button."""
        folder = Path(self.session.settings.outputFolder)
        self.panel.run(lambda progress: self.session.writeReport(folder, progress))

    def open(self):
        """Called by the Open report button."""
        self.openFile(self.session.report)

    def saveChoices(self):
        """Called by the Save choices button; asks before a file is replaced."""
        path = Path(self.session.settings.caseFile)
        question = _("{path} is there already. Replace it?").format(path=path)
        if not path.exists() or slicer.util.confirmYesNoDisplay(question):
            self.panel.run(lambda _progress: self._save(path))

    def loadChoices(self):
        """Called by the Load choices button; asks before choices are replaced."""
        path = Path(self.session.settings.caseFile)
        question = _("Every choice of this panel is replaced by those of {path}. Go on?")
        if slicer.util.confirmYesNoDisplay(question.format(path=path)):
            self.panel.run(lambda _progress: self._load(path))

    def refresh(self):
        """Say what is missing, and where the report is."""
        ui, session = self.ui, self.session
        waits = [_("evaluate first")] if session.result is None else []
        waits += [_("evaluate again: results are stale")] if session.isStale else []
        waits += [] if session.settings.outputFolder != Path() else [_("choose a result folder")]
        self.enable(ui.reportButton, waits)
        self.enable(ui.openReportButton, () if session.report else (_("write it first"),))
        file = session.settings.caseFile
        self.enable(ui.saveCaseButton, () if file != Path() else (_("name a case file"),))
        self.enable(ui.loadCaseButton, () if Path(file).is_file() else (_("choose a case file"),))
        self.tell(ui.reportLabel, str(session.report or ""))

    def _save(self, path: Path):
        self.session.logChoices()
        self.session.logic.saveCase(self.session.case, path)
        self.panel.say(_("Choices written to {path}.").format(path=path))

    def _load(self, path: Path):
        session = self.session
        case = session.logic.loadCase(path)
        takeSettings(case, session.settings)
        self.panel.change(PlannerChoices.ofCase(case))
        session.takeLogged()
        if session.found is not None:
            session.findCourses()
