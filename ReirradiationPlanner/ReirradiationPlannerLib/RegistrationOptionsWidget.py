"""Options of the built-in engine and levels of its quality. Needs the Slicer application."""

from ReirradiationCore.quality_choice import Fallback
from ReirradiationCore.registration_choice import LISTS
from slicer.i18n import tr as _

from .PlannerChoices import levelsText, parseLevels
from .SectionWidget import SectionWidget


class RegistrationOptionsWidget(SectionWidget):
    """Shows what the case file says for every prior course, and takes what the user says."""

    def setup(self):
        """Called once: connect the widgets of the section."""
        ui = self.ui
        self._lists = dict(
            zip(LISTS, (ui.guideEdit, ui.leaveOutEdit, ui.fineAroundEdit), strict=True)
        )
        for name, edit in self._lists.items():
            edit.connect("editingFinished()", lambda name=name: self._listTyped(name))
        ui.levelsEdit.connect("editingFinished()", self._levelsTyped)
        ui.smoothnessSpinBox.connect(
            "valueChanged(double)", lambda value: self._choose("smoothness", value)
        )
        ui.diffeomorphicCheckBox.connect(
            "toggled(bool)", lambda isOn: self._choose("diffeomorphic", bool(isOn))
        )
        ui.fallbackComboBox.connect("activated(int)", self._fallbackChosen)

    def missing(self):
        """Sentences that say what the section waits for; options can be given at any time."""
        return ()

    def refresh(self):
        """Show the options as they are chosen."""
        ui, choices = self.ui, self.session.choices
        options = choices.registrationOptions
        for name, edit in self._lists.items():
            _show(edit, "text", ", ".join(getattr(options, name)))
        _show(ui.smoothnessSpinBox, "value", options.smoothness)
        _show(ui.diffeomorphicCheckBox, "checked", options.diffeomorphic)
        quality = self.session.case.quality
        self.setItems(ui.fallbackComboBox, _fallbacks(), quality.fallback.value)
        _show(ui.levelsEdit, "text", levelsText(quality.levels.to_json()))

    def _listTyped(self, name: str):
        names = [part.strip() for part in self._lists[name].text.split(",")]
        self._choose(name, [part for part in names if part])

    def _choose(self, name: str, value):
        if self.session is None:  # the scene is being closed
            return
        before = self.session.choices
        changed = before.withRegistrationOption(name, value)
        self._take(before, lambda: changed)

    def _levelsTyped(self):
        if self.session is None:
            return
        before, text = self.session.choices, self.ui.levelsEdit.text
        self._take(before, lambda: before.withQuality("registration_levels", parseLevels(text)))

    def _fallbackChosen(self, _index: int):
        chosen, before = self.currentKey(self.ui.fallbackComboBox), self.session.choices
        self._take(before, lambda: before.withQuality("registration_fallback", chosen))

    def _take(self, before, change):
        """Take a change over if the case accepts it; else the refusal is said and nothing kept."""

        def job(_progress):
            choices = change()
            if choices.text != before.text:
                choices.case(self.session.settings)
                self.panel.change(choices)

        self.panel.run(job)


def _show(widget, name: str, value):
    """Set a property of a widget without telling its observers."""
    if getattr(widget, name) != value:
        wasBlocked = widget.blockSignals(True)
        setattr(widget, name, value)
        widget.blockSignals(wasBlocked)


def _fallbacks():
    titles = {
        Fallback.NOT_EVALUABLE: _("Not evaluable"),
        Fallback.RIGID: _("Rigid map"),
        Fallback.UNIFORM_BG: _("Uniform background dose"),
        Fallback.POINT_SUM: _("Sum of the largest doses"),
    }
    return [(titles[one], one.value) for one in Fallback]
