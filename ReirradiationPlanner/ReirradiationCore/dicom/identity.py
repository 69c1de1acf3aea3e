"""Are all files of one patient? A mix-up of patients is the worst input there is."""

from __future__ import annotations

from collections.abc import Sequence

from ..courses import Patient
from .findings import Findings
from .index import Entry

_FIELDS = ("Patient ID", "Patient's Name", "Patient's Birth Date", "Patient's Sex")


def check_identity(entries: Sequence[Entry], override: str | None, findings: Findings) -> None:
    """Compare ID, name, birth date and sex over all files.

    Empty values, and sex 'O', say nothing and are not compared. Names are compared without
    regard to case, spacing and empty components.

    Parameters
    ----------
    entries : sequence of Entry
        All objects that may be used.
    override : str, optional
        Why different identities are one patient; turns the refusal into a warning.
    findings : Findings
        Receives the refusal or the warning.
    """
    for place, label in enumerate(_FIELDS):
        found = _first_of_each(entries, place)
        if len(found) < 2:
            continue
        shown = " and ".join(f"'{e.identity[place]}' ({e.name})" for e in found.values())
        other = list(found.values())[-1].name
        if override:
            findings.warn(f"{label} differs: {shown}; accepted as one patient: {override}")
        else:
            findings.refuse(
                f"{other}: {label} differs between the files: {shown}; leave out the files of the "
                "other patient, or state why it is one patient"
            )
    if entries and not any(entry.identity[0] for entry in entries):
        findings.warn("No file has a Patient ID: that all are of one patient cannot be checked")


def _first_of_each(entries: Sequence[Entry], place: int) -> dict[str, Entry]:
    """First entry of each distinct value of a field, most frequent value first."""
    groups: dict[str, list[Entry]] = {}
    for entry in entries:
        value = _comparable(entry.identity[place], place)
        if value:
            groups.setdefault(value, []).append(entry)
    ordered = sorted(groups.items(), key=lambda item: -len(item[1]))
    return {value: group[0] for value, group in ordered}


def _comparable(value: str, place: int) -> str:
    if place == 1:
        alphabetic = value.partition("=")[0]
        return " ".join(alphabetic.replace("^", " ").split()).casefold()
    if place == 3:
        return "" if value.upper() == "O" else value.upper()
    return value.strip()


def patient_of(entry: Entry) -> Patient:
    """Return the identity written in a file."""
    return Patient(*entry.identity)
