"""Doses of the demo courses: what a planner would check."""

import numpy as np
import pytest
from ReirradiationCore.demo import doses, organs, true_transform
from ReirradiationCore.demo.courses import DEFAULT_SEED, planned_course, prior_course
from ReirradiationCore.demo.deformation import InverseTable
from ReirradiationCore.grids import sample_volume


def inside(shape, spacing_mm=0.8):
    axes = [np.arange(a, b, spacing_mm) for a, b in zip(shape.lower, shape.upper, strict=True)]
    points = np.stack(np.meshgrid(*axes, indexing="ij")).reshape(3, -1)
    return points[:, shape(points) > 0].T


@pytest.fixture(scope="module")
def prior():
    inverse = InverseTable(true_transform())
    return doses.prior_dose(prior_course().dose_grid, inverse, DEFAULT_SEED)


@pytest.fixture(scope="module")
def planned():
    return doses.planned_dose(planned_course().dose_grid, DEFAULT_SEED)


def test_ninety_five_percent_of_the_node_target_get_the_prescription(planned):
    dose = sample_volume(planned, inside(organs.node_target()))
    assert np.percentile(dose, 5) == pytest.approx(30.0, abs=0.1)


def test_the_maximum_of_the_second_course_is_a_quarter_above_the_prescription(planned):
    assert planned.array.max() == pytest.approx(1.25 * 30.0, rel=0.03)


def test_the_second_course_falls_to_half_within_a_centimetre_of_the_target(planned):
    x, y, z = organs.NODE_CENTER
    away = np.array([[x + organs.NODE_RADII_MM[0] + 4 + 10, y - 4, z]])
    assert sample_volume(planned, away)[0] < 15


def test_half_of_the_prostate_target_gets_the_prescription(prior):
    dose = sample_volume(prior, true_transform()(inside(organs.prostate_target())))
    assert np.percentile(dose, 50) == pytest.approx(74.0, abs=0.1)


def test_femoral_heads_stay_below_their_limit_in_the_first_course(prior):
    for left in (True, False):
        dose = sample_volume(prior, true_transform()(inside(organs.femoral_head(left))))
        assert dose.max() < 45


def test_the_node_lies_in_the_prior_nodal_dose(prior):
    dose = sample_volume(prior, true_transform()(inside(organs.node())))
    assert dose.mean() == pytest.approx(52, abs=3)


def test_doses_are_not_negative_and_zero_far_from_the_patient(prior, planned):
    for dose in (prior, planned):
        assert dose.array.min() >= 0
        assert dose.array[0, 0, 0] < 1e-3


def test_another_seed_gives_another_dose_of_the_same_prescription(planned):
    other = doses.planned_dose(planned_course().dose_grid, DEFAULT_SEED + 5)
    assert np.abs(other.array - planned.array).max() > 0.05
    dose = sample_volume(other, inside(organs.node_target()))
    assert np.percentile(dose, 5) == pytest.approx(30.0, abs=0.1)
