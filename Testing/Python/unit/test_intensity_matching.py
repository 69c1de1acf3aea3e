"""HU of the prior CT move by what the peaks of fat and muscle tell, and by nothing else."""

import numpy as np
import pytest
from ReirradiationCore.intensity_matching import (
    curve_between,
    moved_hu,
    offset_between,
    tissue_peak,
)


def tissue(fat=-100.0, muscle=50.0, share=0.4, size=40_000):
    rng = np.random.default_rng(3)
    n = int(share * size)
    values = np.concatenate([rng.normal(fat, 12, n), rng.normal(muscle, 12, size - n)])
    return values.astype(np.float32).reshape(40, 25, -1)


def matched_hu(reference, prior, inside):
    curve, said = curve_between(reference, prior, inside)
    return moved_hu(prior, curve), said


EVERYWHERE = np.ones(tissue().shape, dtype=bool)


def test_the_peak_is_where_most_voxels_are():
    assert tissue_peak(tissue(), (-150.0, -40.0)) == pytest.approx(-100.0, abs=3.0)
    assert tissue_peak(tissue(), (-10.0, 120.0)) == pytest.approx(50.0, abs=3.0)


def test_too_few_voxels_and_a_peak_at_the_edge_are_none():
    assert tissue_peak(tissue(size=1000)[:, :, :3], (-150.0, -40.0)) is None
    assert tissue_peak(tissue(fat=-30.0), (-150.0, -40.0)) is None


def test_a_shift_of_both_peaks_is_undone_and_told():
    moved, said = matched_hu(tissue(), tissue(-85.0, 80.0), EVERYWHERE)
    assert said.startswith("prior HU moved: fat -1")
    assert tissue_peak(moved, (-150.0, -40.0)) == pytest.approx(-100.0, abs=4.0)
    assert tissue_peak(moved, (-10.0, 120.0)) == pytest.approx(50.0, abs=4.0)


def test_air_and_metal_stay():
    prior = tissue(-85.0, 80.0)
    prior[0, 0, :2] = -1000.0, 2000.0
    moved, _ = matched_hu(tissue(), prior, EVERYWHERE)
    assert moved[0, 0, :2].tolist() == [-1000.0, 2000.0]


def test_more_fat_is_another_patient_not_another_scanner():
    prior = tissue(share=0.7)
    same, said = matched_hu(tissue(share=0.3), prior, EVERYWHERE)
    assert same is prior
    assert said.startswith("HU agree")


def test_a_shift_beyond_a_calibration_is_not_followed():
    prior = tissue(-62.0, 40.0)
    same, said = matched_hu(tissue(-140.0, 40.0), prior, EVERYWHERE)
    assert same is prior
    assert said.endswith("is no calibration")


def test_without_clear_peaks_nothing_moves():
    prior = np.zeros_like(tissue())
    same, said = matched_hu(tissue(), prior, EVERYWHERE)
    assert same is prior
    assert said == "HU not matched: no clear peaks of fat and muscle"


@pytest.mark.parametrize("offset_hu", [-110.0, -90.0, -60.0, 60.0, 90.0, 110.0])
@pytest.mark.parametrize("in_prior", [True, False])
def test_the_offset_of_a_whole_ct_is_found_with_the_ct_that_has_it(offset_hu, in_prior):
    moved = tissue() + np.float32(offset_hu)
    pair = (tissue(), moved) if in_prior else (moved, tissue())
    found = offset_between(*pair, EVERYWHERE)
    assert found.hu == pytest.approx(offset_hu if in_prior else -offset_hu, abs=4.0)
    assert found.in_prior() is in_prior
    off = found.prior if in_prior else found.reference
    assert off == pytest.approx((offset_hu - 100.0, offset_hu + 50.0), abs=4.0)


def test_below_40_hu_beyond_120_hu_and_without_both_peaks_there_is_no_offset():
    for prior in (tissue() + np.float32(35), tissue() + np.float32(130), np.zeros_like(tissue())):
        assert offset_between(tissue(), prior, EVERYWHERE) is None
    assert offset_between(tissue(size=2000), tissue(size=2000) + 60, EVERYWHERE[:, :, :2]) is None


def test_a_wrong_slope_is_no_offset():
    assert offset_between(tissue(), np.float32(0.5) * tissue() + 90, EVERYWHERE) is None


def test_muscle_brighter_by_60_hu_beside_equal_fat_is_no_offset():
    assert offset_between(tissue(), tissue(muscle=110.0), EVERYWHERE) is None
