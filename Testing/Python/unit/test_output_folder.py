"""A result replaces nothing but an earlier result, and never what the run reads."""

import json
import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from ReirradiationCore.case import Case
from ReirradiationCore.errors import RefusedError
from ReirradiationCore.output_folder import (
    files_in_folders,
    replace_results,
    require_apart,
    require_no_results,
    require_replaceable,
)
from ReirradiationCore.registration_choice import RegistrationChoice
from ReirradiationCore.uncertainty_choice import UncertaintyChoice

needs_links = pytest.mark.skipif(sys.platform == "win32", reason="links need rights of their own")


def put(path: Path, text: str = "mine") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def a_result(folder: Path, text: str) -> Path:
    """Write what a run writes, with ``text`` in every file."""
    for name in ("case.json", "report.html", "maps/alpha_beta.nrrd", "dicom/regions.dcm"):
        put(folder / name, text)
    written = {"software": {"name": "ReirradiationPlanner"}, "written": files_in_folders(folder)}
    put(folder / "results.json", json.dumps({**written, "text": text}))
    return folder


def contents(folder: Path) -> dict[str, str]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_text() for path in files}


@pytest.mark.parametrize("name", ["maps", "transforms", "dicom", "dicom/patient", "maps/a.dcm"])
def test_an_input_in_a_folder_of_the_result_is_refused(tmp_path, name):
    given = tmp_path / "out" / name
    put(given if given.suffix else given / "a.dcm")
    with pytest.raises(RefusedError, match="is read by this run and would be replaced"):
        require_apart(tmp_path / "out", Case(paths=(given,)))


@pytest.mark.parametrize("name", ["transforms/prior-1.h5", "dicom/reg.dcm", "maps/field.nrrd"])
@pytest.mark.parametrize("use", ["registration", "start", "engine", "protocol"])
def test_a_file_that_is_used_from_a_folder_of_the_result_is_refused(tmp_path, name, use):
    file = str(put(tmp_path / "out" / name))
    case = {
        "registration": Case(registration={"prior-1": file}),
        "start": replace(Case(), registration_options={"*": RegistrationChoice(start=file)}),
        "engine": Case(uncertainty=UncertaintyChoice(engines=(f"prior-1={file}",))),
        "protocol": Case(protocols=(file,)),
    }[use]
    with pytest.raises(RefusedError, match=r"is read by this run.*give a copy that lies outside"):
        require_apart(tmp_path / "out", case)


def test_the_case_file_in_the_place_of_that_of_the_result_is_refused(tmp_path):
    with pytest.raises(RefusedError, match=r"case\.json is read by this run"):
        require_apart(tmp_path, Case(), put(tmp_path / "case.json"))


@needs_links
def test_an_input_is_known_by_any_of_its_names(tmp_path, monkeypatch):
    put(tmp_path / "out" / "dicom" / "a.dcm")
    os.symlink(tmp_path / "out" / "dicom", tmp_path / "linked")
    monkeypatch.chdir(tmp_path)
    for given in (Path("linked"), Path("out/../out/dicom"), Path("out", "dicom", "a.dcm")):
        with pytest.raises(RefusedError, match="is read by this run"):
            require_apart(Path("out"), Case(paths=(given,)))


@needs_links
def test_an_input_linked_to_as_a_folder_of_the_result_is_refused(tmp_path):
    put(tmp_path / "images" / "a.dcm")
    os.symlink(tmp_path / "images", tmp_path / "dicom")
    with pytest.raises(RefusedError, match="is read by this run"):
        require_apart(tmp_path, Case(paths=(tmp_path / "images",)))


def test_files_beside_the_result_may_be_read(tmp_path):
    used = put(tmp_path / "my.h5"), put(tmp_path / "my_case.json")
    case = Case(paths=(tmp_path / "patient",), registration={"*": str(used[0])})
    require_apart(tmp_path, case, used[1])


@pytest.mark.parametrize("name", ["case.json", "samples.npz", "transforms/mine.h5", "maps/a.nrrd"])
def test_what_has_the_name_of_a_result_is_never_replaced(tmp_path, name):
    put(tmp_path / name)
    top = name.partition("/")[0]
    with pytest.raises(RefusedError, match=f"holds {top} already; do this"):
        require_no_results(tmp_path, "do this")
    with pytest.raises(RefusedError, match=rf"holds {top}, but no results\.json"):
        require_replaceable(tmp_path)
    with pytest.raises(RefusedError, match="move them away"):
        replace_results(a_result(tmp_path.parent / f"{tmp_path.name}-new", "new"), tmp_path)
    assert contents(tmp_path) == {name: "mine"}


def test_a_file_that_the_earlier_run_did_not_write_is_named(tmp_path):
    a_result(tmp_path, "old")
    require_replaceable(tmp_path)
    put(tmp_path / "transforms" / "mine.h5")
    with pytest.raises(RefusedError, match=r"holds transforms/mine\.h5, which the earlier run did"):
        require_replaceable(tmp_path)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"written": 1}', '{"written": ["maps/b"]}'])
def test_what_the_results_do_not_name_is_not_replaced_with_them(tmp_path, text):
    put(tmp_path / "results.json", text)
    require_replaceable(tmp_path)
    put(tmp_path / "maps" / "a")
    with pytest.raises(RefusedError, match="holds maps/a, which the earlier run did not write"):
        require_replaceable(tmp_path)


def test_an_earlier_result_is_replaced_and_other_files_stay(tmp_path):
    output = a_result(tmp_path / "out", "old")
    put(output / "maps" / "gone.nrrd", "old")
    a_result(output, "old")
    put(output / "notes.txt")
    put(output / "refused.json", "old")
    replace_results(a_result(tmp_path / "new", "new"), output)
    wanted = contents(a_result(tmp_path / "same", "new"))
    assert contents(output) == {**wanted, "notes.txt": "mine"}
    assert {path.name for path in tmp_path.iterdir()} == {"out", "new", "same"}


def test_the_earlier_result_comes_back_if_the_new_one_cannot_be_put_there(tmp_path):
    output, new = a_result(tmp_path / "out", "old"), a_result(tmp_path / "new", "new")
    put(output / "zone")
    put(new / "zone" / "file")
    before = contents(output), contents(new)
    with pytest.raises(RefusedError, match="cannot be replaced"):
        replace_results(new, output)
    assert (contents(output), contents(new)) == before
    assert {path.name for path in tmp_path.iterdir()} == {"out", "new"}
