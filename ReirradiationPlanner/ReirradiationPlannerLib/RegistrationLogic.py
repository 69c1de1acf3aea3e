"""Stage 2 of the module: registrations as transform nodes, their quality and approval."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from ReirradiationCore.approvals import Approval
from ReirradiationCore.case import Case
from ReirradiationCore.content_hash import transform_digest
from ReirradiationCore.course_registration import register_prior, registration_mode
from ReirradiationCore.courses import Course
from ReirradiationCore.errors import RefusedError
from ReirradiationCore.grids import Volume
from ReirradiationCore.pipeline_data import RegisteredCourse
from ReirradiationCore.progress import Progress, silent
from ReirradiationCore.registration import Registrar, RegistrationResult

from .FoundCourses import FoundCourses
from .RegistrationNodes import RegistrationNodes
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
        node = RegistrationNodes(found.scene).add(match, prior, planned, keys, name)
        RegistrationQuality.note(node, prior, planned, case)
        node.SetAttribute(SceneNames.ASKED_FOR, _askedFor(prior, case))
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
        :return: the same node, which now carries its quality.
        """
        prior, planned, keys = self._pair(found, courseId)
        transform = RegistrationNodes.transform(transformNode)
        rigid = transform if transform.IsLinear() else None
        engine = f"transform '{transformNode.GetName()}' of the scene"
        result = RegistrationResult("rigid" if rigid else "file", engine, transform, rigid)
        given, case = _Given(result), case or Case()
        match = register_prior(prior, planned, case, progress, given)
        before = found.byId(courseId).transformNode
        if before is not None and before is not transformNode:
            RegistrationNodes(found.scene).remove(before)
        RegistrationNodes.describe(transformNode, match, prior, planned, keys)
        RegistrationQuality.note(transformNode, prior, planned, case)
        transformNode.SetAttribute(SceneNames.ASKED_FOR, _askedFor(prior, case))
        return transformNode

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
            record, transform = RegistrationNodes.record(node), RegistrationNodes.transform(node)
            if RegistrationNodes.staleReasons(record, transform, *pair):
                continue
            if not RegistrationQuality.isCurrent(node, *pair, case):
                self._quality.measure(node, *pair, case, progress)

    @staticmethod
    def registrationRecord(
        transformNode, found: FoundCourses | None = None, case: Case | None = None
    ) -> dict[str, Any]:
        """How a registration was found, its quality and approval; empty for other transforms.

        Keys: mode, engine, seconds, parameters, warnings, quality, approval (None without one),
        ``current``: with ``found`` whether images and transform are those it was measured with, and
        ``measured``: with ``found`` and ``case`` whether the quality is of the contours, doses,
        levels and landmarks as they are now.
        """
        record = RegistrationNodes.record(transformNode)
        if not record:
            return {}
        approval = RegistrationNodes.approval(transformNode)
        record["approval"] = None if approval is None else vars(approval).copy()
        transform = RegistrationNodes.transform(transformNode)
        record["current"] = record["transform"] == transform_digest(transform)
        record["measured"] = True
        for row in found.priors if found and found.isReady else ():
            if row.key == record["course"]:
                pair = row.course, found.planned.course
                stale = RegistrationNodes.staleReasons(record, transform, *pair)
                record["current"] = not stale
                if case is not None:
                    record["measured"] = RegistrationQuality.isCurrent(transformNode, *pair, case)
        return record

    @staticmethod
    def isAsAsked(found: FoundCourses, courseId: str, case: Case) -> bool:
        """Whether a registration was made with the mode and options that are chosen now.

        One of a scene saved before they were kept is taken as it is.
        """
        row = found.byId(courseId)
        kept = row.transformNode.GetAttribute(SceneNames.ASKED_FOR)
        return kept is None or kept == _askedFor(row.course, case)

    @staticmethod
    def approveRegistration(transformNode, name: str, comment: str = "") -> None:
        """Keep that a person approved a registration, with today's date.

        The approval holds for the transform as it is; a changed transform has none.
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
    def registered(found: FoundCourses) -> dict[str, RegisteredCourse]:
        """Registrations of all prior courses, from their transform nodes.

        :raises RefusedError: one sentence for each course that has none that holds.
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


def _askedFor(prior: Course, case: Case) -> str:
    """Mode and options of the registration of a course, as text to compare."""
    options = case.registration_choice(prior.id, prior.label).to_json()
    mode = case.registration_of(prior.id, prior.label)
    return json.dumps({"mode": mode, "options": options}, sort_keys=True)
