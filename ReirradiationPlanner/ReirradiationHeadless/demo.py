"""`reirradiation-planner demo`: make the phantom case and evaluate it as any other case."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ReirradiationCore.case import Case, RecoveryChoice
from ReirradiationCore.demo import write_demo_case
from ReirradiationCore.errors import RefusedError
from ReirradiationCore.progress import Progress

from .run import require_free, run_evaluation

DEMO_PROTOCOL = "STRIDeR2025"
DEMO_RECOVERY = "strider_33"


def demo_choices(case_folder: Path) -> Case:
    """Return the choices the demo is evaluated with: those of the STRIDeR trial."""
    return Case(
        paths=(case_folder,), protocols=(DEMO_PROTOCOL,), recovery=RecoveryChoice(DEMO_RECOVERY)
    )


def run_demo(output: Path, progress: Progress, *, overwrite: bool = False) -> dict[str, Any]:
    """Write the case to ``output/case`` and its evaluation to ``output/result``.

    Raises
    ------
    RefusedError
        A case that is there already; results that are there already, unless ``overwrite``.
    """
    case_folder, result = output / "case", output / "result"
    require_free(result, overwrite=overwrite)
    if case_folder.exists() and any(case_folder.iterdir()):
        reason = f"{case_folder} holds files already; remove it or name another output folder"
        raise RefusedError(reason)
    write_demo_case(case_folder, progress=progress)
    return run_evaluation(demo_choices(case_folder), result, progress)
