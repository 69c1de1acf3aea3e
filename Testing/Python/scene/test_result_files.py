"""What a session wrote is repeated by its case.json, and nothing of the user is replaced."""

import json
from pathlib import Path

import pytest
import SimpleITK as sitk

pytest.importorskip("slicer")
from planning import moved_by
from ReirradiationCore.built_in_registrar import BuiltInRegistrar
from ReirradiationCore.errors import RefusedError
from ReirradiationCore.sample_store import read_samples
from ReirradiationHeadless.cli import main
from ReirradiationPlannerLib.ResultFiles import ResultFiles
from test_system_registration import session_of
from two_courses import make_courses, save_courses

pytestmark = pytest.mark.slow
FILE = "transforms/prior-1.h5"
SHIFT_MM = 3.0
# 20 - 0.3 z Gy to the box from -6 to 6 mm: 3 mm along z are 0.9 Gy
SLOPE_GY_PER_MM = 0.3


@pytest.fixture
def a_case(tmp_path):
    return save_courses(tmp_path / "case", make_courses())


def run(*arguments) -> int:
    return main([*map(str, arguments), "--quiet"])


def d01cc(folder: Path) -> float:
    """Dose of the prior course to the bladder, Gy."""
    results = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    bladder = next(one for one in results["structures"] if one["name"] == "Bladder")
    wanted = ("D0.1cc", "PHYSICAL", "prior-1")
    keys = ("metric", "quantity", "course")
    return next(m["value"] for m in bladder["metrics"] if tuple(m[k] for k in keys) == wanted)


def reported_and_repeated(session, case, folder):
    """Write the report of the application, and do what its case file says without it."""
    session.evaluate()
    session.writeReport(folder / "app")
    again = folder / "again"
    assert run("evaluate", case, "--case", folder / "app" / "case.json", "--output", again) == 0
    return again


def test_a_transform_of_the_scene_is_used_again_by_the_case_file(a_host, a_case, tmp_path):
    assert run("evaluate", a_case, "--output", tmp_path / "plain") == 0
    session = session_of(a_host, a_case)
    session.useTransform("prior-1", moved_by(a_host.scene, SHIFT_MM))
    session.evaluate()
    session.writeReport(tmp_path / "app")
    choices = json.loads((tmp_path / "app" / "case.json").read_text(encoding="utf-8"))
    assert choices["registration"]["prior-1"] == FILE
    samples = read_samples(tmp_path / "app" / "samples.npz")
    assert samples.source.case.registration_of("prior-1") == FILE
    moved = d01cc(tmp_path / "app")
    assert abs(moved - d01cc(tmp_path / "plain")) == pytest.approx(
        SHIFT_MM * SLOPE_GY_PER_MM, abs=0.01
    )
    again = tmp_path / "again"
    assert run("evaluate", a_case, "--case", tmp_path / "app" / "case.json", "--output", again) == 0
    assert d01cc(again) == pytest.approx(moved, abs=1e-6)


def test_an_approval_of_that_transform_holds_in_the_run_again(a_host, a_case, tmp_path):
    session = session_of(a_host, a_case)
    session.useTransform("prior-1", moved_by(a_host.scene, SHIFT_MM))
    node = session.priors[0].transformNode
    session.logic.approveRegistration(node, "A. Physicist")
    again = reported_and_repeated(session, a_case, tmp_path)
    (found,) = json.loads((again / "results.json").read_text(encoding="utf-8"))["registrations"]
    assert found["approved_by"] == "A. Physicist"


def test_a_start_given_by_hand_is_used_again_by_the_case_file(a_host, a_case, tmp_path):
    session = session_of(a_host, a_case)
    session.choices = session.choices.withRegistration("prior-1", "rigid")
    shift = sitk.TranslationTransform(3, (0.0, 0.0, 2.0))
    given = BuiltInRegistrar(False, start=shift, refine=False)
    session.register("prior-1", registrar=given)
    again = reported_and_repeated(session, a_case, tmp_path)
    (found,) = json.loads((again / "results.json").read_text(encoding="utf-8"))["registrations"]
    assert found["mode"] == "rigid"
    assert d01cc(again) == pytest.approx(d01cc(tmp_path / "app"), abs=1e-6)


@pytest.mark.parametrize("name", ["case.json", "transforms/prior-1.h5", "maps/a.nrrd"])
def test_a_folder_with_what_a_result_would_replace_is_not_written_to(tmp_path, name):
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("mine")
    with pytest.raises(RefusedError, match="already; they may be results of an earlier run"):
        ResultFiles(tmp_path).requireFree()


@pytest.mark.parametrize("name", ["maps", "transforms", "dicom"])
@pytest.mark.parametrize("more", [(), ("--overwrite",)])
def test_an_input_in_a_folder_of_the_result_stays(tmp_path, capsys, name, more):
    given = save_courses(tmp_path / name, make_courses())
    before = {path: path.read_bytes() for path in given.rglob("*.dcm")}
    assert run("evaluate", given, "--output", tmp_path, *more) == 2
    assert "would be replaced by its results" in capsys.readouterr().err
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_a_run_repeats_itself_and_is_not_fed_with_its_own_result(a_case, tmp_path, capsys):
    output = tmp_path / "out"
    assert run("evaluate", a_case, "--output", output) == 0
    (output / "notes.txt").write_text("mine")
    value = d01cc(output)
    assert run("evaluate", a_case, "--output", output) == 2
    assert run("evaluate", a_case, "--output", output, "--overwrite") == 0
    own = (
        ("--case", output / "case.json"),
        ("--registration", output / "transforms" / "prior-1.h5"),
        ("--registration-option", f"start={output / 'transforms' / 'prior-1.h5'}"),
    )
    for options in own:
        before = (output / "results.json").read_bytes()
        capsys.readouterr()
        assert run("evaluate", a_case, "--output", output, "--overwrite", *options) == 2
        said = capsys.readouterr().err
        assert "is read by this run and would be replaced" in said
        assert (output / "results.json").read_bytes() == before
    assert d01cc(output) == value
    assert (output / "notes.txt").read_text() == "mine"
    assert not list(tmp_path.glob(".*"))
