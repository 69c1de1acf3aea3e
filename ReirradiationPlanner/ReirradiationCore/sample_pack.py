"""A sampled case as JSON and plain arrays, and back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .accumulation import CourseDose, OrganDoses
from .assumptions import mapping_defaults, resolve_models
from .case import Case, MappingStrategy
from .case_file import case_from_json
from .case_record import case_record
from .dicom import ReadResult
from .dose_models import DoseConversion
from .errors import RefusedError
from .input_checks import chosen_protocols
from .letters import PointDose
from .mapping_strategies import OverlapMasks, Region
from .metrics import Metric
from .pipeline_data import Evaluation, ReadCase, SampledCase
from .protocol_check import ConstraintSet, check_text
from .protocol_library import load_protocol
from .sample_checks import require_fitting
from .sample_courses import course_from, course_json, registered_from, registered_json
from .sampling import SamplePoints

Arrays = dict[str, npt.NDArray]


@dataclass(frozen=True, eq=False)
class SamplePack:
    """What samples.npz holds: a JSON header and the arrays it speaks of by name."""

    header: dict[str, Any]
    arrays: Mapping[str, npt.NDArray]


@dataclass(frozen=True, eq=False)
class _Recorded:
    """What `case_record` needs of a case that was not judged yet."""

    case: Case
    courses: tuple[Any, ...]
    registrations: Mapping[str, Any]
    organs: tuple[Any, ...]


def pack_samples(sampled: SampledCase) -> SamplePack:
    """Return a sampled case as JSON and arrays; nothing of the patient but what names hold."""
    source, arrays = sampled.source, {}
    courses = [course_json(c, f"course{n}", arrays) for n, c in enumerate(source.read.courses)]
    organs = [
        _doses_json(doses, f"organ{number}", arrays) for number, doses in enumerate(sampled.doses)
    ]
    made = source.case, source.read.courses, sampled.registered, sampled.judges()
    header = {
        "input_hash": source.input_hash,
        "case": case_record(_Recorded(*made)),
        "model": source.case.model.to_json(),
        "sets": [{"asked": asked, "source": text} for asked, text in _sets(source)],
        "warnings": list(source.read.warnings),
        "skipped_files": source.read.skipped_files,
        "courses": courses,
        "registrations": [registered_json(match) for match in sampled.registered.values()],
        "organs": organs,
    }
    return SamplePack(header, arrays)


def samples_of(evaluation: Evaluation) -> SamplePack:
    """Return what an evaluation was judged on.

    Raises
    ------
    RefusedError
        An evaluation that does not know it.
    """
    if evaluation.sampled is None:
        reason = "the evaluation does not hold what it was judged on; evaluate the case again"
        raise RefusedError(reason)
    return pack_samples(evaluation.sampled)


def unpack_samples(pack: SamplePack) -> SampledCase:
    """Return the sampled case; its models are resolved from the choices as in a run.

    Raises
    ------
    RefusedError
        Doses that do not answer to the choices, as in a file of another version.
    """
    header, arrays = pack.header, pack.arrays
    case = case_from_json(header["case"])
    courses = tuple(
        course_from(content, f"course{n}", arrays) for n, content in enumerate(header["courses"])
    )
    if len(header["sets"]) != len(case.protocols):
        reason = f"{len(header['sets'])} constraint sets are kept, {len(case.protocols)} are chosen"
        raise RefusedError(reason)
    sets = {entry["asked"]: _set(entry["source"]) for entry in header["sets"]}
    sets.update(zip(case.protocols, list(sets.values()), strict=False))
    protocols, notes = chosen_protocols(case, sets)
    warnings = tuple(header["warnings"])
    read = ReadResult(courses, warnings, header["skipped_files"], ())
    source = ReadCase(case, read, protocols, notes, header["input_hash"], sets)
    registered = {r["course"]: registered_from(r) for r in header["registrations"]}
    strategies = mapping_defaults(registered)
    models = resolve_models(courses[-1], courses[:-1], case, source.constraints, strategies)
    doses = tuple(
        _doses_from(content, f"organ{number}", arrays, case.model)
        for number, content in enumerate(header["organs"])
    )
    require_fitting(models, doses, courses)
    return SampledCase(source, registered, tuple(models), doses, has_grids=False)


def _sets(source: ReadCase) -> Iterator[tuple[str, str]]:
    """Yield the constraint sets as texts, first those asked for in the order of the choices."""
    texts = {protocol.name: protocol.text for protocol in source.protocols}
    for asked in source.case.protocols:
        known = source.known_sets.get(asked) or load_protocol(asked)
        yield asked, texts.pop(known.name, known.text)
    yield from texts.items()


def _set(text: str) -> ConstraintSet:
    problems, found = check_text(text)
    if found is None:
        raise RefusedError(*(f"constraint set: {problem}" for problem in problems))
    return found


def _doses_json(doses: OrganDoses, name: str, arrays: Arrays) -> dict[str, Any]:
    samples = doses.samples
    arrays[f"{name}_points"] = samples.points_lps.astype(np.float32)
    arrays[f"{name}_volumes"] = samples.volumes_cc
    return {
        "spacing_mm": samples.spacing_mm,
        "finest_spacing_mm": samples.finest_spacing_mm,
        "notes": list(samples.notes),
        "planned": _dose_json(doses.planned, f"{name}_planned", arrays),
        "priors": {
            course: _dose_json(dose, f"{name}_prior{number}", arrays)
            for number, (course, dose) in enumerate(doses.priors.items())
        },
    }


def _doses_from(
    content: Mapping[str, Any], name: str, arrays: Mapping[str, Any], model: DoseConversion
) -> OrganDoses:
    samples = SamplePoints(
        arrays[f"{name}_points"].astype(np.float64),
        arrays[f"{name}_volumes"],
        content["spacing_mm"],
        tuple(content["notes"]),
        content["finest_spacing_mm"],
    )
    planned = _dose_from(content["planned"], f"{name}_planned", arrays)
    priors = {
        course: _dose_from(entry, f"{name}_prior{number}", arrays)
        for number, (course, entry) in enumerate(content["priors"].items())
    }
    return OrganDoses(samples, planned, priors).with_model(model)


def _dose_json(dose: CourseDose, name: str, arrays: Arrays) -> dict[str, Any]:
    parts = {
        "dose": dose.phase_doses_gy,
        "fallback": dose.fallback and dose.fallback.phase_doses_gy,
    }
    for part, phases in parts.items():
        for number, phase in enumerate(phases or ()):
            arrays[f"{name}_{part}{number}"] = phase
    if dose.volumes_cc is not None:
        arrays[f"{name}_volumes"] = dose.volumes_cc
    if dose.fallback is not None:
        arrays[f"{name}_fallback_volumes"] = dose.fallback.volumes_cc
    if dose.overlap is not None:
        arrays[f"{name}_overlap_prior"] = dose.overlap.prior
        arrays[f"{name}_overlap_planned"] = dose.overlap.planned
    return {
        "fractions": list(dose.fractions),
        "strategy": dose.strategy.value,
        "note": dose.note,
        "has_volumes": dose.volumes_cc is not None,
        "has_fallback": dose.fallback is not None,
        "overlap_known": None if dose.overlap is None else dose.overlap.is_known,
        "typed": dose.typed and [dose.typed.metric.name, dose.typed.dose_gy],
    }


def _dose_from(content: Mapping[str, Any], name: str, arrays: Mapping[str, Any]) -> CourseDose:
    fractions = tuple(content["fractions"])
    fallback = overlap = None
    if content["has_fallback"]:
        phases = tuple(arrays[f"{name}_fallback{n}"] for n in range(len(fractions)))
        fallback = Region(phases, fractions, arrays[f"{name}_fallback_volumes"])
    if content["overlap_known"] is not None:
        masks = arrays[f"{name}_overlap_prior"], arrays[f"{name}_overlap_planned"]
        overlap = OverlapMasks(*masks, content["overlap_known"])
    typed = content["typed"]
    return CourseDose(
        tuple(arrays[f"{name}_dose{number}"] for number in range(len(fractions))),
        fractions,
        MappingStrategy(content["strategy"]),
        arrays[f"{name}_volumes"] if content["has_volumes"] else None,
        content["note"],
        fallback,
        overlap,
        typed=None if typed is None else PointDose(Metric.parse(typed[0]), float(typed[1])),
    )
