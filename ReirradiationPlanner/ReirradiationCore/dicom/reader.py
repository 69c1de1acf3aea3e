"""Folders of DICOM-RT files become courses: the whole reader on one screen."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import numpy as np

from ..courses import Course, CourseRole, Phase, Structure
from ..errors import RefusedError
from ..grids import Volume
from ..progress import Progress, silent
from .assemble import Group, assemble, check_frames
from .dose import read_plan_dose
from .findings import Findings, counted, some_of
from .identity import check_identity, patient_of
from .image import read_ct
from .index import Entry, FileIndex, Kind, index_files
from .options import ReadOptions, ReadResult, SourceFile
from .ordering import NamedGroup, name_courses
from .phases import check_counted_twice, fractions_by_plan, make_phase, with_prescription
from .planned import PlannedDose
from .registration import RegistrationFile, read_registration_file
from .segmentations import with_segments
from .structures import StructureSet, read_structures

_OFF_PLANE_MM = 0.2


def read_courses(
    paths: Sequence[Path], options: ReadOptions | None = None, progress: Progress = silent
) -> ReadResult:
    """Read all courses in folders and files.

    Parameters
    ----------
    paths : sequence of Path
        Folders and files in any layout; files that are not DICOM are skipped and counted.
    options : ReadOptions, optional
        Choices of the user.
    progress : Progress
        Told what is being read.

    Returns
    -------
    ReadResult
        Prior courses, oldest first, then the planned course.

    Raises
    ------
    RefusedError
        With every reason found why the files must not be evaluated.
    """
    options = options or ReadOptions()
    findings = Findings()
    with _quiet_pydicom():
        index = index_files(paths, findings, progress)
        used = [entry for entry in index.entries if entry.kind is not Kind.OTHER]
        check_identity(used, options.identity_override, findings)
        named = name_courses(assemble(index, findings), options.reference, findings)
        courses = _read_all(named, options, findings, progress)
        registrations = _registrations(index, findings)
    _report_skipped(index, findings)
    findings.raise_if_refused()
    files = _sources(named)
    skipped = len(index.not_dicom) + len(index.broken)
    return ReadResult(tuple(courses), tuple(findings.warnings), skipped, files, registrations)


@contextmanager
def _quiet_pydicom() -> Iterator[None]:
    """Keep pydicom from printing what it thinks of values; the reader judges them itself."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"pydicom\..*")
        yield


def _read_all(
    named: list[NamedGroup], options: ReadOptions, findings: Findings, progress: Progress
) -> list[Course]:
    stated = fractions_by_plan(named, options.fractions, findings)
    courses = []
    for item in named:
        with findings.collecting():
            course = CourseReader(item, options, findings, progress).read(stated)
            if course is not None and course.role is CourseRole.PLANNED:
                course = with_prescription(course, options.prescription_gy)
            if course is not None:
                courses.append(course)
    plans = [i.plan.entry.sop_uid for g in named for i in g.group.planned if id(i) in stated]
    check_counted_twice(courses, plans, findings)
    return courses


