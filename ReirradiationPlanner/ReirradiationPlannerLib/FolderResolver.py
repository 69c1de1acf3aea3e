"""Where the files of SOP Instance UIDs are, for a folder in place of a DICOM database."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from ReirradiationCore.dicom.findings import Findings
from ReirradiationCore.dicom.index import Entry, index_files
from ReirradiationCore.progress import silent

REGISTRATION = "REG"


class FolderResolver:
    """Callable as ``slicer.dicomDatabase.fileForInstance`` is.

    :param folder: folder with DICOM files in any layout; read when the first file is asked for.
    """

    def __init__(self, folder: Path):
        self._folder = folder

    def __call__(self, uid: str) -> Path | None:
        """File of an instance; None if the folder has none."""
        return self._files.get(uid)

    def registrations(self) -> tuple[Path, ...]:
        """Files of the registrations that a planning system made."""
        return tuple(entry.path for entry in self._entries if entry.modality == REGISTRATION)

    @cached_property
    def _files(self) -> dict[str, Path]:
        return {entry.sop_uid: entry.path for entry in self._entries}

    @cached_property
    def _entries(self) -> tuple[Entry, ...]:
        return tuple(index_files([self._folder], Findings(), silent).entries)
