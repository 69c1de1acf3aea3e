"""Evaluate a case and write everything contract.md asks for, all of it or nothing."""

from __future__ import annotations

import importlib.util
import tempfile
from pathlib import Path
from typing import Any

from ReirradiationCore.case import Case
from ReirradiationCore.deidentification import de_identified
from ReirradiationCore.errors import RefusedError
from ReirradiationCore.export import write_json, write_result_data
from ReirradiationCore.output_folder import (
    WRITTEN,
    files_in_folders,
    replace_results,
    require_apart,
    require_no_results,
    require_replaceable,
    require_untouched,
)
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

NOT_FREE = "use --overwrite if they are the results of an earlier run, or name another folder"
WITHOUT_SLICER = (
    "no pictures and no scene.mrb: slicer-core is not installed; install the extra 'headless'"
)


def require_free(output: Path, *, overwrite: bool) -> None:
    """Refuse to write over anything but, if that is asked for, the results of an earlier run.

    Raises
    ------
    RefusedError
        What is there already and would be replaced, or an output that is a file.
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
    if overwrite:
        require_replaceable(output)
    else:
        require_no_results(output, NOT_FREE)


def run_evaluation(case: Case, output: Path, progress: Progress) -> dict[str, Any]:
    """Evaluate a case and write its results to ``output``.

    Returns
    -------
    dict
        Content of results.json.

    Raises
    ------
    ReirradiationError
        Input or choices that must not be evaluated, or that the results would replace; nothing is
        written then.
    """
    clock = Stopwatch()
    require_apart(output, case)
    evaluation = evaluate_reirradiation(case, progress)
    require_untouched(output, (path for path, *_ in evaluation.files))
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
            results[WRITTEN] = files_in_folders(folder)
        with clock.stage("report"):
            pictures = _write_scene(evaluation, results, folder, progress)
            progress("Writing the report")
            results["timings_s"] = {**evaluation.timings_s, **clock.seconds()}
            results["peak_memory_mb"] = peak_memory_mb()
            write_report(folder / "report.html", report_data(evaluation, results, pictures))
        results["timings_s"] = {**evaluation.timings_s, **clock.seconds()}
        write_json(folder / "results.json", results)
        replace_results(folder, output)
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
