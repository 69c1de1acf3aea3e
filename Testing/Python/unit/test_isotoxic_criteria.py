"""Target criteria of the isotoxic search, and published caps."""

import numpy as np
import pytest
from golden import golden
from ReirradiationCore.errors import RadiobiologyError
from ReirradiationCore.isotoxic_criteria import (
    PRESCRIPTION_CAPS,
    TargetDoses,
    destroy_1_cap,
    half_isodose_distance_mm,
    target_criteria,
)


def holds(prescription, *doses):
    return [criterion.holds for criterion in target_criteria(prescription, TargetDoses(*doses))]


def test_a_good_plan_meets_every_criterion_and_equality_counts():
    assert holds(25.0, 26.0, 30.0, 28.0, 12.0) == [True] * 4
    assert holds(25.0, 25.0, 32.5, 32.5, 20.0) == [True] * 4


@pytest.mark.parametrize(
    ("doses", "failed"),
    [
        ((24.7, 30.0, 28.0, 12.0), 0),
        ((26.0, 30.0, 28.0, 20.1), 1),
        ((26.0, 32.6, 28.0, 12.0), 2),
        ((26.0, 30.0, 32.6, 12.0), 3),
    ],
)
def test_each_criterion_fails_alone(doses, failed):
    assert holds(25.0, *doses) == [number != failed for number in range(4)]


def test_coverage_may_be_short_by_one_per_cent_as_every_verdict():
    assert holds(25.0, 24.76, 30.0, 28.0, 12.0)[0] is True
    assert holds(25.0, 24.74, 30.0, 28.0, 12.0)[0] is False


def test_unknown_doses_leave_a_criterion_open():
    assert holds(25.0, None, float("nan"), 28.0, None) == [None, None, None, True]


def test_scaling_plan_and_prescription_changes_no_criterion():
    for scale in (0.5, 1.7):
        assert holds(25 * scale, 26 * scale, 33 * scale, 28 * scale, 12.0) == [
            True, True, False, True,
        ]  # fmt: skip


def test_criteria_need_a_prescription():
    with pytest.raises(RadiobiologyError, match="above zero"):
        target_criteria(0.0, TargetDoses(1, 1, 1, 1))


def plan(reach_voxels, shape=(1, 1, 41)):
    """PTV of one voxel in the middle, dose of 30 Gy around it, spacing 2 mm along i."""
    ptv = np.zeros(shape, bool)
    ptv[0, 0, 20] = True
    dose = np.zeros(shape)
    dose[0, 0, 20 - reach_voxels : 21 + reach_voxels] = 15.0
    return dose, ptv


@pytest.mark.parametrize("reach", [0, 5, 10, 11])
def test_half_isodose_distance_is_in_millimetres(reach):
    dose, ptv = plan(reach)
    assert half_isodose_distance_mm(dose, ptv, (2.0, 5.0, 7.0), 30.0) == golden(2.0 * reach)


def test_spacing_of_each_axis_is_used():
    dose, ptv = plan(5)
    for axis, spacing in enumerate([(7.0, 5.0, 2.0), (7.0, 2.0, 5.0), (2.0, 5.0, 7.0)]):
        turned = (np.swapaxes(array, axis, 2) for array in (dose, ptv))
        assert half_isodose_distance_mm(*turned, spacing, 30.0) == golden(10.0)


def test_unknown_dose_near_the_target_leaves_the_distance_open():
    dose, ptv = plan(5)
    far, near = dose.copy(), dose.copy()
    far[0, 0, :10] = np.nan
    near[0, 0, :11] = np.nan
    assert half_isodose_distance_mm(far, ptv, (2.0, 2.0, 2.0), 30.0) == golden(10.0)
    assert half_isodose_distance_mm(near, ptv, (2.0, 2.0, 2.0), 30.0) is None
    near[0, 0, 35] = 15.0
    assert half_isodose_distance_mm(near, ptv, (2.0, 2.0, 2.0), 30.0) == golden(30.0)


def test_a_target_without_voxels_is_refused():
    dose, ptv = plan(5)
    with pytest.raises(RadiobiologyError, match="PTV of 0 voxels"):
        half_isodose_distance_mm(dose, np.zeros_like(ptv), (2.0, 2.0, 2.0), 30.0)


def test_published_caps_name_their_sources():
    assert {cap.cap_gy for cap in PRESCRIPTION_CAPS} == {50.0, 45.0}
    assert all(cap.source for cap in PRESCRIPTION_CAPS)


def test_destroy_1_is_not_defined_at_exactly_60_gray():
    assert destroy_1_cap(59.9).cap_gy == 50
    assert destroy_1_cap(60.1).cap_gy == 45
    assert destroy_1_cap(60.0) is None
    assert destroy_1_cap(float("nan")) is None
