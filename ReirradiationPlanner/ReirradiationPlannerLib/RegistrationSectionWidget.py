"""Section 2 of the panel: registration of the prior courses. Needs the Slicer application."""

from ReirradiationCore.errors import RefusedError
from ReirradiationCore.registration_verdicts import Verdict
from slicer.i18n import tr as _

from .CtComparison import CtComparison
from .LandmarkStart import fitStart
from .PlannerParameterNode import COMPARE_MODES
from .RegistrationEnginesInApplication import availableEngines, registrarFor
from .SectionWidget import SectionWidget
from .TextTableWidget import Cell, TextTableWidget

OWN_TRANSFORM = "transform"
NOT_VALIDATED = Verdict.NOT_VALIDATED.value


class RegistrationSectionWidget(SectionWidget):
    """Registers prior courses, shows the quality, and takes the approval of a person."""

    def setup(self):
        """Called once: connect the widgets of the section."""
        ui = self.ui
        self._table = TextTableWidget(ui.qualityTable)
        self.setItems(ui.engineComboBox, self._engines(), "auto")
        self._isComparing = False
        self.onClick(ui.registerButton, self.register)
        self.onClick(ui.landmarkStartButton, self.startFromLandmarks)
        self.onClick(ui.compareButton, self.compare)
        self.onClick(ui.approveButton, self.approve)
        ui.compareModeComboBox.connect("activated(int)", lambda _index: self._lookAgain())
        ui.compareFadeSpinBox.connect("valueChanged(double)", lambda _value: self._lookAgain())
        ui.priorCourseComboBox.connect("activated(int)", lambda _index: self.panel.refresh())

    def bound(self):
        """Called after the form was bound: show the modes in the user's language."""
        titles = [_("Fade"), _("Checkerboard"), _("Difference")]
        self.setTitles(self.ui.compareModeComboBox, titles)

    @property
    def prior(self):
        """Prior course that is chosen; None if there is none."""
        key = self.currentKey(self.ui.priorCourseComboBox)
        return next((prior for prior in self.session.priors if prior.id == key), None)

    def missing(self):
        """Sentences that say what the section waits for."""
        found = self.session.found
        if found is None:
            return (_("find the courses first"),)
        if not self.session.isReady:
            return found.missing
        return () if self.session.priors else (_("no prior course has images"),)

    def register(self):
        """Called by the Register button."""
        self.panel.run(self._register)

    def startFromLandmarks(self):
        """Called by the Start from landmarks button."""
        self.panel.run(lambda _progress: self._fitStart())

    def compare(self):
        """Called by the Show both CTs button."""
        self.panel.run(lambda _progress: self._compare())

    def approve(self):
        """Called by the Approve button."""
        self.panel.run(lambda _progress: self._approve())

    def refresh(self):
        """Show the registration of the chosen course."""
        ui, session = self.ui, self.session
        self.setItems(
            ui.priorCourseComboBox,
            [(prior.label or prior.id, prior.id) for prior in session.priors],
            self.currentKey(ui.priorCourseComboBox),
        )
        missing = self.missing()
        record = self._record()
        self._isComparing = self._isComparing and record is not None
        self.enable(ui.registerButton, missing)
        notRegistered = missing or (() if record else (_("register first"),))
        self.enable(ui.compareButton, notRegistered)
        name = session.settings.approver.strip()
        waits = [] if name else [_("say who approves")]
        if record and not record["current"]:
            waits.append(_("register again: images or transform changed since"))
        self.enable(ui.approveButton, notRegistered or waits)
        both = session.settings.referenceLandmarks and session.settings.priorLandmarks
        self.enable(ui.landmarkStartButton, () if both else (_("choose both landmark lists"),))
        self._table.fill(_qualityRows(record), bool(record) and not record.get("current", True))
        self.tell(ui.approvalLabel, _approvalText(record))

    def _engines(self):
        own = (_("Transform of the scene"), OWN_TRANSFORM)
        return [*((title, key) for key, title in availableEngines()), own]

    def _record(self):
        prior = self.prior
        if prior is None or prior.transformNode is None:
            return None
        return self.session.logic.registrationRecord(prior.transformNode, self.session.found)

    def _register(self, progress):
        session, engine = self.session, self.currentKey(self.ui.engineComboBox)
        if engine == OWN_TRANSFORM:
            node = session.settings.registrationTransform
            if node is None:
                reason = _("choose the transform of the scene that is to be used")
                raise RefusedError(reason)
            session.useTransform(self.prior.id, node, progress)
            return
        chosen, start = self.prior.id, session.settings.startTransform
        wanted = [p for p in session.priors if p.id == chosen or not session.isRegistered(p)]
        for prior in wanted:
            registrar = registrarFor(engine, start, session, prior)
            if registrar is None:
                self.panel.change(session.choices.withRegistration(prior.id, engine))
            session.register(prior.id, progress, registrar)

    def _fitStart(self):
        settings = self.session.settings
        node = settings.startTransform
        if node is None:
            node = self.session.scene.AddNewNodeByClass("vtkMRMLLinearTransformNode", _("Start"))
            settings.startTransform = node
        error = fitStart(settings.referenceLandmarks, settings.priorLandmarks, node)
        text = _("Start transform fitted; the landmarks are {error} mm apart on average.")
        self.panel.say(text.format(error=f"{error:.1f}"))

    def _lookAgain(self):
        if self._isComparing and self.session is not None and self.prior is not None:
            self._compare()

    def _compare(self):
        session = self.session
        if self.prior.imageNode is None or session.found.planned.imageNode is None:
            reason = _("one of the courses has no CT to look at")
            raise RefusedError(reason)
        mode = COMPARE_MODES[self.ui.compareModeComboBox.currentIndex]
        session.logic.showOnReference(session.found, self.prior.id, True)
        comparison = CtComparison(session.scene, session.found.planned.imageNode)
        comparison.show(self.prior.imageNode, mode, self.ui.compareFadeSpinBox.value / 100)
        self._isComparing = True

    def _approve(self):
        settings = self.session.settings
        node, name = self.prior.transformNode, settings.approver.strip()
        self.session.logic.approveRegistration(node, name, settings.approvalComment.strip())
        self.session.noteApproval()


