"""Which doses and which recovery enter the isotoxic search."""

from dataclasses import replace

import pytest
from ReirradiationCore.case import Case
from ReirradiationCore.constraint_grammar import parse_constraint
from ReirradiationCore.isotoxic_stage import isotoxic_answer
from ReirradiationCore.limits import apply_limits, limit_rows
from test_limits import PLANNED, PRIOR, organ


def answer(limit, judge, planned=PLANNED):
    applied = apply_limits([limit], [judge])
    rows = limit_rows(applied, planned, [PRIOR])
    return isotoxic_answer(applied, rows, planned, Case())[0]


def test_a_plan_cut_short_is_scaled_from_what_is_delivered_not_from_what_was_prescribed():
    # 3 of 5 fractions of 30 Gy deliver 18 Gy; the samples hold the delivered dose of 18 Gy.
    # Prior 0; the limit EQD2 = 54 at alpha/beta 3 is met by D with D (D/3 + 3)/5 = 54.
    delivered = (-3 + (9 + 4 * 54 * 5 / 3) ** 0.5) * 3 / 2
    phase = replace(PLANNED.phases[0], fractions_delivered=3)
    planned = replace(PLANNED, phases=(phase,))
    judge = organ("Bladder", [0.0] * 4, [18.0] * 4)
    judge.doses = replace(judge.doses, planned=replace(judge.doses.planned, fractions=(3,)))
    limit = parse_constraint("Bladder D0.1cc <= 54 Gy @EQD2(ab=3)")
    found = answer(limit, judge, planned)
    assert found["planned_prescription_gy"] == pytest.approx(18.0)
    assert found["max_prescription_gy"] == pytest.approx(delivered, rel=1e-9)


@pytest.mark.parametrize(("contained", "kept"), [(False, 25.0), (True, 50.0)])
def test_recovery_is_not_used_under_a_limit_that_contains_it(contained, kept):
    # prior 50 Gy EQD2, recovery 0.5; 30 Gy/5 at alpha/beta 3; limit 100:
    # n/2 (-ab + sqrt(ab^2 + 4 (2 + ab)(L - B)/n)) is the dose that is left
    left = 5 / 2 * (-3 + (9 + 4 * 5 * (100 - kept) / 5) ** 0.5)
    judge = organ("Bladder", [50.0] * 4, [30.0] * 4, recovery=0.5)
    limit = parse_constraint("Bladder D0.1cc <= 100 Gy @EQD2(ab=3)")
    found = answer(replace(limit, recovery_contained=contained), judge)
    assert found["per_constraint"][0]["max_prescription_gy"] == pytest.approx(left, rel=1e-9)
