"""Registrations that a planning system made: DICOM REG objects as an engine."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from .case import Case
from .courses import Course
from .dicom import ReadResult
from .dicom.options import SourceFile
from .dicom.registration import RegistrationFile, read_registration
from .errors import RefusedError
from .grids import Volume
from .progress import Progress
from .registration import RegistrationResult

TPS = "tps"
_PREAMBLE = 132


@dataclass(frozen=True)
class DicomRegistrar:
    """A Spatial or Deformable Spatial Registration between two frames of reference.

    Parameters
    ----------
    path : Path
        Registration object.
    reference_frame_uid, prior_frame_uid : str
        Frames of reference of the planned and of the prior course.
    notes : tuple of str
        What was found when the object was looked for, to be kept with the result.
    """

    path: Path
    reference_frame_uid: str
    prior_frame_uid: str
    notes: tuple[str, ...] = ()

    def register(
        self, reference: Volume | None, prior: Volume | None, progress: Progress
    ) -> RegistrationResult:
        """Read the object; see `read_registration` for what is refused."""
        del reference, prior
        began, name = time.perf_counter(), Path(self.path).name
        progress(f"Reading {name}", 0.0)
        found = read_registration(self.path, name, self.reference_frame_uid, self.prior_frame_uid)
        notes = (*self.notes, *found.notes)
        kind = "Deformable Spatial Registration" if found.is_deformable else "Spatial Registration"
        return RegistrationResult(
            "file", f"DICOM {kind} {name}", found.transform, found.rigid,
            seconds=time.perf_counter() - began, log=(f"{name}: {kind}", *notes),
            stop_reason="read from a file", warnings=notes,
        )  # fmt: skip


def is_dicom(path: Path) -> bool:
    """Tell whether a file begins as DICOM files do."""
    with path.open("rb") as stream:
        return stream.read(_PREAMBLE)[128:] == b"DICM"


def registration_of_system(
    prior: Course, planned: Course, registrations: Sequence[RegistrationFile]
) -> Path:
    """Return the only registration object between two courses, for the mode ``tps``.

    Raises
    ------
    RefusedError
        There is none, or more than one.
    """
    fitting = _between(prior, planned, registrations)
    if len(fitting) != 1:
        names = ", ".join(found.name for found in fitting) or "none"
        reason = (
            f"{prior.id} ({prior.label}): registration 'tps' needs one DICOM registration between "
            f"the frames of reference of both courses among the files; found {names}: give the "
            f"file, --registration {prior.id}=FILE.dcm"
        )
        raise RefusedError(reason)
    return fitting[0].path


def _between(
    prior: Course, planned: Course, registrations: Sequence[RegistrationFile]
) -> list[RegistrationFile]:
    frames = planned.frame_of_reference_uid, prior.frame_of_reference_uid
    return [found for found in registrations if found.links(*frames)]


def offered_registrations(read: ReadResult, case: Case) -> Iterator[str]:
    """Say which registration objects were found and not used, and how to use them."""
    *priors, planned = read.courses
    fitting = set()
    for prior in priors:
        found = _between(prior, planned, read.registrations)
        fitting.update(one.sop_uid for one in found)
        if found and case.registration_of(prior.id, prior.label) == "auto":
            names = " and ".join(one.name for one in found)
            yield (
                f"{prior.id}: a registration of the planning system was found ({names}) and not "
                f"used; to use it: --registration {prior.id}={TPS}"
            )
    for other in read.registrations:
        if other.sop_uid not in fitting:
            yield (
                f"{other.name}: this DICOM registration ties no prior course to the planned one; "
                "it is not used"
            )


def with_used_registrations(read: ReadResult, case: Case) -> ReadResult:
    """Return what was read with the registrations that mode ``tps`` uses among the used files."""
    *priors, planned = read.courses
    used = [
        SourceFile(found.path, found.sop_uid, "REG")
        for prior in priors
        if case.registration_of(prior.id, prior.label) == TPS
        for found in _between(prior, planned, read.registrations)
    ]
    return replace(read, files=(*read.files, *dict.fromkeys(used)))