def _qualityRows(record):
    if not record:
        return []
    rows = []
    quality = record.get("quality", {})
    for entry in (*quality.get("structures", ()), *quality.get("not_paired", ())):
        jacobian = [entry.get("jacobian_min"), entry.get("jacobian_max")]
        spread = "" if None in jacobian else "{:.2f} … {:.2f}".format(*jacobian)
        numbers = [
            _number(entry.get(key), decimals)
            for key, decimals in (("dsc", 3), ("mda_mm", 1), ("hd95_mm", 1))
        ]
        cells = [Cell(entry["structure"]), *map(Cell, numbers), Cell(spread)]
        cells.append(Cell(entry.get("verdict", ""), tip=_whyText(entry)))
        rows.append((entry["structure"], cells))
    return rows


def _whyText(entry) -> str:
    failed = ", ".join(map(str, entry.get("failed", ())))
    texts = [entry.get("why", ""), _("Failed: {metrics}").format(metrics=failed) if failed else ""]
    if entry.get("verdict") == NOT_VALIDATED:
        texts.append(_("Nothing measured this organ: look at it. This is no pass."))
    return "\n".join(text for text in texts if text)


def _number(value, decimals: int) -> str:
    return "" if value is None else f"{value:.{decimals}f}"


def _approvalText(record) -> str:
    if not record:
        return ""
    lines = [_("Engine: {engine}").format(engine=record.get("engine", ""))]
    approval = record.get("approval")
    if approval:
        text = _("Approved by {name} on {date}. {comment}")
        lines.append(text.format(**{"date": "", "comment": "", **approval}))
    else:
        lines.append(_("Not approved: the report stays a draft."))
    return "\n".join([*lines, *record.get("warnings", ())[:3]])
