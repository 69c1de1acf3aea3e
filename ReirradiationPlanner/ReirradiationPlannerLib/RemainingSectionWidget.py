"""Section 6 of the panel: how much dose is left. Needs the Slicer application."""

from slicer.i18n import tr as _

from .EvaluateSectionWidget import metricText
from .SectionWidget import SectionWidget
from .TextTableWidget import Cell, TextTableWidget

MOST_BINDING = 8


class RemainingSectionWidget(SectionWidget):
    """Shows the largest prescription and the remaining dose; computed while it is open."""

    def setup(self):
        """Called once: connect the widgets of the section."""
        ui = self.ui
        self._isotoxic = TextTableWidget(ui.isotoxicTable)
        self._remaining = TextTableWidget(ui.remainingTable)
        ui.remainingSection.connect("contentsCollapsed(bool)", lambda _c: self.panel.refresh())

    def missing(self):
        """Sentences that say what the section waits for."""
        return () if self.session.result else (_("evaluate first"),)

    def refresh(self):
        """Show what is left; nothing is computed for a section nobody looks at."""
        session = self.session
        if self.ui.remainingSection.collapsed or session.result is None:
            self._isotoxic.fill([])
            self._remaining.fill([])
            self.tell(self.ui.isotoxicLabel, "")
            return
        stale = session.isStale
        answer, why = session.result.isotoxic
        self.tell(self.ui.isotoxicLabel, _isotoxicText(answer, why, stale))
        self._isotoxic.fill(_bindingRows(answer), stale)
        rows = sorted(session.remaining(), key=_leastFirst)
        self._remaining.fill([(row.limit_id + row.structure, _cells(row)) for row in rows], stale)


def _isotoxicText(answer, why: str, isStale: bool) -> str:
    if answer is None:
        return why
    largest = answer["max_prescription_gy"]
    if largest is None:
        text = _("No prescription in {low} to {high} Gy keeps every limit.")
        low, high = answer["search_range_gy"]
        text = text.format(low=f"{low:g}", high=f"{high:g}")
    else:
        text = _("Largest prescription of the scaled plan: {dose} Gy in {n} fractions.")
        text = text.format(dose=f"{largest:.1f}", n=answer["fractions"])
        if answer.get("capped"):
            text += " " + _("The end of the search, not a limit, stopped it.")
    if why:
        text += " " + _("WARNING: {why}").format(why=why)
    return _("STALE: {text}").format(text=text) if isStale else text


def _bindingRows(answer):
    items = answer["per_constraint"] if answer else ()
    known = [item for item in items if item["max_prescription_gy"] is not None]
    known = [item for item in known if not item.get("above_cap")] or known
    rows = sorted(known, key=lambda item: item["max_prescription_gy"])[:MOST_BINDING]
    return [
        (
            f"{item['structure']}/{item['metric']}/{item['set']}/{item['quantity']}",
            (
                Cell(item["structure"]),
                Cell(metricText(item)),
                Cell(_("{dose} Gy").format(dose=f"{item['max_prescription_gy']:.1f}")),
            ),
        )
        for item in rows
    ]


def _leastFirst(row):
    return row.dose_gy is None, row.dose_gy or 0.0


def _cells(row):
    used = "" if row.used_percent is None else f"{row.used_percent:.0f} %"
    left = _("unknown") if row.dose_gy is None else f"{row.dose_gy:.1f} Gy"
    return (
        Cell(row.structure),
        Cell(row.metric, tip=row.limit_id),
        Cell(used, tip=row.note),
        Cell(left, tip=row.note),
    )
