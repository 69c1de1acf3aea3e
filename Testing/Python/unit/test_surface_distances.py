"""Distances of surfaces with closed forms: concentric and shifted spheres, planes."""

import numpy as np
import pytest
import SimpleITK as sitk
from golden import golden, golden_cases
from ReirradiationCore.errors import GeometryError
from ReirradiationCore.grids import Grid, Volume
from ReirradiationCore.surface_distances import (
    Surface,
    common_box,
    dice_of_coverage,
    propagated,
    surface_distances,
    surface_of,
)


def sphere(radius, offset=0.0, spacing=(1.0, 1.0, 1.0), size=36):
    count = [int(size / s) for s in spacing]
    origin = tuple(-(n - 1) * s / 2 for n, s in zip(count, spacing, strict=True))
    grid = Grid(tuple(count), spacing, origin)
    parts = (np.arange(5) - 2) / 5
    shifts = np.array(np.meshgrid(parts, parts, parts)).reshape(3, -1).T * spacing
    points = grid.centers_lps() - np.array([offset, 0, 0])
    inside = [np.linalg.norm(points + shift, axis=1) < radius for shift in shifts]
    return Volume(np.mean(inside, axis=0, dtype=np.float32).reshape(grid.shape), grid)


def points_on_sphere(radius, count=400):
    z = (np.arange(count) + 0.5) / count * 2 - 1
    turn = np.arange(count) * np.pi * (3 - np.sqrt(5))
    ring = np.sqrt(1 - z**2)
    unit = np.stack([ring * np.cos(turn), ring * np.sin(turn), z], axis=1)
    return Surface(radius * unit, np.ones(count), unit, 0.0)


@pytest.mark.parametrize(("given", "expected"), golden_cases("dir", "concentric_spheres"))
def test_concentric_spheres_are_golden(given, expected):
    found = surface_distances(points_on_sphere(given["R1"]), points_on_sphere(given["R2"]))
    assert found.mda_mm == golden(expected["MDA"])
    assert found.hd95_mm == golden(expected["HD95"])
    ball = 4 / 3 * np.pi * np.array([given["R1"], given["R2"]]) ** 3.0
    slots = Grid((2, 1, 1), (1.0, 1.0, 1.0))
    small = Volume(np.array([[[ball[0], 0.0]]]), slots)
    large = Volume(np.array([[[ball[0], ball[1] - ball[0]]]]), slots)
    assert dice_of_coverage(small, large) == golden(expected["DSC"])


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (1.2, 1.2, 2.5)])
def test_concentric_spheres_on_voxels_are_two_millimetres_apart(spacing):
    surfaces = [surface_of(sphere(radius, spacing=spacing)) for radius in (10.0, 12.0)]
    found = surface_distances(*surfaces)
    assert found.mda_mm == pytest.approx(2.0, abs=0.1)
    assert found.hd95_mm == pytest.approx(2.0, abs=0.3)


@pytest.mark.parametrize(("given", "expected"), golden_cases("dir", "dsc_two_spheres"))
def test_dice_of_two_shifted_spheres_is_golden(given, expected):
    first = sphere(given["R"])
    second = sphere(given["R"], given["offset"])
    assert dice_of_coverage(first, second) == pytest.approx(expected["DSC"], abs=5e-3)


def test_the_weights_add_up_to_the_area():
    for spacing in ((1.0, 1.0, 1.0), (1.0, 1.0, 2.0)):
        surface = surface_of(sphere(12.0, spacing=spacing))
        assert surface.areas_mm2.sum() == pytest.approx(4 * np.pi * 12.0**2, rel=0.03)


def test_normals_point_along_the_radius_on_a_turned_grid():
    upright = sphere(10.0)
    turned = Grid(
        upright.grid.size,
        upright.grid.spacing_mm,
        (17.5, -17.5, -17.5),
        (0, -1, 0, 1, 0, 0, 0, 0, 1),
    )
    surface = surface_of(Volume(upright.array, turned))
    radial = surface.points_lps / np.linalg.norm(surface.points_lps, axis=1, keepdims=True)
    assert np.abs(np.sum(radial * surface.normals, axis=1)).min() > 0.97


