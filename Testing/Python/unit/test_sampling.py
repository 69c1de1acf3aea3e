"""Sample points: volumes of solids known in closed form, holes, ends, gaps, and the hot part."""

import numpy as np
import pytest
from ReirradiationCore.dvh import SortedDose
from ReirradiationCore.errors import GeometryError
from ReirradiationCore.sampling import base_spacing_mm, refine_hot, sample_structure
from scipy.optimize import brentq
from solids import (
    cone,
    ellipse,
    ellipsoid,
    keyhole,
    lying_cylinder,
    rectangle,
    sphere,
    sphere_cc,
    structure,
    upright_cylinder,
)

PHASES = (0.0, 0.4, 0.9, 1.5, 2.2, 2.8)


def volume(contours, **options):
    return sample_structure(structure(contours), **options).volume_cc


@pytest.mark.parametrize("offset", PHASES)
@pytest.mark.parametrize("radius", [10.61, 15, 25])
def test_spheres_above_5_cc_in_3_mm_slices_are_within_half_a_percent(radius, offset):
    assert volume(sphere(radius, 3.0, offset)) == pytest.approx(sphere_cc(radius), rel=0.005)


@pytest.mark.parametrize("offset", PHASES)
@pytest.mark.parametrize("radius", [4.93, 6.2, 8])
def test_spheres_above_half_a_cc_in_3_mm_slices_are_within_2_percent(radius, offset):
    assert volume(sphere(radius, 3.0, offset)) == pytest.approx(sphere_cc(radius), rel=0.02)


@pytest.mark.parametrize(("radius", "height"), [(12, 24), (8, 30), (30, 12)])
def test_upright_cylinders_end_half_a_slice_beyond_the_last_contour(radius, height):
    samples = sample_structure(structure(upright_cylinder(radius, height)))
    exact = np.pi * radius**2 * height / 1000
    assert samples.volume_cc == pytest.approx(exact, rel=0.005)
    assert np.abs(samples.points_lps[:, 2]).max() < height / 2


@pytest.mark.parametrize("offset", PHASES)
def test_lying_cylinders_in_3_mm_slices_are_within_one_percent(offset):
    exact = np.pi * 12**2 * 24 / 1000
    assert volume(lying_cylinder(12, 24, 3.0, offset)) == pytest.approx(exact, rel=0.01)


def test_the_lying_cylinder_of_the_benchmark_is_within_half_a_percent():
    exact = np.pi * 12**2 * 24 / 1000
    assert volume(lying_cylinder(12, 24, 3.0, 1.5)) == pytest.approx(exact, rel=0.005)


@pytest.mark.parametrize("axes", [(20, 10, 15), (20, 20, 8), (6, 9, 20)])
def test_ellipsoids_are_within_half_a_percent(axes):
    exact = 4 / 3 * np.pi * np.prod(axes) / 1000
    assert volume(ellipsoid(axes, 3.0, 0.7)) == pytest.approx(exact, rel=0.005)


def test_a_cone_is_within_2_percent():
    assert volume(cone(12, 24)) == pytest.approx(np.pi * 144 * 24 / 3000, rel=0.02)


@pytest.mark.parametrize("spacing", [1.0, 2.0, 5.0])
def test_slice_spacing_does_not_matter_for_a_sphere(spacing):
    assert volume(sphere(20, spacing, 0.3)) == pytest.approx(sphere_cc(20), rel=0.005)


def test_every_plane_has_the_area_of_its_circle():
    samples = sample_structure(structure(sphere(20, 3.0, 0.7)), 0.5)
    slab, number = np.unique(np.floor((samples.points_lps[:, 2] - 0.7) / 0.5), return_inverse=True)
    area = np.bincount(number, samples.volumes_cc) * 1000 / 0.5
    heights = 0.7 + (slab + 0.5) * 0.5
    inner = np.abs(heights) < 18
    exact = np.pi * (400 - heights[inner] ** 2)
    np.testing.assert_allclose(area[inner], exact, rtol=0.01)


