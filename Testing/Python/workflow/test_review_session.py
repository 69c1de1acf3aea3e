"""A review of the demo case without a browser: choices, verdicts, maps, saving, refusals."""

import json
import shutil

import numpy as np
import pytest

pytest.importorskip("trame_slicer", reason="the web viewer is not installed")

from ReirradiationCore.case_file import read_case
from ReirradiationCore.errors import ReirradiationError
from ReirradiationHeadless.cli import main
from ReirradiationHeadless.review.session import ReviewSession
from ReirradiationHeadless.review.view_set import SLICES
from reviewing import saved_map, settle

VESSEL, PLEXUS = "A_Iliac_L", "SacralPlex_L"


@pytest.fixture(scope="module")
def a_session(demo_folder):
    return ReviewSession.open(demo_folder / "result")


@pytest.fixture
def session(a_session):
    yield a_session
    a_session.change(alpha_beta_gy={}, recovery={}, recovery_rule=None, planned_scale=None)


@pytest.fixture
def a_copy(demo_folder, tmp_path):
    """The result without what a review does not read."""
    for name in ("results.json", "case.json", "samples.npz", "scene.mrb"):
        shutil.copy(demo_folder / "result" / name, tmp_path / name)
    return tmp_path


def verdicts(session):
    return {
        (e["structure"], e["limit"], e["quantity"]): (e["value"], e["verdict"])
        for e in session.table()
    }


def entry(session, structure):
    return next(
        e for e in session.table() if e["structure"] == structure and "EQD2" in e["quantity"]
    )


# --- choices ------------------------------------------------------------------------------------


def test_review_starts_with_the_verdicts_of_the_run(session, demo_results):
    found = sorted((e["structure"], e["verdict"]) for e in session.table())
    assert found == sorted((c["structure"], c["verdict"]) for c in demo_results["constraints"])
    assert not session.is_changed
    assert session.changes() == {}


def test_at_the_largest_prescription_the_limiting_organ_is_at_its_limit(session, demo_results):
    answer = demo_results["isotoxic"]
    limiting = answer["limiting"][0]["structure"]
    factor = answer["max_prescription_gy"] / answer["planned_prescription_gy"]
    session.change(planned_scale=factor)
    row = next(r for r in session.current.rows if r["structure"] == limiting)
    assert row["value"] == pytest.approx(row["limit"], abs=0.01)
    assert row["verdict"] == "MARGINAL"


def test_less_dose_turns_the_failed_limit_into_a_pass_and_says_what_it_was(session):
    session.change(planned_scale=0.8)
    found = entry(session, VESSEL)
    assert found["verdict"] == "PASS"
    assert "FAIL" in found["was"]
    assert any(
        VESSEL in text and "FAIL became PASS" in text for text in session.changes()["verdicts"]
    )


def test_without_recovery_the_plexus_counts_its_whole_prior_dose(session, demo_results):
    row = next(
        c for c in demo_results["constraints"]
        if c["structure"] == PLEXUS and c["scope"] == "cumulative"
    )  # fmt: skip
    session.change(recovery_rule="none")
    now = next(r for r in session.current.rows if (r["id"], r["structure"]) == (row["id"], PLEXUS))
    assert now["value"] == pytest.approx(row["value_no_recovery"], abs=1e-3)
    assert now["verdict"] == row["verdict_no_recovery"]


def test_alpha_beta_of_the_organ_leaves_the_verdict_of_a_limit_that_states_its_own(session):
    before = entry(session, VESSEL)
    session.change(alpha_beta_gy={VESSEL: 2.0}, planned_scale=0.9)
    after = entry(session, VESSEL)
    assert after["what_if"]["text"].startswith("at your")
    assert after["what_if"]["verdict"] != after["verdict"]
    session.change(planned_scale=None)
    assert (entry(session, VESSEL)["value"], entry(session, VESSEL)["verdict"]) == (
        before["value"], before["verdict"],
    )  # fmt: skip


def test_choice_that_is_refused_changes_nothing(session):
    before = verdicts(session)
    with pytest.raises(ReirradiationError, match="planned_scale"):
        session.change(planned_scale=-1.0)
    assert verdicts(session) == before
    assert not session.is_changed


