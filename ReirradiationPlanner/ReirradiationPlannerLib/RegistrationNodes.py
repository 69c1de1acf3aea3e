"""Registrations as transform nodes that carry how they were found, their quality and approval."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import SimpleITK as sitk
import slicer
import vtk
from ReirradiationCore.approvals import Approval
from ReirradiationCore.content_hash import joined, transform_digest, volume_digest
from ReirradiationCore.courses import Course
from ReirradiationCore.errors import RefusedError, RegistrationError
from ReirradiationCore.pipeline_data import RegisteredCourse
from ReirradiationCore.point_transforms import linear_part, read_transform, write_transform
from ReirradiationCore.registration import RegistrationResult

from .OtherMapNodes import OtherMapNodes
from .SceneNames import SceneNames
from .TransformNodes import LPS_TO_RAS, TransformNodes

VERSION = 1
# transforms of nodes as they were read last, with the time of their last change
_KNOWN: WeakKeyDictionary[Any, tuple[int, sitk.Transform]] = WeakKeyDictionary()
IDENTITY = 1e-9


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

    def add(self, match: RegisteredCourse, prior: Course, planned: Course, keys, name: str):
        """Transform node of a registration; it takes the place of an earlier one.

        :param keys: keys of the prior and the planned course (`SceneCourse.key`).
        :return: vtkMRMLTransformNode or one of its classes.
        """
        before = self.find(*keys)
        node = self.addTransform(match.result.transform, name)
        if before is not None:
            self._moveChildren(before, node)
            self.remove(before)
        RegistrationNodes.describe(node, match, prior, planned, keys)
        return node

    @staticmethod
    def describe(node, match: RegisteredCourse, prior: Course, planned: Course, keys) -> None:
        """Write on a transform node what it registers, how it was found and how good it is."""
        result = match.result
        record = {
            "version": VERSION,
            "course": keys[0],
            "reference": keys[1],
            "mode": result.mode,
            "engine": result.engine,
            "seconds": round(result.seconds, 3),
            "parameters": {key: str(value) for key, value in result.parameters.items()},
            "log": list(result.log),
            "stop_reason": result.stop_reason,
            "warnings": list(result.warnings),
            "rigid": None if result.rigid is None else _matrix(result.rigid).tolist(),
            "quality": match.quality,
            "images": RegistrationNodes.images(prior, planned),
            "transform": transform_digest(RegistrationNodes.transform(node)),
        }
        OtherMapNodes.keep(
            node, match.alternatives, RegistrationNodes(node.GetScene()).addTransform
        )
        record["others"] = sorted(match.alternatives)
        node.SetAttribute(SceneNames.REGISTRATION, json.dumps(record))

    def remove(self, node) -> None:
        """Remove a registration and the maps of other engines that belong to it."""
        OtherMapNodes.clear(node)
        self._scene.RemoveNode(node)

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
        record = RegistrationNodes.record(node)
        transform = RegistrationNodes.transform(node)
        reasons = RegistrationNodes.staleReasons(record, transform, prior, planned)
        if reasons:
            raise RefusedError(*reasons)
        rigid = None if record["rigid"] is None else _affine(np.array(record["rigid"]))
        result = RegistrationResult(
            record["mode"],
            record["engine"],
            transform,
            rigid,
            record["seconds"],
            record["parameters"],
            tuple(record["log"]),
            record["stop_reason"],
            tuple(record["warnings"]),
            tuple(record["quality"].get("guided_by", ())),
        )
        approval = RegistrationNodes.approval(node)
        name = approval.name if approval else None
        others = OtherMapNodes.read(node, record.get("others", ()), RegistrationNodes.transform)
        return RegisteredCourse(prior.id, result, record["quality"], name, others)

    @staticmethod
    def staleReasons(
        record: dict[str, Any], transform: sitk.Transform, prior: Course, planned: Course
    ) -> tuple[str, ...]:
        """Why a registration does not hold any more; empty if it does."""
        reasons = []
        if record["images"] != RegistrationNodes.images(prior, planned):
            reasons.append(
                f"{prior.id}: the planning CT of {prior.id} or of the planned course is another "
                "than when they were registered; register again"
            )
        if record["transform"] != transform_digest(transform):
            reasons.append(
                f"{prior.id}: the transform was changed after it was measured; take it as the "
                "registration again, so that its quality is measured anew"
            )
        return tuple(reasons)

    @staticmethod
    def approve(node, approval: Approval) -> None:
        """Keep an approval of the transform as it is now."""
        digest = transform_digest(RegistrationNodes.transform(node))
        content = {"name": approval.name, "date": approval.date, "comment": approval.comment}
        text = json.dumps({**content, "transform": digest})
        node.SetAttribute(SceneNames.APPROVAL, text)

    @staticmethod
    def approval(node) -> Approval | None:
        """Approval of the transform as it is now; one of an earlier transform is none."""
        text = node.GetAttribute(SceneNames.APPROVAL)
        if not text:
            return None
        content = json.loads(text)
        if content.pop("transform") != transform_digest(RegistrationNodes.transform(node)):
            return None
        return Approval(**content)

    @staticmethod
    def transform(node) -> sitk.Transform:
        """Transform of a node, from points of the reference image to the prior image, LPS, mm.

        :raises RefusedError: a transform that only its inverse is known of, or without content.
        """
        if node.IsLinear():
            matrix = vtk.vtkMatrix4x4()
            node.GetMatrixTransformFromParent(matrix)
            ras = slicer.util.arrayFromVTKMatrix(matrix)
            lps = LPS_TO_RAS @ ras @ LPS_TO_RAS
            if np.abs(lps - np.eye(4)).max() < IDENTITY:
                return sitk.Transform(3, sitk.sitkIdentity)
            return _affine(lps)
        time = node.GetTransformFromParent().GetMTime() if node.GetTransformFromParent() else 0
        known = _KNOWN.get(node)
        if known is None or known[0] != time:
            known = _KNOWN[node] = (time, RegistrationNodes._stored(node))
        return known[1]

    @staticmethod
    def _stored(node) -> sitk.Transform:
        """Transform that is not linear, by way of the file that the scene would be saved with."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "transform.h5"
            storage = slicer.vtkMRMLTransformStorageNode()
            storage.SetFileName(str(path))
            storage.WriteData(node)
            try:
                return read_transform(path)
            except RegistrationError as error:
                reason = (
                    f"{node.GetName()}: this transform cannot be used from planned to prior "
                    f"image ({error}); invert or harden it in the Transforms module"
                )
                raise RefusedError(reason) from error

    def addTransform(self, transform: sitk.Transform, name: str):
        """Transform node that holds a transform from reference to prior exactly."""
        if transform.IsLinear():
            # the grid is of no use for a linear transform
            return TransformNodes(self._scene).addPriorToReference(transform, None, name)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "transform.h5"
            write_transform(transform, path)
            storage = slicer.vtkMRMLTransformStorageNode()
            storage.SetFileName(str(path))
            node = self._scene.AddNewNodeByClass("vtkMRMLTransformNode", name)
            if not storage.ReadData(node):
                self._scene.RemoveNode(node)
                reason = f"{name}: the transform could not be made a node of the scene"
                raise RefusedError(reason)
        return node

    def _moveChildren(self, before, after) -> None:
        nodes = self._scene.GetNodesByClass("vtkMRMLTransformableNode")
        nodes.UnRegister(None)
        for place in range(nodes.GetNumberOfItems()):
            node = nodes.GetItemAsObject(place)
            if node.GetTransformNodeID() == before.GetID():
                node.SetAndObserveTransformNodeID(after.GetID())


def _matrix(transform: sitk.Transform) -> np.ndarray:
    """4x4 matrix, LPS, mm, of a linear transform."""
    matrix = np.eye(4)
    matrix[:3, :3], matrix[:3, 3] = linear_part(transform)
    return matrix


def _affine(matrix: np.ndarray) -> sitk.Transform:
    affine = sitk.AffineTransform(3)
    affine.SetMatrix(matrix[:3, :3].ravel().tolist())
    affine.SetTranslation(matrix[:3, 3].tolist())
    return sitk.Transform(affine)
