"""The program: read the options, run, say what came out."""

from __future__ import annotations

import argparse
import importlib.util
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ReirradiationCore.comparison import ResultFolder, comparison_text
from ReirradiationCore.errors import RefusedError, ReirradiationError
from ReirradiationCore.output_folder import RESULTS, require_apart
from ReirradiationCore.progress import Progress, silent
from ReirradiationCore.protocol_library import (
    available_protocols,
    check_protocol,
    load_protocol,
)
from ReirradiationCore.warning import WARNING

from .arguments import case_from, make_parser
from .demo import run_demo
from .pdf import find_browser, write_pdf
from .progress_bar import ProgressBar
from .run import require_free, run_evaluation
from .summary import check_text, limits_text, protocols_text, summary_text

NEEDED_TO_REVIEW = ("slicer", "trame_slicer")
EVALUATED, DEFECT, REFUSED = 0, 1, 2
NOT_WRITTEN = "the reasons stand on the terminal only: they may name the patient"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program; returns the exit status of contract.md (a defect raises, status 1)."""
    options = argparse.Namespace(output=None)
    try:
        options = make_parser().parse_args(arguments)
        return _COMMANDS[options.command](options)
    except ReirradiationError as error:
        reasons = error.reasons if isinstance(error, RefusedError) else (str(error),)
        _refuse(
            reasons, getattr(options, "output", None), secret=getattr(options, "de_identify", False)
        )
        return REFUSED


def _evaluate(options: argparse.Namespace) -> int:
    case = case_from(options)
    options.de_identify = case.de_identify
    try:
        require_apart(options.output, case, *([options.case] if options.case else []))
    except RefusedError:
        options.output = None  # nothing is written where the input lies
        raise
    require_free(options.output, overwrite=options.overwrite)
    browser = find_browser() if options.pdf else None
    with _progress(options) as progress:
        results = run_evaluation(case, options.output, progress)
    if browser:
        write_pdf(browser, options.output / "report.html", options.output / "report.pdf")
    _tell(results, options)
    return EVALUATED


def _demo(options: argparse.Namespace) -> int:
    with _progress(options) as progress:
        results = run_demo(options.output, progress, overwrite=options.overwrite)
    _tell(results, options, options.output / "result")
    return EVALUATED


def _protocols(options: argparse.Namespace) -> int:
    if options.check:
        problems = check_protocol(options.check)
        _write(sys.stdout, check_text(options.check.name, problems))
        return REFUSED if problems else EVALUATED
    if options.list_limits:
        _write(sys.stdout, limits_text(load_protocol(options.list_limits)))
    else:
        _write(sys.stdout, protocols_text(available_protocols()))
    return EVALUATED


def _compare(options: argparse.Namespace) -> int:
    sides = ResultFolder.read(options.first), ResultFolder.read(options.second)
    _write(sys.stdout, comparison_text(*sides))
    return EVALUATED


def _review(options: argparse.Namespace) -> int:
    missing = [name for name in NEEDED_TO_REVIEW if importlib.util.find_spec(name) is None]
    if missing:
        reason = f"review needs {' and '.join(missing)}; install the extra 'headless'"
        raise RefusedError(reason)
    from .review.server import serve_review  # noqa: PLC0415  (needs slicer-core and trame)

    serve_review(options.result, options.host, options.port, lambda text: _write(sys.stdout, text))
    return EVALUATED


_COMMANDS = {
    "evaluate": _evaluate, "demo": _demo, "protocols": _protocols, "compare": _compare,
    "review": _review,
}  # fmt: skip


class _Watched:
    """A progress that is closed at the end, or silence."""

    def __init__(self, progress: Progress) -> None:
        self.progress = progress

    def __enter__(self) -> Progress:
        return self.progress

    def __exit__(self, *_exception: object) -> None:
        if isinstance(self.progress, ProgressBar):
            self.progress.close()


def _progress(options: argparse.Namespace) -> _Watched:
    if options.quiet:
        return _Watched(silent)
    return _Watched(ProgressBar(json_log=options.json_log))


def _tell(results: dict[str, Any], options: argparse.Namespace, folder: Path | None = None) -> None:
    folder = folder or options.output
    for warning in results["warnings"]:
        line = json.dumps({"warning": warning}) if options.json_log else f"warning: {warning}"
        _write(sys.stderr, line)
    _write(sys.stdout, summary_text(results, folder))
    _write(sys.stdout, WARNING)


def _refuse(reasons: Sequence[str], output: Path | None, *, secret: bool = False) -> None:
    """Say the reasons; where no file may name the patient, they are said and not written."""
    for reason in reasons:
        _write(sys.stderr, f"refused: {' '.join(reason.split())}")
    if output is None or (output / RESULTS).exists():
        return  # beside the results of an earlier run it would look as if it spoke of them
    written = [NOT_WRITTEN] if secret else list(reasons)
    text = json.dumps({"refused": written}, indent=1, ensure_ascii=False)
    try:
        output.mkdir(parents=True, exist_ok=True)
        (output / "refused.json").write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        _write(sys.stderr, f"refused: refused.json cannot be written ({error.strerror})")


def _write(stream: Any, text: str) -> None:  # noqa: ANN401
    stream.write(text + "\n")
    stream.flush()
