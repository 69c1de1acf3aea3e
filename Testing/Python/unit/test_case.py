"""The case file: what is read, what is refused."""

import json
from pathlib import Path

import pytest
from ReirradiationCore.case import Case, MappingStrategy, with_alpha_beta
from ReirradiationCore.case_file import case_to_json, read_case, recovery_choice
from ReirradiationCore.errors import RefusedError


@pytest.fixture
def write_case(tmp_path):
    def write(content):
        path = tmp_path / "case.json"
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return path

    return write


def test_every_choice_survives_writing_and_reading(write_case):
    content = {
        "schema_version": 1,
        "paths": ["a", "b"],
        "reference": "planned",
        "courses": [{"id": "prior-1", "paths": ["b", "c"], "fractions": 20}],
        "structure_map": {"FH_L": "Femur_Head_L"},
        "organs": {
            "Bladder": {
                "alpha_beta_gy": 2.5,
                "recovery": {"prior-1": {"value": 0.25, "justification": "tumour board"}},
                "mapping": {"prior-1": "POINT_SUM"},
            }
        },
        "protocols": ["STRIDeR2025"],
        "recovery": "strider_33",
        "registration": {"prior-1": "rigid"},
        "isotoxic": {"range_gy": [20, 40], "prescription_gy": 30.0},
        "map_grid_mm": 3.0,
        "approvals": {"prior-1": "a name"},
    }
    case = read_case(write_case(content))
    again = read_case(write_case(case_to_json(case, content["courses"])))
    assert again == case
    assert case.paths == (Path("a"), Path("b"), Path("c"))
    assert case.fractions == {"prior-1": 20}
    assert case.registration_of("prior-1") == "rigid"
    assert case.registration_of("prior-2") == "auto"
    assert case.organ("Bladder").alpha_beta_gy == 2.5
    assert case.organ("Bladder").mapping["prior-1"] is MappingStrategy.POINT_SUM


def test_a_transform_of_a_case_file_is_looked_for_beside_it_alone(
    write_case, tmp_path, monkeypatch
):
    options = {"prior-2": {"start": "transforms/prior-2_start.h5", "refine_start": False}}
    modes = {"prior-1": "transforms/prior-1.h5"}
    path = write_case({"registration": modes, "registration_options": options})
    elsewhere = tmp_path / "other"
    for name in ("prior-1", "prior-2_start"):
        file = elsewhere / "transforms" / f"{name}.h5"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    monkeypatch.chdir(elsewhere)
    case = read_case(path)
    assert case.registration_of("prior-1") == str(tmp_path / "transforms" / "prior-1.h5")
    start = tmp_path / "transforms" / "prior-2_start.h5"
    assert case.registration_choice("prior-2").start == str(start)


def test_a_word_of_a_case_file_stays_one_beside_a_file_of_that_name(write_case, tmp_path):
    for name in ("rigid", "tps", "bone"):
        (tmp_path / name).touch()
    content = {"registration": {"prior-1": "rigid", "prior-2": "tps"}}
    case = read_case(write_case({**content, "registration_options": {"*": {"start": "bone"}}}))
    assert [case.registration_of(f"prior-{n}") for n in (1, 2)] == ["rigid", "tps"]
    assert case.registration_choice("prior-1").start == "bone"


def test_one_recovery_and_mapping_for_all_courses_may_be_written_short(write_case):
    case = read_case(write_case({"organs": {"Rectum": {"recovery": 0.3, "mapping": "RIGID"}}}))
    assert case.organ("Rectum").recovery["*"].value == 0.3
    assert case.organ("Rectum").mapping["*"] is MappingStrategy.RIGID


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{not json", "cannot be read"),
        ({"alpha": 3}, "alpha is not known"),
        ({"schema_version": 2}, "schema_version"),
        ({"organs": {"Bladder": {"mapping": "MAGIC"}}}, "MAGIC"),
        ({"organs": {"Bladder": {"recovery": 1.5}}}, "1.5"),
        ({"isotoxic": {"range_gy": [50, 25]}}, "50:25"),
        ({"isotoxic": {"range_gy": 25}}, "case.json"),
        ({"map_grid_mm": 0.1}, "0.1"),
        ([1, 2], "case.json"),
        ({"courses": [{"id": "prior-1"}, {"id": "prior-1"}]}, "stands twice"),
    ],
)
def test_a_case_file_that_makes_no_sense_is_refused_with_its_name(write_case, content, words):
    with pytest.raises(RefusedError) as caught:
        read_case(write_case(content))
    assert words in str(caught.value)


def test_a_recovery_of_more_than_everything_is_refused():
    with pytest.raises(RefusedError, match="outside 0 to 1"):
        recovery_choice(1.01)


def test_alpha_beta_on_the_command_line_keeps_the_other_choices_of_an_organ(write_case):
    case = read_case(write_case({"organs": {"Rectum": {"alpha_beta_gy": 3, "mapping": "RIGID"}}}))
    changed = with_alpha_beta(case, {"Rectum": 5.0, "Colon": 4.0})
    assert changed.organ("Rectum").alpha_beta_gy == 5.0
    assert changed.organ("Rectum").mapping["*"] is MappingStrategy.RIGID
    assert changed.organ("Colon").alpha_beta_gy == 4.0


def test_an_empty_case_asks_for_automatic_registration_and_no_recovery():
    case = Case()
    assert case.registration_of("prior-1") == "auto"
    assert case.recovery.rule == "none"
    assert case.organ("Bladder").alpha_beta_gy is None
