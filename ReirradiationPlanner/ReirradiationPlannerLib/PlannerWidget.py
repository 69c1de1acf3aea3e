"""The panel: its sections, the session they show, and live updates. Needs Slicer."""

from collections.abc import Callable

import qt
import slicer
import vtk
from ReirradiationCore.errors import CancelledError, ReirradiationError
from ReirradiationCore.warning import WARNING
from slicer.i18n import tr as _
from slicer.util import VTKObservationMixin

from .CoursesSectionWidget import CoursesSectionWidget
from .DatabaseInApplication import fileOfInstance, registrationFiles
from .EvaluateSectionWidget import EvaluateSectionWidget
from .LandmarksWidget import LandmarksWidget
from .LimitsSectionWidget import LimitsSectionWidget
from .OrgansSectionWidget import OrgansSectionWidget
from .PlannerChoices import PlannerChoices
from .PlannerLogic import PlannerLogic
from .PlannerSession import PlannerSession
from .RegistrationOptionsWidget import RegistrationOptionsWidget
from .RegistrationSectionWidget import RegistrationSectionWidget
from .RemainingSectionWidget import RemainingSectionWidget
from .ReportSectionWidget import ReportSectionWidget
from .SceneWatcher import SceneWatcher, StaleKind
from .SectionWidget import SectionWidget
from .UncertaintySectionWidget import UncertaintySectionWidget
from .Work import Work
from .WorkProgressWidget import WorkProgressWidget

SECTIONS = (
    ("coursesSection", CoursesSectionWidget),
    ("registrationSection", RegistrationSectionWidget),
    ("startSection", LandmarksWidget),
    ("optionsSection", RegistrationOptionsWidget),
    ("organsSection", OrgansSectionWidget),
    ("limitsSection", LimitsSectionWidget),
    ("evaluateSection", EvaluateSectionWidget),
    ("remainingSection", RemainingSectionWidget),
    ("uncertaintySection", UncertaintySectionWidget),
    ("reportSection", ReportSectionWidget),
)
PATHS = (
    "inputFolderPath", "registrationFilePath", "protocolFilePath", "outputFolderPath",
    "caseFilePath",
)  # fmt: skip
NO_PATH = "."
WAIT_MS = 150
WORK = {
    StaleKind.CONTOURS: Work.ORGANS,
    StaleKind.DOSE: Work.COURSES,
    StaleKind.IMAGE: Work.COURSES,
    StaleKind.REGISTRATION: Work.COURSES,
    StaleKind.COURSES: Work.COURSES,
}


