"""How far several maps of one prior course disagree at an organ, in mm and in Gy EQD2.

Rigid, deformable, a second engine and transforms made elsewhere stand side by side (physics.md
7.3 (e)). Agreement does not prove that they are right; disagreement shows that they are not sure.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk

from .courses import Course
from .dose_mapping import dose_at_points
from .dvh import SortedDose
from .judgement import OrganJudge
from .metrics import Metric
from .pipeline_data import RegisteredCourse
from .point_transforms import map_points

FloatArray = npt.NDArray[np.float64]
MOST_POINTS = 3000
METRICS = (Metric.parse("D0.1cc"), Metric.parse("Dmean"))


def maps_of(registered: RegisteredCourse) -> dict[str, sitk.Transform]:
    """Return the maps of a prior course by name: the one in use first."""
    result = registered.result
    maps = {result.mode: result.transform}
    if result.mode == "deformable" and result.rigid is not None:
        maps["rigid"] = result.rigid
    return maps | {name: other.transform for name, other in registered.alternatives.items()}


def disagreement(
    organ: OrganJudge, prior: Course, registered: RegisteredCourse
) -> dict[str, Any] | None:
    """Return how far the maps of one prior course disagree at one organ; None with one map only.

    Returns
    -------
    dict
        ``structure``, ``course``; ``maps``: for each ``name``, mean, 95th percentile and largest
        distance to the map in use (mm), and EQD2 of that course alone (Gy, alpha/beta of the
        organ, before recovery); ``spread_mm``: the same of the largest distance between any two
        maps at each point; ``spread_eqd2_gy``: largest minus smallest of each metric. None where
        not known; no dose where the organ's map failed.
    """
    maps = maps_of(registered)
    if len(maps) < 2:
        return None
    points = organ.doses.samples.points_lps
    part = points[:: max(1, len(points) // MOST_POINTS)]
    places = {name: _places(transform, part) for name, transform in maps.items()}
    first = next(iter(places.values()))
    shows_dose = not organ.doses.why_not_evaluable
    rows = [
        {
            "name": name,
            **_millimetres(np.linalg.norm(places[name] - first, axis=1)),
            "eqd2_gy": _doses(organ, prior, transform) if shows_dose else None,
        }
        for name, transform in maps.items()
    ]
    widest = np.max([np.linalg.norm(a - b, axis=1) for a, b in _pairs(places)], axis=0)
    return {
        "structure": organ.model.name,
        "course": prior.id,
        "maps": rows,
        "spread_mm": _millimetres(widest),
        "spread_eqd2_gy": _spread(rows) if shows_dose else None,
    }


def _places(transform: sitk.Transform, points: FloatArray) -> FloatArray:
    mapped, known = map_points(transform, points)
    mapped[~known] = np.nan
    return mapped


def _pairs(places: Mapping[str, FloatArray]) -> Iterator[tuple[FloatArray, FloatArray]]:
    yield from combinations(places.values(), 2)


def _millimetres(distance: FloatArray) -> dict[str, float | None]:
    known = distance[~np.isnan(distance)]
    if not known.size:
        return dict.fromkeys(("mean_mm", "p95_mm", "max_mm"))
    p95 = float(np.percentile(known, 95))
    return {"mean_mm": float(known.mean()), "p95_mm": p95, "max_mm": float(known.max())}


def _doses(organ: OrganJudge, prior: Course, transform: sitk.Transform) -> dict[str, float | None]:
    samples, model = organ.doses.samples, organ.doses.planned.model
    doses = dose_at_points(prior, samples.points_lps, transform)
    fractions = [phase.fractions_delivered for phase in prior.phases]
    eqd2 = model.course_eqd2(doses, fractions, organ.model.alpha_beta_gy)
    sorted_dose = SortedDose(eqd2, samples.volumes_cc)
    found = {metric.name: sorted_dose.metric(metric) for metric in METRICS}
    return {
        name: None if value.is_lower_bound or value.value is None else float(value.value)
        for name, value in found.items()
    }


def _spread(rows: list[dict[str, Any]]) -> dict[str, float | None]:
    spread = {}
    for metric in METRICS:
        values = [row["eqd2_gy"][metric.name] for row in rows]
        known = [value for value in values if value is not None and not math.isnan(value)]
        complete = len(known) == len(values)
        spread[metric.name] = max(known) - min(known) if complete else None
    return spread
