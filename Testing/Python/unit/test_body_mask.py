"""The body is found without couch and with the gas inside it."""

import numpy as np
import pytest
import registration_phantom as phantom
from ReirradiationCore.body_mask import body_mask, cut_by_field_of_view, dice, resample, shrink
from ReirradiationCore.errors import RegistrationError
from ReirradiationCore.field_of_view import with_padding_marked
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


CUT_MM = 90.0
CHEST = phantom.grid((74, 56, 8), 4.0)
CHEST_X, CHEST_Y = CHEST.centers_lps()[:, :2].T


def chest(with_couch=False):
    """Chest wall of 20 mm, spine and mediastinum of 60 mm, two lungs that a circle of 90 mm cuts.

    The couch is a block of foam between two sheets, 12 mm below the back.
    """

    def within(width, depth):
        return (CHEST_X / width) ** 2 + (CHEST_Y / depth) ** 2 <= 1

    hu = np.where(within(130, 80), 40.0, -1000.0)
    hu[within(110, 60) & (np.abs(CHEST_X) > 30)] = -800.0
    if with_couch:
        below = CHEST_Y - 92
        hu[(below > -1) & (below < 15)] = -880.0
        hu[(np.abs(below) < 2) | (np.abs(below - 14) < 2)] = -150.0
    noise = np.random.default_rng(5).normal(0, 5, hu.shape)
    return Volume((hu + noise).astype(np.float32).reshape(CHEST.shape), CHEST)


def padded(image, hu, radius_mm=CUT_MM):
    outside = np.hypot(*image.grid.centers_lps()[:, :2].T) > radius_mm
    return Volume(np.where(outside.reshape(image.array.shape), hu, image.array), image.grid)


WITHIN_CUT = (np.hypot(CHEST_X, CHEST_Y) < CUT_MM - 4).reshape(CHEST.shape)


@pytest.mark.parametrize("padding_hu", [-3024.0, -2000.0, -1024.0])
def test_lung_that_the_field_of_view_cuts_belongs_to_the_body(padding_hu):
    whole = body_mask(chest()).array
    cut = body_mask(padded(chest(), padding_hu)).array
    assert np.count_nonzero(whole[WITHIN_CUT] > cut[WITHIN_CUT]) == 0
    assert np.count_nonzero(whole[WITHIN_CUT] < cut[WITHIN_CUT]) == 0
    assert not cut[(np.hypot(CHEST_X, CHEST_Y) > CUT_MM + 4).reshape(CHEST.shape)].any()


def test_lung_that_the_edge_of_the_image_cuts_belongs_to_the_body():
    image = chest()
    narrow = Grid((44, 56, 8), CHEST.spacing_mm, (-86.0, *CHEST.origin_lps[1:]))
    cut = Volume(np.ascontiguousarray(image.array[:, :, 15:-15]), narrow)
    assert (body_mask(cut).array == body_mask(image).array[:, :, 15:-15]).all()


def test_couch_and_air_beside_a_body_that_is_cut_stay_out():
    on_couch = body_mask(padded(chest(with_couch=True), -1024.0, 110.0)).array
    alone = body_mask(padded(chest(), -1024.0, 110.0)).array
    assert dice(on_couch, alone) > 0.99
    assert not on_couch[(CHEST_Y > 86).reshape(CHEST.shape)].any()


def test_a_body_that_is_cut_is_warned_of_with_planes_and_length():
    image = padded(chest(), -1024.0)
    (said,) = cut_by_field_of_view(image, body_mask(image), "prior")
    assert "of the prior CT cuts the body in 8 of 8 planes 4 mm apart" in said
    # the ellipse of 130 x 80 mm leaves the circle of 90 mm 54.4 degrees above the x axis
    arc_mm = float(said.split("up to about ")[1].split(" mm")[0])
    assert arc_mm == pytest.approx(4 * 90 * np.radians(54.4), rel=0.15)
    assert cut_by_field_of_view(chest(), body_mask(chest()), "prior") == ()


def test_padding_of_air_that_is_not_round_or_not_even_is_no_padding():
    image = chest()
    cleared = np.where(image.array < -900, np.float32(-1024.0), image.array)
    uneven = padded(image, -1024.0)
    uneven.array[3, 0, ::2] = -1010.0
    uneven.array[4, :, 1::2][:, [0, -1]] = uneven.array[4, -1] = uneven.array[4, 0] = -1015.0
    for plain in (image, Volume(cleared, CHEST), uneven):
        assert with_padding_marked(plain) is plain
    marked = with_padding_marked(padded(image, -1024.0)).array
    outside = (np.hypot(CHEST_X, CHEST_Y) > CUT_MM).reshape(CHEST.shape)
    assert (marked[outside] == -3024.0).all()
    assert (marked[~outside] == image.array[~outside]).all()
