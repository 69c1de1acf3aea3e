"""CT series: right geometry from positions alone, gaps filled with a warning, doubts refused."""

import numpy as np
import pytest
from dicom_factory import (
    CT_CLASS,
    common_of,
    make_case,
    make_ct,
    new_object,
    new_uid,
    save,
    set_pixels,
)
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from ReirradiationCore.dicom.findings import Findings
from ReirradiationCore.dicom.image import read_ct
from ReirradiationCore.dicom.index import index_files
from ReirradiationCore.errors import RefusedError


@pytest.fixture
def common():
    return common_of(make_case().plan)


def read(slices, tmp_path):
    order = np.random.default_rng(4).permutation(len(slices))
    for name, k in enumerate(order):
        save(slices[k], tmp_path / f"CT{name:02d}.dcm")
    findings = Findings()
    index = index_files([tmp_path], findings, lambda *_: None)
    return read_ct(list(index.entries), findings, lambda *_: None), findings.warnings


def refusal(slices, tmp_path):
    with pytest.raises(RefusedError) as refused:
        read(slices, tmp_path)
    return str(refused.value)


def test_slices_are_ordered_by_position_whatever_their_names(common, tmp_path):
    image, warnings = read(make_ct(common, slices=8), tmp_path)
    assert image.array.dtype == np.int16
    assert image.array[:, 3, 3].tolist() == [10 * k for k in range(8)]
    assert image.grid.spacing_mm == (5.0, 5.0, 3.0)
    assert image.grid.origin_lps == (-37.5, -37.5, -10.5)
    assert warnings == []


def test_feet_first_slices_ascend_along_their_normal(common, tmp_path):
    slices = make_ct(common)
    for ct in slices:
        ct.ImageOrientationPatient = [-1, 0, 0, 0, 1, 0]
        ct.ImagePositionPatient = [37.5, -37.5, ct.ImagePositionPatient[2]]
    image, _ = read(slices, tmp_path)
    top = image.grid.points_at(np.array([[0.0, 0, 7]]))[0]
    np.testing.assert_allclose(top, [37.5, -37.5, -10.5])
    assert image.array[7, 0, 0] == 0


def test_a_missing_slice_is_interpolated_and_the_others_stay(common, tmp_path):
    slices = make_ct(common, slices=12)
    del slices[5]
    image, warnings = read(slices, tmp_path)
    assert image.array[:, 0, 0].tolist() == [10 * k for k in range(12)]
    assert image.grid.size[2] == 12
    (warning,) = warnings
    assert "1 slice is missing (gap behind -4.5 mm (6.0 mm wide))" in warning


def test_uneven_distances_are_resampled_to_the_smaller_one(common, tmp_path):
    slices = make_ct(common, slices=9)
    z = np.array([0, 2, 4, 6, 8, 13, 18, 23, 28], float)
    for ct, level in zip(slices, z, strict=True):
        ct.ImagePositionPatient[2] = level
        set_pixels(ct, np.full((16, 16), 1024 + 10 * level, np.uint16))
    image, warnings = read(slices, tmp_path)
    assert image.grid.spacing_mm[2] == pytest.approx(2.0)
    np.testing.assert_allclose(image.array[:, 0, 0], 20 * np.arange(15), atol=0.51)
    assert "varies from 2.00 to 5.00 mm" in warnings[0]


def test_a_long_gap_is_refused(common, tmp_path):
    slices = make_ct(common, slices=30)
    assert "not filled" in refusal(slices[:10] + slices[20:], tmp_path)


def test_the_same_slice_twice_is_used_once(common, tmp_path):
    slices = make_ct(common)
    again = make_ct(common)[3]
    again.SeriesInstanceUID = slices[0].SeriesInstanceUID
    image, warnings = read([*slices, again], tmp_path)
    assert image.grid.size[2] == 8
    assert "the same CT slice" in warnings[0]


def test_two_scans_in_one_series_are_refused(common, tmp_path):
    slices = make_ct(common)
    other = make_ct(common)
    for ct in other:
        ct.SeriesInstanceUID = slices[0].SeriesInstanceUID
        set_pixels(ct, np.full((16, 16), 7, np.uint16))
    assert "other content" in refusal(slices + other, tmp_path)


def test_a_scout_in_the_series_is_left_out(common, tmp_path):
    slices = make_ct(common)
    slices[0].ImageOrientationPatient = [1, 0, 0, 0, 0, -1]
    image, warnings = read(slices, tmp_path)
    assert image.grid.size[2] == 7
    assert "left out of the CT" in warnings[0]


def test_a_series_of_mixed_orientation_is_refused(common, tmp_path):
    slices = make_ct(common)
    for ct in slices[:3]:
        ct.ImageOrientationPatient = [1, 0, 0, 0, 0, -1]
    assert "3 of 8 slices" in refusal(slices, tmp_path)


def test_a_series_of_mixed_size_is_refused(common, tmp_path):
    slices = make_ct(common)
    set_pixels(slices[4], np.zeros((8, 8), np.uint16))
    assert "rows, columns or pixel spacing differ" in refusal(slices, tmp_path)


