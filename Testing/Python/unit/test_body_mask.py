"""The body is found without couch and with the gas inside it."""

import numpy as np
import pytest
import registration_phantom as phantom
from ReirradiationCore.body_mask import body_mask, dice, resample, shrink
from ReirradiationCore.errors import RegistrationError
from ReirradiationCore.grids import Grid, Volume


def cylinder(radius=60.0, hu=0.0, spacing=4.0):
    where = phantom.grid((48, 48, 20), spacing)
    x, y, _ = where.centers_lps().T
    inside = np.hypot(x, y) <= radius
    return Volume(np.where(inside, hu, -1000.0).reshape(where.shape).astype(np.float32), where)


def volume_cc(mask):
    return mask.array.sum() * mask.grid.voxel_volume_cc


def test_a_cylinder_has_its_own_volume():
    expected = np.pi * 6.0**2 * 8.0
    assert volume_cc(body_mask(cylinder())) == pytest.approx(expected, rel=0.02)


def test_the_couch_is_left_out():
    alone = body_mask(phantom.render(phantom.grid()), 5.0)
    on_couch = body_mask(phantom.render(phantom.grid(), with_couch=True), 5.0)
    rows = phantom.grid().centers_lps()[:, 1].reshape(alone.array.shape)
    assert dice(alone.array, on_couch.array) > 0.985
    assert not on_couch.array[rows > 108.0].any()


def test_gas_belongs_to_the_body():
    image = cylinder()
    image.array[6:12, 20:28, 20:28] = -1000.0
    mask = body_mask(image)
    assert mask.array[8, 24, 24] == 1
    assert volume_cc(mask) == pytest.approx(np.pi * 6.0**2 * 8.0, rel=0.02)


def test_the_body_reaches_the_first_and_the_last_plane():
    mask = body_mask(cylinder()).array
    assert mask[0].sum() == mask[-1].sum() == mask[10].sum()


def test_only_the_largest_part_is_kept():
    image = cylinder(radius=40.0)
    image.array[:, 2:12, 2:12] = 0.0
    assert body_mask(image).array[10, 6, 6] == 0


def test_air_alone_is_refused_with_its_volume():
    with pytest.raises(RegistrationError, match=r"no body was found .* 0 cc above -300 HU"):
        body_mask(cylinder(hu=-1000.0))


def test_averaging_keeps_the_mean_and_the_middle_of_the_image():
    image = Volume(np.arange(64, dtype=np.float32).reshape(4, 4, 4), phantom.grid((4, 4, 4), 1.0))
    coarse = shrink(image, 2.0)
    assert coarse.grid.spacing_mm == (2.0, 2.0, 2.0)
    assert coarse.grid.origin_lps == pytest.approx((-1.0, -1.0, -1.0))
    assert coarse.array.mean() == pytest.approx(image.array.mean())


def test_uneven_planes_are_resampled_at_their_own_positions():
    offsets = (0.0, 2.0, 5.0, 9.0, 14.0)
    uneven = Grid((3, 3, 5), (1.0, 1.0, 3.5), plane_offsets_mm=offsets)
    image = Volume(uneven.centers_lps()[:, 2].reshape(uneven.shape).astype(np.float32), uneven)
    even = Grid((3, 3, 13), (1.0, 1.0, 1.0), (0.0, 0.0, 1.0))
    assert resample(image, even).array[:, 1, 1] == pytest.approx(np.arange(1.0, 14.0), abs=1e-5)


def test_dice_of_two_empty_masks_is_not_a_number():
    assert np.isnan(dice(np.zeros(3), np.zeros(3)))
    assert dice(np.array([1, 1, 0]), np.array([0, 1, 1])) == pytest.approx(0.5)
