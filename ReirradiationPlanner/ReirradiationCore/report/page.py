"""The page: what the report says, in the order it is read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from string import Template
from typing import Any

from ..warning import WARNING
from . import tables
from .data import ReportData
from .dvh_svg import dvh_charts
from .markup import Html, element, items, join, section, text
from .pictures import hand_checks, pictures
from .style import style_sheet
from .verdicts import headline, isotoxic, not_evaluable, verdict_table

PAGE = Template(
    """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title</title>
<style>$style</style>
</head>
<body$css>
<header>
<h1>Reirradiation evaluation</h1>
<div class="warning" role="note">$warning</div>
$approval
</header>
<main>
$content
</main>
</body>
</html>
"""
)
NOT_APPROVED = "REGISTRATION NOT APPROVED"


def write_report(path: Path, data: ReportData) -> None:
    """Write the report as one file that needs nothing beside it.

    Parameters
    ----------
    path : Path
        The file, usually ``report.html``; an existing one is replaced.
    data : ReportData
        What the report shows.

    Raises
    ------
    OSError
        The file cannot be written.
    """
    path.write_text(render_report(data), encoding="utf-8", newline="\n")


def render_report(data: ReportData) -> str:
    """Return the report as HTML5."""
    waiting = not_approved(data.results)
    return PAGE.substitute(
        title=text(_title(data)),
        style=style_sheet(_foot(data)),
        css=' class="not-approved"' if waiting else "",
        warning=text(WARNING),
        approval=_approval(waiting),
        content=join(_content(data), "\n"),
    )


def not_approved(results: Mapping[str, Any]) -> list[str]:
    """Courses whose registration nobody has approved yet."""
    registrations = results.get("registrations", ())
    return [r["course"] for r in registrations if not r.get("approved_by")]


def _approval(waiting: list[str]) -> Html:
    if not waiting:
        return Html()
    line = f"{NOT_APPROVED}: {', '.join(waiting)}. Draft until someone has looked and approved."
    return element("div", line, class_="approval", role="note")


def _title(data: ReportData) -> str:
    identifier = data.patient.patient_id if data.patient else ""
    return f"Reirradiation evaluation {identifier}".rstrip()


def _foot(data: ReportData) -> str:
    software = data.results["software"]
    mark = f" - {NOT_APPROVED}" if not_approved(data.results) else ""
    hashed = data.results["input_hash"][:19]
    return f"{_title(data)} - {software['name']} {software['version']} - {hashed}{mark}"


def _content(data: ReportData) -> list[Html]:
    results = data.results
    return [
        tables.patient(data.patient),
        tables.courses(results),
        section("verdict", "Verdict", headline(results["constraints"]), verdict_table(results)),
        section("isotoxic", "Possible prescription", isotoxic(results)),
        section("warnings", "Warnings", items(results.get("warnings", ()))),
        section("not-evaluable", "Not evaluable", not_evaluable(results)),
        section("pictures", "Pictures", pictures(data.pictures)),
        section("dvh", "Dose-volume histograms", dvh_charts(data.dvh, results)),
        section("registration", "Registration", tables.registrations(results)),
        section("doses", "Doses of all structures", tables.doses(results)),
        section("models", "Models and mapping", tables.models(results)),
        section("sources", "Sources", tables.sources(data.sources, results)),
        section("hand-checks", "Check by hand", hand_checks(data.hand_checks)),
        section("timings", "Times", tables.timings(results)),
        section("provenance", "Provenance", _provenance(data)),
        section("signatures", "Signatures", _signatures()),
    ]


def _provenance(data: ReportData) -> Html:
    return tables.provenance(data.results, data.files, data.created)


def _signatures() -> Html:
    lines = ("Evaluated by, date", "Checked by (second physicist), date", "Physician, date")
    boxes = (element("div", line) for line in lines)
    note = element("p", "Decision support, not a prescription.")
    return join([note, element("div", *boxes, class_="sign")])
