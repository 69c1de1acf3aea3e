"""The colour legend of a map as the page draws it."""

from __future__ import annotations

from typing import Any

import slicer
from ReirradiationPlannerLib.CaseNodes import CaseNodes
from ReirradiationPlannerLib.ColorTables import ColorTables
from ReirradiationPlannerLib.DoseDisplay import DoseDisplay
from ReirradiationPlannerLib.MapStyle import MapStyle
from ReirradiationPlannerLib.UnknownRegion import NOT_KNOWN, OVER_LIMIT, UnknownRegion

BANDS = 96
OR_MORE = " +"  # values beyond the colours have the last one
HATCHES = {NOT_KNOWN: "hatched: not known", OVER_LIMIT: "dark hatch: over the limit"}


def legend(map_node: Any, key: str, *, repainted: bool) -> dict[str, Any]:  # noqa: ANN401
    """Return title, CSS gradient and labels (per cent of the height, text) of a map's colours."""
    style, display = MapStyle.forKey(key), map_node.GetDisplayNode()
    lower, upper = display.GetWindowLevelMin(), display.GetWindowLevelMax()
    step = style.step(upper)
    count = round((upper - lower) / step)
    labels = [f"{lower + n * step:g}" for n in range(count + 1)]
    if DoseDisplay.largest(slicer.util.arrayFromVolume(map_node)) > upper:
        labels[-1] += OR_MORE
    hatch = CaseNodes.hatchOf(map_node)
    shown = [one for one in HATCHES if hatch and UnknownRegion.isHatched(hatch, one)]
    return {
        "title": style.legend,
        "gradient": _gradient(style.table),
        "labels": [{"percent": 100 * n / count, "text": text} for n, text in enumerate(labels)],
        "hatches": [{"text": HATCHES[one], "over": one == OVER_LIMIT} for one in shown],
        "repainted": repainted,
    }


def _gradient(table: str) -> str:
    colors = ColorTables.colors(table)
    stops = []
    for band in range(BANDS):
        color = colors[round(band / (BANDS - 1) * (len(colors) - 1))]
        shown = ",".join(str(round(255 * part)) for part in color)
        start, end = 100 * band / BANDS, 100 * (band + 1) / BANDS
        stops.append(f"rgb({shown}) {start:.2f}% {end:.2f}%")
    return f"linear-gradient(to top, {', '.join(stops)})"
