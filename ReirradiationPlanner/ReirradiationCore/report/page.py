"""The page: what the report says, in the order it is read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from string import Template

from ..warning import WARNING
from . import tables
from .approval import approval_note, approvals, draft_mark
from .assumptions import assumptions, choices
from .checklist import checklist
from .cord import cord_criteria
from .data import ReportData
from .dvh_svg import dvh_charts
from .first_page import first_page
from .markup import Html, element, items, join, section, text
from .pictures import hand_checks, pictures
from .prescription import isotoxic
from .registration import registrations
from .style import style_sheet
from .targets import reirradiation_type, targets
from .uncertainty import uncertainty
from .verdicts import limit_notes, not_evaluable, single_limits

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
SIGNED_BY = (
    "Evaluated by, date",
    "Second checker (independent), date",
    "Hand-check lines recalculated by, date",
    "Physician, date",
)
FOLLOW_UP = (
    "Diagnosis, site and intent of each course",
    "Technique, planning system and algorithm of each course",
    "Acute toxicity (grade, date)",
    "Late toxicity (grade, date)",
    "Local control, last follow-up",
    "Registry number",
)
BEHIND_CHECKLIST = 4  # provenance, times, hand checks, signatures


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
    return PAGE.substitute(
        title=text(_title(data)),
        style=style_sheet(_foot(data)),
        css=' class="not-approved"' if draft_mark(data.results) else "",
        warning=text(WARNING),
        approval=approval_note(data.results),
        content=join(_content(data), "\n"),
    )


def _title(data: ReportData) -> str:
    identifier = data.patient.patient_id if data.patient else ""
    return f"Reirradiation evaluation {identifier}".rstrip()


def _foot(data: ReportData) -> str:
    software = data.results["software"]
    draft = draft_mark(data.results)
    mark = f" - {draft}" if draft else ""
    hashed = data.results["input_hash"][:19]
    return f"{_title(data)} - {software['name']} {software['version']} - {hashed}{mark}"


def _content(data: ReportData) -> list[Html]:
    """Return the sections in reading order; the checklist knows which of them there are."""
    sections = _sections(data)
    titles = {identifier: title for identifier, title, *content in sections if join(content)}
    pages = [section(*parts) for parts in sections]
    listed = section("checklist", "Checklist", checklist(titles))
    return [*pages[:-BEHIND_CHECKLIST], listed, *pages[-BEHIND_CHECKLIST:]]


def _sections(data: ReportData) -> list[tuple[object, ...]]:
    """Return identifier, title and content of every section, in reading order."""
    results = data.results
    return [
        ("verdict", "Verdict", first_page(data)),
        ("isotoxic", "Possible prescription", isotoxic(results)),
        ("cord", "Cord criteria", cord_criteria(results)),
        ("single-limits", "Limits of single courses", single_limits(results)),
        ("pictures", "Pictures at the hot spots", pictures(data.pictures, draft_mark(results))),
        ("dvh", "Dose-volume histograms", dvh_charts(data.dvh, results)),
        ("registration", "Registration", registrations(results), approvals(results)),
        ("mapping", "Mapping and models", tables.models(results)),
        ("doses", "Doses of all structures", tables.doses(results)),
        ("sources", "Models and sources", tables.sources(data.sources, results)),
        ("uncertainty", "Uncertainty", uncertainty(results)),
        ("targets", "Targets", targets(results)),
        ("type", "Type of reirradiation", reirradiation_type(results)),
        ("limit-notes", "Remarks on limits that hold", limit_notes(results)),
        ("assumptions", "Assumptions", assumptions(results)),
        ("choices", "Overrides and typed values", choices(data)),
        ("warnings", "Warnings", items(results.get("warnings", ()))),
        ("not-evaluable", "Not evaluable", not_evaluable(results)),
        ("provenance", "Provenance", _provenance(data)),
        ("timings", "Times", tables.timings(results)),
        ("hand-checks", "Check by hand", hand_checks(data.hand_checks)),
        ("signatures", "Signatures and follow-up", _signatures()),
    ]


def _provenance(data: ReportData) -> Html:
    return tables.provenance(data.results, data.files, data.created)


def _signatures() -> Html:
    note = element("p", "Decision support, not a prescription.")
    return join([note, _boxes(SIGNED_BY), element("h3", "For the registry"), _boxes(FOLLOW_UP)])


def _boxes(lines: Sequence[str]) -> Html:
    return element("div", *(element("div", line) for line in lines), class_="sign")
