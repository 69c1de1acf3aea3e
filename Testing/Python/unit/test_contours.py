"""Contours of a structure: planes, holes, what is refused, and coverage of voxels."""

import numpy as np
import pytest
from ReirradiationCore.contour_planes import plane_coverage, stack_contours
from ReirradiationCore.contours import coverage_on_grid
from ReirradiationCore.errors import GeometryError
from ReirradiationCore.grids import Grid
from solids import ellipse, keyhole, rectangle, sphere, sphere_cc, structure

TILT = np.radians(10)
TILTED = (1.0, 0.0, 0.0, 0.0, np.cos(TILT), -np.sin(TILT), 0.0, np.sin(TILT), np.cos(TILT))
SAGITTAL = (0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0)


def cover(loops, shape=(40, 50), pixel=(1.0, 1.0), corner=(0.0, 0.0)):
    return plane_coverage(tuple(np.asarray(p, dtype=float) for p in loops), corner, pixel, shape)


def square(low, high):
    return [[low, low], [high, low], [high, high], [low, high]]


def star(random, points=17):
    angle = np.sort(random.random(points)) * 2 * np.pi
    radius = 5 + 12 * random.random(points)
    return np.stack([24.3 + radius * np.cos(angle), 19.8 + radius * np.sin(angle)], axis=1)


def shoelace(loop):
    x, y = loop.T
    return abs(np.sum(x * np.roll(y, -1) - y * np.roll(x, -1))) / 2


def cc(volume):
    return float(volume.array.sum(dtype=float)) * volume.grid.voxel_volume_cc


def test_coverage_of_a_rectangle_is_exact_in_every_pixel():
    covered = cover([[[1.25, 2.5], [4.5, 2.5], [4.5, 4.0], [1.25, 4.0]]], (6, 6))
    row = np.array([0, 0.75, 1, 1, 0.5, 0])
    np.testing.assert_allclose(covered, np.outer([0, 0, 0.5, 1, 0, 0], row), atol=1e-6)


def test_coverage_of_a_triangle_is_half_on_its_diagonal():
    covered = cover([[[0, 0], [5, 0], [5, 5]]], (5, 5))
    np.testing.assert_allclose(covered, np.triu(np.ones((5, 5)), 1) + np.eye(5) / 2, atol=1e-6)


@pytest.mark.parametrize("seed", range(5))
def test_area_of_any_polygon_is_that_of_the_shoelace_formula(seed):
    loop = star(np.random.default_rng(seed))
    assert cover([loop]).sum() == pytest.approx(shoelace(loop), rel=2e-3)


def test_area_does_not_depend_on_where_pixels_are():
    loop = star(np.random.default_rng(7))
    areas = [cover([loop], (60, 60), corner=(-x, -x / 2)).sum() for x in np.linspace(0, 1, 7)]
    assert np.ptp(areas) < 4e-3 * areas[0]


def test_a_loop_inside_a_loop_is_a_hole_and_a_third_an_island():
    covered = cover([square(2, 32), square(8, 26), square(14, 20)])
    assert covered.sum() == pytest.approx(30**2 - 18**2 + 6**2, rel=1e-6)
    assert covered[17, 17] == 1
    assert covered[10, 10] == 0


def test_a_keyhole_gives_the_same_coverage_as_an_inner_loop():
    outer, inner = ellipse(15.2, 12.1, 0, (20, 20)), ellipse(6.3, 5.2, 0, (21, 19))
    by_loop = cover([outer[:, :2], inner[:, :2]])
    by_keyhole = cover([keyhole(outer, inner)[:, :2]])
    np.testing.assert_allclose(by_keyhole, by_loop, atol=2e-3)


def test_what_lies_beyond_the_pixels_is_cut_off():
    assert cover([square(-10, 5)], (10, 10)).sum() == pytest.approx(25)
    assert cover([square(-10, 80)], (10, 10)).min() == 1
    assert cover([square(-10, -5)], (10, 10)).max() == 0


