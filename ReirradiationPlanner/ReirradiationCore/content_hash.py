"""A hash of what is evaluated (voxels, contours, numbers) where there are no files to hash."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import SimpleITK as sitk

from .courses import Course, Phase, Structure
from .grids import Volume
from .point_transforms import linear_part

# 0.001 mm and 1e-6 of a direction: far below anything that matters, above the rounding of files
POSITION_DECIMALS = 3
DIRECTION_DECIMALS = 6
_KNOWN: WeakKeyDictionary[Volume, str] = WeakKeyDictionary()
_KNOWN_STRUCTURES: WeakKeyDictionary[Structure, str] = WeakKeyDictionary()


def volume_digest(volume: Volume) -> str:
    """Hash of the values of a volume and of where they are, 64 hexadecimal digits.

    It is remembered as long as the volume is there: its voxels must not be changed.
    """
    if volume not in _KNOWN:
        _KNOWN[volume] = _volume_digest(volume)
    return _KNOWN[volume]


def _volume_digest(volume: Volume) -> str:
    grid = volume.grid
    place = [
        grid.size,
        np.round(grid.spacing_mm, DIRECTION_DECIMALS).tolist(),
        np.round(grid.origin_lps, POSITION_DECIMALS).tolist(),
        np.round(grid.direction, DIRECTION_DECIMALS).tolist(),
        str(volume.array.dtype),
    ]
    digest = hashlib.sha256(json.dumps(place).encode())
    digest.update(np.ascontiguousarray(volume.array).data)
    return digest.hexdigest()


def structure_digest(structure: Structure) -> str:
    """Hash of name, type and contours of a structure, 64 hexadecimal digits; it is remembered."""
    if structure not in _KNOWN_STRUCTURES:
        _KNOWN_STRUCTURES[structure] = _structure_digest(structure)
    return _KNOWN_STRUCTURES[structure]


def _structure_digest(structure: Structure) -> str:
    head = [structure.name, structure.interpreted_type, structure.kind.value]
    head += [len(contour) for contour in structure.contours]
    digest = hashlib.sha256(json.dumps(head).encode())
    for contour in structure.contours:
        digest.update(np.ascontiguousarray(contour, dtype=np.float32).data)
    return digest.hexdigest()


def transform_digest(transform: sitk.Transform) -> str:
    """Hash of what a transform does, 64 hexadecimal digits, whatever classes it is made of."""
    digest = hashlib.sha256()
    for part in _parts(transform):
        if part.IsLinear():
            numbers = np.concatenate([numbers.ravel() for numbers in linear_part(part)])
            digest.update(np.round(numbers, DIRECTION_DECIMALS).astype(np.float32).tobytes())
        elif part.GetTransformEnum() == sitk.sitkDisplacementField:
            field = sitk.DisplacementFieldTransform(part).GetDisplacementField()
            place = [field.GetSize(), field.GetSpacing(), field.GetOrigin(), field.GetDirection()]
            digest.update(np.round(np.concatenate(place), DIRECTION_DECIMALS).tobytes())
            digest.update(sitk.GetArrayViewFromImage(field).astype(np.float32).data)
        else:
            digest.update(np.asarray(part.GetFixedParameters()).tobytes())
            digest.update(np.asarray(part.GetParameters()).astype(np.float32).tobytes())
    return digest.hexdigest()


def _parts(transform: sitk.Transform) -> list[sitk.Transform]:
    if transform.GetTransformEnum() != sitk.sitkComposite:
        return [transform]
    composite = sitk.CompositeTransform(transform)
    count = composite.GetNumberOfTransforms()
    return [part for n in range(count) for part in _parts(composite.GetNthTransform(n))]


def course_digests(course: Course) -> dict[str, str]:
    """Return a hash of each part of a course: ``image``, ``dose``, ``structures/<name>``."""
    parts = {} if course.image is None else {"image": volume_digest(course.image)}
    parts["dose"] = joined({str(n): _phase(phase) for n, phase in enumerate(course.phases)})
    for structure in course.structures:
        parts[f"structures/{structure.name}"] = structure_digest(structure)
    return parts


def _phase(phase: Phase) -> str:
    numbers = [phase.plan_label, phase.fractions_planned, phase.fractions_delivered]
    return joined({"dose": volume_digest(phase.dose), "plan": json.dumps(numbers)})


def joined(parts: Mapping[str, Any]) -> str:
    """One hash, 64 hexadecimal digits, of named hashes in any order."""
    return hashlib.sha256(json.dumps(dict(parts), sort_keys=True).encode()).hexdigest()
