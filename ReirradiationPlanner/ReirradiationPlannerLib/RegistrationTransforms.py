"""Transforms of registrations, read from transform nodes and written to them exactly."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import SimpleITK as sitk
import slicer
import vtk
from ReirradiationCore.content_hash import transform_digest
from ReirradiationCore.errors import RefusedError, RegistrationError
from ReirradiationCore.point_transforms import linear_part, read_transform, write_transform

from .TransformNodes import LPS_TO_RAS, TransformNodes

# transforms of nodes as they were read last, with the time of their last change
_KNOWN: WeakKeyDictionary[Any, tuple[int, sitk.Transform]] = WeakKeyDictionary()
_DIGESTS: WeakKeyDictionary[Any, tuple[sitk.Transform, str]] = WeakKeyDictionary()
IDENTITY = 1e-9


class RegistrationTransforms:
    """Reads and adds transforms from points of the reference image to the prior image, LPS, mm."""

    @staticmethod
    def read(node) -> sitk.Transform:
        """Transform of a node by itself; what transforms above it do does not count.

        :raises RefusedError: a transform that only its inverse is known of, or without content.
        """
        if node.IsLinear():
            matrix = vtk.vtkMatrix4x4()
            node.GetMatrixTransformFromParent(matrix)
            ras = slicer.util.arrayFromVTKMatrix(matrix)
            lps = LPS_TO_RAS @ ras @ LPS_TO_RAS
            if np.abs(lps - np.eye(4)).max() < IDENTITY:
                return sitk.Transform(3, sitk.sitkIdentity)
            return RegistrationTransforms.affine(lps)
        time = node.GetTransformFromParent().GetMTime() if node.GetTransformFromParent() else 0
        known = _KNOWN.get(node)
        if known is None or known[0] != time:
            known = _KNOWN[node] = (time, RegistrationTransforms._stored(node))
        return known[1]

    @staticmethod
    def digest(node) -> str:
        """Hash of the transform of a node; a field is not hashed again as long as it is the same.

        :raises RefusedError: see `read`.
        """
        transform, known = RegistrationTransforms.read(node), _DIGESTS.get(node)
        if known is None or known[0] is not transform:
            known = _DIGESTS[node] = (transform, transform_digest(transform))
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

    @staticmethod
    def add(scene, transform: sitk.Transform, name: str):
        """Transform node that holds a transform exactly, field and domain included.

        :raises RefusedError: a transform that no node can hold.
        """
        if transform.IsLinear():
            # the grid is of no use for a linear transform
            return TransformNodes(scene).addPriorToReference(transform, None, name)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "transform.h5"
            write_transform(transform, path)
            storage = slicer.vtkMRMLTransformStorageNode()
            storage.SetFileName(str(path))
            node = scene.AddNewNodeByClass("vtkMRMLTransformNode", name)
            if not storage.ReadData(node):
                scene.RemoveNode(node)
                reason = f"{name}: the transform could not be made a node of the scene"
                raise RefusedError(reason)
        return node

    @staticmethod
    def matrix(transform: sitk.Transform) -> np.ndarray:
        """4x4 matrix, LPS, mm, of a linear transform."""
        matrix = np.eye(4)
        matrix[:3, :3], matrix[:3, 3] = linear_part(transform)
        return matrix

    @staticmethod
    def affine(matrix: np.ndarray) -> sitk.Transform:
        """Linear transform of a 4x4 matrix, LPS, mm."""
        affine = sitk.AffineTransform(3)
        affine.SetMatrix(matrix[:3, :3].ravel().tolist())
        affine.SetTranslation(matrix[:3, 3].tolist())
        return sitk.Transform(affine)
