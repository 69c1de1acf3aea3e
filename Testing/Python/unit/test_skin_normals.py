"""Near the skin a slope keeps its part along the normal of the skin, elsewhere all of it."""

import numpy as np
from ReirradiationCore.skin_normals import along_normals, skin_normals

SHAPE = (20, 60, 60)


def radial():
    """Unit vectors (3, k, j, i) away from the axis of a cylinder along k, and the distance."""
    _, y, x = np.indices(SHAPE, dtype=np.float32) - np.float32(29.5)
    distance = np.hypot(x, y)
    return np.stack([0 * x, y, x]) / distance, distance


def test_the_normal_of_a_cylinder_points_away_from_its_axis():
    away, distance = radial()
    skin = skin_normals((distance > 20).astype(np.float32))
    along = np.sum(skin.normals * away[(slice(None), *skin.index)], axis=0)
    assert np.degrees(np.arccos(along.min())) < 6.0
    assert np.abs(distance[skin.index] - 20).max() < 3.5


def test_slopes_near_the_skin_lose_what_points_along_it():
    away, distance = radial()
    along_axis = np.zeros((3, *SHAPE), dtype=np.float32)
    along_axis[0] = 1.0
    left = along_normals(3.0 * away + along_axis, skin_normals((distance > 20) * np.float32(1)))
    near = np.abs(distance - 20) < 1.0
    assert np.abs(left[0][near]).max() < 0.4  # first and last planes tilt the normal a little
    assert np.abs(left[:, near] - 3.0 * away[:, near]).max() < 0.5


def test_slopes_inside_the_body_stay():
    _, distance = radial()
    slope = np.random.default_rng(1).normal(size=(3, *SHAPE)).astype(np.float32)
    left = along_normals(slope.copy(), skin_normals((distance > 20) * np.float32(1)))
    assert np.array_equal(left[:, distance < 15], slope[:, distance < 15])
    assert not np.array_equal(left, slope)


def test_a_body_that_fills_the_image_has_no_skin():
    slope = np.ones((3, *SHAPE), dtype=np.float32)
    assert np.array_equal(along_normals(slope.copy(), skin_normals(np.zeros(SHAPE))), slope)
