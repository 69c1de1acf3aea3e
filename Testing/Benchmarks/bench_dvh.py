"""Time and exactness of sampling and DVHs beside a voxel mask and, if given, plastimatch.

    python Testing/Benchmarks/bench_dvh.py [--dicompyler PYTHON] [--table FILE]
        [--phantom FOLDER --plastimatch PROGRAM]

First 20 ellipsoids of clinical size in 3 mm slices, in a dose that changes evenly: every metric
is known in closed form. Then, if the interpreter PYTHON that has dicompyler-core (0.5.6 needs
``pydicom<3``, ``numpy<2`` and scikit-image) is given, the same organs written as RTSTRUCT and
RTDOSE by both; ``--table`` writes that comparison as markdown. Then, if FOLDER (analytic phantom of
3 mm slices with CT) and the plastimatch program are given, all shapes of the phantom by both.
"""

import argparse
import csv
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import SimpleITK as sitk

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "ReirradiationPlanner"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "Python" / "unit"))
from dvh_comparison import FRACTIONS, Exact, compare
from ReirradiationCore.contour_planes import plane_coverage, stack_contours
from ReirradiationCore.dicom import ReadOptions, read_courses
from ReirradiationCore.dvh import SortedDose
from ReirradiationCore.grids import Grid, Volume, sample_volume
from ReirradiationCore.metrics import Metric
from ReirradiationCore.sampling import refine_hot, sample_structure
from ReirradiationHeadless.memory import peak_memory_mb
from solids import ellipsoid, structure

SIZES_CC = (0.6, 1, 2, 3, 5, 7, 10, 15, 20, 30, 40, 60, 80, 100, 150, 250, 400, 600, 1500, 10000)
CENTRE_GY, GY_PER_MM = 100.0, 0.5
METRICS = ("D0.03cc", "D0.1cc", "D1cc", "Dmean", "D95%", "D2%", "V100Gy")


def say(line):
    sys.stdout.write(line + "\n")


def organ(volume_cc, number):
    """Semi-axes (mm) and structure of an ellipsoid."""
    radius = np.cbrt(volume_cc * 3000 / 4 / np.pi)
    axes = (1.2 * radius, radius / 1.2, radius)
    return axes, structure(ellipsoid(axes, 3.0, 0.3 + 0.13 * number), f"{volume_cc} cc")


def exact_dose(volume_cc, total_cc, half_axis_mm):
    """Dose that the hottest part of an ellipsoid receives: a cap of share h^2 (3 - h) / 4."""
    heights = np.linspace(0, 2, 200_001)
    height = np.interp(volume_cc / total_cc, heights**2 * (3 - heights) / 4, heights)
    return CENTRE_GY + GY_PER_MM * half_axis_mm * (1 - height)


def even_dose():
    grid = Grid((145, 121, 141), (2.5, 2.5, 2.5), (-180.0, -150.0, -175.0))
    x = grid.points_at(np.stack([np.arange(145), np.zeros(145), np.zeros(145)], axis=1))[:, 0]
    plane = np.broadcast_to(CENTRE_GY + GY_PER_MM * x, grid.shape)
    return Volume(np.ascontiguousarray(plane, dtype=np.float32), grid)


def voxel_mask_dose(shape, dose):
    """Doses and volumes of the voxels of the dose grid whose centre is inside the contours."""
    stack, grid = stack_contours(shape), dose.grid
    z = grid.origin_lps[2] + np.arange(grid.size[2]) * grid.spacing_mm[2]
    corner = tuple(o - s / 2 for o, s in zip(grid.origin_lps[:2], grid.spacing_mm[:2], strict=True))
    mask = np.zeros(grid.shape, dtype=bool)
    for k, height in enumerate(z):
        near = int(np.argmin(np.abs(stack.positions_mm - height)))
        if abs(stack.positions_mm[near] - height) <= stack.slice_spacing_mm / 2:
            covered = plane_coverage(stack.loops[near], corner, grid.spacing_mm[:2], grid.shape[1:])
            mask[k] = covered >= 0.5
    values = dose.array[mask]
    return values, np.full(len(values), grid.voxel_volume_cc)


