"""How each map is shown: title, unit, colours, range and lines."""

from __future__ import annotations

import math
from dataclasses import dataclass

from .ColorTables import displayData

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
    :param comparedAs: maps of the same word here share the range of their colours; empty stands
        for the title.
    :param note: sentence that says what the colours mean where the title does not.
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
    comparedAs: str = ""
    note: str = ""

    @staticmethod
    def forKey(key: str) -> MapStyle | None:
        """Style of a map by its name in the output folder; None for maps that are not drawn."""
        data = displayData("maps.json")
        prefix = MapStyle.prefixOf(key)
        fields = data["prefixes"][prefix] if prefix else data["maps"].get(key)
        if fields is None:
            return None
        lines = fields.get("lines")
        return MapStyle(**{**fields, "lines": None if lines is None else tuple(map(float, lines))})

    @staticmethod
    def prefixOf(key: str) -> str:
        """Start of the name of a map that is followed by its course; empty if there is none."""
        return next((p for p in displayData("maps.json")["prefixes"] if key.startswith(p)), "")

    @property
    def group(self) -> str:
        """Maps of one group are compared with each other and share the range of their colours."""
        return self.comparedAs or self.title

    def relativeLevels(self, prescriptionGy: float, maximum: float) -> dict[float, str]:
        """Levels in Gy at per cents of a prescription below the largest value, with their names."""
        levels = {
            percent / 100 * prescriptionGy: f"{percent:g} % ({percent / 100 * prescriptionGy:g} Gy)"
            for percent in displayData("maps.json")["relativeLines"]
        }
        return {level: name for level, name in levels.items() if level < maximum}

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
