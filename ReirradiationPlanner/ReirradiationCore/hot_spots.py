"""Where each organ is hottest, and one voxel of it that can be followed by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .accumulation import CourseDose
from .case import MappingStrategy
from .constraints import Constraint, Quantity
from .courses import StructureKind
from .judgement import CUMULATIVE, NO_RECOVERY, OrganJudge
from .limits import AppliedLimit, near_maximum_limit


def hot_spots(
    organs: Sequence[OrganJudge], applied: Sequence[AppliedLimit]
) -> list[dict[str, Any]]:
    """Return the hottest place of every organ at risk and target, most of its limit used first.

    Keys: ``structure``, ``point_lps`` (mm), ``cumulative_eqd2_gy``, ``alpha_beta_gy``,
    ``limit_metric``, ``limit_gy`` and ``limit_percent``: share of the limit that its metric
    uses (None without a near-maximum limit). The dose is the largest of any sample.
    """
    found = []
    for organ in organs:
        if organ.model.kind not in (StructureKind.OAR, StructureKind.TARGET):
            continue
        hottest = organ.hottest_point()
        if hottest is None or _has_point_sums(organ):
            continue
        point, value = hottest
        limit = near_maximum_limit(applied, organ)
        found.append(
            {
                "structure": organ.model.name,
                "point_lps": [round(float(x), 2) for x in point],
                "cumulative_eqd2_gy": value,
                "alpha_beta_gy": organ.model.alpha_beta_gy,
                "limit_metric": limit.metric.name if limit else None,
                "limit_gy": limit.limit if limit else None,
                "limit_percent": limit_use(organ, limit)[1] if limit else None,
            }
        )
    return sorted(found, key=_most_urgent_first)


def _has_point_sums(organ: OrganJudge) -> bool:
    """Tell whether part of the sum is known as a near-maximum only, at no place."""
    return any(
        not dose.is_voxelwise and dose.strategy is not MappingStrategy.UNIFORM_BG
        for dose in organ.doses.priors.values()
    )


def limit_use(organ: OrganJudge, limit: Constraint) -> tuple[float | None, float | None]:
    """Return what an organ has of a near-maximum EQD2 limit: value, Gy, and share of the limit, %.

    Both are None where they are not known. Where part of the dose is not known, the known part
    counts if it exceeds the limit, and says nothing if it does not.
    """
    course = NO_RECOVERY if limit.recovery_contained else CUMULATIVE
    alpha_beta, limit_gy = limit.alpha_beta_gy or organ.model.alpha_beta_gy, limit.limit or 0.0
    found = organ.metric(limit.metric, course, Quantity.EQD2, alpha_beta)
    if found.value is None or (found.is_lower_bound and found.value <= limit_gy):
        return None, None
    return found.value, 100 * found.value / limit_gy


def _most_urgent_first(spot: dict[str, Any]) -> tuple[float, float]:
    return -(spot["limit_percent"] or 0.0), -spot["cumulative_eqd2_gy"]


def hand_check(organ: OrganJudge, planned_id: str) -> dict[str, Any] | None:
    """Return one sample near the hottest place with every number of its sum, in words.

    None where the organ has no sample with a known dose of every voxelwise course.
    """
    alpha_beta, recovery = organ.model.alpha_beta_gy, organ.model.recovery_fractions
    values = organ.values(CUMULATIVE, Quantity.EQD2, alpha_beta)
    if np.isnan(values).all() or organ.doses.why_not_evaluable:
        return None
    index = int(np.nanargmax(values))
    lines, total = [], 0.0
    for course, dose in (*organ.doses.priors.items(), (planned_id, organ.doses.planned)):
        if not dose.is_voxelwise:
            lines.append(f"{course}: {dose.strategy.value}, not point by point")
            continue
        text, eqd2 = _course_line(course, dose, index, alpha_beta, recovery.get(course, 0.0))
        lines.append(text)
        total += eqd2
    point = organ.doses.samples.points_lps[index]
    return {
        "structure": organ.model.name,
        "point_lps_mm": [round(float(x), 2) for x in point],
        "lines": lines,
        "result_gy": total,
    }


def _course_line(
    course: str, dose: CourseDose, index: int, alpha_beta: float, recovery: float
) -> tuple[str, float]:
    parts, total = [], 0.0
    for physical, n in zip(dose.phase_doses_gy, dose.fractions, strict=True):
        d = float(physical[index])
        if dose.model.is_lq:
            parts.append(f"{d:.3f} Gy x ({d:.3f}/{n} + {alpha_beta:g}) / (2 + {alpha_beta:g})")
        else:
            parts.append(f"{dose.model.label} of {d:.3f} Gy in {n} fractions")
        total += float(dose.model.course_eqd2([np.float64(d)], [n], alpha_beta))
    kept = total * (1 - recovery)
    credit = f", x (1 - {recovery:g}) = {kept:.2f} Gy" if recovery else ""
    return f"{course}: {' + '.join(parts)} = {total:.2f} Gy EQD2{credit}", kept