def test_planes_are_where_the_contours_are_not_on_a_grid():
    stack = stack_contours(structure([rectangle(5, 5, z) for z in (7.7, 1.2, 4.7, 10.2)]))
    np.testing.assert_allclose(stack.positions_mm, [1.2, 4.7, 7.7, 10.2])
    assert stack.slice_spacing_mm == pytest.approx(3.0)


def test_a_contour_drawn_twice_does_not_cancel_itself():
    loops = [rectangle(5, 5, z) for z in (0.0, 3.0)]
    again = np.roll(loops[0][::-1], 2, axis=0)
    stack = stack_contours(structure([*loops, again]))
    assert stack.plane_area_mm2(0) == pytest.approx(100)
    assert "1 contour(s) drawn twice were used once" in stack.notes


def test_contours_without_an_area_are_left_out_and_said():
    line = [[0, 0, 6], [5, 0, 6], [9, 0, 6]]
    stack = stack_contours(structure([rectangle(5, 5, 0), rectangle(5, 5, 3), line]))
    assert len(stack.positions_mm) == 2
    assert "1 contour(s) without an area were left out" in stack.notes


def test_a_structure_without_any_area_is_refused_by_name():
    with pytest.raises(GeometryError, match="'Fiducial' has no contour with an area"):
        stack_contours(structure([[[0, 0, 0], [1, 0, 0], [2, 0, 0]]], "Fiducial"))


def test_contours_that_are_not_parallel_are_refused():
    sagittal = rectangle(5, 5, 0)[:, [2, 0, 1]]
    with pytest.raises(GeometryError, match="not parallel to each other"):
        stack_contours(structure([rectangle(5, 5, 0), sagittal]))


def test_a_contour_that_leaves_its_plane_is_refused():
    bent = rectangle(5, 5, 0)
    bent[0, 2] = 2.0
    with pytest.raises(GeometryError, match=r"leaves its plane by 2\.\d mm"):
        stack_contours(structure([bent, rectangle(5, 5, 3)]))


def test_a_contour_with_points_that_are_not_numbers_is_refused():
    broken = rectangle(5, 5, 0)
    broken[1, 1] = np.nan
    with pytest.raises(GeometryError, match="not numbers"):
        stack_contours(structure([broken]))


def test_a_single_plane_needs_a_slice_spacing():
    one = structure([rectangle(5, 5, 0)])
    with pytest.raises(GeometryError, match="one plane only"):
        stack_contours(one)
    assert stack_contours(one, 2.5).slice_spacing_mm == 2.5


def test_a_missing_plane_is_bridged_and_a_wide_gap_is_not():
    z = np.array([0, 3, 6, 12, 15, 30, 33, 36.0])
    stack = stack_contours(structure([rectangle(5, 5, k) for k in z]))
    assert [list(run) for run in stack.runs()] == [[0, 1, 2, 3, 4], [5, 6, 7]]
    assert any("1 gap(s) of up to 6.0 mm were interpolated" in note for note in stack.notes)
    assert any("separate pieces" in note for note in stack.notes)


@pytest.mark.parametrize(
    ("direction", "spacing"),
    [
        ((1.0, 0, 0, 0, 1.0, 0, 0, 0, 1.0), (1.5, 1.25, 3.0)),
        ((1.0, 0, 0, 0, -1.0, 0, 0, 0, -1.0), (1.5, 1.5, 2.0)),
        ((0.8, -0.6, 0, 0.6, 0.8, 0, 0, 0, 1.0), (1.0, 2.0, 2.5)),
        (SAGITTAL, (1.5, 1.5, 2.0)),
        (TILTED, (1.5, 1.5, 2.0)),
    ],
    ids=["axial", "flipped", "turned", "sagittal", "tilted"],
)
def test_coverage_on_a_grid_of_any_orientation_keeps_volume_and_center(direction, spacing):
    size = tuple(int(np.ceil(64 / s)) for s in spacing)
    axes = np.array(direction).reshape(3, 3)
    middle = (np.array(size) - 1) / 2 * spacing
    grid = Grid(size, spacing, tuple(np.array([4.0, -3.0, 0.0]) - axes @ middle), direction)
    volume = coverage_on_grid(structure(sphere(14, 3.0, 0.9, (4.0, -3.0))), grid)
    assert volume.array.dtype == np.float32
    assert volume.array.min() >= 0
    assert volume.array.max() == pytest.approx(1, abs=1e-6)
    assert cc(volume) == pytest.approx(sphere_cc(14), rel=0.005)
    weights = volume.array.ravel().astype(float)
    center = weights @ grid.centers_lps() / weights.sum()
    np.testing.assert_allclose(center, [4.0, -3.0, 0.0], atol=0.1)


