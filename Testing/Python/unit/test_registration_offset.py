"""An offset of the HU of one CT is taken off and told; HU that stay unlike deform nothing."""

import numpy as np
import pytest
import registration_phantom as phantom
import SimpleITK as sitk
from ReirradiationCore.body_mask import body_mask
from ReirradiationCore.built_in_registrar import BuiltInRegistrar
from ReirradiationCore.courses import Structure
from ReirradiationCore.deformable_steps import DeformableOptions
from ReirradiationCore.fine_region import FineRegion
from ReirradiationCore.grids import Volume
from ReirradiationCore.point_transforms import map_points
from ReirradiationCore.registration import register
from ReirradiationCore.registration_deformable import register_deformable
from ReirradiationCore.registration_guidance import GuidedOrgan

STILL = phantom.rigid((0.0, 0.0, 0.0), (0.0, 0.0, 0.0))
QUICK = DeformableOptions(iterations=(6, 5))


def truth(points):
    return points + phantom.bump(points)


@pytest.fixture(scope="module")
def pair():
    return phantom.render(phantom.grid(), truth), phantom.render(phantom.grid())


def brighter(image, hu):
    return Volume(image.array + np.float32(hu), image.grid)


def half_contrast(image):
    """The CT of a wrong rescale slope: fat 50 HU, muscle 122 HU, air -400 HU."""
    return Volume(image.array * np.float32(0.5) + 100, image.grid)


def match_of(reference, prior):
    bodies = body_mask(reference), body_mask(prior)
    return register_deformable(reference, prior, STILL, bodies, options=QUICK)


def mean_error(match, reference):
    points = reference.grid.centers_lps()
    inside = (reference.array.ravel() > -200) & (np.abs(points[:, 2]) < 80)
    field = sitk.DisplacementFieldTransform(sitk.Image(match.field))
    mapped, known = map_points(field, points[inside])
    assert known.all()
    return float(np.linalg.norm(mapped - truth(points[inside]), axis=1).mean())


@pytest.fixture(scope="module")
def plain_mm(pair):
    return mean_error(match_of(*pair), pair[0])


@pytest.mark.parametrize("offset_hu", [-90.0, -60.0, 60.0, 90.0])
def test_an_offset_of_the_prior_ct_changes_the_deformation_little(pair, plain_mm, offset_hu):
    match = match_of(pair[0], brighter(pair[1], offset_hu))
    assert plain_mm < 1.0
    assert mean_error(match, pair[0]) < plain_mm + 0.2
    (warning,) = match.warnings
    side = "above" if offset_hu > 0 else "below"
    assert f"{side} those of the reference CT" in warning
    told = float(warning.split(" lie ")[1].split(" HU")[0])
    assert told == pytest.approx(abs(offset_hu), abs=4.0)
    assert "the prior CT was moved" in warning
    assert "check rescale slope, intercept and calibration" in warning
    assert match.log[0] == warning


def test_an_offset_of_the_reference_ct_is_taken_off_there(pair, plain_mm):
    match = match_of(brighter(pair[0], 90.0), pair[1])
    assert mean_error(match, pair[0]) < plain_mm + 0.2
    assert "the reference CT was moved" in match.warnings[0]


def test_hu_that_stay_unlike_keep_the_rigid_map_and_say_so(pair):
    match = match_of(pair[0], half_contrast(pair[1]))
    assert not match.bent
    assert not sitk.GetArrayFromImage(match.field).any()
    assert match.stop_reason.startswith("no deformation: the HU of the CTs differ all over")
    assert "nothing was deformed, the rigid map is kept" in match.warnings[0]


def test_the_result_of_a_map_that_was_not_bent_is_rigid_and_guided_by_no_organ(pair):
    square = np.array([(-20.0, -40.0), (20.0, -40.0), (20.0, 0.0), (-20.0, 0.0)])
    loops = tuple(np.column_stack([square, np.full(4, z)]) for z in (-45.0, -5.0))
    organ = Structure(1, "Bladder", loops)
    engine = BuiltInRegistrar(
        start=STILL, refine=False, options=QUICK,
        guidance=(GuidedOrgan("Bladder", organ, organ),), region=FineRegion((organ,), 2.5),
    )  # fmt: skip
    result = register(pair[0], half_contrast(pair[1]), engine, lambda *_: None)
    assert result.mode == "rigid"
    assert result.guided == ()
    assert "rigid map is kept" in result.stop_reason
    assert any("nothing was deformed" in warning for warning in result.warnings)
    points = np.array([[10.0, -20.0, -25.0], [60.0, 0.0, 30.0]])
    assert map_points(result.transform, points)[0] == pytest.approx(points)


def test_a_body_cut_by_the_field_of_view_is_warned_of_in_the_result(pair):
    outside = np.hypot(*pair[1].grid.centers_lps()[:, :2].T).reshape(pair[1].array.shape) > 110
    cut = Volume(np.where(outside, np.float32(-1024), pair[1].array), pair[1].grid)
    engine = BuiltInRegistrar(deformable=False, start=STILL, refine=False)
    result = register(pair[0], cut, engine, lambda *_: None)
    assert any("field of view of the prior CT cuts the body" in w for w in result.warnings)
