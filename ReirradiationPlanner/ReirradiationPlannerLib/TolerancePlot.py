"""How much of its limit each organ uses, as bars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .ColorTables import displayData
from .PlotNodes import PlotNodes

TITLE = "Tolerance used"
ORGAN, PLACE, WITHIN, OVER, LIMIT = "Organ", "Place", "Within (%)", "Over (%)", "Limit (%)"
WHOLE = 100.0


class TolerancePlot:
    """Makes or updates the chart of a scene.

    :param scene: scene that gets the nodes.
    """

    def __init__(self, scene):
        self._scene = scene

    def update(self, constraints: Sequence[Mapping]):
        """Bars of the largest share of a cumulative upper limit of each organ.

        Organs within and over their limit are two series, so that over the limit is told by place
        and colour. What could not be evaluated has no bar; the title says how many.

        :param constraints: rows of ``constraints`` of results.json.
        :return: vtkMRMLPlotChartNode, or None where no organ has a bar.
        """
        shares, missing = usedShares(constraints)
        plot, colors = PlotNodes(self._scene, "tolerance"), displayData("plots.json")["bars"]
        if not shares:
            plot.clear()
            return None
        used, places = list(shares.values()), [float(n) for n in range(1, len(shares) + 1)]
        columns = {
            ORGAN: list(shares),
            PLACE: places,
            WITHIN: [value if value <= WHOLE else 0.0 for value in used],
            OVER: [value if value > WHOLE else 0.0 for value in used],
        }
        table = plot.table("bars", TITLE, columns)
        names = {WITHIN: "within", OVER: "over"}
        bars = [
            _asBars(plot.series(y, table, PLACE, y, _look(f"{n} the limit", colors[n])))
            for y, n in names.items()
        ]
        ends = {PLACE: [0.5, len(used) + 0.5], LIMIT: [WHOLE, WHOLE]}
        across = plot.table("limit", "Limit of the tolerance used", ends)
        line = plot.series(LIMIT, across, PLACE, LIMIT, _look("limit", colors["limit"]))
        title = f"{TITLE}, {len(missing)} not evaluable" if missing else TITLE
        return plot.chart(title, "Organ", "% of limit", [*bars, line])


def usedShares(constraints: Sequence[Mapping]) -> tuple[dict[str, float], list[str]]:
    """Largest share (%) of a cumulative upper limit of each organ, most first.

    :return: organ to share, and the organs of which no such limit could be evaluated.
    """
    shares: dict[str, float] = {}
    asked: dict[str, None] = {}
    for row in constraints:
        limit, value = row["limit"], row["value"]
        if row["scope"] != "cumulative" or not row["relation"].startswith("<"):
            continue
        asked[row["structure"]] = None
        known = isinstance(limit, int | float) and limit > 0 and value is not None
        if known and row["verdict"] != "NOT EVALUABLE":
            share = WHOLE * value / limit
            shares[row["structure"]] = max(share, shares.get(row["structure"], 0.0))
    ordered = dict(sorted(shares.items(), key=lambda item: -item[1]))
    return ordered, [organ for organ in asked if organ not in shares]


def _look(name: str, color: str) -> dict:
    return {"name": name, "color": color, "line": "solid", "width": 2}


def _asBars(series):
    series.SetPlotType(series.PlotTypeScatterBar)
    series.SetLabelColumnName(ORGAN)
    return series
