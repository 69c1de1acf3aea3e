"""Registration engines on the same pairs of CTs with known maps: error, folding, time, memory.

    python Testing/Benchmarks/bench_registration.py [--quick] [--pelvis FOLDER]
        [--plastimatch PROGRAM] [--greedy PYTHON] [--results FILE] [--table FILE]

Engines: built-in, SimpleITK B-spline and demons; plastimatch (``pip install plastimatch``) by its
program and greedy (``pip install picsl-greedy``) by the interpreter that has it, or skipped.
Each runs in a process of its own. ``--results`` keeps every measurement as JSON; engines that have
one are not run again unless ``--again ENGINE`` asks for it.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import SimpleITK as sitk

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "ReirradiationPlanner"))

from registration_engines import ENGINES, PROGRAMS  # noqa: E402
from registration_pairs import QUICK, Pair, make_pair, pair_names, to_files  # noqa: E402
from registration_scores import misses, pair_table, score, summary  # noqa: E402
from registration_text import END, START  # noqa: E402

OWN, SLOW = "built-in", "SimpleITK B-spline"
START_ENGINE = "rigid"


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def run_engine(engine: str, pair: Pair, folder: Path, program: str | None) -> dict[str, object]:
    """Run an engine in its own process and score the field it leaves."""
    if engine in PROGRAMS and not program:
        return {"skipped": f"skipped: --{PROGRAMS[engine]} was not given"}
    script = Path(__file__).with_name("registration_engines.py")
    environment = dict(os.environ, PYTHONPATH=str(ROOT / "ReirradiationPlanner"))
    done = subprocess.run(
        [sys.executable, str(script), engine, str(folder), program or ""],
        env=environment, check=False, capture_output=True, text=True,
    )  # fmt: skip
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["no message"])[-1]
        return {"skipped": f"failed: {reason[-160:]}"}
    measured = json.loads((folder / "run.json").read_text())
    return measured | score(pair, sitk.ReadImage(str(folder / "field.mha")))


def run_pair(pair: Pair, wanted: list[str], programs: dict[str, str | None]) -> dict[str, dict]:
    """Rows of the wanted engines and of the rigid start, each with its own time."""
    rows: dict[str, dict] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        list(to_files(pair, folder))
        for engine in (START_ENGINE, *wanted):
            rows[engine] = run_engine(engine, pair, folder, programs.get(engine))
            say(line_of(pair, engine, rows[engine]))
    return rows


def with_start(rows: dict[str, dict]) -> dict[str, dict]:
    """Rows in the order of the engines; the time of the rigid start is added to competitors'."""
    found = {}
    for engine in (engine for engine in ENGINES if engine in rows):
        row = dict(rows[engine])
        if "mean" in row and engine not in (START_ENGINE, OWN):
            for key in ("seconds", "cpu_seconds"):
                row[key] += rows[START_ENGINE][key]
        found[engine] = row
    return found


def line_of(pair: Pair, engine: str, row: dict) -> str:
    if "mean" not in row:
        return f"{pair.name:24} {engine:22} {row['skipped']}"
    organs = " ".join(f"{name} {value:.2f}" for name, value in row["mda"].items())
    missed = misses(pair.goal_mm, row) if engine == OWN else []
    return (
        f"{pair.name:24} {engine:22} mean {row['mean']:5.2f} p95 {row['p95']:5.2f} max"
        f" {row['max']:5.1f} | MDA {organs} | fold {row['folding']:.3f} % | {row['seconds']:6.1f} s"
        f" ({row['cpu_seconds']:.1f} CPU)"
        f" {row['memory_mb']:5.0f} MiB" + (f" | MISSES {'; '.join(missed)}" if missed else "")
    )


def table(results: dict[str, dict], pelvis: Path | None) -> str:
    """Return the markdown of the documentation."""
    order = [name for name in pair_names(pelvis or Path()) if name in results]
    rows = {name: with_start(results[name]["rows"]) for name in order}
    lines = [
        START,
        *summary(rows, OWN, SLOW),
        "\n## Accuracy goals missed by the built-in engine\n",
    ]
    goals = {name: tuple(results[name]["goal"]) for name in order}
    missed = {n: misses(goals[n], rows[n][OWN]) for n in order if "mean" in rows[n].get(OWN, {})}
    lines += [f"* {name}: {'; '.join(found)}" for name, found in missed.items() if found]
    lines += [] if any(missed.values()) else ["None of the pairs below."]
    absent = [name for name in pair_names(pelvis or Path()) if name not in results]
    lines += [f"\nNot measured in this run: {', '.join(absent)}."] if absent else []
    lines.append("\n## Each pair")
    for name in order:
        lines += pair_table(name, goals[name], rows[name])
    return "\n".join([*lines, END])


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="three pairs with coarse voxels")
    parser.add_argument("--pelvis", type=Path, help="folder of the shared pelvis case")
    parser.add_argument("--plastimatch", help="plastimatch program")
    parser.add_argument("--greedy", help="Python interpreter that has picsl_greedy")
    parser.add_argument("--pairs", nargs="+", help="names, or parts of names, of pairs to run")
    parser.add_argument("--engines", nargs="+", help="engines to run", choices=list(ENGINES))
    parser.add_argument("--again", nargs="+", default=[], help="engines to measure anew")
    parser.add_argument("--results", type=Path, help="JSON file that keeps the measurements")
    parser.add_argument("--table", type=Path, help="markdown file to write")
    return parser.parse_args()


def main() -> None:
    """Run the benchmark."""
    given = arguments()
    results = {}
    if given.results and given.results.exists():
        results = json.loads(given.results.read_text())
    names = list(QUICK) if given.quick else pair_names(given.pelvis)
    if given.pairs:
        every = pair_names(given.pelvis)
        exact = [n for n in every if n in given.pairs]
        names = exact or [n for n in every if any(part in n for part in given.pairs)]
    programs = {engine: getattr(given, option) for engine, option in PROGRAMS.items()}
    for name in names:
        kept = results.get(name, {}).get("rows", {})
        wanted = [
            engine
            for engine in given.engines or ENGINES
            if engine != START_ENGINE
            and ("mean" not in kept.get(engine, {}) or engine in given.again)
        ]
        if not wanted:
            continue
        pair = make_pair(name, given.pelvis, 4.0 if given.quick else 3.0)
        kept |= run_pair(pair, wanted, programs)
        results[name] = {"goal": pair.goal_mm, "rows": kept}
        if given.results:
            given.results.write_text(json.dumps(results))
    if given.table:
        given.table.write_text(table(results, given.pelvis), encoding="utf-8")


if __name__ == "__main__":
    main()
