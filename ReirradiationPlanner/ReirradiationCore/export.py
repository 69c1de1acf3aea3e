"""Write a finished evaluation to a folder: JSON, CSV, maps, transforms and DICOM."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk

from .case_record import case_record
from .dvh_curves import dvh_rows
from .grids import Volume
from .pipeline_data import Evaluation
from .point_transforms import write_transform
from .repeated_choices import starts_to_keep
from .report.approval import draft_mark
from .result_dicom import write_result_dicom

DVH_COLUMNS = (
    "structure", "distribution", "quantity", "alpha_beta_gy",
    "dose_gy", "volume_cc", "volume_percent", "status",
)  # fmt: skip
METRIC_COLUMNS = (
    "structure", "standard_name", "kind", "alpha_beta_gy",
    "metric", "quantity", "course", "value", "unit", "note", "status",
)  # fmt: skip


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write JSON; NaN and infinity, which JSON does not have, are a defect and raise."""
    text = json.dumps(content, indent=1, allow_nan=False, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")


def write_metrics_csv(path: Path, results: Mapping[str, Any]) -> None:
    """Write every metric of results.json, one row each, as a spreadsheet reads it."""
    rows, status = [], csv_status(results)
    for structure in results["structures"]:
        head = {key: structure[key] for key in ("standard_name", "kind", "alpha_beta_gy")}
        rows += [
            {"structure": structure["name"], **head, **metric, "status": status}
            for metric in structure["metrics"]
        ]
    _write_csv(path, METRIC_COLUMNS, rows)


def csv_status(results: Mapping[str, Any]) -> str:
    """Return ``DRAFT`` with the reason as the report has it; empty if all is approved."""
    mark = draft_mark(results)
    return f"DRAFT: {mark}" if mark else ""


def write_dvh_csv(path: Path, rows: Iterable[Mapping[str, Any]], status: str = "") -> None:
    """Write cumulative dose-volume histograms (columns ``DVH_COLUMNS``)."""
    _write_csv(path, DVH_COLUMNS, ({**row, "status": status} for row in rows))


def _write_csv(path: Path, columns: tuple[str, ...], rows: Iterable[Mapping[str, Any]]) -> None:
    # A byte order mark makes spreadsheets read names with accents right.
    with path.open("w", newline="", encoding="utf-8-sig") as stream:
        writer = csv.DictWriter(stream, columns, extrasaction="ignore")
        writer.writeheader()
        writer.writerows({key: _cell(row.get(key)) for key in columns} for row in rows)


def _cell(value: object) -> object:
    """Keep a spreadsheet from taking a name for a formula."""
    if isinstance(value, str) and value[:1] in "=+-@\t\r":
        return "'" + value
    return value


def write_maps(folder: Path, maps: Mapping[str, Volume]) -> None:
    """Write each map as compressed NRRD (LPS, float32, NaN where unknown)."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, volume in maps.items():
        image = Volume(volume.array.astype(np.float32, copy=False), volume.grid).to_sitk()
        sitk.WriteImage(image, str(folder / f"{name}.nrrd"), True, 1)


def write_transforms(folder: Path, transforms: Mapping[str, sitk.Transform]) -> None:
    """Write each transform as ITK file; it maps points of the reference CT to the prior CT, LPS."""
    folder.mkdir(parents=True, exist_ok=True)
    for course, transform in transforms.items():
        write_transform(transform, folder / f"{course}.h5")


def write_result_data(folder: Path, evaluation: Evaluation, results: Mapping[str, Any]) -> None:
    """Write everything of contract.md but results.json, report and scene to a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / "case.json", case_record(evaluation))
    write_metrics_csv(folder / "metrics.csv", results)
    write_dvh_csv(folder / "dvh.csv", dvh_rows(evaluation.dvh), csv_status(results))
    write_maps(folder / "maps", evaluation.maps)
    transforms = {
        course: match.result.transform for course, match in evaluation.registrations.items()
    }
    starts = starts_to_keep(evaluation.case, evaluation.courses, evaluation.registrations)
    write_transforms(folder / "transforms", {**transforms, **starts})
    write_result_dicom(folder / "dicom", evaluation)
