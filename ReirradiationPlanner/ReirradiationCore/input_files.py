"""The files a result was made from, each with the hash of its content."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .dicom.hashing import hash_file, hash_files
from .pipeline_data import Evaluation

ONE_BY_ONE = ("RTPLAN", "RTDOSE", "RTSTRUCT")


def input_files(evaluation: Evaluation) -> Iterator[dict[str, Any]]:
    """Yield plans, doses and structure sets one by one, and the images of a course together.

    Keys: ``course``, ``modality``, ``sop_instance_uid`` (the series of images), ``name``, ``count``
    and ``sha256`` (of images: of their hashes, in no particular order).
    """
    course_of = {path: course.id for course in evaluation.courses for path in course.files}
    images: dict[str, list[Path]] = {}
    for path, uid, modality in evaluation.files:
        course = course_of.get(path, "")
        if modality in ONE_BY_ONE:
            yield _line(course, modality, uid, path.name, 1, hash_file(path))
        else:
            images.setdefault(course, []).append(path)
    for course in evaluation.courses:
        paths = images.get(course.id, [])
        if paths:
            name, total = f"{len(paths)} images", hash_files(paths).partition(":")[2]
            yield _line(course.id, "CT", course.image_series_uid, name, len(paths), total)


def _line(
    course: str, modality: str, uid: str, name: str, count: int, sha256: str
) -> dict[str, Any]:
    return {
        "course": course, "modality": modality, "sop_instance_uid": uid, "name": name,
        "count": count, "sha256": sha256,
    }  # fmt: skip
