"""Strain of linear fields has its closed form, and bone alone is measured."""

import numpy as np
import pytest
import SimpleITK as sitk
from ReirradiationCore.field_derivatives import bone_strain, own_grid, strain_norms
from ReirradiationCore.grids import Grid, Volume

GRID = Grid((9, 8, 7), (3.0, 3.0, 4.0), (-12.0, -10.0, -12.0))


def field(matrix, grid=GRID):
    points = grid.centers_lps()
    image = Volume((points @ np.asarray(matrix).T).reshape(*grid.shape, 3), grid).to_sitk()
    return sitk.DisplacementFieldTransform(sitk.Cast(image, sitk.sitkVectorFloat64))


def ct(hu=0.0):
    grid = Grid((20, 20, 20), (1.0, 1.0, 1.0), (-9.5, -9.5, -9.5))
    return Volume(np.full(grid.shape, hu, dtype=np.float32), grid)


def test_a_stretch_along_one_axis_has_half_of_the_squared_length_less_one():
    stretched = strain_norms(field(np.diag([0.1, 0.0, 0.0])), GRID).array
    assert stretched == pytest.approx((1.1**2 - 1) / 2)


def test_shear_counts_twice_off_the_diagonal():
    shear = np.zeros((3, 3))
    shear[0, 1] = 0.2
    # F^T F - I = [[0, 0.2], [0.2, 0.04]]
    expected = np.sqrt(2 * 0.2**2 + 0.04**2) / 2
    assert strain_norms(field(shear), GRID).array == pytest.approx(expected)


def test_a_rotation_of_forty_degrees_strains_nothing():
    turn = sitk.Euler3DTransform((1.0, 2.0, 3.0), 0.4, -0.3, 0.7, (5.0, 6.0, 7.0))
    assert strain_norms(turn, GRID).array == pytest.approx(0.0, abs=1e-5)
    matrix = np.array(turn.GetMatrix()).reshape(3, 3) - np.eye(3)
    assert strain_norms(field(matrix), GRID).array == pytest.approx(0.0, abs=1e-5)


def test_only_bone_is_measured():
    image = ct(40.0)
    image.array[:, :, :6] = 600.0
    bend = np.zeros((*GRID.shape, 3))
    x = GRID.centers_lps()[:, 0].reshape(GRID.shape)
    bend[..., 0] = np.where(x > 0, 0.3 * x, 0.0)
    image_of = Volume(bend, GRID).to_sitk()
    moved = sitk.DisplacementFieldTransform(sitk.Cast(image_of, sitk.sitkVectorFloat64))
    found = bone_strain(moved, image)
    assert found.maximum == pytest.approx(0.0, abs=1e-5)
    assert found.volume_cc == pytest.approx(6 * 20 * 20 / 1000, rel=0.01)
    everywhere = bone_strain(moved, image, threshold_hu=0.0)
    assert everywhere.maximum == pytest.approx((1.3**2 - 1) / 2, rel=1e-4)


def test_the_numbers_of_a_uniform_stretch_are_all_the_same():
    found = bone_strain(field(np.diag([0.0, 0.0, -0.1])), ct(900.0))
    expected = (1 - 0.9**2) / 2
    assert (found.mean, found.p95, found.maximum) == pytest.approx((expected,) * 3, rel=1e-5)


def test_a_ct_without_bone_has_no_strain_of_bone():
    found = bone_strain(field(np.eye(3) * 0.1), ct(40.0))
    assert np.isnan([found.mean, found.p95, found.maximum]).all()
    assert found.volume_cc == 0.0


def test_the_grid_of_the_field_applied_first_counts():
    both = sitk.CompositeTransform(3)
    both.AddTransform(sitk.Euler3DTransform())
    both.AddTransform(field(np.zeros((3, 3))))
    other = Grid((2, 2, 2), (1.0, 1.0, 1.0))
    assert own_grid(both, other).size == GRID.size
    assert own_grid(sitk.Euler3DTransform(), other) is other
