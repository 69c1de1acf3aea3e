"""The finished evaluation as the dictionary of contract.md (results.json)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .courses import Course, CourseRole, interval_months
from .judgement import MetricRow
from .pipeline_data import Evaluation, JudgedOrgan, RegisteredCourse
from .version import __version__

SCHEMA_VERSION = 1
SOFTWARE = {"name": "ReirradiationPlanner", "version": __version__}


def results_json(evaluation: Evaluation) -> dict[str, Any]:
    """Return everything contract.md asks for, without timings and memory of the whole run."""
    return {
        "schema_version": SCHEMA_VERSION,
        "software": SOFTWARE,
        "input_hash": evaluation.input_hash,
        "input_files": {"used": len(evaluation.files), "skipped": evaluation.skipped_files},
        "courses": [course_json(c, evaluation.planned) for c in evaluation.courses],
        "registrations": [registration_json(r) for r in evaluation.registrations.values()],
        "structures": [structure_json(organ) for organ in evaluation.organs],
        "constraints": list(evaluation.constraints),
        "isotoxic": evaluation.isotoxic,
        "hot_spots": list(evaluation.hot_spots),
        "protocols": [
            {"name": p.name, "date": p.date, "citation": p.citation, "sha256": p.sha256}
            for p in evaluation.protocols
        ],
        "warnings": list(evaluation.warnings),
    }


def course_json(course: Course, planned: Course) -> dict[str, Any]:
    """Return one course; the interval is from its last known fraction to the planned course."""
    first, last = course.first_fraction_date, course.last_fraction_date
    is_prior = course.role is CourseRole.PRIOR
    return {
        "id": course.id,
        "role": course.role.value,
        "label": course.label,
        "phases": [
            {
                "plan_label": phase.plan_label,
                "fractions_planned": phase.fractions_planned,
                "fractions_delivered": phase.fractions_delivered,
                "prescribed_dose_gy": phase.prescribed_dose_gy,
            }
            for phase in course.phases
        ],
        "first_fraction_date": first.isoformat() if first else None,
        "last_fraction_date": last.isoformat() if last else None,
        "date_source": course.date_source,
        "interval_months": interval_months(course, planned) if is_prior else None,
        "patient_position": course.patient_position,
        "frame_of_reference_uid": course.frame_of_reference_uid,
    }


def registration_json(registered: RegisteredCourse) -> dict[str, Any]:
    """Return one registration with its quality per organ."""
    result, quality = registered.result, registered.quality
    return {
        "course": registered.course_id,
        "mode": result.mode,
        "engine": result.engine,
        "seconds": round(result.seconds, 3),
        "quality": quality,
        "approved_by": registered.approved_by,
    }


def structure_json(organ: JudgedOrgan) -> dict[str, Any]:
    """Return one structure with everything assumed of it and all its metrics."""
    model = organ.model
    return {
        "name": model.name,
        "standard_name": model.match.standard_name,
        "kind": model.kind.value,
        "volume_cc": organ.volume_cc,
        "alpha_beta_gy": model.alpha_beta_gy,
        "alpha_beta_source": model.alpha_beta_source,
        "recovery": model.recovery_fractions,
        "recovery_source": {
            course: "; ".join(text for text in (r.rule_id, r.source, r.note) if text)
            for course, r in model.recovery.items()
        },
        "mapping": {course: strategy.value for course, strategy in model.mapping.items()},
        "known_prior_dose_fraction": dict(organ.known_prior_dose),
        "known_planned_dose_fraction": organ.known_planned_dose,
        "metrics": metrics_json(organ.metrics),
    }


def metrics_json(rows: Sequence[MetricRow]) -> list[dict[str, Any]]:
    """Return metric rows; notes only where there are any."""
    out = []
    for row in rows:
        entry: dict[str, Any] = {
            "metric": row.metric,
            "quantity": row.quantity,
            "course": row.course,
            "value": row.value,
            "unit": row.unit,
        }
        if row.note:
            entry["note"] = row.note
        out.append(entry)
    return out
