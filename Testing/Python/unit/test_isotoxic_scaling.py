"""The exact scale of each kind of limit, against golden numbers and against bisection."""

import math

import numpy as np
import pytest
from golden import golden, golden_cases
from hypothesis import given, settings
from hypothesis import strategies as st
from ReirradiationCore.dvh import metric_value
from ReirradiationCore.errors import RadiobiologyError
from ReirradiationCore.isotoxic_scaling import ScalableDose, maximum_scale
from ReirradiationCore.metrics import Metric, MetricKind
from ReirradiationCore.radiobiology import dose_from_eqd2, eqd2


def organ(background, dose, ab, voxel_cc, n=5):
    dose = np.array(dose, float)
    return ScalableDose.from_phases(
        np.array(background, float), [dose], [n], np.full(len(dose), voxel_cc), ab
    )


@pytest.mark.parametrize(("given_", "out"), golden_cases("isotoxic", "scale"))
def test_scales_of_every_constraint_type_are_golden(given_, out):
    n, scales = given_["n"], out["s_by_constraint"]
    a, b, c = (
        organ(given_[key]["B"], given_[key]["D"], given_[key]["ab"], given_[key]["vox_cc"], n)
        for key in "ABC"
    )
    found = {
        "OrganA D0.1cc": maximum_scale(Metric.parse("D0.1cc"), 110, a),
        "OrganB D0.1cc": maximum_scale(Metric.parse("D0.1cc"), 67.2, b),
        "OrganC mean": maximum_scale(Metric.parse("Dmean"), 12, c),
        "OrganC V20Gy": maximum_scale(Metric.parse("V20Gy"), 25, c, "%"),
        "OrganC CV15Gy": maximum_scale(Metric.parse("CV15Gy"), 5, c, "cc"),
    }
    for name, scale in scales.items():
        key = next(key for key in found if name.startswith(key))
        assert found[key].value == golden(scale)
    assert found["OrganC V20Gy"].attained is False
    assert found["OrganA D0.1cc"].attained is True


@pytest.mark.parametrize(("given_", "out"), golden_cases("isotoxic", "s_voxel_OrganA"))
def test_scales_of_every_sample_are_golden(given_, out):
    found = organ(given_["B"], given_["D"], given_["ab"], 0.05, given_["n"])
    assert list(found.sample_scales(given_["L"])) == golden(out["s"])


METRICS = ["Dmax", "D0.1cc", "D1cc", "D30%", "Dmin", "Dmean", "V20Gy", "CV15Gy"]


def holds(metric, limit, dose, scale):
    value = metric_value(metric, dose.at(scale), dose.volumes_cc).value
    if metric.kind is MetricKind.SPARED_VOLUME:
        return value >= limit * (1 - 1e-9)
    return value <= limit * (1 + 1e-9)


def bisected(metric, limit, dose, high=64.0):
    if not holds(metric, limit, dose, 0.0):
        return None
    if holds(metric, limit, dose, high):
        return math.inf
    low = 0.0
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if holds(metric, limit, dose, middle) else (low, middle)
    return low


@st.composite
def organs(draw):
    size = draw(st.integers(3, 25))
    values = st.floats(0, 60).map(lambda x: round(x, 3))
    arrays = [np.array(draw(st.lists(values, min_size=size, max_size=size))) for _ in range(3)]
    volumes = draw(st.lists(st.floats(0.05, 1.0), min_size=size, max_size=size))
    ab = draw(st.sampled_from([0.5, 2.0, 3.0, 10.0, math.inf]))
    background, first, second = arrays
    if draw(st.booleans()):
        return ScalableDose.from_phases(background, [first], [5], volumes, ab)
    return ScalableDose.from_phases(background, [first, second], [25, 3], volumes, ab)


@settings(max_examples=120, deadline=None)
@given(organs(), st.sampled_from(METRICS), st.floats(1, 120), st.floats(0.02, 0.98))
def test_the_exact_scale_is_what_bisection_finds(dose, name, limit_gy, part):
    metric = Metric.parse(name)
    unit = "Gy" if metric.is_dose else "cc"
    limit = limit_gy if metric.is_dose else part * dose.volume_cc
    if name == "D1cc" and dose.volume_cc < 1:
        return
    found = maximum_scale(metric, limit, dose, unit).value
    expected = bisected(metric, limit, dose)
    if expected is None or found is None:
        assert found is expected
    elif expected == math.inf:
        assert found > 63.9
    else:
        assert found == pytest.approx(expected, rel=1e-6, abs=1e-6)


@settings(max_examples=60, deadline=None)
@given(organs(), st.sampled_from(["Dmax", "D0.1cc", "D30%", "Dmean"]), st.floats(1, 120))
def test_the_metric_equals_the_limit_at_the_answer(dose, name, limit):
    scale = maximum_scale(Metric.parse(name), limit, dose).value
    if scale is not None and 0 < scale < 1e6:
        value = metric_value(Metric.parse(name), dose.at(scale), dose.volumes_cc).value
        assert value == pytest.approx(limit, abs=1e-6)


