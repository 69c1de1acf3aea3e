"""Time from a changed choice to verdicts, curves and a redrawn organ, as the viewers ask for them.

20 organs of 150 000 sample points (more than the sampling rules give any organ), two courses, all
STRIDeR limits, through `LiveEvaluation`: checks of the choices, models, verdicts. Then one organ of
clinical size on a deformed CT is redrawn, and the samples are written and read. Run
``python bench_live.py``; the targets are 0.1 s for each change and 0.5 s for a redrawn organ.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import SimpleITK as sitk

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "ReirradiationPlanner"))
from bench_reevaluation import NAMES, ORGANS, POINTS, courses, organ
from ReirradiationCore.case import Case, MappingStrategy, OrganChoice, RecoveryChoice
from ReirradiationCore.courses import Course, Structure
from ReirradiationCore.dicom import ReadResult
from ReirradiationCore.grids import Grid, Volume
from ReirradiationCore.live_evaluation import LiveEvaluation
from ReirradiationCore.pipeline import sample_case, with_choices
from ReirradiationCore.pipeline_data import RegisteredCourse, SampledCase
from ReirradiationCore.registration import RegistrationResult
from ReirradiationCore.sample_store import read_samples, write_samples

REPEATS, TARGET_S, CONTOUR_TARGET_S = 5, 0.1, 0.5
CASE = Case(protocols=("STRIDeR2025",))
write = sys.stdout.write


def registered(transform: sitk.Transform) -> dict[str, RegisteredCourse]:
    result = RegistrationResult("deformable", "benchmark", transform, sitk.TranslationTransform(3))
    return {"prior-1": RegisteredCourse("prior-1", result, {"structures": []})}


def many_organs() -> SampledCase:
    """20 organs whose doses were sampled; names of the file differ, standard names repeat."""
    random = np.random.default_rng(7)
    judges = [organ(number, random) for number in range(ORGANS)]
    structures = tuple(
        replace(judge.model.structure, name=f"{NAMES[n % len(NAMES)]} {n}", roi_number=n)
        for n, judge in enumerate(judges)
    )
    planned, prior = courses()
    case = replace(
        CASE, structure_map={s.name: NAMES[n % len(NAMES)] for n, s in enumerate(structures)}
    )
    read = ReadResult((prior, replace(planned, structures=structures)), (), 0, ())
    source = with_choices(read, case)
    models = tuple(
        replace(judge.model, structure=structure, mapping={"prior-1": MappingStrategy.DIR})
        for judge, structure in zip(judges, structures, strict=True)
    )
    match = registered(sitk.TranslationTransform(3))
    doses = tuple(judge.doses for judge in judges)
    return SampledCase(source, match, models, doses, has_grids=False)


def changes(case: Case) -> dict[str, Callable[[int], Case]]:
    """Changes as a slider makes them: a new value every time."""
    return {
        "alpha/beta of one": lambda n: replace(
            case, organs={"Rectum 0": OrganChoice(alpha_beta_gy=2.0 + 0.1 * n)}
        ),
        "alpha/beta of all": lambda n: replace(
            case, organs={name: OrganChoice(alpha_beta_gy=2.0 + 0.1 * n) for name in NAMES}
        ),
        "recovery of all": lambda n: replace(
            case, recovery=RecoveryChoice("custom", 0.1 + 0.02 * n, "a benchmark")
        ),
        "planned scale": lambda n: replace(case, planned_scale=1.0 + 0.01 * (n + 1)),
        "other limits": lambda n: replace(case, protocols=("UMich", "STRIDeR2025")[n % 2 :]),
    }


def median(seconds: list[float]) -> float:
    return sorted(seconds)[len(seconds) // 2]


def timed(action: Callable[[], object]) -> float:
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def measure_changes() -> bool:
    """Print a line per change; False if one is above the target."""
    live = LiveEvaluation(many_organs())
    write(f"{ORGANS} organs of {POINTS} points\n")
    write(f"  first judgement      {1000 * timed(live.judge):7.1f} ms\n")
    slowest = 0.0
    for name, change in changes(live.case).items():
        seconds = [timed(lambda n=n, c=change: live.judge(c(n))) for n in range(REPEATS)]
        slowest = max(slowest, median(seconds))
        target = f"(target {1000 * TARGET_S:g})"
        write(f"  {name:<20} {1000 * median(seconds):7.1f} ms {target}\n")
    result = live.judge(replace(live.case, planned_scale=1.2))
    for name, part in (
        ("curves of one organ", lambda: result.dvh_of("Rectum 0")),
        ("tolerance of all", lambda: result.tolerance),
        ("hot spots of all", lambda: result.hot_spots),
        ("isotoxic answer", lambda: result.isotoxic),
        ("metrics of all", lambda: result.structures),
    ):
        write(f"  {name:<20} {1000 * timed(part):7.1f} ms (on demand)\n")
    measure_file(live.sampled)
    return slowest <= TARGET_S


def measure_file(sampled: SampledCase) -> None:
    """Print size and time of samples.npz; random doses are the worst case for its compression."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "samples.npz"
        seconds = timed(lambda: write_samples(path, sampled))
        size = path.stat().st_size / 1e6
        write(f"  samples.npz          {size:7.1f} MB, written in {seconds:.2f} s, ")
        write(f"read in {timed(lambda: read_samples(path)):.2f} s\n")


