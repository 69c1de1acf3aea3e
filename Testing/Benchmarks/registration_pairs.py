"""Pairs of CTs with a known map between them, for the benchmark of registrations.

Synthetic pairs are drawn from the closed-form anatomy of the demo: the prior CT shows it as it is
(turned and shifted), the reference CT after a sum of smooth bumps, so the truth is exact. The demo
case itself and the pelvis case bring their own truth.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from registration_scenes import Scene, render
from ReirradiationCore.contours import coverage_on_grid
from ReirradiationCore.demo import organs, true_transform
from ReirradiationCore.demo.courses import DEFAULT_SEED, planned_course, prior_course, wide_grid
from ReirradiationCore.demo.deformation import Bump, InverseTable, TrueTransform
from ReirradiationCore.demo.texture import make_texture
from ReirradiationCore.demo.voxels import render_ct
from ReirradiationCore.dicom import ReadOptions, read_courses
from ReirradiationCore.grids import Grid, Volume, sample_volume
from ReirradiationCore.point_transforms import map_points, read_transform
from ReirradiationCore.progress import silent

Points = Callable[[np.ndarray], np.ndarray]

EASY_GOAL, HARD_GOAL = (0.8, 2.0), (1.2, 3.0)  # mean and 95th percentile, mm
MDA_GOAL_MM = 1.5
HEIGHTS_MM = (5, 10, 20)
VARIANTS = {
    "": Scene(),
    "noise": Scene(noise_hu=30.0),
    "gas": Scene(gas=True),
    "contrast": Scene(contrast=True),
    "cropped": Scene(cropped=True),
    "gas+noise": Scene(noise_hu=30.0, gas=True),
}
QUICK = ("filling 10", "filling 20 gas+noise", "demo small")
EDGE_MM = 1.5


@dataclass(frozen=True, eq=False)
class Organ:
    """A delineation in both images.

    Parameters
    ----------
    grid : Grid
        Grid of the reference around the organ, on which surfaces are compared.
    reference, prior : callable
        Points (N, 3) of the reference, or of the prior, to coverage (N,; 0..1).
    """

    grid: Grid
    reference: Points
    prior: Points


@dataclass(frozen=True, eq=False)
class Pair:
    """Two CTs and the true map from the reference to the prior."""

    name: str
    reference: Volume
    prior: Volume
    truth: Points
    organs: Mapping[str, Organ]
    goal_mm: tuple[float, float] = EASY_GOAL
    notes: str = field(default="")


def pair_names(pelvis: Path | None) -> list[str]:
    """Names of all pairs, in the order of the table."""
    names = [f"smooth {h}" for h in HEIGHTS_MM]
    names += [f"filling {h} {variant}".strip() for h in HEIGHTS_MM for variant in VARIANTS]
    return [*names, "demo small", "demo 512x512x150", *(["pelvis"] if pelvis else [])]


def make_pair(name: str, pelvis: Path | None, spacing_mm: float) -> Pair:
    """Return a pair by its name; synthetic ones with voxels of ``spacing_mm``, slices of 3 mm."""
    if name == "pelvis":
        return _pelvis(pelvis)
    if name.startswith("demo"):
        return _demo(name, None if name.endswith("small") else (512, 512, 150))
    kind, height, *variant = name.split()
    bumps = (_smooth if kind == "smooth" else _filling)(float(height))
    return _synthetic(name, bumps, VARIANTS[" ".join(variant)], spacing_mm)


def _filling(h: float) -> tuple[Bump, ...]:
    """Bladder and rectum filled differently, by ``h`` and 0.6 ``h``; bowel moves along."""
    return (
        Bump((0, -30, 42), (66, 58, 66), (0, -0.3 * h, 0.95 * h)),
        Bump((0, 24, 4), (46, 44, 60), (0, 0.6 * h, 0)),
        Bump((42, -52, 96), (46, 40, 46), (-0.35 * h, 0.1 * h, -0.2 * h)),
        Bump((-44, -54, 92), (46, 40, 46), (0.35 * h, -0.1 * h, 0.2 * h)),
    )


def _smooth(h: float) -> tuple[Bump, ...]:
    """A slow field through the whole body, bone included."""
    return (
        Bump((-60, -20, 60), (130, 110, 120), (0.4 * h, -0.5 * h, 0.75 * h)),
        Bump((75, 20, -10), (130, 110, 120), (-0.5 * h, 0.3 * h, -0.6 * h)),
    )


def _synthetic(name: str, bumps: tuple[Bump, ...], scene: Scene, spacing_mm: float) -> Pair:
    true = TrueTransform(bumps, true_transform().rotation)
    first, second = prior_course(), planned_course()
    grids = [_even(course.ct_grid, spacing_mm) for course in (second, first)]
    if scene.cropped:
        grids[1] = _cropped(grids[1])
    prior = render(grids[1], true.undo_rigid, first.couch, scene, 1)
    reference = render(
        grids[0],
        lambda p: p + true.organ_motion(p),
        second.couch,
        replace(scene, contrast=False),
        2,
    )
    shapes = {"Bladder": organs.bladder(), "Rectum": organs.rectum()}
    drawn = {
        key: Organ(
            _around(shape.lower, shape.upper, 26),
            lambda p, s=shape: _share(s((p + true.organ_motion(p)).T)),
            lambda p, s=shape: _share(s(true.undo_rigid(p).T)),
        )
        for key, shape in shapes.items()
    }
    goal = HARD_GOAL if scene.gas and scene.noise_hu > 20 else EASY_GOAL
    return Pair(name, reference, prior, true, drawn, goal)


def _demo(name: str, size: tuple[int, int, int] | None) -> Pair:
    true = true_transform()
    inverse, texture = InverseTable(true), make_texture(DEFAULT_SEED)
    images = []
    for course, to_anatomy in ((planned_course(), np.asarray), (prior_course(), inverse)):
        wide = replace(course, ct_grid=wide_grid(course.ct_grid, size)) if size else course
        images.append(render_ct(wide, to_anatomy, texture, DEFAULT_SEED, silent))
    shapes = {"Bladder": organs.bladder(), "Rectum": organs.rectum()}
    drawn = {
        key: Organ(
            _around(shape.lower, shape.upper, 8),
            lambda p, s=shape: _share(s(p.T)),
            lambda p, s=shape: _share(s(true.inverse(p, 1e-3).T)),
        )
        for key, shape in shapes.items()
    }
    return Pair(name, images[0], images[1], true, drawn)


def _pelvis(folder: Path) -> Pair:
    vectors = read_transform(next((folder / "ground_truth").glob("dvf_current_to_*.nrrd")))
    folders = [next(folder.glob(pattern)) for pattern in ("C2_*", "C1_*")]
    courses = [read_courses([f], ReadOptions(images=True)).courses[0] for f in folders]
    images = [_float(course.image) for course in courses]
    drawn = {}
    for name in ("Bladder", "Rectum"):
        now, before = (next(s for s in c.structures if s.name == name) for c in courses)
        points = np.concatenate(now.contours)
        grid = _around(points.min(axis=0), points.max(axis=0), 12)
        there = np.concatenate(before.contours)
        inside = coverage_on_grid(before, _around(there.min(axis=0), there.max(axis=0), 12, 1.0))
        outline = coverage_on_grid(now, grid)
        drawn[name] = Organ(grid, _sampler(outline), _sampler(inside))
    return Pair("pelvis", images[0], images[1], lambda p: map_points(vectors, p)[0], drawn)


def _float(image: Volume) -> Volume:
    return Volume(image.array.astype(np.float32), image.grid)


def _sampler(coverage: Volume) -> Points:
    return lambda points: np.nan_to_num(sample_volume(coverage, points), nan=0.0)


def _share(depth: np.ndarray) -> np.ndarray:
    return np.clip(depth / EDGE_MM + 0.5, 0, 1)


def _around(lower: np.ndarray, upper: np.ndarray, margin: float, step: float = EDGE_MM) -> Grid:
    low, high = np.asarray(lower) - margin, np.asarray(upper) + margin
    low[2], high[2] = max(low[2], -1e4), min(high[2], 1e4)
    size = np.ceil((high - low) / step).astype(int) + 1
    return Grid(tuple(size.tolist()), (step,) * 3, tuple(low.tolist()))


def _even(grid: Grid, spacing_mm: float) -> Grid:
    spacing = (spacing_mm, spacing_mm, 3.0)
    size = tuple(
        round(n * s / t) for n, s, t in zip(grid.size, grid.spacing_mm, spacing, strict=True)
    )
    return Grid(size, spacing, grid.origin_lps)


def _cropped(grid: Grid) -> Grid:
    """Two thirds of the slices, and cut through both hips."""
    size, spacing = np.array(grid.size), np.array(grid.spacing_mm)
    cut = np.array([round(55 / spacing[0]), 0, round(size[2] / 6)])
    origin = np.array(grid.origin_lps) + cut * spacing
    return Grid(tuple((size - 2 * cut).tolist()), grid.spacing_mm, tuple(origin.tolist()))


def to_files(pair: Pair, folder: Path) -> Iterator[Path]:
    """Write both CTs as MetaImage; yields the paths of reference and prior."""
    for name, image in (("reference", pair.reference), ("prior", pair.prior)):
        path = folder / f"{name}.mha"
        sitk.WriteImage(sitk.Cast(image.to_sitk(), sitk.sitkInt16), str(path))
        yield path