class Clock:
    """Seconds spent in named stages."""

    def __init__(self):
        self.seconds = {}

    def time(self, stage, work, *arguments):
        start = time.perf_counter()
        result = work(*arguments)
        self.seconds[stage] = self.seconds.get(stage, 0) + time.perf_counter() - start
        return result


def errors(values, volumes, total_cc, half_axis_mm):
    """Volume error (%) and errors of D0.03cc and D0.1cc (Gy); None if larger than the organ."""
    if len(values) == 0:
        return -100.0, None, None
    ranked = SortedDose(values, volumes)
    doses = [
        ranked.dose_at_volume(cc) - exact_dose(cc, total_cc, half_axis_mm)
        if cc <= ranked.total_cc
        else None
        for cc in (0.03, 0.1)
    ]
    return (100 * (ranked.total_cc / total_cc - 1), *doses)


def worst(found, column):
    known = [abs(row[column]) for row in found if row[column] is not None]
    return max(known)


def organs_of_clinical_size():
    dose, clock = even_dose(), Clock()
    ours, mask, organs = [], [], []
    for number, size in enumerate(SIZES_CC):
        axes, shape = organ(size, number)
        samples = clock.time("sampling", sample_structure, shape)
        first = clock.time("dose at points", sample_volume, dose, samples.points_lps)
        refined = clock.time("refining", refine_hot, samples, first)
        values = first
        if refined is not samples:
            samples, kept = refined, refined.kept
            new = clock.time("dose at points", sample_volume, dose, samples.points_lps[len(kept) :])
            values = np.concatenate([first[kept], new])
        ours.append(errors(values, samples.volumes_cc, size, axes[0]))
        mask.append(errors(*clock.time("voxel mask", voxel_mask_dose, shape, dose), size, axes[0]))
        organs.append((values, samples.volumes_cc))
    clock.time("20 organs, 7 metrics each", evaluate_all, organs)
    say(f"{len(SIZES_CC)} organs of {SIZES_CC[0]:g} to {SIZES_CC[-1]:g} cc, 3 mm slices")
    for stage, seconds in clock.seconds.items():
        say(f"  {stage:26s} {seconds:7.3f} s")
    say(f"  points {sum(len(v) for v, _ in organs)}, peak memory {peak_memory_mb()} MiB")
    for name, found in (("sample points", ours), ("voxel mask", mask)):
        large = [row for row, size in zip(found, SIZES_CC, strict=True) if size >= 5]
        volume = f"volume {worst(found, 0):.2f} % (from 5 cc {worst(large, 0):.2f} %)"
        hot = f"D0.03cc {worst(found, 1):.2f} Gy, D0.1cc {worst(found, 2):.2f} Gy"
        say(f"  worst error, {name}: {volume}, {hot}")


def evaluate_all(organs):
    metrics = [Metric.parse(name) for name in METRICS]
    ranked = [SortedDose(*organ) for organ in organs]
    return [[one.metric(metric) for metric in metrics] for one in ranked]


