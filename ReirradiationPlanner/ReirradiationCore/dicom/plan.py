"""RTPLAN: fractions, prescription, approval, dates and what the plan refers to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from .attributes import (
    day,
    number,
    parse_day,
    read_dataset,
    referenced_uids,
    sequence,
    show,
    text,
)
from .findings import Findings
from .index import ION_PLAN, Entry

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_PHOTON_LIKE = ("PHOTON", "ELECTRON")


@dataclass(frozen=True, eq=False)
class Plan:
    """What one RTPLAN says, or all that is known of a plan whose RTPLAN is missing.

    Parameters
    ----------
    entry : Entry
        Header of the RTPLAN; that of the RTDOSE where there is no plan.
    fractions : int, optional
        Number of Fractions Planned of the only fraction group; None where not usable,
        ``fractions_note`` says why.
    prescription_gy : float, optional
        Highest Target Prescription Dose, Gy.
    beams : dict of int to str
        Treatment beams: Beam Number to Radiation Type.
    dates : tuple of (date, str)
        Known dates, best first, each with the attribute it is from.
    """

    entry: Entry
    uid: str
    label: str
    fractions: int | None
    fractions_note: str
    prescription_gy: float | None
    structure_set_uid: str
    beams: dict[int, str]
    dates: tuple[tuple[date, str], ...]
    patient_position: str

    @property
    def name(self) -> str:
        """File name in messages."""
        return self.entry.name


def read_plan(entry: Entry, findings: Findings) -> Plan:
    """Read an RTPLAN.

    Raises
    ------
    RefusedError
        The file cannot be read.
    """
    dataset = read_dataset(entry.path, entry.name, pixels=False)
    fractions, note = _fractions(dataset)
    structure_sets = referenced_uids(dataset, "ReferencedStructureSetSequence")
    plan = Plan(
        entry,
        entry.sop_uid,
        text(dataset, "RTPlanLabel") or text(dataset, "RTPlanName") or entry.name,
        fractions,
        note,
        _prescription(dataset, entry.name, findings),
        structure_sets[0] if structure_sets else "",
        _beams(dataset),
        _dates(dataset, entry),
        _patient_position(dataset),
    )
    _check_delivery(plan, dataset, findings)
    return plan


def plan_of_dose(entry: Entry, structure_set_uid: str, referenced: bool) -> Plan:
    """Return what is known of the plan of a dose whose RTPLAN is not among the files."""
    note = "the RTPLAN it refers to is not among the files"
    if not referenced:
        note = "it does not refer to an RTPLAN"
    found = parse_day(entry.study_date)
    dates = ((found, "Study Date of the RTDOSE"),) if found else ()
    label = entry.series_description or entry.name
    return Plan(entry, "", label, None, note, None, structure_set_uid, {}, dates, "")


def _fractions(dataset: Dataset) -> tuple[int | None, str]:
    """Return the number of fractions, or None and why there is none."""
    groups = sequence(dataset, "FractionGroupSequence")
    if len(groups) != 1:
        what = f"has {len(groups)} items" if groups else "is missing"
        return None, f"Fraction Group Sequence {what}"
    n = number(groups[0], "NumberOfFractionsPlanned")
    if n is None or n < 1 or n != int(n):
        return None, f"Number of Fractions Planned is {show(groups[0], 'NumberOfFractionsPlanned')}"
    return int(n), ""


def _prescription(dataset: Dataset, name: str, findings: Findings) -> float | None:
    """Return the highest prescription of a target, Gy; that of points if there is no other."""
    items = sequence(dataset, "DoseReferenceSequence")
    targets = [item for item in items if text(item, "DoseReferenceType") == "TARGET"]
    of_points = ("POINT", "COORDINATES")
    regions = [i for i in targets if text(i, "DoseReferenceStructureType") not in of_points]
    doses = (number(item, "TargetPrescriptionDose") for item in regions or targets)
    levels = sorted({dose for dose in doses if dose is not None and 0 < dose < 1000})
    if not levels:
        findings.warn(
            f"{name}: no Target Prescription Dose in the plan; the prescription is unknown"
        )
        return None
    if len(levels) > 1:
        shown = ", ".join(f"{level:g}" for level in levels)
        findings.warn(
            f"{name}: the plan prescribes {shown} Gy to different targets; the highest is taken "
            "as the prescription"
        )
    return levels[-1]


def _beams(dataset: Dataset) -> dict[int, str]:
    """Return number and radiation type of the beams that treat."""
    used = {
        int(beam_number)
        for group in sequence(dataset, "FractionGroupSequence")
        for item in sequence(group, "ReferencedBeamSequence")
        if (beam_number := number(item, "ReferencedBeamNumber")) is not None
    }
    beams = {}
    for beams_of in ("BeamSequence", "IonBeamSequence"):
        for beam in sequence(dataset, beams_of):
            beam_number = number(beam, "BeamNumber")
            treats = text(beam, "TreatmentDeliveryType") in ("", "TREATMENT", "CONTINUATION")
            if beam_number is not None and treats and int(beam_number) in used:
                beams[int(beam_number)] = text(beam, "RadiationType")
    return beams


def _dates(dataset: Dataset, entry: Entry) -> tuple[tuple[date, str], ...]:
    found = (
        (day(dataset, "RTPlanDate"), "RT Plan Date"),
        (day(dataset, "ReviewDate"), "Review Date"),
        (parse_day(entry.study_date), "Study Date"),
    )
    return tuple((when, source) for when, source in found if when is not None)


def _patient_position(dataset: Dataset) -> str:
    positions = {
        text(item, "PatientPosition") for item in sequence(dataset, "PatientSetupSequence")
    }
    positions.discard("")
    return positions.pop() if len(positions) == 1 else "/".join(sorted(positions))


def _check_delivery(plan: Plan, dataset: Dataset, findings: Findings) -> None:
    """Refuse what the linear-quadratic model does not cover; warn about what is unusual."""
    kinds = {kind for kind in plan.beams.values() if kind and kind not in _PHOTON_LIKE}
    if plan.entry.sop_class_uid == ION_PLAN:
        kinds.add("ION")
    if sequence(dataset, "ApplicationSetupSequence"):
        kinds.add("BRACHY")
    if kinds:
        findings.refuse(
            f"{plan.name}: plan '{plan.label}' has {', '.join(sorted(kinds))} treatment, whose "
            "dose is not converted to EQD2 from dose and fractions alone; leave it out"
        )
    approval = text(dataset, "ApprovalStatus")
    if approval != "APPROVED":
        findings.warn(
            f"{plan.name}: plan '{plan.label}' is not approved (Approval Status "
            f"{approval or 'missing'})"
        )
    if _more_than_daily(dataset):
        findings.warn(
            f"{plan.name}: plan '{plan.label}' has more than one fraction on a day; full repair "
            "between fractions is assumed"
        )


def _more_than_daily(dataset: Dataset) -> bool:
    for group in sequence(dataset, "FractionGroupSequence"):
        digits = int(number(group, "NumberOfFractionPatternDigitsPerDay") or 1)
        pattern = text(group, "FractionPattern")
        days = (pattern[i : i + digits] for i in range(0, len(pattern), max(1, digits)))
        if any(of_day.count("1") > 1 for of_day in days):
            return True
    return False


@dataclass(frozen=True)
class Delivery:
    """When a plan was treated, as far as there are treatment records of it."""

    first: date
    last: date
    fractions: int


def read_deliveries(entries: Sequence[Entry], findings: Findings) -> dict[str, Delivery]:
    """Return what the treatment records say about each plan, by SOP Instance UID of the plan."""
    sessions: dict[str, set[tuple[date, int]]] = {}
    for entry in entries:
        with findings.collecting():
            record = read_dataset(entry.path, entry.name, pixels=False)
            when = day(record, "TreatmentDate")
            for uid in referenced_uids(record, "ReferencedRTPlanSequence"):
                if when is not None:
                    for fraction in _fraction_numbers(record):
                        sessions.setdefault(uid, set()).add((when, fraction))
    return {
        uid: Delivery(min(found)[0], max(found)[0], len({n or when for when, n in found}))
        for uid, found in sessions.items()
    }


def _fraction_numbers(record: Dataset) -> set[int]:
    """Return the fraction numbers of a treatment record, {0} where it has none."""
    keywords = ("TreatmentSessionBeamSequence", "TreatmentSessionIonBeamSequence")
    found = {
        int(number(beam, "CurrentFractionNumber") or 0)
        for keyword in keywords
        for beam in sequence(record, keyword)
    }
    return found or {0}
