"""All courses of a scene."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ReirradiationCore.dicom import ReadResult
from ReirradiationCore.errors import RefusedError

from .SceneCourse import SceneCourse


@dataclass(frozen=True, eq=False)
class FoundCourses:
    """What was found in a scene, and what is missing.

    scene: vtkMRMLScene they are in
    courses: prior courses, oldest first, then the planned course
    read: courses for the evaluation; None while anything is missing or refused
    refused: what is wrong with all courses together
    notes: what the user must know of courses that are complete
    """

    scene: Any
    courses: tuple[SceneCourse, ...]
    read: ReadResult | None
    refused: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def isReady(self) -> bool:
        """Whether the courses can be evaluated."""
        return self.read is not None

    @property
    def missing(self) -> tuple[str, ...]:
        """Every sentence that stands against an evaluation."""
        return (*self.refused, *(text for course in self.courses for text in course.missing))

    @property
    def planned(self) -> SceneCourse | None:
        """Course whose CT and structures are today's anatomy."""
        return next((course for course in self.courses if course.id == "planned"), None)

    @property
    def priors(self) -> tuple[SceneCourse, ...]:
        """Prior courses, oldest first."""
        return tuple(course for course in self.courses if course.id != "planned")

    def byId(self, courseId: str) -> SceneCourse:
        """Course of an id.

        :raises RefusedError: there is no such course.
        """
        for course in self.courses:
            if course.id == courseId:
                return course
        known = ", ".join(course.id for course in self.courses) or "none"
        reason = f"there is no course '{courseId}' in the scene; it has {known}"
        raise RefusedError(reason)

    def requireReady(self) -> ReadResult:
        """Courses for the evaluation.

        :raises RefusedError: every sentence of what is missing.
        """
        if self.read is None:
            raise RefusedError(*(self.missing or ("there is no course with a dose in the scene",)))
        return self.read
