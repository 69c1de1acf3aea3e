"""The node that stands for a result: what it was made from, and which nodes show it."""

from __future__ import annotations

import json

from ReirradiationCore.case import Case
from ReirradiationCore.case_file import case_to_json
from ReirradiationCore.content_hash import course_digests, joined, transform_digest
from ReirradiationCore.courses import Course
from ReirradiationCore.errors import RefusedError
from ReirradiationCore.input_checks import NOT_IN_HASH, chosen_protocols
from ReirradiationCore.pipeline_data import Evaluation

from .CaseNodes import CaseNodes
from .FoundCourses import FoundCourses
from .RegistrationNodes import RegistrationNodes
from .ResultState import ResultState
from .SceneNames import SceneNames

CLASS = "vtkMRMLTextNode"
NOT_CHOICES = (*NOT_IN_HASH, "approvals", "registration")
WHAT = {
    "image": "the planning CT of {course}",
    "dose": "dose or fractions of {course}",
    "structures": "the contour of {name} of {course}",
}


class ResultRecord:
    """Keeps results.json and a hash of every part of the input on a text node.

    :param scene: vtkMRMLScene.
    """

    def __init__(self, scene):
        self._scene = scene

    def add(self, evaluation: Evaluation, results: dict):
        """Node of a result, with references to all nodes that show it.

        :return: vtkMRMLTextNode.
        """
        node = self._scene.AddNewNodeByClass(CLASS, "Reirradiation results")
        node.SetText(json.dumps(results))
        node.SetAttribute(SceneNames.RESULT, "1")
        node.SetAttribute(SceneNames.INPUT_HASH, evaluation.input_hash)
        node.SetAttribute(SceneNames.INPUTS, json.dumps(ResultRecord.inputsOf(evaluation)))
        for part in CaseNodes(self._scene).made():
            node.AddNodeReferenceID(SceneNames.PART_ROLE, part.GetID())
        return CaseNodes.mark(node, "result")

    @staticmethod
    def inputsOf(evaluation: Evaluation) -> dict[str, str]:
        """A hash of every part of the input of an evaluation."""
        transforms = {c: r.result.transform for c, r in evaluation.registrations.items()}
        courses = evaluation.courses
        if evaluation.sampled is not None:
            courses = evaluation.sampled.source.read.courses
        return ResultRecord._inputs(evaluation.case, courses, transforms)

    @staticmethod
    def inputsNow(found: FoundCourses, case: Case) -> dict[str, str]:
        """The same of the scene and the choices as they are now.

        :raises RefusedError: courses that are not complete any more, or a registration that is
            itself under a transform.
        """
        transforms, approvals = {}, dict(case.approvals)
        for prior in found.priors:
            node = prior.transformNode
            if node is not None:
                moved = RegistrationNodes.movedReason(node)
                if moved:
                    raise RefusedError(moved)
                transforms[prior.id] = RegistrationNodes.transform(node)
                approvals.pop(prior.id, None)
                approval = RegistrationNodes.approval(node)
                approvals.update({prior.id: approval} if approval else {})
        courses = found.requireReady().courses
        inputs = ResultRecord._inputs(case, courses, transforms)
        return {**inputs, "approvals": _approvals(approvals)}

    @staticmethod
    def _inputs(case: Case, courses: tuple[Course, ...], transforms: dict) -> dict[str, str]:
        content = case_to_json(case)
        parts = {
            f"choices/{key}": joined({key: value})
            for key, value in content.items()
            if key not in NOT_CHOICES
        }
        protocols, _ = chosen_protocols(case)
        parts["choices/protocols"] = joined({p.name: p.sha256 for p in protocols})
        parts["approvals"] = _approvals(case.approvals)
        for course in courses:
            for name, digest in course_digests(course).items():
                parts[f"{course.id}/{name}"] = digest
        for course_id, transform in transforms.items():
            parts[f"registration/{course_id}"] = transform_digest(transform)
        return parts

    @staticmethod
    def state(node, found: FoundCourses, case: Case) -> ResultState:
        """Compare a result with the scene and the choices as they are now."""
        before = json.loads(node.GetAttribute(SceneNames.INPUTS) or "{}")
        try:
            now = ResultRecord.inputsNow(found, case)
        except RefusedError as error:
            return ResultState(error.reasons)
        differing = [k for k in {**before, **now} if before.get(k) != now.get(k)]
        reasons = dict.fromkeys(_reason(key, before, now) for key in differing)
        return ResultState(tuple(reasons))

    @staticmethod
    def parts(node) -> list:
        """Nodes that show a result and are still in the scene."""
        count = node.GetNumberOfNodeReferences(SceneNames.PART_ROLE)
        found = [node.GetNthNodeReference(SceneNames.PART_ROLE, n) for n in range(count)]
        return [part for part in found if part is not None]


def _approvals(approvals) -> str:
    return joined({course: [a.name, a.date, a.comment] for course, a in approvals.items()})


def _reason(key: str, before: dict, now: dict) -> str:
    """Sentence about one part of the input that is another now."""
    head, _, rest = key.partition("/")
    if head == "choices":
        return f"the choice '{rest}' is another than when the result was made"
    if head == "approvals":
        return "the approvals of the registrations are others than when the result was made"
    if head == "registration":
        what = f"the registration of {rest}"
    else:
        kind, _, name = rest.partition("/")
        what = WHAT[kind].format(course=head, name=name)
    if key not in now:
        return f"{what} is not there any more"
    return f"{what} was changed" if key in before else f"{what} was added"