def test_a_surface_has_no_distance_to_itself():
    surface = surface_of(sphere(10.0))
    found = surface_distances(surface, surface)
    assert (found.mda_mm, found.hd95_mm) == (0.0, 0.0)


def test_a_shifted_sphere_is_half_the_shift_away_on_average():
    found = surface_distances(surface_of(sphere(10.0)), surface_of(sphere(10.0, 2.0)))
    assert found.mda_mm == pytest.approx(1.0, abs=0.05)
    assert found.hd95_mm == pytest.approx(1.9, abs=0.15)


def test_hd95_is_the_larger_of_both_directions_and_mda_their_mean():
    points = np.array([[0.0, 0, 0], [10.0, 0, 0]])
    normals = np.array([[1.0, 0, 0], [1.0, 0, 0]])
    both = Surface(points, np.ones(2), normals, 0.0)
    one = Surface(points[:1], np.ones(1), normals[:1], 0.0)
    for found in (surface_distances(one, both), surface_distances(both, one)):
        assert found.hd95_mm == pytest.approx(10.0)
        assert found.mda_mm == pytest.approx(2.5)


def test_an_empty_structure_has_no_distance():
    empty = Volume(np.zeros((4, 4, 4)), Grid((4, 4, 4), (1.0, 1.0, 1.0)))
    found = surface_distances(surface_of(empty), surface_of(sphere(10.0)))
    assert np.isnan(found.mda_mm)
    assert np.isnan(dice_of_coverage(empty, empty))


def test_structures_on_different_grids_are_refused():
    with pytest.raises(GeometryError, match="the two structures are on different grids"):
        dice_of_coverage(sphere(10.0), sphere(10.0, spacing=(2.0, 2.0, 2.0)))


def test_a_prior_structure_is_pulled_back_and_unknown_stays_unknown():
    prior = sphere(10.0)
    shift = sitk.TranslationTransform(3, (5.0, 0.0, 0.0))
    moved = propagated(prior, shift, prior.grid)
    assert moved.array[18, 18, :-5] == pytest.approx(prior.array[18, 18, 5:], abs=1e-5)
    vectors = sitk.Image((4, 4, 4), sitk.sitkVectorFloat64, 3)
    unknown = propagated(prior, sitk.DisplacementFieldTransform(vectors), prior.grid)
    assert np.isnan(unknown.array[0, 0, 0])


def test_the_box_holds_both_structures_and_little_else():
    reference, prior = sphere(5.0, size=80), sphere(5.0, size=80)
    shift = sitk.TranslationTransform(3, (-20.0, 0.0, 0.0))
    box = common_box(reference, prior, shift)
    assert box.grid.size == (10 + 20 + 2 * 8, 10 + 2 * 8, 10 + 2 * 8)
    assert box.array.sum() == pytest.approx(reference.array.sum())
    centroid = np.average(box.grid.centers_lps(), axis=0, weights=box.array.ravel())
    assert centroid == pytest.approx((0.0, 0.0, 0.0), abs=1e-6)
    moved = propagated(prior, shift, box.grid)
    assert moved.array.sum() == pytest.approx(prior.array.sum(), rel=1e-5)


def test_the_box_reaches_beyond_the_grid_of_the_reference_structure():
    reference, prior = sphere(5.0, size=14), sphere(5.0, size=14)
    shift = sitk.TranslationTransform(3, (-30.0, 0.0, 0.0))
    box = common_box(reference, prior, shift)
    assert box.array.sum() == pytest.approx(reference.array.sum())
    assert propagated(prior, shift, box.grid).array.sum() == pytest.approx(prior.array.sum())
    centroid = np.average(box.grid.centers_lps(), axis=0, weights=box.array.ravel())
    assert centroid == pytest.approx((0.0, 0.0, 0.0), abs=1e-6)
