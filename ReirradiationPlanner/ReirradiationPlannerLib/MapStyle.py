"""How each map is shown: title, unit, colours, range and lines."""

from __future__ import annotations

import math
from dataclasses import dataclass

MAXIMUM_LINES = 8
STEPS = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 25.0, 50.0, 100.0)


@dataclass(frozen=True)
class MapStyle:
    """Looks of a kind of map.

    :param title: what the map shows, as the user reads it.
    :param unit: UCUM unit of the voxels.
    :param legend: text over the colour legend, with the unit.
    :param table: name of the colour table.
    :param upper: upper end of the colours; None takes it from the values.
    :param lines: values at which lines are drawn; None draws one at each step of the legend.
    :param shownFrom: smallest value that is coloured; None is half a step of the legend.
    :param smooth: False draws whole voxels, for maps that end at the edges of organs.
    :param marksUnknown: True where NaN means a dose that is not known, False where it means that
        there is nothing to show (no organ with a limit).
    """

    title: str
    unit: str
    legend: str
    table: str
    upper: float | None = None
    lines: tuple[float, ...] | None = None
    shownFrom: float | None = None
    smooth: bool = True
    marksUnknown: bool = False

    @staticmethod
    def forKey(key: str) -> MapStyle | None:
        """Style of a map by its name in the output folder; None for maps that are not drawn."""
        return STYLES.get(key) or next(
            (style for prefix, style in STYLES_BY_PREFIX.items() if key.startswith(prefix)), None
        )

    def step(self, maximum: float) -> float:
        """Distance of the labels of the legend for a map with this largest value."""
        top = self.upper or max(maximum, STEPS[0])
        fitting = [step for step in STEPS if top / step <= MAXIMUM_LINES]
        if self.upper:
            fitting = [step for step in fitting if (self.upper / step).is_integer()]
        return fitting[0] if fitting else top / MAXIMUM_LINES

    def range(self, maximum: float) -> tuple[float, float]:
        """Values at the ends of the colours for a map with this largest value."""
        step = self.step(maximum)
        return 0.0, self.upper or max(1, math.ceil(maximum / step - 1e-6)) * step

    def lowest(self, maximum: float) -> float:
        """Smallest value that is coloured for a map with this largest value."""
        return self.step(maximum) / 2 if self.shownFrom is None else self.shownFrom

    def levels(self, maximum: float) -> tuple[float, ...]:
        """Values at which lines are drawn for a map with this largest value."""
        if self.lines is not None:
            return tuple(level for level in self.lines if level < maximum)
        step = self.step(maximum)
        return tuple(n * step for n in range(1, MAXIMUM_LINES + 1) if n * step < maximum)


STYLES = {
    "cumulative_eqd2": MapStyle("Cumulative EQD2", "Gy", "EQD2 (Gy)", "Dose", marksUnknown=True),
    "tolerance_percent": MapStyle(
        "Tolerance used",
        "%",
        "% of limit",
        "Tolerance",
        upper=150.0,
        lines=(100.0,),
        shownFrom=10.0,
        smooth=False,
    ),
    "overlap_eqd2": MapStyle(
        "Overlap of courses", "Gy", "EQD2 (Gy)", "Overlap", shownFrom=1.0, marksUnknown=True
    ),
    "remaining_dose": MapStyle(
        "Remaining dose", "Gy", "Dose (Gy)", "Remaining", lines=(), shownFrom=0.0, smooth=False
    ),
}
STYLES_BY_PREFIX = {
    "eqd2_": MapStyle("EQD2", "Gy", "EQD2 (Gy)", "Dose", marksUnknown=True),
    "mapped_dose_": MapStyle("Physical dose", "Gy", "Dose (Gy)", "Dose", marksUnknown=True),
}
