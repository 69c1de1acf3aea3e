"""Finds the courses of a scene: nodes from the scene, facts from RTPLAN files or as kept."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from ReirradiationCore.case import Case
from ReirradiationCore.course_choices import CourseChoice, apply_course_choices
from ReirradiationCore.course_groups import group_from_json, group_to_json
from ReirradiationCore.courses import Course, interval_months
from ReirradiationCore.dicom.assemble import Group
from ReirradiationCore.dicom.findings import Findings
from ReirradiationCore.dicom.references import referenced_by
from ReirradiationCore.errors import RefusedError
from ReirradiationCore.input_checks import read_options
from ReirradiationCore.letter_courses import with_letters
from ReirradiationCore.scene_reading import (
    CourseReading,
    Reading,
    group_entries,
    groups_of_files,
    read_groups,
)

from .CoursesWithoutDose import CoursesWithoutDose
from .FoundCourses import FoundCourses
from .HierarchyGroups import HierarchyGroups
from .SceneContents import SceneContents
from .SceneCourse import SceneCourse
from .SceneIndex import Resolver, SceneIndex
from .SceneNames import SceneNames
from .ScenePhase import ScenePhase
from .SceneVolumes import SceneVolumes
from .SegmentStructures import SegmentStructures


class SceneCourses:
    """Reads the courses of a scene as the reader of files reads them.

    Where the DICOM files of all doses are at hand they say what belongs together, and that is kept
    on the dose nodes; without them what was kept is used, and for doses of which nothing was kept
    what the subject hierarchy says. Doses, contours and images always come from the nodes.

    :param scene: vtkMRMLScene.
    :param volumes: volumes read before, to be asked for again without copying.
    """

    def __init__(self, scene, volumes: SceneVolumes | None = None):
        self.scene = scene
        self._volumes = volumes or SceneVolumes()
        self._assembled: tuple = ((), ())

    def find(self, resolver: Resolver | None, case: Case) -> FoundCourses:
        """All courses, with what is missing; nothing is guessed and nothing raised."""
        index, findings = SceneIndex(self.scene), Findings()
        groups = self._groups(index, resolver, findings)
        contents = SceneContents(index, self._volumes)
        reading = read_groups(groups, contents, read_options(case), findings)
        if not findings.reasons:
            self._keep(index, reading, contents)
        others, notes = CoursesWithoutDose(index, reading).sentences(case.reference)
        reading = replace(
            reading, refused=(*reading.refused, *others), notes=(*reading.notes, *notes)
        )
        read, refused = None, reading.refused
        try:
            read = reading.result()
            read = None if read is None else with_letters(read, case)
            typed = self._typed(reading, read, case)
        except RefusedError as error:
            read, refused, typed = None, (*refused, *error.reasons), {}
        rows = [self._row(index, item, typed.get(item.named.id), case) for item in reading.courses]
        rows = self._withIntervals([*self._letters(read), *rows])
        notes = read.warnings if read else reading.notes
        return FoundCourses(self.scene, tuple(rows), read, refused, notes)

    def _groups(
        self, index: SceneIndex, resolver: Resolver | None, findings: Findings
    ) -> list[Group]:
        files = index.files(resolver)
        withFile = [node for node in index.doses if any(uid in files for uid in index.uids(node))]
        if index.doses and len(withFile) == len(index.doses):
            paths = {*files.values(), *self._referenced(index, files, resolver)}
            return self._assemble(tuple(sorted(paths)), findings)
        groups, waiting = self._kept(index, findings)
        return [*groups, *HierarchyGroups(index).groups(waiting)]

    def _assemble(self, paths: tuple[Path, ...], findings: Findings) -> list[Group]:
        """Courses that files describe; headers are read again only if files changed."""
        key = tuple((path, path.stat().st_mtime_ns) for path in paths)
        if self._assembled[0] != key:
            fresh = Findings()
            self._assembled = (key, groups_of_files(paths, fresh), fresh)
        _, groups, found = self._assembled
        findings.reasons.extend(found.reasons)
        findings.warnings.extend(found.warnings)
        return groups

    @staticmethod
    def _referenced(index: SceneIndex, files: dict[str, Path], resolver: Resolver) -> list[Path]:
        """Files that plans and doses refer to and that were not loaded themselves."""
        items = [*(index.items.item(node) for node in index.doses), *index.plans]
        known, found = set(files), []
        waiting = [files[u] for i in items for u in index.items.instanceUids(i) if u in files]
        while waiting:
            for uid in referenced_by(waiting.pop()):
                path = resolver(uid) if uid not in known else None
                known.add(uid)
                if path and Path(path).is_file():
                    found.append(Path(path))
                    waiting.append(Path(path))
        return found

    @staticmethod
    def _kept(index: SceneIndex, findings: Findings) -> tuple[list[Group], list]:
        """Courses kept on dose nodes, and the dose nodes of which nothing was kept."""
        texts, waiting = {}, []
        for node in index.doses:
            text = node.GetAttribute(SceneNames.COURSE)
            if text:
                texts.setdefault(text, node)
            else:
                waiting.append(node)
        groups = []
        for text in texts:
            with findings.collecting():
                content = json.loads(text)
                groups.append(group_from_json(content))
                for note in content.get("notes", ()):
                    findings.warn(str(note))
        return groups, waiting

    @staticmethod
    def _keep(index: SceneIndex, reading: Reading, contents: SceneContents) -> None:
        """Keep on the dose nodes what the files say, for a scene without the files.

        What was kept is not replaced by less: a CT or structure set may have been removed since.
        """
        for item in reading.courses:
            group = item.named.group
            if not group.planned[0].doses[0].entry.path.is_file():
                continue
            names = [entry.name for entry in group_entries(group)]
            notes = [note for note in reading.notes if any(name in note for name in names)]
            notes += contents.fileNotes.get(id(group), [])
            content = {**group_to_json(group), "notes": notes}
            text = json.dumps(content, sort_keys=True)
            isWhole = bool(group.ct and group.structure_set)
            for node in (n for planned in group.planned for n in index.dosesOf(planned)):
                before = node.GetAttribute(SceneNames.COURSE)
                if before != text and (isWhole or not before):
                    node.SetAttribute(SceneNames.COURSE, text)

    @staticmethod
    def _typed(reading: Reading, read, case: Case) -> dict[str, Course]:
        """Courses with the dates and prescriptions the user typed, by id."""
        courses = [item.course for item in reading.courses if item.course] if not read else ()
        changed, _ = apply_course_choices(read.courses if read else courses, case.courses)
        return {course.id: course for course in changed}

    def _row(
        self, index: SceneIndex, item: CourseReading, course: Course | None, case: Case
    ) -> SceneCourse:
        named, group = item.named, item.named.group
        course = course or item.course
        nodes = [node for planned in group.planned for node in index.dosesOf(planned)]
        segmentation = index.segmentationOf(group)
        dates = self._dates(group, course, case.courses.get(named.id))
        return SceneCourse(
            id=named.id,
            label=course.label if course else " + ".join(p.plan.label for p in group.planned),
            course=course,
            missing=item.missing,
            notes=item.notes,
            phases=self._phases(index, group, course),
            imageNode=index.imageOf(group),
            segmentationNode=segmentation,
            segmentNames=SegmentStructures.names(segmentation) if segmentation else {},
            doseNodes=tuple(nodes),
            studyItem=index.items.study(index.items.item(nodes[0])) if nodes else 0,
            key=group.planned[0].doses[0].entry.sop_uid,
            scene=self.scene,
            **dates,
            typed=self._typedNames(item, named.id, case),
        )

    @staticmethod
    def _phases(index: SceneIndex, group: Group, course: Course | None) -> tuple[ScenePhase, ...]:
        rows = []
        for place, planned in enumerate(group.planned):
            plan, phase = planned.plan, course.phases[place] if course else None
            rows.append(
                ScenePhase(
                    plan.label,
                    phase.fractions_planned if phase else plan.fractions,
                    phase.fractions_delivered if phase else None,
                    phase.prescribed_dose_gy if phase else plan.prescription_gy,
                    next(iter(index.dosesOf(planned)), None),
                )
            )
        return tuple(rows)

    @staticmethod
    def _dates(group: Group, course: Course | None, choice: CourseChoice | None) -> dict:
        """Dates of a course as far as they are known."""
        if course is not None:
            first, last = course.first_fraction_date, course.last_fraction_date
            return {"firstDate": first, "lastDate": last, "dateSource": course.date_source}
        first = (choice.first_fraction_date if choice else None) or group.first_date
        last = choice.last_fraction_date if choice else None
        return {"firstDate": first, "lastDate": last}

    @staticmethod
    def _typedNames(item: CourseReading, courseId: str, case: Case) -> frozenset[str]:
        choice = case.courses.get(courseId) or CourseChoice()
        names = ("first_fraction_date", "last_fraction_date", "prescription_gy")
        typed = {name for name in names if getattr(choice, name) is not None}
        typed |= {"fractions"} if item.stated else set()
        if courseId == "planned" and case.prescription_gy is not None:
            typed.add("prescription_gy")
        return frozenset(typed)

    @staticmethod
    def _letters(read) -> list[SceneCourse]:
        letters = [course for course in read.courses if course.letter] if read else []
        everything = {"fractions", "last_fraction_date", "prescription_gy"}
        return [
            SceneCourse(
                course.id,
                course.label,
                course,
                lastDate=course.last_fraction_date,
                dateSource=course.date_source,
                phases=(
                    ScenePhase(
                        course.label,
                        course.letter.fractions,
                        course.letter.fractions,
                        course.letter.dose_gy,
                    ),
                ),
                typed=frozenset(everything),
                key=f"letter:{course.id}",
            )
            for course in letters
        ]

    @staticmethod
    def _withIntervals(rows: list[SceneCourse]) -> list[SceneCourse]:
        """Rows in the order of their dates, with the interval of each prior course."""
        planned = next((row.course for row in rows if row.id == "planned"), None)
        months = [
            interval_months(row.course, planned) if row.course and planned else None for row in rows
        ]
        key = next((row.key for row in rows if row.id == "planned"), "")
        return [
            replace(row, plannedKey=key, intervalMonths=None if row.key == key else found)
            for row, found in zip(rows, months, strict=True)
        ]
