"""The sum of courses in one organ, against arithmetic by hand."""

import numpy as np
import pytest
from ReirradiationCore.accumulation import CourseDose, OrganDoses
from ReirradiationCore.case import MappingStrategy
from ReirradiationCore.metrics import Metric
from ReirradiationCore.sampling import SamplePoints

D01 = Metric.parse("D0.1cc")


def organ(planned, priors, volume_cc=0.1):
    n = len(planned.phase_doses_gy[0])
    samples = SamplePoints(np.zeros((n, 3)), np.full(n, volume_cc), 1.0)
    return OrganDoses(samples, planned, priors)


def course(*phases, strategy=MappingStrategy.DIR, volumes=None):
    doses = tuple(np.array(dose, dtype=float) for dose, _ in phases)
    return CourseDose(doses, tuple(n for _, n in phases), strategy, volumes)


def test_courses_are_converted_each_with_its_own_fractions_before_they_are_added():
    # physics.md lq_courses sum_eqd2: 50 Gy/25 and 30 Gy/5 at alpha/beta 3 give 104, not 90.67
    doses = organ(course(([30.0], 5)), {"prior-1": course(([50.0], 25))})
    assert doses.cumulative_eqd2(3.0, {}) == pytest.approx([104.0])


def test_phases_of_one_course_are_converted_each_with_its_own_fractions():
    # physics.md lq_courses sequential_boost: 45 Gy/25 + 14 Gy/8 = 56.5
    assert course(([45.0], 25), ([14.0], 8)).eqd2(3.0) == pytest.approx([56.5])


def test_recovery_takes_away_a_share_of_the_prior_eqd2_only():
    # (1 - 0.33) 50 + 54 = 87.5
    doses = organ(course(([30.0], 5)), {"prior-1": course(([50.0], 25))})
    assert doses.cumulative_eqd2(3.0, {"prior-1": 0.33}) == pytest.approx([87.5])


def test_every_prior_course_has_its_own_recovery():
    # physics.md recovery_multi: 50/25 with 0.5 and 20/5 with 0.3 at alpha/beta 2 leave 46
    priors = {"prior-1": course(([50.0], 25)), "prior-2": course(([20.0], 5))}
    doses = organ(course(([0.0], 5)), priors)
    left = doses.background_eqd2(2.0, {"prior-1": 0.5, "prior-2": 0.3})
    assert left == pytest.approx([46.0])


def test_unknown_prior_dose_makes_the_sum_unknown_not_smaller():
    doses = organ(course(([30.0, 30.0], 5)), {"prior-1": course(([50.0, np.nan], 25))})
    total = doses.cumulative_eqd2(3.0, {})
    assert total[0] == pytest.approx(104.0)
    assert np.isnan(total[1])


def test_uniform_background_is_the_near_maximum_of_the_prior_region_for_the_whole_organ():
    # physics.md bowel_background: D0.1cc 46.3 Gy in 25 fractions is 44.9295 Gy EQD2
    near = course(
        ([60.0, 46.3, 20.0], 25),
        strategy=MappingStrategy.UNIFORM_BG,
        volumes=np.array([0.05, 0.05, 5.0]),
    )
    doses = organ(course(([0.0, 30.0], 5)), {"prior-1": near})
    assert doses.background_eqd2(3.0, {}) == pytest.approx([44.9295] * 2, rel=1e-5)


def test_no_organ_near_the_target_is_a_background_of_zero():
    near = course(([], 25), strategy=MappingStrategy.UNIFORM_BG, volumes=np.array([]))
    doses = organ(course(([1.0], 5)), {"prior-1": near})
    assert doses.background_eqd2(3.0, {}) == pytest.approx([0.0])


def test_a_region_with_unknown_dose_is_an_unknown_background():
    near = course(
        ([46.3, np.nan], 25), strategy=MappingStrategy.UNIFORM_BG, volumes=np.array([1.0, 1.0])
    )
    doses = organ(course(([1.0], 5)), {"prior-1": near})
    assert np.isnan(doses.background_eqd2(3.0, {})).all()


def test_point_sum_adds_the_near_maxima_and_refuses_a_mean():
    prior = course(([50.0, 10.0], 25), strategy=MappingStrategy.POINT_SUM, volumes=np.full(2, 0.1))
    doses = organ(course(([30.0], 5)), {"prior-1": prior})
    assert doses.point_sum_eqd2(D01, 3.0, {}).value == pytest.approx(50.0)
    assert doses.point_sum_eqd2(D01, 3.0, {"prior-1": 0.5}).value == pytest.approx(25.0)
    mean = doses.point_sum_eqd2(Metric.parse("Dmean"), 3.0, {})
    assert mean.value is None
    assert "three-dimensional" in mean.note


def test_scaling_a_course_scales_every_phase():
    scaled = course(([45.0], 25), ([14.0], 8)).scaled(2.0)
    assert [float(dose[0]) for dose in scaled.phase_doses_gy] == [90.0, 28.0]
