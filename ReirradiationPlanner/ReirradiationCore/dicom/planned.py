"""Which RTDOSE is the dose of which plan: exactly one, or those of all its beams."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date

from ..errors import RefusedError
from .dose import DoseFile, read_dose_file
from .findings import Findings, counted, some_of
from .index import FileIndex, Kind
from .plan import Delivery, Plan, plan_of_dose, read_deliveries, read_plan


@dataclass(frozen=True, eq=False)
class PlannedDose:
    """A plan, the RTDOSE of it (or those of all its beams), and when it was treated."""

    plan: Plan
    doses: list[DoseFile]
    delivery: Delivery | None

    @property
    def when(self) -> tuple[date | None, str]:
        """First treatment date as far as known, and from which attribute it is."""
        if self.delivery is not None:
            return self.delivery.first, "Treatment Date"
        return self.plan.dates[0] if self.plan.dates else (None, "")

    @property
    def frame_uid(self) -> str:
        """Frame of reference of the dose."""
        return self.doses[0].entry.frame_uid

    @property
    def structure_set_uid(self) -> str:
        """Structure set the plan, else the dose, refers to; empty if neither does."""
        return self.plan.structure_set_uid or self.doses[0].structure_set_uid


def planned_doses(index: FileIndex, findings: Findings) -> list[PlannedDose]:
    """Read all plans and the headers of all doses; what cannot be tied together is refused."""
    plans: list[Plan] = []
    for entry in index.of_kind(Kind.PLAN):
        with findings.collecting():
            plans.append(read_plan(entry, findings))
    doses: list[DoseFile] = []
    for entry in index.of_kind(Kind.DOSE):
        with findings.collecting():
            doses.append(read_dose_file(entry))
    deliveries = read_deliveries(index.of_kind(Kind.RECORD), findings)
    _require_dose(index, plans, doses, findings)
    _report_unknown_plans(plans, doses, findings)
    plans += _plans_that_are_missing(plans, doses)
    planned = []
    for plan in plans if doses else ():
        of_plan = [dose for dose in doses if _belongs(dose, plan)]
        with findings.collecting():
            chosen = choose_doses(plan, of_plan, findings)
            planned.append(PlannedDose(plan, chosen, deliveries.get(plan.uid)))
    return planned


def _require_dose(
    index: FileIndex, plans: list[Plan], doses: list[DoseFile], findings: Findings
) -> None:
    """Refuse files without any dose, naming what was skipped."""
    if doses or index.of_kind(Kind.DOSE):
        return
    where = plans[0].name if plans else "the files"
    counts = Counter(entry.modality or "other" for entry in index.entries)
    found = ", ".join(f"{n} {modality}" for modality, n in sorted(counts.items())) or "no DICOM"
    skipped = f"; {index.skipped_text}" if index.skipped_text else ""
    findings.refuse(
        f"{where}: there is no RTDOSE (found {found}{skipped}); add the dose of the plan"
    )


def _plans_that_are_missing(plans: list[Plan], doses: list[DoseFile]) -> list[Plan]:
    """Return stand-ins for the plans of doses whose RTPLAN is not there, one for each plan."""
    known = {plan.uid for plan in plans}
    missing: dict[str, Plan] = {}
    for dose in doses:
        if not known.intersection(dose.plan_uids):
            key = dose.plan_uids[0] if dose.plan_uids else dose.entry.sop_uid
            stand_in = plan_of_dose(dose.entry, dose.structure_set_uid, bool(dose.plan_uids))
            missing.setdefault(key, stand_in)
    return list(missing.values())


def _report_unknown_plans(plans: list[Plan], doses: list[DoseFile], findings: Findings) -> None:
    """Warn of sums that name plans which are not there: their dose may be missing."""
    known = {plan.uid for plan in plans}
    for dose in doses:
        unknown = set(dose.plan_uids) - known
        if unknown and len(unknown) < len(set(dose.plan_uids)):
            findings.warn(
                f"{dose.name}: refers to {counted(len(unknown), 'plan that is', 'plans that are')} "
                "not among the files; what was treated with it is missing here"
            )


def _belongs(dose: DoseFile, plan: Plan) -> bool:
    if plan.uid:
        return plan.uid in dose.plan_uids
    return dose.entry is plan.entry


def choose_doses(plan: Plan, doses: list[DoseFile], findings: Findings) -> list[DoseFile]:
    """Return the RTDOSE that is the physical dose of the plan, or those of all its beams.

    Raises
    ------
    RefusedError
        No such dose, or more than one.
    """
    main = [dose for dose in doses if dose.is_plan_dose]
    aside = [dose for dose in doses if not dose.is_plan_dose]
    if len(main) > 1 and _are_planes(main):
        return main
    if len(main) > 1 or any(len(dose.plan_uids) > 1 for dose in main):
        msg = (
            f"{' and '.join(dose.name for dose in main)}: {len(main)} doses of the whole plan "
            f"'{plan.label}' (or a dose of several plans); choose one and leave the others out"
        )
        raise RefusedError(msg)
    if main:
        for dose in aside:
            findings.warn(
                f"{dose.name}: not used, it {dose.why_not_plan_dose}; the dose of plan "
                f"'{plan.label}' is {main[0].name}"
            )
        return main
    if not aside:
        msg = (
            f"{plan.name}: there is no RTDOSE for plan '{plan.label}'; add its dose, or leave out "
            "the plan if it was not treated"
        )
        raise RefusedError(msg)
    return _all_beams(plan, aside, findings)


def _are_planes(doses: list[DoseFile]) -> bool:
    """Tell whether doses are the single planes of one dose, one file each."""
    series = {dose.entry.series_uid for dose in doses}
    return len(series) == 1 and len(doses) > 2 and all(dose.frames == 1 for dose in doses)


def _all_beams(plan: Plan, doses: list[DoseFile], findings: Findings) -> list[DoseFile]:
    """Return the doses of all beams of a plan.

    Raises
    ------
    RefusedError
        Doses that are not of beams, beams without dose or with two.
    """
    beams = [dose for dose in doses if dose.is_beam_dose]
    if not beams:
        advice = "export the physical dose of the plan (Dose Summation Type PLAN)"
        reasons = [f"{dose.name}: this RTDOSE {dose.why_not_plan_dose}; {advice}" for dose in doses]
        raise RefusedError(*reasons)
    given = sorted(number for dose in beams for number in dose.beam_numbers)
    wanted = sorted(plan.beams)
    if given != wanted or not all(dose.beam_numbers for dose in beams):
        msg = (
            f"{some_of([dose.name for dose in beams])}: dose of single beams (BEAM), of beams "
            f"{given or 'not named'} where plan '{plan.label}' has {wanted}; export the dose of "
            "the plan (PLAN)"
        )
        raise RefusedError(msg)
    findings.warn(
        f"{some_of([dose.name for dose in beams])}: the dose of plan '{plan.label}' is the sum of "
        f"the doses of its {len(beams)} beams"
    )
    return beams
