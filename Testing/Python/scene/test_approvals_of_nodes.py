"""An approval holds for one transform between two images of two courses, and says when not."""

import json

import pytest

slicer = pytest.importorskip("slicer")

import numpy as np  # noqa: E402
import SimpleITK as sitk  # noqa: E402
import vtk  # noqa: E402
from planning import CASE, Planning, moved_by  # noqa: E402
from ReirradiationCore.errors import RefusedError  # noqa: E402
from ReirradiationPlannerLib.RegistrationNodes import RegistrationNodes  # noqa: E402
from ReirradiationPlannerLib.SceneNames import SceneNames  # noqa: E402
from test_system_registration import session_of  # noqa: E402
from three_courses import save_two_priors  # noqa: E402
from two_courses import make_courses, said, save_courses  # noqa: E402


@pytest.fixture
def a_planning(a_host, tmp_path):
    return Planning(a_host, save_courses(tmp_path / "case", make_courses()))


def approved(planning, shift_mm=0.5):
    """Transform of the user, taken as the registration and approved."""
    node = moved_by(planning.scene, shift_mm)
    planning.logic.useTransform(planning.found, "prior-1", node, CASE)
    planning.logic.approveRegistration(node, "A. Physicist", "bones match")
    return node


def change_ct(planning):
    image = planning.found.planned.imageNode
    slicer.util.arrayFromVolume(image)[:] += 40
    slicer.util.arrayFromVolumeModified(image)
    planning.found = planning.find()


def move(node, shift_mm):
    matrix = vtk.vtkMatrix4x4()
    matrix.SetElement(2, 3, shift_mm)
    node.SetMatrixTransformToParent(matrix)


def as_saved_earlier(node):
    """Leave of an approval what versions without images and courses kept."""
    content = json.loads(node.GetAttribute(SceneNames.APPROVAL))
    kept = {key: content[key] for key in ("name", "date", "comment", "transform")}
    node.SetAttribute(SceneNames.APPROVAL, json.dumps(kept))


def approval_of(planning, node):
    return planning.logic.registrationRecord(node, planning.found)["approval"]


def test_a_transform_taken_again_for_the_same_images_stays_approved(a_planning):
    node = approved(a_planning)
    a_planning.logic.useTransform(a_planning.found, "prior-1", node, CASE)
    assert approval_of(a_planning, node)["name"] == "A. Physicist"
    match = a_planning.logic.registered(a_planning.found)["prior-1"]
    assert match.approved_by == "A. Physicist"
    assert not said(match.result.warnings, "void")


def test_a_transform_taken_again_for_another_ct_is_not_approved_and_says_so(a_planning):
    node = approved(a_planning)
    change_ct(a_planning)
    assert approval_of(a_planning, node) is None
    a_planning.logic.useTransform(a_planning.found, "prior-1", node, CASE)
    record = a_planning.logic.registrationRecord(node, a_planning.found)
    assert (record["current"], record["approval"]) == (True, None)
    assert "other images" in record["approval_void"]
    match = a_planning.logic.registered(a_planning.found)["prior-1"]
    assert match.approved_by is None
    assert said(match.result.warnings, "prior-1", "void", "other images", "approve it again")
    assert a_planning.logic.withApprovals(a_planning.found, CASE).approvals == {}


def test_an_approval_of_another_transform_is_void_and_says_so(a_planning):
    node = approved(a_planning)
    move(node, 0.7)
    a_planning.logic.useTransform(a_planning.found, "prior-1", node, CASE)
    record = a_planning.logic.registrationRecord(node, a_planning.found)
    assert record["approval"] is None
    assert "another transform" in record["approval_void"]


def test_an_approval_of_a_scene_saved_earlier_is_void_and_says_so(a_planning):
    node = approved(a_planning)
    as_saved_earlier(node)
    record = a_planning.logic.registrationRecord(node, a_planning.found)
    assert record["approval"] is None
    assert "without the images and courses" in record["approval_void"]
    match = a_planning.logic.registered(a_planning.found)["prior-1"]
    assert match.approved_by is None
    assert said(match.result.warnings, "void", "without the images and courses")
    a_planning.logic.approveRegistration(node, "A. Physicist")
    assert approval_of(a_planning, node)["name"] == "A. Physicist"
    assert a_planning.logic.registrationRecord(node)["approval_void"] == ""


