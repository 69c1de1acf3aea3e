"""Transforms that cannot be right are refused, as a start and as a registration."""

import numpy as np
import pytest
import registration_phantom as phantom
import SimpleITK as sitk
import synthetic_courses as made
from ReirradiationCore.built_in_registrar import BuiltInRegistrar
from ReirradiationCore.case import Case
from ReirradiationCore.errors import RegistrationError
from ReirradiationCore.point_transforms import read_transform
from ReirradiationCore.registration import RegistrationResult, register, register_backward
from ReirradiationCore.registration_choice import RegistrationChoice
from ReirradiationCore.registration_setup import built_in
from ReirradiationCore.registration_starts import is_rigid


def linear(matrix, shift=(0.0, 0.0, 0.0)):
    return sitk.AffineTransform(np.asarray(matrix, dtype=float).ravel().tolist(), shift)


def turn(degrees):
    return phantom.rigid((0.0, 0.0, degrees), (0.0, 0.0, 0.0))


def matrix_of_turn(degrees):
    return phantom.matrix_of(turn(degrees))[0]


def field(value=0.0):
    image = sitk.Image([5] * 3, sitk.sitkVectorFloat64, 3)
    image.SetSpacing([50.0] * 3)
    image.SetOrigin([-100.0] * 3)
    image[2, 2, 2] = (value, 0.0, 0.0)
    return sitk.DisplacementFieldTransform(image)


def steps(*transforms):
    """The first of the transforms is applied last, as in ITK."""
    composite = sitk.CompositeTransform(3)
    for one in transforms:
        composite.AddTransform(one)
    return composite


def spline_with_nan():
    spline = sitk.BSplineTransform(3)
    spline.SetTransformDomainMeshSize([2] * 3)
    spline.SetParameters([np.nan, *[0.0] * (len(spline.GetParameters()) - 1)])
    return spline


NAN = float("nan")
NOT_FINITE = {
    "NaN shift": lambda: sitk.TranslationTransform(3, (NAN, 0.0, 0.0)),
    "infinite shift": lambda: sitk.TranslationTransform(3, (float("inf"), 0.0, 0.0)),
    "NaN in a field": lambda: field(NAN),
    "NaN in a field after a turn": lambda: steps(turn(3.0), field(NAN)),
    "NaN in a B-spline": spline_with_nan,
}
NO_START = {
    "scaling 1.15": (lambda: linear(1.15 * np.eye(3)), r"off a rotation by 0\.32\d, det.* 1\.52"),
    "shear": (lambda: linear([[1, 0.1, 0], [0, 1, 0], [0, 0, 1]]), r"off a rotation by 0\.100"),
    "mirror": (lambda: linear(np.diag([-1, 1, 1])), r"determinant -1\.00"),
    "turn and scale": (lambda: linear(1.3 * matrix_of_turn(45.0)), r"determinant 2\.20"),
    "field": (field, "not from a DisplacementFieldTransform"),
    "half turn and field": (lambda: steps(turn(180.0), field()), "not from a CompositeTransform"),
}
IMPLAUSIBLE = {
    "turn and scale": (lambda: linear(1.3 * matrix_of_turn(45.0)), "turns .* by 45 degrees"),
    "turn and shear": (
        lambda: linear(matrix_of_turn(45.0) @ [[1, 0.02, 0], [0, 1, 0], [0, 0, 1]]),
        r"turns .* by 4\d degrees",
    ),
    "half turn and field": (lambda: steps(turn(180.0), field()), "turns .* by 180 degrees"),
    "two turns that add up": (
        lambda: steps(turn(20.0), field(), turn(25.0)),
        "turns .* by 45 degrees",
    ),
    "mirror and field": (
        lambda: steps(linear(np.diag([-1, 1, 1])), field()),
        r"mirrors the patient \(determinant -1\.00\)",
    ),
    "cm for mm": (lambda: linear(0.1 * np.eye(3)), "lengths of the patient by factors from 0.1"),
}


def written(tmp_path, transform):
    path = tmp_path / "given.h5"
    sitk.WriteTransform(transform, str(path))
    return path


@pytest.mark.parametrize("name", NOT_FINITE)
def test_a_file_with_numbers_that_are_not_finite_is_refused_by_name(tmp_path, name):
    path = written(tmp_path, NOT_FINITE[name]())
    with pytest.raises(RegistrationError, match=r"given\.h5 holds numbers that are not finite"):
        read_transform(path)


