"""Time of indexing a large folder of DICOM files, headers first.

Run ``python Testing/Benchmarks/bench_dicom.py [--files 3000] [--size 256]``. Writes CT slices of
several courses to a temporary folder, with a structure set, plan and dose each, and reads the
headers of all of them; then reads two of the courses whole.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "ReirradiationPlanner"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "Python"))
from dicom_factory import common_of, make_case, make_ct, save_case
from ReirradiationCore.dicom import read_courses
from ReirradiationCore.dicom.findings import Findings
from ReirradiationCore.dicom.index import index_files
from ReirradiationHeadless.memory import peak_memory_mb

SLICES = 150


def say(line):
    sys.stdout.write(line + "\n")


def write_courses(folder, files, size):
    """Write courses of ``SLICES`` slices until there are as many files; returns their folders."""
    folders, written = [], 0
    while written < files:
        case = make_case(day=f"{2000 + len(folders)}0101", label=f"P{len(folders)}")
        slices = min(SLICES, files - written)
        case.ct = make_ct(common_of(case.plan), max(8, slices), 2.0, size, 1.5)
        folders.append(save_case(case, folder / f"course{len(folders):02d}"))
        written += len(case.ct) + 3
    return folders


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=3000)
    parser.add_argument("--size", type=int, default=256)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folders = write_courses(Path(name), options.files, options.size)
        steps = []
        for run in ("first", "second"):
            start = time.perf_counter()
            index = index_files(
                [Path(name)], Findings(), lambda text, done=None: steps.append(text)
            )
            seconds = time.perf_counter() - start
            rate = len(index.entries) / seconds
            say(f"index, {run} run: {len(index.entries)} files in {seconds:.2f} s ({rate:.0f}/s)")
        say(f"progress reported {len(steps) // 2} times; peak memory {peak_memory_mb():.0f} MB")
        start = time.perf_counter()
        read_courses(folders[:2])
        say(f"two courses of {SLICES} slices read whole in {time.perf_counter() - start:.2f} s")


if __name__ == "__main__":
    main()
