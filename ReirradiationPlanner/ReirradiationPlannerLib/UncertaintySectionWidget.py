"""Section 7 of the panel: other mappings and assumptions. Needs the Slicer application."""

from slicer.i18n import tr as _

from .SectionWidget import SectionWidget
from .TextTableWidget import Cell, TextTableWidget


class UncertaintySectionWidget(SectionWidget):
    """Shows the interval of each limited value over the scenarios that were computed."""

    def setup(self):
        """Called once: connect the widgets of the section."""
        self._table = TextTableWidget(self.ui.uncertaintyTable)

    def missing(self):
        """Sentences that say what the section waits for."""
        return () if self.session.result else (_("evaluate first"),)

    def refresh(self):
        """Show the intervals; rows without one are left out."""
        session = self.session
        rows = session.result.rows if session.result is not None else ()
        withInterval = [row for row in rows if row.get("interval")]
        cells = [(f"{r['id']}/{r['structure']}", _cells(r)) for r in withInterval]
        self._table.fill(cells, session.isStale)
        self.tell(self.ui.uncertaintyLabel, self._text(withInterval))

    def _text(self, rows) -> str:
        session = self.session
        if session.result is None:
            return ""
        if session.result.missing_intervals:
            return session.result.missing_intervals
        if not rows:
            return _(
                "Nothing is ticked: verdicts use the nominal values. The report tabulates "
                "alpha/beta, recovery and mapping in any case."
            )
        return _("A limit passes only if it holds over the whole interval.")


def _cells(row):
    low, high = row["interval"]
    value = _("unknown") if row["value"] is None else f"{row['value']:.1f} {row['unit']}"
    return (
        Cell(row["structure"]),
        Cell(row["metric"]),
        Cell(value),
        Cell(f"{low:.1f} … {high:.1f} {row['unit']}"),
        Cell(row["verdict"], tip=row.get("note", "")),
    )
