"""Verdicts of a review where the case counts uncertainty: never better than with its interval."""

from dataclasses import replace
from pathlib import Path

import pytest
from live_cases import STRIDER, evaluated, falling, row_of, sampled
from ReirradiationCore.case import OrganChoice, RecoveryChoice
from ReirradiationCore.live_evaluation import LiveEvaluation
from ReirradiationCore.uncertainty_choice import UncertaintyChoice
from ReirradiationHeadless.review.judging import rows_at_own_alpha_beta, saved_result
from ReirradiationHeadless.review.limit_table import limit_table
from ReirradiationHeadless.review.result_folder import ResultFolder
from ReirradiationHeadless.review.session import ReviewSession

SHIFTS = replace(STRIDER, uncertainty=UncertaintyChoice(shifts_mm=(3.0, 3.0, 3.0)))
NOT_COMPUTED = "shifts) is not computed for these choices"


@pytest.fixture(scope="module")
def courses():
    planned, prior = falling()
    return planned, [prior]


def what_if(live, case):
    """The row of the bladder at alpha/beta 8 Gy instead of that of its limit."""
    rows = rows_at_own_alpha_beta(live.judge(case), {"Bladder": 8.0})
    (found,) = (row for row in rows.values() if row["structure"] == "Bladder")
    return found


def test_what_if_passes_only_where_no_uncertainty_is_to_be_counted(courses):
    live = LiveEvaluation(sampled(*courses))
    without, counted = what_if(live, STRIDER), what_if(live, SHIFTS)
    assert without["alpha_beta_gy"] == counted["alpha_beta_gy"] == 8.0
    assert (without["verdict"], without["note"].count(NOT_COMPUTED)) == ("PASS", 0)
    assert (counted["verdict"], counted["note"].count(NOT_COMPUTED)) == ("MARGINAL", 1)


def test_what_if_says_in_the_table_that_the_interval_is_not_counted(courses):
    live = LiveEvaluation(sampled(*courses))
    result = live.judge(SHIFTS)
    table = limit_table(result.rows, {}, rows_at_own_alpha_beta(result, {"Bladder": 8.0}))
    (text,) = (entry["what_if"]["text"] for entry in table if entry["what_if"])
    assert text.endswith("Gy, without the interval")
    assert all(NOT_COMPUTED in e["note"] for e in table if e["what_if"])


@pytest.fixture(scope="module")
def review(courses):
    """A review of a run that counted shifts, and what the run wrote."""
    run = evaluated(*courses, SHIFTS)
    folder = ResultFolder(Path(), {"constraints": run.constraints})
    live = LiveEvaluation(sampled(*courses, SHIFTS))
    saved = saved_result(live, folder)
    return ReviewSession(folder, live, saved, saved), run


def test_saved_run_keeps_the_verdicts_and_intervals_that_it_wrote(review):
    session, run = review
    assert list(session.saved.rows) == list(run.constraints)
    assert "interval" in row_of(session.saved, "Bladder")
    entry = next(e for e in session.table() if e["structure"] == "Bladder" and e["interval"])
    low, high = row_of(run, "Bladder")["interval"]
    assert entry["interval"] == f"{low:.1f} to {high:.1f}"


def test_changed_choices_lose_the_interval_and_the_saved_ones_have_it_again(review):
    session, run = review
    session.change(planned_scale=0.9)
    assert NOT_COMPUTED in row_of(session.current, "Bladder")["note"]
    assert row_of(session.current, "Bladder")["verdict"] != "PASS"
    session.change(planned_scale=1.0)
    assert list(session.current.rows) == list(run.constraints)


def test_recoveries_that_differ_between_prior_courses_are_listed_each(courses):
    planned, (prior,) = courses
    live = LiveEvaluation(sampled(planned, [prior, replace(prior, id="prior-2")]))
    saved = live.judge()
    session = ReviewSession(ResultFolder(Path(), {"constraints": []}), live, saved, saved)
    assert {organ["recovery_each"] for organ in session.organs()} == {""}
    chosen = {prior.id: RecoveryChoice("custom", 0.5, "long ago")}
    chosen["prior-2"] = RecoveryChoice("custom", 0.25, "recent")
    organs = {**live.case.organs, "Bladder": OrganChoice(recovery=chosen)}
    session.current = live.judge(replace(live.case, organs=organs))
    bladder = next(organ for organ in session.organs() if organ["name"] == "Bladder")
    assert bladder["recovery_each"] == f"{prior.id} 50 %, prior-2 25 %"
    assert bladder["recovery_changed"]
