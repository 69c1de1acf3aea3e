"""A rigid start for a registration: fitted to landmarks, or turned by hand."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk
import slicer
import vtk
from ReirradiationCore.errors import RefusedError, RegistrationError
from ReirradiationCore.registration_starts import as_rigid

SMALLEST_SPREAD_MM = 5.0
LPS = np.diag([-1.0, -1.0, 1.0, 1.0])


def fitStart(reference, prior, node) -> float:
    """Fit a rigid transform to landmarks and write it into a node.

    :param reference: vtkMRMLMarkupsFiducialNode with points on today's CT.
    :param prior: the same points, in the same order, on the prior CT.
    :param node: vtkMRMLLinearTransformNode that brings the prior course onto today's CT.
    :return: mean distance of the landmarks after the fit, mm.
    :raises RefusedError: numbers of points that differ, too few, or nearly on one line.
    """
    today, before = pointsOf(reference), pointsOf(prior)
    if len(today) != len(before) or len(today) < 3:
        reason = (
            f"there are {len(today)} landmarks today and {len(before)} before; give the same "
            "three or more points on both CTs, in the same order"
        )
        raise RefusedError(reason)
    spread = np.linalg.svd(today - today.mean(axis=0), compute_uv=False)[1] / np.sqrt(len(today))
    if spread < SMALLEST_SPREAD_MM:
        reason = (
            f"the landmarks lie on one line to within {spread:.1f} mm; add one that is at least "
            f"{SMALLEST_SPREAD_MM:g} mm beside it"
        )
        raise RefusedError(reason)
    fit = vtk.vtkLandmarkTransform()
    fit.SetSourceLandmarks(_vtkPoints(before))
    fit.SetTargetLandmarks(_vtkPoints(today))
    fit.SetModeToRigidBody()
    fit.Update()
    node.SetMatrixTransformToParent(fit.GetMatrix())
    moved = np.array([fit.TransformPoint(point) for point in before])
    return float(np.linalg.norm(moved - today, axis=1).mean())


def referenceToPrior(node) -> sitk.Transform:
    """Return the transform of a linear node as ITK has it: reference to prior, LPS, mm.

    :param node: vtkMRMLLinearTransformNode from the prior course to today's CT.
    :raises RefusedError: a node that does more than turn and move, or stands under one that does.
    """
    toReference = vtk.vtkMatrix4x4()
    if not node.IsTransformToWorldLinear():
        reason = (
            f"{node.GetName()} bends, or stands under a transform that does; a start only turns "
            "and moves"
        )
        raise RefusedError(reason)
    node.GetMatrixTransformToWorld(toReference)
    matrix = LPS @ slicer.util.arrayFromVTKMatrix(toReference) @ LPS
    affine = sitk.AffineTransform(matrix[:3, :3].ravel().tolist(), matrix[:3, 3].tolist())
    try:
        toReferenceRigid = as_rigid(affine, np.zeros(3))
    except RegistrationError as error:
        reason = f"{node.GetName()}: {error}"
        raise RefusedError(reason) from error
    return sitk.Transform(toReferenceRigid.GetInverse())


def pointsOf(node) -> np.ndarray:
    """Points (N, 3) of a markups node in its own coordinates, RAS, mm."""
    count = node.GetNumberOfControlPoints()
    return np.array([node.GetNthControlPointPosition(i) for i in range(count)]).reshape(-1, 3)


def _vtkPoints(points: np.ndarray):
    made = vtk.vtkPoints()
    for point in points:
        made.InsertNextPoint(point.tolist())
    return made
