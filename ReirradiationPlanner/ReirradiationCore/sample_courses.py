"""Courses and registrations as samples.npz keeps them: what judging needs, no dose, no image."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk

from .courses import Course, CourseRole, Patient, Phase, Structure, StructureKind
from .grids import Grid, Volume
from .letters import Letter, PointDose
from .metrics import Metric
from .pipeline_data import RegisteredCourse
from .registration import RegistrationResult

COURSE_TEXTS = (
    "id", "label", "frame_of_reference_uid", "patient_position", "date_source",
    "study_uid", "image_series_uid", "structure_set_uid",
)  # fmt: skip
PHASE_VALUES = (
    "plan_label", "fractions_planned", "fractions_delivered", "prescribed_dose_gy",
    "plan_uid", "dose_uid",
)  # fmt: skip
RESULT_TEXTS = ("mode", "engine", "seconds", "stop_reason")
Arrays = dict[str, npt.NDArray]


def course_json(course: Course, name: str, arrays: Arrays) -> dict[str, Any]:
    """Return a course without its doses and image; its contours go to ``arrays``."""
    structures = []
    for number, structure in enumerate(course.structures):
        arrays[f"{name}_contours{number}"] = np.concatenate(structure.contours)
        structures.append(_structure_json(structure))
    return {
        **{key: getattr(course, key) for key in COURSE_TEXTS},
        "role": course.role.value,
        "phases": [_phase_json(phase) for phase in course.phases],
        "structures": structures,
        "empty_structures": list(course.empty_structures),
        "first_fraction_date": _day(course.first_fraction_date),
        "last_fraction_date": _day(course.last_fraction_date),
        "letter": course.letter and course.letter.to_json(),
    }


def course_from(content: Mapping[str, Any], name: str, arrays: Mapping[str, Any]) -> Course:
    """Return the course; every voxel of its doses is unknown and it has no image."""
    structures = tuple(
        _structure_from(entry, arrays[f"{name}_contours{number}"])
        for number, entry in enumerate(content["structures"])
    )
    texts = {key: content[key] for key in COURSE_TEXTS}
    days = {
        key: None if content[key] is None else date.fromisoformat(content[key])
        for key in ("first_fraction_date", "last_fraction_date")
    }
    return Course(
        **texts,
        **days,
        role=CourseRole(content["role"]),
        patient=Patient(""),
        phases=tuple(_phase_from(entry) for entry in content["phases"]),
        structures=structures,
        empty_structures=tuple(content["empty_structures"]),
        letter=_letter(content["letter"]),
    )


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _structure_json(structure: Structure) -> dict[str, Any]:
    return {
        "roi_number": structure.roi_number,
        "name": structure.name,
        "lengths": [len(contour) for contour in structure.contours],
        "frame_of_reference_uid": structure.frame_of_reference_uid,
        "interpreted_type": structure.interpreted_type,
        "color_rgb": list(structure.color_rgb),
        "kind": structure.kind.value,
    }


def _structure_from(content: Mapping[str, Any], points: npt.NDArray) -> Structure:
    ends = np.cumsum(content["lengths"])
    return Structure(
        content["roi_number"],
        content["name"],
        tuple(np.split(points, ends[:-1])),
        content["frame_of_reference_uid"],
        content["interpreted_type"],
        tuple(content["color_rgb"]),
        StructureKind(content["kind"]),
    )


def _phase_json(phase: Phase) -> dict[str, Any]:
    grid = phase.dose.grid
    offsets = grid.plane_offsets_mm
    return {
        **{key: getattr(phase, key) for key in PHASE_VALUES},
        "grid": {
            "size": [int(n) for n in grid.size],
            "spacing_mm": [float(s) for s in grid.spacing_mm],
            "origin_lps": [float(o) for o in grid.origin_lps],
            "direction": [float(d) for d in grid.direction],
            "plane_offsets_mm": None if offsets is None else [float(o) for o in offsets],
        },
    }


def _phase_from(content: Mapping[str, Any]) -> Phase:
    entry = {key: value and tuple(value) for key, value in content["grid"].items()}
    grid = Grid(**entry)
    unknown = np.broadcast_to(np.float32(np.nan), grid.shape)
    return Phase(dose=Volume(unknown, grid), **{key: content[key] for key in PHASE_VALUES})


def _letter(content: Mapping[str, Any] | None) -> Letter | None:
    if content is None:
        return None
    points = {
        organ: PointDose(Metric.parse(point["metric"]), point["dose_gy"])
        for organ, point in content["point_doses"].items()
    }
    when = content["date"] and date.fromisoformat(content["date"])
    return Letter(content["site"], content["dose_gy"], content["fractions"], when, points)


def registered_json(match: RegisteredCourse) -> dict[str, Any]:
    """Return a registration without its transform, which stands in its own file."""
    result = match.result
    return {
        "course": match.course_id,
        "quality": match.quality,
        "approved_by": match.approved_by,
        "result": {key: getattr(result, key) for key in RESULT_TEXTS},
        "warnings": list(result.warnings),
    }


def registered_from(content: Mapping[str, Any]) -> RegisteredCourse:
    """Return the registration with a transform that knows no point at all."""
    result = RegistrationResult(
        transform=knows_no_point(), warnings=tuple(content["warnings"]), **content["result"]
    )
    return RegisteredCourse(content["course"], result, content["quality"], content["approved_by"])


def knows_no_point() -> sitk.Transform:
    """Return a transform whose domain is far from every patient, so that all it maps is unknown."""
    field = sitk.Image((2, 2, 2), sitk.sitkVectorFloat64, 3)
    field.SetOrigin((1e9, 1e9, 1e9))
    return sitk.DisplacementFieldTransform(field)
