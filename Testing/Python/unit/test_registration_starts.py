"""Every start is what it says, and a CT turned by half a turn is refused, not matched."""

import numpy as np
import pytest
import registration_phantom as phantom
import SimpleITK as sitk
from ReirradiationCore.errors import RegistrationError
from ReirradiationCore.grids import Volume
from ReirradiationCore.landmarks import Landmark
from ReirradiationCore.registration_rigid import register_rigid
from ReirradiationCore.registration_starts import StartChoice, as_rigid, landmark_start

CENTER = np.array([3.0, -4.0, 5.0])
POINTS = np.array([[-85.0, 10, -30], [85, 10, -30], [-75, 25, 40], [0, 62, 20]])
MOVE = phantom.rigid((5.0, -3.0, 8.0), (40.0, -25.0, 30.0))


def marks(points, move=MOVE, off=(0.0, 0.0, 0.0)):
    ends = [np.array(move.TransformPoint(p)) + off for p in points.tolist()]
    pairs = enumerate(zip(points, ends, strict=True))
    return tuple(Landmark(f"mark {n}", tuple(p), tuple(q)) for n, (p, q) in pairs)


def test_exact_landmarks_give_back_the_rigid_transform():
    start = landmark_start(marks(POINTS), CENTER)
    for point in np.eye(3) * 50.0:
        expected = MOVE.TransformPoint(point.tolist())
        assert start.transform.TransformPoint(point.tolist()) == pytest.approx(expected, abs=1e-6)
    assert start.name == "4 landmarks (misfit 0.0 mm)"


def test_landmarks_of_a_mirror_image_still_give_a_rotation():
    mirror = sitk.AffineTransform([-1, 0, 0, 0, 1, 0, 0, 0, 1], (0, 0, 0))
    here = np.array([[0.0, 0, 0], [20, 0, 0], [0, 18, 0], [0, 0, 19], [5, 6, 7]])
    start = landmark_start(marks(here, mirror), CENTER)
    matrix = np.array(start.transform.GetMatrix()).reshape(3, 3)
    assert np.linalg.det(matrix) == pytest.approx(1.0)
    assert "misfit 0.0" not in start.name


def test_two_landmarks_are_refused():
    with pytest.raises(RegistrationError, match="2 landmarks do not fix a rigid transform"):
        landmark_start(marks(POINTS[:2]), CENTER)


def test_landmarks_on_a_line_are_refused_with_their_spread():
    line = np.outer(np.arange(4.0), [10.0, 20.0, 5.0])
    with pytest.raises(RegistrationError, match=r"on one line \(spread of 0\.0 mm"):
        landmark_start(marks(line), CENTER)


def test_a_swapped_landmark_is_refused_by_name():
    good = marks(POINTS)
    wrong = (*good[:3], Landmark("swapped", good[3].reference_lps, (300.0, 300.0, 300.0)))
    with pytest.raises(RegistrationError, match=r"do not fit a rigid .* worst 'swapped'"):
        landmark_start(wrong, CENTER)


def test_a_transform_that_scales_is_no_start():
    with pytest.raises(RegistrationError, match=r"scales, shears or mirrors .*determinant 1\.33"):
        as_rigid(sitk.ScaleTransform(3, (1.1, 1.1, 1.1)), CENTER)


def test_a_deformation_is_no_start():
    field = sitk.DisplacementFieldTransform(sitk.Image((3, 3, 3), sitk.sitkVectorFloat64))
    with pytest.raises(RegistrationError, match="not from a DisplacementFieldTransform"):
        as_rigid(field, CENTER)


def test_a_given_transform_moves_points_as_before_whatever_its_centre():
    point = (11.0, 22.0, 33.0)
    expected = MOVE.TransformPoint(point)
    assert as_rigid(MOVE, CENTER).TransformPoint(point) == pytest.approx(expected, abs=1e-6)


def shape_without_symmetry(where, move=None):
    """Phantom with one thigh thicker and a spine behind, so that no half turn fits it."""
    points = where.centers_lps() if move is None else move(where.centers_lps())
    hu = phantom.hounsfield(points)
    x, y, z = points.T
    hu[(np.hypot(x - 60, y) < 30) & (z < -40)] = 300.0
    hu[(np.abs(x) < 20) & (np.abs(y + 45) < 8) & (z > 50)] = 600.0
    return Volume(hu.reshape(where.shape).astype(np.float32), where)


