"""Registrations as transform nodes that carry how they were found, their quality and approval."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import SimpleITK as sitk
from ReirradiationCore.approvals import Approval
from ReirradiationCore.content_hash import joined, volume_digest
from ReirradiationCore.courses import Course
from ReirradiationCore.errors import RefusedError
from ReirradiationCore.pipeline_data import RegisteredCourse
from ReirradiationCore.registration import RegistrationResult

from .OtherMapNodes import OtherMapNodes
from .RegistrationApproval import RegistrationApproval
from .RegistrationTransforms import RegistrationTransforms
from .SceneNames import SceneNames
from .SceneVolumes import SceneVolumes

VERSION = 1
# where a transform node comes from: an engine run here, a node of the user, a copy of such a node
REGISTERED, OF_SCENE, COPY = "registered", "scene", "copy"
OWN_ATTRIBUTES = (
    SceneNames.REGISTRATION, SceneNames.QUALITY_INPUTS, SceneNames.ASKED_FOR, SceneNames.APPROVAL,
)  # fmt: skip


class RegistrationNodes:
    """Keeps registrations in a scene.

    A node of this kind takes points of the reference image to the prior image in the direction
    *from parent*, so that prior nodes under it appear on the reference image. The transform is kept
    exactly, field and domain included.

    :param scene: vtkMRMLScene.
    """

    def __init__(self, scene):
        self._scene = scene

    def find(self, priorKey: str, plannedKey: str):
        """Registration of a course with the planned one; None if there is none."""
        nodes = self._scene.GetNodesByClass("vtkMRMLTransformNode")
        nodes.UnRegister(None)
        for place in range(nodes.GetNumberOfItems()):
            record = RegistrationNodes.record(nodes.GetItemAsObject(place))
            if record and (record["course"], record["reference"]) == (priorKey, plannedKey):
                return nodes.GetItemAsObject(place)
        return None

    def add(
        self, match: RegisteredCourse, prior: Course, planned: Course, keys, name: str, stay=()
    ):
        """Transform node of a registration; it takes the place of an earlier one.

        :param keys: keys of the prior and the planned course (`SceneCourse.key`).
        :param stay: nodes that stay where they are even if they are under the earlier one.
        :return: vtkMRMLTransformNode or one of its classes.
        """
        before = self.find(*keys)
        node = self.addTransform(match.result.transform, name)
        self.replace(before, node, stay)
        RegistrationNodes.describe(node, match, prior, planned, keys)
        return node

    def replace(self, before, node, stay=()) -> None:
        """Let a node take the place of an earlier registration, which is one no more.

        :param before: earlier registration, or None. It is removed if it was made here; one of the
            user, or changed by hand since, stays in the scene as a transform without a meaning.
        :param stay: nodes that stay where they are even if they are under the earlier one.
        """
        if before is None or before is node:
            return
        isOfUser = not RegistrationNodes._isMadeHere(before)
        self._moveChildren(before, node, stay if isOfUser else ())
        OtherMapNodes.clear(before)
        if not isOfUser:
            self._scene.RemoveNode(before)
            return
        for name in OWN_ATTRIBUTES:
            before.RemoveAttribute(name)

    def copyOf(self, node, name: str):
        """Transform node that does the same; it says to which points it was fitted as well."""
        made = self.addTransform(RegistrationNodes.transform(node), name)
        made.SetAttribute(SceneNames.FITTED_TO, node.GetAttribute(SceneNames.FITTED_TO))
        return made

    @staticmethod
    def describe(
        node,
        match: RegisteredCourse,
        prior: Course,
        planned: Course,
        keys,
        origin: str = REGISTERED,
    ) -> None:
        """Write on a transform node what it registers, how it was found and how good it is.

        :param origin: ``REGISTERED``, ``OF_SCENE`` or ``COPY``.
        """
        result = match.result
        record = {
            "version": VERSION,
            "origin": origin,
            "course": keys[0],
            "reference": keys[1],
            "mode": result.mode,
            "engine": result.engine,
            "seconds": round(result.seconds, 3),
            "parameters": {key: str(value) for key, value in result.parameters.items()},
            "log": list(result.log),
            "stop_reason": result.stop_reason,
            "warnings": list(result.warnings),
            "rigid": None
            if result.rigid is None
            else RegistrationTransforms.matrix(result.rigid).tolist(),
            "quality": match.quality,
            "images": RegistrationNodes.images(prior, planned),
            "transform": RegistrationTransforms.digest(node),
        }
        OtherMapNodes.keep(
            node, match.alternatives, RegistrationNodes(node.GetScene()).addTransform
        )
        record["others"] = sorted(match.alternatives)
        node.SetAttribute(SceneNames.REGISTRATION, json.dumps(record))

    @staticmethod
    def images(prior: Course, planned: Course) -> str:
        """Hash of the two images a registration is between."""
        digests = {"prior": prior, "planned": planned}
        return joined(
            {name: volume_digest(c.image) if c.image else "" for name, c in digests.items()}
        )

    @staticmethod
    def record(node) -> dict[str, Any]:
        """What was written on a transform node; empty for other transforms."""
        text = node.GetAttribute(SceneNames.REGISTRATION) if node else None
        return json.loads(text) if text else {}

    @staticmethod
    def registered(node, prior: Course, planned: Course) -> RegisteredCourse:
        """Registration of a course as the evaluation uses it.

        :raises RefusedError: other images than it was made for, or a transform that was changed
            since it was measured.
        """
        reasons = RegistrationNodes.staleReasons(node, prior, planned)
        if reasons:
            raise RefusedError(*reasons)
        record = RegistrationNodes.record(node)
        void = RegistrationNodes.approvalVoid(node)
        rigid = (
            None
            if record["rigid"] is None
            else RegistrationTransforms.affine(np.array(record["rigid"]))
        )
        result = RegistrationResult(
            record["mode"],
            record["engine"],
            RegistrationNodes.transform(node),
            rigid,
            record["seconds"],
            record["parameters"],
            tuple(record["log"]),
            record["stop_reason"],
            (*record["warnings"], *([f"{prior.id}: {void}"] if void else [])),
            tuple(record["quality"].get("guided_by", ())),
        )
        approval = RegistrationNodes.approval(node)
        name = approval.name if approval else None
        others = OtherMapNodes.read(node, record.get("others", ()), RegistrationNodes.transform)
        quality = {**record["quality"], "transform_sha256": record["transform"]}
        return RegisteredCourse(prior.id, result, quality, name, others)

    @staticmethod
    def staleReasons(node, prior: Course, planned: Course) -> tuple[str, ...]:
        """Why a registration does not hold any more; empty if it does."""
        reasons = list(RegistrationNodes.changedReasons(node))
        if RegistrationNodes.record(node)["images"] != RegistrationNodes.images(prior, planned):
            reasons.append(
                f"the planning CT of {prior.id} or of the planned course is another than when they "
                "were registered; register again"
            )
        return tuple(f"{prior.id}: {reason}" for reason in reasons)

    @staticmethod
    def changedReasons(node) -> tuple[str, ...]:
        """Why the transform of a registration is not the one that was measured; empty if it is."""
        moved = RegistrationNodes.movedReason(node)
        if moved:
            return (moved,)
        if RegistrationNodes._digest(node) == RegistrationNodes.record(node)["transform"]:
            return ()
        return (
            "the transform was changed after it was measured; take it as the registration again, "
            "so that its quality is measured anew",
        )

    @staticmethod
    def movedReason(node) -> str:
        """That a transform node is moved by another one, which is not evaluated; else empty."""
        parent = SceneVolumes.transformOf(node)
        if parent is None:
            return ""
        return (
            f"'{node.GetName()}' is itself under the transform '{parent.GetName()}', so that the "
            "prior course is shown elsewhere than its dose would be taken from; harden it in the "
            "Data module and take it as the registration, or put it under no transform"
        )

    @staticmethod
    def isReplaceable(node) -> bool:
        """Whether nothing is lost if a course is registered anew without asking."""
        isRegistered = RegistrationNodes.record(node).get("origin") == REGISTERED
        return isRegistered and not RegistrationNodes.changedReasons(node)

    @staticmethod
    def _isMadeHere(node) -> bool:
        """Whether a registration is no work of the user, neither made nor changed by hand.

        Nobody knows that of one in a scene saved before its origin was kept.
        """
        isMade = RegistrationNodes.record(node).get("origin") in (REGISTERED, COPY)
        return isMade and not RegistrationNodes.changedReasons(node)

    @staticmethod
    def approve(node, approval: Approval) -> None:
        """Keep an approval of the registration as it is now.

        :raises RefusedError: no registration, or one that is not as it was measured.
        """
        if not RegistrationNodes.record(node):
            reason = f"'{node.GetName()}' is not the registration of a course; take it as one first"
            raise RefusedError(reason)
        changed = RegistrationNodes.changedReasons(node)
        if changed:
            raise RefusedError(*changed)
        RegistrationApproval.keep(node, approval, RegistrationNodes._now(node))

    @staticmethod
    def approval(node) -> Approval | None:
        """Approval of the transform, images and courses as they are now; no other counts."""
        return RegistrationApproval.read(node, RegistrationNodes._now(node))

    @staticmethod
    def approvalVoid(node) -> str:
        """Why an approval that was given does not hold; empty if it does or there is none."""
        return RegistrationApproval.void(node, RegistrationNodes._now(node))

    @staticmethod
    def _now(node) -> dict[str, str]:
        """What a node registers now, as far as it can be approved."""
        record = RegistrationNodes.record(node)
        known = {key: record.get(key, "") for key in ("course", "reference", "images")}
        return {**known, "transform": RegistrationNodes._digest(node)}

    @staticmethod
    def _digest(node) -> str:
        """Hash of the transform of a node; empty for one that cannot be read."""
        try:
            return RegistrationTransforms.digest(node)
        except RefusedError:
            return ""

    @staticmethod
    def transform(node) -> sitk.Transform:
        """Transform of a node, from points of the reference image to the prior image, LPS, mm.

        :raises RefusedError: a transform that only its inverse is known of, or without content.
        """
        return RegistrationTransforms.read(node)

    def addTransform(self, transform: sitk.Transform, name: str):
        """Transform node that holds a transform from reference to prior exactly."""
        return RegistrationTransforms.add(self._scene, transform, name)

    def _moveChildren(self, before, after, stay) -> None:
        nodes = self._scene.GetNodesByClass("vtkMRMLTransformableNode")
        nodes.UnRegister(None)
        for place in range(nodes.GetNumberOfItems()):
            node = nodes.GetItemAsObject(place)
            if node.GetTransformNodeID() == before.GetID() and node not in stay:
                node.SetAndObserveTransformNodeID(after.GetID())
