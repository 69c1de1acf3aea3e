"""Quality numbers of a registration have their closed-form values."""

import numpy as np
import pytest
import SimpleITK as sitk
from golden import golden, golden_cases
from ReirradiationCore.errors import GeometryError
from ReirradiationCore.field_derivatives import (
    curl,
    displacement_gradient,
    harmonic_energy_density,
    jacobian_determinants,
    jacobian_map,
)
from ReirradiationCore.grids import Grid, Volume
from ReirradiationCore.registration_quality import (
    JacobianStatistics,
    MeasuredMap,
    inside_quality,
    inverse_consistency_mm,
    jacobian_statistics,
    mean_known,
    structure_quality,
    target_registration_errors_mm,
)

IDENTITY = sitk.Transform(3, sitk.sitkIdentity)
LINEAR = {
    "(0.1x,-0.05y,0)": np.diag([0.1, -0.05, 0.0]),
    "(-1.2x,0,0)": np.diag([-1.2, 0.0, 0.0]),
    "(-0.1y,0.1x,0)": np.array([[0, -0.1, 0], [0.1, 0, 0], [0, 0, 0]]),
}
TURNED = (0.0, 0.6, 0.8, 1.0, 0.0, 0.0, 0.0, 0.8, -0.6)
GRIDS = {
    "along LPS": Grid((6, 7, 5), (2.0, 3.0, 1.5), (10.0, -4.0, 7.0)),
    "turned": Grid((6, 7, 5), (2.0, 3.0, 1.5), (10.0, -4.0, 7.0), TURNED),
}


def linear_field(matrix, grid):
    points = grid.centers_lps()
    return Volume((points @ np.asarray(matrix).T).reshape(*grid.shape, 3), grid)


@pytest.mark.parametrize("grid", GRIDS.values(), ids=GRIDS)
@pytest.mark.parametrize(
    ("given", "expected"),
    [case for name in ("jacobian", "jacobian_fold", "curl") for case in golden_cases("dir", name)],
)
def test_derivatives_of_linear_fields_are_golden(given, expected, grid):
    field = linear_field(LINEAR[given["u"]], grid)
    assert np.unique(jacobian_determinants(field).array.round(9)) == golden([expected["detJ"]])
    if "harmonic_energy_density" in expected:
        energy = harmonic_energy_density(field).array
        assert energy == golden(np.full(grid.shape, expected["harmonic_energy_density"]))
    rotation = curl(field).array.reshape(-1, 3)
    wanted = expected.get("curl", [0.0, 0.0, expected.get("curl_z", 0.0)])
    assert rotation == golden(np.tile(wanted, (len(rotation), 1)).astype(float))


@pytest.mark.parametrize(("given", "expected"), golden_cases("dir", "inverse_consistency"))
def test_inverse_consistency_is_golden(given, expected):
    assert given == {"T_fwd": "x+(3,0,0)", "T_bwd": "x-(2.5,0,0)"}
    forward = sitk.TranslationTransform(3, (3.0, 0.0, 0.0))
    backward = sitk.TranslationTransform(3, (-2.5, 0.0, 0.0))
    distance = inverse_consistency_mm(forward, backward, np.zeros((4, 3)))
    assert distance == golden(np.full(4, expected["ICE_mm"]))


def test_the_gradient_needs_two_planes():
    with pytest.raises(GeometryError, match=r"not \(4, 4, 1\)"):
        displacement_gradient(linear_field(np.eye(3), Grid((4, 4, 1), (1.0, 1.0, 1.0))))


def field_transform(matrix, grid=GRIDS["along LPS"]):
    image = linear_field(matrix, grid).to_sitk()
    return sitk.DisplacementFieldTransform(sitk.Cast(image, sitk.sitkVectorFloat64))


def test_determinants_are_taken_on_the_own_grid_of_the_field():
    both = sitk.CompositeTransform(3)
    both.AddTransform(sitk.Euler3DTransform((0.0, 0.0, 0.0), 0.1, 0.2, 0.3))
    both.AddTransform(field_transform(LINEAR["(0.1x,-0.05y,0)"]))
    own = jacobian_map(both, Grid((9, 9, 9), (1.0, 1.0, 1.0)))
    assert own.grid.size == GRIDS["along LPS"].size
    assert own.array == pytest.approx(np.full(own.grid.shape, 1.045), abs=1e-4)


def test_folding_is_counted_inside_the_region_only():
    grid = Grid((10, 10, 10), (1.0, 1.0, 1.0))
    determinants = Volume(np.ones(grid.shape), grid)
    determinants.array[:, :, 0] = -0.5
    determinants.array[:, :, 1] = 2.5
    region = Volume(np.zeros(grid.shape, dtype=np.uint8), grid)
    region.array[:, :, 0:5] = 1
    assert jacobian_statistics(determinants, region) == JacobianStatistics(0.2, -0.5, 2.5)
    region.array[:, :, 0:2] = 0
    assert jacobian_statistics(determinants, region) == JacobianStatistics(0.0, 1.0, 1.0)


def test_a_region_smaller_than_a_node_is_judged_by_interpolation():
    coarse = Grid((3, 3, 3), (10.0, 10.0, 10.0))
    determinants = Volume(np.indices(coarse.shape)[2].astype(float), coarse)
    region = Volume(np.ones((2, 2, 2)), Grid((2, 2, 2), (1.0, 1.0, 1.0), (4.5, 4.5, 4.5)))
    statistics = jacobian_statistics(determinants, region)
    assert statistics.minimum == pytest.approx(0.45)
    assert statistics.maximum == pytest.approx(0.55)


