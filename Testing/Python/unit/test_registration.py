"""One entry for every mode, the same typed result, and refusals that say the numbers."""

import numpy as np
import pytest
import registration_phantom as phantom
import SimpleITK as sitk
from ReirradiationCore.deformable_steps import DeformableOptions
from ReirradiationCore.errors import CancelledError, GeometryError, RegistrationError
from ReirradiationCore.grids import Grid, Volume
from ReirradiationCore.point_transforms import map_points, read_transform, write_transform
from ReirradiationCore.registration import (
    BuiltInRegistrar,
    RegistrationResult,
    choose_mode,
    register,
    register_backward,
)
from ReirradiationCore.registration_quality import inverse_consistency_mm

TURN = phantom.rigid((1.0, -2.0, 2.0), (4.0, -6.0, 8.0))
QUICK = BuiltInRegistrar(options=DeformableOptions(iterations=(6, 5, 4)))


def truth(points):
    matrix, offset = phantom.matrix_of(TURN)
    return (points + phantom.bump(points)) @ matrix.T + offset


@pytest.fixture(scope="module")
def pair():
    reference = phantom.render(phantom.grid(), truth, with_couch=True)
    return reference, phantom.render(phantom.grid(shift=(4.0, -6.0, 8.0)))


@pytest.fixture(scope="module")
def found(pair):
    return register(*pair, QUICK)


def middle(reference):
    points = reference.grid.centers_lps()
    inside = (reference.array.ravel() > -200) & (points[:, 1] < 95) & (np.abs(points[:, 2]) < 80)
    return points[inside]


def test_rigid_then_deformable_finds_the_known_map(pair, found):
    points = middle(pair[0])
    mapped, known = map_points(found.transform, points)
    error = np.linalg.norm(mapped - truth(points), axis=1)
    assert known.all()
    assert error.mean() < 0.9
    assert np.percentile(error, 95) < 2.5


def test_the_result_tells_how_it_was_made(found):
    assert found.mode == "deformable"
    assert found.engine.startswith("built-in (SimpleITK ")
    assert found.seconds > 0
    assert found.parameters["iterations"] == (6, 5, 4)
    assert found.parameters["rotation_deg"] == pytest.approx(3.0, abs=1.0)
    assert found.parameters["body_dice"] > 0.97
    assert found.parameters["correlation"] > 0.95
    assert found.log
    assert found.stop_reason


def test_the_transform_survives_a_file_and_is_a_mode_itself(pair, found, tmp_path):
    path = tmp_path / "prior-1.h5"
    write_transform(found.transform, path)
    again = register(*pair, path)
    assert again.mode == "file"
    points = middle(pair[0])[::50]
    expected = map_points(found.transform, points)[0]
    assert map_points(again.transform, points)[0] == pytest.approx(expected, abs=1e-9)
    assert map_points(read_transform(path), points)[0] == pytest.approx(expected, abs=1e-9)


def test_there_and_back_meet_within_a_voxel(pair, found):
    back = register_backward(*pair, found)
    distance = inverse_consistency_mm(found.transform, back.transform, middle(pair[0])[::20])
    assert np.nanmean(distance) < 1.5


def test_rigid_alone_gives_a_linear_transform(pair):
    result = register(*pair, "rigid")
    assert result.mode == "rigid"
    assert result.transform.IsLinear()
    assert result.parameters["body_dice"] > 0.9


def test_auto_means_identity_in_one_frame_and_deformable_between_two():
    assert choose_mode(same_frame=True) == "identity"
    assert choose_mode(same_frame=False) == "deformable"


def test_identity_needs_no_image_and_moves_nothing():
    result = register(None, None, "identity")
    points = np.arange(6.0).reshape(2, 3)
    assert map_points(result.transform, points)[0].tolist() == points.tolist()
    assert (result.mode, result.engine) == ("identity", "none")


def test_a_course_without_ct_is_refused(pair):
    with pytest.raises(RegistrationError, match="the prior course has no CT to register"):
        register(pair[0], None, "deformable")
    with pytest.raises(RegistrationError, match="the planned course has no CT to register"):
        register(None, pair[1], "rigid")


def test_an_unreadable_file_is_refused_by_name(tmp_path):
    with pytest.raises(RegistrationError, match=r"gone\.h5 does not exist"):
        register(None, None, tmp_path / "gone.h5")


