"""Section 4 of the panel: constraint sets and their limits. Needs the Slicer application."""

from pathlib import Path

import qt
from ReirradiationCore.errors import ProtocolError, RefusedError
from ReirradiationCore.protocol_library import available_protocols, check_protocol, load_protocols
from slicer.i18n import tr as _

from .PlannerChoices import editableCopy
from .SectionWidget import SectionWidget
from .TextTableWidget import Cell, TextTableWidget
from .TypedTexts import parseNumber

LIMIT, ALPHA_BETA, CONFIRMED = 2, 3, 4


class LimitsSectionWidget(SectionWidget):
    """Chooses constraint sets, and what their sources leave open."""

    def setup(self):
        """Called once: connect the widgets of the section."""
        ui = self.ui
        self._shipped = None
        self._units = {}
        self._table = TextTableWidget(ui.limitTable, self._edited, _("Chosen by a person."))
        ui.protocolList.connect("itemChanged(QListWidgetItem*)", self._ticked)
        self.onClick(ui.addProtocolButton, self.addOwn)
        self.onClick(ui.copyProtocolButton, self.copySelected)

    def bound(self):
        """Called after the form was bound: show the levels of the cord in the user's language."""
        titles = [_("Cervical"), _("Thoracic"), _("Lumbar")]
        self.setTitles(self.ui.cordRegionComboBox, titles)

    def addOwn(self):
        """Called by the Add own set button."""
        self.panel.run(lambda _progress: self._add(self.session.settings.protocolFile))

    def copySelected(self):
        """Called by the Editable copy button."""
        self.panel.run(lambda _progress: self._copy())

    def refresh(self):
        """Show the sets, those that are ticked, and their limits."""
        choices, settings = self.session.choices, self.session.settings
        self._showSets(choices)
        hasFile = settings.protocolFile != Path()
        self.enable(self.ui.addProtocolButton, () if hasFile else (_("choose a file"),))
        hasFolder = settings.outputFolder != Path()
        waits = () if hasFolder else (_("choose a result folder in section 8"),)
        self.enable(self.ui.copyProtocolButton, waits)
        limits = [limit for s in load_protocols(choices.protocols)[0] for limit in s.constraints]
        self._units = {limit.id: limit.unit for limit in limits}
        self._table.fill([(limit.id, self._cells(limit)) for limit in limits])

    def _showSets(self, choices):
        if self._shipped is None:
            self._shipped = [(s.name, s.title, s.citation) for s in available_protocols()]
        own = [(name, Path(name).stem, name) for name in choices.ownProtocols]
        box = self.ui.protocolList
        wasBlocked = box.blockSignals(True)
        selected = box.currentRow
        box.clear()
        for place, (name, title, source) in enumerate((*self._shipped, *own)):
            box.addItem(Path(name).stem if name == source else name)
            item = box.item(place)
            item.setData(qt.Qt.UserRole, name)
            item.setFlags(qt.Qt.ItemIsEnabled | qt.Qt.ItemIsSelectable | qt.Qt.ItemIsUserCheckable)
            isTicked = name in choices.protocols
            item.setCheckState(qt.Qt.Checked if isTicked else qt.Qt.Unchecked)
            item.setToolTip(f"{title}\n{source}")
        box.setCurrentRow(max(selected, 0))
        box.blockSignals(wasBlocked)

    def _cells(self, limit):
        choices = self.session.case.limit_choices.get(limit.id, {})
        condition = limit.condition
        mustConfirm = bool(condition.confirm)
        isOpen = limit.limit is None and not limit.limit_model
        alphaBeta = choices.get("alpha_beta_gy", limit.alpha_beta_gy)
        chosen = choices.get("limit")
        text = limit.limit_text if chosen is None else f"{chosen:g} {limit.unit}"
        lacks = limit.alpha_beta_gy is None and limit.quantity.value in ("EQD2", "BED")
        return (
            Cell(limit.organ),
            Cell(limit.metric_name, tip=limit.describe()),
            Cell(text, chosen is not None, isOpen, tip=limit.open_question or limit.note),
            Cell("" if alphaBeta is None else f"{alphaBeta:g}", "alpha_beta_gy" in choices, lacks),
            Cell(
                "",
                isChecked=limit.id in self.session.case.confirmed if mustConfirm else None,
                tip=condition.describe(),
            ),
            Cell(limit.source, tip=limit.source),
        )

    def _ticked(self, item):
        name = item.data(qt.Qt.UserRole)
        others = tuple(n for n in self.session.choices.protocols if n != name)
        isTicked = item.checkState() == qt.Qt.Checked
        self.panel.change(
            self.session.choices.withProtocols((*others, name) if isTicked else others)
        )

    def _edited(self, limit: str, column: int, value):
        self.panel.run(lambda _progress: self._type(limit, column, value))

    def _type(self, limit: str, column: int, value):
        choices = self.session.choices
        if column == CONFIRMED:
            self.panel.change(choices.withConfirmed(limit, value))
            return
        key, unit = "alpha_beta_gy", "Gy"
        if column == LIMIT:
            key, unit = "limit", self._units[limit]
        self.panel.change(choices.withLimit(limit, key, parseNumber(value, unit)))

    def _add(self, path):
        problems = check_protocol(path)
        if problems:
            raise ProtocolError("; ".join(str(problem) for problem in problems[:3]))
        choices, name = self.session.choices, str(path)
        own = tuple(dict.fromkeys((*choices.ownProtocols, name)))
        names = tuple(dict.fromkeys((*choices.protocols, name)))
        load_protocols(names)
        self.panel.change(choices.withProtocols(names, own))

    def _copy(self):
        item = self.ui.protocolList.currentItem()
        if item is None:
            raise RefusedError(_("select the set that is to be copied"))
        made = editableCopy(item.data(qt.Qt.UserRole), Path(self.session.settings.outputFolder))
        choices = self.session.choices
        own = (*choices.ownProtocols, str(made))
        self.panel.change(choices.withProtocols(choices.protocols, own))
        self.session.settings.protocolFile = made
        self.panel.say(_("Copied to {path}; edit it, then tick it.").format(path=made))