def test_targets_never_recover(session):
    offered = {o["name"] for o in session.organs() if not o["is_target"]}
    assert VESSEL in offered
    assert not {name for name in offered if name.startswith(("GTV", "PTV"))}


# --- which maps are out of date -------------------------------------------------------------------


def stale(session):
    keys = ("mapped_dose_prior-1", "mapped_dose_planned", "eqd2_prior-1", "eqd2_planned",
            "cumulative_eqd2", "tolerance_percent")  # fmt: skip
    return {key for key in keys if session.is_stale(key)}


def test_scale_outdates_what_holds_the_planned_dose_and_not_the_prior_dose(session):
    session.change(planned_scale=0.9)
    expected = {"mapped_dose_planned", "eqd2_planned", "cumulative_eqd2", "tolerance_percent"}
    assert stale(session) == expected


def test_recovery_outdates_the_sum_only(session):
    session.change(recovery_rule="none")
    assert stale(session) == {"cumulative_eqd2", "tolerance_percent"}


def test_alpha_beta_outdates_every_map_in_eqd2(session):
    session.change(alpha_beta_gy={VESSEL: 2.0})
    physical = {"mapped_dose_prior-1", "mapped_dose_planned"}
    assert stale(session) == {
        "eqd2_prior-1", "eqd2_planned", "cumulative_eqd2", "tolerance_percent",
    }  # fmt: skip
    assert not stale(session) & physical


def test_saved_choices_again_make_every_map_current(session):
    session.change(planned_scale=0.9)
    session.change(planned_scale=1.0)
    assert stale(session) == set()


# --- saving ---------------------------------------------------------------------------------------


def test_saved_choices_get_a_free_name_and_nothing_is_overwritten(a_copy):
    before = (a_copy / "case.json").read_bytes()
    session = ReviewSession.open(a_copy)
    session.change(planned_scale=0.9)
    paths = [session.save("A. Physicist"), session.save("A. Physicist")]
    assert [path.name for path in paths] == ["case-review-1.json", "case-review-2.json"]
    assert (a_copy / "case.json").read_bytes() == before
    case = read_case(paths[0])
    assert case.planned_scale == 0.9
    assert case.history[-1].who == "A. Physicist"


# --- refusals -------------------------------------------------------------------------------------


def refused(capsys, *arguments):
    """Exit status and lines of a refused review."""
    status = main(["review", *map(str, arguments)])
    return status, capsys.readouterr().err.splitlines()


def assert_one_reason(found, text):
    status, lines = found
    assert status == 2
    assert len(lines) == 1
    assert lines[0].startswith("refused: ")
    assert text in lines[0]


def test_folder_that_is_not_there_is_refused(capsys, tmp_path):
    assert_one_reason(refused(capsys, tmp_path / "nothing"), "is not a folder")


def test_folder_without_results_is_refused(capsys, tmp_path):
    assert_one_reason(refused(capsys, tmp_path), "holds no results.json")


def test_refused_run_is_refused_with_its_reasons(capsys, tmp_path):
    content = json.dumps({"refused": ["no plan in the folder"]})
    (tmp_path / "refused.json").write_text(content, encoding="utf-8")
    assert_one_reason(refused(capsys, tmp_path), "no plan in the folder")


@pytest.mark.parametrize("name", ["scene.mrb", "samples.npz"])
def test_result_without_scene_or_samples_is_refused(capsys, a_copy, name):
    (a_copy / name).unlink()
    assert_one_reason(refused(capsys, a_copy), f"has no {name}")


def test_samples_of_another_run_are_refused(capsys, a_copy):
    path = a_copy / "results.json"
    results = json.loads(path.read_text(encoding="utf-8"))
    results["input_hash"] = "sha256:" + "0" * 64
    path.write_text(json.dumps(results), encoding="utf-8")
    assert_one_reason(refused(capsys, a_copy), "000000")


def test_results_that_the_samples_do_not_give_are_refused(capsys, a_copy):
    path = a_copy / "results.json"
    results = json.loads(path.read_text(encoding="utf-8"))
    row = next(c for c in results["constraints"] if c["value"])
    row["value"] += 0.01
    path.write_text(json.dumps(results), encoding="utf-8")
    assert_one_reason(refused(capsys, a_copy), f"for {row['structure']}")


