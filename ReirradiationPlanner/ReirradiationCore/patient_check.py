"""Do all courses belong to one patient? The answer as it is shown beside the verdicts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .courses import Course

FIELDS = {"patient_id": "Patient ID", "name": "name", "birth_date": "birth date", "sex": "sex"}


def patient_check(courses: Sequence[Course], files: int, override: str | None) -> dict[str, Any]:
    """Return the result of comparing the identities, without the identities.

    Keys: ``match`` (True where no attribute differs and at least one could be compared),
    ``compared``, ``missing`` and ``differing`` (names of attributes), ``files`` and ``courses``
    (how many were compared), ``override`` (why differing identities were accepted; else None).
    A single course has nothing to be compared with beside its own files.
    """
    compared, missing, differing = [], [], []
    for field, name in FIELDS.items():
        values = [_comparable(getattr(course.patient, field)) for course in courses]
        if not all(values):
            missing.append(name)
        if len(set(filter(None, values))) > 1:
            differing.append(name)
        elif all(values):
            compared.append(name)
    return {
        "match": bool(compared) and not differing and not override,
        "compared": compared,
        "missing": missing,
        "differing": differing,
        "files": files,
        "courses": len(courses),
        "override": override,
    }


def _comparable(value: str) -> str:
    return " ".join(value.partition("=")[0].replace("^", " ").split()).casefold()
