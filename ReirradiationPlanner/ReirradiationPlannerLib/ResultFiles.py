"""Results of an evaluation as files, as the command line writes them."""

from __future__ import annotations

import json
from pathlib import Path

from ReirradiationCore.case import Case
from ReirradiationCore.case_file import case_to_json
from ReirradiationCore.case_record import case_record
from ReirradiationCore.deidentification import de_identified
from ReirradiationCore.export import write_json, write_result_data
from ReirradiationCore.output_folder import (
    WRITTEN,
    files_in_folders,
    require_apart,
    require_no_results,
)
from ReirradiationCore.pictures_data import Picture
from ReirradiationCore.pipeline_data import Evaluation
from ReirradiationCore.report import write_report
from ReirradiationCore.report_data import report_data
from ReirradiationCore.results import results_json
from ReirradiationCore.sample_deidentification import de_identified_pack
from ReirradiationCore.sample_pack import samples_of
from ReirradiationCore.sample_store import write_pack

NOT_FREE = "they may be results of an earlier run, choose another folder"


class ResultFiles:
    """Writes into a folder that holds no results.

    :param folder: folder, made if needed.
    """

    def __init__(self, folder: Path):
        self._folder = folder

    def requireFree(self) -> None:
        """Refuse a folder that holds anything a result would replace.

        :raises RefusedError: results of an earlier run, or files called as those of a result.
        """
        require_no_results(self._folder, NOT_FREE)

    def write(self, evaluation: Evaluation, pictures: tuple[Picture, ...] = ()) -> Path:
        """Write report, numbers, maps, transforms and DICOM; return the report.

        :raises RefusedError: a folder with results, or one in the folder of the input.
        """
        self.requireFree()
        require_apart(self._folder, evaluation.case)
        results, samples = results_json(evaluation), samples_of(evaluation)
        if evaluation.case.de_identify:
            identified = evaluation
            evaluation, results = de_identified(evaluation, results)
            samples = de_identified_pack(samples, identified, evaluation)
        write_result_data(self._folder, evaluation, results)
        write_pack(self._folder / "samples.npz", samples)
        results[WRITTEN] = files_in_folders(self._folder)
        results["timings_s"] = dict(evaluation.timings_s)
        report = self._folder / "report.html"
        write_report(report, report_data(evaluation, results, list(pictures)))
        write_json(self._folder / "results.json", results)
        return report

    @staticmethod
    def saveCase(case: Case, path: Path, evaluation: Evaluation | None = None) -> Path:
        """Write a case file; with an evaluation also what the choices became."""
        content = case_to_json(case) if evaluation is None else case_record(evaluation)
        text = json.dumps(content, indent=1, allow_nan=False, ensure_ascii=False)
        path.write_text(f"{text}\n", encoding="utf-8")
        return path
