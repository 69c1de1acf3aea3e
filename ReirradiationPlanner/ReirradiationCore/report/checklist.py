"""What reporting recommendations ask for (ESTRO-EORTC 2022, ReCOG 2026), and where it is found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .markup import Column, Html, element, join, table

MISSING = "not available"


@dataclass(frozen=True)
class Item:
    """An item of the checklist.

    Parameters
    ----------
    what : str
        What is asked for.
    origin : str
        E: ESTRO-EORTC, R: ReCOG and RCR, S: published studies, P: this program.
    found : sequence of str
        Identifiers of the sections that hold it.
    missing : str
        What of it the files and the program do not give.
    """

    what: str
    origin: str
    found: Sequence[str] = ()
    missing: str = ""


ITEMS = (
    Item("Patient ID, sex and birth date on every input; match result", "P", ("verdict",)),
    Item("Diagnosis, site and intent of each course", "E", (), MISSING),
    Item(
        "Each course: dates, prescription, fractions planned and delivered, dose per fraction, "
        "technique, modality and RBE, planning system and algorithm, completed",
        "E, R", ("verdict",), "technique, RBE, planning system and algorithm: " + MISSING,
    ),
    Item("Intervals in months and how they were measured", "E, R", ("verdict", "assumptions")),
    Item("Type of reirradiation, overlap volume and isodose used", "E", ("targets", "type")),
    Item(
        "Data quality class of each prior course", "R", ("verdict", "mapping"),
    ),
    Item("alpha/beta of each organ and its source, the same in all courses", "R", ("sources",)),
    Item("Quantity, model and order of conversion", "R, P", ("assumptions",)),
    Item(
        "Recovery of each organ and course: rule, value, justification; with and without",
        "R, S", ("verdict", "mapping", "sources"),
    ),
    Item(
        "Registration: type, software, reference image, quality per organ, approval, suitability",
        "R, S", ("registration",),
    ),
    Item("Mapping strategy of each organ and why", "R, S", ("mapping",)),
    Item(
        "Each constraint: prior, planned, cumulative, limit, margin, verdict, source",
        "E, R", ("verdict", "single-limits", "sources"),
    ),
    Item(
        "Uncertainty: interval, metrics below the voxel size, share of organ with known dose",
        "R, P", ("uncertainty", "limit-notes", "mapping"),
    ),
    Item(
        "Targets: volumes, margins, D95%, D98%, D2%, D0.5cc; overlap of prior and planned PTV",
        "E, S", ("targets", "doses"),
    ),
    Item("Isotoxic prescription: cap, limiting constraint, method, criteria", "S", ("isotoxic",)),
    Item("Place of the cumulative maximum of each organ", "P", ("doses", "pictures")),
    Item(
        "Assumptions and overrides; versions of software and constraint sets with hash",
        "R, P", ("assumptions", "choices", "provenance"),
    ),
    Item(
        "Second checker and signatures; decision support, not a prescription",
        "R", ("hand-checks", "signatures"),
    ),
    Item("Fields for follow-up and toxicity, left blank", "E", ("signatures",)),
)  # fmt: skip


def checklist(titles: Mapping[str, str]) -> Html:
    """Return the checklist; ``titles`` names the sections that this report has, by identifier."""
    columns = [
        Column("No."),
        Column("Item", "wrap"),
        Column("Asked by"),
        Column("Found in", "wrap"),
    ]
    rows = [
        [str(number), item.what, item.origin, _place(item, titles)]
        for number, item in enumerate(ITEMS, 1)
    ]
    caption = (
        "Checklist of reporting items; E: ESTRO-EORTC 2022 (Andratschke, Lancet Oncol 23:e469), "
        "R: ReCOG 2026 (Paradis, Lancet Oncol 27:e101) and RCR 2024, S: published studies, "
        "P: this program"
    )
    return table(caption, columns, rows)


def _place(item: Item, titles: Mapping[str, str]) -> Html:
    links = [element("a", titles[key], href=f"#{key}") for key in item.found if key in titles]
    if not links:
        return join([MISSING])
    return join([join(links, ", "), f" ({item.missing})" if item.missing else ""])
