"""Folders of this suite, and the panel in the stand-in for the application."""

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))


def _runs_steps(config):
    return any(Path(argument).name.startswith("steps_") for argument in config.args)


def pytest_configure(config):
    """Start the stand-in before the steps are imported, which import what only it has."""
    if _runs_steps(config):
        from slicer_stand_in import start  # noqa: PLC0415
        from source_tree import DOORWAY  # noqa: PLC0415

        start(os.environ["SLICER_SOURCE_DIR"], DOORWAY)


def pytest_sessionfinish(session, exitstatus):
    session.config.ended_with = int(exitstatus)


def pytest_unconfigure(config):
    """Leave at once: Qt and VTK take each other's objects down in an order that crashes."""
    if _runs_steps(config):
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(getattr(config, "ended_with", 1))


def _demo(tmp_path_factory, **detail):
    from ReirradiationCore.demo import write_demo_case  # noqa: PLC0415

    folder = tmp_path_factory.mktemp("demo")
    write_demo_case(folder, **detail)
    return folder


@pytest.fixture(scope="session")
def a_demo_folder(tmp_path_factory):
    """The demo case as the application makes it."""
    return _demo(tmp_path_factory)


@pytest.fixture(scope="session")
def a_coarse_demo_folder(tmp_path_factory):
    """The demo case on coarse grids, for quick steps."""
    return _demo(tmp_path_factory, spacing_factor=2)


@pytest.fixture(scope="session")
def an_application():
    import slicer  # noqa: PLC0415

    return slicer.app


@pytest.fixture(scope="session")
def a_module(an_application):
    from slicer_stand_in import load_module  # noqa: PLC0415
    from source_tree import DOORWAY  # noqa: PLC0415

    return load_module(DOORWAY)


@pytest.fixture(scope="module")
def a_loaded_panel(a_module, a_coarse_demo_folder):
    """Panel with the demo case, registered rigidly and evaluated."""
    from ReirradiationPlannerLib.SelfTestInApplication import (  # noqa: PLC0415
        SelfTestInApplication,
    )
    from slicer_stand_in import open_panel  # noqa: PLC0415

    widget = open_panel(a_module)
    user = SelfTestInApplication(widget)
    widget.ui.inputFolderPath.currentPath = str(a_coarse_demo_folder)
    user._settle()
    user._press(widget.ui.readFolderButton)
    widget.ui.engineComboBox.setCurrentIndex(2)
    user._press(widget.ui.registerButton)
    user._press(widget.ui.evaluateButton)
    assert widget.form.session.result is not None, widget.ui.statusLabel.text
    return widget, user


@pytest.fixture
def a_panel(a_loaded_panel):
    widget, user = a_loaded_panel
    if widget.form.session.isStale:
        user._press(widget.ui.evaluateButton)
    return widget, user
