"""DICOM Spatial and Deformable Spatial Registration as transforms between two frames of reference.

A matrix of a Spatial Registration takes points of its source frame to the registered frame; a
Deformable Spatial Registration takes points of the registered frame to its source frame.

References
----------
DICOM PS3.3 C.20.2.1.1 (matrices; the first item of a chain is applied first) and C.20.3.1.1
(pre-deformation matrix, grid, post-deformation matrix).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk

from ..errors import GeometryError, RefusedError
from ..grids import Grid
from .attributes import numbers, read_dataset, sequence, text, value_of
from .deformations import field_transform, inverse_of

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

Matrix = npt.NDArray[np.float64]
SPATIAL = "1.2.840.10008.5.1.4.1.1.66.1"
DEFORMABLE = "1.2.840.10008.5.1.4.1.1.66.3"
MOST_VECTORS = 50_000_000
_RIGID_TOLERANCE = 1e-4


@dataclass(frozen=True)
class RegistrationFile:
    """A registration object: its file and the frames of reference it ties together."""

    path: Path
    name: str
    sop_uid: str
    frames: frozenset[str]
    is_deformable: bool

    def links(self, one: str, other: str) -> bool:
        """Tell whether it ties two different frames of reference."""
        return one != other and {one, other} <= self.frames


@dataclass(frozen=True, eq=False)
class ReadRegistration:
    """A transform from one frame of reference to another, and its rigid form where it has one."""

    transform: sitk.Transform
    rigid: sitk.Transform | None
    is_deformable: bool
    notes: tuple[str, ...] = ()


def read_registration_file(path: Path, name: str) -> RegistrationFile:
    """Return which frames of reference a registration object ties together.

    Raises
    ------
    RefusedError
        The file is broken, holds no registration or is no registration object.
    """
    dataset = _dataset(path, name)
    if not any(sequence(dataset, f"{kind}RegistrationSequence") for kind in ("", "Deformable")):
        reason = f"{name}: holds no registration, it is empty or cut off; export it again"
        raise RefusedError(reason)
    frames = frozenset(uid for uid in (_registered(dataset), *_items(dataset)[0]) if uid)
    is_deformable = text(dataset, "SOPClassUID") == DEFORMABLE
    return RegistrationFile(path, name, text(dataset, "SOPInstanceUID"), frames, is_deformable)


def read_registration(path: Path, name: str, origin: str, goal: str) -> ReadRegistration:
    """Return the transform that takes points of frame ``origin`` to frame ``goal``, LPS, mm.

    Parameters
    ----------
    path : Path
        Registration object.
    name : str
        How messages call it.
    origin, goal : str
        Frame of Reference UIDs: of the reference image and of a prior image.

    Raises
    ------
    RefusedError
        One frame for both, frames that the object does not tie together, impossible values.
    """
    if origin == goal:
        reason = (
            f"{name}: a DICOM registration ties two frames of reference together and both courses "
            f"have one ({origin}), so what it moves cannot be told; take identity, rigid, "
            "deformable or an ITK transform file"
        )
        raise RefusedError(reason)
    dataset = _dataset(path, name)
    items, repeated = _items(dataset)
    usable = {_registered(dataset), *items} - repeated
    missing = [uid for uid in (origin, goal) if uid not in usable]
    if missing:
        reason = (
            f"{name}: this registration does not tie the frames of reference of the two courses "
            f"together ({', '.join(missing)} is not in it once); give the one made for their CTs"
        )
        raise RefusedError(reason)
    if text(dataset, "SOPClassUID") == SPATIAL:
        return _spatial(items, origin, goal, name)
    return _deformable(dataset, items, origin, goal, name)


def _dataset(path: Path, name: str) -> Dataset:
    dataset = read_dataset(path, name)
    if text(dataset, "SOPClassUID") not in (SPATIAL, DEFORMABLE):
        reason = (
            f"{name}: is not a DICOM registration (SOP class "
            f"{text(dataset, 'SOPClassUID') or 'missing'}); give a Spatial or Deformable Spatial "
            "Registration"
        )
        raise RefusedError(reason)
    return dataset


def _registered(dataset: Dataset) -> str:
    return text(dataset, "FrameOfReferenceUID")


def _items(dataset: Dataset) -> tuple[dict[str, Dataset], set[str]]:
    """Return the items by source frame, and the frames of several: these cannot be told apart."""
    if text(dataset, "SOPClassUID") == SPATIAL:
        listed = sequence(dataset, "RegistrationSequence")
        uids = [text(entry, "FrameOfReferenceUID") for entry in listed]
    else:
        listed = sequence(dataset, "DeformableRegistrationSequence")
        uids = [text(entry, "SourceFrameOfReferenceUID") for entry in listed]
    repeated = {uid for uid in uids if uid and uids.count(uid) > 1}
    found = {uid: entry for uid, entry in zip(uids, listed, strict=True) if uid}
    return {uid: entry for uid, entry in found.items() if uid not in repeated}, repeated


def _spatial(items: dict[str, Dataset], origin: str, goal: str, name: str) -> ReadRegistration:
    notes: list[str] = []
    from_origin, from_goal = (
        _chain(items[uid], name, notes) if uid in items else np.eye(4) for uid in (origin, goal)
    )
    matrix = np.linalg.inv(from_goal) @ from_origin
    transform = _affine(matrix)
    linear = matrix[:3, :3]
    is_rigid = np.allclose(linear.T @ linear, np.eye(3), atol=_RIGID_TOLERANCE)
    return ReadRegistration(transform, transform if is_rigid else None, False, tuple(notes))


def _chain(item: Dataset, name: str, notes: list[str]) -> Matrix:
    """Return the product of all matrices of an item, the first applied first."""
    matrices = [
        _matrix(part, name)
        for registration in sequence(item, "MatrixRegistrationSequence")
        for part in sequence(registration, "MatrixSequence")
    ]
    if not matrices:
        reason = f"{name}: an item of the registration has no matrix; export it again"
        raise RefusedError(reason)
    product, backwards = np.eye(4), np.eye(4)
    for matrix in matrices:
        product, backwards = matrix @ product, backwards @ matrix
    if not np.allclose(product, backwards, atol=1e-3):
        notes.append(
            f"{name}: holds a chain of {len(matrices)} matrices; the first was applied first, "
            "check the registration on the images"
        )
    return product


def _matrix(item: Dataset, name: str) -> Matrix:
    values = numbers(item, "FrameOfReferenceTransformationMatrix")
    kind = text(item, "FrameOfReferenceTransformationMatrixType") or "AFFINE"
    if values is None or values.size != 16 or not np.isfinite(values).all():
        reason = f"{name}: a matrix of the registration does not have 16 numbers; export it again"
        raise RefusedError(reason)
    matrix = values.reshape(4, 4)
    if not np.allclose(matrix[3], (0, 0, 0, 1), atol=1e-6):
        reason = f"{name}: the last row of a matrix is {matrix[3].tolist()}, it must be 0, 0, 0, 1"
        raise RefusedError(reason)
    linear = matrix[:3, :3]
    if np.linalg.det(linear) <= 1e-6:
        reason = f"{name}: a matrix of the registration mirrors or flattens the patient"
        raise RefusedError(reason)
    if kind == "RIGID" and not np.allclose(linear.T @ linear, np.eye(3), atol=1e-3):
        reason = f"{name}: a matrix is called RIGID but is not; export the registration again"
        raise RefusedError(reason)
    return matrix


def _affine(matrix: Matrix) -> sitk.Transform:
    linear, offset = matrix[:3, :3].ravel().tolist(), matrix[:3, 3].tolist()
    return sitk.Transform(sitk.AffineTransform(linear, offset))


def _deformable(
    dataset: Dataset, items: dict[str, Dataset], origin: str, goal: str, name: str
) -> ReadRegistration:
    """Return ``D_goal`` after the inverse of ``D_origin``, both from the registered frame."""
    little = _is_little_endian(dataset)
    parts = sitk.CompositeTransform(3)
    notes = []
    if goal in items and goal != _registered(dataset):
        for step in _steps(items[goal], name, little):
            parts.AddTransform(step)
    if origin in items and origin != _registered(dataset):
        parts.AddTransform(inverse_of(_steps(items[origin], name, little), name))
        notes.append(f"{name}: maps the other way round and was inverted numerically")
    return ReadRegistration(sitk.Transform(parts), None, True, tuple(notes))


def _is_little_endian(dataset: Dataset) -> bool:
    meta = getattr(dataset, "file_meta", None)
    return meta is None or text(meta, "TransferSyntaxUID") != "1.2.840.10008.1.2.2"


def _steps(item: Dataset, name: str, little: bool) -> list[sitk.Transform]:
    """Return the transforms of an item as a composite takes them: the last is applied first."""
    before, after = (
        _whole_matrix(item, f"{part}DeformationMatrixRegistrationSequence", name)
        for part in ("Pre", "Post")
    )
    grids = sequence(item, "DeformableRegistrationGridSequence")
    if not grids:
        return [_affine(after @ before)]
    grid, vectors = _grid(grids[0], name, little)
    # The grid lies in the registered frame: its offset is added after the first matrix.
    centers = grid.centers_lps()
    shift = vectors.reshape(-1, 3) + centers @ before[:3, :3].T + before[:3, 3] - centers
    return [_affine(after), field_transform(shift, grid)]


def _whole_matrix(item: Dataset, keyword: str, name: str) -> Matrix:
    parts = sequence(item, keyword)
    return _matrix(parts[0], name) if parts else np.eye(4)


def _grid(item: Dataset, name: str, little: bool) -> tuple[Grid, Matrix]:
    """Return grid and offset vectors (k, j, i, 3), mm."""
    size, spacing = numbers(item, "GridDimensions"), numbers(item, "GridResolution")
    place, cosines = numbers(item, "ImagePositionPatient"), numbers(item, "ImageOrientationPatient")
    lengths = [0 if part is None else part.size for part in (size, spacing, place, cosines)]
    data = value_of(item, "VectorGridData")
    if lengths != [3, 3, 3, 6] or not isinstance(data, bytes):
        reason = f"{name}: the deformation grid is not complete; export the registration again"
        raise RefusedError(reason)
    count = int(np.prod(size))
    if not 0 < count <= MOST_VECTORS or len(data) != 12 * count:
        reason = (
            f"{name}: the deformation grid says {count} vectors and holds {len(data) / 12:g}; "
            "export the registration again"
        )
        raise RefusedError(reason)
    row, column = cosines[:3], cosines[3:]
    direction = np.stack([row, column, np.cross(row, column)], axis=1)
    try:
        sizes = tuple(int(n) for n in size)
        grid = Grid(sizes, tuple(spacing.tolist()), tuple(place.tolist()), tuple(direction.ravel()))
    except GeometryError as error:
        reason = f"{name}: {error}"
        raise RefusedError(reason) from error
    vectors = np.frombuffer(data, dtype="<f4" if little else ">f4")
    return grid, vectors.reshape(*grid.shape, 3).astype(float)
