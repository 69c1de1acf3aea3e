"""The first page: whose case it is, which limits hold, by how much, what would be possible."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from . import tables
from .data import ReportData
from .markup import Html, element, join
from .verdicts import headline, isotoxic_line, verdict_table


def first_page(data: ReportData) -> Html:
    """Return everything a tumour board needs on one page, for a usual number of organs."""
    results = data.results
    return join(
        [
            tables.patient(data.patient),
            patient_match(results),
            tables.courses(results),
            headline(results["constraints"]),
            isotoxic_line(results),
            verdict_table(results),
            _elsewhere(results),
            _registrations(results),
            _warnings(results),
        ]
    )


def patient_match(results: Mapping[str, Any]) -> Html:
    """Return in one line whether all inputs are of one patient."""
    check = results.get("patient_check")
    if not check:
        return Html()
    inputs = f"{check['files']} files of {check['courses']} courses"
    if check["differing"]:
        told = f"differing: {', '.join(check['differing'])}"
        why = f"; accepted as one patient: {check['override']}" if check["override"] else ""
        line = f"IDENTITIES DIFFER between {inputs}: {told}{why}."
    elif not check["compared"]:
        line = f"Identity could NOT be checked: {', '.join(check['missing'])} missing in {inputs}."
    else:
        missing = ", ".join(check["missing"])
        absent = f"; not in every course: {missing}" if missing else ""
        line = f"One patient: {', '.join(check['compared'])} agree in {inputs}{absent}."
    return element("p", element("b", "Patient check. "), line, class_="match")


def _registrations(results: Mapping[str, Any]) -> Html:
    """Return in one line a course how well its organs fit, and who approved."""
    return join(_registration(r) for r in results.get("registrations", ()))


def _registration(registration: Mapping[str, Any]) -> Html:
    quality = registration.get("quality") or {}
    measured = quality.get("structures", ())
    count = Counter(s.get("verdict") or "not judged" for s in measured)
    found = ", ".join(f"{n} {word}" for word, n in sorted(count.items()))
    person = registration.get("approved_by")
    approved = f"approved by {person}" if person else "not approved"
    alone = ", ".join(s["structure"] for s in quality.get("not_paired", ()))
    unseen = f" without a contour before: {alone};" if alone else ""
    line = f"{registration['mode']}; organs: {found or 'none measured'};{unseen} {approved}."
    return element("p", element("b", f"Registration of {registration['course']}: "), line)


def _warnings(results: Mapping[str, Any]) -> Html:
    number = len(results.get("warnings", ()))
    if not number:
        return Html()
    link = element("a", "read them", href="#warnings")
    return element("p", element("b", f"Warnings: {number}"), "; ", link, " before use.")


def _elsewhere(results: Mapping[str, Any]) -> Html:
    """Return what the first table leaves out because it holds."""
    others = [c for c in results["constraints"] if c["scope"] != "cumulative"]
    held = sum(c["verdict"] == "PASS" for c in others)
    if not held:
        return Html()
    line = f"{held} of {len(others)} limits of single courses hold; "
    link = element("a", "they are listed below", href="#single-limits")
    return element("p", line, link, ".", class_="soft")
