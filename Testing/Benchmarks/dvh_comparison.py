"""The same RTSTRUCT and RTDOSE by this tool and by dicompyler-core, against the closed form."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from ReirradiationCore.courses import Patient, Structure
from ReirradiationCore.dicom.dose import read_dose, read_dose_file
from ReirradiationCore.dicom.findings import Findings
from ReirradiationCore.dicom.index import index_files
from ReirradiationCore.dicom.structures import read_structures
from ReirradiationCore.dicom.write_common import SeriesInfo, StudyInfo, uid_from
from ReirradiationCore.dicom.write_dose import DoseInfo, DoseSummationType, DoseType, write_dose
from ReirradiationCore.dicom.write_structures import DrawnOn, write_structure_set
from ReirradiationCore.dvh import SortedDose
from ReirradiationCore.grids import Volume, sample_volume
from ReirradiationCore.progress import silent
from ReirradiationCore.radiobiology import eqd2
from ReirradiationCore.sampling import refine_hot, sample_structure

STRUCTURES, DOSE = "RS.dcm", "RD.dcm"
FRACTIONS, ALPHA_BETA_GY = 30, 2.5
RUNS = 3
HALF_GRID_MM = 1.25
TIMES = ("reading_s", "first_s", "again_s")


@dataclass(frozen=True)
class Exact:
    """Volume (cc), D0.1cc and mean dose (Gy) in closed form."""

    volume_cc: float
    hot_gy: float
    mean_gy: float


@dataclass(frozen=True)
class Answer:
    """What one program found: its times and, per organ, volume, D0.1cc and mean dose."""

    name: str
    reading_s: float
    first_s: float
    again_s: float
    found: dict[str, Sequence[float]]


def write_case(folder: Path, structures: Sequence[Structure], dose: Volume) -> None:
    """Write the structures and the dose as DICOM-RT."""
    frame = uid_from("bench dvh", "frame of reference")
    study = StudyInfo(Patient("BENCH-DVH", "BENCH^DVH"), uid_from("bench dvh", "study"), frame)
    numbered = [
        replace(one, roi_number=number, frame_of_reference_uid=frame)
        for number, one in enumerate(structures, start=1)
    ]
    uids = [uid_from("bench dvh", name) for name in ("RS", "RP", "RD", "series 1", "series 2")]
    write_structure_set(
        folder / STRUCTURES, uids[0], numbered, DrawnOn("", ()), study, SeriesInfo(uids[3])
    )
    info = DoseInfo(DoseType.PHYSICAL, DoseSummationType.PLAN, (uids[1],), sop_uid=uids[2])
    write_dose(folder / DOSE, dose, info, study, SeriesInfo(uids[4]))


def by_this_tool(folder: Path) -> Answer:
    """Read, sample and evaluate all organs; then again from the stored points with EQD2."""
    began = time.process_time()
    entries = {
        entry.path.name: entry for entry in index_files([folder], Findings(), silent).entries
    }
    frame = uid_from("bench dvh", "frame of reference")
    structures = read_structures(entries[STRUCTURES], frame, Findings()).structures
    dose = read_dose(read_dose_file(entries[DOSE]), Findings())
    reading = time.process_time() - began
    began = time.process_time()
    kept = {one.name: first_doses(one, dose) for one in structures}
    found = {name: summary(*doses) for name, doses in kept.items()}
    first = time.process_time() - began
    began = time.process_time()
    for values, volumes in kept.values():
        summary(eqd2(values, FRACTIONS, ALPHA_BETA_GY), volumes)
    again = time.process_time() - began
    return Answer("this tool", reading, first, again, found)


def first_doses(structure: Structure, dose: Volume) -> tuple[np.ndarray, np.ndarray]:
    """Doses and volumes of the sample points of an organ, its hottest part refined."""
    samples = sample_structure(structure)
    values = sample_volume(dose, samples.points_lps)
    refined = refine_hot(samples, values)
    if refined is not samples:
        new = sample_volume(dose, refined.added().points_lps)
        values = np.concatenate([values[refined.kept], new])
    return values, refined.volumes_cc


def summary(values: np.ndarray, volumes: np.ndarray) -> tuple[float, float, float]:
    """Volume, D0.1cc and mean dose; the histogram is made too, as the other program does."""
    ranked = SortedDose(values, volumes)
    ranked.histogram()
    return ranked.total_cc, ranked.dose_at_volume(0.1), ranked.mean_gy()


def best_of(runs: Sequence[Answer]) -> Answer:
    """One answer with the shortest times of several runs of the same program."""
    times = {key: min(getattr(run, key) for run in runs) for key in TIMES}
    return replace(runs[0], **times)


def by_dicompyler(folder: Path, python: str, resolution_mm: float | None = None) -> Answer:
    """Run dicompyler-core in its own interpreter, with interpolation if a resolution is given."""
    script = Path(__file__).with_name("dvh_dicompyler.py")
    command = [python, str(script), str(folder / STRUCTURES), str(folder / DOSE)]
    name = "dicompyler-core {version}, dose grid"
    if resolution_mm:
        command.append(str(resolution_mm))
        name = f"dicompyler-core {{version}}, {resolution_mm:g} mm"
    environment = {key: text for key, text in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    answer = json.loads(done.stdout)
    seconds = sum(answer["seconds"].values())
    title = name.format(version=answer["version"])
    return Answer(title, answer["reading_s"], seconds, seconds, answer["found"])


def errors_of(answer: Answer, exact: dict[str, Exact]) -> dict[str, np.ndarray]:
    """Volume error (%), errors of D0.1cc and of the mean (Gy) of all organs."""
    rows = np.array(
        [
            (
                100 * (answer.found[name][0] / true.volume_cc - 1),
                answer.found[name][1] - true.hot_gy,
                answer.found[name][2] - true.mean_gy,
            )
            for name, true in exact.items()
        ]
    )
    return dict(zip(("volume %", "D0.1cc Gy", "Dmean Gy"), np.abs(rows.T), strict=True))


def lines_of(answers: Sequence[Answer], exact: dict[str, Exact]) -> list[str]:
    """Markdown: errors and times of every program, and the ratios to the first one."""
    lines = [
        "| program | volume % | D0.1cc Gy | Dmean Gy | reading s | first DVHs s | again s |",
        "|---|--:|--:|--:|--:|--:|--:|",
    ]
    for one in answers:
        worst = [
            f"{values.mean():.3f} / {values.max():.3f}" for values in errors_of(one, exact).values()
        ]
        times = f"{one.reading_s:.2f} | {one.first_s:.2f} | {one.again_s:.3f}"
        lines.append(f"| {one.name} | {' | '.join(worst)} | {times} |")
    own = answers[0]
    for other in answers[1:]:
        lines.append(
            f"\n{other.name}: first DVHs {other.first_s / own.first_s:.1f} times as long"
            f" ({(other.reading_s + other.first_s) / (own.reading_s + own.first_s):.1f} with"
            f" reading the files), after a changed alpha/beta {other.again_s / own.again_s:.0f}"
            " times as long."
        )
    return lines


def compare(
    structures: Sequence[Structure],
    dose: Volume,
    exact: dict[str, Exact],
    python: str,
    say: Callable[[str], None],
) -> list[str]:
    """Write the files, run both programs on them and say what they found."""
    with tempfile.TemporaryDirectory() as name:
        write_case(Path(name), structures, dose)
        runs = [(by_this_tool(Path(name)), by_dicompyler(Path(name), python)) for _ in range(RUNS)]
        finer = by_dicompyler(Path(name), python, HALF_GRID_MM)
    answers = [*(best_of(one) for one in zip(*runs, strict=True)), finer]
    lines = lines_of(answers, exact)
    for line in lines:
        say(line)
    return lines
