"""Targets: coverage, overlap with earlier targets, and the type of reirradiation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .formatting import NOT_GIVEN, number, percent, volume
from .markup import Column, Html, element, join, table
from .verdicts import facts_list


def targets(results: Mapping[str, Any]) -> Html:
    """Return coverage of the targets and their overlap with those of the prior courses."""
    found = results.get("targets") or {}
    return join([_coverage(found), _overlaps(found)])


def _coverage(found: Mapping[str, Any]) -> Html:
    doses = ("d98_gy", "d95_gy", "d50_gy", "d2_gy", "d05cc_gy", "dmean_gy")
    rows = [
        [t["structure"], volume(t["volume_cc"]), *(number(t.get(key), 1, "Gy") for key in doses)]
        for t in found.get("coverage", ())
    ]
    titles = ("Volume", "D98%", "D95%", "D50%", "D2%", "D0.5cc", "Dmean")
    columns = [Column("Target"), *(Column(title, "n") for title in titles)]
    caption = "Targets of the planned course, physical dose of the planned course"
    return table(caption, columns, rows) if rows else Html()


def _overlaps(found: Mapping[str, Any]) -> Html:
    rows = [
        [
            o["structure"], f"{o['prior_structure']} ({o['course']})", volume(o["planned_cc"]),
            volume(o["prior_cc"]), volume(o["overlap_cc"]), percent(o.get("share_of_planned")),
        ]
        for o in found.get("overlaps", ())
    ]  # fmt: skip
    columns = [
        Column("Planned target"), Column("Prior target"), Column("Planned volume", "n"),
        Column("Prior volume", "n"), Column("Overlap", "n"), Column("Share of planned", "n"),
    ]  # fmt: skip
    caption = "Overlap of planned and prior targets, mapped to the reference image"
    return table(caption, columns, rows) if rows else Html()


def reirradiation_type(results: Mapping[str, Any]) -> Html:
    """Return the suggested type, the overlap it comes from, and what the clinician chose."""
    found = results.get("targets") or {}
    if not found.get("irradiated_overlap"):
        return Html()
    isodose = number(found["isodose_eqd2_gy"], 1, "Gy")
    rows = [
        [o["course"], volume(o["volume_cc"]), volume(o["unknown_cc"])]
        for o in found["irradiated_overlap"]
    ]
    columns = [Column("Prior course"), Column("Overlap", "n"), Column("Dose unknown", "n")]
    facts = [
        ("Suggested", found.get("suggested_type") or NOT_GIVEN),
        ("Because", found.get("reason") or NOT_GIVEN),
        ("Isodose", join([isodose, " EQD2, alpha/beta 3 Gy, without recovery"])),
        ("Chosen by the clinician", found.get("chosen_type") or "not yet"),
    ]
    caption = "Volume that both courses irradiated to the isodose"
    note = "A suggestion (ESTRO-EORTC 2022); the clinician chooses the type."
    return join([facts_list(facts), element("p", note), table(caption, columns, rows)])
