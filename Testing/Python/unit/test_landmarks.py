"""Landmarks are read as typed, measured against the map, and never validate what they steered."""

import json
import math
from dataclasses import replace

import pytest
import synthetic_courses as made
from ReirradiationCore.case import Case
from ReirradiationCore.case_file import case_from_json, case_to_json, read_case
from ReirradiationCore.courses import StructureKind
from ReirradiationCore.errors import RefusedError
from ReirradiationCore.input_checks import require_known_names
from ReirradiationCore.landmark_errors import errors_anywhere, errors_for, landmark_rows
from ReirradiationCore.landmarks import landmarks_from_json
from ReirradiationCore.quality_choice import Fallback, QualityChoice
from ReirradiationCore.registration_result import RegistrationResult
from ReirradiationCore.registration_structures import coverage_of

POINTS = [
    {"name": "promontory", "reference_lps": [0, 0, 0], "prior_lps": [3, 0, 4]},
    {"name": "dome", "reference_lps": [0, 0, 0], "prior_lps": [3, 0, 0], "structure": "Bladder"},
]


def case_with(points=POINTS):
    return Case(quality=QualityChoice.from_json({"landmarks": {"prior-1": points}}))


BLADDER, RECTUM = made.box("Bladder", 0, 40), made.box("Rectum", -50, -10)
PLANNED = made.course("planned", [], [BLADDER, RECTUM, made.box("PTV_1", 100, 120)])
PRIOR = made.course("prior-1", [], [made.box("Harnblase", 0, 40), made.box("Darm", 60, 100)])


def rows(guided=(), prior=PRIOR, transform=None, **choices):
    result = RegistrationResult("rigid", "test", transform or made.shift(3), guided=guided)
    return landmark_rows(case_with(**choices), (PLANNED, prior), result)


def errors_of(structure, found):
    return errors_for(structure.name, coverage_of(structure, PLANNED), found)


def test_a_landmark_misses_by_what_the_shift_lacks():
    assert [one.error_mm for one in rows()] == pytest.approx([4.0, 0.0])
    assert rows()[0].record() == {
        "name": "promontory", "reference_lps": [0.0, 0.0, 0.0], "prior_lps": [3.0, 0.0, 4.0],
        "error_mm": 4.0, "guided": False,
    }  # fmt: skip


def test_a_landmark_of_one_structure_speaks_for_that_one_only():
    assert errors_of(BLADDER, rows()).mean_mm == pytest.approx(2.0)
    assert errors_of(BLADDER, rows()).max_mm == pytest.approx(4.0)
    assert errors_of(RECTUM, rows()).count == 1


def test_without_landmarks_there_are_no_errors():
    assert errors_of(BLADDER, rows(points=[])) is None


def at(x, **more):
    return {"name": "mark", "reference_lps": [x, 0, 0], "prior_lps": [x + 3, 0, 0], **more}


@pytest.mark.parametrize(
    ("x_mm", "speaks"),
    [(20, True), (58, True), (63, False), (-18, True), (-23, False), (400, False)],
)
def test_a_landmark_of_no_structure_speaks_for_what_is_within_two_centimetres(x_mm, speaks):
    """The bladder reaches from 0 to 40 mm."""
    found = rows(points=[at(x_mm)])
    assert (errors_of(BLADDER, found) is not None) is speaks
    assert errors_anywhere("Bladder", found).count == 1


def test_a_landmark_of_a_structure_speaks_for_it_wherever_it_is():
    found = rows(points=[at(400, structure="Bladder")])
    assert errors_of(BLADDER, found).count == 1
    assert errors_anywhere("Rectum", found) is None


def test_landmarks_that_steered_the_registration_are_shown_but_do_not_validate():
    found = rows(guided=("Rectum", "promontory"))
    assert [one.is_guiding for one in found] == [True, False]
    assert errors_of(RECTUM, found) is None
    assert errors_anywhere("Rectum", found) is None
    assert errors_of(BLADDER, found).count == 1


def started_from(mark, guided=("start",)):
    """Whether the landmark at 20 mm counts as one that steered, after a start from ``mark``."""
    options = {"start": "landmarks", "start_landmarks": [{**mark, "name": "start"}]}
    content = {"landmarks": {"prior-1": [at(20)]}, "registration_options": {"prior-1": options}}
    result = RegistrationResult("rigid", "test", made.shift(3), guided=guided)
    (found,) = landmark_rows(case_from_json(content), (PLANNED, PRIOR), result)
    return found.is_guiding


@pytest.mark.parametrize(
    ("mark", "is_same"),
    [
        (at(20), True),
        (at(20.9), True),
        ({**at(20.9), "prior_lps": [50, 0, 0]}, True),
        ({**at(50), "prior_lps": [23.9, 0, 0]}, True),
        (at(21.1), False),
    ],
)
def test_a_point_from_which_the_registration_started_does_not_validate_under_another_name(
    mark, is_same
):
    assert started_from(mark) is is_same


def test_start_points_that_were_not_used_do_not_count_as_steering():
    assert started_from(at(20), guided=()) is False


@pytest.mark.parametrize("name", ["Harnblase", "Bladder"])
def test_a_structure_named_as_the_prior_course_names_it_is_the_one_paired_with_it(name):
    (found,) = rows(points=[at(20, structure=name)])
    assert found.landmark.structure == "Bladder"
    assert found.record()["structure"] == "Bladder"


MEANT_FOR = [
    ("Darm", "no organ or target of the planned course and is not paired with one"),
    ("Elsewhere", "name one of Bladder, PTV_1, Rectum, or leave the structure out"),
]


@pytest.mark.parametrize(("name", "words"), MEANT_FOR)
def test_a_structure_at_which_nothing_would_be_judged_is_refused(name, words):
    with pytest.raises(RefusedError, match=words) as refused:
        rows(points=[at(20, structure=name)])
    with pytest.raises(RefusedError) as before:
        require_known_names(case_with([at(20, structure=name)]), (PRIOR, PLANNED))
    assert before.value.reasons == refused.value.reasons


def test_the_body_and_structures_without_an_area_are_not_judged_and_refused():
    body = replace(made.box("BODY", -90, 90), kind=StructureKind.EXTERNAL)
    planned = replace(PLANNED, structures=(BLADDER, body), empty_structures=("Rectum",))
    for name in ("BODY", "Rectum"):
        case = case_with([at(20, structure=name)])
        with pytest.raises(RefusedError, match=f"'{name}', which is no organ .* one of Bladder,"):
            require_known_names(case, (PRIOR, planned))


def test_a_name_of_another_prior_course_is_refused():
    other = made.course("prior-2", [], [made.box("Blase", 0, 40)])
    case = case_with([at(20, structure="Blase")])
    with pytest.raises(
        RefusedError, match="landmark 'mark' of prior-1 names the structure 'Blase'"
    ):
        require_known_names(case, (PRIOR, other, PLANNED))


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
