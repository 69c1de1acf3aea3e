"""Which objects belong together: RTDOSE to RTPLAN to RTSTRUCT to CT, plans to courses."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from .findings import Findings, counted, short_uid, some_of
from .index import Entry, FileIndex, Kind
from .planned import PlannedDose, planned_doses
from .segmentations import referenced_series
from .structures import StructureSetFile, read_structure_set_file

MOST_DAYS_WITHIN_COURSE = 90


@dataclass(frozen=True, eq=False)
class Group:
    """Plans of one course, with the structures and the CT series they are planned on."""

    planned: list[PlannedDose]
    structure_set: StructureSetFile | None
    ct: list[Entry]
    segmentations: tuple[Entry, ...] = ()

    @property
    def first_date(self) -> date | None:
        """Earliest known date of its plans."""
        dates = [planned.when[0] for planned in self.planned if planned.when[0] is not None]
        return min(dates) if dates else None

    @property
    def frame_uid(self) -> str:
        """Frame of reference of the CT, else of the dose."""
        return self.ct[0].frame_uid if self.ct else self.planned[0].frame_uid


def assemble(index: FileIndex, findings: Findings) -> list[Group]:
    """Tie all objects together by their references; plans of one course form a group."""
    planned = planned_doses(index, findings)
    structure_sets: list[StructureSetFile] = []
    for entry in index.of_kind(Kind.STRUCTURES):
        with findings.collecting():
            structure_sets.append(read_structure_set_file(entry))
    groups = []
    taken = {item.structure_set_uid for item in planned}
    for plans in _courses(planned):
        structure_set = _structure_set_of(plans[0], structure_sets, taken, findings)
        ct = _ct_of(plans[0], structure_set, index, findings)
        groups.append(Group(plans, structure_set, ct, _segmentations_of(ct, index)))
    _report_unused(index, groups, findings)
    return groups


def _courses(planned: list[PlannedDose]) -> list[list[PlannedDose]]:
    """Group plans on one structure set and frame of reference, unless far apart in time."""
    same_anatomy: dict[tuple[str, str], list[PlannedDose]] = {}
    for item in planned:
        same_anatomy.setdefault((item.structure_set_uid, item.frame_uid), []).append(item)
    courses: list[list[PlannedDose]] = []
    for items in same_anatomy.values():
        items.sort(key=lambda item: (item.when[0] or date.max, item.plan.label))
        courses.append([items[0]])
        for before, item in pairwise(items):
            if _days_between(before, item) > MOST_DAYS_WITHIN_COURSE:
                courses.append([])
            courses[-1].append(item)
    return courses


def _days_between(before: PlannedDose, item: PlannedDose) -> int:
    if before.when[0] is None or item.when[0] is None:
        return 0
    return (item.when[0] - before.when[0]).days


def _structure_set_of(
    planned: PlannedDose,
    available: list[StructureSetFile],
    taken: set[str],
    findings: Findings,
) -> StructureSetFile | None:
    """Return the structure set a plan refers to, else the only one in its frame of reference.

    One that another plan refers to (``taken``) was drawn for that plan and is never borrowed.
    """
    for found in available:
        if found.entry.sop_uid == planned.structure_set_uid:
            return found
    name = planned.plan.name
    in_frame = [
        found
        for found in available
        if planned.frame_uid in found.frame_uids and found.entry.sop_uid not in taken
    ]
    if len(in_frame) == 1 and planned.frame_uid:
        findings.warn(
            f"{name}: the structure set it refers to is not among the files; "
            f"{in_frame[0].entry.name} is used, the only one in its frame of reference"
        )
        return in_frame[0]
    if in_frame:
        names = some_of([found.entry.name for found in in_frame])
        findings.refuse(
            f"{name}: the structure set it refers to is not among the files, and {names} are all "
            "in its frame of reference; give only the structure set of this plan"
        )
        return None
    findings.warn(f"{name}: there is no structure set for plan '{planned.plan.label}'")
    return None


def _ct_of(
    planned: PlannedDose,
    structure_set: StructureSetFile | None,
    index: FileIndex,
    findings: Findings,
) -> list[Entry]:
    """Return the slices of the planning CT: the series the structure set is drawn on."""
    series: dict[str, list[Entry]] = {}
    for entry in index.of_kind(Kind.CT):
        series.setdefault(entry.series_uid, []).append(entry)
    referenced = (
        [uid for uid in structure_set.series_uids if uid in series] if structure_set else []
    )
    in_frame = [uid for uid, e in series.items() if e[0].frame_uid == planned.frame_uid != ""]
    choices = referenced or in_frame
    if not choices:
        findings.warn(f"{planned.plan.name}: there is no planning CT for '{planned.plan.label}'")
        return []
    if len(choices) > 1:
        names = some_of([series[uid][0].name for uid in choices])
        findings.refuse(
            f"{planned.plan.name}: {len(choices)} CT series can be the planning CT (with {names}); "
            "give only the one the plan was made on"
        )
    elif structure_set and structure_set.series_uids and not referenced:
        findings.warn(
            f"{structure_set.entry.name}: the image series it is drawn on is not among the files; "
            f"the CT with {series[choices[0]][0].name} in the same frame of reference is used"
        )
    return series[choices[0]]


def _segmentations_of(ct: list[Entry], index: FileIndex) -> tuple[Entry, ...]:
    """Return the segmentations that were drawn on the slices of a CT."""
    series = {entry.series_uid for entry in ct}
    found = index.of_kind(Kind.SEGMENTATION)
    return tuple(entry for entry in found if series & set(referenced_series(entry)))


def check_frames(group: Group, findings: Findings) -> None:
    """Refuse doses, and slices of the CT, in another frame of reference than the course."""
    frame = group.frame_uid
    other_slices = [entry.name for entry in group.ct if entry.frame_uid != frame]
    if other_slices:
        findings.refuse(f"{some_of(other_slices)}: not in the frame of reference of the CT series")
    for planned in group.planned:
        for dose in planned.doses:
            if dose.entry.frame_uid != frame or not frame:
                findings.refuse(
                    f"{dose.name}: the dose is in frame of reference "
                    f"{short_uid(dose.entry.frame_uid)}, the planning CT in {short_uid(frame)}; "
                    "they cannot be laid over each other: give the dose of this CT"
                )


def _report_unused(index: FileIndex, groups: list[Group], findings: Findings) -> None:
    """Say which structure sets and how many other objects play no part."""
    used = {group.structure_set.entry for group in groups if group.structure_set}
    unused = [entry.name for entry in index.of_kind(Kind.STRUCTURES) if entry not in used]
    if unused and groups:
        findings.warn(f"{some_of(unused)}: no plan refers to this structure set; it is not used")
    series = {entry.series_uid for group in groups for entry in group.ct}
    others = [e for e in index.of_kind(Kind.CT) if e.series_uid not in series]
    others += index.of_kind(Kind.OTHER) + index.of_kind(Kind.OTHER_IMAGE)
    drawn = {entry for group in groups for entry in group.segmentations}
    others += [e for e in index.of_kind(Kind.SEGMENTATION) if e not in drawn]
    if others and groups:
        kinds = ", ".join(sorted({entry.modality or "unknown" for entry in others}))
        findings.warn(
            f"{counted(len(others), 'DICOM object was', 'DICOM objects were')} not used ({kinds})"
        )