def test_a_field_image_with_nan_is_refused_by_name(tmp_path):
    path = tmp_path / "field.nrrd"
    sitk.WriteImage(field(NAN).GetDisplacementField(), str(path))
    with pytest.raises(RegistrationError, match=r"field\.nrrd holds numbers that are not finite"):
        read_transform(path)


@pytest.fixture(scope="module")
def image():
    return phantom.render(phantom.grid())


def registered_from(path, image, *, refine, deformable=False):
    choice = RegistrationChoice(start=str(path), refine_start=refine)
    course = made.course("prior-1", [], [])
    return register(image, image, built_in(deformable, choice, course, course, Case()))


@pytest.mark.parametrize("deformable", [False, True], ids=["rigid", "deformable"])
@pytest.mark.parametrize("refine", [False, True], ids=["as it is", "refined"])
@pytest.mark.parametrize("name", NO_START)
def test_a_start_that_is_not_rigid_is_refused(tmp_path, image, name, refine, deformable):
    make, said = NO_START[name]
    with pytest.raises(RegistrationError, match=said):
        registered_from(written(tmp_path, make()), image, refine=refine, deformable=deformable)


@pytest.mark.parametrize("refine", [False, True], ids=["as it is", "refined"])
@pytest.mark.parametrize("name", NOT_FINITE)
def test_a_start_file_that_is_not_finite_is_refused(tmp_path, image, name, refine):
    with pytest.raises(RegistrationError, match="not finite"):
        registered_from(written(tmp_path, NOT_FINITE[name]()), image, refine=refine)


@pytest.mark.parametrize("refine", [False, True], ids=["as it is", "refined"])
def test_a_start_from_elsewhere_that_is_not_finite_is_refused(image, refine):
    engine = BuiltInRegistrar(False, start=NOT_FINITE["NaN shift"](), refine=refine)
    with pytest.raises(RegistrationError, match="not finite"):
        register(image, image, engine)


def test_a_rigid_start_taken_as_it_is_moves_points_as_before_and_has_a_way_back(tmp_path, image):
    given = phantom.rigid((2.0, -3.0, 4.0), (3.0, -2.0, 5.0))
    found = registered_from(written(tmp_path, given), image, refine=False)
    back = register_backward(image, image, found)
    for point in (np.eye(3) * 60.0).tolist():
        assert found.rigid.TransformPoint(point) == pytest.approx(given.TransformPoint(point))
    assert back.mode == "rigid"


@pytest.mark.parametrize("name", IMPLAUSIBLE)
def test_a_transform_that_cannot_be_right_is_refused_without_a_ct(tmp_path, name):
    make, said = IMPLAUSIBLE[name]
    with pytest.raises(RegistrationError, match=said):
        register(None, None, written(tmp_path, make()))


class Engine:
    """An engine of another program."""

    def __init__(self, transform, rigid):
        self.transform, self.rigid = transform, rigid

    def register(self, *_):
        return RegistrationResult("deformable", "elsewhere", self.transform, self.rigid)


@pytest.mark.parametrize("name", NOT_FINITE)
def test_what_an_engine_finds_must_be_finite(name):
    with pytest.raises(RegistrationError, match="not finite"):
        register(None, None, Engine(NOT_FINITE[name](), turn(0.0)))


def test_map_and_rigid_part_are_both_judged():
    still, over = steps(turn(0.0), field()), steps(turn(180.0), field())
    for transform, rigid in ((over, turn(0.0)), (still, turn(180.0))):
        with pytest.raises(RegistrationError, match="by 180 degrees"):
            register(None, None, Engine(transform, rigid))


def test_the_angle_of_a_map_is_that_of_its_linear_steps(tmp_path):
    transform = steps(phantom.rigid((0.0, 0.0, 9.0), (1.0, 2.0, 3.0)), field())
    found = register(None, None, written(tmp_path, transform))
    assert found.parameters["rotation_deg"] == pytest.approx(9.0)
    slimmer = register(None, None, written(tmp_path, linear(0.95 * matrix_of_turn(9.0))))
    assert slimmer.parameters["rotation_deg"] == pytest.approx(9.0)


def test_only_what_turns_and_moves_is_rigid():
    assert is_rigid(phantom.rigid((2.0, -3.0, 4.0), (3.0, -2.0, 5.0)))
    assert is_rigid(steps(turn(10.0), sitk.TranslationTransform(3, (1.0, 2.0, 3.0))))
    assert not any(is_rigid(make()) for make, _ in NO_START.values())
    assert not any(is_rigid(make()) for make in NOT_FINITE.values())
