"""Dose-volume histograms as drawings that can be read without colour."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ..metrics import Metric, MetricKind
from .data import DvhCurve
from .formatting import ALPHA_BETA
from .markup import Html, element, join

WIDTH, FLOOR = 460, 216  # of the drawing, and where the dose axis lies
LEFT, RIGHT, TOP = 48, 14, 12
LEGEND, LEGEND_LINE = 264, 15  # where the legend begins, and the height of its lines
POINTS = 160  # of a curve: more cannot be seen at this size
CUMULATIVE = {
    "cumulative": ("#111111", "", 2.6, "cumulative"),
    "cumulative_no_recovery": ("#7a2a8a", "9 3 2 3", 1.8, "cumulative, no recovery"),
}
PLANNED = ("#a84b00", "2 3", 2.0)
PRIORS = (
    ("#1f5fa8", "7 4", 1.8),
    ("#00705f", "12 4", 1.8),
    ("#5b6b00", "4 2 1 2", 1.8),
    ("#9a2f5c", "14 3 4 3", 1.8),
)


def dvh_charts(curves: Sequence[DvhCurve], results: Mapping[str, Any]) -> Html:
    """Return one chart per structure and quantity, those with limits first."""
    groups: dict[tuple[str, str], list[DvhCurve]] = {}
    for curve in curves:
        groups.setdefault((curve.structure, curve.quantity), []).append(curve)
    limited = {c["structure"] for c in results["constraints"]}
    ordered = sorted(groups, key=lambda key: key[0] not in limited)
    figures = [_figure(*key, groups[key], results) for key in ordered]
    return element("div", *figures, class_="grid") if figures else Html()


def _figure(name: str, quantity: str, curves: list[DvhCurve], results: Mapping[str, Any]) -> Html:
    structure = next((s for s in results["structures"] if s["name"] == name), {})
    model = structure.get("alpha_beta_gy")
    marks = limit_marks(name, quantity, structure.get("volume_cc"), results["constraints"], model)
    what = "physical dose" if quantity == "PHYSICAL" else quantity
    detail = f", {ALPHA_BETA} {model:g} Gy" if quantity == "EQD2" and model is not None else ""
    title = f"{name}: {what}{detail}"
    return element("figure", _chart(title, what, curves, marks), element("figcaption", title))


def limit_marks(
    name: str,
    quantity: str,
    volume_cc: float | None,
    constraints: Sequence[Mapping[str, Any]],
    alpha_beta_gy: float | None = None,
) -> list[tuple[float, float, str]]:
    """Return limits as points of a DVH: dose (Gy), volume (%), text.

    Limits on a mean or minimum are no point of the curve, and limits in the EQD2 of another
    alpha/beta than that of the curve (``alpha_beta_gy``, Gy) cannot be read off it: both are left
    to the table.
    """
    marks = []
    for c in constraints:
        own = c.get("alpha_beta_gy")
        if quantity == "EQD2" and None not in (own, alpha_beta_gy) and own != alpha_beta_gy:
            continue
        if (c["structure"], c["quantity"]) == (name, quantity) and c["scope"] == "cumulative":
            place = _place(c, volume_cc)
            if place is not None:
                marks.append((*place, f"{c['metric']} {c['limit']:g} {c['unit']}"))
    return marks


def _place(constraint: Mapping[str, Any], volume_cc: float | None) -> tuple[float, float] | None:
    limit, unit = constraint["limit"], constraint["unit"]
    if not isinstance(limit, int | float) or unit not in ("Gy", "cc", "%"):
        return None
    metric = Metric.parse(constraint["metric"])
    given = metric.argument or 0.0
    per_cc = 100 / volume_cc if volume_cc else math.nan
    place = {
        MetricKind.MAXIMUM: (limit, 0.0),
        MetricKind.DOSE_AT_PERCENT: (limit, given),
        MetricKind.DOSE_AT_CC: (limit, given * per_cc),
        MetricKind.VOLUME_AT_DOSE: (given, limit if unit == "%" else limit * per_cc),
    }.get(metric.kind)
    return place if place is not None and math.isfinite(place[1]) else None


def _chart(
    title: str, quantity: str, curves: list[DvhCurve], marks: list[tuple[float, float, str]]
) -> Html:
    reach = max([1.0, *(_last_dose(c) for c in curves), *(dose for dose, _, _ in marks)])
    step = _nice_step(reach / 6)
    scale = _Scale(step * math.ceil(reach * 1.02 / step))
    styles = _styles(curves)
    drawn = join(
        [
            _axes(scale, step, quantity),
            *(_line(c, styles[c.course], scale) for c in curves),
            *(_mark(mark, scale) for mark in marks),
            *_legend(styles, bool(marks)),
        ]
    )
    height = LEGEND + LEGEND_LINE * ((len(styles) + bool(marks) - 1) // 2) + 8
    return element(
        "svg", drawn, viewBox=f"0 0 {WIDTH} {height}", role="img",
        aria_label=f"Dose-volume histogram, {title}", font_family="sans-serif", font_size="11",
    )  # fmt: skip


class _Scale:
    """From dose and volume to places on the drawing."""

    def __init__(self, dose_max: float) -> None:
        self.dose_max = dose_max

    def x(self, dose: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * min(dose, self.dose_max) / self.dose_max

    def y(self, percent: float) -> float:
        return TOP + (FLOOR - TOP) * (1 - min(percent, 100.0) / 100)


def _nice_step(rough: float) -> float:
    power = 10 ** math.floor(math.log10(rough))
    return next(power * m for m in (1, 2, 5, 10) if rough <= power * m)


def _last_dose(curve: DvhCurve) -> float:
    doses = [d for d in curve.dose_gy if math.isfinite(d)]
    filled = sum(v > 0 for v in curve.volume_percent)  # the curve falls, so these come first
    return doses[min(filled, len(doses) - 1)] if doses else 0.0


def _styles(curves: list[DvhCurve]) -> dict[str, tuple[str, str, float, str]]:
    priors = [c.course for c in curves if c.course not in (*CUMULATIVE, "planned")]
    styles = {p: (*PRIORS[i % len(PRIORS)], p) for i, p in enumerate(dict.fromkeys(priors))}
    styles |= {"planned": (*PLANNED, "planned"), **CUMULATIVE}
    drawn = {c.course for c in curves}
    return {course: style for course, style in styles.items() if course in drawn}


def _axes(scale: _Scale, step: float, quantity: str) -> Html:
    pieces = []
    for percent in range(0, 101, 20):
        y = scale.y(percent)
        pieces.append(_rule(LEFT, y, WIDTH - RIGHT, y))
        pieces.append(_label(LEFT - 6, y + 4, str(percent), "end"))
    for i in range(round(scale.dose_max / step) + 1):
        x = scale.x(i * step)
        pieces.append(_rule(x, TOP, x, scale.y(0)))
        pieces.append(_label(x, scale.y(0) + 15, f"{i * step:g}", "middle"))
    middle = (TOP + scale.y(0)) / 2
    turn = f"rotate(-90 13 {middle:.0f})"
    pieces.append(_label((LEFT + WIDTH - RIGHT) / 2, scale.y(0) + 31, f"{quantity} (Gy)", "middle"))
    pieces.append(_label(13, middle, "Volume (%)", "middle", transform=turn))
    return join(pieces)


def _rule(x1: float, y1: float, x2: float, y2: float) -> Html:
    place = {"x1": f"{x1:.1f}", "y1": f"{y1:.1f}", "x2": f"{x2:.1f}", "y2": f"{y2:.1f}"}
    return element("line", stroke="#c9ced3", stroke_width="0.8", **place)


def _label(x: float, y: float, words: str, anchor: str, **more: str) -> Html:
    return element(
        "text", words, x=f"{x:.1f}", y=f"{y:.1f}", text_anchor=anchor, fill="#1b1f24", **more
    )


def _line(curve: DvhCurve, style: tuple[str, str, float, str], scale: _Scale) -> Html:
    colour, dash, width, _ = style
    pairs = list(zip(curve.dose_gy, curve.volume_percent, strict=True))
    stride = max(1, math.ceil(len(pairs) / POINTS))
    thin = pairs[::stride] + (pairs[-1:] if (len(pairs) - 1) % stride else [])
    places = [f"{scale.x(d):.1f},{scale.y(v):.1f}" for d, v in thin if math.isfinite(d + v)]
    return element(
        "polyline", points=" ".join(places), fill="none", stroke=colour, stroke_width=width,
        stroke_dasharray=dash or None, stroke_linejoin="round",
    )  # fmt: skip


def _mark(mark: tuple[float, float, str], scale: _Scale) -> Html:
    """Draw a limit: the curve has to stay left of the tip."""
    dose, percent, words = mark
    x, y = scale.x(dose), scale.y(percent)
    tip = f"M{x:.1f} {y:.1f}l9 -6v12z"
    shape = element("path", d=tip, fill="#8a0f10", stroke="#ffffff", stroke_width="0.8")
    near_edge = x > WIDTH - 110
    label = _label(
        x - 4 if near_edge else x + 4, y - 9, words, "end" if near_edge else "start",
        font_weight="bold", paint_order="stroke", stroke="#ffffff", stroke_width="3",
    )  # fmt: skip
    return join([shape, label])


def _legend(styles: Mapping[str, tuple[str, str, float, str]], marked: bool) -> list[Html]:
    pieces = []
    for i, (colour, dash, width, words) in enumerate(styles.values()):
        x, y = _legend_place(i)
        place = {"x1": x, "y1": y - 4, "x2": x + 30, "y2": y - 4}
        style = {"stroke": colour, "stroke_width": width, "stroke_dasharray": dash or None}
        pieces += [element("line", **place, **style), _label(x + 36, y, words, "start")]
    if marked:
        x, y = _legend_place(len(styles))
        shape = element("path", d=f"M{x + 10} {y - 4}l9 -6v12z", fill="#8a0f10")
        pieces += [shape, _label(x + 36, y, "limit", "start")]
    return pieces


def _legend_place(index: int) -> tuple[float, float]:
    return LEFT + 200 * (index % 2), LEGEND + LEGEND_LINE * (index // 2)
