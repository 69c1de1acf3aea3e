"""Two regions of the body are not registered, and a transform given the wrong way is refused."""

import numpy as np
import pytest
import registration_phantom as phantom
import SimpleITK as sitk
from dicom_factory import save
from ReirradiationCore.dicom_registrar import DicomRegistrar
from ReirradiationCore.errors import RegistrationError
from ReirradiationCore.grids import Volume
from ReirradiationCore.point_transforms import field_on_grid
from ReirradiationCore.registration import RegistrationResult, register
from ReirradiationCore.registration_likeness import (
    require_direction,
    require_region_when_turned,
    require_same_region,
    unlike_after_deformation,
)
from ReirradiationCore.registration_rigid import register_rigid
from test_dicom_registration import OLD, TODAY, spatial

MOVE = phantom.rigid((2.0, -1.0, 3.0), (8.0, -6.0, 45.0))
WRONG_WAY = "map points of the prior CT to the reference CT instead of the other way round"


def moved(transform):
    matrix, offset = phantom.matrix_of(transform)
    return lambda points: points @ matrix.T + offset


@pytest.fixture(scope="module")
def pair():
    """Reference and prior CT of which ``MOVE`` is the exact map."""
    prior = phantom.render(phantom.grid(shift=(8.0, -6.0, 45.0)))
    return phantom.render(phantom.grid(), moved(MOVE), with_couch=True), prior


# --- the same region ----------------------------------------------------------------------------


def chest(where):
    """A body as wide as that of the phantom, with lungs, heart, spine, breastbone and ribs."""
    x, y, z = where.centers_lps().T
    body = np.hypot(x / 135, y / 95)
    hu = np.where(body < 1, -100.0, -1000.0)
    hu[body < 0.88] = 50.0
    for side in (-1, 1):
        hu[np.hypot((x - side * 62) / 44, (y + 5) / 58) < 1] = -800.0
    hu[np.linalg.norm([(x - 15) / 45, (y + 20) / 40, (z + 20) / 50], axis=0) < 1] = 40.0
    ribs = (np.abs(body - 0.83) < 0.05) & (np.mod(z + 0.3 * y, 24) < 8)
    spine = (np.hypot(x, y - 55) < 18) & (np.mod(z, 25) < 20)
    hu[ribs | spine | ((np.abs(x) < 14) & (np.abs(y + 74) < 6))] = 500.0
    return Volume(hu.reshape(where.shape).astype(np.float32), where)


def test_a_chest_is_not_registered_with_a_pelvis():
    with pytest.raises(RegistrationError, match="do not seem to show the same region of the body"):
        register_rigid(phantom.render(phantom.grid()), chest(phantom.grid()))


@pytest.mark.parametrize(("information", "bone"), [(0.5, 0.0), (0.0, 0.2), (1.3, None)])
def test_tissue_or_bone_that_agrees_is_enough(information, bone):
    assert require_same_region(information, bone) == ()


def test_neither_tissue_nor_bone_is_refused_with_both_numbers():
    said = r"mutual information 0\.24 .*squared correlation of bone 0\.03 \(at least 0\.2\)"
    with pytest.raises(RegistrationError, match=said):
        require_same_region(0.24, 0.03)


def test_without_bone_a_doubt_is_told_and_nothing_refused():
    (said,) = require_same_region(0.24, None)
    assert "may not show the same region" in said
    assert "mutual information 0.24" in said


def test_half_a_turn_is_not_blamed_where_nothing_fits_either_way():
    require_region_when_turned(0.14, 0.65)
    with pytest.raises(RegistrationError, match=r"information 0\.14, and 0\.36 after half a turn"):
        require_region_when_turned(0.14, 0.36)


@pytest.mark.parametrize(
    ("mode", "correlation", "warns"),
    [("deformable", 0.69, True), ("deformable", 0.7, False), ("deformable", float("nan"), False),
     ("rigid", 0.2, False), ("file", 0.2, False)],
)  # fmt: skip
def test_a_deformation_after_which_the_cts_are_unlike_is_warned_of(mode, correlation, warns):
    said = unlike_after_deformation(mode, {"correlation": correlation})
    assert bool(said) is warns
    assert all("only by 0.69 (usual is 0.7 or more)" in text for text in said)


# --- the direction ------------------------------------------------------------------------------


class OfTheScene:
    """An engine that has its transform already, as that of the panel."""

    def __init__(self, transform):
        self.transform = transform

    def register(self, *_):
        return RegistrationResult("rigid", "scene", self.transform, self.transform)


def of_file(transform, folder):
    sitk.WriteTransform(transform, str(folder / "given.tfm"))
    return folder / "given.tfm"


