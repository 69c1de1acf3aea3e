"""Dose-volume metrics: definitions of physics.md 6.1, unknown doses of 6.5, histograms."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ReirradiationCore.dvh import (
    DvhForm,
    SortedDose,
    VolumeUnit,
    dose_volume_histogram,
    metric_value,
    sub_voxel_ratio,
)
from ReirradiationCore.errors import GeometryError
from ReirradiationCore.metrics import Metric

DOSE = np.array([20.0, 60.0, 50.0, 10.0])
VOLUME = np.array([0.5, 0.1, 0.4, 1.0])
PARTLY = np.array([20.0, 60.0, np.nan, 10.0])


def value(name, dose=DOSE, volumes=VOLUME, **options):
    return metric_value(Metric.parse(name), np.asarray(dose), np.asarray(volumes), **options)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Dmax", 60),
        ("Dmin", 10),
        ("Dmean", (10 + 6 + 20 + 10) / 2),
        ("D0.05cc", 60),
        ("D0.1cc", 60),
        ("D0.2cc", 50),
        ("D0.5cc", 50),
        ("D0.51cc", 20),
        ("D2cc", 10),
        ("D5%", 60),
        ("D25%", 50),
        ("D50%", 20),
        ("D100%", 10),
    ],
)
def test_doses_of_four_points_follow_the_step_definition(name, expected):
    found = value(name)
    assert found.value == pytest.approx(expected)
    assert found.unit == "Gy"
    assert found.note == ""
    assert not found.is_lower_bound


@pytest.mark.parametrize(
    ("name", "cc"),
    [
        ("V60Gy", 0.1),
        ("V50Gy", 0.5),
        ("V20Gy", 1.0),
        ("V20.1Gy", 0.5),
        ("CV20Gy", 1.0),
        ("CV20.1Gy", 1.5),
    ],
)
def test_volumes_count_what_receives_at_least_the_dose(name, cc):
    assert value(name).value == pytest.approx(cc)
    assert value(name).unit == "cc"
    percent = value(name, volume_unit=VolumeUnit.PERCENT)
    assert percent.value == pytest.approx(cc / 2 * 100)
    assert percent.unit == "%"


def test_volume_and_spared_volume_add_up_to_the_structure():
    assert value("V35Gy").value + value("CV35Gy").value == pytest.approx(2.0)


def test_linear_form_interpolates_between_steps_and_is_never_lower():
    assert value("D0.3cc", form=DvhForm.LINEAR).value == pytest.approx(55.0)
    for cc in np.linspace(0.01, 2, 60):
        name = f"D{cc:.3f}cc"
        assert value(name, form=DvhForm.LINEAR).value >= value(name).value


def test_a_volume_larger_than_the_structure_has_no_value():
    found = value("D5cc")
    assert found.value is None
    assert "the structure has 2 cc, less than the 5 cc asked for" in found.note


def test_near_maxima_of_a_partly_known_dose_are_lower_bounds():
    for name, expected in (("Dmax", 60), ("D0.1cc", 60), ("D0.6cc", 20)):
        found = value(name, PARTLY)
        assert found.value == pytest.approx(expected)
        assert found.is_lower_bound
        assert found.known_share == pytest.approx(0.8)
        assert "80.0 % of the volume is known" in found.note


@pytest.mark.parametrize("name", ["Dmean", "Dmin", "D50%", "V20Gy", "CV20Gy"])
def test_other_metrics_of_a_partly_known_dose_are_not_given(name):
    found = value(name, PARTLY)
    assert found.value is None
    assert "only 80.0 % of the volume is known" in found.note


def test_a_hot_volume_larger_than_the_known_part_has_no_value():
    assert value("D1.8cc", PARTLY).value is None


def test_a_share_just_below_all_is_never_shown_as_all():
    found = value("Dmax", [50.0, np.nan], [1.0, 1e-6])
    assert found.is_lower_bound
    assert "99.9 %" in found.note


@pytest.mark.parametrize("name", ["Dmax", "D0.1cc", "Dmean", "V20Gy"])
def test_nothing_known_gives_no_value(name):
    found = value(name, np.full(4, np.nan))
    assert found.value is None
    assert found.note == "no dose is known in the structure"


def test_an_unknown_dose_is_never_zero():
    assert value("Dmin", PARTLY).value is None
    assert dose_volume_histogram(PARTLY, VOLUME).volume_cc[0] == pytest.approx(1.6)


def test_doses_and_volumes_must_belong_together():
    with pytest.raises(GeometryError, match="do not belong together"):
        SortedDose(np.zeros(3), np.zeros(4))


@pytest.mark.parametrize("volumes", [[0.0, 0.0], [1.0, -0.5], [np.nan, 1.0]])
def test_volumes_must_be_volumes(volumes):
    with pytest.raises(GeometryError, match="volume"):
        SortedDose(np.zeros(2), np.array(volumes))


def test_histogram_is_exact_at_its_doses():
    curve = dose_volume_histogram(DOSE, VOLUME, step_gy=10.0)
    np.testing.assert_allclose(curve.dose_gy, [0, 10, 20, 30, 40, 50, 60, 70])
    np.testing.assert_allclose(curve.volume_cc, [2, 2, 1, 0.5, 0.5, 0.5, 0.1, 0], atol=1e-12)
    assert curve.total_cc == 2.0


def test_histogram_of_a_very_high_dose_has_bounded_length():
    curve = dose_volume_histogram(np.array([0.0, 50_000.0]), np.ones(2))
    assert len(curve.dose_gy) <= 5003
    assert curve.volume_cc[-1] == 0


def test_sub_voxel_ratio_tells_how_many_dose_voxels_a_volume_fills():
    assert sub_voxel_ratio(0.035, 0.2**3) == pytest.approx(4.375)
    assert sub_voxel_ratio(0.1, 0.46**3) == pytest.approx(1.027, abs=1e-3)


doses = st.lists(st.floats(0, 100, width=32), min_size=1, max_size=40)


@settings(max_examples=100, deadline=None)
@given(doses, st.integers(0, 1000), st.floats(0.01, 1.0))
def test_dose_at_volume_is_the_inverse_of_volume_at_dose(dose, seed, share):
    volumes = np.random.default_rng(seed).random(len(dose)) + 0.01
    ranked = SortedDose(np.array(dose), volumes)
    cc = share * ranked.total_cc
    found = ranked.dose_at_volume(cc)
    assert ranked.volume_at_dose(found) >= cc * (1 - 1e-9)
    hotter = [d for d in dose if d > found]
    if hotter:
        assert ranked.volume_at_dose(min(hotter)) < cc


@settings(max_examples=50, deadline=None)
@given(doses)
def test_histogram_never_rises(dose):
    curve = dose_volume_histogram(np.array(dose), np.ones(len(dose)))
    assert np.all(np.diff(curve.volume_cc) <= 0)
    assert curve.volume_cc[0] == pytest.approx(len(dose))


def test_many_metrics_of_a_clinical_organ_take_little_time():
    random = np.random.default_rng(3)
    ranked = SortedDose(random.normal(30, 9, 100_000).astype(np.float32), np.full(100_000, 1e-3))
    metrics = [Metric.parse(name) for name in ("D0.03cc", "D0.1cc", "D1cc", "Dmean", "V20Gy")]
    start = time.perf_counter()
    for metric in metrics:
        ranked.metric(metric)
    assert time.perf_counter() - start < 0.1
