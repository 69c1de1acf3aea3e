"""Properties of the linear-quadratic-linear option (golden numbers: test_golden)."""

import numpy as np
import pytest
from golden import golden
from hypothesis import given
from hypothesis import strategies as st
from ReirradiationCore.errors import RadiobiologyError
from ReirradiationCore.lql import DoseModel, LinearQuadraticLinear, require_same_model
from ReirradiationCore.radiobiology import bed, eqd2

alpha_betas, transitions = st.floats(0.5, 20), st.floats(2, 12)


@given(st.floats(0, 150), st.integers(1, 40), alpha_betas, transitions)
def test_it_never_exceeds_the_linear_quadratic_model(dose, n, ab, transition):
    model = LinearQuadraticLinear(ab, transition)
    assert model.bed(dose, n) <= bed(dose, n, ab) * (1 + 1e-12)


@given(st.floats(0, 150), st.integers(1, 40), alpha_betas, transitions, st.floats(0.2, 20))
def test_the_inverse_returns_the_dose(dose, n, ab, transition, slope):
    model = LinearQuadraticLinear(ab, transition, slope)
    assert model.dose_from_bed(model.bed(dose, n), n) == pytest.approx(dose, rel=1e-9, abs=1e-12)


@given(st.integers(1, 40), alpha_betas, transitions)
def test_both_regimes_meet_at_the_transition_with_the_same_slope(n, ab, transition):
    model, step = LinearQuadraticLinear(ab, transition), 1e-5
    at = model.bed(n * transition, n)
    above = (model.bed(n * (transition + step), n) - at) / (n * step)
    below = (at - model.bed(n * (transition - step), n)) / (n * step)
    assert above == pytest.approx(below, rel=1e-3)


@given(st.floats(0, 1), st.integers(1, 40), alpha_betas, transitions)
def test_below_the_transition_it_is_the_linear_quadratic_model(part, n, ab, transition):
    dose = part * n * transition
    model = LinearQuadraticLinear(ab, transition)
    assert model.eqd2(dose, n) == golden(eqd2(dose, n, ab))


def test_unknown_stays_unknown_in_an_array():
    found = LinearQuadraticLinear(3, 6).bed(np.array([30.0, np.nan, 50.0]), 5)
    assert found[0] == golden(90.0)
    assert np.isnan(found[1])
    assert found[2] == golden(190.0)


@pytest.mark.parametrize(
    ("ab", "transition", "slope"),
    [(3, 1.9, None), (3, np.inf, None), (np.inf, 6, None), (0.1, 6, None), (3, 6, 0), (3, 6, -1)],
)
def test_parameters_without_meaning_are_refused(ab, transition, slope):
    with pytest.raises(RadiobiologyError):
        LinearQuadraticLinear(ab, transition, slope)


def test_doses_are_not_compared_with_limits_of_the_other_model():
    require_same_model(DoseModel.LQ, DoseModel.LQ, "Rectum D0.1cc")
    with pytest.raises(RadiobiologyError, match=r"Rectum D0\.1cc was derived with the LQ model"):
        require_same_model(DoseModel.LQL, DoseModel.LQ, "Rectum D0.1cc")
