"""A hash of input files that depends on their bytes only."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

_BLOCK = 1 << 20


def hash_files(paths: Iterable[Path]) -> str:
    """Return ``sha256:`` and the hash of the contents of files.

    Neither the order nor the names or places of the files matter: the digests of the files are
    sorted and hashed.

    Parameters
    ----------
    paths : iterable of Path
        Files to read.

    Returns
    -------
    str
        ``sha256:`` and 64 hexadecimal digits.
    """
    with ThreadPoolExecutor(max_workers=2) as pool:
        digests = sorted(pool.map(_file_digest, paths))
    return f"sha256:{hashlib.sha256(b''.join(digests)).hexdigest()}"


def hash_file(path: Path) -> str:
    """Return the SHA-256 of the content of one file, 64 hexadecimal digits."""
    return _file_digest(path).hex()


def _file_digest(path: Path) -> bytes:
    digest = hashlib.sha256()
    with Path(path).open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.digest()