def plastimatch_masks(program, folder):
    """Masks by name from the plastimatch program, on the grid of the CT."""
    with tempfile.TemporaryDirectory() as scratch:
        image, names = Path(scratch) / "ss.nrrd", Path(scratch) / "ss.txt"
        command = [program, "convert", "--input", folder, "--referenced-ct", folder]
        command += ["--output-ss-img", image, "--output-ss-list", names]
        subprocess.run([str(part) for part in command], check=True, capture_output=True)
        bits = sitk.ReadImage(str(image))
        listed = [line.split("|") for line in names.read_text().splitlines()]
    array = sitk.GetArrayFromImage(bits)
    array = array.reshape(*array.shape[:3], -1)
    grid = (
        Volume.from_sitk(sitk.VectorIndexSelectionCast(bits, 0)).grid
        if array.shape[3] > 1
        else None
    )
    grid = grid or Volume.from_sitk(bits).grid
    return {name: array[..., int(b) // 8] >> (int(b) % 8) & 1 for b, _, name in listed}, grid


def phantom_by_both(folder, program):
    course = read_courses([folder], ReadOptions(images=False)).courses[0]
    with (folder.parent / "exact_values.csv").open() as file:
        exact = {(row["dose"], row["structure"]): row for row in csv.DictReader(file)}
    dose = {phase.plan_label: phase.dose for phase in course.phases}["LIN_AP"]
    clock = Clock()
    masks, grid = clock.time("plastimatch", plastimatch_masks, program, folder)
    say("phantom, dose LIN_AP         V cc    ours %  plastimatch %  D0.1cc Gy   ours  plastimatch")
    for shape in course.structures:
        row = exact.get(("LIN_AP", shape.name))
        if row is None:
            continue
        samples = clock.time("ours", sample_structure, shape)
        ranked = SortedDose(sample_volume(dose, samples.points_lps), samples.volumes_cc)
        points = grid.points_at(np.argwhere(masks[shape.name])[:, ::-1])
        volumes = np.full(len(points), grid.voxel_volume_cc)
        theirs = SortedDose(sample_volume(dose, points), volumes)
        total, hot = float(row["vol_cc"]), float(row["D0p1cc"])
        off = [100 * (r.total_cc / total - 1) for r in (ranked, theirs)]
        gap = [r.dose_at_volume(0.1) - hot for r in (ranked, theirs)]
        say(
            f"  {shape.name:24s} {total:7.3f}  {off[0]:+7.2f}  {off[1]:+13.2f}  {hot:10.2f}"
            f"  {gap[0]:+6.2f}  {gap[1]:+12.2f}"
        )
    times = clock.seconds
    say(
        f"  time: ours {times['ours']:.2f} s, plastimatch {times['plastimatch']:.2f} s"
        f" (ratio {times['ours'] / times['plastimatch']:.2f})"
    )


START = """# DVHs beside dicompyler-core

{count} ellipsoids of {low:g} to {high:g} cc in 3 mm slices, in a dose that changes by
{slope:g} Gy/mm on a grid of 2.5 mm, written as RTSTRUCT and RTDOSE and read by both programs in one
run: volume, D0.1cc and mean dose are known in closed form. Errors: mean / largest of the organs.
Times are processor seconds, the shortest of three runs in turn. *First DVHs*: from contours in
memory to volume, metrics and cumulative DVH of all organs. *Again*: the same with another
alpha/beta (EQD2 in {fractions} fractions), for which this tool keeps its sample points;
dicompyler-core has to calculate anew. dicompyler-core runs in an environment of its own, with its
default settings (voxel centres of the dose grid) and, once, with its interpolation to half the
dose grid, which is still coarser than the points of this tool in small organs. Written by
`Testing/Benchmarks/bench_dvh.py --dicompyler PYTHON --table FILE`.

"""


def organs_by_dicompyler(python, table):
    shapes = [organ(size, number) for number, size in enumerate(SIZES_CC)]
    exact = {
        shape.name: Exact(size, exact_dose(0.1, size, axes[0]), CENTRE_GY)
        for size, (axes, shape) in zip(SIZES_CC, shapes, strict=True)
    }
    lines = compare([shape for _, shape in shapes], even_dose(), exact, python, say)
    if table:
        start = START.format(
            count=len(SIZES_CC), low=SIZES_CC[0], high=SIZES_CC[-1], slope=GY_PER_MM,
            fractions=FRACTIONS,
        )  # fmt: skip
        table.write_text(start + "\n".join(lines) + "\n", encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--phantom", type=Path)
    parser.add_argument("--plastimatch", help="plastimatch program")
    parser.add_argument("--dicompyler", help="Python interpreter that has dicompyler-core")
    parser.add_argument("--table", type=Path, help="markdown file of the comparison")
    given = parser.parse_args()
    organs_of_clinical_size()
    if given.dicompyler:
        organs_by_dicompyler(given.dicompyler, given.table)
    if given.phantom and given.plastimatch:
        phantom_by_both(given.phantom, given.plastimatch)


if __name__ == "__main__":
    main()