def write(tmp_path, transform):
    path = tmp_path / "given.tfm"
    sitk.WriteTransform(transform, str(path))
    return path


def test_forty_degrees_are_refused_with_the_angle(tmp_path):
    path = write(tmp_path, phantom.rigid((0.0, 0.0, 40.0)))
    with pytest.raises(RegistrationError, match="turns the patient by 40 degrees"):
        register(None, None, path)


def test_a_mirror_image_is_refused(tmp_path):
    path = write(tmp_path, sitk.AffineTransform([-1, 0, 0, 0, 1, 0, 0, 0, 1], (0, 0, 0)))
    with pytest.raises(RegistrationError, match=r"determinant -1\.00"):
        register(None, None, path)


def test_bodies_that_miss_each_other_are_refused_with_the_dice(tmp_path, pair):
    path = write(tmp_path, sitk.TranslationTransform(3, (0.0, 130.0, 0.0)))
    wide = phantom.render(phantom.grid((64, 100, 40)))
    with pytest.raises(RegistrationError, match=r"Dice of only 0\.\d\d"):
        register(wide, wide, path)


def test_a_transform_out_of_the_prior_ct_is_refused(tmp_path, pair):
    path = write(tmp_path, sitk.TranslationTransform(3, (0.0, 0.0, 900.0)))
    with pytest.raises(RegistrationError, match="brings only 0 cc"):
        register(*pair, path)


def test_another_position_of_the_patient_is_told():
    same = register(None, None, "identity", positions=("HFS", "HFS"))
    other = register(None, None, "identity", positions=("HFS", "HFP"))
    assert same.warnings == ()
    assert "HFS for the reference CT and HFP for the prior CT" in other.warnings[0]


def test_a_position_that_does_not_exist_is_refused():
    with pytest.raises(GeometryError, match="'XYZ' is not one of"):
        register(None, None, "identity", positions=("HFS", "XYZ"))


def test_cancelling_ends_with_the_cancellation(pair):
    def cancel(message, fraction=None):
        if message.startswith("Deformable"):
            raise CancelledError

    with pytest.raises(CancelledError):
        register(*pair, QUICK, cancel)


def test_another_engine_is_judged_like_the_built_in_one(pair):
    class Elsewhere:
        def register(self, reference, prior, progress):
            shift = sitk.Transform(sitk.TranslationTransform(3, (0.0, 0.0, 900.0)))
            return RegistrationResult("rigid", "elsewhere", shift)

    with pytest.raises(RegistrationError, match="brings only"):
        register(*pair, Elsewhere())


def test_air_alone_cannot_be_registered(pair):
    air = Volume(np.full_like(pair[0].array, -1000.0), pair[0].grid)
    with pytest.raises(RegistrationError, match="no body was found"):
        register(air, pair[1], "rigid")


def turned_over(shift=(0.0, 0.0, 0.0)):
    """Grid of a patient lying prone: rows and columns run the other way in patient coordinates."""
    grid = phantom.grid(shift=shift)
    last = grid.points_at(np.array([[n - 1 for n in grid.size]]))[0]
    origin = (*last[:2].tolist(), grid.origin_lps[2])
    return Grid(grid.size, grid.spacing_mm, origin, (-1.0, 0, 0, 0, -1.0, 0, 0, 0, 1.0))


def test_prone_against_supine_is_found_in_patient_coordinates_and_told(pair):
    matrix, offset = phantom.matrix_of(TURN)
    reference = phantom.render(phantom.grid(), lambda points: points @ matrix.T + offset)
    prone = phantom.render(turned_over((4.0, -6.0, 8.0)))
    assert prone.array[0, 0, 0] == phantom.render(phantom.grid()).array[0, -1, -1]
    result = register(reference, prone, "rigid", positions=("HFS", "HFP"))
    points = middle(reference)[::20]
    error = np.linalg.norm(
        map_points(result.transform, points)[0] - (points @ matrix.T + offset), axis=1
    )
    assert error.mean() < 1.0
    assert any("HFS for the reference CT and HFP" in text for text in result.warnings)


def test_prone_against_supine_with_wrong_headers_is_refused(pair):
    prone = phantom.render(turned_over())
    mislabelled = Volume(prone.array, phantom.grid())
    with pytest.raises((RegistrationError, GeometryError), match="supine against prone"):
        register(phantom.render(phantom.grid()), mislabelled, "rigid")
