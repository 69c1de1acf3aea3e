"""What the display is asked to draw of an evaluation."""

from __future__ import annotations

from typing import Any

from ReirradiationCore.courses import Course
from ReirradiationCore.pictures_data import HotSpot, PictureRequest, PriorImage, ResultTable
from ReirradiationCore.pipeline_data import Evaluation

LIMIT_HEADER = ("Structure", "Metric", "Quantity", "Scope", "Limit", "Value", "Margin", "Verdict")
METRIC_HEADER = ("Structure", "Metric", "Quantity", "Course", "Value", "Unit")


def picture_request(evaluation: Evaluation, results: dict[str, Any]) -> PictureRequest | None:
    """Return the request; None where the planned course came without a CT to draw on."""
    planned = evaluation.planned
    if planned.image is None:
        return None
    return PictureRequest(
        ct=planned.image,
        maps=evaluation.maps,
        structures=planned.structures,
        hot_spots=tuple(_hot_spot(spot) for spot in evaluation.hot_spots),
        course_labels={course.id: _label(course) for course in evaluation.courses},
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
    )


def _label(course: Course) -> str:
    if course.letter is not None:
        return f"{course.id} (letter: {course.letter.dose_gy:g} Gy/{course.letter.fractions} fx)"
    doses = [phase.prescribed_dose_gy for phase in course.phases]
    given = "" if None in doses else f"{sum(d for d in doses if d is not None):g} Gy/"
    year = f", {course.first_fraction_date.year}" if course.first_fraction_date else ""
    return f"{course.id} ({given}{course.fractions_delivered} fx{year})"


def _hot_spot(spot: dict[str, Any]) -> HotSpot:
    text = f"maximum {spot['cumulative_eqd2_gy']:.1f} Gy EQD2 (a/b {spot['alpha_beta_gy']:g})"
    if spot["limit_percent"] is not None:
        text += f", {spot['limit_metric']} {spot['limit_percent']:.0f} % of its limit"
    return HotSpot(spot["structure"], tuple(spot["point_lps"]), text)


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