def test_a_region_outside_the_field_has_no_statistics():
    determinants = Volume(np.ones((3, 3, 3)), Grid((3, 3, 3), (1.0, 1.0, 1.0)))
    region = Volume(np.ones((3, 3, 3)), Grid((3, 3, 3), (1.0, 1.0, 1.0), (90.0, 0.0, 0.0)))
    assert np.isnan(jacobian_statistics(determinants, region).folding_fraction)


def test_landmarks_miss_by_what_the_shift_lacks():
    transform = sitk.TranslationTransform(3, (3.0, 0.0, 0.0))
    points = np.zeros((2, 3))
    counterparts = np.array([[3.0, 0.0, 4.0], [3.0, 0.0, 0.0]])
    errors = target_registration_errors_mm(transform, points, counterparts)
    assert errors == pytest.approx([4.0, 0.0])


def ball(radius, center=(0.0, 0.0, 0.0), spacing=2.0):
    n = int(np.ceil(2 * (radius + 12) / spacing))
    origin = tuple(c - (n - 1) * spacing / 2 for c in center)
    grid = Grid((n,) * 3, (spacing,) * 3, origin)
    distance = np.linalg.norm(grid.centers_lps() - np.array(center), axis=1)
    coverage = np.clip((radius - distance) / spacing + 0.5, 0, 1)
    return Volume(coverage.reshape(grid.shape).astype(np.float32), grid)


def quality(reference, prior, transform=IDENTITY, backward=None):
    determinants = jacobian_map(transform, Grid((20,) * 3, (4.0,) * 3, (-40.0, -40.0, -40.0)))
    tested = MeasuredMap(transform, determinants, backward)
    return structure_quality("Bladder", reference, prior, tested)


def test_an_organ_that_is_mapped_onto_itself_agrees():
    shift = sitk.TranslationTransform(3, (30.0, -12.0, 9.0))
    found = quality(ball(20.0), ball(20.0, (30.0, -12.0, 9.0)), shift)
    assert found.dsc == pytest.approx(1.0, abs=0.01)
    assert found.mda_mm < 0.1
    assert found.volume_ratio == pytest.approx(1.0, abs=0.01)
    assert found.volume_cc == pytest.approx(4 / 3 * np.pi * 2**3, rel=0.01)


def test_an_organ_six_millimetres_off_has_half_of_it_as_mean_distance():
    found = quality(ball(20.0), ball(20.0, (6.0, 0.0, 0.0)))
    assert found.mda_mm == pytest.approx(3.0, abs=0.2)
    assert found.hd95_mm == pytest.approx(0.95 * 6.0, abs=0.3)


def test_the_drawn_shrinking_is_taken_out_of_the_relative_jacobian():
    side = 0.2 ** (1 / 3)
    shrunk = sitk.ScaleTransform(3, (side, side, side))
    found = quality(ball(20.0), ball(20.0 * side, spacing=1.0), shrunk)
    assert found.volume_ratio == pytest.approx(0.2, abs=0.005)
    assert found.jacobian.minimum == pytest.approx(0.2, abs=1e-4)
    assert found.relative_jacobian.minimum == pytest.approx(1.0, abs=0.02)
    assert found.relative_jacobian.maximum == pytest.approx(1.0, abs=0.02)
    assert found.mda_mm < 0.2


def test_without_a_counterpart_the_jacobian_is_as_it_is():
    found = inside_quality("Node", ball(10.0), MeasuredMap(IDENTITY))
    assert found.relative_jacobian == found.jacobian == JacobianStatistics(0.0, 1.0, 1.0)
    assert np.isnan(found.mda_mm)


def test_folding_is_not_taken_out_by_the_volume_ratio():
    fold = field_transform(LINEAR["(-1.2x,0,0)"], Grid((30,) * 3, (3.0,) * 3, (-45.0,) * 3))
    found = quality(ball(20.0), ball(20.0), fold)
    assert found.relative_jacobian.folding_fraction == found.jacobian.folding_fraction == 1.0


def test_inverse_consistency_of_an_organ_is_what_the_way_back_misses():
    forward = sitk.TranslationTransform(3, (3.0, 0.0, 0.0))
    backward = sitk.TranslationTransform(3, (-2.5, 0.0, 0.0))
    found = quality(ball(20.0), ball(20.0, (3.0, 0.0, 0.0)), forward, backward)
    assert found.inverse_consistency_mm == pytest.approx(0.5)


def test_what_is_unknown_does_not_enter_a_mean():
    assert mean_known(np.array([1.0, np.nan, 3.0])) == 2.0
    assert np.isnan(mean_known(np.array([np.nan])))


def test_an_organ_outside_the_field_has_no_surface_distances():
    small = field_transform(np.zeros((3, 3)), Grid((4,) * 3, (3.0,) * 3))
    tested = MeasuredMap(small, jacobian_map(small, GRIDS["along LPS"]))
    found = structure_quality("Rectum", ball(20.0), ball(20.0), tested)
    assert np.isnan(found.mda_mm)


def test_a_missing_counterpart_has_no_surface_distances():
    empty = Volume(np.zeros((4, 4, 4), dtype=np.float32), Grid((4, 4, 4), (2.0, 2.0, 2.0)))
    found = quality(ball(20.0), empty)
    assert np.isnan(found.mda_mm)
    assert np.isnan(found.volume_ratio)
