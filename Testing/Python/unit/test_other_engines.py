"""A second engine finds a known deformation by itself, and files stand beside it."""

from dataclasses import replace

import numpy as np
import pytest
import registration_phantom as phantom
import SimpleITK as sitk
import synthetic_courses as made
from ReirradiationCore.case import Case
from ReirradiationCore.demons_registrar import DemonsRegistrar
from ReirradiationCore.errors import RefusedError, RegistrationError
from ReirradiationCore.other_engines import alternatives_of, engine_names
from ReirradiationCore.point_transforms import map_points
from ReirradiationCore.progress import silent
from ReirradiationCore.registration_result import RegistrationResult
from ReirradiationCore.uncertainty_choice import UncertaintyChoice

INSIDE = np.array([[0.0, -20.0, -25.0], [20.0, -20.0, -25.0], [0.0, 5.0, 0.0], [40.0, 0.0, 20.0]])
SIZE = 10.0


def bulge(points):
    """Where a point of the reference lies in the prior image: 10 mm forward around the bladder."""
    weight = np.exp(-(np.linalg.norm(points - np.array([0, -10, -20]), axis=1) ** 2) / (2 * 40**2))
    return points + np.stack([0 * weight, -SIZE * weight, 0 * weight], axis=1)


@pytest.fixture(scope="module")
def images():
    where = phantom.grid()
    return phantom.render(where, bulge), phantom.render(where)


def course(name, image):
    return replace(made.course(name, [], []), image=image)


def test_demons_bring_most_of_a_known_deformation_back(images):
    result = DemonsRegistrar(made.shift(0)).register(*images, silent)
    wanted = bulge(INSIDE)
    found, known = map_points(result.transform, INSIDE)
    assert known.all()
    before = np.linalg.norm(wanted - INSIDE, axis=1).mean()
    after = np.linalg.norm(wanted - found, axis=1).mean()
    assert before > 6
    assert after < before / 3
    assert result.engine.startswith("demons")
    assert len(result.log) == 3


def test_demons_start_from_the_rigid_part(images):
    moved = phantom.render(phantom.grid(shift=(30.0, 0.0, 0.0)), lambda p: p - [30.0, 0.0, 0.0])
    result = DemonsRegistrar(made.shift(30)).register(images[1], moved, silent)
    found, _ = map_points(result.transform, INSIDE)
    assert found == pytest.approx(INSIDE + np.array([30.0, 0.0, 0.0]), abs=1.0)


def test_progress_can_stop_the_engine(images):
    class StoppedError(RuntimeError):
        pass

    def stop(message, fraction=None):
        raise StoppedError(message)

    with pytest.raises(StoppedError, match="demons"):
        DemonsRegistrar(made.shift(0)).register(*images, stop)


def test_demons_need_both_cts(images):
    with pytest.raises(RegistrationError, match="CT of both"):
        DemonsRegistrar(made.shift(0)).register(images[0], None, silent)


def others(engines, images=(None, None), rigid=None):
    case = Case(uncertainty=UncertaintyChoice(engines=engines))
    result = RegistrationResult("deformable", "test", made.shift(0), rigid)
    courses = course("planned", images[0]), course("prior-1", images[1])
    return alternatives_of(result, *courses, case, silent)


def test_without_a_choice_no_other_engine_runs(images):
    assert others((), images, made.shift(0)) == {}


def test_a_file_is_for_the_course_it_names(tmp_path, images):
    path = tmp_path / "other.tfm"
    sitk.WriteTransform(made.shift(7), str(path))
    found = others((f"prior-1={path}", f"prior-2={path}"), images)
    assert list(found) == ["other.tfm"]
    assert found["other.tfm"].transform.TransformPoint((0, 0, 0)) == (7, 0, 0)


def saved(path, x):
    path.parent.mkdir(exist_ok=True)
    sitk.WriteTransform(made.shift(x), str(path))
    return path


def test_two_files_of_one_name_are_both_evaluated_and_told_apart(tmp_path, images):
    files = [saved(tmp_path / folder / "t.tfm", x) for folder, x in (("mim", 2), ("velocity", 20))]
    found = others(tuple(f"prior-1={path}" for path in files), images)
    places = {name: one.transform.TransformPoint((0, 0, 0))[0] for name, one in found.items()}
    assert places == {"mim/t.tfm": 2, "velocity/t.tfm": 20}


def test_one_file_given_twice_is_refused(tmp_path, images):
    path = saved(tmp_path / "a" / "t.tfm", 2)
    twice = (f"prior-1={path}", f"prior-1={tmp_path / 'a' / '..' / 'a' / 't.tfm'}")
    with pytest.raises(RefusedError, match=r"prior-1: uncertainty\.engines names .*t\.tfm twice"):
        others(twice, images)


@pytest.mark.parametrize("name", ["demons", "rigid", "deformable"])
def test_a_file_never_has_the_name_of_another_map_of_the_course(name):
    uncertainty = UncertaintyChoice(engines=("demons", f"prior-1=mim/{name}"))
    names = engine_names(Case(uncertainty=uncertainty), "prior-1")
    assert names == {"demons": "demons", f"mim/{name}": f"mim/{name}"}


def test_demons_without_what_they_need_are_refused(images):
    with pytest.raises(RefusedError, match="needs the rigid part"):
        others(("demons",), images)
    with pytest.raises(RefusedError, match="needs a CT"):
        others(("demons",), (images[0], None), made.shift(0))


def test_demons_are_judged_like_any_other_registration(images):
    found = others(("demons",), images, made.shift(0))["demons"]
    assert found.parameters["body_dice"] > 0.9