class PlannerWidget(VTKObservationMixin):
    """Connects the form to the parameter node, and its sections to the session of the scene.

    :param ui: child widgets of the form, by name.
    :param logic: methods of the module.
    """

    def __init__(self, ui, logic: PlannerLogic):
        super().__init__()
        self.ui = ui
        self.session: PlannerSession | None = None
        self._logic = logic
        self._guiTag = None
        self._watcher: SceneWatcher | None = None
        self._watched = None
        self._isSaid = False
        self._answer = ""
        self._meanwhile: list[tuple] = []
        self._timer = self._singleShot(WAIT_MS, self.update)
        self._drawTimer = self._singleShot(0, self.refresh)
        ui.warningLabel.text = WARNING
        boxes = [getattr(ui, name) for name, _made in SECTIONS]
        self.progress = WorkProgressWidget(ui.progressBar, ui.cancelButton, boxes)
        self._sections = [(getattr(ui, name), made(ui, self)) for name, made in SECTIONS]
        self._tips = {name: getattr(ui, name).toolTip for name, _made in SECTIONS}

    # --- the parameter node of the scene --------------------------------------------------------

    def bind(self, parameterNode):
        """Show and edit a parameter node; live updates go on while another module is shown."""
        self.unbind()
        isNew = self.session is None
        if isNew or self.session.settings.parameterNode is not parameterNode.parameterNode:
            self.forget()
            self.session = PlannerSession(slicer.mrmlScene, parameterNode, self._logic)
            self.session.resolver = fileOfInstance
            self.session.systemRegistrations = registrationFiles
            self.addObserver(parameterNode, vtk.vtkCommand.ModifiedEvent, self._choicesChanged)
        self._guiTag = self.session.settings.connectGui(self.ui)
        for _box, section in self._sections:
            section.bound()
        self.refresh()

    def unbind(self):
        """Disconnect the form; the session and its live updates stay."""
        if self.session is not None and self._guiTag is not None:
            self.session.settings.disconnectGui(self._guiTag)
        self._guiTag = None

    def forget(self):
        """Let go of the scene: it closes, or the panel is destroyed."""
        self.unbind()
        self.progress.cancel()
        self._timer.stop()
        self._drawTimer.stop()
        self._watch(None)
        self.removeObservers()
        self.session = None

    @property
    def hasSlicerRt(self) -> bool:
        """True if SlicerRT's reader of DICOM-RT is part of this application."""
        return hasattr(slicer.modules, "dicomrtimportexport")

    # --- what the sections call -------------------------------------------------------------------

    def run(self, job: Callable):
        """Run a job with progress and cancel; a refusal is said in the panel, not in a pop-up."""
        if self.progress.isRunning or self.session is None:
            return
        self._run(job)
        self._answer = self.ui.statusLabel.text if self._isSaid else ""

    def _run(self, job: Callable):
        self.say("")
        try:
            with (
                slicer.util.tryWithErrorDisplay(_("The module has a defect; please report it.")),
                slicer.util.NodeModify(self.session.settings),
                self.progress.running() as progress,
            ):
                self._do(job, progress)
        finally:
            self._takeChanges()
            self.refresh()

    def _do(self, job: Callable, progress: Callable):
        try:
            job(progress)
        except CancelledError as stopped:
            self.say(_("Stopped: {reason}").format(reason=stopped))
        except ReirradiationError as refused:
            self.say(_("Refused: {reason}").format(reason=refused))

    def change(self, choices: PlannerChoices):
        """Take over choices of the tables; what depends on them becomes stale at once."""
        self.session.choices = choices
        self._choicesChanged()

    def say(self, text: str):
        """Say something under the warning; with no text, what is to be done next."""
        self.ui.statusLabel.text = text or self._nextStep()
        self._isSaid = bool(text)

    def refresh(self):
        """Show the session as it is in every section."""
        if self.session is None or self.progress.isRunning:
            return
        self._watch(self.session.found)
        for name in PATHS:  # no path is "." to the parameter node, and nothing to the user
            path = getattr(self.ui, name)
            if path.currentPath == NO_PATH:
                SectionWidget.show(path, "currentPath", "")
        for box, section in self._sections:
            missing = section.missing()
            box.toolTip = "; ".join(missing) or self._tips[box.objectName]
            self._do(lambda _progress, section=section: section.refresh(), self.progress)
        if not self._isSaid:
            self.say("")

    def _nextStep(self) -> str:
        session = self.session
        if session is None or not session.isReady:
            return _("Next: 1. find the courses.")
        if session.result is None:
            return _("Next: 2. register and approve, or 5. evaluate at once.")
        if session.isStale:
            return _("Something changed: the results are stale.")
        return _("Evaluated. Look at 5. and 6., then write the report in 8.")

    # --- live -------------------------------------------------------------------------------------

    def update(self):
        """Called a moment after the last change: compute again what depends on it."""
        session = self.session
        if session is None or session.pending is Work.NOTHING:
            return
        if self.progress.isRunning:
            self._timer.start()
            return
        if session.result is None or session.settings.autoUpdate:
            answer = self._answer
            self._run(session.update)
            if answer and not self._isSaid:  # nothing changed since, so that it still is an answer
                self.say(answer)

    def _choicesChanged(self, *_event):
        try:
            self.session.noteChoices()
        except ReirradiationError as refused:
            self.say(_("Refused: {reason}").format(reason=refused))
        self._schedule()

    def _dataChanged(self, kind, node=None, segmentId=None):
        """Called by the watcher; what changes while a job runs counts when the job has ended."""
        session = self.session
        if session is None:
            return
        if self.progress.isRunning:
            if kind is not StaleKind.REGISTRATION:  # the job's own registration is no news
                self._meanwhile.append((kind, node, segmentId))
            return
        if kind is StaleKind.CONTOURS and node is not None and segmentId:
            session.invalidateOrgan(node, segmentId)
        else:
            session.invalidate(WORK[kind])
        self._schedule()

    def _takeChanges(self):
        changes, self._meanwhile = self._meanwhile, []
        for change in changes:
            self._dataChanged(*change)

    def _schedule(self):
        self._answer = ""
        self._drawTimer.start()
        self._timer.start()

    def _watch(self, found):
        if found is self._watched:
            return
        if self._watcher is not None:
            self._watcher.stop()
        self._watched = found
        self._watcher = None if found is None else SceneWatcher(found, self._dataChanged)

    @staticmethod
    def _singleShot(interval: int, handler: Callable[[], None]):
        timer = qt.QTimer()
        timer.setSingleShot(True)
        timer.setInterval(interval)
        timer.connect("timeout()", handler)
        return timer