def test_a_hole_drawn_as_inner_loop_is_a_hole_with_rounded_ends():
    assert volume(sphere(20) + sphere(12)) == pytest.approx(sphere_cc(20) - sphere_cc(12), rel=5e-3)


def test_a_hole_drawn_as_keyhole_is_the_same_hole():
    outer, inner = sphere(20), {c[0, 2]: c for c in sphere(12)}
    loops = [keyhole(c, inner[c[0, 2]]) if c[0, 2] in inner else c for c in outer]
    assert volume(loops) == pytest.approx(volume(sphere(20) + sphere(12)), rel=1e-3)


def test_an_island_in_a_hole_counts():
    exact = sphere_cc(24) - sphere_cc(18) + sphere_cc(9)
    assert volume(sphere(24) + sphere(18) + sphere(9)) == pytest.approx(exact, rel=0.005)


def test_islands_side_by_side_do_not_disturb_each_other():
    pair = sphere(8, 3.0, 1.5, (-15, 0)) + sphere(12, 3.0, 1.5, (15, 0))
    assert volume(pair) == pytest.approx(sphere_cc(8) + sphere_cc(12), rel=0.005)


def test_an_island_that_closes_beside_one_that_goes_on_keeps_its_volume():
    beside = sphere(8, 3.0, 1.5, (-15, 0))
    tower = [ellipse(10, 10, z, (12, 0)) for z in np.arange(-28.5, 30, 3.0)]
    exact = sphere_cc(8) + np.pi * 100 * 60 / 1000
    samples = sample_structure(structure(beside + tower))
    left = samples.volumes_cc[samples.points_lps[:, 0] < -3].sum()
    assert left == pytest.approx(sphere_cc(8), rel=0.005)
    assert samples.volume_cc == pytest.approx(exact, rel=0.005)


def test_a_structure_that_splits_keeps_its_volume():
    whole = [rectangle(20, 6, z) for z in (0.0, 3.0, 6.0)]
    arms = [rectangle(6, 6, z, (x, 0)) for z in (9.0, 12.0) for x in (-14, 14)]
    exact = (40 * 12 * 9 + 2 * 144 * 6) / 1000
    assert volume(whole + arms) == pytest.approx(exact, rel=0.02)


def test_a_slanting_vessel_keeps_its_volume():
    steps = np.arange(-30, 31, 3.0)
    vessel = [ellipse(5, 5, z, (z, -0.5 * z)) for z in steps]
    assert volume(vessel) == pytest.approx(np.pi * 25 * 63 / 1000, rel=0.01)


def test_a_large_thin_shell_does_not_vanish_between_the_cells():
    rings = [ellipse(r, 0.7 * r, z) for z in np.arange(0, 200, 3.0) for r in (200, 196)]
    exact = np.pi * 0.7 * (200**2 - 196**2) * 201 / 1000
    samples = sample_structure(structure(rings))
    assert samples.volume_cc == pytest.approx(exact, rel=0.01)
    assert samples.spacing_mm < 2


def test_a_single_plane_is_a_slab_of_one_slice():
    samples = sample_structure(structure([rectangle(5, 5, -1.5)]), slice_spacing_mm=3.0)
    assert samples.volume_cc == pytest.approx(0.3, rel=0.01)
    assert samples.points_lps[:, 2].min() > -3
    assert samples.points_lps[:, 2].max() < 0
    assert any("one contour plane" in note for note in samples.notes)


def test_a_missing_slice_in_the_middle_is_interpolated():
    full = upright_cylinder(10, 30)
    assert volume(full[:4] + full[5:]) == pytest.approx(volume(full), rel=1e-3)


def test_pieces_far_apart_are_not_joined():
    planes = [0, 3, 6, 9, 30, 33, 36]
    samples = sample_structure(structure([rectangle(10, 10, z) for z in planes]))
    assert samples.volume_cc == pytest.approx(0.4 * 3 * 7, rel=0.005)
    z = samples.points_lps[:, 2]
    assert not np.any((z > 10.5) & (z < 28.5))
    assert any("separate pieces" in note for note in samples.notes)


