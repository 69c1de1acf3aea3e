"""Results stay with the scene, and are current or stale with a reason."""

import json
from dataclasses import replace

import pytest

slicer = pytest.importorskip("slicer")

from planning import CASE, Planning, require_same_rows  # noqa: E402
from ReirradiationCore.case import RecoveryChoice  # noqa: E402
from ReirradiationHeadless.host import boot, read_mrb, write_mrb  # noqa: E402
from ReirradiationPlannerLib.PlannerLogic import PlannerLogic  # noqa: E402
from two_courses import make_courses, save_courses  # noqa: E402


@pytest.fixture
def a_planning(a_host, tmp_path):
    return Planning(a_host, save_courses(tmp_path / "case", make_courses()))


def test_the_result_node_refers_to_its_maps_and_carries_what_slicerrt_expects(a_planning):
    node = a_planning.show()
    parts = a_planning.logic.resultNodes(node)
    dose = parts["map:cumulative_eqd2"]
    assert dose.GetAttribute("DicomRtImport.DoseVolume") == "1"
    tree = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(a_planning.scene)
    unit = tree.GetAttributeFromItemAncestor(
        tree.GetItemByDataNode(dose), "DicomRtImport.DoseUnitName", "Study"
    )
    assert unit == "GY"
    patient = tree.GetItemAncestorAtLevel(tree.GetItemByDataNode(dose), "Patient")
    image = tree.GetItemByDataNode(a_planning.found.planned.imageNode)
    assert patient == tree.GetItemAncestorAtLevel(image, "Patient")
    assert json.loads(node.GetText())["constraints"]


def test_removing_a_result_leaves_the_scene_of_the_user(a_planning):
    before = a_planning.scene.GetNumberOfNodesByClass("vtkMRMLDisplayableNode")
    node = a_planning.show()
    a_planning.logic.removeResults(node)
    assert a_planning.scene.GetNumberOfNodesByClass("vtkMRMLDisplayableNode") == before
    assert a_planning.scene.GetNumberOfNodesByClass("vtkMRMLTextNode") == 0
    assert a_planning.find().isReady


def test_showing_again_does_not_add_nodes(a_planning):
    a_planning.show()
    count = a_planning.scene.GetNumberOfNodesByClass("vtkMRMLScalarVolumeNode")
    a_planning.show()
    assert a_planning.scene.GetNumberOfNodesByClass("vtkMRMLScalarVolumeNode") == count
    assert a_planning.scene.GetNumberOfNodesByClass("vtkMRMLTextNode") == 1


def test_a_fresh_result_is_current(a_planning):
    assert a_planning.state(a_planning.show()).isCurrent


def change_dose(planning):
    node = planning.found.byId("prior-1").doseNodes[0]
    slicer.util.arrayFromVolume(node)[:] *= 1.01
    slicer.util.arrayFromVolumeModified(node)


def change_contour(planning):
    row = planning.found.planned
    segment = row.segmentationNode.GetSegmentation().GetNthSegment(1)
    points = segment.GetRepresentation("Planar contour").GetPoints()
    points.SetPoint(0, 12.0, 12.0, points.GetPoint(0)[2])


def remove_segment(planning):
    segmentation = planning.found.planned.segmentationNode.GetSegmentation()
    segmentation.RemoveSegment(segmentation.GetNthSegmentID(1))


def remove_ct(planning):
    planning.scene.RemoveNode(planning.found.planned.imageNode)


def remove_registration(planning):
    planning.scene.RemoveNode(planning.transform)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (change_dose, "dose or fractions of prior-1 was changed"),
        (change_contour, "contour of Bladder of planned was changed"),
        (remove_segment, "contour of Bladder of planned is not there"),
        (remove_ct, "planning CT"),
        (remove_registration, "registration of prior-1 is not there"),
    ],
)
def test_a_result_is_stale_after_a_change_and_says_of_what(a_planning, change, words):
    node = a_planning.show()
    change(a_planning)
    state = a_planning.state(node)
    assert not state.isCurrent
    assert any(words in reason for reason in state.reasons), state.reasons


@pytest.mark.parametrize(
    ("case", "words"),
    [
        (replace(CASE, recovery=RecoveryChoice("strider_33")), "'recovery'"),
        (replace(CASE, fractions={"PRIOR": 12}), "dose or fractions of prior-1"),
        (replace(CASE, protocols=("UMich",)), "'protocols'"),
    ],
)
def test_a_result_is_stale_after_another_choice(a_planning, case, words):
    reasons = a_planning.state(a_planning.show(), case).reasons
    assert any(words in reason for reason in reasons), reasons


def test_an_approval_makes_a_shown_result_stale_until_it_is_taken_back(a_planning):
    node = a_planning.show()
    a_planning.logic.approveRegistration(a_planning.transform, "A. Physicist")
    assert any("approvals" in reason for reason in a_planning.state(node).reasons)
    a_planning.logic.withdrawApproval(a_planning.transform)
    assert a_planning.state(node).isCurrent


def test_a_saved_scene_is_evaluated_again_without_files_and_knows_its_result(
    a_planning, a_host, tmp_path
):
    a_planning.logic.approveRegistration(a_planning.transform, "A. Physicist")
    node = a_planning.show()
    rows = json.loads(node.GetText())["constraints"]
    write_mrb(a_host, tmp_path / "saved.mrb")
    other, logic = boot(), PlannerLogic()
    read_mrb(other, tmp_path / "saved.mrb")
    found = logic.findCourses(other.scene, None, CASE)
    result = other.scene.GetFirstNodeByClass("vtkMRMLTextNode")
    assert logic.resultState(result, found, CASE).isCurrent
    assert logic.resultNodes(result).keys() == a_planning.logic.resultNodes(node).keys()
    assert logic.withApprovals(found, CASE).approvals["prior-1"].name == "A. Physicist"
    evaluation = logic.evaluate(logic.sampleDoses(found, CASE))
    require_same_rows(evaluation.constraints, rows)
    assert evaluation.input_hash == node.GetAttribute("ReirradiationPlanner.InputHash")


def test_closing_the_scene_leaves_no_course_and_no_error(a_planning):
    node = a_planning.show()
    a_planning.scene.Clear(0)
    found = a_planning.find()
    assert found.courses == ()
    assert not a_planning.logic.resultState(node, found, CASE).isCurrent
