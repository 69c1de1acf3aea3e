"""Is the report a draft? Until all is approved and confirmed; a what-if always."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..warning import scale_warning
from .markup import Html, element, join

NOT_APPROVED = "REGISTRATION NOT APPROVED"
UNTIED = "APPROVAL NAMES NO TRANSFORM"
NOT_CONFIRMED = "MATCHES NOT CONFIRMED"
WHAT_IF = "WHAT-IF"


def not_approved(results: Mapping[str, Any]) -> list[str]:
    """Courses whose registration nobody has approved yet."""
    registrations = results.get("registrations", ())
    return [r["course"] for r in registrations if not r.get("approved_by")]


def untied(results: Mapping[str, Any]) -> list[str]:
    """Courses whose approval counts, but does not say which transform was looked at."""
    approved = {r["course"] for r in results.get("registrations", ()) if r.get("approved_by")}
    given = results.get("approvals", {}).items()
    return [c for c, one in given if c in approved and not one.get("names_transform", True)]


def not_confirmed(results: Mapping[str, Any]) -> list[str]:
    """Structures whose standard name is only proposed."""
    return [match["structure"] for match in results.get("unconfirmed_matches", ())]


def draft_mark(results: Mapping[str, Any]) -> str:
    """Return why the report is a draft, in capitals; empty if it is none."""
    factor = results.get("planned_scale", 1.0)
    reasons = [f"{WHAT_IF}: PLANNED DOSE x {factor:g}"] if factor != 1.0 else []
    reasons += [NOT_APPROVED] if not_approved(results) else []
    reasons += [NOT_CONFIRMED] if not_confirmed(results) else []
    return ", ".join(reasons)


def approval_note(results: Mapping[str, Any]) -> Html:
    """Return what is still to be looked at by a person, or nothing."""
    waiting, matches = not_approved(results), not_confirmed(results)
    lines = [
        scale_warning(results.get("planned_scale", 1.0)),
        f"{NOT_APPROVED}: {', '.join(waiting)}. Draft until someone has looked and approved."
        if waiting
        else None,
        f"{UNTIED}: {', '.join(untied(results))}. Nothing ties it to the transform used here; the "
        "warnings give the hash to add to the approval."
        if untied(results)
        else None,
        f"{NOT_CONFIRMED}: {', '.join(matches)}. Draft until someone has confirmed or refused."
        if matches
        else None,
    ]
    said = [element("div", line) for line in lines if line]
    return element("div", join(said), class_="approval", role="note") if said else Html()


def approvals(results: Mapping[str, Any]) -> Html:
    """Return who approved which registration, when and with which comment."""
    lines = []
    for course, given in results.get("approvals", {}).items():
        parts = [given["name"], given.get("date"), given.get("comment")]
        said = f"approved by {', '.join(part for part in parts if part)}"
        void = "" if given.get("holds", True) else " - VOID: of another transform than the one used"
        loose = f" - {UNTIED}: not tied to the one used" if course in untied(results) else ""
        lines.append(f"{course}: {said}{void}{loose}")
    return join(element("p", line) for line in lines)
