"""With --de-identify nothing that is written names the patient; everything is searched."""

import json
import zipfile

import numpy as np
import pydicom
import pytest
from conftest import run
from dicom_factory import make_case, save, set_dose
from ReirradiationHeadless.cli import main

PATIENT = {
    "PatientName": "Secretson^Zebedeus",
    "PatientID": "XJ-4711-Q",
    "PatientBirthDate": "19430217",
}
DAYS = ("20200214", "20240315")
WORDS = (
    "secretson", "zebedeus", "xj-4711-q", "19430217", "1943-02-17", "ward seven", "plan of mr",
    *DAYS, "2020-02-14", "2024-03-15",
)  # fmt: skip


def save_named(case, folder):
    """Write a course to files and folders with the name of the patient in them."""
    uids = set()
    objects = [*case.ct, case.structures, case.plan, case.dose]
    for number, dataset in enumerate(objects):
        for keyword, value in PATIENT.items():
            setattr(dataset, keyword, value)
        dataset.StudyDescription = f"Ward seven {folder.name}"
        uids |= {
            dataset.SOPInstanceUID, dataset.StudyInstanceUID, dataset.SeriesInstanceUID,
            dataset.FrameOfReferenceUID,
        }  # fmt: skip
        save(dataset, folder / f"Secretson_{dataset.Modality}_{number}.dcm")
    return uids


@pytest.fixture(scope="module")
def named_case(tmp_path_factory):
    folder = tmp_path_factory.mktemp("case") / "Secretson_Zebedeus"
    first = make_case(DAYS[0], "Plan of Mr S")
    second = make_case(DAYS[1], "Plan of Mr T", 5, frame=first.plan.FrameOfReferenceUID)
    shape = (int(second.dose.NumberOfFrames), second.dose.Rows, second.dose.Columns)
    set_dose(second.dose, np.broadcast_to(np.linspace(25, 30, shape[2]), shape))
    uids = save_named(first, folder / "first") | save_named(second, folder / "second")
    return folder, uids


@pytest.fixture(scope="module")
def plain(named_case, tmp_path_factory):
    return run(tmp_path_factory.mktemp("plain") / "result", "evaluate", str(named_case[0]))


@pytest.fixture(scope="module")
def outputs(named_case, tmp_path_factory):
    folder = tmp_path_factory.mktemp("de") / "result"
    run(folder, "evaluate", str(named_case[0]), "--de-identify", "--author", "A physicist")
    return folder


def contents(folder):
    """Yield name and content of all files, and of all files in archives."""
    for path in sorted(folder.rglob("*")):
        yield str(path.relative_to(folder)), b""
        if path.suffix in (".mrb", ".npz"):
            with zipfile.ZipFile(path) as archive:
                yield from ((name, archive.read(name)) for name in archive.namelist())
        elif path.is_file():
            yield path.name, path.read_bytes()


def found_in(folder, words):
    texts = [(name, name.encode().lower() + content.lower()) for name, content in contents(folder)]
    assert len(texts) > 12
    return {
        (word, name)
        for name, text in texts
        for word in words
        if word.encode() in text or word.encode("utf-16-le") in text
    }


def test_no_output_names_the_patient_a_date_a_file_or_a_plan(outputs):
    assert found_in(outputs, WORDS) == set()


def test_no_output_holds_a_uid_of_the_input(outputs, named_case):
    assert found_in(outputs, named_case[1]) == set()


def test_the_search_finds_what_is_there_without_the_option(named_case, tmp_path):
    run(tmp_path / "result", "evaluate", str(named_case[0]))
    assert {"secretson", "zebedeus", "xj-4711-q", "2020-02-14"} <= {
        word for word, _ in found_in(tmp_path / "result", WORDS)
    }


def test_doses_and_intervals_are_those_of_the_named_result(outputs, plain):
    hidden = json.loads((outputs / "results.json").read_text(encoding="utf-8"))
    assert hidden["de_identified"] is True
    assert hidden["structures"][0]["metrics"] == plain["structures"][0]["metrics"]
    months = [course["interval_months"] for course in hidden["courses"]]
    assert months == [course["interval_months"] for course in plain["courses"]]
    assert months[0] == pytest.approx(1491 / 30.4375)
    assert [c["first_fraction_date"] for c in hidden["courses"]] == [None, None]
    assert hidden["input_hash"] == plain["input_hash"]


def test_exported_objects_say_that_they_are_de_identified(outputs):
    for path in (outputs / "dicom").glob("*.dcm"):
        dataset = pydicom.dcmread(path)
        assert dataset.PatientIdentityRemoved == "YES"
        assert str(dataset.PatientID).startswith("ANON-")


def test_the_case_file_asks_for_it_too(named_case, tmp_path):
    case = tmp_path / "case.json"
    case.write_text(json.dumps({"paths": [str(named_case[0])], "de_identify": True}))
    run(tmp_path / "result", "evaluate", "--case", str(case))
    assert found_in(tmp_path / "result", WORDS) == set()


def test_a_structure_named_after_the_patient_is_refused_unnamed(tmp_path, capsys):
    case = make_case()
    case.structures.StructureSetROISequence[0].ROIName = "Bladder_Secretson"
    save_named(case, tmp_path / "case")
    arguments = ["evaluate", str(tmp_path / "case"), "--output", str(tmp_path / "out")]
    assert main([*arguments, "--de-identify", "--quiet"]) == 2
    assert "holds a patient identifier" in capsys.readouterr().err
    assert "secretson" not in (tmp_path / "out" / "refused.json").read_text().lower()
