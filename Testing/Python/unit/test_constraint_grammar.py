"""The grammar of a constraint line: read, written, and nonsense rejected with its reason."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ReirradiationCore.constraint_grammar import parse_constraint
from ReirradiationCore.constraints import Quantity, Relation, Scope
from ReirradiationCore.errors import ProtocolError


def test_a_cumulative_limit_is_read():
    limit = parse_constraint("Bladder D0.1cc <= 110 Gy @EQD2(ab=3) if interval >= 6 months")
    assert (limit.organ, limit.metric.name, limit.limit) == ("Bladder", "D0.1cc", 110.0)
    assert (limit.quantity, limit.alpha_beta_gy) == (Quantity.EQD2, 3.0)
    assert limit.relation is Relation.AT_MOST
    assert limit.scope is Scope.CUMULATIVE
    assert limit.condition.min_interval_months == 6


def test_a_physical_limit_is_of_the_planned_course():
    limit = parse_constraint("SpinalCord Dmax < 30Gy @PHYSICAL if fractions = 5")
    assert (limit.scope, limit.n_fractions) == (Scope.RERT_ONLY, 5)


def test_the_unit_may_stand_at_the_metric():
    limit = parse_constraint("Lungs V20Gy[%] <= 40 @EQD2(ab=3)")
    assert limit.unit == "%"
    assert parse_constraint("Liver CV15Gy[cc] >= 800 @EQD2(ab=3)").unit == "cc"


def test_another_dose_per_fraction_is_kept():
    limit = parse_constraint("A_Aorta D1cc < 120 Gy @EQD1.8(ab=3)")
    assert (limit.quantity, limit.eqd_x_gy) == (Quantity.EQDX, 1.8)


def test_a_range_stays_a_range():
    limit = parse_constraint("Esophagus Dmax < 100-110 Gy @EQD2(ab=3)")
    assert (limit.limit, limit.limit_range) == (None, (100.0, 110.0))


def test_a_line_without_quantity_is_of_unknown_quantity():
    assert parse_constraint("Bladder D0.1cc <= 110 Gy").quantity is Quantity.UNKNOWN


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("Bladder D0.1cc about 110 Gy @EQD2(ab=3)", "is not a constraint"),
        ("Bladder", "is not a constraint"),
        ("Bladder D0.1ml <= 110 Gy @EQD2(ab=3)", "is not a metric"),
        ("Bladder D0.1cc <= 110 @EQD2(ab=3)", "no unit"),
        ("Bladder D0.1cc <= 110 cc @EQD2(ab=3)", "given in Gy"),
        ("Lungs V20Gy <= 40 Gy @EQD2(ab=3)", "given in cc or %"),
        ("Lungs V20Gy[%] <= 40 cc @EQD2(ab=3)", r"asks for \[%\] but limits cc"),
        ("Lungs V20Gy <= 140 % @EQD2(ab=3)", "more than the whole"),
        ("Bladder D0.1cc <= 0 Gy @EQD2(ab=3)", "not above zero"),
        ("Bladder D0.1cc <= 110-100 Gy @EQD2(ab=3)", "does not go up"),
        ("Bladder D0.1cc <= 110 Gy @EQD2", "needs its alpha/beta"),
        ("Bladder D0.1cc <= 110 Gy @EQD2(ab=30)", "outside 0.5 to 20"),
        ("Bladder D0.1cc <= 110 Gy @Gy3", "is not a quantity"),
        ("Bladder D0.1cc <= 38 Gy @PHYSICAL", "holds for one fractionation"),
        ("Bladder D0.1cc <= 38 Gy @PHYSICAL if fractions = 0", "n_fractions|fractionation"),
        ("Bladder D0.1cc <= 110 Gy @EQD2(ab=3) if moon = full", "is not a condition"),
        ("Bladder D0.1cc <= 110 Gy @EQD2(ab=3) if interval = 6 months", "is not a condition"),
        ("Liver V15Gy < 800cc @EQD2(ab=3)", "write CV15Gy >= 800 cc"),
        ("Liver CV15Gy < 800 cc @EQD2(ab=3)", "at least so much"),
        ("Liver D700cc < 21 Gy @EQD2(ab=3)", "CV21Gy >= 700 cc"),
    ],
)
def test_nonsense_is_rejected_with_its_reason(line, reason):
    with pytest.raises(ProtocolError, match=reason):
        parse_constraint(line)


@given(
    organ=st.sampled_from(["Bladder", "Femur_Head_L", "Colon|Rectum"]),
    metric=st.sampled_from(["D0.1cc", "Dmax", "Dmean", "D95%"]),
    relation=st.sampled_from(["<=", "<", ">=", ">"]),
    limit=st.integers(1, 9999).map(lambda tenth: tenth / 10),
    quantity=st.sampled_from(["EQD2(ab=3)", "BED(ab=2.5)", "EQD1.8(ab=10)"]),
    months=st.integers(1, 48),
)
def test_a_limit_written_and_read_again_is_the_same(
    organ, metric, relation, limit, quantity, months
):
    line = f"{organ} {metric} {relation} {limit:g} Gy @{quantity} if interval >= {months} months"
    assert parse_constraint(line).describe() == line