def test_no_warning_of_a_void_approval_names_the_person(a_planning):
    """Reports without names of persons carry the warnings."""
    as_saved_earlier(approved(a_planning))
    warnings = a_planning.logic.registered(a_planning.found)["prior-1"].result.warnings
    assert not said(warnings, "Physicist")


def test_the_results_say_that_the_approval_holds(a_planning):
    approved(a_planning)
    results = a_planning.logic.results(a_planning.evaluate())
    assert results["approvals"]["prior-1"]["holds"] is True
    assert results["registrations"][0]["approved_by"] == "A. Physicist"


def test_a_transform_that_was_not_measured_cannot_be_approved(a_planning):
    logic = a_planning.logic
    with pytest.raises(RefusedError, match="'by hand' is not the registration of a course"):
        logic.approveRegistration(moved_by(a_planning.scene, 1.0), "A. Physicist")
    node = moved_by(a_planning.scene, 0.5)
    logic.useTransform(a_planning.found, "prior-1", node, CASE)
    move(node, 2.0)
    with pytest.raises(RefusedError, match="changed after it was measured"):
        logic.approveRegistration(node, "A. Physicist")


@pytest.fixture
def two_priors(a_host, tmp_path):
    return session_of(a_host, save_two_priors(tmp_path))


def test_one_transform_for_two_priors_registers_both_and_approves_one(two_priors):
    session = two_priors
    node = moved_by(session.scene, 0.5)
    node.SetAttribute(SceneNames.FITTED_TO, "[[1.0, 2.0, 3.0]]")
    assert session.useTransform("prior-1", node) is node
    session.logic.approveRegistration(node, "A. Physicist", "looked at prior-1")
    copy = session.useTransform("prior-2", node)
    assert copy is not node
    first, second = session.priors
    assert session.isRegistered(first)
    assert session.isRegistered(second)
    assert session.registrationRecord(first)["approval"]["name"] == "A. Physicist"
    assert session.registrationRecord(second)["approval"] is None
    assert said(session.registrationRecord(second)["warnings"], "copy of 'by hand'")
    assert copy.GetAttribute(SceneNames.FITTED_TO) == "[[1.0, 2.0, 3.0]]"
    maps = session.logic.registered(session.found)
    ends = [maps[p.id].result.transform.TransformPoint((0.0, 0.0, 0.0)) for p in (first, second)]
    assert ends[0] == ends[1] == pytest.approx((0.0, 0.0, -0.5))


def test_taking_it_once_more_for_the_second_prior_leaves_one_copy(two_priors):
    session = two_priors
    node = moved_by(session.scene, 0.5)
    session.useTransform("prior-1", node)
    for _ in range(2):
        session.useTransform("prior-2", node)
    assert session.scene.GetNumberOfNodesByClass("vtkMRMLTransformNode") == 2


def test_a_field_for_two_priors_is_copied_exactly(two_priors):
    session = two_priors
    field = np.zeros((4, 4, 4, 3))
    field[..., 2] = np.linspace(0.0, 0.6, 4)
    image = sitk.GetImageFromArray(field, isVector=True)
    image.SetSpacing((60.0, 60.0, 60.0))
    image.SetOrigin((-90.0, -90.0, -90.0))
    bent = sitk.Transform(sitk.DisplacementFieldTransform(image))
    node = RegistrationNodes(session.scene).addTransform(bent, "by hand")
    for prior in session.priors:
        session.useTransform(prior.id, node)
    maps = session.logic.registered(session.found)
    ends = [maps[f"prior-{n}"].result.transform.TransformPoint((30.0, 0.0, 0.0)) for n in (1, 2)]
    # 0 to 0.6 mm from x = -90 to 90: 0.4 mm at 30
    assert ends[0] == ends[1] == pytest.approx((30.0, 0.0, 0.4), abs=1e-6)
