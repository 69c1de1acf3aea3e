"""The choice of uncertainty on the command line and in the case file."""

import json

import pytest
from ReirradiationCore.case_file import case_to_json, read_case
from ReirradiationCore.errors import RefusedError
from ReirradiationCore.uncertainty_choice import UncertaintyChoice
from ReirradiationHeadless.arguments import case_from, make_parser


def read(tmp_path, content):
    path = tmp_path / "case.json"
    path.write_text(json.dumps({"uncertainty": content}), encoding="utf-8")
    return read_case(path)


def test_without_a_choice_nothing_enters_the_verdicts(tmp_path):
    assert read(tmp_path, {}).uncertainty == UncertaintyChoice()
    assert UncertaintyChoice().groups == ()


def test_case_file_gives_sizes_as_one_number_or_three(tmp_path):
    chosen = read(tmp_path, {"ellipsoid_mm": [1, 2, 3], "shifts_mm": 4}).uncertainty
    assert (chosen.ellipsoid_mm, chosen.shifts_mm) == ((1.0, 2.0, 3.0), (4.0, 4.0, 4.0))
    assert chosen.groups == ("ellipsoid", "shifts")


def test_case_file_round_trip_keeps_every_choice(tmp_path):
    content = {
        "ellipsoid_mm": [3.0, 3.0, 5.0], "unrestricted": True, "shifts_mm": [2.0, 2.0, 2.0],
        "fields_mm": [1.0, 1.0, 1.0], "fields": 7, "correlation_mm": 12.0, "seed": 9,
        "mapping": True, "alpha_beta_range_gy": [1.5, 4.0], "recovery_high": 0.6,
        "engines": ["demons", "prior-1=other.h5"],
    }  # fmt: skip
    case = read(tmp_path, content)
    assert case_to_json(case)["uncertainty"] == content


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ellipsoid", {"ellipsoid_mm": (3.0, 3.0, 3.0)}),
        ("ellipsoid=2,2,4", {"ellipsoid_mm": (2.0, 2.0, 4.0)}),
        ("ellipsoid-unrestricted=2", {"ellipsoid_mm": (2.0,) * 3, "unrestricted": True}),
        ("shifts=1.5", {"shifts_mm": (1.5,) * 3}),
        ("fields", {"fields_mm": (3.0,) * 3}),
        ("mapping", {"mapping": True}),
        ("demons", {"engines": ("demons",)}),
    ],
)
def test_modes_of_the_command_line(text, expected):
    assert UncertaintyChoice().with_mode(text) == UncertaintyChoice(**expected)


def test_a_mode_without_a_size_keeps_that_of_the_case_file():
    chosen = UncertaintyChoice(shifts_mm=(1.0, 1.0, 2.0), seed=4)
    assert chosen.with_mode("shifts") == chosen


@pytest.mark.parametrize(
    "text", ["sphere", "shifts=a", "shifts=1,2", "shifts=-1", "shifts=0", "shifts=31", "shifts=nan",
             "mapping=3", "demons=2", "fields="],
)  # fmt: skip
def test_modes_that_mean_nothing_are_refused(text):
    with pytest.raises(RefusedError, match="uncertainty"):
        UncertaintyChoice().with_mode(text)


@pytest.mark.parametrize(
    "content",
    [
        {"radius": 3},
        {"fields": 0},
        {"fields": 201},
        {"seed": -1},
        {"correlation_mm": 0},
        {"alpha_beta_range_gy": [0]},
        {"recovery_high": 1.5},
        {"ellipsoid_mm": [1, 2]},
        {"engines": ["elastix"]},
        {"engines": ["prior-1="]},
    ],
    ids=str,
)
def test_case_file_values_that_mean_nothing_are_refused(tmp_path, content):
    with pytest.raises(RefusedError, match="uncertainty"):
        read(tmp_path, content)


def test_options_of_the_command_line_are_added_to_those_of_the_case_file(tmp_path):
    path = tmp_path / "case.json"
    path.write_text(json.dumps({"uncertainty": {"seed": 4, "shifts_mm": 2}}), encoding="utf-8")
    given = ["evaluate", ".", "--output", "out", "--case", str(path)]
    options = make_parser().parse_args([*given, "--uncertainty", "ellipsoid=5"])
    chosen = case_from(options).uncertainty
    assert chosen == UncertaintyChoice(seed=4, shifts_mm=(2.0,) * 3, ellipsoid_mm=(5.0,) * 3)


def test_a_second_engine_enters_the_verdicts_and_is_asked_for_once():
    chosen = UncertaintyChoice().with_mode("demons").with_mode("demons")
    assert chosen.engines == ("demons",)
    assert chosen.groups == ("engines",)


def test_transform_files_among_the_engines_lie_beside_the_case_file(tmp_path):
    (tmp_path / "other.h5").touch()
    chosen = read(tmp_path, {"engines": ["demons", "prior-1=other.h5"]}).uncertainty
    assert chosen.engines == ("demons", f"prior-1={tmp_path / 'other.h5'}")
    assert chosen.engine_files == (str(tmp_path / "other.h5"),)
