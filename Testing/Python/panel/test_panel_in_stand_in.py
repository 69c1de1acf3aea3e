"""The unmodified module file, with Slicer's own Python files, driven through its buttons.

Run in a process of their own, because the stand-in takes the place of the application. They need
PySide6 and, in SLICER_SOURCE_DIR, a checkout of Slicer's sources.
"""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

STEPS = Path(__file__).parent
SOURCES = os.environ.get("SLICER_SOURCE_DIR", "")
NEEDED = Path(SOURCES) / "Base" / "Python" / "slicer" / "ScriptedLoadableModule.py"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not SOURCES, reason="SLICER_SOURCE_DIR names no checkout of Slicer"),
    pytest.mark.skipif(bool(SOURCES) and not NEEDED.is_file(), reason=f"{NEEDED} is not there"),
    pytest.mark.skipif(find_spec("PySide6") is None, reason="PySide6 is not installed"),
    pytest.mark.skipif(find_spec("slicer") is None, reason="slicer-core is not installed"),
]


@pytest.mark.parametrize(
    "steps",
    ["steps_of_selftest.py", "steps_of_use.py", "steps_of_choices.py", "steps_of_registration.py"],
)
def test_steps_pass_in_the_stand_in(steps):
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", steps]
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    ran = subprocess.run(
        command, cwd=STEPS, env=environment, capture_output=True, text=True, check=False,
        timeout=900,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout[-4000:] + ran.stderr[-2000:]
    assert " passed" in ran.stdout, "nothing was run"
