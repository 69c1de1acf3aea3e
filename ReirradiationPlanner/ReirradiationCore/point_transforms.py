"""Move points through a transform, and know which of them the transform knows nothing about.

Transforms are ITK transforms that take points of the reference image (today's CT) to the image of
a prior course, LPS, mm. In a composite the transform added last is applied first, as in ITK.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk
from scipy import ndimage

from .errors import RegistrationError
from .grids import Grid, Volume

Points = npt.NDArray[np.float64]
Known = npt.NDArray[np.bool_]
Step = Callable[[Points], tuple[Points, Known | None]]

IMAGE_SUFFIXES = (".nrrd", ".nhdr", ".mha", ".mhd", ".nii", ".gz")
TRANSFORM_SUFFIXES = (".h5", ".hdf5", ".tfm", ".txt", ".mat", ".xfm")
INVERSE_ITERATIONS = 60
INVERSE_TOLERANCE_MM = 0.01
CHUNK = 1_000_000


def map_points(
    transform: sitk.Transform, points_lps: npt.NDArray[np.floating]
) -> tuple[Points, Known]:
    """Map points of the reference image to the prior image.

    Parameters
    ----------
    transform : sitk.Transform
        Identity, translation, Euler, versor, affine, displacement field, B-spline, or a composite
        of these; others are mapped point by point.
    points_lps : ndarray, shape (N, 3)
        LPS, mm.

    Returns
    -------
    mapped : ndarray, shape (N, 3), float64
        LPS, mm.
    known : ndarray of bool, shape (N,)
        False where a point lies more than half a voxel outside the domain of a displacement
        field or B-spline: what the transform returns there is a guess.

    Raises
    ------
    RegistrationError
        A transform that is not three-dimensional.
    """
    points = np.asarray(points_lps, dtype=np.float64)
    steps = _steps(transform)
    mapped, known = np.empty_like(points), np.ones(len(points), dtype=bool)
    for start in range(0, len(points), CHUNK):
        part = slice(start, start + CHUNK)
        mapped[part], known[part] = _walk(steps, points[part])
    return mapped, known


def _walk(steps: list[Step], points: Points) -> tuple[Points, Known]:
    known = np.ones(len(points), dtype=bool)
    for step in steps:
        points, inside = step(points)
        if inside is not None:
            known &= inside
    return points, known


def _steps(transform: sitk.Transform) -> list[Step]:
    """Return the elementary transforms in the order in which they are applied."""
    if transform.GetDimension() != 3:
        msg = f"the transform has {transform.GetDimension()} dimensions; it must have 3"
        raise RegistrationError(msg)
    kind = transform.GetTransformEnum()
    if kind == sitk.sitkComposite:
        parts = sitk.CompositeTransform(transform)
        numbers = reversed(range(parts.GetNumberOfTransforms()))
        return [step for n in numbers for step in _steps(parts.GetNthTransform(n))]
    if kind == sitk.sitkIdentity:
        return []
    if transform.IsLinear():
        return [_linear_step(*linear_part(transform))]
    if kind == sitk.sitkDisplacementField:
        return [_field_step(sitk.DisplacementFieldTransform(transform).GetDisplacementField())]
    if kind == sitk.sitkBSplineTransform:
        return [_point_step(transform, _bspline_domain(sitk.BSplineTransform(transform)))]
    return [_point_step(transform, None)]


def linear_part(transform: sitk.Transform) -> tuple[npt.NDArray[np.float64], Points]:
    """Return the matrix (3, 3) and offset (3,) of a transform with ``IsLinear()``."""
    offset = np.array(transform.TransformPoint((0.0, 0.0, 0.0)))
    columns = [np.array(transform.TransformPoint(axis)) - offset for axis in np.eye(3).tolist()]
    return np.stack(columns, axis=1), offset


def _linear_step(matrix: npt.NDArray[np.float64], offset: Points) -> Step:
    # this form keeps the product of few columns out of the threads of BLAS, which slow it down
    return lambda points: ((matrix @ points.T).T + offset, None)


def _field_step(field: sitk.Image) -> Step:
    array = sitk.GetArrayFromImage(field)
    grid = Grid(field.GetSize(), field.GetSpacing(), field.GetOrigin(), tuple(field.GetDirection()))
    last = np.array(grid.size) - 1
    components = [np.ascontiguousarray(array[..., axis]) for axis in range(3)]

    def step(points: Points) -> tuple[Points, Known]:
        index = grid.indices_of(points)
        inside = np.all((index >= -0.5 - 1e-6) & (index <= last + 0.5 + 1e-6), axis=1)
        np.clip(index, 0, last, out=index)
        rows = np.ascontiguousarray(index.T[::-1])
        moved = points.copy()
        for axis, component in enumerate(components):
            moved[:, axis] += ndimage.map_coordinates(
                component, rows, np.float64, order=1, mode="nearest"
            )
        return moved, inside

    return step


def _bspline_domain(spline: sitk.BSplineTransform) -> Callable[[Points], Known]:
    origin = np.array(spline.GetTransformDomainOrigin())
    extent = np.array(spline.GetTransformDomainPhysicalDimensions())
    axes = np.array(spline.GetTransformDomainDirection()).reshape(3, 3)

    def inside(points: Points) -> Known:
        along = (points - origin) @ axes
        return np.all((along >= -1e-6) & (along <= extent + 1e-6), axis=1)

    return inside


def _point_step(transform: sitk.Transform, domain: Callable[[Points], Known] | None) -> Step:
    def step(points: Points) -> tuple[Points, Known | None]:
        moved = [transform.TransformPoint(point) for point in points.tolist()]
        return np.array(moved).reshape(-1, 3), domain(points) if domain else None

    return step


def field_on_grid(transform: sitk.Transform, grid: Grid) -> Volume:
    """Return the displacement (prior minus reference position, mm) at every voxel of a grid.

    Returns
    -------
    Volume
        float32, shape ``(k, j, i, 3)``, components along LPS; NaN where the transform is unknown.
    """
    centers = grid.centers_lps()
    mapped, known = map_points(transform, centers)
    displacement = (mapped - centers).astype(np.float32)
    displacement[~known] = np.nan
    return Volume(displacement.reshape(*grid.shape, 3), grid)


def inverse_points(
    transform: sitk.Transform, points_lps: npt.NDArray[np.floating]
) -> tuple[Points, Known]:
    """Map points of the prior image back to the reference image.

    Linear transforms are inverted exactly. Others by the fixed-point iteration
    ``x <- x + L^-1 (y - T(x))``, L being the product of the linear parts.

    Returns
    -------
    found : ndarray, shape (N, 3)
        Points of the reference image, LPS, mm.
    known : ndarray of bool, shape (N,)
        True where ``T(found)`` is known and within 0.01 mm of the point asked for.
    """
    wanted = np.asarray(points_lps, dtype=np.float64)
    steps = _steps(transform)
    matrix, offset = linear_product(transform)
    back = np.linalg.inv(matrix)
    found = (wanted - offset) @ back.T
    known = np.zeros(len(wanted), dtype=bool)
    for _ in range(INVERSE_ITERATIONS):
        reached, inside = _walk(steps, found)
        gap = wanted - reached
        known = inside & (np.linalg.norm(gap, axis=1) <= INVERSE_TOLERANCE_MM)
        if known.all():
            break
        found = np.where(known[:, None], found, found + gap @ back.T)
    return found, known


def linear_product(transform: sitk.Transform) -> tuple[npt.NDArray[np.float64], Points]:
    """Return matrix (3, 3) and offset (3,) of the linear parts of a composite, in their order."""
    if transform.GetTransformEnum() == sitk.sitkComposite:
        parts = sitk.CompositeTransform(transform)
        matrix, offset = np.eye(3), np.zeros(3)
        for number in reversed(range(parts.GetNumberOfTransforms())):
            a, b = linear_product(parts.GetNthTransform(number))
            matrix, offset = a @ matrix, a @ offset + b
        return matrix, offset
    if transform.IsLinear():
        return linear_part(transform)
    return np.eye(3), np.zeros(3)


def read_transform(path: Path) -> sitk.Transform:
    """Read an ITK transform file, or an image of displacement vectors (LPS, mm).

    Raises
    ------
    RegistrationError
        The file is absent, is of another kind, cannot be read, holds no vectors of three
        components, or values that are not finite; names the file.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if not path.is_file():
        msg = f"transform file {path} does not exist"
        raise RegistrationError(msg)
    if suffix not in IMAGE_SUFFIXES + TRANSFORM_SUFFIXES:
        msg = (
            f"{path} is not a transform file: give an ITK transform (.h5, .tfm, .txt) or an "
            "image of displacement vectors (.nrrd, .mha, .nii)"
        )
        raise RegistrationError(msg)
    try:
        if suffix in TRANSFORM_SUFFIXES:
            transform = sitk.ReadTransform(str(path))
        else:
            transform = _field_transform(sitk.ReadImage(str(path)), path)
    except RuntimeError as error:
        msg = f"transform file {path} cannot be read: {str(error).strip().splitlines()[-1]}"
        raise RegistrationError(msg) from error
    if not is_finite(transform):
        msg = f"{path} holds numbers that are not finite; export the transform again"
        raise RegistrationError(msg)
    _steps(transform)
    return transform


