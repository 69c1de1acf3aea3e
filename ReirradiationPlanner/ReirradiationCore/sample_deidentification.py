"""samples.npz without anything that names the patient; intervals between the courses stay."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from .case_record import case_record
from .courses import Course
from .deidentification import scrubber_of
from .identifiers import NOT_OF_PATIENT, Scrubber
from .pipeline_data import Evaluation
from .sample_pack import SamplePack

PLANNED_DAY = date(2000, 1, 1)
SHIFTED = "shifted, de-identified"
DAYS = ("first_fraction_date", "last_fraction_date")


def de_identified_pack(pack: SamplePack, evaluation: Evaluation, clean: Evaluation) -> SamplePack:
    """Return the samples without patient identifiers.

    Texts, names and UIDs become those of the de-identified evaluation. Dates are shifted together
    so that the planned course begins on 2000-01-01: the intervals decide recovery and limits.

    Parameters
    ----------
    pack : SamplePack
        Samples of the evaluation.
    evaluation, clean : Evaluation
        Before and after `deidentification.de_identified`.
    """
    scrubber, header = scrubber_of(evaluation), pack.header
    planned_day = evaluation.planned.first_fraction_date
    shift = None if planned_day is None else PLANNED_DAY - planned_day
    courses = [
        _course(content, course, own, shift, scrubber)
        for content, course, own in zip(
            header["courses"], clean.courses, evaluation.courses, strict=True
        )
    ]
    return SamplePack(
        {
            **header,
            "case": case_record(clean),
            "sets": _sets(header["sets"], clean.case.protocols),
            "warnings": scrubber.json(header["warnings"]),
            "courses": courses,
            "registrations": [_registration(r, scrubber) for r in header["registrations"]],
            "organs": [_organ(organ, scrubber) for organ in header["organs"]],
        },
        pack.arrays,
    )


def _sets(sets: Sequence[Mapping[str, Any]], asked: Sequence[str]) -> list[dict[str, Any]]:
    """Return the constraint sets under the names they have in the de-identified choices."""
    named = [{**entry, "asked": name} for entry, name in zip(sets, asked, strict=False)]
    return [*named, *(dict(entry) for entry in sets[len(named) :])]


def _course(
    content: Mapping[str, Any],
    clean: Course,
    own: Course,
    shift: Any,  # noqa: ANN401
    scrubber: Scrubber,
) -> dict[str, Any]:
    known = [getattr(own, key) for key in DAYS]
    days = [None if day is None or shift is None else (day + shift).isoformat() for day in known]
    letter = content["letter"] and {**content["letter"], "site": clean.id, "date": days[1]}
    frame = {own.frame_of_reference_uid: clean.frame_of_reference_uid}
    structures = [
        {**s, "frame_of_reference_uid": frame.get(s["frame_of_reference_uid"], "")}
        for s in content["structures"]
    ]
    phases = [
        {**entry, "plan_label": p.plan_label, "plan_uid": p.plan_uid, "dose_uid": p.dose_uid}
        for entry, p in zip(content["phases"], clean.phases, strict=True)
    ]
    return {
        **content,
        **{key: getattr(clean, key) for key in content if key.endswith("_uid")},
        **dict(zip(DAYS, days, strict=True)),
        "label": clean.label,
        "date_source": SHIFTED if any(days) else "",
        "structures": structures,
        "empty_structures": scrubber.json(content["empty_structures"]),
        "phases": phases,
        "letter": letter,
    }


def _registration(content: Mapping[str, Any], scrubber: Scrubber) -> dict[str, Any]:
    result, quality = content["result"], content["quality"]
    texts = ("engine", "stop_reason")
    named = {*NOT_OF_PATIENT, "structure"}  # the names by which an organ finds what was measured
    return {
        **content,
        "result": {**result, **{key: scrubber.text(result[key]) for key in texts}},
        "quality": scrubber.json(quality, named),
        "warnings": scrubber.json(content["warnings"]),
    }


def _organ(content: Mapping[str, Any], scrubber: Scrubber) -> dict[str, Any]:
    priors = {
        course: {**dose, "note": scrubber.text(dose["note"])}
        for course, dose in content["priors"].items()
    }
    return {**content, "notes": scrubber.json(content["notes"]), "priors": priors}
