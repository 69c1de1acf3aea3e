"""What stands around a view in a picture: header, orientation letters, legend, structures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import slicer
from ReirradiationCore.courses import Structure

from .canvas import Canvas, Color, Pixels

HEADER_HEIGHT = 58
PANEL_SIZE = (190, 658)
LEFT = 16
BAR_TOP, BAR_WIDTH = 64, 22
LINE_HEIGHT = 20
LETTER_COLOR: Color = (1.0, 0.9, 0.4)
HATCH_COLOR: Color = (0.78, 0.78, 0.78)
OVER_LIMIT_COLOR: Color = (1.0, 0.58, 0.0)
CROSS_GAP, CROSS_ARM = 7, 14
DARKEST_TEXT = 0.45
LONGEST_NAME = 19


def draw_header(title: str, subtitle: str, width: int) -> Pixels:
    """Return the strip above a view."""
    canvas = Canvas(width, HEADER_HEIGHT)
    canvas.text(title, 12, 10, 19, bold=True)
    canvas.text(subtitle, 12, 36, 15)
    return canvas.pixels


def draw_letters(view: Canvas, letters: str) -> None:
    """Write which side of the patient the left, right, upper and lower edge of a view are."""
    height, width, _ = view.pixels.shape
    places = (
        (8, height // 2 - 8),
        (width - 20, height // 2 - 8),
        (width // 2 - 5, 8),
        (width // 2 - 5, height - 48),
    )
    for letter, (left, top) in zip(letters, places, strict=True):
        view.text(letter, left + 1, top + 1, 18, (0.0, 0.0, 0.0), bold=True)
        view.text(letter, left, top, 18, LETTER_COLOR, bold=True)


def draw_cross(view: Canvas, row: int, column: int) -> None:
    """Point at a pixel with an open cross, white on black so that it shows on every colour."""
    for width, color in ((5, (0.0, 0.0, 0.0)), (3, (1.0, 1.0, 1.0))):
        edge = (5 - width) // 2
        near, length, half = CROSS_GAP + edge, CROSS_ARM - 2 * edge, width // 2
        for start in (near, -near - length + 1):
            view.box(column + start, row - half, length, width, color)
            view.box(column - half, row + start, width, length, color)


def draw_panel(
    map_node: Any,  # noqa: ANN401
    structures: Sequence[Structure],
    *,
    hatched: bool,
    over_limit: bool = False,
    prior_targets: Sequence[Color] = (),
) -> Pixels:
    """Return the strip beside the views: colours of the map and names of the structures shown.

    Parameters
    ----------
    map_node : vtkMRMLScalarVolumeNode
        Map with colours and legend set up.
    structures : sequence of Structure
        Structures that the views show, in this order.
    hatched, over_limit : bool
        True if something unknown, or over its limit, may be shown hatched.
    prior_targets : sequence of Color
        Colours of targets of prior courses that are shown dashed.
    """
    canvas = Canvas(*PANEL_SIZE)
    top = _draw_legend(canvas, map_node) + LINE_HEIGHT // 2
    if hatched:
        top = _draw_hatch(canvas, top, "dose not known", HATCH_COLOR, (0.0, 0.0, 0.0))
    if over_limit:
        top = _draw_hatch(canvas, top, "over the limit", OVER_LIMIT_COLOR, (0.25, 0.15, 0.0))
    for color in dict.fromkeys(prior_targets):
        for dash in range(0, BAR_WIDTH, 8):
            canvas.box(LEFT + dash, top + 6, 5, 3, color)
        canvas.text("target, prior course", LEFT + BAR_WIDTH + 8, top, 14)
        top += LINE_HEIGHT
    top += LINE_HEIGHT // 2
    room = (PANEL_SIZE[1] - top) // LINE_HEIGHT - 1
    for structure in structures[:room]:
        color = tuple(channel / 255.0 for channel in structure.color_rgb)
        canvas.box(LEFT, top + 6, BAR_WIDTH, 3, color)
        name = structure.name
        name = name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"
        canvas.text(name, LEFT + BAR_WIDTH + 8, top, 14, readable(color))
        top += LINE_HEIGHT
    if len(structures) > room:
        canvas.text(f"and {len(structures) - room} more", LEFT + BAR_WIDTH + 8, top, 14)
    return canvas.pixels


def _draw_hatch(canvas: Canvas, top: int, text: str, color: Color, between: Color) -> int:
    """Draw the entry of a hatch; returns the row below it."""
    canvas.box(LEFT, top + 1, BAR_WIDTH, 14, between)
    for stripe in range(0, BAR_WIDTH, 6):
        canvas.box(LEFT + stripe, top + 1, 3, 14, color)
    canvas.text(text, LEFT + BAR_WIDTH + 8, top, 14)
    return top + LINE_HEIGHT


def _draw_legend(canvas: Canvas, map_node: Any) -> int:  # noqa: ANN401
    """Draw the legend that the display nodes describe; returns the row below it."""
    display = map_node.GetDisplayNode()
    legend = slicer.vtkSlicerColorLogic.GetColorLegendDisplayNode(map_node)
    table = display.GetColorNode()
    colors = np.zeros((table.GetNumberOfColors(), 4))
    for entry, color in enumerate(colors):
        table.GetColor(entry, color)
    canvas.text(legend.GetTitleText().partition("\n")[0], LEFT, 32, 16, bold=True)
    canvas.bar(LEFT, BAR_TOP, BAR_WIDTH, colors[:, :3] * colors[:, 3:])
    height = len(colors)
    lower, upper = display.GetWindowLevelMin(), display.GetWindowLevelMax()
    for value in np.linspace(lower, upper, legend.GetNumberOfLabels()):
        row = BAR_TOP + round((1 - (value - lower) / (upper - lower)) * (height - 1))
        canvas.box(LEFT + BAR_WIDTH, row, 6, 1, (1.0, 1.0, 1.0))
        canvas.text(legend.GetLabelFormat() % value, LEFT + BAR_WIDTH + 10, row - 7, 14)
    return BAR_TOP + height + 8


def readable(color: Color) -> Color:
    """Colour of a text on black: the colour itself, lightened where it is dark."""
    own = np.array(color)
    brightness = float(own @ [0.299, 0.587, 0.114])
    white = max(0.0, DARKEST_TEXT - brightness) / (1 - min(brightness, DARKEST_TEXT))
    return tuple((own + white * (1 - own)).tolist())