def is_finite(transform: sitk.Transform) -> bool:
    """Tell whether all numbers of a transform, of every step of a composite, are finite."""
    kind = transform.GetTransformEnum()
    if kind == sitk.sitkComposite:
        parts = sitk.CompositeTransform(transform)
        count = parts.GetNumberOfTransforms()
        return all(is_finite(parts.GetNthTransform(number)) for number in range(count))
    if kind == sitk.sitkDisplacementField:
        field = sitk.DisplacementFieldTransform(transform).GetDisplacementField()
        return bool(np.isfinite(sitk.GetArrayViewFromImage(field)).all())
    numbers = (transform.GetParameters(), transform.GetFixedParameters())
    return all(bool(np.isfinite(values).all()) for values in numbers)


def _field_transform(image: sitk.Image, path: Path) -> sitk.Transform:
    if image.GetDimension() != 3 or image.GetNumberOfComponentsPerPixel() != 3:
        msg = (
            f"{path} holds {image.GetNumberOfComponentsPerPixel()} values in each voxel of "
            f"{image.GetDimension()} dimensions; a displacement field has 3 in 3 dimensions"
        )
        raise RegistrationError(msg)
    return sitk.DisplacementFieldTransform(sitk.Cast(image, sitk.sitkVectorFloat64))


def write_transform(transform: sitk.Transform, path: Path) -> None:
    """Write a transform as an ITK file (.h5 for anything with a displacement field)."""
    sitk.WriteTransform(transform, str(path))
