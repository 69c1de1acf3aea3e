"""Programs of others that tests compare with, where they are installed."""

import shutil
import sys
from pathlib import Path

import pytest


def program(name, comes_from):
    """Path of a program of this environment or of the machine; skips the test without it."""
    beside = Path(sys.executable).parent
    found = shutil.which(name, path=str(beside)) or shutil.which(name)
    if found is None:
        pytest.skip(f"the command {name} ({comes_from}) is not installed")
    return found