def bowel(shift_mm: float = 0.0) -> Structure:
    """An organ of 200 cc drawn every 3 mm with 200 points a contour."""
    angle = np.linspace(0, 2 * np.pi, 200, endpoint=False)
    contours = []
    for z in np.arange(-60.0, 60.1, 3.0):
        radius = 28.0 * np.sqrt(1 - (z / 64) ** 2) * (1 + 0.15 * np.sin(5 * angle + z / 20))
        x, y = shift_mm + radius * np.cos(angle), radius * np.sin(angle)
        contours.append(np.column_stack([x, y, np.full_like(x, z)]))
    return Structure(1, "Bowel_Small", tuple(contours))


def dose(center_mm: float, level_gy: float) -> Volume:
    grid = Grid((120, 100, 90), (2.5, 2.5, 2.5), (-150.0, -125.0, -110.0))
    x = grid.centers_lps()[:, 0].reshape(grid.shape)
    return Volume((level_gy / (1 + np.exp((x - center_mm) / 12))).astype(np.float32), grid)


def deformation() -> sitk.Transform:
    """A displacement field of 3 mm over the whole pelvis."""
    field = sitk.Image((120, 100, 90), sitk.sitkVectorFloat64, 3)
    field.SetSpacing((3.0, 3.0, 3.0))
    field.SetOrigin((-180.0, -150.0, -135.0))
    random = np.random.default_rng(3)
    smooth = [
        sitk.SmoothingRecursiveGaussian(sitk.GetImageFromArray(one), 8.0)
        for one in random.normal(0, 400, (3, 90, 100, 120))
    ]
    vectors = sitk.Compose(*smooth)
    vectors.CopyInformation(field)
    return sitk.DisplacementFieldTransform(sitk.Cast(vectors, sitk.sitkVectorFloat64))


def with_dose(course: Course, volume: Volume, structures: tuple[Structure, ...]) -> Course:
    phase = replace(course.phases[0], dose=volume)
    return replace(course, phases=(phase,), structures=structures)


def measure_contour() -> bool:
    """Print the time from a redrawn organ to its verdicts; False if above the target."""
    planned, prior = courses()
    planned = with_dose(planned, dose(20.0, 30.0), (bowel(), bowel_beside()))
    prior = with_dose(prior, dose(-10.0, 50.0), (bowel(), bowel_beside()))
    prior = replace(prior, last_fraction_date=date(2020, 2, 1))
    source = with_choices(ReadResult((prior, planned), (), 0, ()), CASE)
    live = LiveEvaluation(sample_case(source, registered(deformation())))
    live.judge()
    seconds = [
        timed(lambda n=n: live.with_structure(bowel(0.5 * n + 0.5)).judge()) for n in range(REPEATS)
    ]
    samples = live.sampled.doses[0].samples
    write(f"redrawn organ of {samples.volume_cc:.0f} cc, {len(samples.volumes_cc)} points\n")
    write(f"  to its verdicts      {1000 * median(seconds):7.1f} ms ")
    write(f"(target {1000 * CONTOUR_TARGET_S:g})\n")
    return median(seconds) <= CONTOUR_TARGET_S


def bowel_beside() -> Structure:
    return replace(bowel(80.0), name="Rectum", roi_number=2)


def main() -> int:
    """Print a line for each measurement; returns 1 if one is above its target."""
    return int(not all([measure_changes(), measure_contour()]))


if __name__ == "__main__":
    sys.exit(main())
