"""Time the cumulative EQD2 of two courses on 52 million voxels against copying the same bytes.

Run ``python Testing/Benchmarks/bench_eqd2.py [voxels]``; the first printed figure is the ratio.
"""

import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "ReirradiationPlanner"))
from ReirradiationCore.eqd2_maps import cumulative_eqd2_into

ALLOWED_RATIO = 5.0


def best_of(repeats, work):
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def main():
    voxels = int(sys.argv[1]) if len(sys.argv) > 1 else 52_000_000
    random = np.random.default_rng(1)
    doses = [random.random(voxels, dtype=np.float32) * gy for gy in (74, 30)]
    out, copies = np.zeros_like(doses[0]), [np.zeros_like(dose) for dose in doses]

    def copy():
        for target, dose in zip(copies, doses, strict=True):
            np.copyto(target, dose)

    copying = best_of(5, copy)
    copies.clear()
    converting = best_of(5, lambda: cumulative_eqd2_into(doses, (37, 5), 3.0, out))
    ratio = converting / copying
    lines = [
        f"ratio {ratio:.2f} (allowed {ALLOWED_RATIO:g})",
        f"EQD2 of two courses, {voxels} voxels: {converting:.3f} s; copying: {copying:.3f} s",
    ]
    sys.stdout.write("\n".join(lines) + "\n")
    return 0 if ratio <= ALLOWED_RATIO else 1


if __name__ == "__main__":
    sys.exit(main())
