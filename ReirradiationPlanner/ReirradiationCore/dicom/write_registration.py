"""Writing the registration of a prior course as Spatial or Deformable Spatial Registration.

The registered frame of reference is that of the planned course; the source is the prior course.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import SimpleITK as sitk

from ..grids import Grid
from ..point_transforms import field_on_grid, linear_part
from ..version import __version__
from .registration import DEFORMABLE, SPATIAL
from .write_common import SeriesInfo, StudyInfo, decimal, item, new_object, save

if TYPE_CHECKING:
    from pydicom import Dataset

IDENTITY = np.eye(4)


def write_registration(
    path: Path,
    transform: sitk.Transform,
    prior_frame_uid: str,
    study: StudyInfo,
    series: SeriesInfo,
    sop_uid: str,
    grid: Grid,
) -> Path:
    """Write the transform from the reference image to a prior image.

    Linear transforms become a Spatial Registration (matrix from the prior to the reference frame),
    all others a Deformable Spatial Registration (offsets from the reference to the prior frame).

    Parameters
    ----------
    transform : sitk.Transform
        Takes points of the reference image to the prior image, LPS, mm.
    prior_frame_uid : str
        Frame of Reference UID of the prior course; that of the planned course is in ``study``.
    series : SeriesInfo
        With date and time, which become those of the content.
    grid : Grid
        Where the deformation is sampled if the transform does not bring a grid of its own.

    Raises
    ------
    RefusedError
        A file that is there already.
    """
    is_linear = transform.IsLinear()
    dataset = new_object(SPATIAL if is_linear else DEFORMABLE, sop_uid, "REG", study, series)
    dataset.InstanceNumber, dataset.ContentLabel = 1, "REGISTRATION"
    dataset.ContentDescription, dataset.ContentCreatorName = series.description, ""
    dataset.ContentDate, dataset.ContentTime = series.date, series.time
    dataset.SoftwareVersions = dataset.DeviceSerialNumber = __version__
    if is_linear:
        matrix, offset = linear_part(transform)
        there = np.eye(4)
        there[:3, :3], there[:3, 3] = matrix, offset
        dataset.RegistrationSequence = [
            _spatial_item(study.frame_of_reference_uid, IDENTITY),
            _spatial_item(prior_frame_uid, np.linalg.inv(there)),
        ]
    else:
        dataset.DeformableRegistrationSequence = [
            _deformable_item(prior_frame_uid, transform, own_grid(transform) or grid)
        ]
    return save(dataset, path)


def _spatial_item(frame_uid: str, matrix: np.ndarray) -> Dataset:
    registration = item(RegistrationTypeCodeSequence=[], MatrixSequence=[_matrix_item(matrix)])
    return item(FrameOfReferenceUID=frame_uid, MatrixRegistrationSequence=[registration])


def _matrix_item(matrix: np.ndarray) -> Dataset:
    linear = matrix[:3, :3]
    is_rigid = np.allclose(linear.T @ linear, np.eye(3), atol=1e-6)
    return item(
        FrameOfReferenceTransformationMatrix=[decimal(value) for value in matrix.ravel()],
        FrameOfReferenceTransformationMatrixType="RIGID" if is_rigid else "AFFINE",
    )


def _deformable_item(frame_uid: str, transform: sitk.Transform, grid: Grid) -> Dataset:
    """Offsets from the reference to the prior frame; NaN where the transform is unknown."""
    vectors = field_on_grid(transform, grid).array
    offsets = item(
        ImagePositionPatient=[decimal(value) for value in grid.origin_lps],
        ImageOrientationPatient=[decimal(round(v, 9)) for v in grid.axes[:, :2].T.ravel()],
        GridDimensions=list(grid.size),
        GridResolution=[float(value) for value in grid.spacing_mm],
        VectorGridData=np.ascontiguousarray(vectors, dtype="<f4").tobytes(),
    )
    return item(
        SourceFrameOfReferenceUID=frame_uid,
        RegistrationTypeCodeSequence=[],
        PreDeformationMatrixRegistrationSequence=[_matrix_item(IDENTITY)],
        PostDeformationMatrixRegistrationSequence=[_matrix_item(IDENTITY)],
        DeformableRegistrationGridSequence=[offsets],
    )


def own_grid(transform: sitk.Transform) -> Grid | None:
    """Grid of the only displacement field of a transform that is sampled first, None without.

    Sampled there the whole transform is exact: linear parts after a field stay trilinear.
    """
    kind = transform.GetTransformEnum()
    if kind == sitk.sitkComposite:
        parts = sitk.CompositeTransform(transform)
        count = parts.GetNumberOfTransforms()
        others = [parts.GetNthTransform(n) for n in range(count - 1)]
        if count and all(other.IsLinear() for other in others):
            return own_grid(parts.GetNthTransform(count - 1))
        return None
    if kind != sitk.sitkDisplacementField:
        return None
    field = sitk.DisplacementFieldTransform(transform).GetDisplacementField()
    grid = Grid(field.GetSize(), field.GetSpacing(), field.GetOrigin(), tuple(field.GetDirection()))
    return grid if np.linalg.det(grid.axes) > 0 else None
