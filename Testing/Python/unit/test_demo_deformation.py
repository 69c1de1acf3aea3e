"""The known map of the demo case, against its definition and finite differences."""

import numpy as np
import pytest
from ReirradiationCore.demo import bones, true_displacement_field, true_transform
from ReirradiationCore.demo.deformation import (
    BUMPS,
    CENTER,
    SHIFT_MM,
    TURN_DEG,
    InverseTable,
)
from ReirradiationCore.grids import Grid
from scipy.spatial.transform import Rotation


@pytest.fixture(scope="module")
def points():
    rng = np.random.default_rng(7)
    return rng.uniform((-190, -130, -85), (190, 130, 140), (60_000, 3))


def test_far_from_organ_motion_the_map_is_the_rigid_one():
    points = np.array([[150.0, 0.0, -70.0], [-160.0, 30.0, -60.0], [88.0, 2.0, 0.0]])
    turn = Rotation.from_euler("xyz", TURN_DEG, degrees=True)
    expected = turn.apply(points - CENTER) + CENTER + SHIFT_MM
    np.testing.assert_allclose(true_transform()(points), expected, atol=1e-9)


def test_each_bump_moves_its_centre_by_its_displacement_where_it_is_alone():
    dome = np.array([BUMPS[0].center])
    moved = true_transform().organ_motion(dome)[0]
    np.testing.assert_allclose(moved, BUMPS[0].move_mm, atol=1.0)
    assert np.linalg.norm(moved) > 13


def test_the_inverse_undoes_the_map(points):
    transform = true_transform()
    np.testing.assert_allclose(transform.inverse(transform(points)), points, atol=1e-4)


def test_the_table_of_the_inverse_is_right_to_a_fifth_of_a_millimetre(points):
    transform = true_transform()
    error = np.linalg.norm(InverseTable(transform)(transform(points)) - points, axis=1)
    assert error.max() < 0.2
    assert error.mean() < 0.01


def test_the_jacobian_determinant_is_that_of_finite_differences(points):
    transform, some, h = true_transform(), points[:500], 1e-4
    columns = [
        (transform(some + h * axis) - transform(some - h * axis)) / (2 * h) for axis in np.eye(3)
    ]
    expected = np.linalg.det(np.stack(columns, axis=-1))
    np.testing.assert_allclose(transform.jacobian_determinant(some), expected, atol=1e-6)


def test_the_map_does_not_fold(points):
    determinant = true_transform().jacobian_determinant(points)
    assert determinant.min() > 0.3
    assert determinant.max() < 2.0


@pytest.mark.parametrize(
    ("bone", "largest_mm"),
    [("hip_bone", 0.05), ("femur", 0.05), ("vertebra", 0.1), ("sacrum", 0.9)],
)
def test_bones_move_rigidly(points, bone, largest_mm):
    inside = points[getattr(bones, bone)()(points.T) > 0]
    assert len(inside) > 50
    motion = np.linalg.norm(true_transform().organ_motion(inside), axis=1)
    assert motion.max() < largest_mm


def test_the_displacement_field_holds_prior_minus_current_positions():
    grid = Grid((5, 4, 3), (20.0, 25.0, 30.0), (-40.0, -50.0, 10.0))
    field = true_displacement_field(grid)
    assert field.array.shape == (3, 4, 5, 3)
    here = grid.points_at(np.array([[3.0, 1.0, 2.0]]))
    np.testing.assert_allclose(field.array[2, 1, 3], (true_transform()(here) - here)[0])
