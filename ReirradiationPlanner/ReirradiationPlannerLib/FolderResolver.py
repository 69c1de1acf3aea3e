"""Where the files of SOP Instance UIDs are, for a folder in place of a DICOM database."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from ReirradiationCore.dicom.findings import Findings
from ReirradiationCore.dicom.index import Entry, FileIndex, Kind, index_files
from ReirradiationCore.progress import silent


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
        """Files of the registrations that a planning system made.

        Broken files are among them: nobody knows which of them was a registration.
        """
        found = [entry.path for entry in self._index.entries if _isRegistration(entry)]
        return (*found, *(self._folder / name for name in self._index.broken))

    @cached_property
    def _files(self) -> dict[str, Path]:
        return {entry.sop_uid: entry.path for entry in self._index.entries}

    @cached_property
    def _index(self) -> FileIndex:
        return index_files([self._folder], Findings(), silent)


def _isRegistration(entry: Entry) -> bool:
    return entry.kind is Kind.REGISTRATION or entry.modality == Kind.REGISTRATION.value
