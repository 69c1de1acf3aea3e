"""Points go where ITK sends them, and the edge of knowledge is kept."""

import numpy as np
import pytest
import registration_phantom as phantom
import SimpleITK as sitk
from ReirradiationCore.errors import RegistrationError
from ReirradiationCore.grids import Grid
from ReirradiationCore.point_transforms import (
    field_on_grid,
    inverse_points,
    map_points,
    read_transform,
    write_transform,
)

RNG = np.random.default_rng(5)
POINTS = RNG.uniform(-60.0, 60.0, (500, 3))


def field_image(direction=None):
    """Displacements of `phantom.bump` on a grid of 4 mm."""
    where = Grid((41, 41, 41), (4.0,) * 3, (-80.0, -80.0, -80.0))
    if direction is not None:
        where = Grid(where.size, where.spacing_mm, (80.0, 80.0, -80.0), direction)
    array = phantom.bump(where.centers_lps()).reshape(*where.shape, 3)
    image = sitk.GetImageFromArray(array, isVector=True)
    image.SetSpacing(where.spacing_mm)
    image.SetOrigin(where.origin_lps)
    image.SetDirection(where.direction)
    return image


def composite():
    both = sitk.CompositeTransform(3)
    both.AddTransform(phantom.rigid())
    both.AddTransform(sitk.DisplacementFieldTransform(field_image()))
    return both


def spline():
    transform = sitk.BSplineTransform(3, 3)
    transform.SetTransformDomainOrigin((-70.0,) * 3)
    transform.SetTransformDomainPhysicalDimensions((140.0,) * 3)
    transform.SetTransformDomainMeshSize((4, 4, 4))
    transform.SetParameters(RNG.uniform(-4, 4, len(transform.GetParameters())).tolist())
    return transform


TRANSFORMS = {
    "identity": sitk.Transform(3, sitk.sitkIdentity),
    "translation": sitk.TranslationTransform(3, (1.0, -2.0, 3.5)),
    "euler": phantom.rigid(),
    "versor": sitk.VersorRigid3DTransform((0.0, 0.6, 0.8), 0.2, (1.0, 2.0, 3.0), (5.0, 5.0, 5.0)),
    "affine": sitk.AffineTransform([1.1, 0, 0.2, 0, 0.9, 0, 0.1, 0, 1], (3.0, 2.0, 1.0), (9, 8, 7)),
    "field": sitk.DisplacementFieldTransform(field_image()),
    "turned field": sitk.DisplacementFieldTransform(field_image((-1, 0, 0, 0, -1, 0, 0, 0, 1))),
    "spline": spline(),
    "composite": composite(),
    "inverse of euler": phantom.rigid().GetInverse(),
}


@pytest.mark.parametrize("name", TRANSFORMS)
def test_points_go_where_itk_sends_them(name):
    transform = TRANSFORMS[name]
    expected = np.array([transform.TransformPoint(p) for p in POINTS.tolist()])
    mapped, known = map_points(transform, POINTS)
    assert known.all()
    assert mapped == pytest.approx(expected, abs=1e-9)


def test_the_transform_added_last_is_applied_first():
    both = sitk.CompositeTransform(3)
    both.AddTransform(sitk.AffineTransform([2, 0, 0, 0, 2, 0, 0, 0, 2], (0, 0, 0)))
    both.AddTransform(sitk.TranslationTransform(3, (1.0, 0.0, 0.0)))
    mapped, _ = map_points(both, np.zeros((1, 3)))
    assert mapped[0] == pytest.approx((2.0, 0.0, 0.0))


def test_half_a_voxel_beyond_the_border_is_known_and_no_more():
    transform = TRANSFORMS["field"]
    points = np.array([[81.99, 0, 0], [82.01, 0, 0], [0, -81.99, 0], [0, 0, -82.01]])
    assert map_points(transform, points)[1].tolist() == [True, False, True, False]


def test_outside_a_spline_is_unknown():
    known = map_points(TRANSFORMS["spline"], np.array([[0.0, 0, 0], [71.0, 0, 0]]))[1]
    assert known.tolist() == [True, False]


