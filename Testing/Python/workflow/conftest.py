"""Runs of the program that several tests look at; each is made once per session."""

import asyncio
import json
from pathlib import Path

import pytest

pytest.importorskip("slicer", reason="the program needs the slicer-core wheel")

from ReirradiationHeadless.cli import main
from reviewing import settle


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


@pytest.fixture(scope="session")
def a_page(demo_folder):
    """The actions of a review page with real views, its session, and the loop its work waits in."""
    pytest.importorskip("trame_slicer", reason="the web viewer is not installed")
    from ReirradiationHeadless.offscreen import prepare_rendering  # noqa: PLC0415
    from ReirradiationHeadless.review.server import build  # noqa: PLC0415
    from ReirradiationHeadless.review.session import ReviewSession  # noqa: PLC0415

    missing = prepare_rendering()
    if missing:
        pytest.skip(missing.reason)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    session = ReviewSession.open(demo_folder / "result")
    _server, actions = build(session)
    loop.run_until_complete(actions.prepare())
    yield actions, session, loop
    for task in asyncio.all_tasks(loop):
        task.cancel()
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()


@pytest.fixture
def page(a_page):
    """The page, back at the saved run afterwards."""
    actions, _session, loop = a_page
    yield a_page
    actions.choices.reset()
    settle(loop, actions)
