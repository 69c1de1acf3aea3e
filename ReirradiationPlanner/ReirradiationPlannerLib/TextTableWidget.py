"""A table of texts that shows what was typed and what is stale. Needs the Slicer application."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import qt

ROW_MARGIN_PX = 6
WIDEST_PX = 130


@dataclass(frozen=True)
class Cell:
    """One cell.

    :param text: what is shown.
    :param isTyped: True for values a person typed; shown in italics.
    :param isEditable: True if a double-click changes it.
    :param isChecked: None for a cell without a check box.
    :param tip: tool tip; what was typed says so itself.
    """

    text: str = ""
    isTyped: bool = False
    isEditable: bool = False
    isChecked: bool | None = None
    tip: str = ""


class TextTableWidget:
    """Fills a QTableWidget of the form, and tells of edits.

    :param table: the table of the form.
    :param onEdited: called with key of the row, column, and the text or check state.
    :param typedTip: tool tip of values that were typed.
    """

    def __init__(
        self,
        table,
        onEdited: Callable[[str, int, str | bool], None] | None = None,
        typedTip: str = "",
    ):
        self._table = table
        self._onEdited = onEdited
        self._typedTip = typedTip
        self._keys: list[str] = []
        self._cells: list[Sequence[Cell]] = []
        self._isStale = False
        table.connect("cellChanged(int,int)", self._cellChanged)
        table.horizontalHeader().setStretchLastSection(True)
        table.verticalHeader().hide()
        table.verticalHeader().setDefaultSectionSize(table.fontMetrics().height() + ROW_MARGIN_PX)

    @property
    def keys(self) -> tuple[str, ...]:
        """Keys of the rows, top down."""
        return tuple(self._keys)

    @property
    def selectedKey(self) -> str | None:
        """Key of the selected row."""
        row = self._table.currentRow()
        return self._keys[row] if 0 <= row < len(self._keys) else None

    def fill(self, rows: Sequence[tuple[str, Sequence[Cell]]], isStale: bool = False):
        """Show rows of a key and its cells; stale rows are grey and in italics."""
        unchanged = [list(cells) for _, cells in rows] == [list(c) for c in self._cells]
        if unchanged and [key for key, _ in rows] == self._keys and isStale == self._isStale:
            return
        selected = self.selectedKey
        self._keys = [key for key, _ in rows]
        self._cells = [cells for _, cells in rows]
        self._isStale = isStale
        table = self._table
        wasBlocked = table.blockSignals(True)
        table.setRowCount(len(rows))
        for place, (_, cells) in enumerate(rows):
            for column, cell in enumerate(cells):
                table.setItem(place, column, self._item(cell, isStale))
        if selected in self._keys:
            table.selectRow(self._keys.index(selected))
        table.resizeColumnsToContents()
        for column in range(table.columnCount):
            if table.columnWidth(column) > WIDEST_PX:
                table.setColumnWidth(column, WIDEST_PX)
        table.blockSignals(wasBlocked)

    def _item(self, cell: Cell, isStale: bool):
        item = qt.QTableWidgetItem(cell.text)
        flags = qt.Qt.ItemIsSelectable | qt.Qt.ItemIsEnabled
        if cell.isEditable:
            flags = flags | qt.Qt.ItemIsEditable
        if cell.isChecked is not None:
            flags = flags | qt.Qt.ItemIsUserCheckable
            item.setCheckState(qt.Qt.Checked if cell.isChecked else qt.Qt.Unchecked)
        item.setFlags(flags)
        if cell.isTyped or isStale:
            font = qt.QFont()
            font.setItalic(True)
            item.setFont(font)
        if isStale:
            item.setForeground(
                qt.QBrush(self._table.palette.color(qt.QPalette.Disabled, qt.QPalette.Text))
            )
        tips = (cell.tip, self._typedTip if cell.isTyped else "")
        item.setToolTip("\n".join(tip for tip in tips if tip) or cell.text)
        return item

    def _cellChanged(self, row: int, column: int):
        if self._onEdited is None or row >= len(self._cells):
            return
        item, cell, key = self._table.item(row, column), self._cells[row][column], self._keys[row]
        if cell.isChecked is None:
            value, isNew = item.text().strip(), item.text() != cell.text
        else:
            value = item.checkState() == qt.Qt.Checked
            isNew = value != cell.isChecked
        if isNew:
            self._cells = []  # the next fill draws the table even if the edit was refused
            self._onEdited(key, column, value)
