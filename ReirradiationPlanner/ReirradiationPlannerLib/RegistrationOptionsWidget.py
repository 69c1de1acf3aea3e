"""Options of the built-in engine and levels of its quality. Needs the Slicer application."""

from ReirradiationCore.quality_choice import Fallback
from ReirradiationCore.registration_choice import KINDS, LISTS
from slicer.i18n import tr as _

from .PlannerChoices import EVERY_COURSE
from .SectionWidget import SectionWidget
from .TypedTexts import levelsText, parseLevels, parseNames


class RegistrationOptionsWidget(SectionWidget):
    """Shows what the case file says of all prior courses or of one, and takes what is chosen."""

    def setup(self):
        """Called once: connect the widgets of the section."""
        ui = self.ui
        self._lists = dict(
            zip(LISTS, (ui.guideEdit, ui.leaveOutEdit, ui.fineAroundEdit), strict=True)
        )
        self._numbers = {
            "smoothness": ui.smoothnessSpinBox,
            "spacing_mm": ui.spacingSpinBox,
            "fine_mm": ui.fineSpacingSpinBox,
        }
        for name, edit in self._lists.items():
            edit.connect("editingFinished()", lambda name=name: self._listTyped(name))
        for name, box in self._numbers.items():
            box.connect("valueChanged(double)", lambda value, name=name: self._choose(name, value))
        ui.diffeomorphicCheckBox.connect(
            "toggled(bool)", lambda isOn: self._choose("diffeomorphic", bool(isOn))
        )
        ui.backwardCheckBox.connect("toggled(bool)", self._backwardToggled)
        ui.levelsEdit.connect("editingFinished()", self._levelsTyped)
        ui.fallbackComboBox.connect("activated(int)", self._fallbackChosen)
        ui.startKindComboBox.connect("activated(int)", self._startChosen)
        ui.optionsCourseComboBox.connect("activated(int)", lambda _index: self.panel.refresh())

    def missing(self):
        """Sentences that say what the section waits for; options can be given at any time."""
        return ()

    def refresh(self):
        """Show the options as they are chosen."""
        ui, choices = self.ui, self.session.choices
        self.setItems(ui.optionsCourseComboBox, self.courseItems(), self._course)
        options = choices.registrationOptions(self._course)
        for name, edit in self._lists.items():
            self.show(edit, "text", ", ".join(getattr(options, name)))
        for name, box in self._numbers.items():
            self.show(box, "value", getattr(options, name))
        waits = () if options.fine_around else (_("name where the finer step is to be"),)
        self.enable(ui.fineSpacingSpinBox, waits)
        self.show(ui.diffeomorphicCheckBox, "checked", options.diffeomorphic)
        self.setItems(ui.startKindComboBox, _starts(options.start), options.start)
        quality = self.session.case.quality
        self.show(ui.backwardCheckBox, "checked", quality.inverse_consistency)
        self.setItems(ui.fallbackComboBox, _fallbacks(), quality.fallback.value)
        self.show(ui.levelsEdit, "text", levelsText(quality.levels.to_json()))

    @property
    def _course(self) -> str:
        return self.currentKey(self.ui.optionsCourseComboBox) or EVERY_COURSE

    def _listTyped(self, name: str):
        self._choose(name, list(parseNames(self._lists[name].text)))

    def _startChosen(self, _index: int):
        self._choose("start", self.currentKey(self.ui.startKindComboBox))

    def _choose(self, name: str, value):
        if self.session is None:  # the scene is being closed
            return
        before = self.session.choices
        changed = before.withRegistrationOption(name, value, self._course)
        self._take(before, lambda: changed)

    def _backwardToggled(self, isOn):
        if self.session is not None:
            before, value = self.session.choices, None if isOn else False
            self._take(before, lambda: before.withKey("inverse_consistency", value))

    def _levelsTyped(self):
        if self.session is None:
            return
        before, text = self.session.choices, self.ui.levelsEdit.text
        self._take(before, lambda: before.withKey("registration_levels", parseLevels(text)))

    def _fallbackChosen(self, _index: int):
        chosen, before = self.currentKey(self.ui.fallbackComboBox), self.session.choices
        self._take(before, lambda: before.withKey("registration_fallback", chosen))

    def _take(self, before, change):
        """Take a change over if the case accepts it; else the refusal is said and nothing kept."""

        def job(_progress):
            choices = change()
            if choices.text != before.text:
                choices.case(self.session.settings)
                self.panel.change(choices)

        self.panel.run(job)


def _starts(chosen: str):
    """Kinds of start; what only a case file can choose stands as it is."""
    titles = {
        "auto": _("Several, the best is kept"),
        "intensities": _("Images as they lie"),
        "bone": _("Bones"),
        "bodies": _("Outlines of the bodies"),
    }
    known = [(titles[kind], kind) for kind in KINDS if kind in titles]
    return known if chosen in titles else [*known, (chosen, chosen)]


def _fallbacks():
    titles = {
        Fallback.NOT_EVALUABLE: _("Not evaluable"),
        Fallback.RIGID: _("Rigid map"),
        Fallback.UNIFORM_BG: _("Uniform background dose"),
        Fallback.POINT_SUM: _("Sum of the largest doses"),
    }
    return [(titles[one], one.value) for one in Fallback]
