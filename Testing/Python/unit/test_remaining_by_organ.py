"""Dose that each limit leaves: closed form, recovery, and what has no dose."""

from dataclasses import replace

import pytest
from ReirradiationCore.case import MappingStrategy
from ReirradiationCore.constraint_grammar import parse_constraint
from ReirradiationCore.dose_models import DoseConversion
from ReirradiationCore.errors import RadiobiologyError
from ReirradiationCore.limits import apply_limits, limit_rows
from ReirradiationCore.remaining_by_organ import remaining_by_organ
from test_limits import PLANNED, PRIOR, organ

LIMIT = "Bladder D0.1cc <= 100 Gy @EQD2(ab=3)"


def remaining(judge, line=LIMIT, fractions=5, **other):
    applied = apply_limits([parse_constraint(line)], [judge])
    rows = limit_rows(applied, PLANNED, [PRIOR])
    return remaining_by_organ(applied, rows, PLANNED.id, fractions, **other)


@pytest.mark.parametrize(("recovery", "kept"), [(0.0, 50.0), (0.5, 25.0)])
@pytest.mark.parametrize("fractions", [1, 5, 20])
def test_the_dose_left_is_that_of_the_limit_less_the_prior_courses(recovery, kept, fractions):
    judge = organ("Bladder", [50] * 4, [30] * 4, recovery=recovery)
    row = remaining(judge, fractions=fractions)[0]
    left = fractions / 2 * (-3 + (9 + 4 * 5 * (100 - kept) / fractions) ** 0.5)
    assert row.dose_gy == pytest.approx(left, rel=1e-9)
    assert row.used_percent == pytest.approx(kept)


def test_the_dose_left_given_everywhere_ends_exactly_at_the_limit():
    left = remaining(organ("Bladder", [50] * 4, [0] * 4))[0].dose_gy
    judge = organ("Bladder", [50] * 4, [left] * 4)
    row = limit_rows(apply_limits([parse_constraint(LIMIT)], [judge]), PLANNED, [PRIOR])[0]
    assert row["value"] == pytest.approx(100.0, rel=1e-9)


def test_a_limit_in_bed_leaves_the_same_dose_as_the_same_limit_in_eqd2():
    judge = organ("Bladder", [50] * 4, [30] * 4)
    bed = remaining(judge, f"Bladder D0.1cc <= {100 * 5 / 3!r} Gy @BED(ab=3)")[0]
    assert bed.dose_gy == pytest.approx(remaining(judge)[0].dose_gy, rel=1e-9)


def test_nothing_is_left_where_the_prior_courses_use_all_of_the_limit():
    row = remaining(organ("Bladder", [120] * 4, [0] * 4))[0]
    assert row.dose_gy == 0.0
    assert row.used_percent > 100


def test_recovery_is_not_used_under_a_limit_that_contains_it():
    judge = organ("Bladder", [50] * 4, [30] * 4, recovery=0.5)
    limit = replace(parse_constraint(LIMIT), recovery_contained=True)
    applied = apply_limits([limit], [judge])
    rows = limit_rows(applied, PLANNED, [PRIOR])
    found = remaining_by_organ(applied, rows, PLANNED.id, 5)[0]
    assert found.used_percent == pytest.approx(50.0)


def test_an_unknown_prior_dose_leaves_nothing_that_could_be_said():
    row = remaining(organ("Bladder", [50, float("nan"), 50, 50], [30] * 4))[0]
    assert row.dose_gy is None
    assert row.note


def test_a_limit_that_is_not_evaluable_leaves_no_dose():
    row = remaining(organ("Bladder", [50] * 4, [30] * 4), LIMIT + " if interval >= 999 months")[0]
    assert row.dose_gy is None
    assert "999" in row.note


@pytest.mark.parametrize(
    "line",
    ["Bladder Dmean <= 100 Gy @EQD2(ab=3)", "Bladder D0.1cc <= 100 Gy @PHYSICAL if fractions = 5"],
)
def test_only_cumulative_near_maximum_limits_have_a_row(line):
    assert remaining(organ("Bladder", [50] * 4, [30] * 4), line) == ()


def test_another_model_than_lq_has_no_dose():
    model = DoseConversion.from_json({"name": "LQ-L", "transition_dose_gy": 6.0})
    assert remaining(organ("Bladder", [50] * 4, [30] * 4), model=model)[0].dose_gy is None


def test_an_overlap_point_sum_has_no_dose():
    judge = organ("Bladder", [50] * 4, [30] * 4)
    prior = replace(judge.doses.priors["prior-1"], strategy=MappingStrategy.OVERLAP_POINT_SUM)
    judge.doses = replace(judge.doses, priors={"prior-1": prior})
    assert remaining(judge)[0].dose_gy is None


def test_half_a_fraction_is_refused():
    with pytest.raises(RadiobiologyError, match="fractions"):
        remaining(organ("Bladder", [50] * 4, [30] * 4), fractions=2.5)
