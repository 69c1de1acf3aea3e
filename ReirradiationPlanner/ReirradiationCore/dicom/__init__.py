"""DICOM-RT in: files of any layout become courses, or are refused with every reason found.

`read_courses` is the whole reader; the other modules are its steps, one kind of object each.
"""

from __future__ import annotations

from .hashing import hash_files
from .options import ReadOptions, ReadResult, SourceFile
from .reader import read_courses

__all__ = ["ReadOptions", "ReadResult", "SourceFile", "hash_files", "read_courses"]
