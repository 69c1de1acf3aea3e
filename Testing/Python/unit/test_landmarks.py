"""Landmarks are read as typed, measured against the map, and never validate what they steered."""

import json
import math

import pytest
import synthetic_courses as made
from ReirradiationCore.case import Case
from ReirradiationCore.case_file import case_to_json, read_case
from ReirradiationCore.errors import RefusedError
from ReirradiationCore.landmark_errors import errors_for, landmark_rows
from ReirradiationCore.landmarks import landmarks_from_json
from ReirradiationCore.quality_choice import Fallback, QualityChoice
from ReirradiationCore.registration_result import RegistrationResult

POINTS = [
    {"name": "promontory", "reference_lps": [0, 0, 0], "prior_lps": [3, 0, 4]},
    {"name": "dome", "reference_lps": [0, 0, 0], "prior_lps": [3, 0, 0], "structure": "Bladder"},
]


def case_with(points=POINTS):
    return Case(quality=QualityChoice.from_json({"landmarks": {"prior-1": points}}))


def rows(guided=(), **choices):
    result = RegistrationResult("rigid", "test", made.shift(3), guided=guided)
    return landmark_rows(case_with(**choices), made.course("prior-1", [], []), result)


def test_a_landmark_misses_by_what_the_shift_lacks():
    assert [one.error_mm for one in rows()] == pytest.approx([4.0, 0.0])
    assert rows()[0].record() == {
        "name": "promontory", "reference_lps": [0.0, 0.0, 0.0], "prior_lps": [3.0, 0.0, 4.0],
        "error_mm": 4.0, "guided": False,
    }  # fmt: skip


def test_a_landmark_of_one_structure_speaks_for_that_one_only():
    assert errors_for("Bladder", rows()).mean_mm == pytest.approx(2.0)
    assert errors_for("Bladder", rows()).max_mm == pytest.approx(4.0)
    assert errors_for("Rectum", rows()).count == 1


def test_without_landmarks_there_are_no_errors():
    assert errors_for("Bladder", rows(points=[])) is None


def test_landmarks_that_steered_the_registration_are_shown_but_do_not_validate():
    found = rows(guided=("Rectum", "promontory"))
    assert [one.is_guiding for one in found] == [True, False]
    assert errors_for("Rectum", found) is None
    assert errors_for("Bladder", found).count == 1


def test_landmarks_come_back_as_they_were_typed():
    written = case_with().quality.to_json()
    assert landmarks_from_json(written["landmarks"]) == case_with().quality.landmarks


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"name": "a", "reference_lps": [0, 0, 0]}, "keys ['prior_lps'] are missing"),
        ({**POINTS[0], "colour": "red"}, "keys ['colour'] are not known"),
        ({**POINTS[0], "name": " "}, "no name"),
        ({**POINTS[0], "prior_lps": [1, 2]}, "is not a point"),
        ({**POINTS[0], "prior_lps": [1, 2, "x"]}, "is not a point"),
        ({**POINTS[0], "prior_lps": [1, 2, math.inf]}, "not finite"),
    ],
)
def test_landmarks_that_cannot_be_used_are_refused(entry, words):
    with pytest.raises(RefusedError) as refused:
        landmarks_from_json({"prior-1": [entry]})
    assert words in str(refused.value)


def test_one_name_for_two_landmarks_is_refused():
    with pytest.raises(RefusedError, match="promontory is given twice"):
        landmarks_from_json({"prior-1": [POINTS[0], POINTS[0]]})


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"registration_fallback": "DIR"}, "give one of NOT_EVALUABLE, RIGID"),
        ({"inverse_consistency": "no"}, "must be true or false"),
    ],
)
def test_choices_that_mean_nothing_are_refused(content, words):
    with pytest.raises(RefusedError) as refused:
        QualityChoice.from_json(content)
    assert words in str(refused.value)


def test_the_default_is_not_evaluable_and_backwards():
    choice = QualityChoice.from_json({})
    assert choice.fallback is Fallback.NOT_EVALUABLE
    assert choice.inverse_consistency
    assert choice.to_json() == {
        "registration_levels": {}, "registration_fallback": "NOT_EVALUABLE", "landmarks": {},
        "inverse_consistency": True,
    }  # fmt: skip


def test_every_choice_about_quality_survives_the_case_file(tmp_path):
    content = {
        "registration_levels": {"hd95_mm": [4.0, 8.0]}, "registration_fallback": "POINT_SUM",
        "landmarks": {"prior-1": [POINTS[1]]}, "inverse_consistency": False,
    }  # fmt: skip
    path = tmp_path / "case.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    case = read_case(path)
    assert case.quality.fallback is Fallback.POINT_SUM
    assert case.quality.levels.hd95_mm == (4.0, 8.0)
    path.write_text(json.dumps(case_to_json(case)), encoding="utf-8")
    assert read_case(path).quality == case.quality
