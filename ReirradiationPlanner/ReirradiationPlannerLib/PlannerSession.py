"""What the panel works on: choices, courses, samples and results of one scene; no widgets."""

from __future__ import annotations

import enum
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ReirradiationCore.case import Case
from ReirradiationCore.errors import RefusedError, ReirradiationError
from ReirradiationCore.live_choices import stale_after_choices
from ReirradiationCore.progress import Progress, silent
from ReirradiationCore.registration import Registrar
from ReirradiationCore.remaining_by_organ import RemainingRow, remaining_by_organ
from ReirradiationCore.uncertainty_choice import DEMONS

from .PlannerChoices import PlannerChoices
from .PlannerLogic import PlannerLogic


class Work(enum.IntEnum):
    """What a change makes necessary; a higher level contains the lower ones."""

    NOTHING = 0
    JUDGE = 1
    ORGANS = 2
    SAMPLE = 3
    COURSES = 4


class PlannerSession:
    """Results of a scene, and which of them are stale.

    :param scene: scene with the courses.
    :param settings: object with the fields of PlannerParameterNode.
    :param logic: methods of the module.
    """

    def __init__(self, scene: Any, settings: Any, logic: PlannerLogic):
        self.scene = scene
        self.settings = settings
        self.logic = logic
        self.resolver: Callable[[str], str] | None = None
        self.found: Any = None
        self.live: Any = None
        self.result: Any = None
        self.evaluation: Any = None
        self.pending = Work.NOTHING
        self.report: Path | None = None
        self._editedOrgans: set[tuple[str, str]] = set()
        self._seen: Case | None = None
        self._organs: tuple[Any, tuple[Any, ...]] = (None, ())

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
        self.invalidate(Work.SAMPLE)

    def _findAgain(self):
        """Find the courses after a change; results of another planned course are dropped."""
        before = self.found.planned
        self.findCourses()
        now = self.found.planned
        if before is not None and now is not None and now.key != before.key:
            self.live = self.result = self.evaluation = None
            self._settle()
            reason = (
                f"the planned course is no longer '{before.label}' but '{now.label}'; check the "
                "table of courses, then evaluate"
            )
            raise RefusedError(reason)

    def readFolder(self, folder: Path, progress: Progress = silent):
        """Read a folder of DICOM-RT into the scene and take its courses.

        :raises RefusedError: input that must not be evaluated.
        """
        if not Path(folder).is_dir() or Path(folder) == Path():
            reason = f"'{folder}' is not a folder; choose the folder with the DICOM-RT files"
            raise RefusedError(reason)
        self.resolver = self.logic.folderResolver(folder)
        self.found = self.logic.loadDicomFolder(self.scene, folder, self.case, progress)
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

    # --- registration -------------------------------------------------------------------------

    def register(
        self, courseId: str, progress: Progress = silent, registrar: Registrar | None = None
    ):
        """Register a prior course; the transform node carries its quality.

        :raises ReirradiationError: no transform was found, or it cannot be right.
        """
        self.logic.registerCourse(self.found, courseId, self.case, progress, registrar)
        self.invalidate(Work.SAMPLE)

    def useTransform(self, courseId: str, node: Any, progress: Progress = silent):
        """Take a transform that was made elsewhere as the registration of a course."""
        self.logic.useTransform(self.found, courseId, node, self.case, progress)
        self.invalidate(Work.SAMPLE)

    def registerMissing(self, progress: Progress = silent):
        """Register every prior course that has no current registration."""
        for prior in self.priors:
            if not self.isRegistered(prior):
                self.register(prior.id, progress)

    def isRegistered(self, prior: Any) -> bool:
        """True if a prior course has a registration of the images as they are now."""
        node = prior.transformNode
        return node is not None and self.logic.registrationRecord(node, self.found)["current"]

    # --- results ------------------------------------------------------------------------------

    def evaluate(self, progress: Progress = silent):
        """Register what is not registered, sample every organ, and judge.

        :raises ReirradiationError: input or choices that must not be evaluated.
        """
        self.findCourses()
        self.requireCourses()
        self.registerMissing(progress)
        sampled = self.logic.sampleDoses(self.found, self.case, progress)
        self.live = self.logic.live(sampled)
        self._judge(progress)

    def update(self, progress: Progress = silent):
        """Do again what the changes since the last evaluation made necessary, and no more."""
        pending = self.pending
        if pending >= Work.COURSES and self.found is not None:
            self._findAgain()
        if self.live is None or pending is Work.NOTHING:
            self._settle()
            return
        if pending >= Work.SAMPLE:
            self.evaluate(progress)
            return
        for nodeId, segmentId in sorted(self._editedOrgans):
            node = self.scene.GetNodeByID(nodeId)
            self.live = self.logic.resample(self.live, self.found, node, segmentId)
        self._judge(progress)

    def _requireEngines(self):
        """Refuse a second engine that is asked for and was not run with the registration."""
        if DEMONS not in self.case.uncertainty.engines:
            return
        for prior in self.priors:
            node = prior.transformNode
            record = self.logic.registrationRecord(node) if node is not None else {}
            if record and DEMONS not in record.get("others", ()):
                reason = (
                    f"{prior.id}: a second engine is ticked in section 7, but it was not run with "
                    "the registration; press Register again in section 2, or untick it"
                )
                raise RefusedError(reason)

    def _judge(self, progress: Progress):
        self._seen = self.case
        self._requireEngines()
        case = self.logic.withApprovals(self.found, self._seen)
        self.result = self.live.judge(case, intervals=True, progress=progress)
        self.evaluation = None
        self._settle()

    def showMaps(self, progress: Progress = silent):
        """Paint the voxel maps and put all results into the scene, under one result node.

        :raises RefusedError: nothing was evaluated, or it is stale.
        """
        evaluation = self.wholeEvaluation(progress)
        results = self.logic.results(evaluation)
        self.settings.resultNode = self.logic.showResults(self.scene, evaluation, results)

    def wholeEvaluation(self, progress: Progress = silent) -> Any:
        """Evaluation with maps and uncertainty, of what is judged now.

        :raises RefusedError: nothing was evaluated, or it is stale.
        """
        if self.result is None or self.isStale:
            reason = "the results are not of what the panel shows now; evaluate first"
            raise RefusedError(reason)
        if self.evaluation is None:
            self.evaluation = self.logic.evaluate(self.result.sampled, progress)
        return self.evaluation

    def writeReport(self, folder: Path, progress: Progress = silent):
        """Write report and results into a folder that holds none.

        :raises RefusedError: a folder with results, or stale results.
        """
        if Path(folder) == Path():
            reason = "choose a result folder"
            raise RefusedError(reason)
        evaluation = self.wholeEvaluation(progress)
        self.report = self.logic.writeReport(evaluation, Path(folder))

    def remaining(self) -> tuple[RemainingRow, ...]:
        """Dose that every near-maximum limit leaves in the chosen number of fractions."""
        result = self.result
        return remaining_by_organ(
            result.applied,
            result.rows,
            result.planned.id,
            int(self.settings.remainingFractions),
            result.case.model,
        )

    def savedState(self) -> str:
        """Whether results that came with the scene are of what it holds now; empty without any."""
        node = self.settings.resultNode
        if node is None or not self.isReady:
            return ""
        state = self.logic.resultState(node, self.found, self.case)
        return "" if state.isCurrent else "; ".join(state.reasons)

    def organs(self) -> tuple[Any, ...]:
        """Structures of today with what is assumed of each; empty as long as courses are missing.

        :raises RefusedError: choices that no structure answers to.
        """
        if not self.isReady:
            return ()
        key = (id(self.found), self.choices.text, self.settings.recovery)
        if self._organs[0] != key:
            self._organs = (key, self.logic.matchOrgans(self.found, self.case))
        return self._organs[1]

    def noteApproval(self):
        """An approval was given: the next evaluation carries it, the numbers stay."""
        self.invalidate(Work.JUDGE)

    # --- what is missing, what is stale ---------------------------------------------------------

    def requireCourses(self):
        """Refuse as long as courses are missing or incomplete.

        :raises RefusedError: with one sentence for each thing missing.
        """
        if self.found is None:
            reason = "find the courses first"
            raise RefusedError(reason)
        self.found.requireReady()

    def noteChoices(self):
        """Compare the choices with those last seen, and say what depends on what changed.

        :raises RefusedError: choices that are not allowed; what is shown is stale then, too.
        """
        before = self._seen
        try:
            self._seen = self.case
        except ReirradiationError:
            self.invalidate(Work.JUDGE)
            raise
        if before is None or before == self._seen:
            return
        stale = stale_after_choices(before, self._seen)
        if stale:
            self.invalidate(Work.JUDGE if stale.live else Work.COURSES)

    @property
    def isStale(self) -> bool:
        """True if a result is shown that is not of the present choices and data."""
        return self.result is not None and self.pending is not Work.NOTHING

    def invalidate(self, work: Work):
        """Say that results are stale, and what is to be done again."""
        self.pending = max(self.pending, work)

    def invalidateOrgan(self, node: Any, segmentId: str):
        """Say that the contour of one organ changed."""
        planned = self.found.planned if self.found is not None else None
        if planned is None or node is not planned.segmentationNode:
            self.invalidate(Work.COURSES)
            return
        self._editedOrgans.add((node.GetID(), segmentId))
        self.invalidate(Work.ORGANS)

    def _settle(self):
        self.pending = Work.NOTHING
        self._editedOrgans.clear()
