"""What the sections of the panel have in common. Needs the Slicer application."""

import re
from collections.abc import Callable, Sequence

import qt
from slicer.i18n import tr as _

from .PlannerChoices import EVERY_COURSE
from .SegmentationNodes import SegmentationNodes

# a label cannot break a word, and a UID is wider than the panel
LONG_UID = re.compile(r"[\d.]{25,}")


class SectionWidget:
    """A numbered section of the form.

    :param ui: child widgets of the form, by name.
    :param panel: the panel: its session, and how it runs work.
    """

    def __init__(self, ui, panel):
        self.ui = ui
        self.panel = panel
        self._tips: dict[str, str] = {}
        self.setup()

    @property
    def session(self):
        """Choices, courses and results of the scene."""
        return self.panel.session

    def setup(self):
        """Called once: connect the widgets of the section."""

    def missing(self) -> Sequence[str]:
        """Sentences that say what the section waits for; empty if it can be used."""
        return ()

    def bound(self):
        """Called after the form was bound to a parameter node."""

    def refresh(self):
        """Called whenever something changed: show the session as it is."""

    def onClick(self, button, handler: Callable[[], None]):
        """Call a handler without the check state that Qt sends along."""
        button.connect("clicked(bool)", lambda _checked=False: handler())

    def enable(self, button, missing: Sequence[str]):
        """Enable a button, or say in its tool tip what it waits for."""
        tip = self._tips.setdefault(button.objectName, button.toolTip)
        reasons = "; ".join(missing)
        button.enabled = not missing
        button.toolTip = _("Not yet: {reasons}").format(reasons=reasons) if missing else tip

    @staticmethod
    def tell(label, text: str):
        """Show a text, its UIDs shortened; a label without one takes no place."""
        label.text = LONG_UID.sub(lambda uid: f"{uid[0][:8]}…{uid[0][-6:]}", text)
        label.toolTip = text
        label.visible = bool(text)

    @staticmethod
    def show(widget, name: str, value):
        """Set a property of a widget without telling its observers."""
        if getattr(widget, name) != value:
            wasBlocked = widget.blockSignals(True)
            setattr(widget, name, value)
            widget.blockSignals(wasBlocked)

    @staticmethod
    def setTitles(combo, titles: Sequence[str]):
        """Show titles instead of keys in a combo box that is bound by the places of its items."""
        for place, title in enumerate(titles):
            combo.setItemText(place, title)

    @staticmethod
    def setItems(combo, items: Sequence[tuple[str, str]], current: str | None):
        """Show texts with their keys in a combo box, without telling its observers."""
        known = [(combo.itemText(i), combo.itemData(i)) for i in range(combo.count)]
        wasBlocked = combo.blockSignals(True)
        if known != list(items):
            combo.clear()
            for text, key in items:
                combo.addItem(text, key)
        keys = [key for _text, key in items]
        combo.setCurrentIndex(keys.index(current) if current in keys else min(0, len(keys) - 1))
        combo.blockSignals(wasBlocked)

    @property
    def prior(self):
        """Prior course that section 2 shows; None if there is none."""
        key = self.currentKey(self.ui.priorCourseComboBox)
        return next((prior for prior in self.session.priors if prior.id == key), None)

    def courseItems(self) -> list[tuple[str, str]]:
        """Items of a combo box that chooses all prior courses or one of them."""
        courses = [(prior.label or prior.id, prior.id) for prior in self.session.priors]
        return [(_("Every prior course"), EVERY_COURSE), *courses]

    def outlineStructures(self):
        """Let the views show what is below the structures of every course."""
        for course in self.session.found.courses:
            SegmentationNodes.outline(course.segmentationNode)

    @staticmethod
    def currentKey(combo) -> str:
        """Key of the current item of a combo box; empty if there is none."""
        return combo.itemData(combo.currentIndex) or ""

    @staticmethod
    def openFile(path):
        """Open a file with the program that the user's computer has for it."""
        qt.QDesktopServices.openUrl(qt.QUrl.fromLocalFile(str(path)))
