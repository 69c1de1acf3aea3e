"""The result folder that is reviewed: what must be there, and what it says."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import SimpleITK as sitk
from ReirradiationCore.errors import RefusedError
from ReirradiationCore.grids import Volume
from ReirradiationCore.report.approval import not_approved

RESULTS, SCENE, SAMPLES, REFUSED = "results.json", "scene.mrb", "samples.npz", "refused.json"


@dataclass(frozen=True, eq=False)
class ResultFolder:
    """A result as a run left it.

    Parameters
    ----------
    path : Path
        The folder.
    results : dict
        Content of results.json.
    """

    path: Path
    results: dict[str, Any]

    @classmethod
    def read(cls, path: Path) -> ResultFolder:
        """Read a result folder.

        Raises
        ------
        RefusedError
            No result, a refused run, or a result that cannot be shown.
        """
        if not path.is_dir():
            reason = f"{path} is not a folder; name the folder with the results of a run"
            raise RefusedError(reason)
        if not (path / RESULTS).is_file():
            raise RefusedError(_no_results(path))
        missing = [name for name in (SCENE, SAMPLES) if not (path / name).is_file()]
        if missing:
            reason = (
                f"{path} has no {' and no '.join(missing)}; evaluate the case again, where "
                "slicer-core is installed, to review it"
            )
            raise RefusedError(reason)
        return cls(path, _json(path / RESULTS))

    @property
    def name(self) -> str:
        """Name of the folder as the user knows it."""
        path = self.path.resolve()
        return f"{path.parent.name}/{path.name}"

    @property
    def scene_file(self) -> Path:
        """The scene."""
        return self.path / SCENE

    @property
    def samples_file(self) -> Path:
        """Doses at the sample points of every organ."""
        return self.path / SAMPLES

    @property
    def courses(self) -> list[dict[str, Any]]:
        """Courses as in results.json, the planned one last."""
        return sorted(self.results["courses"], key=lambda course: course["role"] == "planned")

    @property
    def unapproved(self) -> list[str]:
        """Courses whose registration nobody has approved."""
        return not_approved(self.results)

    def map(self, name: str) -> Volume | None:
        """Return a map that is not part of the scene, such as ``alpha_beta``; None if not there."""
        path = self.path / "maps" / f"{name}.nrrd"
        return Volume.from_sitk(sitk.ReadImage(str(path))) if path.is_file() else None


def _no_results(path: Path) -> str:
    if not (path / REFUSED).is_file():
        return f"{path} holds no {RESULTS}; name the folder with the results of a run"
    reasons = _json(path / REFUSED).get("refused", [])
    return f"{path} holds a refused run and no results: {'; '.join(map(str, reasons))}"


def _json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        reason = f"{path} cannot be read as JSON ({error})"
        raise RefusedError(reason) from error
    if not isinstance(content, dict):
        reason = f"{path} does not hold what a run writes; evaluate the case again"
        raise RefusedError(reason)
    return content
