"""The points that decide a near-maximum: few, and never changing it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ReirradiationCore.accumulation import CourseDose, OrganDoses
from ReirradiationCore.dvh import SortedDose, metric_value
from ReirradiationCore.hot_points import hot_points
from ReirradiationCore.metrics import Metric
from ReirradiationCore.sampling import SamplePoints


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 2**32 - 1), st.floats(0.5, 20), st.floats(0, 1), st.floats(0.1, 3),
    st.sampled_from([0.03, 0.1, 1.0]),
)  # fmt: skip
def test_the_near_maximum_is_that_of_all_points(seed, alpha_beta, recovery, scale, volume):
    random = np.random.default_rng(seed)
    doses = [random.gamma(2.0, 10.0, 800).astype(np.float32) for _ in range(3)]
    doses[1][:20] = np.nan
    volumes = random.uniform(0.001, 0.02, 800)
    samples = SamplePoints(np.zeros((800, 3)), volumes, 1.0)
    priors = {"a": CourseDose((doses[1],), (25,)), "b": CourseDose((doses[2],), (5,))}
    organ = OrganDoses(samples, CourseDose((doses[0],), (5,)), priors)
    left = {"a": recovery}
    organ.hottest(volume)
    organ = organ.scaled(scale)
    part = organ.hottest(volume)
    metric = Metric.parse(f"D{volume:g}cc")
    whole = metric_value(metric, organ.cumulative_eqd2(alpha_beta, left), volumes)
    hot = SortedDose(
        part.cumulative_eqd2(alpha_beta, left), part.samples.volumes_cc, samples.volume_cc
    ).metric(metric)
    assert hot.value == whole.value
    assert hot.known_share == pytest.approx(whole.known_share)
    assert hot.is_lower_bound == whole.is_lower_bound


def test_points_that_received_less_from_every_phase_are_left_out():
    # 0.2 cc each: two hotter points make up the 0.3 cc asked for, so the rest cannot count
    doses = [np.array([50.0, 49.0, 20.0, 10.0]), np.array([30.0, 29.0, 10.0, 5.0])]
    assert hot_points(doses, np.full(4, 0.2), 0.3).tolist() == [0, 1]


def test_points_hot_in_one_course_only_are_kept():
    doses = [np.array([50.0, 1.0, 0.5]), np.array([1.0, 30.0, 0.5])]
    assert hot_points(doses, np.full(3, 1.0), 0.5).tolist() == [0, 1]


def test_unknown_points_are_kept():
    doses = [np.array([50.0, np.nan, 1.0])]
    assert hot_points(doses, np.full(3, 1.0), 0.1).tolist() == [0, 1]


def test_most_points_of_a_large_organ_are_left_out():
    random = np.random.default_rng(3)
    doses = [random.gamma(2.0, 10.0, 50_000) for _ in range(2)]
    assert len(hot_points(doses, np.full(50_000, 0.001), 0.1)) < 5_000
