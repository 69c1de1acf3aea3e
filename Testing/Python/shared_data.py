"""Where tests find the DICOM-RT cases that are not part of the repository."""

import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]


def shared(relative: str) -> Path:
    """Return a path in the shared folder beside the repository, or skip the test."""
    folder = Path(os.environ.get("REIRRADIATION_SHARED", REPOSITORY.parent / "shared"))
    path = folder / relative
    if not path.exists():
        pytest.skip(f"{relative} is not beside this repository (set REIRRADIATION_SHARED)")
    return path
