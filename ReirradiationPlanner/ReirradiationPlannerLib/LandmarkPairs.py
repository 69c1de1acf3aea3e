"""Two lists of points in a scene as the landmarks of a registration."""

from __future__ import annotations

import json

import numpy as np
from ReirradiationCore.errors import RefusedError
from ReirradiationCore.landmark_errors import SAME_POINT_MM
from ReirradiationCore.landmarks import Landmark, landmarks_from_json

from .LandmarkStart import fitStart, pointsOf
from .SceneNames import SceneNames

RAS_TO_LPS = np.array([-1.0, -1.0, 1.0])


class LandmarkPairs:
    """The same points, in the same order, on today's CT and on a prior one.

    :param reference: vtkMRMLMarkupsFiducialNode with points on today's CT.
    :param prior: the same points on the prior CT.
    """

    def __init__(self, reference, prior):
        self._reference = reference
        self._prior = prior

    def landmarks(self, course: str, images: tuple, startNodes: tuple) -> tuple[Landmark, ...]:
        """Landmarks that measure a registration; labels name them, descriptions their organ.

        :param course: id of the prior course.
        :param images: volume nodes of today's and of the prior CT.
        :param startNodes: transforms the registration is or may have started from; None is none.
        :raises RefusedError: lists that differ, that are not where their CT is, names that stand
            twice, and points the start was fitted to, which are not independent.
        """
        counts = [node.GetNumberOfControlPoints() for node in (self._reference, self._prior)]
        if counts[0] != counts[1]:
            reason = (
                f"there are {counts[0]} landmarks today and {counts[1]} before; give the same "
                "points on both CTs, in the same order"
            )
            raise RefusedError(reason)
        self._requireSamePlaces(images)
        today, before = _points(self._reference), _points(self._prior)
        for startNode in filter(None, startNodes):
            self._requireIndependent(today, startNode)
        content = [
            {
                "name": self._reference.GetNthControlPointLabel(n).strip() or str(n + 1),
                "structure": self._reference.GetNthControlPointDescription(n).strip(),
                "reference_lps": today[n].tolist(),
                "prior_lps": before[n].tolist(),
            }
            for n in range(counts[0])
        ]
        return landmarks_from_json({course: content})[course]

    def fitStart(self, images: tuple, measuring: tuple[Landmark, ...], chosen=None) -> tuple:
        """Fit a rigid start to the points.

        :param images: volume nodes of today's and of the prior CT.
        :param measuring: landmarks that measure the registration of the prior course.
        :param chosen: start transform so far, or None. A fit is only written on a node of an
            earlier fit; any other one stays as it is.
        :return: vtkMRMLLinearTransformNode that brings the prior course onto today's CT, and the
            mean distance of the points after the fit, mm.
        :raises RefusedError: lists that are not where their CT is, or that fix no start; points
            that measure the registration.
        """
        self._requireSamePlaces(images)
        LandmarkPairs.requireNotMeasuring(self._reference, measuring)
        node, scene = chosen, self._reference.GetScene()
        if not _isFreeForFits(chosen):
            node = scene.AddNewNodeByClass("vtkMRMLLinearTransformNode", "Start from landmarks")
        try:
            error = fitStart(self._reference, self._prior, node)
        except RefusedError:
            if node is not chosen:
                scene.RemoveNode(node)
            raise
        LandmarkPairs.keepFitted(node, self._reference)
        return node, error

    @staticmethod
    def moveAlong(points, image, transformNode) -> None:
        """Bring points under a transform that their CT comes under; points elsewhere stay.

        They may have been set where the CT was shown then, which only the user knows.
        """
        if points.GetParentTransformNode() is image.GetParentTransformNode():
            points.SetAndObserveTransformNodeID(transformNode.GetID())

    @staticmethod
    def keepFitted(startNode, reference) -> None:
        """Write on a start transform to which points it was fitted."""
        text = json.dumps(_points(reference).tolist())
        startNode.SetAttribute(SceneNames.FITTED_TO, text)

    @staticmethod
    def passOn(startNode, transformNode) -> None:
        """Write on a registration to which points its start was fitted, if to any."""
        text = startNode.GetAttribute(SceneNames.FITTED_TO) if startNode else None
        transformNode.SetAttribute(SceneNames.FITTED_TO, text)

    @staticmethod
    def requireNotMeasuring(reference, landmarks: tuple[Landmark, ...]) -> None:
        """Refuse to fit a start to points that measure the registration.

        :param landmarks: of the prior course.
        """
        name = _firstAmong(landmarks, _points(reference))
        if name:
            reason = (
                f"landmark '{name}' measures the registration, which cannot start from it as "
                "well; give other points, or take the landmarks back with empty lists"
            )
            raise RefusedError(reason)

    @staticmethod
    def requireNotFittedTo(startNode, landmarks: tuple[Landmark, ...]) -> None:
        """Refuse a start or a registration that was fitted to points that measure it.

        :param landmarks: of the prior course.
        """
        name = _firstAmong(landmarks, _fittedTo(startNode))
        if name:
            reason = (
                f"'{startNode.GetName()}' was fitted to landmark '{name}', which measures the "
                "registration; choose another transform, or take the landmarks back with empty "
                "lists"
            )
            raise RefusedError(reason)

    def _requireIndependent(self, today: np.ndarray, startNode) -> None:
        fitted = _fittedTo(startNode)
        for n, point in enumerate(today):
            if _isAmong(point, fitted):
                name = self._reference.GetNthControlPointLabel(n)
                reason = (
                    f"the start was fitted to landmark '{name}', which cannot measure the "
                    "registration as well; give other points"
                )
                raise RefusedError(reason)

    def _requireSamePlaces(self, images: tuple) -> None:
        for node, image in zip((self._reference, self._prior), images, strict=True):
            self._requireSamePlace(node, image)

    @staticmethod
    def _requireSamePlace(node, image) -> None:
        """Refuse points of which nobody knows whether they were set where the CT is shown now."""
        parent = image.GetParentTransformNode() if image is not None else None
        if node.GetParentTransformNode() is not parent:
            shown = f"is shown under '{parent.GetName()}'" if parent else "is shown in its place"
            reason = (
                f"{image.GetName() if image else 'the CT'} {shown}, but the landmarks "
                f"'{node.GetName()}' are not: put both under the same transform in the Data "
                "module, and see that the points lie where they belong"
            )
            raise RefusedError(reason)


def _isFreeForFits(node) -> bool:
    """Whether a transform holds an earlier fit and is neither a registration nor under another."""
    if node is None or node.GetParentTransformNode() is not None:
        return False
    return bool(node.GetAttribute(SceneNames.FITTED_TO)) and not node.GetAttribute(
        SceneNames.REGISTRATION
    )


def _fittedTo(startNode) -> np.ndarray:
    """Points (N, 3) of today's CT, LPS, mm, to which a transform was fitted."""
    text = startNode.GetAttribute(SceneNames.FITTED_TO)
    return np.array(json.loads(text) if text else []).reshape(-1, 3)


def _firstAmong(landmarks: tuple[Landmark, ...], points: np.ndarray) -> str:
    """Name of the first landmark that is one of some points of today's CT; empty if none is."""
    return next((m.name for m in landmarks if _isAmong(np.array(m.reference_lps), points)), "")


def _isAmong(point: np.ndarray, points: np.ndarray) -> bool:
    return bool((np.linalg.norm(points - point, axis=1) < SAME_POINT_MM).any())


def _points(node) -> np.ndarray:
    """Points (N, 3) of a markups node in its own coordinates, LPS, mm."""
    return pointsOf(node) * RAS_TO_LPS