class CourseReader:
    """Reads pixels and contours of one course; what is wrong is collected, not raised.

    Where a scene holds them, a class derived from it gives dose, image and structures instead.
    """

    def __init__(
        self, named: NamedGroup, options: ReadOptions, findings: Findings, progress: Progress
    ) -> None:
        self.named = named
        self.group: Group = named.group
        self.options = options
        self.findings = findings
        self.progress = progress

    def read(self, stated: dict[int, int]) -> Course | None:
        """Return the course, None if one of its parts was refused."""
        check_frames(self.group, self.findings)
        phases = [self._phase(item, stated.get(id(item))) for item in self.group.planned]
        image = self.image()
        structures = self.structures()
        if image is not None:
            self._note_off_plane(structures.structures, image)
        if None in phases:
            return None
        self._note_phases(phases)
        return self._course(tuple(phases), image, structures)

    def _phase(self, item: PlannedDose, stated: int | None) -> Phase | None:
        self.progress(f"Reading dose of plan '{item.plan.label}'")
        dose = None
        with self.findings.collecting():
            dose = self.dose_of(item)
        with self.findings.collecting():
            if dose is None:
                return None
            phase = make_phase(item, dose, stated, self.named.id)
            self._compare_with_records(item, phase)
            return phase
        return None

    def _compare_with_records(self, item: PlannedDose, phase: Phase) -> None:
        recorded = item.delivery.fractions if item.delivery else phase.fractions_delivered
        if recorded != phase.fractions_delivered:
            self.findings.warn(
                f"{item.plan.name}: there are treatment records of {counted(recorded, 'fraction')} "
                f"but {phase.fractions_delivered} are counted as delivered for plan "
                f"'{phase.plan_label}'; state the number if it is another (--fractions)"
            )

    def dose_of(self, item: PlannedDose) -> Volume | None:
        """Return the physical dose of a plan, Gy; None where it is missing and was reported."""
        return read_plan_dose(item.doses, self.findings)

    def image(self) -> Volume | None:
        """Return the planning CT, HU."""
        if self.group.ct and self.options.images:
            with self.findings.collecting():
                return read_ct(self.group.ct, self.findings, self.progress)
        return None

    def structures(self) -> StructureSet:
        """Return the structures of the course."""
        found, drawn = self.group.structure_set, StructureSet((), ())
        self.progress(f"Reading structures of course {self.named.id}")
        if found is not None:
            with self.findings.collecting():
                drawn = read_structures(found.entry, self.group.frame_uid, self.findings)
        segmentations = list(self.group.segmentations)
        return with_segments(drawn, segmentations, self.group.frame_uid, self.findings)

    def _note_off_plane(self, structures: Sequence[Structure], image: Volume) -> None:
        """Say if contours do not lie on the planes of the CT (drawn on another series)."""
        furthest = {}
        for structure in structures:
            centers = np.array([contour[0] for contour in structure.contours])
            along = image.grid.indices_of(centers)[:, 2]
            inside = along[(along > -0.5) & (along < image.grid.size[2] - 0.5)]
            off = np.abs(inside - np.round(inside)) * image.grid.spacing_mm[2]
            if off.size and off.max() > _OFF_PLANE_MM:
                furthest[structure.name] = float(off.max())
        if furthest:
            self.findings.warn(
                f"{_drawn_in(self.group).name}: contours of "
                f"{counted(len(furthest), 'structure')} "
                f"lie up to {max(furthest.values()):.1f} mm beside the CT planes "
                f"({some_of(list(furthest))}); their own coordinates are used"
            )

    def _note_phases(self, phases: list[Phase]) -> None:
        if len(phases) > 1:
            parts = [
                f"'{p.plan_label}' (prescription "
                + (f"{p.prescribed_dose_gy:g} Gy" if p.prescribed_dose_gy else "unknown")
                + f", {p.fractions_delivered} fractions)"
                for p in phases
            ]
            self.findings.warn(
                f"Course {self.named.id}: {len(phases)} plans on one structure set are summed as "
                f"phases: {', '.join(parts)}"
            )

    def _course(
        self, phases: tuple[Phase, ...], image: Volume | None, structures: StructureSet
    ) -> Course:
        group = self.group
        first = group.planned[0]
        source = min(group.planned, key=lambda item: item.when[0] or date.max).when[1]
        lasts = [item.delivery.last for item in group.planned if item.delivery]
        entry = first.plan.entry
        labels = " + ".join(dict.fromkeys(phase.plan_label for phase in phases))
        position = group.ct[0].patient_position if group.ct else ""
        self._check_position(position)
        return Course(
            id=self.named.id,
            role=self.named.role,
            label=entry.study_description or labels,
            patient=patient_of(entry),
            phases=phases,
            structures=structures.structures,
            image=image,
            frame_of_reference_uid=group.frame_uid,
            patient_position=position or first.plan.patient_position,
            first_fraction_date=group.first_date,
            last_fraction_date=max(lasts) if lasts else None,
            date_source=source,
            study_uid=entry.study_uid,
            image_series_uid=group.ct[0].series_uid if group.ct else "",
            structure_set_uid=group.structure_set.entry.sop_uid if group.structure_set else "",
            empty_structures=structures.empty,
            files=tuple(entry.path for entry in _entries(group)),
        )

    def _check_position(self, of_ct: str) -> None:
        for item in self.group.planned:
            of_plan = item.plan.patient_position
            if of_ct and of_plan and of_plan != of_ct:
                self.findings.warn(
                    f"{item.plan.name}: patient position is {of_plan} in the plan and {of_ct} in "
                    "the CT; the coordinates of dose and CT are used as they are"
                )


def _drawn_in(group: Group) -> Entry:
    """Return the object that holds the structures."""
    return group.structure_set.entry if group.structure_set else group.segmentations[0]


def _entries(group: Group) -> list[Entry]:
    """Return all objects of a course."""
    entries = [item.plan.entry for item in group.planned]
    entries += [dose.entry for item in group.planned for dose in item.doses]
    entries += [group.structure_set.entry] if group.structure_set else []
    return list(dict.fromkeys([*entries, *group.segmentations, *group.ct]))


def _sources(named: list[NamedGroup]) -> tuple[SourceFile, ...]:
    entries = dict.fromkeys(entry for item in named for entry in _entries(item.group))
    return tuple(SourceFile(e.path, e.sop_uid, e.modality) for e in entries)


def _registrations(index: FileIndex, findings: Findings) -> tuple[RegistrationFile, ...]:
    """Return what the registration objects tie together; broken ones are told, not used."""
    found = []
    for entry in index.of_kind(Kind.REGISTRATION):
        try:
            found.append(read_registration_file(entry.path, entry.name))
        except RefusedError as error:
            findings.warnings.extend(f"{reason}; it is not used" for reason in error.reasons)
    return tuple(found)


def _report_skipped(index: FileIndex, findings: Findings) -> None:
    """Name files that look like DICOM but are not, or are broken."""
    suspicious = [n for n in index.not_dicom if n.lower().endswith((".dcm", ".dicom", ".ima"))]
    if suspicious:
        findings.warn(f"{some_of(suspicious)}: not DICOM in spite of the name; skipped")
    if index.broken:
        findings.warn(f"{some_of(index.broken)}: broken DICOM that cannot be read; skipped")