def test_coverage_of_a_box_is_exact_where_voxels_are_cut():
    box = structure([rectangle(10, 5, z) for z in (0.0, 3.0, 6.0)])
    grid = Grid((15, 10, 8), (2.0, 2.0, 2.0), (-15.0, -9.0, -4.0))
    array = coverage_on_grid(box, grid).array
    np.testing.assert_allclose(array[3, 4], [0] * 3 + [1] * 9 + [1] + [0] * 2, atol=0.06)
    np.testing.assert_allclose(array[3, :, 7], [0, 0, 0.5, 1, 1, 1, 1, 0.5, 0, 0], atol=0.02)
    np.testing.assert_allclose(array[:, 4, 7], [0, 0.25, 1, 1, 1, 1, 0.25, 0], atol=0.02)


def test_planes_of_a_grid_may_be_uneven():
    offsets = (0.0, 2.0, 5.0, 9.0, 12.0, 16.0, 18.0, 22.0, 28.0, 30.0, 34.0, 40.0)
    grid = Grid((40, 40, 12), (1.0, 1.0, 40 / 11), (-20.0, -20.0, -20.0), plane_offsets_mm=offsets)
    array = coverage_on_grid(structure(sphere(14)), grid).array
    thickness = np.diff([-1, 1, 3.5, 7, 10.5, 14, 17, 20, 25, 29, 32, 37, 43])
    total = (array.sum(axis=(1, 2), dtype=float) * thickness).sum() / 1000
    assert total == pytest.approx(sphere_cc(14), rel=0.005)


def test_a_structure_outside_the_grid_covers_nothing():
    grid = Grid((10, 10, 10), (2.0, 2.0, 2.0), (200.0, 0.0, 0.0))
    assert coverage_on_grid(structure(sphere(10)), grid).array.max() == 0


def test_a_structure_partly_outside_the_grid_is_cut_at_its_border():
    grid = Grid((20, 40, 40), (1.0, 1.0, 1.0), (0.5, -19.5, -19.5))
    assert cc(coverage_on_grid(structure(sphere(12)), grid)) == pytest.approx(
        sphere_cc(12) / 2, rel=0.005
    )


def test_a_hole_is_not_covered():
    contours = sphere(20) + sphere(12)
    grid = Grid((45, 45, 30), (1.0, 1.0, 1.5), (-22.0, -22.0, -21.75))
    volume = coverage_on_grid(structure(contours), grid)
    assert volume.array[15, 22, 22] == 0
    assert cc(volume) == pytest.approx(sphere_cc(20) - sphere_cc(12), rel=0.005)


@pytest.mark.parametrize("spacing", [1.0, 3.0, 5.0])
def test_a_nerve_thinner_than_a_voxel_does_not_vanish(spacing):
    nerve = structure([ellipse(1.2, 1.2, z, (0.4, 0.7)) for z in np.arange(0, 31, 3.0)])
    grid = Grid((12, 12, 20), (spacing, spacing, 2.5), (-5.5 * spacing, -5.5 * spacing, -5.0))
    assert cc(coverage_on_grid(nerve, grid)) == pytest.approx(np.pi * 1.44 * 33 / 1000, rel=0.03)