@pytest.fixture(scope="module")
def upright():
    return shape_without_symmetry(phantom.grid())


def half_turned(image, axes):
    turned = np.flip(image.array, axes)[5:]
    wider = np.pad(turned, ((0, 0), (9, 0), (12, 0)), constant_values=-1000.0)
    return Volume(wider, phantom.grid(wider.shape[::-1], shift=(40.0, 60.0, -50.0)))


@pytest.mark.parametrize(
    ("axes", "said"),
    [
        ((1, 2), r"head-feet axis \(supine against prone\)"),
        ((0, 2), r"front-back axis \(head first against feet first\)"),
        ((0, 1), "left-right axis"),
    ],
)
def test_a_prior_ct_turned_by_half_a_turn_is_refused_with_the_axis(upright, axes, said):
    with pytest.raises(RegistrationError, match=f"only after half a turn about the {said}"):
        register_rigid(upright, half_turned(upright, axes))


def test_an_upright_ct_is_not_refused(upright):
    found = register_rigid(upright, shape_without_symmetry(phantom.grid(shift=(9.0, -12.0, 15.0))))
    assert found.transform.TransformPoint((0.0, 0.0, 0.0)) == pytest.approx((0, 0, 0), abs=0.5)


@pytest.fixture(scope="module")
def moved_pair():
    matrix, offset = phantom.matrix_of(MOVE)
    reference = phantom.render(phantom.grid(), lambda p: p @ matrix.T + offset)
    return reference, phantom.render(phantom.grid(shift=(40.0, -25.0, 30.0)))


@pytest.mark.parametrize(
    ("choice", "name"),
    [
        (StartChoice("bone"), "overlap of bone"),
        (StartChoice("bodies"), "centres of the bodies"),
        (StartChoice("intensities"), "overlap of intensities"),
        (StartChoice("landmarks", marks(POINTS)), "4 landmarks (misfit 0.0 mm)"),
        (StartChoice(given=sitk.Transform(MOVE)), "the given transform"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_every_kind_of_start_ends_at_the_same_match(moved_pair, choice, name):
    match = register_rigid(*moved_pair, choice=choice)
    assert match.start == name
    assert f"best start: {name}" in match.log
    for point in POINTS.tolist():
        expected = MOVE.TransformPoint(point)
        assert match.transform.TransformPoint(point) == pytest.approx(expected, abs=1.0)


def test_landmarks_are_tried_beside_the_automatic_starts(moved_pair):
    far = marks(POINTS, off=(60.0, 0.0, 0.0))
    match = register_rigid(*moved_pair, choice=StartChoice("auto", far))
    assert any(line.startswith("start from 4 landmarks") for line in match.log)
    assert match.start != "4 landmarks (misfit 0.0 mm)"


def test_a_start_without_landmarks_is_refused(moved_pair):
    with pytest.raises(RegistrationError, match="start 'landmarks' needs three landmarks"):
        register_rigid(*moved_pair, choice=StartChoice("landmarks"))


def with_arms(image, middle):
    """Two arms with bone beside the body, ``middle`` (LPS, mm) between them."""
    x, y, _ = (image.grid.centers_lps() - np.array(middle)).T
    distance = np.minimum(np.hypot(x - 165, y), np.hypot(x + 165, y))
    image.array.ravel()[distance < 22] = 40.0
    image.array.ravel()[distance < 10] = 900.0
    return image


def test_arms_that_lie_elsewhere_do_not_pull_the_match():
    matrix, offset = phantom.matrix_of(phantom.rigid())
    size, shift = (84, 48, 40), (9.0, -12.0, 15.0)
    moved = phantom.render(phantom.grid(size), lambda p: p @ matrix.T + offset)
    reference = with_arms(moved, (0.0, -30.0, 0.0))
    prior = with_arms(phantom.render(phantom.grid(size, shift=shift)), (9.0, 28.0, 15.0))
    match = register_rigid(reference, prior)
    for point in POINTS.tolist():
        expected = phantom.rigid().TransformPoint(point)
        assert match.transform.TransformPoint(point) == pytest.approx(expected, abs=0.6)
