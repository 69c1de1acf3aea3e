"""Which DICOM objects there are in folders and files of any layout: headers only."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..errors import RefusedError
from ..progress import Progress
from .attributes import numbers, text, unreadable_errors
from .findings import Findings, counted, some_of

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_HEADER_KEYWORDS = (
    "SpecificCharacterSet",
    "SOPClassUID",
    "SOPInstanceUID",
    "StudyDate",
    "Modality",
    "StudyDescription",
    "SeriesDescription",
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "PatientSex",
    "PatientPosition",
    "StudyInstanceUID",
    "SeriesInstanceUID",
    "ImagePositionPatient",
    "ImageOrientationPatient",
    "FrameOfReferenceUID",
)
_LAST_HEADER_GROUP = 0x0020
_LONGEST_HEADER_VALUE = 1 << 20


class Kind(Enum):
    """What an object is to the reader, by its SOP class."""

    CT = "CT"
    PLAN = "RTPLAN"
    STRUCTURES = "RTSTRUCT"
    DOSE = "RTDOSE"
    RECORD = "RTRECORD"
    REGISTRATION = "REG"
    SEGMENTATION = "SEG"
    OTHER_IMAGE = "image"
    OTHER = "other"


_STORAGE = "1.2.840.10008.5.1.4.1.1."
_KINDS = {
    _STORAGE + "2": Kind.CT,
    _STORAGE + "2.1": Kind.CT,
    _STORAGE + "481.2": Kind.DOSE,
    _STORAGE + "481.3": Kind.STRUCTURES,
    _STORAGE + "481.4": Kind.RECORD,
    _STORAGE + "481.5": Kind.PLAN,
    _STORAGE + "481.8": Kind.PLAN,
    _STORAGE + "481.9": Kind.RECORD,
    _STORAGE + "66.1": Kind.REGISTRATION,
    _STORAGE + "66.3": Kind.REGISTRATION,
    _STORAGE + "66.4": Kind.SEGMENTATION,
    _STORAGE + "4": Kind.OTHER_IMAGE,
    _STORAGE + "4.1": Kind.OTHER_IMAGE,
    _STORAGE + "128": Kind.OTHER_IMAGE,
}
ENHANCED_CT = _STORAGE + "2.1"
ION_PLAN = _STORAGE + "481.8"
_RT_KINDS = (Kind.CT, Kind.PLAN, Kind.STRUCTURES, Kind.DOSE)


@dataclass(frozen=True, eq=False)
class Entry:
    """Header of one DICOM file; ``name`` is how messages call it."""

    path: Path
    name: str
    kind: Kind
    sop_class_uid: str
    sop_uid: str
    modality: str
    study_uid: str
    series_uid: str
    frame_uid: str
    study_date: str
    study_description: str
    series_description: str
    patient_position: str
    identity: tuple[str, str, str, str]
    position: tuple[float, ...] | None
    orientation: tuple[float, ...] | None


@dataclass(frozen=True, eq=False)
class FileIndex:
    """Headers of all DICOM files, and the names of the files that are none."""

    entries: tuple[Entry, ...]
    not_dicom: tuple[str, ...]
    broken: tuple[str, ...]
    copies: tuple[str, ...] = ()

    def of_kind(self, kind: Kind) -> list[Entry]:
        """Return the entries of one kind, in the order of their names."""
        return [entry for entry in self.entries if entry.kind is kind]

    @property
    def skipped_text(self) -> str:
        """Text about files that are of no use, empty if there is none."""
        parts = []
        groups = (
            (self.not_dicom, "not DICOM"),
            (self.broken, "broken DICOM"),
            (self.copies, "a copy of another"),
        )
        for names, what in groups:
            if names:
                verb = "file is" if len(names) == 1 else "files are"
                parts.append(f"{len(names)} {verb} {what}: {some_of(names)}")
        return "; ".join(parts)


def index_files(paths: Sequence[Path], findings: Findings, progress: Progress) -> FileIndex:
    """Read the headers of all files in ``paths`` (folders are walked, in any layout).

    Parameters
    ----------
    paths : sequence of Path
        Folders and files.
    findings : Findings
        Receives paths that do not exist, conflicting objects and copies.
    progress : Progress
        Told the number of files read.
    """
    files = list(_walk(paths, findings))
    entries, not_dicom, broken = [], [], []
    for number, (path, name) in enumerate(files):
        if number % 50 == 0:
            progress(f"Reading headers of {len(files)} files", number / max(1, len(files)))
        try:
            header = _read_header(path)
        except RefusedError:
            broken.append(name)
            continue
        if header is None:
            not_dicom.append(name)
        else:
            entries.append(_entry(path, name, header))
    kept, copies = _without_copies(_without_conflicts(entries, findings), findings)
    return FileIndex(tuple(kept), tuple(not_dicom), tuple(broken), tuple(copies))


def _walk(paths: Sequence[Path], findings: Findings) -> Iterable[tuple[Path, str]]:
    """Yield every file once, with the name messages call it: its place below the given folder."""
    seen: set[str] = set()
    for root in map(Path, paths):
        if not root.exists():
            findings.refuse(f"{root.name}: there is no such file or folder")
        prefix = f"{root.resolve().name}/" if len(paths) > 1 else ""
        for path in [root] if root.is_file() else _files_below(root):
            identity = os.path.realpath(path)
            if identity not in seen:
                seen.add(identity)
                is_root = path == root
                yield path, path.name if is_root else prefix + path.relative_to(root).as_posix()


def _files_below(root: Path) -> Iterable[Path]:
    for folder, folders, names in os.walk(root):
        folders.sort()
        for name in sorted(names):
            path = Path(folder, name)
            if path.is_file():
                yield path


def _read_header(path: Path) -> Dataset | None:
    """Return the attributes up to group 0020, None for a file that is not DICOM.

    Raises
    ------
    RefusedError
        A file that says it is DICOM and cannot be read.
    """
    import pydicom  # noqa: PLC0415

    try:
        with path.open("rb") as file:
            start = file.read(132)
            claims = start[128:] == b"DICM"
            if not claims and start[:2] not in (b"\x08\x00", b"\x02\x00"):
                return None
            file.seek(0)
            header = pydicom.filereader.read_partial(
                file, _after_header, force=True, specific_tags=_header_tags()
            )
    except unreadable_errors() as error:
        raise RefusedError(path.name) from error
    if text(header, "SOPClassUID") and text(header, "SOPInstanceUID"):
        return header
    if claims and not _is_directory(header):
        raise RefusedError(path.name)
    return None


@cache
def _header_tags() -> list[int]:
    """Return the tags of `_HEADER_KEYWORDS`."""
    import pydicom  # noqa: PLC0415

    return [pydicom.tag.Tag(keyword) for keyword in _HEADER_KEYWORDS]


def _after_header(tag: int, _vr: str | None, length: int) -> bool:
    """Stop behind group 0020 and at values too long for a header."""
    too_long = length != 0xFFFFFFFF and length > _LONGEST_HEADER_VALUE
    return (int(tag) >> 16) > _LAST_HEADER_GROUP or too_long


def _is_directory(header: Dataset) -> bool:
    """Tell whether a file is a DICOMDIR, which holds no data of its own."""
    meta = getattr(header, "file_meta", None)
    return meta is not None and text(meta, "MediaStorageSOPClassUID") == "1.2.840.10008.1.3.10"


def _entry(path: Path, name: str, header: Dataset) -> Entry:
    sop_class = text(header, "SOPClassUID")
    keywords = ("PatientID", "PatientName", "PatientBirthDate", "PatientSex")
    return Entry(
        path,
        name,
        _KINDS.get(sop_class, Kind.OTHER),
        sop_class,
        text(header, "SOPInstanceUID"),
        text(header, "Modality"),
        text(header, "StudyInstanceUID"),
        text(header, "SeriesInstanceUID"),
        text(header, "FrameOfReferenceUID"),
        text(header, "StudyDate"),
        text(header, "StudyDescription"),
        text(header, "SeriesDescription"),
        text(header, "PatientPosition"),
        tuple(text(header, keyword) for keyword in keywords),
        _vector(header, "ImagePositionPatient", 3),
        _vector(header, "ImageOrientationPatient", 6),
    )


def _vector(header: Dataset, keyword: str, size: int) -> tuple[float, ...] | None:
    values = numbers(header, keyword)
    usable = values is not None and values.size == size and bool(np.all(np.isfinite(values)))
    return tuple(values.tolist()) if usable else None


def _without_conflicts(entries: list[Entry], findings: Findings) -> list[Entry]:
    """Refuse objects whose Modality contradicts their SOP class."""
    modalities = {kind.value for kind in _RT_KINDS}
    kept = []
    for entry in entries:
        expected = entry.kind.value if entry.kind in _RT_KINDS else None
        if entry.modality != expected and (expected or entry.modality in modalities):
            findings.refuse(
                f"{entry.name}: Modality is '{entry.modality}' but the SOP class is that of "
                f"{expected or 'another kind of object'}; export the object again or leave it out"
            )
        else:
            kept.append(entry)
    return kept


def _without_copies(entries: list[Entry], findings: Findings) -> tuple[list[Entry], list[str]]:
    """Drop identical copies of an object; refuse different objects with one UID."""
    first: dict[str, Entry] = {}
    copies = []
    for entry in entries:
        original = first.setdefault(entry.sop_uid, entry)
        if original is entry:
            continue
        if original.path.read_bytes() == entry.path.read_bytes():
            copies.append(entry.name)
        else:
            findings.refuse(
                f"{entry.name}: has the same SOP Instance UID as {original.name} but other "
                "content; leave out the one that is not valid"
            )
    if copies:
        findings.warn(
            f"{counted(len(copies), 'file is a copy', 'files are copies')} of another, left out: "
            f"{some_of(copies)}"
        )
    return list(first.values()), copies
