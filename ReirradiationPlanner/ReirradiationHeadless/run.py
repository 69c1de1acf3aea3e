"""Evaluate a case and write everything contract.md asks for, all of it or nothing."""

from __future__ import annotations

import importlib.util
import shutil
import tempfile
from pathlib import Path
from typing import Any

from ReirradiationCore.case import Case
from ReirradiationCore.deidentification import de_identified
from ReirradiationCore.errors import RefusedError
from ReirradiationCore.export import write_json, write_result_data
from ReirradiationCore.picture_request import picture_request
from ReirradiationCore.pictures_data import Picture, Unavailable
from ReirradiationCore.pipeline import evaluate_reirradiation
from ReirradiationCore.pipeline_data import Evaluation
from ReirradiationCore.progress import Progress
from ReirradiationCore.report import write_report
from ReirradiationCore.report_data import report_data
from ReirradiationCore.results import results_json
from ReirradiationCore.sample_deidentification import de_identified_pack
from ReirradiationCore.sample_pack import samples_of
from ReirradiationCore.sample_store import write_pack
from ReirradiationCore.stopwatch import Stopwatch

from .memory import peak_memory_mb

RESULT_FILES = (
    "results.json", "case.json", "metrics.csv", "dvh.csv", "report.html", "report.pdf",
    "scene.mrb", "samples.npz",
    "refused.json",
)  # fmt: skip
RESULT_FOLDERS = ("maps", "transforms", "dicom")
WITHOUT_SLICER = (
    "no pictures and no scene.mrb: slicer-core is not installed; install the extra 'headless'"
)


def require_free(output: Path, *, overwrite: bool) -> None:
    """Refuse to write over the results of an earlier run.

    Raises
    ------
    RefusedError
        Results that are there already, or an output that is a file.
    """
    if output.exists() and not output.is_dir():
        reason = f"{output} is a file; name a folder for the results"
        raise RefusedError(reason)
    try:
        output.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=output):
            pass
    except OSError as error:
        reason = f"{output} cannot be written to ({error.strerror}); name another folder"
        raise RefusedError(reason) from error
    if (output / "results.json").exists() and not overwrite:
        reason = f"{output} holds results of an earlier run; use --overwrite or another folder"
        raise RefusedError(reason)


def require_apart(output: Path, case: Case) -> None:
    """Refuse results inside the input, where the next run would read them as treatments.

    Raises
    ------
    RefusedError
        An output folder that is an input folder or lies in one.
    """
    result = output.resolve()
    for path in case.paths:
        inside = path.resolve()
        if inside == result or inside in result.parents:
            reason = f"{output} lies in the input folder {path}; name a folder outside it"
            raise RefusedError(reason)


def run_evaluation(case: Case, output: Path, progress: Progress) -> dict[str, Any]:
    """Evaluate a case and write its results to ``output``.

    Returns
    -------
    dict
        Content of results.json.

    Raises
    ------
    ReirradiationError
        Input or choices that must not be evaluated; nothing is written then.
    """
    clock = Stopwatch()
    evaluation = evaluate_reirradiation(case, progress)
    results, samples = results_json(evaluation), samples_of(evaluation)
    if case.de_identify:
        identified = evaluation
        evaluation, results = de_identified(evaluation, results)
        samples = de_identified_pack(samples, identified, evaluation)
    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".unfinished-", dir=output.parent) as name:
        folder = Path(name)
        with clock.stage("export"):
            progress("Writing maps, transforms and DICOM")
            write_result_data(folder, evaluation, results)
            write_pack(folder / "samples.npz", samples)
        with clock.stage("report"):
            pictures = _write_scene(evaluation, results, folder, progress)
            progress("Writing the report")
            results["timings_s"] = {**evaluation.timings_s, **clock.seconds()}
            results["peak_memory_mb"] = peak_memory_mb()
            write_report(folder / "report.html", report_data(evaluation, results, pictures))
        results["timings_s"] = {**evaluation.timings_s, **clock.seconds()}
        write_json(folder / "results.json", results)
        _move_into_place(folder, output)
    return results


def _write_scene(
    evaluation: Evaluation, results: dict[str, Any], folder: Path, progress: Progress
) -> list[Picture]:
    """Write scene.mrb and return the pictures of the report; none where there is no CT."""
    request = picture_request(evaluation, results)
    if request is None:
        return []
    if importlib.util.find_spec("slicer") is None:
        results["warnings"].append(WITHOUT_SLICER)
        return []
    from .pictures import render_pictures  # noqa: PLC0415  (these two need slicer-core)
    from .scene import build_scene, write_scene  # noqa: PLC0415

    progress("Drawing the pictures", 0.0)
    scene = build_scene(request)
    pictures = render_pictures(
        request, scene, lambda _message, done=None: progress("Drawing the pictures", done)
    )
    if isinstance(pictures, Unavailable):
        results["warnings"].append(f"the report has no pictures: {pictures.reason}")
        pictures = []
    progress("Writing the Slicer scene")
    write_scene(folder / "scene.mrb", request, scene)
    return pictures


def _move_into_place(folder: Path, output: Path) -> None:
    """Replace the results of ``output`` by those of ``folder``; other files there are kept."""
    output.mkdir(parents=True, exist_ok=True)
    for name in RESULT_FILES:
        (output / name).unlink(missing_ok=True)
    for name in RESULT_FOLDERS:
        if (output / name).is_dir():
            shutil.rmtree(output / name)
    for item in sorted(folder.iterdir()):
        shutil.move(item, output / item.name)
