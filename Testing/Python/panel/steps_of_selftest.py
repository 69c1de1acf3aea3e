"""The module's own test, as ctest and Reload and Test run it in the application."""

import subprocess
import sys

import slicer
from ReirradiationPlannerLib import SampleCaseInApplication
from source_tree import DOORWAY


def test_module_file_costs_next_to_nothing_at_start_up():
    code = (
        "import os, sys; sys.path[:0] = [os.getcwd()]; import conftest, slicer_stand_in as s;"
        "from pathlib import Path; import time;"
        f"s.start(os.environ['SLICER_SOURCE_DIR'], {str(DOORWAY)!r});"
        f"began = time.perf_counter(); m = s.load_module({str(DOORWAY)!r});"
        f"m.ReirradiationPlanner(s.ModuleParent({str(DOORWAY)!r}));"
        "took = time.perf_counter() - began;"
        "heavy = {'scipy', 'pydicom', 'ReirradiationCore.pipeline'} & set(sys.modules);"
        "print(took, sorted(heavy))"
    )
    paths = [str(DOORWAY.parent), str(DOORWAY.parents[1] / "Testing" / "Python")]
    setup = f"import sys; sys.path[:0] = {paths!r}; "
    ran = subprocess.run(
        [sys.executable, "-c", setup + code], capture_output=True, text=True, check=True
    )
    took, heavy = ran.stdout.splitlines()[-1].split(" ", 1)
    assert float(took) < 0.3
    assert heavy == "[]"


def test_help_says_method_sources_and_warning(an_application, a_module):
    from ReirradiationCore.warning import WARNING  # noqa: PLC0415
    from slicer_stand_in import ModuleParent  # noqa: PLC0415

    parent = ModuleParent(DOORWAY)
    a_module.ReirradiationPlanner(parent)
    assert WARNING in parent.helpText
    assert "EQD2" in parent.helpText
    assert "doi:" in parent.helpText
    assert [signal for signal, _slot in an_application.startup] == ["startupCompleted()"]


def test_self_test_of_the_module_passes(an_application, a_module, a_demo_folder, monkeypatch):
    from ReirradiationPlannerLib import SelfTestInApplication  # noqa: PLC0415
    from slicer_stand_in import open_panel  # noqa: PLC0415

    open_panel(a_module)
    monkeypatch.setattr(SelfTestInApplication, "makeSampleCase", lambda: a_demo_folder)
    a_module.ReirradiationPlannerTest().runTest()


def test_sample_case_is_made_here_and_offered_by_sample_data(an_application, a_module, monkeypatch):
    import types  # noqa: PLC0415

    offered = []
    logic = types.SimpleNamespace(
        registerCustomSampleDataSource=lambda **source: offered.append(source)
    )
    sample_data = types.ModuleType("SampleData")
    sample_data.SampleDataLogic = logic
    monkeypatch.setitem(sys.modules, "SampleData", sample_data)
    a_module._registerSampleCase()
    assert [source["category"] for source in offered] == ["Radiotherapy"]
    assert "://" not in str(offered[0]["uris"])
    folder = SampleCaseInApplication.makeSampleCase()
    assert SampleCaseInApplication.makeSampleCase() == folder
    assert any(folder.rglob("*.dcm"))
    assert slicer.mrmlScene is not None
