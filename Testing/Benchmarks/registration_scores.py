"""Error of a displacement field against the known map, and the tables of the benchmark."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import SimpleITK as sitk
from registration_pairs import MDA_GOAL_MM, Organ, Pair
from ReirradiationCore.body_mask import body_mask
from ReirradiationCore.field_derivatives import jacobian_map
from ReirradiationCore.grids import Volume
from ReirradiationCore.point_transforms import map_points
from ReirradiationCore.registration_quality import jacobian_statistics
from ReirradiationCore.surface_distances import surface_distances, surface_of

Row = Mapping[str, object]
HEAD = (
    "| engine | mean mm | p95 mm | max mm | bladder MDA mm | rectum MDA mm | folding % | s | CPU s"
    " | MiB |"
)


def score(pair: Pair, field: sitk.Image) -> dict[str, object]:
    """Errors inside the body where the prior CT sees, surfaces of organs, and folding.

    Returns
    -------
    dict
        ``mean``, ``p95``, ``max`` (mm), ``folding`` (%) and ``mda`` (organ to mm).
    """
    bent = sitk.DisplacementFieldTransform(sitk.Cast(field, sitk.sitkVectorFloat64))
    body = body_mask(pair.reference)
    points = body.grid.centers_lps()[body.array.ravel() > 0]
    true = pair.truth(points)
    index = pair.prior.grid.indices_of(true)
    seen = np.all((index >= -0.5) & (index <= np.array(pair.prior.grid.size) - 0.5), axis=1)
    error = np.linalg.norm(map_points(bent, points[seen])[0] - true[seen], axis=1)
    folding = jacobian_statistics(jacobian_map(bent, body.grid), body).folding_fraction
    return {
        "mean": float(error.mean()),
        "p95": float(np.percentile(error, 95)),
        "max": float(error.max()),
        "folding": 100 * folding,
        "mda": {name: _mda(organ, bent, pair.prior) for name, organ in pair.organs.items()},
    }


def _mda(organ: Organ, transform: sitk.Transform, prior: Volume) -> float:
    """Mean distance of the propagated to the true surface, where the prior CT sees it."""
    points = organ.grid.centers_lps()
    moved = map_points(transform, points)[0]
    index = prior.grid.indices_of(moved)
    seen = np.all((index >= -0.5) & (index <= np.array(prior.grid.size) - 0.5), axis=1)
    # without the planes that the prior CT does not show in full
    whole = seen.reshape(organ.grid.shape).mean(axis=(1, 2)) > 0.5
    surfaces = []
    for covered in (organ.reference(points), organ.prior(moved)):
        array = covered.reshape(organ.grid.shape).astype(np.float32)
        array[~whole] = 0
        surfaces.append(surface_of(Volume(array, organ.grid)))
    return surface_distances(*surfaces).mda_mm


def misses(pair_goal: tuple[float, float], row: Row) -> list[str]:
    """Which accuracy goals a result misses, each with its figure."""
    checks = [
        ("mean", row["mean"], pair_goal[0]),
        ("p95", row["p95"], pair_goal[1]),
        *((f"MDA {name}", value, MDA_GOAL_MM) for name, value in row["mda"].items()),
        ("folding %", row["folding"], 0.0),
    ]
    return [f"{what} {value:.2f} > {goal:g}" for what, value, goal in checks if not value <= goal]


def pair_table(name: str, goal: tuple[float, float], rows: Mapping[str, Row]) -> Iterator[str]:
    """Lines of the table of one pair; the lowest mean and p95 error in bold."""
    yield f"\n### {name} (goal: mean {goal[0]:g}, 95th percentile {goal[1]:g} mm)\n"
    yield HEAD
    yield "|---" + "|--:" * 9 + "|"
    judged = [row for row in rows.values() if "mean" in row]
    best = {key: min(row[key] for row in judged) for key in ("mean", "p95")} if judged else {}
    for engine, row in rows.items():
        if "mean" not in row:
            yield f"| {engine} | {row['skipped']} |" + " |" * 8
            continue
        errors = [
            f"**{row[key]:.2f}**" if row[key] == best.get(key) else f"{row[key]:.2f}"
            for key in ("mean", "p95", "max")
        ]
        errors += [f"{value:.2f}" for value in row["mda"].values()]
        yield (
            f"| {engine} | {' | '.join(errors)} | {row['folding']:.3f} | {row['seconds']:.1f}"
            f" | {row['cpu_seconds']:.1f} | {row['memory_mb']:.0f} |"
        )


def summary(results: Mapping[str, Mapping[str, Row]], own: str, slow: str) -> Iterator[str]:
    """Lines that say how often the built-in engine is best, and its time beside the B-spline."""
    full = {n: r for n, r in results.items() if "mean" in r.get(own, {})}
    yield "| engine | pairs | mean mm | p95 mm | lowest mean | lowest p95 | folding in | CPU s |"
    yield "|---" + "|--:" * 7 + "|"
    for engine in dict.fromkeys(engine for rows in full.values() for engine in rows):
        rows = {n: r[engine] for n, r in full.items() if "mean" in r.get(engine, {})}
        if not rows:
            continue
        firsts = {
            key: sum(
                row[key] == min(o[key] for o in full[n].values() if "mean" in o)
                for n, row in rows.items()
            )
            for key in ("mean", "p95")
        }
        means = [
            np.mean([row[key] for row in rows.values()]) for key in ("mean", "p95", "cpu_seconds")
        ]
        folded = sum(row["folding"] > 0 for row in rows.values())
        yield (
            f"| {engine} | {len(rows)} | {means[0]:.2f} | {means[1]:.2f} | {firsts['mean']} |"
            f" {firsts['p95']} | {folded} | {means[2]:.1f} |"
        )
    shares = [
        r[own]["cpu_seconds"] / r[slow]["cpu_seconds"]
        for r in full.values()
        if "mean" in r.get(slow, {})
    ]
    if shares:
        yield (
            f"\nProcessor time of {own} / {slow}: {min(shares):.2f} to {max(shares):.2f},"
            f" median {np.median(shares):.2f} (goal 0.10)."
        )
