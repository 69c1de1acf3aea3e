"""What the maps say at a point, in words; unknown is said as unknown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .limit_table import ALPHA_BETA, UNKNOWN

Point = tuple[float, float, float]


@dataclass(frozen=True)
class Reading:
    """One line: physical dose and EQD2 (or another value), whose alpha/beta.

    ``stale`` says which of the two values is of the saved choices where choices were changed.
    """

    label: str
    physical: str = ""
    value: str = ""
    detail: str = ""
    stale: tuple[bool, bool] = (False, False)


@dataclass(frozen=True)
class Readout:
    """Reads values of maps.

    Parameters
    ----------
    courses : sequence of pairs of str
        Id and label of each course, the planned one last.
    value_at : callable
        Map and point (LPS, mm) to a value, None where it is not known.
    keys : collection of str
        Maps that there are.
    organ_at : callable
        Point to the organ that is painted there and its alpha/beta, None where there is none; an
        empty name where it is not known which organ that is.
    """

    courses: Sequence[tuple[str, str]]
    value_at: Callable[[str, Point], float | None]
    keys: Sequence[str]
    organ_at: Callable[[Point], tuple[str, float] | None]

    def at(self, point: Point, stale: Callable[[str], bool]) -> list[Reading]:
        """Return the readings at a point; ``stale`` tells for a map whether it is out of date."""
        owner = self.organ_at(point)
        whose = _whose(*owner) if owner else self._no_organ(point)
        readings = [
            self._course(course, label, point, whose, stale) for course, label in self.courses
        ]
        for key, label, detail in (
            ("cumulative_eqd2", self._sum_label(), whose),
            ("tolerance_percent", "Tolerance used", ""),
            ("remaining_dose", "Remaining dose", "in the fractions of the plan"),
        ):
            if key in self.keys:
                value, detail_now = self._single(key, point, detail)
                readings.append(Reading(label, "", value, detail_now, (False, stale(key))))
        return readings

    def _sum_label(self) -> str:
        """Name of the sum; outside organs it lacks courses that have no dose distribution."""
        missing = [course for course, _label in self.courses if f"eqd2_{course}" not in self.keys]
        return f"Cumulative without {', '.join(missing)}" if missing else "All courses, cumulative"

    def _course(
        self, course: str, label: str, point: Point, whose: str, stale: Callable[[str], bool]
    ) -> Reading:
        physical, eqd2 = f"mapped_dose_{course}", f"eqd2_{course}"
        values = self._text(physical, point), self._text(eqd2, point)
        detail = "" if values[1] == UNKNOWN else whose
        return Reading(label, *values, detail, (stale(physical), stale(eqd2)))

    def _single(self, key: str, point: Point, detail: str) -> tuple[str, str]:
        """Value of a map; without a limit it is no missing dose, and said so."""
        text = self._text(key, point, "%" if key == "tolerance_percent" else "Gy")
        if text != UNKNOWN:
            return text, detail
        needs_limit = key in ("tolerance_percent", "remaining_dose")
        if needs_limit and self._text("cumulative_eqd2", point) != UNKNOWN:
            return "no limit", "no organ with a near-maximum limit here"
        return text, ""

    def _text(self, key: str, point: Point, unit: str = "Gy") -> str:
        value = self.value_at(key, point) if key in self.keys else None
        return UNKNOWN if value is None else f"{value:.1f} {unit}"

    def _no_organ(self, point: Point) -> str:
        alpha_beta = self.value_at("alpha_beta", point)
        shown = f"{alpha_beta:g} Gy" if alpha_beta else UNKNOWN
        return f"{ALPHA_BETA} {shown}, no organ here"


def _whose(name: str, alpha_beta_gy: float) -> str:
    of = f" of {name}" if name else ""
    return f"{ALPHA_BETA} {alpha_beta_gy:g} Gy{of}"