def test_slices_shifted_without_order_are_refused(common, tmp_path):
    slices = make_ct(common)
    slices[3].ImagePositionPatient[0] = -30.0
    assert "without order" in refusal(slices, tmp_path)


def test_a_tilted_gantry_gives_straight_slices(common, tmp_path):
    """A plane HU = 10 y of a CT tilted by 10 degrees is found again at the right places."""
    tilt = np.radians(10)
    down, normal = (
        np.array([0, np.cos(tilt), np.sin(tilt)]),
        np.array([0, -np.sin(tilt), np.cos(tilt)]),
    )
    slices = make_ct(common, slices=10)
    for k, ct in enumerate(slices):
        corner = np.array([-37.5, -37.5, 3.0 * k])
        y = corner[1] + 5.0 * np.arange(16) * down[1]
        ct.ImagePositionPatient = corner.tolist()
        ct.ImageOrientationPatient = [1, 0, 0, *np.round(down, 9)]
        set_pixels(
            ct, np.broadcast_to(np.round(1024 + 10 * y)[:, None], (16, 16)).astype(np.uint16)
        )
    image, warnings = read(slices, tmp_path)
    assert "gantry tilt of 10.0 degrees" in warnings[0]
    assert image.grid.axes[:, 2] == pytest.approx(normal, abs=1e-6)
    indices = np.array([[8, j, k] for j in range(4, 12) for k in range(10)])
    expected = 10 * image.grid.points_at(indices.astype(float))[:, 1]
    found = image.array[indices[:, 2], indices[:, 1], indices[:, 0]]
    np.testing.assert_allclose(found, expected, atol=1.0)


def test_fractional_rescale_slopes_give_floating_point_hu(common, tmp_path):
    slices = make_ct(common)
    for ct in slices:
        ct.RescaleSlope = 0.5
    image, _ = read(slices, tmp_path)
    assert image.array.dtype == np.float32
    assert image.array[2, 0, 0] == pytest.approx(0.5 * 1044 - 1024)


def test_hu_without_rescale_values_are_refused(common, tmp_path):
    slices = make_ct(common)
    del slices[2].RescaleIntercept
    assert "HU are not known" in refusal(slices, tmp_path)


def test_padding_below_air_becomes_air(common, tmp_path):
    slices = make_ct(common)
    for ct in slices:
        set_pixels(ct, np.full((16, 16), -2000, np.int16))
        ct.RescaleIntercept = 0
    assert read(slices, tmp_path)[0].array.min() == -1024


def test_only_the_stored_bits_count(common, tmp_path):
    slices = make_ct(common)
    for ct in slices:
        set_pixels(ct, np.full((16, 16), 0xF000 + 1030, np.uint16))
        ct.BitsStored, ct.HighBit = 12, 11
    assert set(read(slices, tmp_path)[0].array.ravel().tolist()) == {6}


def test_one_slice_is_no_planning_ct(common, tmp_path):
    image, warnings = read(make_ct(common, slices=1), tmp_path)
    assert image is None
    assert "one slice" in warnings[0]


def enhanced(common, frames=5):
    """An enhanced CT whose frames are in descending order; HU 100 k at z = 2 k."""
    dataset = new_object(common, CT_CLASS + ".1", "CT")
    levels = [2.0 * k for k in range(frames)][::-1]
    set_pixels(dataset, np.array([np.full((6, 4), 1024 + 50 * z, np.uint16) for z in levels]))
    shared, measures, turned, values = Dataset(), Dataset(), Dataset(), Dataset()
    measures.PixelSpacing = [1.0, 2.0]
    turned.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    values.RescaleSlope, values.RescaleIntercept = 1, -1024
    shared.PixelMeasuresSequence = Sequence([measures])
    shared.PlaneOrientationSequence = Sequence([turned])
    shared.PixelValueTransformationSequence = Sequence([values])
    dataset.SharedFunctionalGroupsSequence = Sequence([shared])
    dataset.PerFrameFunctionalGroupsSequence = Sequence()
    for z in levels:
        frame, placed = Dataset(), Dataset()
        placed.ImagePositionPatient = [-5, -5, z]
        frame.PlanePositionSequence = Sequence([placed])
        dataset.PerFrameFunctionalGroupsSequence.append(frame)
    dataset.SOPInstanceUID = new_uid()
    return dataset


def test_enhanced_multi_frame_ct_is_read(common, tmp_path):
    image, _ = read([enhanced(common)], tmp_path)
    assert image.grid.size == (4, 6, 5)
    assert image.grid.spacing_mm == (2.0, 1.0, 2.0)
    assert image.grid.origin_lps == (-5.0, -5.0, 0.0)
    assert image.array[:, 0, 0].tolist() == [0, 100, 200, 300, 400]


def test_an_enhanced_ct_without_positions_is_refused(common, tmp_path):
    dataset = enhanced(common)
    del dataset.PerFrameFunctionalGroupsSequence[2].PlanePositionSequence
    assert "PlanePositionSequence is missing" in refusal([dataset], tmp_path)
