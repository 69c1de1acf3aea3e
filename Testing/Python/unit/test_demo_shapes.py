"""Closed-form shapes, against volumes and distances known from geometry."""

import numpy as np
import pytest
from ReirradiationCore.demo import organs
from ReirradiationCore.demo.shapes import (
    FAR_MM,
    between,
    both_sides,
    ellipsoid,
    grown,
    minus,
    on_right,
    tube,
    union,
)


def volume_cc(shape, spacing_mm=0.5):
    axes = [
        np.arange(a + spacing_mm / 2, b, spacing_mm)
        for a, b in zip(shape.lower, shape.upper, strict=True)
    ]
    points = np.stack(np.meshgrid(*axes, indexing="ij")).reshape(3, -1)
    return np.count_nonzero(shape(points) > 0) * spacing_mm**3 / 1000


def depth_at(shape, *point):
    return shape(np.array(point, dtype=float)[:, None])[0]


def test_depth_in_a_sphere_is_the_distance_to_its_surface():
    sphere = ellipsoid((10, -5, 3), (12, 12, 12))
    assert depth_at(sphere, 13, -1, 3) == pytest.approx(7.0)
    assert depth_at(sphere, 10, -5, 17) == pytest.approx(-2.0)
    assert depth_at(sphere, 10, -5, 3) == pytest.approx(12.0)


def test_a_turned_ellipsoid_keeps_its_volume():
    assert volume_cc(ellipsoid((0, 0, 0), (20, 10, 6), 33, 20)) == pytest.approx(
        4 / 3 * np.pi * 20 * 10 * 6 / 1000, rel=0.005
    )


def test_turning_takes_the_long_axis_forward_for_negative_angles():
    shape = ellipsoid((0, 0, 0), (20, 5, 5), turn_deg=-30)
    assert depth_at(shape, 18 * np.cos(np.pi / 6), -9, 0) > 0
    assert depth_at(shape, 18 * np.cos(np.pi / 6), 9, 0) < 0


def test_a_straight_tube_is_a_capsule():
    capsule = tube([(0, 0, 0), (0, 0, 40)], 5)
    assert volume_cc(capsule) == pytest.approx(np.pi * 25 * (40 + 20 / 3) / 1000, rel=0.01)
    assert depth_at(capsule, 3, 0, 20) == pytest.approx(2.0)
    assert depth_at(capsule, 0, 0, 43) == pytest.approx(2.0)


def test_union_minus_and_between_follow_set_algebra():
    a, b = ellipsoid((0, 0, 0), (10, 10, 10)), ellipsoid((12, 0, 0), (10, 10, 10))
    lens = np.pi * (4 * 10 + 12) * (2 * 10 - 12) ** 2 / 12 / 1000
    ball = 4 / 3 * np.pi
    assert volume_cc(union(a, b)) == pytest.approx(2 * ball - lens, rel=0.005)
    assert volume_cc(minus(a, b)) == pytest.approx(ball - lens, rel=0.005)
    assert volume_cc(between(a, 0, 99)) == pytest.approx(ball / 2, rel=0.005)


def test_growing_adds_the_margin_all_round():
    assert volume_cc(grown(ellipsoid((0, 0, 0), (8, 8, 8)), 4)) == pytest.approx(
        4 / 3 * np.pi * 1.2**3, rel=0.005
    )


def test_left_shapes_are_mirrored_to_the_right():
    left = ellipsoid((40, 7, -3), (5, 6, 7))
    for shape, lefts, rights in ((on_right(left), False, True), (both_sides(left), True, True)):
        assert bool(depth_at(shape, 42, 7, -3) > 0) is lefts
        assert bool(depth_at(shape, -42, 7, -3) > 0) is rights


def test_points_out_of_the_box_are_far():
    assert depth_at(ellipsoid((0, 0, 0), (5, 5, 5)), 300, 0, 0) == FAR_MM


def test_left_and_right_organs_lie_on_their_side_of_the_patient():
    for organ in (organs.artery, organs.vein, organs.plexus, organs.femoral_head):
        assert organ(left=True).upper[0] > 50
        assert organ(left=False).lower[0] < -50


def test_target_of_the_node_is_the_node_with_four_millimetres():
    r = np.array(organs.NODE_RADII_MM) + 4
    assert volume_cc(organs.node_target()) == pytest.approx(
        4 / 3 * np.pi * np.prod(r) / 1000, rel=0.005
    )
