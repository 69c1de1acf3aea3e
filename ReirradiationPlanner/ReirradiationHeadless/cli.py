"""The program: read the options, run, say what came out."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ReirradiationCore.errors import RefusedError, ReirradiationError
from ReirradiationCore.progress import Progress, silent
from ReirradiationCore.protocol_library import available_protocols
from ReirradiationCore.warning import WARNING

from .arguments import case_from, make_parser
from .demo import run_demo
from .progress_bar import ProgressBar
from .run import require_free, run_evaluation
from .summary import protocols_text, summary_text

EVALUATED, DEFECT, REFUSED = 0, 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program; returns the exit status of contract.md (a defect raises, status 1)."""
    output: Path | None = None
    try:
        options = make_parser().parse_args(arguments)
        output = getattr(options, "output", None)
        return _COMMANDS[options.command](options)
    except ReirradiationError as error:
        reasons = error.reasons if isinstance(error, RefusedError) else (str(error),)
        _refuse(reasons, output)
        return REFUSED


def _evaluate(options: argparse.Namespace) -> int:
    case = case_from(options)
    require_free(options.output, overwrite=options.overwrite)
    with _progress(options) as progress:
        results = run_evaluation(case, options.output, progress)
    _tell(results, options)
    return EVALUATED


def _demo(options: argparse.Namespace) -> int:
    with _progress(options) as progress:
        results = run_demo(options.output, progress, overwrite=options.overwrite)
    _tell(results, options, options.output / "result")
    return EVALUATED


def _protocols(_options: argparse.Namespace) -> int:
    _write(sys.stdout, protocols_text(available_protocols()))
    return EVALUATED


_COMMANDS = {"evaluate": _evaluate, "demo": _demo, "protocols": _protocols}


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


def _refuse(reasons: Sequence[str], output: Path | None) -> None:
    for reason in reasons:
        _write(sys.stderr, f"refused: {' '.join(reason.split())}")
    if output is not None:
        output.mkdir(parents=True, exist_ok=True)
        text = json.dumps({"refused": list(reasons)}, indent=1, ensure_ascii=False)
        (output / "refused.json").write_text(text + "\n", encoding="utf-8")


def _write(stream: Any, text: str) -> None:  # noqa: ANN401
    stream.write(text + "\n")
    stream.flush()
