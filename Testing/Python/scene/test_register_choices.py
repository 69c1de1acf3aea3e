"""The choice of an engine and the registration made with it change together, or not at all."""

import json

import pytest
import SimpleITK as sitk

pytest.importorskip("slicer")

from planning import CASE
from ReirradiationCore.errors import CancelledError, RefusedError
from ReirradiationPlannerLib.PlannerChoices import PlannerChoices
from ReirradiationPlannerLib.SceneNames import SceneNames
from test_system_registration import save_registration, session_of
from two_courses import make_courses, save_courses


@pytest.fixture
def a_session(a_host, tmp_path):
    return session_of(a_host, save_courses(tmp_path / "case", make_courses()))


def stop(*_said):
    reason = "stopped; earlier results are as they were"
    raise CancelledError(reason)


def mode_of(session):
    return session.case.registration_of("prior-1")


def test_a_registration_that_is_stopped_leaves_choice_and_results(a_session):
    session = a_session
    session.evaluate()
    kept = session.choices.text
    with pytest.raises(CancelledError):
        session.register("prior-1", stop, mode="rigid")
    session.noteChoices()
    assert session.choices.text == kept
    assert not session.isStale
    session.update()
    session.evaluate()


def test_a_registration_that_is_refused_leaves_the_choice(a_host, tmp_path):
    session = session_of(a_host, save_courses(tmp_path, make_courses(same_frame=False)))
    with pytest.raises(RefusedError, match="needs one frame of reference"):
        session.register("prior-1", mode="identity")
    assert mode_of(session) == "auto"


def test_a_registration_that_is_made_is_the_choice_and_is_evaluated(a_session):
    session = a_session
    session.evaluate()
    session.register("prior-1", mode="identity")
    session.noteChoices()
    assert mode_of(session) == "identity"
    assert session.isStale
    session.update()
    assert not session.isStale


@pytest.fixture
def a_system_case(tmp_path):
    courses = make_courses(same_frame=False)
    save_courses(tmp_path, courses)
    return tmp_path, save_registration(tmp_path / "reg.dcm", *courses, 1)


@pytest.mark.parametrize("is_named", [False, True], ids=["the only one", "named"])
def test_a_registration_of_the_planning_system_is_evaluated_after_one_press(
    a_host, a_system_case, is_named
):
    folder, path = a_system_case
    session = session_of(a_host, folder)
    session.useSystemRegistration(session.priors[0], path if is_named else None)
    assert mode_of(session) == (str(path) if is_named else "tps")
    session.evaluate()
    assert session.result.rows


def test_a_registration_of_the_planning_system_that_is_refused_leaves_the_choice(a_session):
    with pytest.raises(RefusedError, match="found none"):
        a_session.useSystemRegistration(a_session.priors[0], None)
    assert mode_of(a_session) == "auto"


# --- other engines -------------------------------------------------------------------------------


def choose_engines(session, *engines):
    content = json.loads(session.choices.text or "{}")
    content["uncertainty"] = {"engines": list(engines)}
    session.choices = PlannerChoices(json.dumps(content))
    session.noteChoices()


def interval(session):
    """Interval of the smallest dose of the bladder's row D0.1cc over all courses, Gy."""
    rows = [r for r in session.result.rows if r["structure"] == "Bladder" and r.get("interval")]
    return rows[0]["interval"] if rows else None


@pytest.fixture
def another_map(tmp_path):
    """Transform 9 mm down: 20 - 0.3 z is 2.7 Gy more there."""
    path = tmp_path / "other.h5"
    sitk.WriteTransform(sitk.TranslationTransform(3, (0.0, 0.0, -9.0)), str(path))
    return f"prior-1={path}"


def test_a_map_chosen_after_the_registration_is_asked_for_not_passed_over(a_session, another_map):
    session = a_session
    session.evaluate()
    assert interval(session) is None
    choose_engines(session, another_map)
    with pytest.raises(RefusedError, match=r"prior-1: .*other\.h5.* not .*with the registration"):
        session.update()
    assert session.isStale
    session.register("prior-1")
    session.evaluate()
    low, high = interval(session)
    assert high > low
    assert session.wholeEvaluation().uncertainty["in_verdicts"] == ["engines"]


def test_a_map_that_is_taken_back_needs_no_new_registration(a_session, another_map):
    session = a_session
    choose_engines(session, another_map)
    session.evaluate()
    choose_engines(session)
    session.update()
    assert interval(session) is None


def test_a_second_map_beside_the_first_is_asked_for_by_its_name(a_session, another_map, tmp_path):
    session = a_session
    choose_engines(session, another_map)
    session.evaluate()
    second = tmp_path / "second.h5"
    sitk.WriteTransform(sitk.TranslationTransform(3, (0.0, 0.0, 3.0)), str(second))
    choose_engines(session, another_map, f"prior-1={second}")
    with pytest.raises(RefusedError, match=r"second\.h5") as refused:
        session.update()
    assert "other.h5" not in str(refused.value)


def test_a_map_of_the_same_name_from_another_folder_is_not_taken_for_the_first(
    a_session, another_map, tmp_path
):
    session = a_session
    choose_engines(session, another_map)
    session.evaluate()
    (tmp_path / "velocity").mkdir()
    same = tmp_path / "velocity" / "other.h5"
    sitk.WriteTransform(sitk.TranslationTransform(3, (0.0, 0.0, 3.0)), str(same))
    choose_engines(session, f"prior-1={same}")
    with pytest.raises(RefusedError, match=r"velocity.other\.h5"):
        session.update()


def test_a_script_gets_the_same_refusal(a_session, another_map):
    session = a_session
    session.register("prior-1")
    choose_engines(session, another_map)
    with pytest.raises(RefusedError, match=r"other\.h5"):
        session.logic.sampleDoses(session.found, session.case)
    assert session.logic.sampleDoses(session.found, CASE)


def test_a_registration_of_a_scene_saved_earlier_is_taken_only_with_the_maps_it_has(
    a_session, another_map
):
    session = a_session
    choose_engines(session, another_map)
    session.register("prior-1")
    node = session.priors[0].transformNode
    node.RemoveAttribute(SceneNames.ASKED_FOR)
    session.evaluate()
    session.settings.secondEngine = True
    session.noteChoices()
    with pytest.raises(RefusedError, match=r"second engine \(demons\)"):
        session.update()
