"""What the panel works on: choices, courses, samples and results of one scene; no widgets."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from ReirradiationCore.case import Case
from ReirradiationCore.case_file import case_to_json
from ReirradiationCore.case_history import HistoryEntry, changes_of, entry_now
from ReirradiationCore.errors import RefusedError, ReirradiationError
from ReirradiationCore.live_choices import stale_after_choices
from ReirradiationCore.pipeline_data import Evaluation
from ReirradiationCore.progress import Progress, silent
from ReirradiationCore.remaining_by_organ import RemainingRow, remaining_by_organ

from .PlannerLogic import PlannerLogic
from .SegmentStructures import SegmentStructures
from .SessionCourses import SessionCourses
from .Work import Work


class PlannerSession(SessionCourses):
    """Results of a scene, and which of them are stale.

    :param scene: scene with the courses.
    :param settings: object with the fields of PlannerParameterNode.
    :param logic: methods of the module.
    """

    def __init__(self, scene: Any, settings: Any, logic: PlannerLogic):
        super().__init__(scene, settings, logic)
        self.live: Any = None
        self.result: Any = None
        self.evaluation: Any = None
        self.report: Path | None = None
        self._editedOrgans: set[tuple[str, str]] = set()
        self._seen: Case | None = None
        self._logged = self._caseOfHistory()

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

    def _requireRegistrations(self, case: Case):
        """Refuse registrations that are not what the panel asks for now."""
        for prior in self.priors:
            if prior.transformNode is None:
                continue
            reasons = self.logic.notAsAsked(self.found, prior.id, case)
            if reasons:
                raise RefusedError(*reasons)

    def _judge(self, progress: Progress):
        self._seen = self.case
        self._requireRegistrations(self._seen)
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

        Contours drawn since the registrations were measured have them measured again before.

        :raises RefusedError: nothing was evaluated, or it is stale.
        """
        if self.result is None or self.isStale:
            reason = "the results are not of what the panel shows now; evaluate first"
            raise RefusedError(reason)
        if self.result.not_measured:
            self.evaluate(progress)
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
        self.logChoices()
        evaluation = _withHistory(evaluation, self.choices.history)
        self.report = self.logic.writeReport(evaluation, Path(folder))

    def logChoices(self):
        """Add to the history what was changed since the choices were logged or loaded last."""
        changes = changes_of(case_to_json(self._logged), case_to_json(self.case))
        if changes:
            entry = entry_now(self.settings.author.strip(), changes)
            self.choices = self.choices.withHistory(entry)
        self._logged = self.case

    def _caseOfHistory(self) -> Case:
        """Choices that the history of the scene ends with; those of an empty scene without one."""
        try:
            return self.case if self.choices.history else Case()
        except ReirradiationError:
            return Case()

    def takeLogged(self):
        """Say that the choices are those of a case file, whose history they come with."""
        self._logged = self.case

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

    def noteApproval(self):
        """An approval was given: the next evaluation carries it, the numbers stay."""
        self.invalidate(Work.JUDGE)

    # --- what is missing, what is stale ---------------------------------------------------------

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

    def invalidateOrgan(self, node: Any, segmentId: str):
        """Say that the contour of one organ changed; one that came or went changes the courses."""
        self._isDrawnSince = True
        planned = self.found.planned if self.found is not None else None
        isOfToday = planned is not None and node is planned.segmentationNode
        if not isOfToday or SegmentStructures.names(node) != planned.segmentNames:
            self.invalidate(Work.COURSES)
            return
        self._editedOrgans.add((node.GetID(), segmentId))
        self.invalidate(Work.ORGANS)

    def _settle(self):
        self.pending = Work.NOTHING
        self._editedOrgans.clear()


def _withHistory(evaluation: Evaluation, history: tuple[HistoryEntry, ...]) -> Evaluation:
    """The same evaluation, to be written with what was changed since, by whom and when."""
    sampled = evaluation.sampled
    source = replace(sampled.source, case=replace(sampled.source.case, history=history))
    case = replace(evaluation.case, history=history)
    return replace(evaluation, case=case, sampled=replace(sampled, source=source))
