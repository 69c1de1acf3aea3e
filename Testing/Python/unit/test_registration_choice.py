"""Options of the registration are read, written, refused one by one, and reach the engine."""

import json
from dataclasses import replace

import numpy as np
import pytest
import SimpleITK as sitk
from ReirradiationCore.case import Case
from ReirradiationCore.case_file import case_from_json, case_to_json, read_case
from ReirradiationCore.courses import Course, CourseRole, Patient, Structure, StructureKind
from ReirradiationCore.errors import RefusedError, RegistrationError
from ReirradiationCore.registration_choice import RegistrationChoice, with_option
from ReirradiationCore.registration_setup import with_options

MARK = {"name": "S1", "reference_lps": [1.0, 2.0, 3.0], "prior_lps": [4.0, 5.0, 6.0]}
FULL = {
    "start": "landmarks",
    "start_landmarks": [MARK],
    "guide": ["Bladder"],
    "leave_out": ["Rectum"],
    "diffeomorphic": True,
    "smoothness": 2.0,
    "spacing_mm": 3.0,
    "fine_around": ["*"],
    "fine_mm": 1.0,
}


def test_a_case_file_comes_back_as_it_was():
    case = case_from_json({"registration_options": {"prior-1": FULL, "*": {}}})
    assert case_to_json(case)["registration_options"] == {"prior-1": FULL, "*": {}}
    again = case_from_json({"registration_options": case_to_json(case)["registration_options"]})
    assert again.registration_options == case.registration_options


def test_the_schema_knows_every_option(tmp_path):
    path = tmp_path / "case.json"
    path.write_text(json.dumps({"schema_version": 1, "registration_options": {"*": FULL}}))
    assert read_case(path).registration_choice("prior-7").guide == ("Bladder",)


def test_the_own_options_of_a_course_go_before_those_of_all():
    case = case_from_json({"registration_options": {
        "*": {"smoothness": 2.0}, "PROST74": {"smoothness": 3.0}, "prior-2": {"smoothness": 4.0},
    }})  # fmt: skip
    assert case.registration_choice("prior-1").smoothness == 2.0
    assert case.registration_choice("prior-1", "PROST74").smoothness == 3.0
    assert case.registration_choice("prior-2", "PROST74").smoothness == 4.0


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"stiffness": 2}, r"\['stiffness'\] of prior-1 are not known"),
        ({"smoothness": 0.1}, "smoothness is 0.1; give 0.2 to 20"),
        ({"smoothness": float("nan")}, "smoothness is nan"),
        ({"spacing_mm": 8}, "spacing_mm is 8; give 1 to 5"),
        ({"fine_mm": 0.2}, "fine_mm is 0.2; give 0.8 to 2"),
        ({"leave_out": ["Rectum"]}, "guide is empty"),
        ({"start": "landmarks"}, "there are no start_landmarks"),
        ({"fine_mm": 1.0}, "fine_mm is 1, but fine_around is empty"),
        ({"start": "bone", "start_landmarks": [MARK]}, "start_landmarks .* with start 'bone'"),
        ({"start": "a.tfm", "start_landmarks": [MARK]}, r"no effect with start 'a\.tfm'"),
        ({"refine_start": False}, "start names no file"),
        ({"start_landmarks": [{"name": "S1"}]}, "are missing"),
    ],
)
def test_what_means_nothing_is_refused(content, said):
    with pytest.raises(RefusedError, match=said):
        RegistrationChoice.from_json(content, "prior-1")


def test_the_command_line_sets_options_of_all_courses_or_of_one():
    choices = with_option({}, "guide=Bladder,Rectum")
    choices = with_option(choices, "prior-2:diffeomorphic=true")
    choices = with_option(choices, "prior-2:fine_mm=1.5", "prior-2:fine_around=*")
    assert choices["*"].guide == choices["prior-2"].guide == ("Bladder", "Rectum")
    assert (choices["*"].diffeomorphic, choices["prior-2"].diffeomorphic) == (False, True)
    assert choices["prior-2"].fine_mm == 1.5


