"""Transforms of the user: evaluated where they are shown, and never deleted by the program."""

import json

import numpy as np
import pytest

slicer = pytest.importorskip("slicer")

import vtk  # noqa: E402
from planning import CASE, Planning, moved_by  # noqa: E402
from ReirradiationCore.errors import RefusedError  # noqa: E402
from ReirradiationPlannerLib.SceneNames import SceneNames  # noqa: E402
from test_system_registration import session_of  # noqa: E402
from three_courses import save_two_priors  # noqa: E402
from two_courses import make_courses, save_courses  # noqa: E402


@pytest.fixture
def a_planning(a_host, tmp_path):
    return Planning(a_host, save_courses(tmp_path / "case", make_courses()))


def nested(planning, outer_mm, inner_mm=0.0):
    """Transform under another one; together they move by the sum."""
    outer, inner = (moved_by(planning.scene, mm) for mm in (outer_mm, inner_mm))
    outer.SetName("outer")
    inner.SetAndObserveTransformNodeID(outer.GetID())
    return inner


def prior_dose(planning):
    """Mapped prior dose of the bladder, and z of its points."""
    doses = planning.logic.sampleDoses(planning.found, CASE).doses[1]
    return doses.priors["prior-1"].physical(), doses.samples.points_lps[:, 2]


def shift_of(node):
    matrix = vtk.vtkMatrix4x4()
    node.GetMatrixTransformToParent(matrix)
    return matrix.GetElement(2, 3)


def move(node, shift_mm):
    matrix = vtk.vtkMatrix4x4()
    matrix.SetElement(2, 3, shift_mm)
    node.SetMatrixTransformToParent(matrix)


def is_there(planning, node):
    return planning.scene.IsNodePresent(node)


def is_plain(node):
    """No attribute says that it is a registration, none that it is approved."""
    names = (SceneNames.REGISTRATION, SceneNames.QUALITY_INPUTS, SceneNames.ASKED_FOR)
    return all(node.GetAttribute(name) is None for name in (*names, SceneNames.APPROVAL))


# --- a transform under another one --------------------------------------------------------------


def test_a_transform_under_another_is_not_taken_until_it_is_hardened(a_planning):
    """Prior dose 20 - 0.3 z; shown up by 3 mm it is 20 - 0.3 (z - 3) on the planning CT."""
    inner = nested(a_planning, 3.0)
    with pytest.raises(RefusedError, match=r"'by hand' is itself under .*'outer'.*harden"):
        a_planning.logic.useTransform(a_planning.found, "prior-1", inner, CASE)
    assert is_plain(inner)
    inner.HardenTransform()
    a_planning.logic.useTransform(a_planning.found, "prior-1", inner, CASE)
    dose, z = prior_dose(a_planning)
    np.testing.assert_allclose(dose, 20 - 0.3 * (z - 3.0), atol=1e-3)


def test_a_transform_under_one_that_moves_nothing_is_taken(a_planning):
    inner = nested(a_planning, 0.0, 3.0)
    a_planning.logic.useTransform(a_planning.found, "prior-1", inner, CASE)
    dose, z = prior_dose(a_planning)
    np.testing.assert_allclose(dose, 20 - 0.3 * (z - 3.0), atol=1e-3)


def test_a_registration_put_under_another_transform_is_not_evaluated(a_planning):
    logic, node = a_planning.logic, a_planning.transform
    shown = a_planning.show()
    outer = moved_by(a_planning.scene, 3.0)
    node.SetAndObserveTransformNodeID(outer.GetID())
    assert logic.registrationRecord(node, a_planning.found)["current"] is False
    assert logic.registrationRecord(node)["current"] is False
    with pytest.raises(RefusedError, match=r"prior-1: .* is itself under the transform 'by hand'"):
        logic.sampleDoses(a_planning.found, CASE)
    with pytest.raises(RefusedError, match="is itself under the transform"):
        logic.approveRegistration(node, "A. Physicist")
    assert not a_planning.state(shown).isCurrent
    node.SetAndObserveTransformNodeID(None)
    assert a_planning.state(shown).isCurrent