def test_results_that_are_no_json_are_refused(capsys, a_copy):
    (a_copy / "results.json").write_text("{", encoding="utf-8")
    assert_one_reason(refused(capsys, a_copy), "cannot be read as JSON")


def test_port_that_is_no_port_is_refused(capsys, a_copy):
    assert_one_reason(refused(capsys, a_copy, "--port", "99999"), "cannot listen on")


# --- maps and views -------------------------------------------------------------------------------


def test_maps_painted_for_the_saved_choices_are_the_saved_maps(page, demo_folder):
    actions, session, _loop = page
    maps = actions.maps.keeper.painter.maps(session.saved)
    for name in ("cumulative_eqd2", "tolerance_percent", "remaining_dose", "overlap_eqd2"):
        saved = saved_map(demo_folder, name)
        np.testing.assert_allclose(maps[name].array, saved, atol=2e-3, equal_nan=True)


def test_planned_eqd2_painted_for_less_dose_is_that_of_the_formula(page, demo_folder):
    actions, session, _loop = page
    session.change(planned_scale=0.9)
    found = actions.maps.keeper.painter.maps(session.current)["eqd2_planned"].array
    alpha_beta = saved_map(demo_folder, "alpha_beta").astype(float)
    dose = 0.9 * saved_map(demo_folder, "mapped_dose_planned").astype(float)
    expected = dose * (dose / 5 + alpha_beta) / (2 + alpha_beta)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-3, equal_nan=True)


def test_changed_choice_marks_the_map_at_once_and_painting_clears_the_mark(page):
    actions, _session, loop = page
    value = readout(actions, "All courses, cumulative")["value"]
    actions.choices.set_scale("0.9")
    assert actions.state.stale is True
    assert readout(actions, "All courses, cumulative")["stale"][1] is True
    settle(loop, actions)
    assert actions.state.stale is False
    after = readout(actions, "All courses, cumulative")
    assert (after["stale"][1], after["value"] != value) == (False, True)
    assert actions.state.legends[0]["repainted"] is True


def readout(actions, label):
    return next(line for line in actions.state.readout if line["label"] == label)


def test_going_back_paints_the_saved_maps_again(page):
    actions, _session, loop = page
    value = readout(actions, "All courses, cumulative")["value"]
    actions.choices.set_scale("0.9")
    settle(loop, actions)
    actions.choices.reset()
    assert actions.state.stale is True
    settle(loop, actions)
    assert (actions.state.stale, actions.state.legends[0]["repainted"]) == (False, False)
    assert readout(actions, "All courses, cumulative")["value"] == value


def test_choosing_an_organ_brings_every_view_to_its_hot_spot(page, demo_results):
    actions, _session, _loop = page
    spot = next(s for s in demo_results["hot_spots"] if s["structure"] == PLEXUS)
    actions.choose_structure(PLEXUS)
    left, posterior, superior = spot["point_lps"]
    places = {name: actions.state.places[name]["value"] for name in SLICES}
    expected = {"Axial": superior, "Coronal": -posterior, "Sagittal": left}
    assert places == pytest.approx(expected, abs=0.01)
    assert PLEXUS in actions.state.dvh


def test_step_moves_one_view_by_one_slice_of_the_image(page):
    actions, _session, _loop = page
    before = dict(actions.state.places)
    actions.step("Axial", 1)
    after = actions.state.places
    assert after["Axial"]["value"] - before["Axial"]["value"] == pytest.approx(2.5)
    assert after["Coronal"] == before["Coronal"]


def test_what_is_no_number_is_refused_with_a_message(page):
    actions, session, _loop = page
    actions.choices.set_alpha_beta(VESSEL, "three")
    assert "not a number" in actions.state.message
    assert not session.is_changed


def test_limit_of_another_alpha_beta_is_not_drawn_into_the_histogram(page):
    actions, _session, _loop = page
    actions.choose_structure(VESSEL)
    assert "D0.1cc 110 Gy" in actions.state.dvh
    actions.choices.set_alpha_beta(VESSEL, "2")
    assert "D0.1cc 110 Gy" not in actions.state.dvh


def test_page_warns_and_marks_the_registration_that_nobody_approved(page):
    actions, _session, _loop = page
    assert "qualified medical physicist" in actions.state.warning
    assert "REGISTRATION NOT APPROVED: prior-1" in actions.state.unapproved
