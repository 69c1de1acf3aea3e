"""Runs of the program that several tests look at; each is made once per session."""

import json
from pathlib import Path

import pytest

pytest.importorskip("slicer", reason="the program needs the slicer-core wheel")

from ReirradiationHeadless.cli import main


def run(output: Path, *arguments: str) -> dict:
    """Run the program and return results.json; a refusal or defect fails the test."""
    assert main([*arguments, "--output", str(output), "--quiet"]) == 0
    return json.loads((output / "results.json").read_text(encoding="utf-8"))


def metric(results: dict, structure: str, name: str, course: str, quantity: str = "EQD2"):
    """Value of one metric of one structure in results.json."""
    rows = next(s for s in results["structures"] if s["name"] == structure)["metrics"]
    key = (name, course, quantity)
    return next(r["value"] for r in rows if (r["metric"], r["course"], r["quantity"]) == key)


@pytest.fixture(scope="session")
def demo_folder(tmp_path_factory):
    """The folder the demo command writes: case and result."""
    folder = tmp_path_factory.mktemp("demo")
    assert main(["demo", "--output", str(folder), "--quiet"]) == 0
    return folder


@pytest.fixture(scope="session")
def demo_results(demo_folder):
    return json.loads((demo_folder / "result" / "results.json").read_text(encoding="utf-8"))