@settings(max_examples=60, deadline=None)
@given(organs(), st.sampled_from(METRICS[:6]), st.floats(1, 100), st.floats(0, 20))
def test_a_higher_limit_never_allows_less(dose, name, limit, more):
    low, high = (maximum_scale(Metric.parse(name), x, dose).value for x in (limit, limit + more))
    assert low is None or (high is not None and high >= low * (1 - 1e-12))


def test_a_constant_background_is_a_point_sum():
    planned = organ([0] * 4, [30, 20, 10, 5], 2, 0.05)
    summed = ScalableDose.from_phases(33.5, [np.array([30.0, 20, 10, 5])], [5], [0.05] * 4, 2)
    scale = maximum_scale(Metric.parse("D0.1cc"), 67.2, summed).value
    native = metric_value(Metric.parse("D0.1cc"), planned.at(1.0), planned.volumes_cc).value
    left_gy = dose_from_eqd2(67.2 - 33.5, 5, 2)
    assert scale == golden(left_gy / dose_from_eqd2(native, 5, 2))


def test_a_physical_limit_scales_with_its_metric():
    dose = ScalableDose.from_phases(0.0, [np.array([32.0, 16.0])], [5], [0.1, 0.1], math.inf)
    assert maximum_scale(Metric.parse("D0.1cc"), 38, dose).value == golden(38 / 32)


def test_an_organ_without_planned_dose_never_limits():
    dose = organ([50, 40], [0, 0], 3, 0.1)
    for name, limit, unit in [("D0.1cc", 50, "Gy"), ("Dmean", 45, "Gy"), ("V60Gy", 0.0, "cc")]:
        assert maximum_scale(Metric.parse(name), limit, dose, unit).value == math.inf


def test_a_background_above_the_limit_allows_nothing():
    dose = organ([70, 40], [1, 1], 3, 0.1)
    assert maximum_scale(Metric.parse("D0.1cc"), 67.2, dose).value is None
    assert maximum_scale(Metric.parse("Dmean"), 50, dose).value is None
    assert maximum_scale(Metric.parse("V60Gy"), 0.05, dose, "cc").value is None
    assert maximum_scale(Metric.parse("CV30Gy"), 0.1, dose, "cc").value is None


def test_a_background_at_the_limit_allows_no_further_dose():
    dose = organ([67.2, 40], [1, 1], 3, 0.1)
    assert maximum_scale(Metric.parse("D0.1cc"), 67.2, dose).value == 0


def test_a_sparing_larger_than_the_organ_is_never_kept():
    assert maximum_scale(Metric.parse("CV15Gy"), 9, organ([0], [1], 3, 1), "cc").value is None


def test_float32_samples_are_solved_in_double_precision():
    dose = ScalableDose.from_phases(
        np.float32([60.1]), [np.float32([20.3])], [5], np.float32([0.1]), 3.0
    )
    scale = maximum_scale(Metric.parse("Dmax"), 110, dose).value
    planned = eqd2(float(np.float32(20.3)) * scale, 5, 3)
    assert float(np.float32(60.1)) + planned == golden(110.0)


@pytest.mark.parametrize(
    ("metric", "limit", "unit", "message"),
    [
        ("D5cc", 60, "Gy", "the organ has"),
        ("D0.1cc", 60, "cc", "cannot have a limit in cc"),
        ("V20Gy", 60, "Gy", "cannot have a limit in Gy"),
        ("V20Gy", 60, "mm", "cannot have a limit in mm"),
    ],
)
def test_questions_without_an_answer_are_refused(metric, limit, unit, message):
    with pytest.raises(RadiobiologyError, match=message):
        maximum_scale(Metric.parse(metric), limit, organ([1, 2], [3, 4], 3, 0.1), unit)


@pytest.mark.parametrize(("background", "dose"), [([np.nan, 1], [2, 3]), ([1, 1], [np.nan, 3])])
def test_unknown_dose_is_not_solved(background, dose):
    with pytest.raises(RadiobiologyError, match="unknown"):
        maximum_scale(Metric.parse("Dmax"), 60, organ(background, dose, 3, 0.1))


@pytest.mark.parametrize(
    ("background", "doses", "volumes"),
    [
        ([1.0], [[1.0, 2.0]], [0.1]),
        ([], [[]], []),
        ([1.0], [], [0.1]),
        ([1.0], [[-1.0]], [0.1]),
        ([-1.0], [[1.0]], [0.1]),
        ([1.0], [[1.0]], [0.0]),
    ],
)
def test_samples_that_cannot_be_are_refused(background, doses, volumes):
    with pytest.raises(RadiobiologyError):
        ScalableDose.from_phases(background, doses, [5] * len(doses), volumes, 3.0)
