"""Time and memory of every stage, for the demo and for a case of clinical size.

Each case runs in a process of its own, so that its peak memory is its own. The clinical case has
two CTs of 512 x 512 x 150, dose grids of 3 and 2.5 mm and 15 structures.

    python Testing/Benchmarks/bench_pipeline.py [--quick]
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
PACKAGES = REPOSITORY / "ReirradiationPlanner"
CASES = {"demo": None, "clinical size": (512, 512, 150)}
TARGETS = {"demo": (90, 3000), "clinical size": (90, 4000)}
WRITE = """
import sys, time
from pathlib import Path
from ReirradiationCore.demo import write_demo_case
began = time.perf_counter()
size = tuple(map(int, sys.argv[2:])) or None
write_demo_case(Path(sys.argv[1]), ct_size=size)
sys.stdout.write(f"{time.perf_counter() - began}")
"""


def python(*arguments: str) -> str:
    command = [sys.executable, *arguments]
    done = subprocess.run(
        command, cwd=PACKAGES, check=True, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL
    )
    return done.stdout.decode()


def run(name: str, folder: Path) -> tuple[dict, float, float]:
    case, result = folder / "case", folder / "result"
    made = float(python("-c", WRITE, str(case), *map(str, CASES[name] or ())))
    began = time.perf_counter()
    python(
        "-m", "ReirradiationHeadless", "evaluate", str(case), "--output", str(result), "--quiet",
        "--protocol", "STRIDeR2025", "--recovery", "strider_33",
    )  # fmt: skip
    wall = time.perf_counter() - began
    return json.loads((result / "results.json").read_text(encoding="utf-8")), made, wall


def main() -> None:
    names = ["demo"] if "--quick" in sys.argv else list(CASES)
    write = sys.stdout.write
    for name in names:
        with tempfile.TemporaryDirectory() as folder:
            results, made, wall = run(name, Path(folder))
        write(f"\n{name}: case made in {made:.1f} s, {len(results['structures'])} structures\n")
        for stage, seconds in results["timings_s"].items():
            write(f"  {stage:<12} {seconds:7.1f} s\n")
        seconds, memory = TARGETS[name]
        write(f"  evaluate, whole process {wall:.1f} s (target {seconds} s, demo with its case)\n")
        write(f"  peak memory {results['peak_memory_mb']:.0f} MiB (target {memory})\n")
    beside = REPOSITORY / "Testing" / "Benchmarks" / "bench_registration.py"
    write("\n" + python(str(beside), "--quick"))


if __name__ == "__main__":
    main()
