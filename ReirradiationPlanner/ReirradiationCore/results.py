"""The finished evaluation as the dictionary of contract.md (results.json)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .courses import Course, CourseRole, StructureKind, interval_months
from .input_files import input_files
from .judgement import MetricRow
from .libraries import library_versions
from .patient_check import patient_check
from .pipeline_data import Evaluation, JudgedOrgan, RegisteredCourse
from .remarks import approval_void
from .version import __version__

SCHEMA_VERSION = 1
SOFTWARE = {"name": "ReirradiationPlanner", "version": __version__}


def results_json(evaluation: Evaluation) -> dict[str, Any]:
    """Return everything contract.md asks for, without timings and memory of the whole run."""
    return {
        "schema_version": SCHEMA_VERSION,
        "software": SOFTWARE,
        "libraries": library_versions(),
        "input_hash": evaluation.input_hash,
        "planned_scale": evaluation.case.planned_scale,
        "input_files": {"used": len(evaluation.files), "skipped": evaluation.skipped_files},
        "files": list(input_files(evaluation)),
        "patient_check": patient_check(
            evaluation.courses, len(evaluation.files), evaluation.case.identity_override
        ),
        "courses": [course_json(c, evaluation.planned) for c in evaluation.courses],
        "registrations": [registration_json(r) for r in evaluation.registrations.values()],
        "approvals": {
            course: {
                "name": given.name,
                "date": given.date,
                "comment": given.comment,
                "holds": not approval_void(course, evaluation.registrations, evaluation.case),
                "names_transform": given.names_transform,
            }
            for course, given in evaluation.case.approvals.items()
        },
        "unconfirmed_matches": [
            {"structure": m.name, "proposed": m.match.standard_name, "note": m.match.note}
            for m in (organ.model for organ in evaluation.organs)
            if m.match.standard_name and not m.match.certain and m.kind is StructureKind.OAR
        ],
        "structures": [structure_json(organ) for organ in evaluation.organs],
        "constraints": list(evaluation.constraints),
        "isotoxic": evaluation.isotoxic,
        "hot_spots": list(evaluation.hot_spots),
        "hand_checks": list(evaluation.hand_checks),
        "targets": dict(evaluation.targets),
        "cord_criteria": list(evaluation.cord_criteria),
        "model": {**evaluation.case.model.to_json(), "label": evaluation.case.model.label},
        "uncertainty": dict(evaluation.uncertainty),
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
        "phases": _phases_json(course),
        "first_fraction_date": first.isoformat() if first else None,
        "last_fraction_date": last.isoformat() if last else None,
        "date_source": course.date_source,
        "interval_months": interval_months(course, planned) if is_prior else None,
        "patient_position": course.patient_position,
        "frame_of_reference_uid": course.frame_of_reference_uid,
        **({"typed": True, "letter": course.letter.to_json()} if course.letter else {}),
    }


def _phases_json(course: Course) -> list[dict[str, Any]]:
    letter = course.letter
    if letter is not None:
        return [_phase_json(course.label, letter.fractions, letter.fractions, letter.dose_gy)]
    return [
        _phase_json(p.plan_label, p.fractions_planned, p.fractions_delivered, p.prescribed_dose_gy)
        for p in course.phases
    ]


def _phase_json(label: str, planned: int, delivered: int, dose_gy: float | None) -> dict[str, Any]:
    return {
        "plan_label": label,
        "fractions_planned": planned,
        "fractions_delivered": delivered,
        "prescribed_dose_gy": dose_gy,
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
        "mapping": {course: dose.strategy.value for course, dose in organ.doses.priors.items()},
        "mapping_reason": mapping_reasons(organ),
        "known_prior_dose_fraction": dict(organ.known_prior_dose),
        "known_planned_dose_fraction": organ.known_planned_dose,
        "metrics": metrics_json(organ.metrics),
    }


def mapping_reasons(organ: JudgedOrgan) -> dict[str, str]:
    """Return per prior course why its dose was mapped as it was, and what came of it."""
    model, reasons = organ.model, {}
    for course, dose in organ.doses.priors.items():
        chosen = model.mapping_source.get(course) == "user"
        why = model.mapping_statement.get(course) or (
            "chosen in the case file" if chosen else "default: as the registration allows"
        )
        said = (dose.note,) if dose.note.startswith(why) else (why, dose.note)
        reasons[course] = "; ".join(text for text in said if text)
    return reasons


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
        if row.interval:
            entry["interval"] = list(row.interval)
        out.append(entry)
    return out
