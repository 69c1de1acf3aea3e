"""Stage 2 of the module: registrations as transform nodes, their quality and approval."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from ReirradiationCore.approvals import Approval
from ReirradiationCore.case import Case
from ReirradiationCore.course_registration import register_prior, registration_mode
from ReirradiationCore.courses import Course
from ReirradiationCore.errors import RefusedError
from ReirradiationCore.grids import Volume
from ReirradiationCore.pipeline_data import RegisteredCourse
from ReirradiationCore.progress import Progress, silent
from ReirradiationCore.registration import Registrar, RegistrationResult
from ReirradiationCore.registration_starts import is_rigid

from .FoundCourses import FoundCourses
from .LandmarkPairs import LandmarkPairs
from .RegistrationChoices import RegistrationChoices
from .RegistrationNodes import COPY, OF_SCENE, RegistrationNodes
from .RegistrationQuality import RegistrationQuality
from .SceneNames import SceneNames


@dataclass(frozen=True)
class _Given:
    """An engine that has its result already, so that it is checked and measured as others are."""

    result: RegistrationResult

    def register(
        self, reference: Volume | None, prior: Volume | None, progress: Progress
    ) -> RegistrationResult:
        del reference, prior
        progress("Taking the transform of the scene", 0.0)
        return self.result


class RegistrationLogic:
    """Methods of the logic that make, judge and keep registrations."""

    def __init__(self):
        self._quality = RegistrationQuality()

    def registerCourse(
        self,
        found: FoundCourses,
        courseId: str,
        case: Case | None = None,
        progress: Progress = silent,
        registrar: Registrar | None = None,
    ):
        """Register a prior course with the planning CT, and measure how good it is.

        :param registrar: engine to take instead of what ``case.registration`` says.
        :return: transform node under which the prior nodes appear on the planning CT.
        :raises RefusedError: courses that are incomplete, or no transform that can be right.
        """
        case = case or Case()
        prior, planned, keys = self._pair(found, courseId)
        mode = registrar or registration_mode(prior, planned, case)
        match = register_prior(prior, planned, case, progress, mode)
        name = f"{prior.id} to planning CT"
        others = _ofOthers(found, courseId)
        node = RegistrationNodes(found.scene).add(match, prior, planned, keys, name, others)
        RegistrationQuality.note(node, prior, planned, case)
        RegistrationChoices.note(node, prior, case)
        return node

    def useTransform(
        self,
        found: FoundCourses,
        courseId: str,
        transformNode,
        case: Case | None = None,
        progress: Progress = silent,
    ):
        """Make a transform of the user the registration of a prior course, and measure it.

        :param transformNode: transform under which the prior nodes appear on the planning CT.
        :return: the same node, which now carries its quality; if it is the registration of
            another pair of courses, a copy of it, so that neither loses its own.
        :raises RefusedError: courses that are incomplete, a transform that cannot be right, one
            that is itself under another transform, or one fitted to points that measure it.
        """
        prior, planned, keys = self._pair(found, courseId)
        case = case or Case()
        moved = RegistrationNodes.movedReason(transformNode)
        if moved:
            raise RefusedError(moved)
        measuring = case.quality.landmarks.get(prior.id, ())
        LandmarkPairs.requireNotFittedTo(transformNode, measuring)
        nodes, before = RegistrationNodes(found.scene), found.byId(courseId).transformNode
        isTaken = _isOfAnotherPair(transformNode, keys)
        given = _Given(_resultOf(transformNode, isTaken))
        match = register_prior(prior, planned, case, progress, given)
        node = transformNode
        if isTaken:
            node = nodes.copyOf(transformNode, f"{transformNode.GetName()} for {prior.id}")
        nodes.replace(before, node, _ofOthers(found, courseId))
        origin = COPY if isTaken else OF_SCENE
        RegistrationNodes.describe(node, match, prior, planned, keys, origin)
        RegistrationQuality.note(node, prior, planned, case)
        RegistrationChoices.note(node, prior, case)
        return node

    def measureAgain(
        self, found: FoundCourses, case: Case | None = None, progress: Progress = silent
    ) -> None:
        """Measure registrations again whose contours, doses, levels or landmarks have changed.

        Registrations of other images, or whose transform was changed, are left as they are.
        """
        planned, case = found.requireReady().courses[-1], case or Case()
        for row in found.priors:
            node, pair = row.transformNode, (row.course, planned)
            if node is None or row.course.letter is not None:
                continue
            if RegistrationNodes.staleReasons(node, *pair):
                continue
            if not RegistrationQuality.isCurrent(node, *pair, case):
                self._quality.measure(node, *pair, case, progress)

    @staticmethod
    def registrationRecord(
        transformNode, found: FoundCourses | None = None, case: Case | None = None
    ) -> dict[str, Any]:
        """How a registration was found, its quality and approval; empty for other transforms.

        Keys: mode, engine, seconds, parameters, warnings, quality, approval (None without one that
        holds), ``approval_void``: why one that was given does not hold, ``current``: whether the
        transform and, with ``found``, the images are those it was measured with, and ``measured``:
        with ``found`` and ``case`` whether the quality is of the contours, doses, levels and
        landmarks as they are now.
        """
        record = RegistrationNodes.record(transformNode)
        if not record:
            return {}
        record["current"] = not RegistrationNodes.changedReasons(transformNode)
        record["measured"] = True
        for row in found.priors if found and found.isReady else ():
            if row.key == record["course"]:
                pair = row.course, found.planned.course
                stale = RegistrationNodes.staleReasons(transformNode, *pair)
                record["current"] = not stale
                if case is not None:
                    record["measured"] = RegistrationQuality.isCurrent(transformNode, *pair, case)
        approval = RegistrationNodes.approval(transformNode) if record["current"] else None
        record["approval"] = None if approval is None else vars(approval).copy()
        record["approval_void"] = RegistrationNodes.approvalVoid(transformNode)
        return record

    @staticmethod
    def notAsAsked(found: FoundCourses, courseId: str, case: Case) -> tuple[str, ...]:
        """Why a registration is not what is chosen now; empty if it is."""
        row = found.byId(courseId)
        return RegistrationChoices.differing(row.transformNode, row.course, case)

    @staticmethod
    def isReplaceable(transformNode) -> bool:
        """Whether an evaluation may register anew: nothing on the node is the user's work."""
        return RegistrationNodes.isReplaceable(transformNode)

    @staticmethod
    def approveRegistration(transformNode, name: str, comment: str = "") -> None:
        """Keep that a person approved a registration, with today's date.

        The approval holds for the transform, the images and the courses as they are; with any
        other there is none.

        :raises RefusedError: no name, no registration, or one changed after it was measured.
        """
        today = date.today().isoformat()
        RegistrationNodes.approve(transformNode, Approval(name, today, comment))

    @staticmethod
    def withdrawApproval(transformNode) -> None:
        """Take an approval back."""
        transformNode.RemoveAttribute(SceneNames.APPROVAL)

    @staticmethod
    def withApprovals(found: FoundCourses, case: Case) -> Case:
        """Choices with the approvals that the transform nodes carry."""
        approvals = dict(case.approvals)
        for row in found.priors:
            node = row.transformNode
            if node is not None:
                approvals.pop(row.id, None)
                approval = RegistrationNodes.approval(node)
                approvals.update({row.id: approval} if approval else {})
        return replace(case, approvals=approvals)

    @staticmethod
    def showOnReference(found: FoundCourses, courseId: str, on: bool = True) -> None:
        """Show the nodes of a prior course on the planning CT, or in their own place.

        This is for the eye: what is evaluated does not depend on it.
        """
        row = found.byId(courseId)
        node = row.transformNode if on else None
        for part in row.nodes:
            part.SetAndObserveTransformNodeID(node.GetID() if node else None)

    @staticmethod
    def registered(found: FoundCourses, case: Case | None = None) -> dict[str, RegisteredCourse]:
        """Registrations of all prior courses, from their transform nodes.

        :param case: choices, of which every other engine must have run with the registrations.
        :raises RefusedError: one sentence for each course that has none that holds, and for each
            engine that did not run.
        """
        reasons, matches = [], {}
        planned = found.requireReady().courses[-1]
        for row in found.priors:
            if row.course.letter is not None:
                continue
            node = row.transformNode
            if node is None:
                reasons.append(
                    f"{row.id} ({row.label}) is not registered with the planning CT; register it"
                )
                continue
            try:
                matches[row.id] = RegistrationNodes.registered(node, row.course, planned)
            except RefusedError as error:
                reasons += error.reasons
            if case is not None:
                reasons += RegistrationChoices.notCompared(node, row.course, case)
        if reasons:
            raise RefusedError(*reasons)
        return matches

    @staticmethod
    def _pair(found: FoundCourses, courseId: str) -> tuple[Course, Course, tuple[str, str]]:
        """A prior course, the planned course, and their keys.

        :raises RefusedError: one of them is incomplete, or known only from a letter.
        """
        found.requireReady()
        row, planned = found.byId(courseId), found.planned
        if row is planned or row.course.letter is not None:
            reason = f"{courseId} is not a prior course with images; there is nothing to register"
            raise RefusedError(reason)
        return row.course, planned.course, (row.key, planned.key)


def _isOfAnotherPair(node, keys: tuple[str, str]) -> bool:
    record = RegistrationNodes.record(node)
    return bool(record) and (record["course"], record["reference"]) != keys


def _resultOf(node, isTaken: bool) -> RegistrationResult:
    """Transform of the user as the result of a registration, with a warning if it is a copy."""
    transform, name = RegistrationNodes.transform(node), node.GetName()
    rigid = transform if is_rigid(transform) else None
    told = (
        f"taken as a copy of '{name}', which is the registration of another pair of courses and "
        "stays so"
    )
    return RegistrationResult(
        "rigid" if rigid else "file",
        f"transform '{name}' of the scene",
        transform,
        rigid,
        warnings=(told,) if isTaken else (),
    )


def _ofOthers(found: FoundCourses, courseId: str) -> tuple:
    """Nodes of all other courses."""
    return tuple(node for row in found.courses if row.id != courseId for node in row.nodes)
