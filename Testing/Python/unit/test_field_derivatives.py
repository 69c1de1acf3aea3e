"""Strain of linear fields has its closed form, and bone alone is measured."""

import tracemalloc

import numpy as np
import pytest
import SimpleITK as sitk
from ReirradiationCore import field_derivatives
from ReirradiationCore.field_derivatives import (
    bone_strain,
    jacobian_determinants,
    jacobian_map,
    own_grid,
    strain_norms,
)
from ReirradiationCore.grids import Grid, Volume
from ReirradiationCore.point_transforms import field_on_grid

GRID = Grid((9, 8, 7), (3.0, 3.0, 4.0), (-12.0, -10.0, -12.0))
POINTS = GRID.centers_lps()


def field(matrix, grid=GRID):
    points = grid.centers_lps()
    image = Volume((points @ np.asarray(matrix).T).reshape(*grid.shape, 3), grid).to_sitk()
    return sitk.DisplacementFieldTransform(sitk.Cast(image, sitk.sitkVectorFloat64))


def ct(hu=0.0):
    grid = Grid((20, 20, 20), (1.0, 1.0, 1.0), (-9.5, -9.5, -9.5))
    return Volume(np.full(grid.shape, hu, dtype=np.float32), grid)


def test_a_stretch_along_one_axis_has_half_of_the_squared_length_less_one():
    stretched = strain_norms(field(np.diag([0.1, 0.0, 0.0])), POINTS)
    assert stretched == pytest.approx((1.1**2 - 1) / 2)


def test_shear_counts_twice_off_the_diagonal():
    shear = np.zeros((3, 3))
    shear[0, 1] = 0.2
    # F^T F - I = [[0, 0.2], [0.2, 0.04]]
    expected = np.sqrt(2 * 0.2**2 + 0.04**2) / 2
    assert strain_norms(field(shear), POINTS) == pytest.approx(expected)


def test_a_rotation_of_forty_degrees_strains_nothing():
    turn = sitk.Euler3DTransform((1.0, 2.0, 3.0), 0.4, -0.3, 0.7, (5.0, 6.0, 7.0))
    assert strain_norms(turn, POINTS) == pytest.approx(0.0, abs=1e-5)
    matrix = np.array(turn.GetMatrix()).reshape(3, 3) - np.eye(3)
    assert strain_norms(field(matrix), POINTS) == pytest.approx(0.0, abs=1e-5)


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


def stretching_spline(stretch):
    """A B-spline whose displacement is ``stretch`` times x, y, z, which B-splines hold exactly."""
    spline = sitk.BSplineTransform(3)
    spline.SetTransformDomainOrigin((-20.0, -20.0, -20.0))
    spline.SetTransformDomainPhysicalDimensions((40.0, 40.0, 40.0))
    spline.SetTransformDomainMeshSize((4, 4, 4))
    numbers = []
    for axis, image in enumerate(spline.GetCoefficientImages()):
        node = np.indices(image.GetSize()[::-1])[2 - axis].ravel()
        numbers.append(stretch * (image.GetOrigin()[axis] + node * image.GetSpacing()[axis]))
    spline.SetParameters(np.concatenate(numbers).tolist())
    return spline


def scaling(factor):
    return sitk.AffineTransform((factor * np.eye(3)).ravel().tolist(), (3.0, 4.0, 5.0))


# (1.1^2 - 1) / 2 along each of three axes
UNIFORM = np.sqrt(3) * (1.1**2 - 1) / 2


@pytest.mark.parametrize("transform", [scaling(1.1), stretching_spline(0.1), field(np.eye(3) / 10)])
def test_a_growth_by_a_tenth_strains_the_same_whatever_the_kind_of_transform(transform):
    found = bone_strain(transform, ct(900.0))
    assert (found.mean, found.p95, found.maximum) == pytest.approx((UNIFORM,) * 3, rel=1e-6)
    assert found.volume_cc == pytest.approx(8.0)


@pytest.mark.parametrize("transform", [sitk.Transform(3, sitk.sitkIdentity), sitk.Euler3DTransform(
    (1.0, 2.0, 3.0), 0.4, -0.3, 0.7, (5.0, 6.0, 7.0))])  # fmt: skip
def test_bone_that_is_only_moved_is_not_strained(transform):
    found = bone_strain(transform, ct(900.0))
    assert (found.mean, found.p95, found.maximum) == pytest.approx((0.0,) * 3, abs=1e-12)
    assert found.volume_cc == pytest.approx(8.0)


def test_a_rigid_step_before_a_field_turns_the_strain_and_does_not_change_it():
    both = sitk.CompositeTransform(3)
    both.AddTransform(field(np.eye(3) / 10))
    both.AddTransform(sitk.Euler3DTransform((0.0, 0.0, 0.0), 0.0, 0.0, 0.4, (0.5, 0.0, 0.0)))
    found = strain_norms(both, np.array([[0.0, 0.0, 0.0], [3.0, 4.0, -5.0]]))
    assert found == pytest.approx([UNIFORM, UNIFORM], rel=1e-6)


def test_strain_is_unknown_where_the_transform_is():
    found = strain_norms(stretching_spline(0.1), np.array([[0.0, 0.0, 0.0], [30.0, 0.0, 0.0]]))
    assert np.isnan(found).tolist() == [False, True]


@pytest.mark.parametrize("transform", [sitk.Transform(3, sitk.sitkIdentity), stretching_spline(0)])
def test_memory_follows_the_bone_and_not_the_size_of_the_ct(transform):
    grid = Grid((256, 256, 40), (1.0, 1.0, 1.0), (-128.0, -128.0, -20.0))
    image = Volume(np.zeros(grid.shape, np.int16), grid)
    image.array[15:25, 120:136, 120:136] = 800
    tracemalloc.start()
    bone_strain(transform, image)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 * image.array.nbytes  # a gradient at every voxel has 36 times as many


def test_determinants_of_a_linear_map_are_exact():
    found = jacobian_map(scaling(1.1), GRID)
    assert found.array == pytest.approx(np.full(GRID.shape, 1.1**3), rel=1e-12)
    assert jacobian_map(sitk.Transform(3, sitk.sitkIdentity), GRID).array.min() == 1.0


def test_beside_an_unknown_voxel_the_known_neighbour_counts():
    displacement = Volume((POINTS * 0.1).reshape(*GRID.shape, 3), GRID)
    displacement.array[:, :, 5:] = np.nan
    found = jacobian_determinants(displacement).array
    assert found[:, :, :5] == pytest.approx(np.full((7, 8, 5), 1.1**3))
    assert np.isnan(found[:, :, 5:]).all()


@pytest.mark.parametrize("planes", [1, 2, 3, 100])
def test_determinants_taken_slab_by_slab_are_those_of_the_whole(monkeypatch, planes):
    rng = np.random.default_rng(2)
    image = Volume(rng.normal(0, 1, (*GRID.shape, 3)), GRID).to_sitk()
    bent = sitk.DisplacementFieldTransform(sitk.Cast(image, sitk.sitkVectorFloat64))
    whole = jacobian_determinants(field_on_grid(bent, GRID)).array
    monkeypatch.setattr(field_derivatives, "SLAB_VOXELS", planes * GRID.size[0] * GRID.size[1])
    np.testing.assert_allclose(jacobian_map(bent, GRID).array, whole, rtol=1e-6)
