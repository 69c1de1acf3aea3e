"""A comparison says in words what differs between two results, and why."""

import copy
import json

import pytest
import report_example
from ReirradiationCore.comparison import ResultFolder, compare, comparison_text
from ReirradiationCore.errors import RefusedError
from ReirradiationHeadless.cli import main

CASE = {"recovery": "none", "protocols": ["STRIDeR2025"], "paths": ["here"]}


def example():
    results = report_example.results()
    dose = {"course": "prior-1", "modality": "RTDOSE", "sop_instance_uid": "1.2", "count": 1}
    results["files"] = [{**dose, "name": "dose.dcm", "sha256": "a" * 64}]
    results["libraries"] = {"numpy": "2.4.0"}
    return results


def folder(results=None, case=None, name="A"):
    return ResultFolder(name, results or example(), CASE if case is None else case)


def changed(**more):
    return {**example(), **more}


def test_equal_results_say_the_same():
    assert compare(folder(), folder()) == {}
    assert comparison_text(folder(), folder(name="B")) == "A and B say the same."


def test_another_place_of_the_same_files_is_no_difference():
    assert compare(folder(), folder(case={**CASE, "paths": ["there"]})) == {}


def test_a_replaced_file_is_named_with_its_hash():
    other = example()
    other["files"][0].update(name="new.dcm", sha256="b" * 64)
    assert compare(folder(), folder(other))["inputs"] == [
        "only in the first: RTDOSE of prior-1, dose.dcm (aaaaaaaaaaaa)",
        "only in the second: RTDOSE of prior-1, new.dcm (bbbbbbbbbbbb)",
    ]


def test_a_file_that_moved_to_another_course_is_named():
    other = example()
    other["files"][0]["course"] = "prior-2"
    assert "belonged to prior-1 in the first" in compare(folder(), folder(other))["inputs"][0]


def test_results_without_a_list_of_files_are_compared_by_their_hash():
    old, new = example(), changed(input_hash="sha256:other")
    del old["files"]
    assert compare(folder(old), folder(new))["inputs"][0].startswith("the input hash")


def test_changed_choices_are_sentences():
    found = compare(folder(), folder(case={**CASE, "recovery": "umich"}))
    assert found == {"choices": ["recovery: none became umich"]}


def test_a_result_without_its_case_file_is_said_so():
    found = compare(folder(), ResultFolder("B", example(), {}))
    assert found["choices"] == ["B has no case.json: its choices are not known"]


def test_versions_of_program_libraries_and_sets_are_compared():
    other = changed(
        software={"name": "ReirradiationPlanner", "version": "0.2.0"},
        libraries={"numpy": "2.5.0"},
        protocols=[{"name": "STRIDeR2025", "date": "2026-01-01"}],
    )
    assert compare(folder(), folder(other))["versions"] == [
        "ReirradiationPlanner: 0.1.0 became 0.2.0",
        "numpy: 2.4.0 became 2.5.0",
        "constraint set STRIDeR2025: 2025-01-31 (None) became 2026-01-01 (None)",
    ]


def test_a_changed_verdict_is_told_with_both_values_and_the_limit():
    other = example()
    other["constraints"][0].update(verdict="PASS", value=70.0)
    assert compare(folder(), folder(other))["verdicts"] == [
        "Bowel_Small D0.1cc EQD2 cumulative (STRIDeR2025): FAIL became PASS "
        "(77.13 Gy became 70.00 Gy, limit 75.0 Gy)"
    ]


def test_limits_of_one_result_only_are_told():
    other = example()
    gone = other["constraints"].pop(0)
    assert "is not judged any more" in compare(folder(), folder(other))["verdicts"][0]
    assert "is judged now, FAIL" in compare(folder(other), folder())["verdicts"][0]
    assert gone["structure"] == "Bowel_Small"


def test_the_largest_change_of_a_value_stands_first():
    other = example()
    for structure, step in zip(other["structures"][:3], (1.0, -5.0, 2.0), strict=True):
        structure["metrics"][0]["value"] += step
    lines = compare(folder(), folder(other))["values"]
    assert [line.split()[0] for line in lines] == ["SacralPlex_L", "Rectum", "Bowel_Small"]
    assert lines[0].endswith("38.55 Gy became 33.55 Gy (-5 Gy)")


def test_a_value_that_became_known_stands_before_all_changes():
    other = example()
    other["structures"][0]["metrics"][0]["value"] += 40
    other["structures"][4]["metrics"][3]["value"] = 20.0
    lines = compare(folder(), folder(other))["values"]
    assert lines[0].endswith("cumulative: not known became 20.00 Gy")


def test_rounding_of_another_computer_is_no_difference():
    other = example()
    metric = other["structures"][0]["metrics"][0]
    metric["value"] *= 1 + 5e-7
    assert compare(folder(), folder(other)) == {}
    metric["value"] *= 1 + 1e-5
    assert "values" in compare(folder(), folder(other))


def test_many_changes_end_with_how_many_are_left_out():
    one, other = example(), example()
    pattern = one["structures"][0]
    for results, shift in ((one, 0.0), (other, 1.0)):
        results["structures"] = [copy.deepcopy(pattern) | {"name": f"O{i}"} for i in range(25)]
        for structure in results["structures"]:
            structure["metrics"][0]["value"] += shift
    lines = compare(folder(one), folder(other))["values"]
    assert len(lines) == 21
    assert lines[-1] == "and 5 smaller changes"


def test_prescription_approval_and_warnings_are_compared():
    other = example()
    other["isotoxic"]["max_prescription_gy"] = 31.0
    other["registrations"][0]["approved_by"] = "A physicist"
    other["warnings"] = ["something new"]
    found = compare(folder(), folder(other))
    assert found["isotoxic"] == ["largest prescription: 29.31 Gy became 31.00 Gy"]
    assert found["registrations"] == ["prior-1: approved by None became A physicist"]
    assert found["warnings"][-1] == "new: something new"


def test_a_difference_without_a_reason_is_said_to_come_from_the_computer():
    other = example()
    other["isotoxic"]["max_prescription_gy"] = 31.0
    assert "comes from the computer" in comparison_text(folder(), folder(other))


def write(path, results):
    path.mkdir()
    (path / "results.json").write_text(json.dumps(results), encoding="utf-8")
    (path / "case.json").write_text(json.dumps(CASE), encoding="utf-8")


def test_the_command_reads_two_folders(tmp_path, capsys):
    write(tmp_path / "a", example())
    write(tmp_path / "b", changed(warnings=["something new"]))
    assert main(["compare", str(tmp_path / "a"), str(tmp_path / "b")]) == 0
    assert "new: something new" in capsys.readouterr().out


@pytest.mark.parametrize("content", [None, "{", "[]"])
def test_a_folder_that_holds_no_result_is_refused(tmp_path, content, capsys):
    write(tmp_path / "a", example())
    (tmp_path / "b").mkdir()
    if content is not None:
        (tmp_path / "b" / "results.json").write_text(content, encoding="utf-8")
    assert main(["compare", str(tmp_path / "a"), str(tmp_path / "b")]) == 2
    assert "name a folder that an evaluation wrote" in capsys.readouterr().err
    with pytest.raises(RefusedError):
        ResultFolder.read(tmp_path / "b")