def test_the_order_of_options_on_the_command_line_does_not_matter():
    texts = ("prior-2:smoothness=2", "guide=*", "prior-2:leave_out=Rectum", "diffeomorphic=true")
    assert with_option({}, *texts) == with_option({}, *reversed(texts))
    own = with_option({}, *texts)["prior-2"]
    assert (own.guide, own.leave_out, own.diffeomorphic) == (("*",), ("Rectum",), True)


COMMON = {"guide": ["*"], "leave_out": ["Rectum"], "diffeomorphic": True, "start": "bone"}


def test_a_course_is_as_all_where_it_chooses_nothing_itself():
    options = {"*": COMMON, "prior-1": {"smoothness": 2.0}}
    own = case_from_json({"registration_options": options}).registration_choice("prior-1")
    assert own == RegistrationChoice.from_json({**COMMON, "smoothness": 2.0}, "prior-1")


def test_a_course_may_take_back_what_is_chosen_for_all():
    options = {"*": COMMON, "prior-1": {"guide": [], "start": "auto"}}
    case = case_from_json({"registration_options": options})
    own = case.registration_choice("prior-1")
    assert (own.guide, own.leave_out, own.start, own.diffeomorphic) == ((), (), "auto", True)
    again = case_from_json({"registration_options": case_to_json(case)["registration_options"]})
    assert again.registration_options == case.registration_options


@pytest.mark.parametrize(
    ("common", "own"),
    [
        ({"fine_around": ["*"], "fine_mm": 1.0}, {"fine_around": []}),
        ({"start": "a.tfm", "refine_start": False}, {"start": "bone"}),
        ({"start_landmarks": [MARK]}, {"start": "bodies"}),
    ],
)
def test_what_loses_its_effect_by_the_choice_of_a_course_is_not_taken_over(common, own):
    case = case_from_json({"registration_options": {"*": common, "prior-1": own}})
    wanted = RegistrationChoice.from_json(own, "prior-1")
    assert case.registration_choice("prior-1") == wanted
    again = case_from_json({"registration_options": case_to_json(case)["registration_options"]})
    assert again.registration_choice("prior-1") == wanted


@pytest.mark.parametrize(
    "text", ["guide", ":guide=Bladder", "stiff=2", "diffeomorphic=yes", "smoothness=much", "start="]
)
def test_options_that_cannot_be_read_are_refused(text):
    with pytest.raises(RefusedError, match="registration_options: "):
        with_option({}, text)


def structure(name, kind=StructureKind.OAR):
    loop = np.array([[0.0, 0, 0], [9, 0, 0], [9, 9, 0], [0, 9, 0]])
    return Structure(1, name, tuple(loop + np.array([0, 0, z]) for z in (0.0, 3.0)), kind=kind)


def course(role, label, *structures):
    return Course(f"{role.value}-1", role, label, Patient("1"), (), structures)


PLANNED = course(
    CourseRole.PLANNED, "NODE", structure("Bladder"), structure("Rectum"),
    structure("PTV_30", StructureKind.TARGET),
)  # fmt: skip
PRIOR = course(CourseRole.PRIOR, "PROST", structure("Bladder"), structure("Rectum"))


def engine(mode="deformable", **options):
    case = replace(Case(), registration_options={"*": RegistrationChoice(**options)})
    return with_options(mode, PRIOR, PLANNED, case)


def test_options_reach_the_engine():
    made = engine(guide=("*",), leave_out=("Rectum",), smoothness=3.0, spacing_mm=2.5)
    assert [organ.name for organ in made.guidance] == ["Bladder"]
    assert made.options.curvature == pytest.approx(3 * engine().options.curvature)
    assert made.options.spacing_mm == 2.5
    assert engine(diffeomorphic=True).options.diffeomorphic
    assert engine(start="bone").starts.kind == "bone"


