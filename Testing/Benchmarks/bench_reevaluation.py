"""Time from a changed assumption to new verdicts: 20 organs of clinical size, no resampling.

Every organ has 150 000 sample points (more than any organ is given by the sampling rules), two
courses, one cumulative near-maximum limit, judged with and without recovery, and one physical limit
of the planned course. Run ``python bench_reevaluation.py``; the target is 0.1 s for each change.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "ReirradiationPlanner"))
from ReirradiationCore.accumulation import CourseDose, OrganDoses
from ReirradiationCore.courses import Course, CourseRole, Patient, Phase, Structure
from ReirradiationCore.grids import Grid, Volume
from ReirradiationCore.judgement import OrganJudge
from ReirradiationCore.limits import AppliedLimit, limit_rows
from ReirradiationCore.names import match_name
from ReirradiationCore.organ_models import OrganModel
from ReirradiationCore.protocol_library import constraints_for, load_protocol
from ReirradiationCore.recovery import custom_recovery
from ReirradiationCore.sampling import SamplePoints

ORGANS, POINTS, REPEATS, TARGET_S = 20, 150_000, 5, 0.1
NAMES = ("Rectum", "Bladder", "Bowel_Small", "SacralPlex_L", "Colon_Sigmoid")


def organ(number: int, random: np.random.Generator) -> OrganJudge:
    """An organ whose prior dose falls off where the planned dose rises, the hardest case."""
    name = NAMES[number % len(NAMES)]
    samples = SamplePoints(np.zeros((POINTS, 3)), np.full(POINTS, 1e-3), 1.0)
    along = random.random(POINTS)
    old = CourseDose((_edge(along - 0.4, 60.0, random),), (25,))
    new = CourseDose((_edge(0.5 - along, 30.0, random),), (5,))
    structure = Structure(1, f"{name}", (np.zeros((3, 3)),))
    recovery = custom_recovery(0.33, "benchmark", structure.kind, name)
    model = OrganModel(structure, match_name(name, "", {}), 3.0, "bench", {"prior-1": recovery})
    return OrganJudge(model, OrganDoses(samples, new, {"prior-1": old}), "planned")


def _edge(distance: np.ndarray, level_gy: float, random: np.random.Generator) -> np.ndarray:
    """A dose that rises from nothing to a level, with some noise."""
    dose = level_gy / (1.0 + np.exp(-distance / 0.08)) * random.normal(1.0, 0.02, POINTS)
    return np.maximum(dose, 0.0).astype(np.float32)


def courses() -> tuple[Course, Course]:
    """Courses that give fractions, dates and dose grids to the verdicts."""
    dose = Volume(np.zeros((2, 2, 2), dtype=np.float32), Grid((2, 2, 2), (2.5, 2.5, 2.5)))
    made = [
        Course(
            name, role, name, Patient("1"), (Phase("plan", dose, n, n, 30.0),),
            first_fraction_date=when, last_fraction_date=when,
        )
        for name, role, n, when in (
            ("prior-1", CourseRole.PRIOR, 25, date(2020, 1, 1)),
            ("planned", CourseRole.PLANNED, 5, date(2024, 1, 1)),
        )
    ]  # fmt: skip
    return made[1], made[0]


def limits_of(judge: OrganJudge) -> list[AppliedLimit]:
    """Every STRIDeR limit of an organ: cumulative, and physical of the planned course."""
    limits = load_protocol("STRIDeR2025").constraints
    name = judge.model.match.standard_name or ""
    return [AppliedLimit(limit, judge) for limit in constraints_for(limits, name)]


def changed(applied: list[AppliedLimit], change: Callable[..., tuple]) -> list[AppliedLimit]:
    """The same limits after a change of their organs and of themselves."""
    judges: dict[int, OrganJudge] = {}
    out = []
    for limit in applied:
        judge, constraint = change(limit)
        fresh = judges.setdefault(id(limit.organ), judge)
        out.append(AppliedLimit(constraint, fresh))
    return out


def with_alpha_beta(limit: AppliedLimit) -> tuple:
    judge = limit.organ
    model = replace(judge.model, alpha_beta_gy=2.5)
    constraint = limit.constraint
    if constraint.alpha_beta_gy:
        constraint = replace(constraint, alpha_beta_gy=2.5)
    return judge.with_model(model), constraint


def with_recovery(limit: AppliedLimit) -> tuple:
    judge = limit.organ
    other = custom_recovery(0.5, "benchmark", judge.model.kind, judge.model.name)
    return judge.with_model(replace(judge.model, recovery={"prior-1": other})), limit.constraint


def with_prescription(limit: AppliedLimit) -> tuple:
    return limit.organ.scaled(1.1), limit.constraint


def main() -> int:
    """Print a line for each change; returns 1 if one is above the target."""
    random = np.random.default_rng(7)
    applied = [limit for n in range(ORGANS) for limit in limits_of(organ(n, random))]
    planned, prior = courses()
    write = sys.stdout.write
    began = time.perf_counter()
    limit_rows(applied, planned, [prior])
    write(f"{ORGANS} organs of {POINTS} points, {len(applied)} limits\n")
    write(f"  first judgement   {1000 * (time.perf_counter() - began):7.1f} ms\n")
    slowest = 0.0
    for change in (with_alpha_beta, with_recovery, with_prescription):
        seconds = []
        for _ in range(REPEATS):
            began = time.perf_counter()
            limit_rows(changed(applied, change), planned, [prior])
            seconds.append(time.perf_counter() - began)
        middle = sorted(seconds)[REPEATS // 2]
        slowest = max(slowest, middle)
        write(f"  {change.__name__[5:]:<17} {1000 * middle:7.1f} ms (target {1000 * TARGET_S:g})\n")
    return int(slowest > TARGET_S)


if __name__ == "__main__":
    sys.exit(main())