def of_dicom(transform, folder):
    """Spatial Registration: its matrix brings points of the old frame to today's."""
    matrix, offset = phantom.matrix_of(transform.GetInverse())
    old_to_today = np.vstack([np.column_stack([matrix, offset]), [0, 0, 0, 1]])
    save(spatial(TODAY, [(OLD, [old_to_today])]), folder / "given.dcm")
    return DicomRegistrar(folder / "given.dcm", TODAY, OLD)


def of_scene(transform, _folder):
    return OfTheScene(transform)


@pytest.mark.parametrize("given", [of_file, of_dicom, of_scene])
def test_a_map_from_anywhere_is_refused_when_it_points_the_wrong_way(pair, tmp_path, given):
    found = register(*pair, given(MOVE, tmp_path))
    assert not any("direction" in text for text in found.warnings)
    with pytest.raises(RegistrationError, match=WRONG_WAY):
        register(*pair, given(MOVE.GetInverse(), tmp_path))


def field_of(transform, where):
    image = field_on_grid(transform, where).to_sitk()
    return sitk.DisplacementFieldTransform(sitk.Cast(image, sitk.sitkVectorFloat64))


def test_a_displacement_field_of_the_prior_ct_is_refused_with_both_correlations(pair):
    """The field that a wrong export holds lies on the grid of the prior CT."""
    wide = phantom.grid((80, 64, 70), shift=(4.0, -3.0, 22.0))
    assert require_direction(field_of(MOVE, wide), *pair) == ()
    with pytest.raises(RegistrationError, match=rf"{WRONG_WAY}: .* by 0\.9\d .* by -?0\.\d\d;"):
        require_direction(field_of(MOVE.GetInverse(), wide), *pair)
    with pytest.raises(RegistrationError, match=WRONG_WAY):
        require_direction(field_of(MOVE.GetInverse(), pair[1].grid), *pair)


def bent(way_back):
    """A rigid step and a smooth bump of up to 15 mm; the bump comes first, or is undone last."""
    wide = phantom.grid((80, 64, 70), shift=(4.0, -3.0, 22.0))
    bump = phantom.bump(wide.centers_lps()).reshape(*wide.shape, 3)
    image = Volume((-bump if way_back else bump).astype(np.float64), wide).to_sitk()
    step = sitk.DisplacementFieldTransform(sitk.Cast(image, sitk.sitkVectorFloat64))
    both = sitk.CompositeTransform(3)
    for part in (step, MOVE.GetInverse()) if way_back else (MOVE, step):
        both.AddTransform(part)
    return both


def test_a_composite_with_a_deformation_is_judged_both_ways(pair):
    assert require_direction(bent(way_back=False), *pair) == ()
    with pytest.raises(RegistrationError, match=WRONG_WAY):
        require_direction(bent(way_back=True), *pair)


def test_a_transform_out_of_the_prior_ct_that_fits_inverted_says_so():
    far = phantom.rigid((0.0, 0.0, 0.0), (0.0, 0.0, 500.0))
    prior = phantom.render(phantom.grid(shift=(0.0, 0.0, 500.0)), moved(far.GetInverse()))
    reference = phantom.render(phantom.grid())
    with pytest.raises(RegistrationError, match="as given it leads out of the prior CT"):
        require_direction(far.GetInverse(), reference, prior)


@pytest.mark.parametrize("shift", [(0.0, 0.0, 0.0), (2.0, -2.0, 2.0)])
def test_small_movements_and_none_are_not_refused_either_way(shift):
    small = phantom.rigid((0.5, 0.0, -0.5), shift)
    images = phantom.render(phantom.grid(), moved(small)), phantom.render(phantom.grid())
    for transform in (small, small.GetInverse(), sitk.Transform(3, sitk.sitkIdentity)):
        assert require_direction(transform, *images) == ()


def test_another_patient_is_not_taken_for_a_wrong_direction(pair):
    assert require_direction(MOVE, chest(pair[0].grid), pair[1]) == ()


@pytest.mark.parametrize("missing", [0, 1])
def test_without_a_ct_the_direction_is_said_to_be_untested(pair, tmp_path, missing):
    images = [None if n == missing else image for n, image in enumerate(pair)]
    (said,) = register(*images, of_file(MOVE, tmp_path)).warnings
    assert "was not tested: a course has no CT" in said
    assert register(*images, "identity").warnings == ()


def test_a_field_finer_than_8_mm_is_judged_the_same(pair):
    fine = phantom.grid((112, 84, 76), spacing=4.0, shift=(4.0, -3.0, 22.0))
    assert require_direction(field_of(MOVE, fine), *pair) == ()
    with pytest.raises(RegistrationError, match=WRONG_WAY):
        require_direction(field_of(MOVE.GetInverse(), fine), *pair)