def test_a_rigid_registration_takes_the_start_and_nothing_of_the_deformation():
    made = engine("rigid", guide=("*",), fine_around=("*",), start="bodies")
    assert (made.deformable, made.guidance, made.region) == (False, (), None)
    assert made.starts.kind == "bodies"


def test_options_without_effect_on_a_rigid_registration_are_warned_of():
    assert engine("rigid", smoothness=2.0, diffeomorphic=True).remarks == (
        "registered rigidly: registration_options smoothness, diffeomorphic had no effect",
    )
    assert engine("rigid", start="bodies").remarks == ()
    assert engine("deformable", smoothness=2.0).remarks == ()


@pytest.mark.parametrize(
    "options",
    [
        {"guide": ("*",)}, {"fine_around": ("*",)}, {"smoothness": 2.0},
        {"spacing_mm": 2.5}, {"diffeomorphic": True},
    ],
)  # fmt: skip
@pytest.mark.parametrize("name", ["prior-1", "PROST"])
def test_a_course_with_options_of_its_own_without_effect_is_refused(options, name):
    case = replace(Case(), registration_options={name: RegistrationChoice(**options)})
    with pytest.raises(RefusedError, match=f"{next(iter(options))} have no effect"):
        with_options("rigid", PRIOR, PLANNED, case)
    assert with_options("deformable", PRIOR, PLANNED, case).remarks == ()


def test_a_course_with_a_start_of_its_own_may_be_rigid():
    own = replace(Case(), registration_options={"prior-1": RegistrationChoice(start="bone")})
    assert with_options("rigid", PRIOR, PLANNED, own).starts.kind == "bone"


def test_a_start_of_its_own_beside_the_options_of_all_courses_is_not_refused():
    common = {"*": RegistrationChoice(smoothness=2.0)}
    case = replace(Case(), registration_options=with_option(common, "prior-1:start=bone"))
    assert case.registration_options["prior-1"].smoothness == 2.0
    made = with_options("rigid", PRIOR, PLANNED, case)
    assert made.starts.kind == "bone"
    assert made.remarks == ("registered rigidly: registration_options smoothness had no effect",)


def test_an_option_that_differs_from_those_of_all_courses_is_refused():
    options = {
        "*": RegistrationChoice(smoothness=2.0),
        "prior-1": RegistrationChoice(spacing_mm=3.0),
    }
    case = replace(Case(), registration_options=options)
    with pytest.raises(RefusedError, match="registration_options spacing_mm have no effect"):
        with_options("rigid", PRIOR, PLANNED, case)


def test_the_region_is_around_the_structures_named_or_all_targets():
    assert [s.name for s in engine(fine_around=("*",)).region.structures] == ["PTV_30"]
    both = engine(fine_around=("*", "rectum"), fine_mm=1.0).region
    assert [s.name for s in both.structures] == ["Rectum", "PTV_30"]
    assert both.spacing_mm == 1.0
    with pytest.raises(RefusedError, match=r"no Liver in the planned course \(Bladder, Rectum"):
        engine(fine_around=("Liver",))


def test_a_start_from_a_file_is_read_and_kept_if_wished(tmp_path):
    path = tmp_path / "start.tfm"
    sitk.WriteTransform(sitk.TranslationTransform(3, (1.0, 2.0, 3.0)), str(path))
    made = engine(start=str(path), refine_start=False)
    assert made.start.TransformPoint((0.0, 0.0, 0.0)) == (1.0, 2.0, 3.0)
    assert not made.refine
    with pytest.raises(RegistrationError, match=r"gone\.tfm does not exist"):
        engine(start=str(tmp_path / "gone.tfm"))


def test_options_of_a_course_without_a_registration_of_ours_are_refused():
    own = replace(Case(), registration_options={"prior-1": RegistrationChoice(smoothness=2.0)})
    with pytest.raises(RefusedError, match="have no effect"):
        with_options("identity", PRIOR, PLANNED, own)
    assert engine("identity", smoothness=2.0) == "identity"
