"""Choices, courses and registrations of one scene, as the panel works on them; no widgets."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from ReirradiationCore.case import Case
from ReirradiationCore.dicom.registration import read_registration_file
from ReirradiationCore.dicom_registrar import TPS, DicomRegistrar, registration_of_system
from ReirradiationCore.errors import RefusedError
from ReirradiationCore.progress import Progress, silent
from ReirradiationCore.registration import Registrar

from .PlannerChoices import PlannerChoices
from .PlannerLogic import PlannerLogic
from .Work import Work


class SessionCourses:
    """What is there before anything is evaluated.

    :param scene: scene with the courses.
    :param settings: object with the fields of PlannerParameterNode.
    :param logic: methods of the module.
    """

    def __init__(self, scene: Any, settings: Any, logic: PlannerLogic):
        self.scene = scene
        self.settings = settings
        self.logic = logic
        self.resolver: Callable[[str], str] | None = None
        self.systemRegistrations: Callable[[], Iterable[Path]] = tuple
        self.found: Any = None
        self.pending = Work.NOTHING
        self._isDrawnSince = False
        self._organs: tuple[Any, Any, tuple[Any, ...]] = (None, None, ())

    @property
    def choices(self) -> PlannerChoices:
        """Choices of the tables."""
        return PlannerChoices(self.settings.choices)

    @choices.setter
    def choices(self, choices: PlannerChoices):
        self.settings.choices = choices.text

    @property
    def case(self) -> Case:
        """Every choice.

        :raises RefusedError: values that are not allowed.
        """
        return self.choices.case(self.settings)

    # --- courses ------------------------------------------------------------------------------

    def findCourses(self):
        """Look for courses in the scene; earlier results become stale."""
        self.found = self.logic.findCourses(self.scene, self.resolver, self.case)
        self._isDrawnSince = False
        self.invalidate(Work.SAMPLE)

    def readFolder(self, folder: Path, progress: Progress = silent):
        """Read a folder of DICOM-RT into the scene and take its courses.

        :raises RefusedError: input that must not be evaluated.
        """
        if not Path(folder).is_dir() or Path(folder) == Path():
            reason = f"'{folder}' is not a folder; choose the folder with the DICOM-RT files"
            raise RefusedError(reason)
        resolver = self.logic.folderResolver(folder)
        self.resolver, self.systemRegistrations = resolver, resolver.registrations
        self.found = self.logic.loadDicomFolder(self.scene, folder, self.case, progress)
        self._isDrawnSince = False
        self.invalidate(Work.SAMPLE)

    @property
    def isReady(self) -> bool:
        """True if the courses are complete enough to be registered and evaluated."""
        return self.found is not None and self.found.isReady

    @property
    def priors(self) -> tuple[Any, ...]:
        """Prior courses that have images, oldest first."""
        if self.found is None or self.found.planned is None:
            return ()
        return tuple(prior for prior in self.found.priors if prior.imageNode or prior.doseNodes)

    def requireCourses(self):
        """Refuse as long as courses are missing or incomplete.

        :raises RefusedError: with one sentence for each thing missing.
        """
        if self.found is None:
            reason = "find the courses first"
            raise RefusedError(reason)
        self.found.requireReady()

    # --- registration -------------------------------------------------------------------------

    def register(
        self,
        courseId: str,
        progress: Progress = silent,
        registrar: Registrar | None = None,
        mode: str | None = None,
    ):
        """Register a prior course; the transform node carries its quality.

        :param registrar: engine to take instead of what the choices say.
        :param mode: mode or file that is chosen for the course from now on. The choice changes
            together with the registration: where that is stopped or refused, both stay.
        :raises ReirradiationError: no transform was found, or it cannot be right.
        """
        choices, row = self.choices, self.found.byId(courseId)
        if mode is not None:
            choices = choices.withRegistration(courseId, mode)
        case = choices.case(self.settings)
        if registrar is None and case.registration_of(row.id, row.label) == TPS:
            registrar = self._systemRegistrar(row, None)
        self.logic.registerCourse(self.found, courseId, case, progress, registrar)
        if mode is not None:
            self.choices = choices
        self.invalidate(Work.SAMPLE)

    def useTransform(self, courseId: str, node: Any, progress: Progress = silent) -> Any:
        """Take a transform that was made elsewhere as the registration of a course.

        :return: the node, or a copy of it where it is the registration of another course.
        """
        used = self.logic.useTransform(self.found, courseId, node, self.case, progress)
        self.invalidate(Work.SAMPLE)
        return used

    def useSystemRegistration(self, prior: Any, path: Path | None, progress: Progress = silent):
        """Choose a DICOM registration of the planning system for a course, and take it.

        :param prior: row of the prior course.
        :param path: its file; None takes the only one of the patient between the two courses.
        :raises RefusedError: there is none, or more than one; or it cannot be right.
        """
        mode = TPS if path is None else str(path)
        self.register(prior.id, progress, self._systemRegistrar(prior, path), mode)

    def _systemRegistrar(self, prior: Any, path: Path | None) -> DicomRegistrar:
        planned, passedOver = self.found.planned.course, ()
        if path is None:
            path, passedOver = self._systemRegistration(prior)
        frames = planned.frame_of_reference_uid, prior.course.frame_of_reference_uid
        return DicomRegistrar(path, *frames, passedOver)

    def _systemRegistration(self, prior: Any) -> tuple[Path, tuple[str, ...]]:
        """The only registration object of two courses, and which others nobody could read.

        Those may be of another patient of the database, so that they do not forbid its use.
        """
        offered, unread = [], []
        for file in map(Path, self.systemRegistrations()):
            try:
                offered.append(read_registration_file(file, file.name))
            except RefusedError as error:
                unread.append(f"passed over, as it cannot be read: {error}")
        try:
            path = registration_of_system(prior.course, self.found.planned.course, offered)
        except RefusedError as error:
            raise RefusedError("; ".join([str(error), *unread])) from error
        return path, tuple(unread)

    def registerMissing(self, progress: Progress = silent):
        """Register every prior course that has no current registration, see `isWaiting`."""
        for prior in self.priors:
            if self.isWaiting(prior):
                self.register(prior.id, progress)

    def isWaiting(self, prior: Any) -> bool:
        """True if a prior course may be registered without asking.

        What the user made or changed by hand is replaced by nothing but his own Register; as long
        as it does not hold, an evaluation refuses it and says why.
        """
        node = prior.transformNode
        return node is None or (not self.isRegistered(prior) and self.logic.isReplaceable(node))

    def isRegistered(self, prior: Any) -> bool:
        """True if a prior course has a registration of the images as they are now."""
        node = prior.transformNode
        return node is not None and self.logic.registrationRecord(node, self.found)["current"]

    def registrationRecord(self, prior: Any) -> dict[str, Any]:
        """Record of the registration of a prior course; not measured if contours changed since."""
        record = self.logic.registrationRecord(prior.transformNode, self.found, self.case)
        if record and self._isDrawnSince:
            record["measured"] = False
        return record

    def organs(self) -> tuple[Any, ...]:
        """Structures of today with what is assumed of each; empty as long as courses are missing.

        :raises RefusedError: choices that no structure answers to.
        """
        if not self.isReady:
            return ()
        nodes = [prior.transformNode for prior in self.priors]
        times = tuple(node.GetMTime() if node else 0 for node in nodes)
        found, key = self.found, (self.choices.text, self.settings.recovery, times)
        if self._organs[0] is not found or self._organs[1] != key:
            self._organs = (found, key, self.logic.matchOrgans(found, self.case))
        return self._organs[2]

    def invalidate(self, work: Work):
        """Say that results are stale, and what is to be done again."""
        self.pending = max(self.pending, work)
