"""Golden groups ``dvh_voxels`` (exact) and ``dvh_sphere`` (continuous values of a sphere)."""

import numpy as np
import pytest
from golden import golden, golden_cases
from ReirradiationCore.dvh import DvhForm, SortedDose, VolumeUnit, metric_value
from ReirradiationCore.metrics import Metric
from ReirradiationCore.radiobiology import eqd2
from ReirradiationCore.sampling import sample_structure
from scipy.optimize import brentq
from solids import sphere, structure

SAMPLING_TOLERANCE_GY = 0.1
EQD2_TOLERANCE_GY = 0.25
VOLUME_TOLERANCE = 0.005
DISCS = 200_000


@pytest.mark.parametrize(("given", "out"), golden_cases("dvh_voxels", "DxCC"))
def test_hottest_volume_of_equal_voxels_in_both_forms(given, out):
    dose = np.array(given["dose"], dtype=float)[::-1]
    ranked = SortedDose(dose, np.full(len(dose), given["vox_cc"]))
    assert ranked.dose_at_volume(given["cc"]) == golden(out["step"])
    assert ranked.dose_at_volume(given["cc"], DvhForm.LINEAR) == golden(out["linear"])


@pytest.mark.parametrize(("given", "out"), golden_cases("dvh_voxels", "DxCC"))
def test_a_contract_metric_has_no_value_beyond_the_structure(given, out):
    dose = np.array(given["dose"], dtype=float)
    volumes = np.full(len(dose), given["vox_cc"])
    found = metric_value(Metric.parse(f"D{given['cc']:g}cc"), dose, volumes)
    expected = None if given["cc"] > volumes.sum() * (1 + 1e-9) else golden(out["step"])
    assert found.value == expected


def cap_cc(height, radius):
    return np.pi * height**2 * (3 * radius - height) / 3000


@pytest.mark.parametrize(("given", "out"), golden_cases("dvh_sphere", "analytic"))
def test_closed_form_of_the_sphere_gives_the_golden_numbers(given, out):
    radius = given["R_mm"]
    total = cap_cc(2 * radius, radius)
    assert total == golden(out["volume_cc"])
    for name, expected in out.items():
        if name.startswith("D") and name != "Dmean":
            amount = float(name[1:].rstrip("c%"))
            cc = amount if name.endswith("cc") else amount / 100 * total
            height = brentq(lambda h, cc=cc: cap_cc(h, radius) - cc, 0, 2 * radius, xtol=1e-13)
            assert 16 + radius - height == golden(expected)


@pytest.fixture(scope="module")
def ball():
    """Sample points of the sphere from contours 1 mm apart."""
    return sample_structure(structure(sphere(12, 1.0, 0.5)), 0.5)


@pytest.mark.parametrize(("given", "out"), golden_cases("dvh_sphere", "analytic"))
def test_sampled_sphere_has_the_exact_metrics(ball, given, out):
    dose = 16 + ball.points_lps[:, 0]
    ranked = SortedDose(dose, ball.volumes_cc)
    assert given["R_mm"] == 12
    assert ranked.total_cc == pytest.approx(out["volume_cc"], rel=VOLUME_TOLERANCE)
    for name, expected in out.items():
        if name.startswith("D"):
            found = ranked.metric(Metric.parse(name), DvhForm.LINEAR).value
            assert found == pytest.approx(expected, abs=SAMPLING_TOLERANCE_GY), name
        if name.startswith("V") and name.endswith("_cc"):
            found = ranked.metric(Metric.parse(name[:-3]), volume_unit=VolumeUnit.CC).value
            assert found == pytest.approx(expected, abs=0.05), name


@pytest.mark.parametrize(("given", "out"), golden_cases("dvh_sphere", "eqd2_of_sphere"))
def test_metrics_of_the_eqd2_of_a_sampled_sphere(ball, given, out):
    values = eqd2(16 + ball.points_lps[:, 0], given["n"], given["ab"])
    ranked = SortedDose(values, ball.volumes_cc)
    for name, expected in out.items():
        found = ranked.metric(Metric.parse(name), DvhForm.LINEAR).value
        assert found == pytest.approx(expected, abs=EQD2_TOLERANCE_GY), name


@pytest.mark.parametrize(("given", "out"), golden_cases("dvh_sphere", "mean_eqd2"))
def test_mean_eqd2_is_not_the_eqd2_of_the_mean(ball, given, out):
    x = np.linspace(-12, 12, 2 * DISCS + 1)[1::2]
    values = eqd2(16 + x, given["n"], given["ab"])
    discs = SortedDose(values, np.pi * (144 - x**2) * (24 / DISCS) / 1000)
    assert discs.mean_gy() == golden(out["mean_EQD2"])
    assert eqd2(np.array([16.0]), given["n"], given["ab"])[0] == golden(out["WRONG_EQD2_of_mean"])
    sampled = SortedDose(eqd2(16 + ball.points_lps[:, 0], given["n"], given["ab"]), ball.volumes_cc)
    assert sampled.mean_gy() == pytest.approx(out["mean_EQD2"], abs=0.05)
