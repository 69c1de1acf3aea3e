"""SimpleITK transforms as MRML transform nodes; ITK is LPS, MRML is RAS."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk
import slicer
import vtk
from ReirradiationCore.grids import Grid
from vtk.util.numpy_support import numpy_to_vtk

LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])
SAMPLED_SPACING_MM = 4.0
# a field is stored as doubles: 600 000 vectors are 14 MB
LARGEST_FIELD = 600_000


class TransformNodes:
    """Makes transform nodes in a scene.

    A transform of Core maps points of the reference image to points of the prior image, as ITK
    resamples. In MRML that is the direction *from parent*: a prior node put under the transform
    node appears on the reference image.

    :param scene: scene that gets the nodes.
    """

    def __init__(self, scene):
        self._scene = scene

    def addPriorToReference(self, referenceToPrior: sitk.Transform, domain: Grid, name: str):
        """Node that brings prior nodes onto the reference image.

        :param referenceToPrior: maps points of the reference image to the prior image (LPS, mm).
        :param domain: grid of the reference image; transforms that are neither linear nor a small
            displacement field are sampled over it, every 4 mm or more.
        :return: vtkMRMLLinearTransformNode or vtkMRMLGridTransformNode.
        """
        if referenceToPrior.IsLinear():
            return self._addLinear(referenceToPrior, name)
        return self._addGrid(TransformNodes._field(referenceToPrior, domain), name)

    def _addLinear(self, transform: sitk.Transform, name: str):
        node = self._scene.AddNewNodeByClass("vtkMRMLLinearTransformNode", name)
        node.SetMatrixTransformFromParent(
            slicer.util.vtkMatrixFromArray(LPS_TO_RAS @ _matrix(transform) @ LPS_TO_RAS)
        )
        return node

    def _addGrid(self, field: sitk.Image, name: str):
        array = sitk.GetArrayFromImage(field).astype(np.float32) * np.float32([-1, -1, 1])
        image = vtk.vtkImageData()
        image.SetDimensions(field.GetSize())
        image.SetSpacing(field.GetSpacing())
        image.SetOrigin(np.array(field.GetOrigin()) * [-1, -1, 1])
        image.GetPointData().SetScalars(numpy_to_vtk(array.reshape(-1, 3), deep=1))
        grid = slicer.vtkOrientedGridTransform()
        grid.SetDisplacementGridData(image)
        direction = np.eye(4)
        direction[:3, :3] = LPS_TO_RAS[:3, :3] @ np.array(field.GetDirection()).reshape(3, 3)
        grid.SetGridDirectionMatrix(slicer.util.vtkMatrixFromArray(direction))
        node = self._scene.AddNewNodeByClass("vtkMRMLGridTransformNode", name)
        node.SetAndObserveTransformFromParent(grid)
        return node

    @staticmethod
    def _field(transform: sitk.Transform, domain: Grid) -> sitk.Image:
        plain = transform.Downcast()
        if isinstance(plain, sitk.CompositeTransform) and plain.GetNumberOfTransforms() == 1:
            plain = plain.GetNthTransform(0).Downcast()
        if isinstance(plain, sitk.DisplacementFieldTransform):
            field = plain.GetDisplacementField()
            if field.GetNumberOfPixels() <= LARGEST_FIELD:
                return field
        extent = np.prod(np.array(domain.size) * np.array(domain.spacing_mm))
        spacing = max(SAMPLED_SPACING_MM, float(np.cbrt(extent / LARGEST_FIELD)))
        coarse = domain.with_spacing(spacing)
        return sitk.TransformToDisplacementField(
            transform,
            sitk.sitkVectorFloat32,
            coarse.size,
            coarse.origin_lps,
            coarse.spacing_mm,
            coarse.direction,
        )


def _matrix(transform: sitk.Transform) -> np.ndarray:
    """4x4 matrix in LPS of a linear transform of any class, from the images of four points."""
    origin = np.array(transform.TransformPoint((0.0, 0.0, 0.0)))
    matrix = np.eye(4)
    matrix[:3, 3] = origin
    for axis in range(3):
        unit = tuple(float(axis == other) for other in range(3))
        matrix[:3, axis] = np.array(transform.TransformPoint(unit)) - origin
    return matrix
