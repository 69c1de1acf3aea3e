"""Collect what the report shows from an evaluation."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Mapping, Sequence
from importlib import metadata
from typing import Any

from .courses import StructureKind
from .pictures_data import Picture
from .pipeline_data import Evaluation
from .report import (
    DvhCurve,
    FileLine,
    HandCheck,
    PatientLine,
    ReportData,
    Source,
)
from .report import Picture as ReportPicture

LIBRARIES = ("numpy", "scipy", "SimpleITK", "pydicom", "slicer-core", "vtk")
MOST_CURVE_POINTS = 240
CURVES_OF = (StructureKind.OAR, StructureKind.TARGET)


def report_data(
    evaluation: Evaluation, results: Mapping[str, Any], pictures: Sequence[Picture] = ()
) -> ReportData:
    """Return the report's data; ``results`` is the content of results.json."""
    patient = evaluation.planned.patient
    return ReportData(
        results={**results, "libraries": library_versions()},
        patient=PatientLine(patient.patient_id, patient.name, patient.birth_date, patient.sex),
        dvh=tuple(_curves(evaluation)),
        pictures=tuple(ReportPicture(p.title, p.caption, p.png) for p in pictures),
        hand_checks=tuple(HandCheck(**check) for check in evaluation.hand_checks),
        sources=tuple(_sources(evaluation)),
        files=tuple(_files(evaluation)),
    )


def library_versions() -> dict[str, str]:
    """Return the versions of what computed the result; libraries that are absent are left out."""
    versions = {"Python": platform.python_version()}
    for name in LIBRARIES:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return versions


def _curves(evaluation: Evaluation) -> Iterator[DvhCurve]:
    kinds = {organ.model.name: organ.model.kind for organ in evaluation.organs}
    for curve in evaluation.dvh:
        if kinds[curve.structure] not in CURVES_OF:
            continue
        step = max(1, len(curve.dvh.dose_gy) // MOST_CURVE_POINTS)
        percent = 100 * curve.dvh.volume_cc / curve.dvh.total_cc
        yield DvhCurve(
            curve.structure,
            curve.distribution,
            curve.dvh.dose_gy[::step].tolist(),
            percent[::step].tolist(),
            curve.quantity,
        )


def _sources(evaluation: Evaluation) -> Iterator[Source]:
    for protocol in evaluation.protocols:
        yield Source("constraint set", protocol.name, protocol.citation, protocol.evidence)
    used = {
        (recovery.rule_id, recovery.source, recovery.evidence)
        for organ in evaluation.organs
        for recovery in organ.model.recovery.values()
        if recovery.fraction > 0
    }
    for rule, source, evidence in sorted(used):
        yield Source("recovery rule", rule, source, evidence)


def _files(evaluation: Evaluation) -> Iterator[FileLine]:
    """Plans, doses and structure sets one by one; images as one line per course."""
    course_of = {path: course.id for course in evaluation.courses for path in course.files}
    images: dict[str, int] = {}
    for path, uid, modality in evaluation.files:
        course = course_of.get(path, "")
        if modality in ("RTPLAN", "RTDOSE", "RTSTRUCT"):
            yield FileLine(course, modality, uid, path.name)
        else:
            images[course] = images.get(course, 0) + 1
    for course in evaluation.courses:
        if images.get(course.id):
            name = f"{images[course.id]} images"
            yield FileLine(course.id, "CT", f"series {course.image_series_uid}", name)
