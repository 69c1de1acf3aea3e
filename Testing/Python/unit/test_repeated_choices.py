"""The record of a run names the transform where its choices would make another one."""

from dataclasses import replace

import pytest
import synthetic_courses as made
from ReirradiationCore.case import Case
from ReirradiationCore.pipeline_data import RegisteredCourse
from ReirradiationCore.registration import engine_name
from ReirradiationCore.registration_choice import RegistrationChoice
from ReirradiationCore.registration_result import RegistrationResult
from ReirradiationCore.repeated_choices import repeating_case, starts_to_keep

COURSES = tuple(made.course(name, [], []) for name in ("prior-1", "prior-2", "planned"))
OWN = {"prior-1": RegistrationChoice(smoothness=2.0), "*": RegistrationChoice(diffeomorphic=True)}
FILE = "transforms/prior-1.h5"


def registered(mode, engine, **parameters):
    result = RegistrationResult(mode, engine, made.shift(3), made.shift(2), parameters=parameters)
    return {"prior-1": RegisteredCourse("prior-1", result, {})}


@pytest.mark.parametrize(
    ("asked", "mode", "engine"),
    [
        ("auto", "identity", "none"),
        ("identity", "identity", "none"),
        ("auto", "deformable", engine_name()),
        ("rigid", "rigid", engine_name()),
        ("/x/my.h5", "file", "file my.h5"),
        ("/x/reg.dcm", "file", "DICOM Spatial Registration reg.dcm"),
        ("tps", "file", "DICOM Spatial Registration reg.dcm"),
    ],
)
def test_choices_that_make_the_registration_stay_as_they_are(asked, mode, engine):
    case = Case(registration={"prior-1": asked}, registration_options=OWN)
    assert repeating_case(case, COURSES, registered(mode, engine)) == case
    assert starts_to_keep(case, COURSES, registered(mode, engine)) == {}


@pytest.mark.parametrize(
    ("asked", "mode", "engine"),
    [
        ("auto", "rigid", "transform 'by hand' of the scene"),
        ("deformable", "file", "General Registration (BRAINS)"),
        ("auto", "file", "DICOM Spatial Registration reg.dcm"),
        ("deformable", "rigid", engine_name()),
        ("/x/my.h5", "file", "file not my.h5"),
        ("/x/my.h5", "rigid", "transform 'my.h5' of the scene"),
        ("tps", "rigid", engine_name()),
    ],
)
def test_another_registration_is_the_transform_beside_the_record(asked, mode, engine):
    case = Case(registration={"*": "auto", "prior-1": asked}, registration_options=OWN)
    found = repeating_case(case, COURSES, registered(mode, engine))
    assert found.registration == {"*": "auto", "prior-1": FILE}
    assert list(found.registration_options) == ["*"]  # own options would be refused with a file


def test_a_record_that_names_it_already_stays_as_it_is():
    case = Case(registration={"prior-1": FILE})
    assert repeating_case(case, COURSES, registered("rigid", "transform 'x' of the scene")) == case


def test_options_under_a_label_of_two_courses_stay():
    courses = [replace(one, label="Study") for one in COURSES[:2]] + [COURSES[2]]
    case = Case(registration_options={"Study": RegistrationChoice(smoothness=2.0)})
    found = repeating_case(case, courses, registered("file", "General Registration (BRAINS)"))
    assert found.registration_options == case.registration_options


def test_a_start_given_by_hand_becomes_a_file_and_the_options_stay():
    case = Case(registration_options=OWN)
    match = registered("deformable", engine_name(), start="the given transform")
    found = repeating_case(case, COURSES, match)
    assert found.registration_of("prior-1") == "deformable"
    own = found.registration_choice("prior-1")
    assert (own.start, own.refine_start) == ("transforms/prior-1_start.h5", False)
    assert own.smoothness == 2.0
    (name, rigid), *_ = starts_to_keep(case, COURSES, match).items()
    assert name == "prior-1_start"
    assert rigid.TransformPoint((0.0, 0.0, 0.0)) == (2.0, 0.0, 0.0)


def test_own_options_of_the_deformable_step_go_where_the_rigid_map_was_kept():
    case = Case(registration={"prior-1": "deformable"}, registration_options=OWN)
    match = registered("rigid", engine_name(), start="the given transform")
    found = repeating_case(case, COURSES, match)
    assert found.registration_of("prior-1") == "rigid"
    own = found.registration_choice("prior-1")
    assert own.start == "transforms/prior-1_start.h5"
    assert own.smoothness == RegistrationChoice().smoothness


def test_a_start_that_a_file_of_the_choices_gave_stays_that_file():
    case = Case(registration_options={"*": RegistrationChoice(start="/x/start.tfm")})
    match = registered("deformable", engine_name(), start="the given transform")
    assert repeating_case(case, COURSES, match) == case
