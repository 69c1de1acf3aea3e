"""Collect what the report shows from an evaluation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple
from typing import Any

from .case import Case
from .case_file import case_to_json
from .case_history import NOT_CHOICES, said
from .courses import StructureKind
from .pictures_data import Picture
from .pipeline_data import DvhCurve as PipelineCurve
from .pipeline_data import Evaluation
from .report import (
    DvhCurve,
    FileLine,
    HandCheck,
    PatientLine,
    ReportData,
    Source,
)
from .report import Picture as ReportPicture

MOST_CURVE_POINTS = 240
PLAIN_SOURCES = {
    "default": ("default of the program, no source for this organ", "default"),
    "user": ("typed by the user", "user"),
}
CURVES_OF = (StructureKind.OAR, StructureKind.TARGET)


def report_data(
    evaluation: Evaluation, results: Mapping[str, Any], pictures: Sequence[Picture] = ()
) -> ReportData:
    """Return the report's data; ``results`` is the content of results.json."""
    patient = evaluation.planned.patient
    return ReportData(
        results=results,
        patient=None if results.get("de_identified") else PatientLine(*astuple(patient)),
        dvh=tuple(_curves(evaluation)),
        pictures=tuple(ReportPicture(p.title, p.caption, p.png) for p in pictures),
        hand_checks=tuple(HandCheck(**check) for check in results.get("hand_checks", ())),
        sources=tuple(_sources(evaluation)),
        files=tuple(_files(results)),
        choices=chosen(evaluation.case),
    )


def _curves(evaluation: Evaluation) -> Iterator[DvhCurve]:
    kinds = {organ.model.name: organ.model.kind for organ in evaluation.organs}
    for curve in evaluation.dvh:
        if kinds[curve.structure] in CURVES_OF:
            yield drawn_curve(curve)


def drawn_curve(curve: PipelineCurve) -> DvhCurve:
    """Return a DVH as it is drawn: in % of the structure, at no more doses than can be seen."""
    step = max(1, len(curve.dvh.dose_gy) // MOST_CURVE_POINTS)
    percent = 100 * curve.dvh.volume_cc / curve.dvh.total_cc
    return DvhCurve(
        curve.structure,
        curve.distribution,
        curve.dvh.dose_gy[::step].tolist(),
        percent[::step].tolist(),
        curve.quantity,
    )


def _sources(evaluation: Evaluation) -> Iterator[Source]:
    for protocol in evaluation.protocols:
        yield Source("constraint set", protocol.name, protocol.citation, protocol.evidence)
    yield from _alpha_beta_sources(evaluation)
    recoveries: dict[tuple[str, str, str, str], list[str]] = {}
    for organ in evaluation.organs:
        for course, recovery in organ.model.recovery.items():
            key = f"{recovery.fraction:.0%}", recovery.rule_id, recovery.source, recovery.evidence
            recoveries.setdefault(key, []).append(f"{organ.model.name} ({course})")
    for (share, rule, source, evidence), names in sorted(recoveries.items(), reverse=True):
        cited = "; ".join(text for text in (rule, source) if text)
        yield Source(f"recovery of {', '.join(names)}", share, cited, evidence)


def _alpha_beta_sources(evaluation: Evaluation) -> Iterator[Source]:
    cited = {p.name: (f"{p.name}; {p.citation}", p.evidence) for p in evaluation.protocols}
    by_value: dict[tuple[float, str], list[str]] = {}
    for organ in evaluation.organs:
        key = organ.model.alpha_beta_gy, organ.model.alpha_beta_source
        by_value.setdefault(key, []).append(organ.model.name)
    for (value, source), names in sorted(by_value.items()):
        citation, evidence = cited.get(source, PLAIN_SOURCES.get(source, (source, "")))
        yield Source(f"alpha/beta of {', '.join(names)}", f"{value:g} Gy", citation, evidence)


def chosen(case: Case) -> tuple[tuple[str, str], ...]:
    """Return every choice that is not the default of the program, by name, in words."""
    content, default = case_to_json(case), case_to_json(Case())
    return tuple(
        (key, said(value))
        for key, value in content.items()
        if key not in NOT_CHOICES and value != default.get(key)
    )


def _files(results: Mapping[str, Any]) -> Iterator[FileLine]:
    for file in results.get("files", ()):
        uid = file["sop_instance_uid"]
        shown = f"series {uid}" if file["modality"] == "CT" else uid
        yield FileLine(file["course"], file["modality"], shown, file["name"], file["sha256"])
