"""Courses whose doses, contours and images are held by somebody else, read as files are read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from .content_hash import course_digests, joined
from .courses import Course, CourseRole
from .dicom import ReadOptions, ReadResult, SourceFile
from .dicom.assemble import Group, assemble
from .dicom.findings import Findings
from .dicom.identity import check_identity
from .dicom.index import Entry, Kind, index_files
from .dicom.ordering import NamedGroup, name_courses
from .dicom.phases import check_counted_twice, fractions_by_plan, with_prescription
from .dicom.planned import PlannedDose
from .dicom.reader import CourseReader
from .dicom.structures import StructureSet
from .grids import Volume
from .progress import silent


class Contents(Protocol):
    """Who holds doses, contours and images; what is missing is said in ``findings``."""

    def dose(self, item: PlannedDose, findings: Findings) -> Volume | None:
        """Return the physical dose of a plan, Gy; None where it is missing."""

    def image(self, group: Group, findings: Findings) -> Volume | None:
        """Return the planning CT, HU; None where there is none."""

    def structures(self, group: Group, findings: Findings) -> StructureSet:
        """Return the structures of the course."""


@dataclass(frozen=True, eq=False)
class CourseReading:
    """A course as far as it could be read.

    Parameters
    ----------
    named : NamedGroup
        Id, role, plans and what they refer to.
    course : Course, optional
        None while something is missing.
    missing : tuple of str
        What is missing or wrong, one sentence each.
    notes : tuple of str
        What has to be said of a course that is complete.
    stated : frozenset of str
        Labels of the plans whose fractions the user stated.
    """

    named: NamedGroup
    course: Course | None
    missing: tuple[str, ...]
    notes: tuple[str, ...]
    stated: frozenset[str] = frozenset()


@dataclass(frozen=True, eq=False)
class Reading:
    """All courses as far as they could be read, and what is wrong with them together."""

    courses: tuple[CourseReading, ...]
    refused: tuple[str, ...]
    notes: tuple[str, ...] = ()
    files: tuple[SourceFile, ...] = field(default=(), repr=False)

    def result(self) -> ReadResult | None:
        """Return the courses for the evaluation; None while anything is missing or refused."""
        courses = [reading.course for reading in self.courses]
        if self.refused or not courses or any(course is None for course in courses):
            return None
        notes = (*self.notes, *(note for reading in self.courses for note in reading.notes))
        return ReadResult(tuple(courses), notes, 0, self.files, content_hash=content_hash(courses))


def content_hash(courses: Sequence[Course]) -> str:
    """Hash of the contents of all courses, 64 hexadecimal digits."""
    return joined({course.id: joined(course_digests(course)) for course in courses})


def groups_of_files(paths: Sequence[Path], findings: Findings) -> list[Group]:
    """Return the courses that files describe; see `dicom.assemble` for what is refused."""
    index = index_files(paths, findings, silent)
    return assemble(index, findings)


class _ContentsReader(CourseReader):
    """Takes dose, image and structures from who holds them."""

    def __init__(
        self, named: NamedGroup, options: ReadOptions, findings: Findings, contents: Contents
    ) -> None:
        super().__init__(named, options, findings, silent)
        self.contents = contents

    def dose_of(self, item: PlannedDose) -> Volume | None:
        return self.contents.dose(item, self.findings)

    def image(self) -> Volume | None:
        with self.findings.collecting():
            return self.contents.image(self.group, self.findings)
        return None

    def structures(self) -> StructureSet:
        with self.findings.collecting():
            return self.contents.structures(self.group, self.findings)
        return StructureSet((), ())


def read_groups(
    groups: Sequence[Group], contents: Contents, options: ReadOptions, findings: Findings
) -> Reading:
    """Read the courses of groups: ids by date, and every check that is made on files.

    Parameters
    ----------
    groups : sequence of Group
        From files (`groups_of_files`) or from `course_groups.group_from_json`, in any order.
    contents : Contents
        Who holds doses, contours and images.
    options : ReadOptions
        Choices of the user.
    findings : Findings
        What was found of the groups already; receives what concerns all courses together.
    """
    check_identity(_entries(groups), options.identity_override, findings)
    named = name_courses(groups, options.reference, findings)
    stated = fractions_by_plan(named, options.fractions, findings)
    courses = [_read_one(item, contents, options, stated) for item in named]
    plans = [i.plan.entry.sop_uid for g in named for i in g.group.planned if id(i) in stated]
    complete = [reading.course for reading in courses if reading.course is not None]
    check_counted_twice(complete, plans, findings)
    return Reading(
        tuple(courses), tuple(findings.reasons), tuple(findings.warnings), _files(groups)
    )


def _read_one(
    named: NamedGroup, contents: Contents, options: ReadOptions, stated: Mapping[int, int]
) -> CourseReading:
    local = Findings()
    course = None
    with local.collecting():
        course = _ContentsReader(named, options, local, contents).read(dict(stated))
        if course is not None and course.role is CourseRole.PLANNED:
            course = with_prescription(course, options.prescription_gy)
    if course is not None:
        course = replace(course, files=tuple(path for path in course.files if path.is_file()))
    labels = (item.plan.label for item in named.group.planned if id(item) in stated)
    return CourseReading(
        named,
        None if local.reasons else course,
        tuple(local.reasons),
        tuple(local.warnings),
        frozenset(labels),
    )


def group_entries(group: Group) -> list[Entry]:
    """Return the headers of all objects of a course."""
    found = [item.plan.entry for item in group.planned]
    found += [dose.entry for item in group.planned for dose in item.doses]
    found += [group.structure_set.entry] if group.structure_set else []
    return list(dict.fromkeys(found + group.ct))


def _entries(groups: Sequence[Group]) -> list[Entry]:
    return [entry for group in groups for entry in group_entries(group)]


def _files(groups: Sequence[Group]) -> tuple[SourceFile, ...]:
    """Files the groups were read from; none for groups without files."""
    entries = dict.fromkeys(e for e in _entries(groups) if e.kind is not Kind.OTHER)
    return tuple(SourceFile(e.path, e.sop_uid, e.modality) for e in entries if e.path.is_file())
