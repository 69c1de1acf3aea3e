"""Take everything that names the patient out of an evaluation before anything is written.

Left are sex, structure names, intervals, doses and the images themselves: a reconstructed face can
be recognised, and defaced images are not made here.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from .case import Case
from .case_file import case_from_json, case_to_json
from .case_history import HistoryEntry
from .courses import Course, Patient, Phase
from .dicom.options import SourceFile
from .dicom.write_common import uid_from
from .errors import RefusedError
from .identifiers import REMOVED, Scrubber, names_of
from .other_engines import engine_names
from .pipeline_data import Evaluation
from .uncertainty_choice import DEMONS

COURSE_UIDS = ("frame_of_reference_uid", "study_uid", "image_series_uid", "structure_set_uid")
LEFT_OUT = "(left out)"
# names of folders that are words of nearly every sentence of a result, and of no patient
PLAIN_FOLDERS = frozenset(
    {
        "case",
        "course",
        "courses",
        "dicom",
        "dose",
        "plan",
        "plans",
        "planned",
        "prior",
        "structures",
    }
)


def de_identified(
    evaluation: Evaluation, results: dict[str, Any]
) -> tuple[Evaluation, dict[str, Any]]:
    """Return an evaluation and its results without patient identifiers.

    UIDs are replaced by UIDs derived from them and the input, dates are dropped (intervals stay),
    names of files, folders, plans and courses are replaced, free texts are searched.

    Raises
    ------
    RefusedError
        A structure whose name holds an identifier: results cannot be told apart without names.
    """
    names = {name for c in evaluation.courses for name in names_of(c.patient)}
    _require_clean_names(evaluation, Scrubber(dict.fromkeys(names, REMOVED)))
    scrubber = scrubber_of(evaluation)
    files = _anonymous_files(evaluation)
    case = _case(evaluation.case, scrubber)
    clean = replace(
        evaluation,
        case=case,
        courses=tuple(_course(c, evaluation, files) for c in evaluation.courses),
        files=tuple(
            SourceFile(files[path], _uid(evaluation, uid), modality)
            for path, uid, modality in evaluation.files
        ),
        warnings=tuple(scrubber.json(evaluation.warnings)),
        sampled=None,
    )
    return clean, _results(results, scrubber, case)


def scrubber_of(evaluation: Evaluation) -> Scrubber:
    """Return what takes names, UIDs, dates and paths of an evaluation out of free texts."""
    names = {name for c in evaluation.courses for name in names_of(c.patient)}
    ids = [course.id for course in evaluation.courses]
    return Scrubber(_replacements(evaluation, names), ids, _folders(evaluation))


def _folders(evaluation: Evaluation) -> set[str]:
    """Return the names of the folders of the files but for those that name nobody."""
    found = {path.parent.name for path, *_ in evaluation.files}
    return {name for name in found if len(name) > 2 and name.casefold() not in PLAIN_FOLDERS}


def _require_clean_names(evaluation: Evaluation, scrubber: Scrubber) -> None:
    found = dict.fromkeys(
        structure.name
        for course in evaluation.courses
        for structure in course.structures
        if scrubber.finds(structure.name)
    )
    if found:
        reason = "the name of {} holds a patient identifier; rename it, or leave --de-identify out"
        raise RefusedError(*(reason.format(f"structure {n}") for n in range(1, len(found) + 1)))


def _replacements(evaluation: Evaluation, names: set[str]) -> dict[str, str]:
    """Return what is replaced by what; names of the patient come last, so that they win."""
    new: dict[str, str] = {}
    for number, (path, uid, _) in enumerate(evaluation.files, 1):
        stand_in = f"file {number}"
        new[uid] = _uid(evaluation, uid)
        for text in (str(path), path.as_posix(), f"{path.parent.name}/{path.name}", path.name):
            new[text] = stand_in
    chosen = evaluation.case
    files = (*chosen.registration.values(), *chosen.uncertainty.engine_files)
    for given in (*chosen.paths, *files):
        if Path(given).exists():
            new.update(dict.fromkeys((str(given), str(Path(given).resolve())), LEFT_OUT))
    for course in evaluation.courses:
        maps = [name for name in engine_names(chosen, course.id) if name != DEMONS]
        new.update({name: f"{course.id} transform {n}" for n, name in enumerate(maps, 1)})
        new.update({_text(course, name): _uid(evaluation, course, name) for name in COURSE_UIDS})
        new[course.label] = course.id
        for number, phase in enumerate(course.phases, 1):
            new[phase.plan_label] = f"{course.id} plan {number}"
            new.update({uid: _uid(evaluation, uid) for uid in (phase.plan_uid, phase.dose_uid)})
        for day in (course.first_fraction_date, course.last_fraction_date):
            if day:
                new.update({day.isoformat(): REMOVED, day.strftime("%Y%m%d"): REMOVED})
    new = {old: text for old, text in new.items() if len(old) > 2}
    return {**new, **dict.fromkeys(names, REMOVED)}


def _text(course: Course, attribute: str) -> str:
    return str(getattr(course, attribute))


def _uid(evaluation: Evaluation, owner: str | Course, attribute: str = "") -> str:
    uid = owner if isinstance(owner, str) else _text(owner, attribute)
    return uid_from(evaluation.input_hash, "de-identified", uid) if uid else ""


def _anonymous_files(evaluation: Evaluation) -> dict[Path, Path]:
    listed = [path for path, *_ in evaluation.files]
    return {path: Path(f"file-{number:04d}") for number, path in enumerate(listed, 1)}


def _course(course: Course, evaluation: Evaluation, files: dict[Path, Path]) -> Course:
    patient = Patient(
        f"ANON-{evaluation.input_hash[-12:]}", "De-identified", "", course.patient.sex
    )
    phases = tuple(
        _phase(phase, course, number, evaluation) for number, phase in enumerate(course.phases, 1)
    )
    return replace(
        course,
        patient=patient,
        label=course.id,
        phases=phases,
        first_fraction_date=None,
        last_fraction_date=None,
        letter=replace(course.letter, site=course.id, date=None) if course.letter else None,
        files=tuple(files[path] for path in course.files if path in files),
        **{name: _uid(evaluation, course, name) for name in COURSE_UIDS},
    )


def _phase(phase: Phase, course: Course, number: int, evaluation: Evaluation) -> Phase:
    return replace(
        phase,
        plan_label=f"{course.id} plan {number}",
        plan_uid=_uid(evaluation, phase.plan_uid),
        dose_uid=_uid(evaluation, phase.dose_uid),
    )


def _case(case: Case, scrubber: Scrubber) -> Case:
    content = scrubber.json(case_to_json(case))
    content["registration"] = {
        course: mode if "/" not in mode and "\\" not in mode else f"transforms/{course}.h5"
        for course, mode in content["registration"].items()
    }
    clean = case_from_json({**content, "paths": [], "courses": []})
    return replace(
        clean,
        identity_override=LEFT_OUT if case.identity_override else None,
        approvals={
            course: replace(given, date="", comment=scrubber.text(given.comment))
            for course, given in case.approvals.items()
        },
        history=tuple(
            HistoryEntry(LEFT_OUT, entry.who, tuple(c.partition(":")[0] for c in entry.changes))
            for entry in case.history
        ),
    )


def _results(results: dict[str, Any], scrubber: Scrubber, case: Case) -> dict[str, Any]:
    clean = scrubber.json(results)
    for course, shown in zip(clean["courses"], results["courses"], strict=True):
        course.update(
            label=shown["id"], first_fraction_date=None, last_fraction_date=None,
            interval_months=shown["interval_months"],
        )  # fmt: skip
        if course.get("letter"):
            course["letter"].update(site=shown["id"], date=None)
        for number, phase in enumerate(course["phases"], 1):
            phase["plan_label"] = f"{shown['id']} plan {number}"
    for number, file in enumerate(clean["files"], 1):
        file["name"] = file["name"] if file["count"] > 1 else f"file {number}"
    clean["patient_check"]["override"] = case.identity_override
    clean["approvals"] = {
        course: {
            **clean["approvals"][course],
            "name": given.name,
            "date": "",
            "comment": given.comment,
        }
        for course, given in case.approvals.items()
    }
    clean["de_identified"] = True
    return clean
