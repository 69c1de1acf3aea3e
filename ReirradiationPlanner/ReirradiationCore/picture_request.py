"""What the display is asked to draw of an evaluation."""

from __future__ import annotations

from typing import Any

from .courses import Course, StructureKind
from .pictures_data import HotSpot, PictureRequest, PriorImage, ResultTable
from .pipeline_data import Evaluation

LIMIT_HEADER = ("Structure", "Metric", "Quantity", "Scope", "Limit", "Value", "Margin", "Verdict")
METRIC_HEADER = ("Structure", "Metric", "Quantity", "Course", "Value", "Unit")
MARKED_METRIC = "D0.1cc"
PLOTTED = (StructureKind.OAR, StructureKind.TARGET)


def picture_request(evaluation: Evaluation, results: dict[str, Any]) -> PictureRequest | None:
    """Return the request; None where the planned course came without a CT to draw on.

    ``results`` is the content of results.json.
    """
    planned = evaluation.planned
    if planned.image is None:
        return None
    kinds = {organ.model.name: organ.model.kind for organ in evaluation.organs}
    return PictureRequest(
        ct=planned.image,
        maps=evaluation.maps,
        structures=planned.structures,
        hot_spots=tuple(_hot_spot(spot, results) for spot in evaluation.hot_spots),
        course_labels={course.id: course_label(course) for course in evaluation.courses},
        patient_label=planned.patient.patient_id,
        priors=tuple(
            PriorImage(
                prior.id,
                prior.image,
                evaluation.registrations[prior.id].result.transform,
                prior.structures,
            )
            for prior in evaluation.priors
            if prior.image is not None
        ),
        tables=(_limits_table(results), _metrics_table(results)),
        dvh=tuple(curve for curve in evaluation.dvh if kinds[curve.structure] in PLOTTED),
        results=results,
    )


def course_label(course: Course) -> str:
    """Short text by which a course is told from the others: id, prescription, year."""
    if course.letter is not None:
        return f"{course.id} (letter: {course.letter.dose_gy:g} Gy/{course.letter.fractions} fx)"
    doses = [phase.prescribed_dose_gy for phase in course.phases]
    given = "" if None in doses else f"{sum(d for d in doses if d is not None):g} Gy/"
    year = f", {course.first_fraction_date.year}" if course.first_fraction_date else ""
    return f"{course.id} ({given}{course.fractions_delivered} fx{year})"


def _hot_spot(spot: dict[str, Any], results: dict[str, Any]) -> HotSpot:
    text = f"maximum {spot['cumulative_eqd2_gy']:.1f} Gy EQD2 (a/b {spot['alpha_beta_gy']:g})"
    if spot["limit_percent"] is not None:
        text += f", {spot['limit_metric']} {spot['limit_percent']:.0f} % of its limit"
    point, marker = tuple(spot["point_lps"]), _marker_text(spot["structure"], results)
    return HotSpot(spot["structure"], point, text, marker)


def _marker_text(structure: str, results: dict[str, Any]) -> str:
    """Near-maximum of the cumulative EQD2 of a structure, in short; empty where it has no value."""
    metrics = next((s["metrics"] for s in results["structures"] if s["name"] == structure), ())
    wanted = (MARKED_METRIC, "EQD2", "cumulative")
    for row in metrics:
        if (row["metric"], row["quantity"], row["course"]) == wanted and row["value"] is not None:
            return f"{MARKED_METRIC} {row['value']:.1f} Gy"
    return ""


def _limits_table(results: dict[str, Any]) -> ResultTable:
    keys = ("structure", "metric", "quantity", "scope", "limit", "value", "margin", "verdict")
    rows = tuple(tuple(row[key] for key in keys) for row in results["constraints"])
    return ResultTable("Limits", LIMIT_HEADER, rows)


def _metrics_table(results: dict[str, Any]) -> ResultTable:
    keys = ("metric", "quantity", "course", "value", "unit")
    rows = tuple(
        (structure["name"], *(metric[key] for key in keys))
        for structure in results["structures"]
        for metric in structure["metrics"]
    )
    return ResultTable("Metrics", METRIC_HEADER, rows)
