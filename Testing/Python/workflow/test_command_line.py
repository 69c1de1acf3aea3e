"""The command line refuses what it cannot follow: status 2, one line per reason, no traceback."""

import json

import pytest
from ReirradiationHeadless.cli import main


@pytest.fixture
def an_input(tmp_path):
    folder = tmp_path / "input"
    folder.mkdir()
    (folder / "note.txt").write_text("not DICOM")
    return folder


def refused(capsys, *arguments):
    assert main([str(a) for a in arguments]) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert lines
    assert all(line.startswith("refused: ") for line in lines)
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--alpha-beta", "Bladder=inf"], "not NAME=NUMBER"),
        (["--alpha-beta", "Bladder"], "not NAME=NUMBER"),
        (["--fractions", "prior-1=two"], "not NAME=NUMBER"),
        (["--isotoxic-range", "20"], "MIN:MAX"),
        (["--isotoxic-range", "20:inf"], "not a range"),
        (["--isotoxic-range", "50:20"], "not a range"),
        (["--map-grid", "0.1"], "0.5 to 10"),
        (["--registration", "prior-1="], "names no mode"),
        (["--reference", ""], "--reference is empty"),
        (["--recovery", ""], "--recovery is empty"),
        (["--protocol", "NoSuchSet"], "neither a file nor a constraint set"),
        (["--prescription", "much"], "options"),
        (["--no-such-option"], "options"),
    ],
)
def test_an_option_that_cannot_be_followed_is_refused(an_input, tmp_path, capsys, options, words):
    output = tmp_path / "out"
    text = refused(capsys, "evaluate", an_input, "--output", output, "--quiet", *options)
    assert words in text
    assert {p.name for p in output.glob("*")} <= {"refused.json"}


def test_no_input_at_all_is_refused(tmp_path, capsys):
    assert "no input given" in refused(capsys, "evaluate", "--output", tmp_path / "out")


def test_a_folder_without_dicom_is_refused_and_says_so_in_refused_json(an_input, tmp_path, capsys):
    output = tmp_path / "out"
    text = refused(capsys, "evaluate", an_input, "--output", output, "--quiet")
    assert "RTDOSE" in text
    reasons = json.loads((output / "refused.json").read_text())["refused"]
    assert len(reasons) == len(text.splitlines())


def test_an_output_that_is_a_file_is_refused(an_input, tmp_path, capsys):
    file = tmp_path / "file"
    file.write_text("mine")
    refused(capsys, "evaluate", an_input, "--output", file, "--quiet")
    assert "cannot be written" in refused(
        capsys, "evaluate", an_input, "--output", file / "x", "--quiet"
    )
    assert file.read_text() == "mine"


def test_results_inside_the_input_are_refused(an_input, capsys):
    text = refused(capsys, "evaluate", an_input, "--output", an_input / "out", "--quiet")
    assert "lies in the input folder" in text
    assert not (an_input / "out").exists()


def test_results_of_an_earlier_run_stay_as_they_are(an_input, tmp_path, capsys):
    output = tmp_path / "out"
    output.mkdir()
    (output / "results.json").write_text("{}")
    assert "--overwrite" in refused(capsys, "evaluate", an_input, "--output", output, "--quiet")
    assert [path.name for path in output.iterdir()] == ["results.json"]


def test_the_command_line_wins_over_the_case_file(an_input, tmp_path):
    from ReirradiationHeadless.arguments import case_from, make_parser  # noqa: PLC0415

    file = tmp_path / "case.json"
    content = {
        "registration": {"prior-1": "identity"},
        "recovery": "strider_33",
        "organs": {"BODY": {"recovery": 0.2}},
    }
    file.write_text(json.dumps(content))
    arguments = ["evaluate", str(an_input), "--case", str(file), "--output", "x"]
    options = ["--registration", "rigid", "--recovery", "none", "--alpha-beta", "External=5"]
    case = case_from(make_parser().parse_args([*arguments, *options]))
    assert case.registration_of("prior-1") == "rigid"
    assert case.recovery.rule == "none"
    assert case.organ("BODY", "External").alpha_beta_gy == 5.0
    assert not case.organ("BODY", "External").recovery


def test_options_of_the_registration_reach_the_case(an_input):
    from ReirradiationHeadless.arguments import case_from, make_parser  # noqa: PLC0415

    arguments = ["evaluate", str(an_input), "--output", "x"]
    texts = ("fine_mm=1.5", "fine_around=*", "guide=Bladder")
    options = [word for text in texts for word in ("--registration-option", text)]
    choice = case_from(make_parser().parse_args([*arguments, *options])).registration_choice("any")
    assert (choice.guide, choice.fine_mm) == (("Bladder",), 1.5)


def test_an_option_of_the_registration_that_is_not_known_is_refused(an_input, capsys, tmp_path):
    more = ("--registration-option", "stiff=2", "--output", tmp_path / "out", "--quiet")
    assert "'stiff=2' is not an option" in refused(capsys, "evaluate", an_input, *more)
