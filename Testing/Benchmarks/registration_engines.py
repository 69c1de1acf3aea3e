"""The engines of the registration benchmark, each run in a process of its own.

Every engine takes two CTs as files and a rigid start, and leaves a displacement field (reference
to prior, LPS, mm) as a file. Competitors get CTs without couch and air (body mask of the built-in
engine) and the built-in rigid match as their start, whose time is added to theirs.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from ReirradiationCore.body_mask import body_mask, resample
from ReirradiationCore.grids import Volume
from ReirradiationCore.point_transforms import linear_part
from ReirradiationCore.progress import silent
from ReirradiationCore.registration import BuiltInRegistrar
from ReirradiationHeadless.memory import peak_memory_mb

ROUGH_MM = 4.0
BSPLINE_ITERATIONS = 25
BSPLINE_EVALUATIONS = 50
BSPLINE_MESH_MM = 30.0
BSPLINE_SHARE = 0.1
DEMONS_SPACINGS_MM = (12.0, 6.0, 3.0)
DEMONS_ITERATIONS = 60
DEMONS_SIGMA = 2.0
SHOWN_HU = (-200.0, 400.0)

GREEDY = """
import sys
from picsl_greedy import Greedy3D
engine = Greedy3D()
for line in sys.argv[1:]:
    engine.execute(line)
"""

PLASTIMATCH = """[GLOBAL]
fixed={folder}/reference_body.mha
moving={folder}/prior_body.mha
vf_out={folder}/vectors.mha
default_value=-1000

[STAGE]
xform=bspline
optim=lbfgsb
impl=plastimatch
threading=openmp
metric=mse
regularization_lambda=1
max_its=50
res=4 4 2
grid_spac=60 60 60

[STAGE]
max_its=50
res=2 2 1
grid_spac=30 30 30

