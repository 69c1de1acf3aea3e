"""Built-in registration beside SimpleITK's B-spline, on the same pairs in one run.

Pairs: closed-form phantoms with a known deformation, and the pelvis case where its folder is given.
Error is the distance of the mapped to the true position inside the body, where the prior CT sees.

    python Testing/Benchmarks/bench_registration.py [--quick] [--pelvis FOLDER]
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import SimpleITK as sitk

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "ReirradiationPlanner"), str(ROOT / "Testing" / "Python" / "unit")]

import registration_phantom as phantom  # noqa: E402
from ReirradiationCore.body_mask import body_mask  # noqa: E402
from ReirradiationCore.field_derivatives import jacobian_map  # noqa: E402
from ReirradiationCore.grids import Volume  # noqa: E402
from ReirradiationCore.point_transforms import map_points, read_transform  # noqa: E402
from ReirradiationCore.registration import BuiltInRegistrar  # noqa: E402
from ReirradiationCore.registration_quality import jacobian_statistics  # noqa: E402

TURN = phantom.rigid((2.0, -2.0, 3.0), (6.0, -8.0, 12.0))
HEADER = f"{'pair':22} {'engine':24} {'mean':>6} {'p95':>6} {'max':>6} {'fold %':>7} {'s':>7}\n"


@dataclass(frozen=True, eq=False)
class Pair:
    """Two CTs and the true map between them."""

    name: str
    reference: Volume
    prior: Volume
    truth: Callable[[np.ndarray], np.ndarray]


def phantom_pair(height_mm: float, noise_hu: float, quick: bool) -> Pair:
    """Phantom with a bump of known height in closed form."""
    size, spacing = ((80, 60, 50), 4.0) if quick else ((180, 130, 100), 2.5)
    matrix, offset = phantom.matrix_of(TURN)
    rng = np.random.default_rng(11)

    def truth(points: np.ndarray) -> np.ndarray:
        return (points + phantom.bump(points, height_mm)) @ matrix.T + offset

    images = [
        phantom.render(phantom.grid(size, spacing), truth, with_couch=True),
        phantom.render(phantom.grid(size, spacing, (6.0, -8.0, 12.0))),
    ]
    for image in images:
        image.array[...] += rng.normal(0, noise_hu, image.array.shape)
    return Pair(f"bump {height_mm:g} mm, {noise_hu:g} HU", images[0], images[1], truth)


def pelvis_pair(folder: Path) -> Pair:
    """Shared pelvis case with its ground truth."""
    field = read_transform(next((folder / "ground_truth").glob("dvf_current_to_*.nrrd")))
    images = [_read_ct(next(folder.glob(pattern))) for pattern in ("C2_*", "C1_*")]
    return Pair("pelvis", images[0], images[1], lambda points: map_points(field, points)[0])


def _read_ct(folder: Path) -> Volume:
    reader = sitk.ImageSeriesReader()
    names = (reader.GetGDCMSeriesFileNames(str(folder), uid) for uid in _series(reader, folder))
    reader.SetFileNames(next(n for n in names if Path(n[0]).name.startswith("CT.")))
    return Volume.from_sitk(sitk.Cast(reader.Execute(), sitk.sitkFloat32))


def _series(reader: sitk.ImageSeriesReader, folder: Path) -> Iterator[str]:
    yield from reader.GetGDCMSeriesIDs(str(folder))


def bspline(pair: Pair, rigid: sitk.Transform, iterations: int) -> sitk.Transform:
    """SimpleITK B-spline (30 mm) with Mattes mutual information on images of 4 mm."""
    fixed, moving = (_at_4_mm(volume) for volume in (pair.reference, pair.prior))
    mesh = [
        max(1, round(n * s / 30)) for n, s in zip(fixed.GetSize(), fixed.GetSpacing(), strict=True)
    ]
    method = sitk.ImageRegistrationMethod()
    method.SetMetricAsMattesMutualInformation(32)
    method.SetMetricSamplingStrategy(method.REGULAR)
    method.SetMetricSamplingPercentage(0.3)
    method.SetInterpolator(sitk.sitkLinear)
    method.SetMovingInitialTransform(rigid)
    start = sitk.BSplineTransformInitializer(fixed, mesh, 3)
    method.SetInitialTransformAsBSpline(start, inPlace=True, scaleFactors=[1])
    method.SetOptimizerAsLBFGS2(numberOfIterations=iterations)
    found = method.Execute(fixed, moving)
    both = sitk.CompositeTransform(3)
    both.AddTransform(rigid)
    both.AddTransform(found)
    return both


def _at_4_mm(volume: Volume) -> sitk.Image:
    image = sitk.Cast(volume.to_sitk(), sitk.sitkFloat32)
    size = [
        max(4, int(n * s / 4)) for n, s in zip(image.GetSize(), image.GetSpacing(), strict=True)
    ]
    identity = sitk.Transform(3, sitk.sitkIdentity)
    low = sitk.Resample(
        image, size, identity, sitk.sitkLinear, image.GetOrigin(), (4.0,) * 3, image.GetDirection(),
        -1000.0,
    )  # fmt: skip
    return sitk.Clamp(low, sitk.sitkFloat32, -1000.0, 1000.0)


def row(pair: Pair, engine: str, transform: sitk.Transform, seconds: float) -> str:
    """Measure one transform and return its line of the table."""
    body = body_mask(pair.reference)
    points = body.grid.centers_lps()[body.array.ravel() > 0]
    true = pair.truth(points)
    index = pair.prior.grid.indices_of(true)
    seen = np.all((index >= -0.5) & (index <= np.array(pair.prior.grid.size) - 0.5), axis=1)
    error = np.linalg.norm(map_points(transform, points[seen])[0] - true[seen], axis=1)
    fold = jacobian_statistics(jacobian_map(transform, body.grid), body).folding_fraction
    numbers = f"{error.mean():6.2f} {np.percentile(error, 95):6.2f} {error.max():6.2f}"
    return f"{pair.name:22} {engine:24} {numbers} {100 * fold:7.3f} {seconds:7.1f}\n"


def compare(pair: Pair, iterations: int) -> None:
    """Run both engines on one pair and write their lines and the ratio."""
    built_in = BuiltInRegistrar().register(pair.reference, pair.prior, lambda *_: None)
    began = time.perf_counter()
    rigid = BuiltInRegistrar(deformable=False).register(pair.reference, pair.prior, lambda *_: None)
    spline = bspline(pair, rigid.transform, iterations)
    seconds = time.perf_counter() - began
    write = sys.stdout.write
    write(row(pair, "rigid", rigid.transform, rigid.seconds))
    write(row(pair, "built-in deformable", built_in.transform, built_in.seconds))
    write(row(pair, f"B-spline, {iterations} iterations", spline, seconds))
    write(f"{pair.name:22} time of built-in / B-spline {built_in.seconds / seconds:.2f}\n")
    sys.stdout.flush()


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small phantoms, few iterations")
    parser.add_argument("--pelvis", type=Path, help="folder of the shared pelvis case")
    arguments = parser.parse_args()
    sys.stdout.write(HEADER)
    cases = [(10.0, 10.0)] if arguments.quick else [(5.0, 10.0), (10.0, 10.0), (10.0, 30.0)]
    for height, noise in cases:
        compare(phantom_pair(height, noise, arguments.quick), 10 if arguments.quick else 40)
    if arguments.pelvis:
        compare(pelvis_pair(arguments.pelvis), 10 if arguments.quick else 40)


if __name__ == "__main__":
    main()
