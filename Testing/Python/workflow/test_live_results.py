"""Results that are judged again from samples.npz, saved, and evaluated again by the program."""

import json
import shutil
import zipfile
from dataclasses import replace

import numpy as np
import pytest
from conftest import run
from dicom_factory import make_case, save_case, set_dose
from ReirradiationCore.case import OrganChoice, RecoveryChoice
from ReirradiationCore.case_file import read_case
from ReirradiationCore.case_record import case_record
from ReirradiationCore.comparison import what_changed
from ReirradiationCore.errors import RefusedError
from ReirradiationCore.export import write_json
from ReirradiationCore.live_evaluation import LiveEvaluation
from ReirradiationCore.pipeline import evaluate_reirradiation
from ReirradiationCore.results import structure_json
from ReirradiationCore.sample_store import read_samples
from ReirradiationCore.saved_choices import case_text
from ReirradiationHeadless.cli import main

LIMITS = ("--protocol", "STRIDeR2025", "--recovery", "strider_33")


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """Two courses on one frame of reference; the planned dose rises along x."""
    folder = tmp_path_factory.mktemp("courses")
    first = make_case("20200214", "OLD")
    second = make_case("20240315", "NEW", 5, frame=first.plan.FrameOfReferenceUID)
    shape = (int(second.dose.NumberOfFrames), second.dose.Rows, second.dose.Columns)
    set_dose(second.dose, np.broadcast_to(np.linspace(20, 30, shape[2]), shape))
    save_case(first, folder / "first")
    save_case(second, folder / "second")
    return folder


@pytest.fixture(scope="module")
def result(small, tmp_path_factory):
    folder = tmp_path_factory.mktemp("result") / "result"
    run(folder, "evaluate", str(small), *LIMITS)
    return folder


def results_of(folder):
    return json.loads((folder / "results.json").read_text(encoding="utf-8"))


def test_the_demo_is_judged_from_its_samples_as_it_was_evaluated(demo_folder, demo_results):
    live = LiveEvaluation(read_samples(demo_folder / "result" / "samples.npz"))
    found = live.judge()
    assert list(found.rows) == demo_results["constraints"]
    assert list(found.structures) == demo_results["structures"]
    answer, _ = found.isotoxic
    assert answer["max_prescription_gy"] == demo_results["isotoxic"]["max_prescription_gy"]
    assert answer["by_fractions"] == demo_results["isotoxic"]["by_fractions"]
    pairs = zip(found.hot_spots, demo_results["hot_spots"], strict=True)
    assert all(np.allclose(a["point_lps"], b["point_lps"], atol=0.011) for a, b in pairs)


def test_a_what_if_on_the_demo_fails_where_it_should(demo_folder, demo_results):
    live = LiveEvaluation(read_samples(demo_folder / "result" / "samples.npz"))
    allowed = demo_results["isotoxic"]["max_prescription_gy"]
    planned = demo_results["isotoxic"]["planned_prescription_gy"]
    above, below = (
        live.judge(replace(live.case, planned_scale=share * allowed / planned))
        for share in (1.05, 0.95)
    )
    assert "FAIL" in {row["verdict"] for row in above.rows}
    assert "FAIL" not in {row["verdict"] for row in below.rows}
    told = what_changed(demo_results, above.as_results(), live.case, above.case)
    assert any("became FAIL" in line for line in told.get("verdicts", [])) or told["values"]


def test_an_evaluation_with_the_saved_live_choices_repeats_the_live_rows(result, tmp_path):
    live = LiveEvaluation(read_samples(result / "samples.npz"))
    organs = {"Bladder": OrganChoice(6.0, {"prior-1": RecoveryChoice("custom", 0.4, "a letter")})}
    found = live.judge(replace(live.case, organs=organs, planned_scale=1.3, protocols=("UMich",)))
    (tmp_path / "case.json").write_text(
        case_text(found, before=live.case, author="A physicist"), encoding="utf-8"
    )
    again = evaluate_reirradiation(read_case(tmp_path / "case.json"))
    assert list(again.constraints) == list(found.rows)
    assert [structure_json(organ) for organ in again.organs] == list(found.structures)
    write_json(tmp_path / "again.json", case_record(again))
    third = evaluate_reirradiation(read_case(tmp_path / "again.json"))
    assert third.input_hash == again.input_hash
    assert third.constraints == again.constraints
    assert third.isotoxic == again.isotoxic


def test_a_what_if_is_said_everywhere_and_exports_no_dicom_dose(small, tmp_path):
    results = run(tmp_path / "out", "evaluate", str(small), *LIMITS, "--planned-scale", "1.5")
    assert results["warnings"][0].startswith("WHAT-IF: the planned dose was multiplied by 1.5")
    assert results["courses"][-1]["phases"][0]["prescribed_dose_gy"] == pytest.approx(30.0)
    assert "WHAT-IF" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert not [p for p in (tmp_path / "out" / "dicom").iterdir() if "registration" not in p.name]
    live = LiveEvaluation(read_samples(tmp_path / "out" / "samples.npz"))
    assert list(live.judge().rows) == results["constraints"]


@pytest.mark.parametrize("factor", ["0", "-1", "5.5", "nan"])
def test_a_what_if_that_makes_no_sense_is_refused(small, tmp_path, capsys, factor):
    arguments = ["evaluate", str(small), "--output", str(tmp_path / "out"), "--quiet"]
    assert main([*arguments, f"--planned-scale={factor}"]) == 2
    assert "above 0 and at most 5" in capsys.readouterr().err


def test_de_identified_samples_give_the_same_verdicts_with_shifted_dates(small, result, tmp_path):
    run(tmp_path / "out", "evaluate", str(small), *LIMITS, "--de-identify")
    path = tmp_path / "out" / "samples.npz"
    again = read_samples(path)
    assert list(LiveEvaluation(again).judge().rows) == results_of(result)["constraints"]
    prior, planned = again.source.read.courses
    assert planned.first_fraction_date.isoformat() == "2000-01-01"
    assert (planned.first_fraction_date - prior.first_fraction_date).days == 1491
    with zipfile.ZipFile(path) as archive:
        header = archive.read("header.npy")
    words = (b"TEST", b"2020-02-14", b"2024-03-15", b"OLD", b"NEW", str(small).encode(), b"2.25.12")
    assert not [word for word in words if word in header]


def test_samples_beside_another_result_are_refused(result, demo_folder, tmp_path):
    for name, folder in (("samples.npz", result), ("results.json", demo_folder / "result")):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    with pytest.raises(RefusedError, match="belongs to another run"):
        read_samples(tmp_path / "samples.npz")


def test_samples_of_an_earlier_run_are_replaced(small, result, tmp_path):
    shutil.copytree(result, tmp_path / "out")
    first = read_samples(tmp_path / "out" / "samples.npz").source.input_hash
    run(tmp_path / "out", "evaluate", str(small), "--overwrite")
    again = read_samples(tmp_path / "out" / "samples.npz")
    assert again.source.input_hash != first
    assert again.source.input_hash == results_of(tmp_path / "out")["input_hash"]
