"""Section 1 of the panel: the courses of the patient. Needs the Slicer application."""

from datetime import date
from pathlib import Path

import slicer
from ReirradiationCore.errors import RefusedError
from slicer.i18n import tr as _

from .ResultViewsInApplication import ResultViewsInApplication
from .SectionWidget import SectionWidget
from .TextTableWidget import Cell, TextTableWidget
from .TypedTexts import parsePointDoses

PRESCRIPTION, FRACTIONS, FIRST, LAST = 1, 3, 4, 5
KEYS = {
    PRESCRIPTION: "prescription_gy",
    FIRST: "first_fraction_date",
    LAST: "last_fraction_date",
}


class CoursesSectionWidget(SectionWidget):
    """Finds and reads courses, shows them in a table, and takes what the user types of them."""

    def setup(self):
        """Called once: connect the widgets of the section."""
        ui = self.ui
        typed = _("Typed by a person; the files say something else or nothing.")
        self._table = TextTableWidget(ui.courseTable, self._edited, typed)
        self.onClick(ui.findCoursesButton, self.findCourses)
        self.onClick(ui.readFolderButton, self.readFolder)
        self.onClick(ui.addLetterButton, self.addLetter)
        self.onClick(ui.removeLetterButton, self.removeLetter)
        self.onClick(ui.confirmDoseButton, self.confirmDose)
        ui.plannedCourseComboBox.connect("activated(int)", self._plannedChosen)
        ui.samePatientEdit.connect("editingFinished()", self._samePatientTyped)

    def findCourses(self):
        """Called by the Find button."""
        self.panel.run(lambda _progress: self.session.findCourses())

    def readFolder(self):
        """Called by the Read button."""
        self.panel.run(self._readFolder)

    def addLetter(self):
        """Called by the Add button of the letter."""
        self.panel.run(lambda _progress: self._addLetter())

    def removeLetter(self):
        """Called by the Remove button of the letter."""
        course = self._table.selectedKey
        if course in self.session.case.letters:
            self.panel.change(self.session.choices.withLetter(course, None))
            self.findCourses()

    def confirmDose(self):
        """Called by the Confirm physical dose button."""
        self.panel.run(lambda _progress: self._confirmDose())

    def refresh(self):
        """Show the courses as they are, and what is missing."""
        session, ui = self.session, self.ui
        found = session.found
        courses = found.courses if found else ()
        self._table.fill([(course.id, self._cells(course)) for course in courses])
        newest = (_("The newest"), "")
        files = [course for course in courses if course.imageNode is not None]
        items = [newest, *((course.label or course.id, course.id) for course in files)]
        self.setItems(ui.plannedCourseComboBox, items, session.case.reference or "")
        self.show(ui.samePatientEdit, "text", session.choices.identityOverride)
        self.enable(ui.findCoursesButton, ())
        self.enable(ui.confirmDoseButton, self._missingForDose())
        hasFolder = session.settings.inputFolder != Path()
        self.enable(ui.readFolderButton, () if hasFolder else (_("choose a folder"),))
        self.tell(ui.coursesRemarks, "\n".join(self._remarks()))

    def _readFolder(self, progress):
        with slicer.util.RenderBlocker():
            self.session.readFolder(self.session.settings.inputFolder, progress)
            if self.session.isReady:
                ResultViewsInApplication.showPlanned(self.session.found)

    def _missingForDose(self):
        name = self.session.settings.approver.strip()
        if self.session.isReady:
            return (_("every dose is known from its file"),)
        waits = () if name else (_("say who you are under 'Approved by' in section 2"),)
        return waits if self._table.keys else (_("find the courses first"),)

    def _confirmDose(self):
        session, course = self.session, self._table.selectedKey
        if course is None or not session.found.byId(course).doseNodes:
            reason = _("select a course with a dose in the table")
            raise RefusedError(reason)
        for node in session.found.byId(course).doseNodes:
            session.logic.confirmPhysicalDose(node, session.settings.approver.strip())
        session.findCourses()

    def _remarks(self):
        if self.session.found is None:
            if not self.panel.hasSlicerRt:
                return (_("SlicerRT is not installed: choose a folder, it is read without it."),)
            return (_("Load the courses with SlicerRT and press Find, or choose a folder."),)
        found = self.session.found
        return (*found.missing, *(found.notes if found.isReady else ()))[:4]

    def _cells(self, course):
        letter = course.id in self.session.case.letters
        phases = course.phases
        planned, delivered = (
            " + ".join(_text(getattr(phase, name)) or _("?") for phase in phases)
            for name in ("fractionsPlanned", "fractionsDelivered")
        )
        prescription = _total(phase.prescriptionGy for phase in phases)
        canType, typed = not letter, course.typed
        image, structures = course.imageNode, course.segmentationNode
        interval = course.intervalMonths
        details = "; ".join(f"{p.planLabel}: {_text(p.fractionsDelivered)} Fx" for p in phases)
        why = "\n".join(course.missing)
        return (
            Cell(course.id, letter, tip=_("Known from a letter.") if letter else why),
            Cell(_text(prescription), letter or "prescription_gy" in typed, canType),
            Cell(planned),
            Cell(delivered, letter or "fractions" in typed, canType, tip=details),
            Cell(_text(course.firstDate), FIRST_KEY in typed, canType, tip=course.dateSource),
            Cell(_text(course.lastDate), LAST_KEY in typed, canType, tip=course.dateSource),
            Cell("" if interval is None else _("{n} months").format(n=f"{interval:.1f}")),
            Cell(course.label, tip=course.label),
            Cell(image.GetName() if image else _("none")),
            Cell(_structures(structures)),
            Cell(details),
        )

    def _edited(self, course: str, column: int, value: str):
        self.panel.run(lambda _progress: self._type(course, column, value))

    def _type(self, course: str, column: int, value: str):
        choices = self.session.choices
        if column == FRACTIONS:
            self.panel.change(self._withFractions(course, value))
        elif column == PRESCRIPTION:
            self.panel.change(choices.withCourse(course, KEYS[column], _number(value, float)))
        else:
            self.panel.change(choices.withCourse(course, KEYS[column], _date(value)))
        self.session.findCourses()

    def _withFractions(self, course: str, value: str):
        """Fractions of the only plan of a course, or of each of its plans: 25 + 3."""
        choices = self.session.choices
        phases = self.session.found.byId(course).phases
        if len(phases) < 2:
            return choices.withFractions(course, _number(value, int))
        parts = [part.strip() for part in value.split("+")] if value else [""] * len(phases)
        if len(parts) != len(phases) or (value and not all(parts)):
            labels = ", ".join(phase.planLabel for phase in phases)
            reason = _("{course} has the plans {labels}; type the fractions of each: 25 + 3")
            raise RefusedError(reason.format(course=course, labels=labels))
        for phase, part in zip(phases, parts, strict=True):
            choices = choices.withFractions(phase.planLabel, _number(part, int))
        return choices

    def _plannedChosen(self, _index: int):
        course = self.currentKey(self.ui.plannedCourseComboBox) or None
        self.panel.change(self.session.choices.withReference(course))
        self.findCourses()

    def _samePatientTyped(self):
        session = self.session
        said = self.ui.samePatientEdit.text.strip()
        if session is not None and said != session.choices.identityOverride:
            self.panel.change(session.choices.withKey("identity_override", said))
            if session.found is not None:
                self.findCourses()

    def _addLetter(self):
        ui, session = self.ui, self.session
        site = ui.letterSiteEdit.text.strip()
        if not site or ui.letterDoseSpinBox.value <= 0:
            reason = _("a letter needs at least a site, a dose and a number of fractions")
            raise RefusedError(reason)
        known = session.case.letters
        number = next(n for n in range(1, len(known) + 2) if f"letter-{n}" not in known)
        letter = {
            "site": site,
            "dose_gy": ui.letterDoseSpinBox.value,
            "fractions": int(ui.letterFractionsSpinBox.value),
            "date": _date(ui.letterDateEdit.text.strip()),
            "point_doses": parsePointDoses(ui.letterPointDosesEdit.text),
        }
        self.panel.change(session.choices.withLetter(f"letter-{number}", letter))
        session.findCourses()


FIRST_KEY, LAST_KEY = KEYS[FIRST], KEYS[LAST]


def _text(value) -> str:
    if value is None:
        return ""
    return value.isoformat() if isinstance(value, date) else f"{value:g}"


def _total(values):
    """Sum over the phases; None as soon as one is not known."""
    known = list(values)
    return None if not known or None in known else sum(known)


def _structures(node) -> str:
    if node is None:
        return _("none")
    count = node.GetSegmentation().GetNumberOfSegments()
    return _("{name} ({count})").format(name=node.GetName(), count=count)


def _number(text: str, kind):
    try:
        return kind(text) if text else None
    except ValueError as error:
        reason = _("'{text}' is not a number").format(text=text)
        raise RefusedError(reason) from error


def _date(text: str) -> str | None:
    try:
        return date.fromisoformat(text).isoformat() if text else None
    except ValueError as error:
        reason = _("'{text}' is not a date; write it as YYYY-MM-DD").format(text=text)
        raise RefusedError(reason) from error