[STAGE]
max_its=50
res=2 2 1
grid_spac=15 15 15
"""


def built_in(folder: Path, program: str) -> float:
    """Run the engine of the product; its rigid step is part of it."""
    del program
    reference, prior = (_read(folder / f"{name}.mha") for name in ("reference", "prior"))
    found = BuiltInRegistrar().register(reference, prior, silent)
    _write_field(found.transform, reference, folder)
    return found.seconds


def rigid(folder: Path, program: str) -> float:
    """Built-in rigid step, which is also the start of the competitors; masks the CTs for them."""
    del program
    reference, prior = (_read(folder / f"{name}.mha") for name in ("reference", "prior"))
    found = BuiltInRegistrar(deformable=False).register(reference, prior, silent)
    _write_field(found.transform, reference, folder)
    matrix, offset = linear_part(found.transform)
    affine = sitk.AffineTransform(matrix.ravel().tolist(), offset.tolist())
    sitk.WriteTransform(affine, str(folder / "rigid.tfm"))
    bodies = [_masked(image) for image in (reference, prior)]
    sight = sitk.Resample(bodies[1] * 0 + 1, bodies[0], affine, sitk.sitkLinear, 0.0)
    seen = sitk.Cast(sight > 0.999, sitk.sitkFloat32)
    moved = sitk.Resample(bodies[1], bodies[0], affine, sitk.sitkLinear, -1000.0)
    sitk.WriteImage(bodies[0], str(folder / "reference_body.mha"))
    sitk.WriteImage(moved * seen + bodies[0] * (1.0 - seen), str(folder / "prior_body.mha"))
    return found.seconds


def _masked(image: Volume) -> sitk.Image:
    inside = resample(_as_float(body_mask(image)), image.grid, 0.0).array > 0.3
    return Volume(np.where(inside, image.array, np.float32(-1000)), image.grid).to_sitk()


def bspline(folder: Path, program: str) -> float:
    """SimpleITK B-spline of 30 mm, mean squares on images of 4 mm, LBFGSB."""
    del program
    fixed, moving = (_at(image, ROUGH_MM, SHOWN_HU) for image in _bodies(folder))
    mesh = [
        max(1, round(n * s / BSPLINE_MESH_MM))
        for n, s in zip(fixed.GetSize(), fixed.GetSpacing(), strict=True)
    ]
    began = time.perf_counter()
    method = sitk.ImageRegistrationMethod()
    method.SetMetricAsMeanSquares()
    method.SetMetricSamplingStrategy(method.REGULAR)
    method.SetMetricSamplingPercentage(BSPLINE_SHARE)
    method.SetInterpolator(sitk.sitkLinear)
    spline = sitk.BSplineTransformInitializer(fixed, mesh, 3)
    method.SetInitialTransformAsBSpline(spline, inPlace=True, scaleFactors=[1])
    method.SetOptimizerAsLBFGSB(
        numberOfIterations=BSPLINE_ITERATIONS,
        maximumNumberOfFunctionEvaluations=BSPLINE_EVALUATIONS,
    )
    found = method.Execute(fixed, moving)
    seconds = time.perf_counter() - began
    _finish(found, folder)
    return seconds


def demons(folder: Path, program: str) -> float:
    """SimpleITK fast symmetric forces demons at 12, 6 and 3 mm, field smoothed by 2 voxels."""
    del program
    fixed, moving = _bodies(folder)
    began = time.perf_counter()
    field = None
    for spacing in DEMONS_SPACINGS_MM:
        pair = [_at(image, spacing, SHOWN_HU) for image in (fixed, moving)]
        engine = sitk.FastSymmetricForcesDemonsRegistrationFilter()
        engine.SetNumberOfIterations(DEMONS_ITERATIONS)
        engine.SetStandardDeviations(DEMONS_SIGMA)
        engine.SetSmoothDisplacementField(True)
        if field is None:
            field = engine.Execute(*pair)
        else:
            field = engine.Execute(*pair, sitk.Resample(field, pair[0]))
    seconds = time.perf_counter() - began
    _finish(sitk.DisplacementFieldTransform(sitk.Cast(field, sitk.sitkVectorFloat64)), folder)
    return seconds


def plastimatch(folder: Path, program: str) -> float:
    """B-spline of plastimatch: mean squares, 60, 30 and 15 mm, 50 iterations each."""
    commands = folder / "plastimatch.txt"
    commands.write_text(PLASTIMATCH.format(folder=folder))
    seconds = _program([program, "register", str(commands)])
    _finish(_vectors(folder / "vectors.mha"), folder)
    return seconds


def greedy(folder: Path, program: str) -> float:
    """Greedy (picsl-greedy, Apache-2.0): NCC of 2 voxels, 100 x 50 x 10 iterations."""
    line = (
        f"-d 3 -m NCC 2x2x2 -i {folder}/reference_body.mha {folder}/prior_body.mha"
        f" -o {folder}/warp.nii.gz"
        " -n 100x50x10 -s 2.0vox 0.5vox -threads 2"
    )
    seconds = _program([program, "-c", GREEDY, line])
    _finish(_vectors(folder / "warp.nii.gz"), folder)
    return seconds


ENGINES: dict[str, Callable[[Path, str], float]] = {
    "rigid": rigid,
    "built-in": built_in,
    "SimpleITK B-spline": bspline,
    "SimpleITK demons": demons,
    "plastimatch B-spline": plastimatch,
    "greedy": greedy,
}
PROGRAMS = {"plastimatch B-spline": "plastimatch", "greedy": "greedy"}


def _program(command: list[str]) -> float:
    began = time.perf_counter()
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    seconds = time.perf_counter() - began
    if done.returncode:
        sys.exit(f"{command[0]} ended with {done.returncode}: {(done.stdout + done.stderr)[-400:]}")
    return seconds


def _read(path: Path) -> Volume:
    return Volume.from_sitk(sitk.ReadImage(str(path), sitk.sitkFloat32))


def _as_float(mask: Volume) -> Volume:
    return Volume(mask.array.astype(np.float32), mask.grid)


def _bodies(folder: Path) -> list[sitk.Image]:
    return [sitk.ReadImage(str(folder / f"{name}_body.mha")) for name in ("reference", "prior")]


def _vectors(path: Path) -> sitk.Transform:
    return sitk.DisplacementFieldTransform(sitk.ReadImage(str(path), sitk.sitkVectorFloat64))


def _finish(bent: sitk.Transform, folder: Path) -> None:
    """Write the field of a transform that comes before the rigid start."""
    both = sitk.CompositeTransform(3)
    both.AddTransform(sitk.ReadTransform(str(folder / "rigid.tfm")))
    both.AddTransform(bent)
    _write_field(both, _read(folder / "reference.mha"), folder)


def _at(image: sitk.Image, spacing: float, shown: tuple[float, float] | None = None) -> sitk.Image:
    """Image at a spacing of its own, smoothed before, with values clamped."""
    size = [
        max(4, int(n * s / spacing + 0.5))
        for n, s in zip(image.GetSize(), image.GetSpacing(), strict=True)
    ]
    sigma = [max(0.35 * spacing, 1e-3)] * 3
    low = sitk.Resample(
        sitk.SmoothingRecursiveGaussian(image, sigma), size, sitk.Transform(3, sitk.sitkIdentity),
        sitk.sitkLinear, image.GetOrigin(), (spacing,) * 3, image.GetDirection(), -1000.0,
    )  # fmt: skip
    return sitk.Clamp(low, sitk.sitkFloat32, *(shown or (-1000.0, 1000.0)))


def _write_field(transform: sitk.Transform, reference: Volume, folder: Path) -> None:
    """Write a transform as a field on a grid of 3 mm (or that of the CT) over the reference."""
    grid = reference.grid.with_spacing(3.0)
    field = sitk.TransformToDisplacementField(
        transform, sitk.sitkVectorFloat64, grid.size, grid.origin_lps, grid.spacing_mm,
        grid.direction,
    )  # fmt: skip
    sitk.WriteImage(field, str(folder / "field.mha"))


def child(engine: str, folder: Path, program: str) -> None:
    """Run one engine and leave its seconds and peak memory (MiB) beside the field."""
    before = _cpu_seconds()
    seconds = ENGINES[engine](folder, program)
    memory = peak_memory_mb()
    if engine in PROGRAMS:
        memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    measured = {
        "seconds": seconds,
        "cpu_seconds": _cpu_seconds() - before,
        "memory_mb": memory,
    }
    (folder / "run.json").write_text(json.dumps(measured))


def _cpu_seconds() -> float:
    """Processor seconds of this process and of the programs it ran: steady on a busy machine."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


if __name__ == "__main__":
    child(sys.argv[1], Path(sys.argv[2]), sys.argv[3])