def test_contours_in_tilted_planes_give_the_same_points_tilted():
    angle = np.radians(25)
    turn = np.array(
        [[1, 0, 0], [0, np.cos(angle), -np.sin(angle)], [0, np.sin(angle), np.cos(angle)]]
    )
    straight = sample_structure(structure(ellipsoid((12, 9, 15))), 1.0)
    tilted = sample_structure(structure([c @ turn.T for c in ellipsoid((12, 9, 15))]), 1.0)
    assert tilted.volume_cc == pytest.approx(straight.volume_cc, rel=1e-3)
    moved = straight.points_lps @ turn.T
    np.testing.assert_allclose(
        np.cov(tilted.points_lps.T, aweights=tilted.volumes_cc),
        np.cov(moved.T, aweights=straight.volumes_cc),
        atol=0.1,
    )


def test_sagittal_contours_are_sampled_too():
    sagittal = [c[:, [2, 0, 1]] for c in sphere(12)]
    samples = sample_structure(structure(sagittal))
    assert samples.volume_cc == pytest.approx(sphere_cc(12), rel=0.005)
    center = samples.volumes_cc @ samples.points_lps / samples.volume_cc
    np.testing.assert_allclose(center, 0, atol=0.05)


def test_spacing_is_fine_in_small_structures_and_bounded_in_large_ones():
    volumes = (0.5, 18.7, 18.8, 150, 151, 500, 1200, 2300, 10_000, 90_000)
    spacings = [base_spacing_mm(volume) for volume in volumes]
    assert spacings == [0.5, 0.5, 1, 1, 1.5, 1.5, 2, 2.5, 3, 3]


def test_a_marker_of_a_tenth_of_a_cc_is_sampled_finer_than_half_a_millimeter():
    samples = sample_structure(structure(sphere(2, 1.0, 0.5)))
    assert samples.spacing_mm < 0.5
    assert samples.volume_cc == pytest.approx(sphere_cc(2), rel=0.02)


def test_a_speck_is_sampled_in_little_time():
    samples = sample_structure(structure([rectangle(0.1, 0.1, z) for z in (0.0, 3.0)]))
    assert samples.volume_cc == pytest.approx(0.04 * 6 / 1000, rel=0.06)
    assert len(samples.volumes_cc) < 20_000


@pytest.mark.parametrize("seed", range(4))
def test_scribbles_are_sampled_or_refused_but_never_crash(seed):
    random = np.random.default_rng(seed)
    loops = []
    for z in random.choice([0, 3, 3, 6, 9, 12.02, 30], 8):
        points = random.normal(size=(random.integers(3, 12), 2)) * 10 ** random.uniform(-2, 2)
        loops.append(np.column_stack([points, np.full(len(points), z)]))
    samples = sample_structure(structure(loops), slice_spacing_mm=3.0)
    refined = refine_hot(samples, random.random((2, len(samples.volumes_cc))))
    assert np.all(np.isfinite(refined.points_lps))
    assert refined.volume_cc == pytest.approx(samples.volume_cc, rel=1e-9)


def test_a_structure_thinner_than_the_cells_asked_for_is_refused():
    sliver = structure([rectangle(0.01, 5, 0.0), rectangle(0.01, 5, 3.0)], "Sliver")
    with pytest.raises(GeometryError, match="'Sliver' is too thin"):
        sample_structure(sliver, 3.0)


def peak(points, at, width=6.0):
    """Dose of 60 Gy falling off steeply around a point."""
    return 60 * np.exp(-np.sum((points - np.array(at)) ** 2, axis=1) / (2 * width**2))


@pytest.fixture(scope="module")
def large():
    return sample_structure(structure(ellipsoid((60, 45, 45))), 2.5)


@pytest.fixture(scope="module")
def large_and_fine():
    return sample_structure(structure(ellipsoid((60, 45, 45))), 0.7)


