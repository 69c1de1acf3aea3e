"""The Python example of the README runs as it stands there."""

import re
from pathlib import Path

import pytest

slicer = pytest.importorskip("slicer")

from two_courses import make_courses, save_courses  # noqa: E402

README = Path(__file__).resolve().parents[3] / "README.md"


def test_the_example_of_the_logic_runs_and_prints_a_verdict(a_host, tmp_path, monkeypatch, capsys):
    blocks = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    (block,) = [block for block in blocks if "PlannerLogic" in block]
    save_courses(tmp_path / "demo" / "case", make_courses())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(slicer, "mrmlScene", a_host.scene, raising=False)
    exec(compile(block, str(README), "exec"), {})
    printed = capsys.readouterr().out
    assert "Bladder D0.1cc" in printed
    assert "PASS" in printed
    assert printed.rstrip().endswith("True")
    assert (tmp_path / "demo" / "result-of-scene" / "report.html").exists()
