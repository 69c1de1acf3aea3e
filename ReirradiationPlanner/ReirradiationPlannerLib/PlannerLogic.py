"""One public method per job of the module; no widgets, no application."""

from pathlib import Path

from ReirradiationCore.case import Case, RecoveryChoice
from ReirradiationCore.errors import RefusedError
from ReirradiationCore.export import write_json, write_result_data
from ReirradiationCore.pipeline import evaluate_reirradiation
from ReirradiationCore.progress import Progress, silent
from ReirradiationCore.report import write_report
from ReirradiationCore.report_data import report_data
from ReirradiationCore.results import results_json


class PlannerLogic:
    """What the module can do, for scripts and for the panel."""

    def evaluate(
        self,
        inputFolder: Path,
        outputFolder: Path,
        protocol: str = "",
        recovery: str = "none",
        progress: Progress = silent,
    ) -> Path:
        """Evaluate a folder of DICOM-RT, write report, numbers and maps; return the report.

        :param protocol: name or file of a constraint set; empty for metrics without verdicts
        :param recovery: recovery rule applied to the prior courses
        :raises RefusedError: input that must not be evaluated, or results that are there already
        """
        outputFolder = Path(outputFolder)
        report = outputFolder / "report.html"
        if report.exists():
            reason = f"{outputFolder} holds results of an earlier run; choose another folder"
            raise RefusedError(reason)
        protocols = (protocol,) if protocol else ()
        case = Case((Path(inputFolder),), protocols=protocols, recovery=RecoveryChoice(recovery))
        evaluation = evaluate_reirradiation(case, progress)
        self._write(evaluation, outputFolder, report)
        return report

    @staticmethod
    def _write(evaluation, folder: Path, report: Path):
        results = results_json(evaluation)
        write_result_data(folder, evaluation, results)
        results["timings_s"] = dict(evaluation.timings_s)
        write_json(folder / "results.json", results)
        write_report(report, report_data(evaluation, results))
