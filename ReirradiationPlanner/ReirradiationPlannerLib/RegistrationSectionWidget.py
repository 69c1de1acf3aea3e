"""Section 2 of the panel: registration of the prior courses. Needs the Slicer application."""

from pathlib import Path

from ReirradiationCore.dicom_registrar import TPS
from ReirradiationCore.errors import RefusedError
from ReirradiationCore.registration_verdicts import Verdict
from slicer.i18n import tr as _

from .CtComparison import CtComparison
from .LandmarkPairs import LandmarkPairs
from .PlannerParameterNode import COMPARE_MODES
from .RegistrationEnginesInApplication import MODULES, availableEngines, registrarFor
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
        self.onClick(ui.compareButton, self.compare)
        self.onClick(ui.approveButton, self.approve)
        ui.compareModeComboBox.connect("activated(int)", lambda _index: self._lookAgain())
        ui.compareFadeSpinBox.connect("valueChanged(double)", lambda _value: self._lookAgain())
        for box in (ui.priorCourseComboBox, ui.engineComboBox):
            box.connect("activated(int)", lambda _index: self.panel.refresh())

    def bound(self):
        """Called after the form was bound: show the modes in the user's language."""
        titles = [_("Fade"), _("Checkerboard"), _("Difference")]
        self.setTitles(self.ui.compareModeComboBox, titles)

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

    def compare(self):
        """Called by the Show both CTs button."""
        self.panel.run(lambda _progress: self._showBoth())

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
        self._enableInputs(self.currentKey(ui.engineComboBox))
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
        isStale = bool(record) and not (record["current"] and record["measured"])
        self._table.fill(_qualityRows(record), isStale)
        self.tell(ui.approvalLabel, _approvalText(record))

    def _enableInputs(self, engine: str):
        """Grey what the chosen engine does not use."""
        inputs = {OWN_TRANSFORM: self.ui.transformSelector, TPS: self.ui.registrationFilePath}
        for key, widget in inputs.items():
            self.enable(widget, () if engine == key else (_("only with its engine"),))

    def _engines(self):
        own = (_("Transform of the scene"), OWN_TRANSFORM)
        system = (_("DICOM registration of the planning system"), TPS)
        return [*((title, key) for key, title in availableEngines()), own, system]

    def _record(self):
        prior = self.prior
        if prior is None or prior.transformNode is None:
            return None
        return self.session.registrationRecord(prior)

    def _register(self, progress):
        session, engine = self.session, self.currentKey(self.ui.engineComboBox)
        if engine == OWN_TRANSFORM:
            node = session.settings.registrationTransform
            if node is None:
                reason = _("choose the transform of the scene that is to be used")
                raise RefusedError(reason)
            self._take(node, session.useTransform(self.prior.id, node, progress))
            return
        if engine == TPS:
            path = session.settings.registrationFile
            session.useSystemRegistration(self.prior, None if path == Path() else path, progress)
            return
        chosen = self.prior.id
        for prior in session.priors:
            if prior.id == chosen or session.isWaiting(prior):
                # a start is of the one course it was fitted or turned for
                start = session.settings.startTransform if prior.id == chosen else None
                self._registerOne(prior, engine, start, progress)

    def _registerOne(self, prior, engine, start, progress):
        registrar = registrarFor(engine, start, self.session, prior)
        mode = None if engine in MODULES else engine
        self.session.register(prior.id, progress, registrar, mode)
        LandmarkPairs.passOn(start if registrar else None, prior.transformNode)

    def _take(self, chosen, used):
        if used is not chosen:
            text = _("'{name}' stays the registration of another course; '{copy}' is a copy of it.")
            self.panel.say(text.format(name=chosen.GetName(), copy=used.GetName()))

    def _showBoth(self):
        self.outlineStructures()
        self._compare()
        if self.prior.segmentationNode is not None:  # it is under the registration now
            self.prior.segmentationNode.SetDisplayVisibility(True)

    def _lookAgain(self):
        if self._isComparing and self.session is not None and self.prior is not None:
            self._compare()

    def _compare(self):
        session = self.session
        if self.prior.imageNode is None or session.found.planned.imageNode is None:
            reason = _("one of the courses has no CT to look at")
            raise RefusedError(reason)
        mode = COMPARE_MODES[self.ui.compareModeComboBox.currentIndex]
        points = session.settings.priorLandmarks
        if points is not None:
            LandmarkPairs.moveAlong(points, self.prior.imageNode, self.prior.transformNode)
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
            for key, decimals in (
                ("dsc", 3), ("mda_mm", 1), ("hd95_mm", 1), ("tre_mean_mm", 1),
            )
        ]  # fmt: skip
        level = Cell(entry.get("verdict", ""), tip=_whyText(entry))
        cells = [Cell(entry["structure"]), level, *map(Cell, numbers), Cell(spread)]
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
    if not record["measured"]:
        lines.append(_("Contours, doses, levels or landmarks changed: Evaluate measures it again."))
    approval = record.get("approval")
    if approval:
        text = _("Approved by {name} on {date}. {comment}")
        lines.append(text.format(**{"date": "", "comment": "", **approval}))
    else:
        lines += [text for text in (record["approval_void"],) if text]
        lines.append(_("Not approved: the report stays a draft."))
    said = [*record.get("quality", {}).get("warnings", ()), *record.get("warnings", ())]
    return "\n".join([*lines, *list(dict.fromkeys(said))[:3]])
