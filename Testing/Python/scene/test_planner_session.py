"""What the panel works on, without the panel: what is done again after which change."""

import json
from types import SimpleNamespace

import pytest

slicer = pytest.importorskip("slicer")
from ReirradiationCore.demo import write_demo_case  # noqa: E402
from ReirradiationCore.errors import RefusedError  # noqa: E402
from ReirradiationPlannerLib.PlannerLogic import PlannerLogic  # noqa: E402
from ReirradiationPlannerLib.PlannerSession import PlannerSession  # noqa: E402
from ReirradiationPlannerLib.Work import Work  # noqa: E402
from test_planner_choices import settings as panel_fields  # noqa: E402

COARSE = 3
pytestmark = pytest.mark.slow


def settings():
    more = {"choices": "", "resultNode": None, "remainingFractions": 5, "author": ""}
    return SimpleNamespace(**vars(panel_fields()), **more)


def new_session(scene):
    return PlannerSession(scene, settings(), PlannerLogic())


@pytest.fixture(scope="module")
def a_demo(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    write_demo_case(folder, spacing_factor=COARSE)
    return folder


@pytest.fixture(scope="module")
def an_evaluated_session(a_demo):
    from ReirradiationHeadless.host import boot  # noqa: PLC0415

    host = boot()
    session = new_session(host.scene)
    session.host = host
    session.readFolder(a_demo)
    session.choices = session.choices.withRegistration("prior-1", "rigid")
    session.evaluate()
    return session


def test_an_empty_scene_says_what_is_missing_and_is_not_evaluated(a_host):
    session = new_session(a_host.scene)
    with pytest.raises(RefusedError, match="there is no course"):
        session.evaluate()
    assert session.organs() == ()
    assert not session.isStale


def test_a_folder_that_is_not_one_is_refused(a_host, tmp_path):
    with pytest.raises(RefusedError, match="not a folder"):
        new_session(a_host.scene).readFolder(tmp_path / "nowhere")


def test_evaluate_registers_what_is_not_registered(an_evaluated_session):
    session = an_evaluated_session
    assert session.isRegistered(session.priors[0])
    assert len(session.result.rows) > 20
    assert not session.isStale


def test_alpha_beta_makes_results_stale_and_is_judged_without_sampling(an_evaluated_session):
    session = an_evaluated_session
    before, live = session.result, session.live
    session.choices = session.choices.withOrgan("Rectum", "alpha_beta_gy", 2.5)
    session.noteChoices()
    assert (session.isStale, session.pending) == (True, Work.JUDGE)
    session.update()
    assert not session.isStale
    assert session.result is not before
    assert session.live is live
    assert session.result.organ("Rectum").model.alpha_beta_gy == 2.5


def test_fractions_make_everything_stale_down_to_the_courses(an_evaluated_session):
    session = an_evaluated_session
    session.choices = session.choices.withFractions("prior-1", 30)
    session.noteChoices()
    assert session.pending is Work.COURSES
    session.update()
    assert session.found.priors[0].course.fractions_delivered == 30
    session.choices = session.choices.withFractions("prior-1", None)
    session.noteChoices()
    session.update()


def assert_current_again(session, choices):
    session.choices = choices
    session.noteChoices()
    session.update()
    assert not session.isStale


def test_choices_that_are_not_allowed_leave_results_stale(an_evaluated_session):
    session = an_evaluated_session
    kept = session.choices
    session.choices = kept.withOrgan("Rectum", "alpha_beta_gy", -1.0)
    session.noteChoices()
    with pytest.raises(RefusedError, match="Rectum"):
        session.update()
    assert session.isStale
    assert_current_again(session, kept)


@pytest.mark.parametrize(
    "change",
    [
        lambda choices: choices.withRegistration("prior-1", "deformable"),
        lambda choices: choices.withRegistrationOption("start", "bone", "prior-1"),
    ],
    ids=["engine", "options"],
)
def test_a_registration_made_with_other_choices_is_not_current(an_evaluated_session, change):
    session = an_evaluated_session
    kept = session.choices
    session.choices = change(kept)
    session.noteChoices()
    with pytest.raises(RefusedError, match="prior-1: engine or options of section 2 are others"):
        session.update()
    assert session.isStale
    assert_current_again(session, kept)


def test_stale_results_are_neither_shown_nor_written(an_evaluated_session, tmp_path):
    session = an_evaluated_session
    session.invalidate(Work.JUDGE)
    for job in (session.showMaps, lambda: session.writeReport(tmp_path / "out")):
        with pytest.raises(RefusedError, match="evaluate first"):
            job()
    assert not (tmp_path / "out").exists()
    session.update()


def test_remaining_dose_follows_the_number_of_fractions(an_evaluated_session):
    session = an_evaluated_session
    few = {row.limit_id: row.dose_gy for row in session.remaining()}
    session.settings.remainingFractions = 20
    many = {row.limit_id: row.dose_gy for row in session.remaining()}
    session.settings.remainingFractions = 5
    known = [key for key, dose in few.items() if dose]
    assert known
    assert all(many[key] > few[key] for key in known)


def test_a_report_signs_what_was_changed_since_the_last_one(an_evaluated_session, tmp_path):
    session = an_evaluated_session
    session.settings.author = "A. Person"
    session.writeReport(tmp_path / "one")
    case = json.loads((tmp_path / "one" / "case.json").read_text(encoding="utf-8"))
    assert [entry["who"] for entry in case["history"]] == ["A. Person"]
    assert any("registration of prior-1" in change for change in case["history"][0]["changes"])
    session.logChoices()
    assert len(session.choices.history) == 1


def test_a_contour_of_a_prior_course_asks_for_a_new_evaluation(an_evaluated_session):
    session = an_evaluated_session
    node = session.found.priors[0].segmentationNode
    session.invalidateOrgan(node, node.GetSegmentation().GetNthSegmentID(0))
    assert session.pending is Work.COURSES
    session.update()


def test_another_planned_course_drops_the_results(an_evaluated_session):
    session = an_evaluated_session
    session.choices = session.choices.withReference("prior-1")
    session.noteChoices()
    with pytest.raises(RefusedError, match="planned course is no longer"):
        session.update()
    assert session.result is None
    assert not session.isStale
