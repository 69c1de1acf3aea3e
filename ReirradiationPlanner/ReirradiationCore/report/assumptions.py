"""What was assumed, and what a person chose or typed instead of a default, in plain words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .data import ReportData
from .formatting import ALPHA_BETA
from .markup import Column, Html, element, items, join, table

ALWAYS = (
    "Each dose is converted to EQD2 point by point with the number of fractions of its own plan; "
    "only then are the courses summed. Physical doses of courses are never added.",
    f"The same {ALPHA_BETA} of an organ holds in all courses; repair between fractions is complete "
    "and cells do not repopulate.",
    "Tissue outside a dose grid has an unknown dose, never zero.",
    "Contours of the reference image are evaluated; prior contours only serve to check and to map.",
    "The largest prescription is that of the given plan scaled; a plan made for it has to be "
    "evaluated again.",
)


def assumptions(results: Mapping[str, Any]) -> Html:
    """Return what was assumed in this case, one sentence each."""
    return items([*ALWAYS, *_of_case(results)])


def _of_case(results: Mapping[str, Any]) -> Iterator[str]:
    model = (results.get("model") or {}).get("label")
    if model:
        yield f"Model of the conversion to EQD2: {model}."
    for course in results["courses"]:
        for phase in course.get("phases", ()):
            planned, delivered = phase["fractions_planned"], phase["fractions_delivered"]
            if planned != delivered:
                yield (
                    f"{course['id']}: {delivered} of {planned} fractions of "
                    f"{phase.get('plan_label')} were delivered; its dose is scaled to them."
                )
        if course.get("interval_months") is not None:
            source = course.get("date_source") or "dates of the files"
            yield (
                f"{course['id']}: the interval runs from its last known fraction to the first of "
                f"the planned course ({source})."
            )
    recovered = [
        f"{s['name']} {share:.0%} of {course}"
        for s in results["structures"]
        for course, share in (s.get("recovery") or {}).items()
        if share
    ]
    credit = ", ".join(recovered)
    yield f"Recovery is credited to: {credit}." if credit else "No recovery is credited."


def choices(data: ReportData) -> Html:
    """Return overrides and typed values."""
    if not data.choices:
        return Html()
    columns = [Column("Choice"), Column("Value instead of the default", "wrap")]
    rows = [[name.replace("_", " "), value] for name, value in data.choices]
    override = (data.results.get("patient_check") or {}).get("override")
    note = f"The identity check was overridden: {override}" if override else ""
    listed = table("Chosen or typed for this evaluation", columns, rows)
    return join([listed, element("p", note) if note else ""])
