"""What a letter says about a course whose plan is lost: typed by a person, and marked as typed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from .errors import ProtocolError, RefusedError
from .metrics import Metric, MetricKind

LETTER_KEYS = {"site", "dose_gy", "fractions", "date", "point_doses"}
LARGEST_DOSE_GY = 200.0


@dataclass(frozen=True)
class PointDose:
    """Near-maximum physical dose of one organ in the whole course, Gy, as Dmax or DxCC."""

    metric: Metric
    dose_gy: float

    def bounds(self, asked: Metric) -> bool:
        """Tell whether a metric cannot be above this dose: it is of the same or a larger volume."""
        return asked.is_near_maximum and (asked.argument or 0.0) >= (self.metric.argument or 0.0)


@dataclass(frozen=True)
class Letter:
    """A course known only from a letter.

    Parameters
    ----------
    site : str
        What was treated.
    dose_gy, fractions : float, int
        Whole course as delivered.
    date : date, optional
        Last fraction as far as the letter says; None leaves recovery by time at zero.
    point_doses : mapping
        Structure or standard name to its near-maximum dose.
    """

    site: str
    dose_gy: float
    fractions: int
    date: date | None = None
    point_doses: Mapping[str, PointDose] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return the letter as it stands in a case file."""
        return {
            "site": self.site,
            "dose_gy": self.dose_gy,
            "fractions": self.fractions,
            "date": self.date.isoformat() if self.date else None,
            "point_doses": {
                organ: {"metric": point.metric.name, "dose_gy": point.dose_gy}
                for organ, point in self.point_doses.items()
            },
        }


def letters_of(courses: list[dict[str, Any]]) -> dict[str, Letter]:
    """Return the letters among the courses of a case file, by course id.

    Raises
    ------
    RefusedError
        With every value that cannot be, one reason each.
    """
    letters: dict[str, Letter] = {}
    reasons: list[str] = []
    for entry in courses:
        if entry.get("letter") is None:
            continue
        name = str(entry.get("id", "")).strip()
        reasons += _reasons(name, entry, letters)
        if not reasons:
            letters[name] = _letter(entry["letter"])
    if reasons:
        raise RefusedError(*reasons)
    return letters


def _letter(content: Mapping[str, Any]) -> Letter:
    when = content.get("date")
    points = {
        str(organ): PointDose(Metric.parse(point["metric"]), float(point["dose_gy"]))
        for organ, point in (content.get("point_doses") or {}).items()
    }
    return Letter(
        str(content.get("site", "")),
        float(content["dose_gy"]),
        content["fractions"],
        date.fromisoformat(when) if when else None,
        points,
    )


def _reasons(name: str, entry: Mapping[str, Any], letters: Mapping[str, Letter]) -> list[str]:
    """Return what is wrong with one letter."""
    content, where = entry["letter"], f"letter of course '{name}'"
    if not isinstance(content, dict) or set(content) - LETTER_KEYS:
        return [f"{where}: give an object with the keys {', '.join(sorted(LETTER_KEYS))}"]
    found = []
    if not name or name in letters or name in ("*", "planned"):
        found.append(f"{where}: a course known from a letter needs an id of its own")
    if entry.get("role", "prior") != "prior":
        found.append(f"{where}: only a prior course can be known from a letter")
    if not _is_dose(content.get("dose_gy")):
        found.append(
            f"{where}: dose_gy is {content.get('dose_gy')!r}; give the total dose in Gy, "
            f"above 0 and at most {LARGEST_DOSE_GY:g}"
        )
    n = content.get("fractions")
    if isinstance(n, bool) or not isinstance(n, int) or n < 1:
        found.append(f"{where}: fractions is {n!r}; give the whole number delivered, >= 1")
    found += _date_reasons(where, content.get("date"))
    points = content.get("point_doses") or {}
    if not isinstance(points, dict):
        return [*found, f"{where}: point_doses must be an object, organ to metric and dose_gy"]
    for organ, point in points.items():
        found += _point_reasons(f"{where}: point dose of {organ}", point)
    return found


def _is_dose(value: object) -> bool:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return is_number and 0 < value <= LARGEST_DOSE_GY


def _date_reasons(where: str, when: object) -> list[str]:
    try:
        date.fromisoformat(str(when)) if when else None
    except ValueError:
        return [f"{where}: date '{when}' is not of the form YYYY-MM-DD"]
    return []


def _point_reasons(where: str, point: object) -> list[str]:
    if not isinstance(point, dict) or set(point) != {"metric", "dose_gy"}:
        return [f"{where}: give metric and dose_gy"]
    if not (_is_dose(point["dose_gy"]) or point["dose_gy"] == 0):
        limit = f"0 to {LARGEST_DOSE_GY:g}"
        return [f"{where}: dose_gy is {point['dose_gy']!r}; give Gy of the whole course, {limit}"]
    try:
        metric = Metric.parse(str(point["metric"]))
    except ProtocolError as error:
        return [f"{where}: {error}"]
    if metric.kind not in (MetricKind.MAXIMUM, MetricKind.DOSE_AT_CC):
        return [f"{where}: {metric.name} is not a near-maximum; give Dmax or DxCC such as D0.1cc"]
    return []