def test_no_points_give_no_points():
    mapped, known = map_points(TRANSFORMS["composite"], np.empty((0, 3)))
    assert mapped.shape == (0, 3)
    assert known.shape == (0,)


def test_two_dimensions_are_refused():
    with pytest.raises(RegistrationError, match="has 2 dimensions"):
        map_points(sitk.Transform(2, sitk.sitkIdentity), np.zeros((1, 2)))


def test_displacements_on_a_grid_are_mapped_minus_own_position():
    where = Grid((5, 4, 3), (3.0, 4.0, 5.0), (1.0, 2.0, 3.0))
    field = field_on_grid(TRANSFORMS["translation"], where)
    assert field.array.shape == (3, 4, 5, 3)
    assert field.array.reshape(-1, 3) == pytest.approx(np.tile((1.0, -2.0, 3.5), (60, 1)))


def test_displacements_outside_the_field_are_not_numbers():
    where = Grid((3, 1, 1), (40.0, 1.0, 1.0), (60.0, 0.0, 0.0))
    field = field_on_grid(TRANSFORMS["field"], where)
    assert np.isnan(field.array[0, 0, :, 0]).tolist() == [False, True, True]


@pytest.mark.parametrize("name", ["identity", "euler", "affine", "field", "composite"])
def test_points_come_back_to_where_they_were(name):
    mapped, _ = map_points(TRANSFORMS[name], POINTS)
    found, known = inverse_points(TRANSFORMS[name], mapped)
    assert known.all()
    assert np.abs(found - POINTS).max() < 0.03


def test_a_point_the_field_never_reaches_has_no_inverse():
    found = inverse_points(TRANSFORMS["field"], np.array([[500.0, 0.0, 0.0]]))
    assert not found[1].any()


@pytest.mark.parametrize("suffix", [".h5", ".tfm"])
def test_a_written_composite_is_read_back_unchanged(tmp_path, suffix):
    path = tmp_path / f"course{suffix}"
    write_transform(composite(), path)
    expected = map_points(composite(), POINTS)[0]
    assert map_points(read_transform(path), POINTS)[0] == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("suffix", [".nrrd", ".mha", ".nii.gz"])
def test_an_image_of_vectors_is_a_displacement_field(tmp_path, suffix):
    path = tmp_path / f"field{suffix}"
    sitk.WriteImage(field_image(), str(path))
    expected = map_points(TRANSFORMS["field"], POINTS)[0]
    assert map_points(read_transform(path), POINTS)[0] == pytest.approx(expected, abs=1e-4)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(RegistrationError, match=r"gone\.h5 does not exist"):
        read_transform(tmp_path / "gone.h5")


def test_a_file_of_another_kind_is_refused(tmp_path):
    path = tmp_path / "plan.dcm"
    path.write_bytes(b"x")
    with pytest.raises(RegistrationError, match=r"plan\.dcm is not a transform file"):
        read_transform(path)


@pytest.mark.parametrize("name", ["broken.h5", "broken.tfm", "broken.nrrd"])
def test_an_unreadable_file_is_refused_by_name(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(b"not a transform")
    with pytest.raises(RegistrationError, match=name.replace(".", r"\.")) as refusal:
        read_transform(path)
    assert "\n" not in str(refusal.value)


def test_an_image_of_scalars_is_refused(tmp_path):
    path = tmp_path / "dose.nrrd"
    sitk.WriteImage(sitk.Image(4, 4, 4, sitk.sitkFloat32), str(path))
    with pytest.raises(RegistrationError, match=r"dose\.nrrd holds 1 values"):
        read_transform(path)


def test_a_field_with_holes_is_refused(tmp_path):
    array = np.zeros((4, 4, 4, 3))
    array[0, 0, 0, 0] = np.nan
    path = tmp_path / "holes.nrrd"
    sitk.WriteImage(sitk.GetImageFromArray(array, isVector=True), str(path))
    with pytest.raises(RegistrationError, match="not finite"):
        read_transform(path)