# --- nothing of the user is deleted -------------------------------------------------------------


def test_registering_again_leaves_the_transform_of_the_user(a_planning):
    logic, found = a_planning.logic, a_planning.found
    mine = moved_by(a_planning.scene, 1.0)
    logic.useTransform(found, "prior-1", mine, CASE)
    logic.approveRegistration(mine, "A. Physicist")
    logic.showOnReference(found, "prior-1", True)
    node = logic.registerCourse(found, "prior-1", CASE)
    assert is_there(a_planning, mine)
    assert is_plain(mine)
    assert shift_of(mine) == 1.0
    assert found.byId("prior-1").transformNode is node
    assert found.byId("prior-1").imageNode.GetParentTransformNode() is node


def test_taking_another_transform_leaves_the_first(a_planning):
    logic, found = a_planning.logic, a_planning.found
    first, second = moved_by(a_planning.scene, 1.0), moved_by(a_planning.scene, 2.0)
    logic.useTransform(found, "prior-1", first, CASE)
    logic.showOnReference(found, "prior-1", True)
    logic.useTransform(found, "prior-1", second, CASE)
    assert is_there(a_planning, first)
    assert is_plain(first)
    assert found.byId("prior-1").transformNode is second
    assert found.byId("prior-1").imageNode.GetParentTransformNode() is second
    assert not is_there(a_planning, a_planning.transform)


def test_a_registration_corrected_by_hand_is_kept_when_it_is_replaced(a_planning):
    corrected = a_planning.transform
    move(corrected, 1.0)
    a_planning.logic.registerCourse(a_planning.found, "prior-1", CASE)
    assert is_there(a_planning, corrected)
    assert is_plain(corrected)


def test_a_registration_of_a_scene_saved_earlier_is_kept_because_nobody_knows_whose_it_is(
    a_planning,
):
    earlier = a_planning.transform
    record = json.loads(earlier.GetAttribute(SceneNames.REGISTRATION))
    del record["origin"]
    earlier.SetAttribute(SceneNames.REGISTRATION, json.dumps(record))
    a_planning.logic.sampleDoses(a_planning.found, CASE)
    a_planning.logic.registerCourse(a_planning.found, "prior-1", CASE)
    assert is_there(a_planning, earlier)


def test_nodes_of_another_course_stay_under_the_transform_of_the_user(a_host, tmp_path):
    session = session_of(a_host, save_two_priors(tmp_path))
    mine = moved_by(session.scene, 0.5)
    first, second = session.priors
    for prior in (first, second):
        for node in prior.nodes:
            node.SetAndObserveTransformNodeID(mine.GetID())
    session.useTransform("prior-1", mine)
    session.register("prior-1")
    assert first.imageNode.GetParentTransformNode() is first.transformNode
    assert second.imageNode.GetParentTransformNode() is mine


# --- an evaluation makes no registration in place of one of the user -----------------------------


@pytest.fixture
def a_session(a_host, tmp_path):
    return session_of(a_host, save_courses(tmp_path, make_courses()))


def test_an_evaluation_does_not_replace_a_transform_that_was_moved_by_hand(a_session):
    session = a_session
    mine = moved_by(session.scene, 0.5)
    session.useTransform("prior-1", mine)
    session.evaluate()
    move(mine, 0.7)
    with pytest.raises(RefusedError, match="changed after it was measured"):
        session.evaluate()
    assert session.priors[0].transformNode is mine
    session.useTransform("prior-1", mine)
    session.evaluate()
    assert not session.isStale


def test_an_evaluation_registers_anew_what_was_registered_here_for_another_ct(a_session):
    session = a_session
    session.evaluate()
    image = session.found.planned.imageNode
    slicer.util.arrayFromVolume(image)[:] += 40
    slicer.util.arrayFromVolumeModified(image)
    session.evaluate()
    assert session.isRegistered(session.priors[0])
