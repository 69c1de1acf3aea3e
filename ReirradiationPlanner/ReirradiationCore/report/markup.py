"""Pieces of HTML that cannot be broken by the text in them: all text is escaped here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

_VOID = {"img", "br", "meta"}


class Html(str):
    """Text that is HTML already; every other text is escaped before it is put into a page."""

    __slots__ = ()


@dataclass(frozen=True)
class Column:
    """A column of a table: its title and the CSS class of its cells (``n`` for numbers)."""

    title: object
    css: str = ""


def text(content: object) -> Html:
    """Return ``content`` as HTML; None is nothing."""
    if isinstance(content, Html):
        return content
    return Html("" if content is None else escape(str(content)))


def join(pieces: Iterable[object], separator: str = "") -> Html:
    """Join pieces, escaping those that are not HTML yet; ``separator`` is HTML."""
    return Html(separator.join(text(piece) for piece in pieces))


def element(name: str, *children: object, **attributes: object) -> Html:
    """Return an element; ``class_`` and ``data_x`` stand for ``class`` and ``data-x``.

    Attributes that are None are left out.
    """
    named = (
        f' {key.rstrip("_").replace("_", "-")}="{escape(str(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    opening = f"<{name}{''.join(named)}>"
    return Html(opening if name in _VOID else f"{opening}{join(children)}</{name}>")


def table(
    caption: object, columns: Sequence[Column], rows: Iterable[Sequence[object]], css: str = ""
) -> Html:
    """Return a table whose first column is the header of each row.

    On narrow screens it scrolls by itself, also with the keyboard.
    """
    head = join(
        element("th", column.title, scope="col", class_=column.css or None) for column in columns
    )
    body = join(_row(columns, row) for row in rows)
    inner = element(
        "table",
        element("caption", caption),
        element("thead", element("tr", head)),
        element("tbody", body),
        class_=css or None,
    )
    return element("div", inner, class_="scroll", tabindex="0", role="region", aria_label=caption)


def _row(columns: Sequence[Column], row: Sequence[object]) -> Html:
    first, *others = row
    cells = [element("th", first, scope="row")]
    cells += [
        element("td", content, class_=column.css or None)
        for column, content in zip(columns[1:], others, strict=True)
    ]
    return element("tr", join(cells))


def section(identifier: str, title: str, *content: object) -> Html:
    """Return a section with a heading; empty if there is nothing in it."""
    body = join(content)
    if not body:
        return body
    heading = element("h2", title, id=identifier)
    return element("section", heading, body, aria_labelledby=identifier)


def items(lines: Iterable[object]) -> Html:
    """Return a list, or nothing if there are no lines."""
    body = join(element("li", line) for line in lines)
    return element("ul", body) if body else body
