"""What the user may choose about reading, and what reading returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from ..courses import Course
from .registration import RegistrationFile


@dataclass(frozen=True)
class ReadOptions:
    """Choices of the user that decide how files become courses.

    Parameters
    ----------
    reference : str, optional
        The planned course: its id by date (``planned``, ``prior-1`` ...), a plan label, the study
        description or part of its folder name. Default: the newest course.
    fractions : mapping of str to int
        Course id or plan label to the number of fractions delivered; also the number planned
        where the plan does not say.
    prescription_gy : float, optional
        Prescribed dose of the planned course, Gy, in place of what its plan says.
    identity_override : str, optional
        Why files with different patient identities are one patient; reported as a warning.
    images : bool
        Read the planning CTs; False leaves ``Course.image`` empty.
    """

    reference: str | None = None
    fractions: Mapping[str, int] = field(default_factory=dict)
    prescription_gy: float | None = None
    identity_override: str | None = None
    images: bool = True


class SourceFile(NamedTuple):
    """A file that was used."""

    path: Path
    sop_instance_uid: str
    modality: str


@dataclass(frozen=True)
class ReadResult:
    """Courses and what has to be said about them.

    Parameters
    ----------
    courses : tuple of Course
        Prior courses, oldest first, then the planned course.
    warnings : tuple of str
        One sentence each.
    skipped_files : int
        Files that are not DICOM or could not be read at all.
    files : tuple of SourceFile
        Files the courses were read from.
    registrations : tuple of RegistrationFile
        Registration objects of the planning system; used only if the user asks for them.
    content_hash : str
        Hash of the contents where they are not those of ``files`` (nodes of a scene); else empty.
    """

    courses: tuple[Course, ...]
    warnings: tuple[str, ...]
    skipped_files: int
    files: tuple[SourceFile, ...]
    registrations: tuple[RegistrationFile, ...] = ()
    content_hash: str = ""
