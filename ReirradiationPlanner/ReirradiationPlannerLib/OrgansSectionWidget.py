"""Section 3 of the panel: names, alpha/beta, recovery and mapping. Needs the Slicer application."""

import qt
from ReirradiationCore.case import MappingStrategy
from ReirradiationCore.errors import RefusedError
from ReirradiationCore.recovery_rules import built_in_rules
from slicer.i18n import tr as _

from .PlannerChoices import EVERY_COURSE
from .PlannerParameterNode import DOSE_MODELS, RECOVERY_RULES
from .SectionWidget import SectionWidget
from .TextTableWidget import Cell, TextTableWidget

NAME, STANDARD, CONFIRMED, PRIOR, ALPHA_BETA, RECOVERY, MAPPING, ROLE = range(8)


class OrgansSectionWidget(SectionWidget):
    """Shows what is assumed of every organ, and takes what the user says instead."""

    def setup(self):
        """Called once: connect the widgets of the section."""
        ui = self.ui
        typed = _("Chosen by a person; not the default.")
        self._table = TextTableWidget(ui.organTable, self._edited, typed)
        self.onClick(ui.confirmNamesButton, self.confirmNames)
        self.onClick(ui.resetOrganButton, self.resetOrgan)
        ui.mappingReasonEdit.connect("editingFinished()", self._reasonTyped)
        ui.organCourseComboBox.connect("activated(int)", lambda _index: self.panel.refresh())

    def bound(self):
        """Called after the form was bound: say in the tool tips where each rule comes from."""
        box, rules = self.ui.recoveryComboBox, built_in_rules()
        for place, name in enumerate(RECOVERY_RULES):
            rule = rules.get(name)
            box.setItemData(place, rule.source if rule else "", qt.Qt.ToolTipRole)

    def missing(self):
        """Sentences that say what the section waits for."""
        if self.session.isReady:
            return ()
        found = self.session.found
        return found.missing if found else (_("find the courses first"),)

    def confirmNames(self):
        """Called by the Confirm all names button."""
        choices = self.session.choices
        for organ in self.session.organs():
            if organ.standardName and organ.name not in choices.names:
                choices = choices.withName(organ.name, organ.standardName)
        self.panel.change(choices)

    def resetOrgan(self):
        """Called by the Reset the row button."""
        organ = self._table.selectedKey
        if organ is not None:
            self.panel.change(self.session.choices.withoutOrgan(organ))

    def refresh(self):
        """Show the organs as they are assumed now."""
        missing = self.missing()
        self.enable(self.ui.confirmNamesButton, missing)
        self.enable(self.ui.resetOrganButton, missing)
        self.setItems(self.ui.organCourseComboBox, self.courseItems(), self._course)
        isLql = self.session.settings.doseModel != DOSE_MODELS[0]
        for box in (self.ui.transitionDoseSpinBox, self.ui.slopeAboveSpinBox):
            self.enable(box, () if isLql else (_("only with LQ-L"),))
        organs = self.session.organs()
        self._table.fill([(organ.name, self._cells(organ)) for organ in organs])

    @property
    def _course(self) -> str:
        return self.currentKey(self.ui.organCourseComboBox) or EVERY_COURSE

    def _of(self, byCourse):
        """Values of the chosen prior course, or of all."""
        values = byCourse.items()
        return [value for course, value in values if self._course in (EVERY_COURSE, course)]

    def _cells(self, organ):
        chosen = self.session.choices.organ(organ.name)
        isNamed = organ.name in self.session.choices.names
        priorNames = [name for name in organ.priorNames.values() if name]
        priors, names = ", ".join(priorNames), self.session.choices.names
        tip = organ.note or (_("sure") if organ.certain else _("not sure: confirm or correct it"))
        kind = getattr(organ.kind, "value", organ.kind)
        return (
            Cell(organ.name),
            Cell(organ.standardName or "", isNamed, True, tip=tip),
            Cell("" if organ.certain else _("?"), isChecked=isNamed, tip=tip),
            Cell(priors or _("none"), any(name in names for name in priorNames), True),
            Cell(
                f"{organ.alphaBetaGy:g}", "alpha_beta_gy" in chosen, True, tip=organ.alphaBetaSource
            ),
            Cell(_recoveryText(self._of(organ.recovery)), "recovery" in chosen, True),
            Cell(
                _mappingText(self._of(organ.mapping)),
                "mapping" in chosen,
                True,
                tip=_mappingTip(organ),
            ),
            Cell(kind),
        )

    def _edited(self, organ: str, column: int, value):
        self.panel.run(lambda _progress: self._type(organ, column, value))

    def _type(self, organ: str, column: int, value):
        choices = self.session.choices
        if column == CONFIRMED:
            name = self._standardName(organ) if value else None
            choices = choices.withName(organ, name)
        elif column == STANDARD:
            choices = choices.withName(organ, value or None)
        elif column == PRIOR:
            choices = choices.withName(self._priorName(value), self._standardName(organ))
        elif column == ALPHA_BETA:
            choices = choices.withOrgan(organ, "alpha_beta_gy", _positive(value))
        elif column == RECOVERY:
            choices = choices.withOrganOfCourse(organ, "recovery", self._course, _recovery(value))
        elif column == MAPPING:
            choices = choices.withOrganOfCourse(
                organ, "mapping", self._course, self._mapping(value)
            )
        session = self.session
        session.logic.matchOrgans(session.found, choices.case(session.settings))  # or refused
        self.panel.change(choices)

    def _standardName(self, name: str) -> str:
        standard = next(o.standardName for o in self.session.organs() if o.name == name)
        if not standard:
            reason = _("{name} has no standard name yet; type one first").format(name=name)
            raise RefusedError(reason)
        return standard

    def _priorName(self, value: str) -> str:
        found = self.session.found
        known = [s.name for row in found.priors if row.course for s in row.course.structures]
        if value not in known:
            reason = _("'{value}' is not a structure of a prior course; they have {known}")
            raise RefusedError(reason.format(value=value, known=", ".join(known)))
        return value

    def _mapping(self, value: str):
        if not value:
            return None
        known = [strategy.value for strategy in MappingStrategy]
        if value.upper() not in known:
            reason = _("'{value}' is not one of {known}")
            raise RefusedError(reason.format(value=value, known=", ".join(known)))
        reason = self.ui.mappingReasonEdit.text.strip()
        return {"strategy": value.upper(), "reason": reason}

    def _reasonTyped(self):
        organ = self._table.selectedKey
        mapping = self.session.choices.organ(organ).get("mapping") if organ else None
        if not mapping:
            return
        reason = self.ui.mappingReasonEdit.text.strip()
        mapping = {course: {**entry, "reason": reason} for course, entry in mapping.items()}
        self.panel.change(self.session.choices.withOrgan(organ, "mapping", mapping))


def _recoveryText(values) -> str:
    return ", ".join(dict.fromkeys(f"{value:g}" for value in values))


def _mappingText(values) -> str:
    strategies = (getattr(strategy, "value", strategy) for strategy in values)
    return ", ".join(dict.fromkeys(strategies))


def _mappingTip(organ) -> str:
    if MappingStrategy.NOT_EVALUABLE not in organ.mapping.values():
        return ""
    return _(
        "The registration failed in this organ, so its sum is NOT EVALUABLE. Register again, or "
        "type another mapping with its reason."
    )


def _positive(text: str) -> float | None:
    try:
        return float(text) if text else None
    except ValueError as error:
        reason = _("'{text}' is not a number of Gy").format(text=text)
        raise RefusedError(reason) from error


def _recovery(text: str):
    """Return a rule's name, or a value with its justification; None takes the rule of all."""
    if not text:
        return None
    number = text.replace(".", "", 1)
    if not number.isdecimal():
        return text
    return {"value": float(text), "justification": _("typed on the panel")}
