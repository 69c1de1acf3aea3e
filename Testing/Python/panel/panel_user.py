"""What a user does to the widgets of the panel, and reads from it."""


def numbers(widget):
    """Values of all rows of the verdicts."""
    return [row["value"] for row in widget.form.session.result.rows]


def choose(box, key):
    """Choose the item of a combo box that has a key."""
    keys = [box.itemData(place) for place in range(box.count)]
    box.setCurrentIndex(keys.index(key))
    box.activated.emit(keys.index(key))


def type_text(edit, text):
    """Type a text and leave the line."""
    edit.text = text
    edit.editingFinished.emit()