@pytest.mark.parametrize("at", [(58.0, 3.0, 2.0), (10.0, 44.0, 1.0), (1.0, 2.0, 44.0), (3, 2, 1)])
@pytest.mark.parametrize("cc", [0.03, 0.1, 0.5])
def test_near_maxima_of_a_500_cc_organ_are_as_good_as_in_fine_samples(
    large, large_and_fine, at, cc
):
    refined = refine_hot(large, peak(large.points_lps, at))
    found = SortedDose(peak(refined.points_lps, at), refined.volumes_cc).dose_at_volume(cc)
    fine = SortedDose(peak(large_and_fine.points_lps, at), large_and_fine.volumes_cc)
    assert found == pytest.approx(fine.dose_at_volume(cc), rel=0.01)


def test_refining_keeps_the_volume_and_adds_few_points(large):
    priority = np.stack([peak(large.points_lps, (58, 0, 0)), peak(large.points_lps, (0, 44, 0))])
    refined = refine_hot(large, priority)
    assert refined.volume_cc == pytest.approx(large.volume_cc, rel=1e-12)
    assert refined.finest_spacing_mm == pytest.approx(0.5)
    assert refined.spacing_mm == 2.5
    assert len(large.volumes_cc) < len(refined.volumes_cc) < 3 * len(large.volumes_cc)
    assert refined.volumes_cc.min() > 0


def test_refining_does_not_put_points_outside(large):
    refined = refine_hot(large, peak(large.points_lps, (60, 0, 0)))
    beyond = np.sum((refined.points_lps / [60, 45, 45]) ** 2, axis=1) > 1.02**2
    assert refined.volumes_cc[beyond & (refined.points_lps[:, 0] > 50)].sum() < 5e-3


@pytest.mark.parametrize("direction", [(1, 0, 0), (0.7, 0.7, 0), (0.5, 0.3, 0.8)])
@pytest.mark.parametrize(("cc", "allowed_mm"), [(0.03, 0.1), (0.1, 0.1), (1.0, 0.1)])
def test_near_maxima_at_the_border_of_a_large_sphere_are_exact(border, direction, cc, allowed_mm):
    """Steep dose rising outwards: the hottest volume is a cap of the sphere, known exactly."""
    along = np.array(direction) / np.linalg.norm(direction)
    refined = refine_hot(border, border.points_lps @ along)
    depth = brentq(lambda h: np.pi * h**2 * (3 * 48 - h) / 3000 - cc, 0, 48)
    found = SortedDose(refined.points_lps @ along, refined.volumes_cc).dose_at_volume(cc)
    assert found == pytest.approx(48 - depth, abs=allowed_mm)


@pytest.fixture(scope="module")
def border():
    return sample_structure(structure(sphere(48, 3.0, 0.9)))


def test_no_point_lies_beyond_a_flat_end_of_a_large_structure():
    samples = sample_structure(structure(upright_cylinder(100, 240)), 3.0)
    assert np.abs(samples.points_lps[:, 2]).max() < 120
    assert samples.volume_cc == pytest.approx(np.pi * 100**2 * 240 / 1000, rel=0.005)


def test_points_of_unknown_dose_are_not_refined(large):
    priority = np.full(len(large.volumes_cc), np.nan)
    assert len(refine_hot(large, priority).volumes_cc) == len(large.volumes_cc)


def test_samples_that_are_fine_already_stay_as_they_are():
    samples = sample_structure(structure(sphere(8)), 0.5)
    assert refine_hot(samples, samples.points_lps[:, 0]) is samples


def test_sampling_is_the_same_each_time(large):
    again = sample_structure(structure(ellipsoid((60, 45, 45))), 2.5)
    np.testing.assert_array_equal(again.points_lps, large.points_lps)
    first, second = (refine_hot(s, peak(s.points_lps, (58, 0, 0))) for s in (large, again))
    np.testing.assert_array_equal(first.points_lps, second.points_lps)
    np.testing.assert_array_equal(first.volumes_cc, second.volumes_cc)
