"""An organ that one scan cuts is compared only where both CTs show it."""

import numpy as np
import pytest
import SimpleITK as sitk
from ReirradiationCore.common_view import CommonView
from ReirradiationCore.grids import Grid, Volume
from ReirradiationCore.registration_quality import MeasuredMap, structure_quality

LONG = Grid((60, 60, 80), (2.0, 2.0, 3.0), (-59.0, -59.0, -118.5))
SHORT = Grid((60, 60, 40), (2.0, 2.0, 3.0), (-59.0, -59.0, -58.5))
STILL = sitk.Transform(3, sitk.sitkIdentity)


def rod(low, high, radius=8.0, x=0.0):
    """A rod along z from ``low`` to ``high`` mm, 1 mm voxels."""
    size = (int(2 * radius) + 12, int(2 * radius) + 12, int(high - low) + 12)
    origin = (x - (size[0] - 1) / 2, -(size[1] - 1) / 2, (low + high) / 2 - (size[2] - 1) / 2)
    grid = Grid(size, (1.0, 1.0, 1.0), origin)
    points = grid.centers_lps()
    across = np.clip(radius - np.hypot(points[:, 0] - x, points[:, 1]) + 0.5, 0, 1)
    along = np.clip((high - low) / 2 - np.abs(points[:, 2] - (low + high) / 2) + 0.5, 0, 1)
    return Volume((across * along).reshape(grid.shape).astype(np.float32), grid)


def quality(reference, prior, view, transform=STILL):
    return structure_quality("SpinalCord", reference, prior, MeasuredMap(transform, view=view))


def test_a_cord_cut_by_a_shorter_scan_agrees_where_both_show_it():
    whole, cut = rod(-110, 110), rod(-60, 60)
    view = CommonView(LONG, SHORT, STILL)
    found = quality(whole, cut, view)
    assert found.mda_mm < 0.1
    assert found.hd95_mm < 0.5
    assert found.dsc == pytest.approx(1.0, abs=0.01)
    assert found.volume_ratio == pytest.approx(1.0, abs=0.03)
    # One voxel of 3 mm is left out at each end of the shorter scan.
    assert found.common_share == pytest.approx((120 - 2 * 3) / 220, abs=0.01)


def test_without_the_view_the_cut_counts_as_disagreement():
    found = quality(rod(-110, 110), rod(-60, 60), None)
    assert found.hd95_mm > 20
    assert found.volume_ratio == pytest.approx(120 / 220, abs=0.01)
    assert found.common_share == 1.0


def test_a_shift_is_still_seen_inside_the_common_part():
    found = quality(rod(-110, 110), rod(-60, 60, x=6.0), CommonView(LONG, SHORT, STILL))
    # The mean distance of two circles 6 mm apart is about 2/pi of the shift.
    assert found.mda_mm == pytest.approx(6 * 2 / np.pi, rel=0.1)


def test_an_organ_shorter_than_both_scans_is_not_excused():
    found = quality(rod(-30, 30), rod(-10, 10), CommonView(LONG, SHORT, STILL))
    assert found.hd95_mm > 10
    assert found.common_share == 1.0


def test_the_view_follows_the_transform():
    shift = sitk.TranslationTransform(3, (0.0, 0.0, 40.0))
    view = CommonView(LONG, SHORT, shift)
    points = np.array([[0.0, 0.0, z] for z in (-95.0, -45.0, 15.0, 25.0)])
    assert view.sees(points).tolist() == [True, True, True, False]


def test_an_organ_no_scan_shares_is_not_measured():
    found = quality(rod(80, 110), rod(-60, -30), CommonView(LONG, SHORT, STILL))
    assert np.isnan(found.mda_mm)
    assert found.common_share == 0.0
