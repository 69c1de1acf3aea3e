"""The command that lists and checks constraint sets."""

import json

import pytest

pytest.importorskip("slicer", reason="the program needs the slicer-core wheel")

from ReirradiationHeadless.cli import main

ENTRY = {
    "id": "Rectum/D0.1cc", "organ": "Rectum", "metric": "D0.1cc", "relation": "<=", "limit": 90,
    "unit": "Gy", "quantity": "EQD2", "alpha_beta_gy": 3, "scope": "cumulative",
    "hardness": "hard", "source": "local rule", "evidence": "local",
}  # fmt: skip
SET = {
    "schema_version": 1, "name": "Local", "title": "A local set", "date": "2025",
    "citation": "none", "evidence": "local", "entries": [ENTRY],
}  # fmt: skip


def check(tmp_path, content, capsys):
    path = tmp_path / "local.json"
    path.write_text(json.dumps(content, indent=1), encoding="utf-8")
    status = main(["protocols", "--check", str(path)])
    return status, capsys.readouterr().out.splitlines()


def test_a_good_set_is_said_to_be_good(tmp_path, capsys):
    assert check(tmp_path, SET, capsys) == (0, ["local.json: can be used"])


def test_every_problem_is_told_with_its_line(tmp_path, capsys):
    wrong = {**ENTRY, "organ": "Rektum", "metric": "D0.1ml"}
    status, lines = check(tmp_path, {**SET, "date": "soon", "entries": [wrong]}, capsys)
    assert status == 2
    assert lines[0].startswith("local.json: line 5: ")
    assert any("line 12" in line and "D0.1ml" in line for line in lines)


def test_a_file_that_is_not_there_is_a_problem(tmp_path, capsys):
    assert main(["protocols", "--check", str(tmp_path / "none.json")]) == 2
    assert "cannot be read" in capsys.readouterr().out


def test_limits_are_listed_with_their_ids_and_open_choices(capsys):
    assert main(["protocols", "--list-limits", "Koide2024"]) == 0
    out = capsys.readouterr().out
    assert "Koide2024/SpinalCord_PRV1.5/D0.035cc" in out
    assert "open: the limit depends on the prior dose" in out


def test_an_unknown_set_is_refused(capsys):
    assert main(["protocols", "--list-limits", "STRIDER"]) == 2
    assert "did you mean STRIDeR2025?" in capsys.readouterr().err
