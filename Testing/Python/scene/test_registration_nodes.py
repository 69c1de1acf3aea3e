"""Registrations are transform nodes that know what they register, how well, and who approved."""

from dataclasses import replace

import numpy as np
import pytest
import SimpleITK as sitk

slicer = pytest.importorskip("slicer")

import vtk  # noqa: E402
from planning import CASE, Planning, moved_by  # noqa: E402
from ReirradiationCore.case import MappingStrategy  # noqa: E402
from ReirradiationCore.errors import RefusedError  # noqa: E402
from ReirradiationCore.quality_choice import QualityChoice  # noqa: E402
from ReirradiationCore.registration import RegistrationResult  # noqa: E402
from ReirradiationPlannerLib.LandmarkPairs import LandmarkPairs  # noqa: E402
from ReirradiationPlannerLib.PlannerLogic import PlannerLogic  # noqa: E402
from ReirradiationPlannerLib.RegistrationNodes import RegistrationNodes  # noqa: E402
from two_courses import make_courses, save_courses  # noqa: E402
from vtk.util.numpy_support import vtk_to_numpy  # noqa: E402


@pytest.fixture
def a_planning(a_host, tmp_path):
    return Planning(a_host, save_courses(tmp_path / "case", make_courses()))


def test_a_course_that_is_not_registered_is_refused(a_planning):
    a_planning.scene.RemoveNode(a_planning.transform)
    with pytest.raises(RefusedError, match=r"prior-1 .* is not registered"):
        a_planning.logic.sampleDoses(a_planning.found, CASE)


def test_a_registration_is_found_again_under_any_logic(a_planning):
    node = PlannerLogic().findCourses(a_planning.scene).byId("prior-1").transformNode
    assert node is a_planning.transform
    record = PlannerLogic().registrationRecord(node, a_planning.found)
    assert (record["mode"], record["current"], record["approval"]) == ("identity", True, None)
    assert PlannerLogic().registrationRecord(node, a_planning.find(), CASE)["measured"]


def test_registering_again_replaces_the_node_and_keeps_what_is_under_it(a_planning):
    logic, found = a_planning.logic, a_planning.found
    logic.showOnReference(found, "prior-1", True)
    node = logic.registerCourse(found, "prior-1", CASE)
    assert found.byId("prior-1").transformNode is node
    assert found.byId("prior-1").imageNode.GetParentTransformNode() is node
    logic.showOnReference(found, "prior-1", False)
    assert found.byId("prior-1").imageNode.GetParentTransformNode() is None


def with_another_map(planning, shift_mm=4.0):
    """Registration with the map of another engine beside it, moved along z."""
    logic, found = planning.logic, planning.found
    match = logic.registered(found)["prior-1"]
    moved = sitk.TranslationTransform(3, (0.0, 0.0, shift_mm))
    other = RegistrationResult("file", "Other engine", sitk.Transform(moved))
    row = found.byId("prior-1")
    match = replace(match, alternatives={"demons": other})
    keys = row.key, found.planned.key
    nodes = RegistrationNodes(planning.scene)
    return nodes.add(match, row.course, found.planned.course, keys, "with another")


def test_maps_of_other_engines_are_kept_with_the_registration(a_planning):
    with_another_map(a_planning)
    again = PlannerLogic().registered(a_planning.found)["prior-1"].alternatives
    assert list(again) == ["demons"]
    assert again["demons"].transform.TransformPoint((0, 0, 0)) == pytest.approx((0, 0, 4))


def test_a_map_of_another_engine_that_is_gone_is_refused(a_planning):
    node = with_another_map(a_planning)
    other = node.GetNthNodeReference("ReirradiationPlanner.OtherMap", 0)
    a_planning.scene.RemoveNode(other)
    with pytest.raises(RefusedError, match="map of demons was removed"):
        a_planning.logic.registered(a_planning.found)


def test_a_map_of_another_engine_that_was_changed_is_refused(a_planning):
    node = with_another_map(a_planning)
    other = node.GetNthNodeReference("ReirradiationPlanner.OtherMap", 0)
    other.SetMatrixTransformToParent(vtk.vtkMatrix4x4())
    with pytest.raises(RefusedError, match="removed or changed"):
        a_planning.logic.registered(a_planning.found)


def test_registering_again_leaves_no_map_of_another_engine(a_planning):
    with_another_map(a_planning)
    a_planning.logic.registerCourse(a_planning.found, "prior-1", CASE)
    assert a_planning.scene.GetNumberOfNodesByClass("vtkMRMLTransformNode") == 1


def test_showing_a_course_on_the_planning_ct_changes_nothing_that_is_evaluated(a_planning):
    before = a_planning.found.read.content_hash
    a_planning.logic.showOnReference(a_planning.found, "prior-1", True)
    assert a_planning.find().read.content_hash == before


def test_a_transform_of_the_user_moves_the_prior_dose_as_it_moves_the_nodes(a_planning):
    """Prior dose 20 - 0.3 z; up by 3 mm it is 20 - 0.3 (z - 3) on the planning CT."""
    logic, found = a_planning.logic, a_planning.found
    node = logic.useTransform(found, "prior-1", moved_by(a_planning.scene, 3.0), CASE)
    assert found.byId("prior-1").transformNode is node
    sampled = logic.sampleDoses(found, CASE)
    doses = sampled.doses[1]
    z = doses.samples.points_lps[:, 2]
    prior = doses.priors["prior-1"].physical()
    np.testing.assert_allclose(prior, 20 - 0.3 * (z - 3.0), atol=1e-3)


def test_a_transform_changed_after_it_was_measured_is_refused(a_planning):
    logic, found = a_planning.logic, a_planning.found
    node = logic.useTransform(found, "prior-1", moved_by(a_planning.scene, 0.5), CASE)
    matrix = vtk.vtkMatrix4x4()
    matrix.SetElement(2, 3, 2.0)
    node.SetMatrixTransformToParent(matrix)
    assert logic.registrationRecord(node)["current"] is False
    with pytest.raises(RefusedError, match="changed after it was measured"):
        logic.sampleDoses(found, CASE)


def test_the_registration_is_part_of_the_input_hash(a_planning):
    logic, found = a_planning.logic, a_planning.found
    hashes = set()
    for shift in (0.0, 0.5):
        logic.useTransform(found, "prior-1", moved_by(a_planning.scene, shift), CASE)
        hashes.add(logic.sampleDoses(found, CASE).source.input_hash)
    assert len(hashes) == 2


def test_an_approval_falls_with_a_change_of_the_transform(a_planning):
    logic, found = a_planning.logic, a_planning.found
    node = logic.useTransform(found, "prior-1", moved_by(a_planning.scene, 0.5), CASE)
    logic.approveRegistration(node, "A. Physicist", "bones match")
    assert logic.registrationRecord(node)["approval"]["comment"] == "bones match"
    assert logic.withApprovals(found, CASE).approvals["prior-1"].name == "A. Physicist"
    matrix = vtk.vtkMatrix4x4()
    matrix.SetElement(2, 3, 2.0)
    node.SetMatrixTransformToParent(matrix)
    assert logic.registrationRecord(node)["approval"] is None
    with pytest.raises(RefusedError, match="name"):
        logic.approveRegistration(node, " ")


def test_another_ct_makes_a_registration_invalid(a_planning):
    image = a_planning.found.planned.imageNode
    slicer.util.arrayFromVolume(image)[:] += 1
    slicer.util.arrayFromVolumeModified(image)
    with pytest.raises(RefusedError, match="register again"):
        a_planning.logic.sampleDoses(a_planning.find(), CASE)


def quality_of(planning, structure="Bladder"):
    record = planning.logic.registrationRecord(planning.found.byId("prior-1").transformNode)
    return next(row for row in record["quality"]["structures"] if row["structure"] == structure)


def test_levels_typed_after_the_registration_judge_it_at_the_next_evaluation(a_planning):
    logic, found = a_planning.logic, a_planning.found
    node = logic.useTransform(found, "prior-1", moved_by(a_planning.scene, 1.0), CASE)
    assert quality_of(a_planning)["verdict"] == "pass"
    strict = QualityChoice.from_json({"registration_levels": {"mda_mm": [0.01, 0.02]}})
    strict = replace(strict, levels=replace(strict.levels, mda_voxels=(0.001, 0.002)))
    case = replace(CASE, quality=strict)
    assert logic.registrationRecord(node, found, case)["measured"] is False
    sampled = logic.sampleDoses(found, case)
    assert quality_of(a_planning)["failed"] == ["mda_mm"]
    assert sampled.models[1].mapping["prior-1"] is MappingStrategy.NOT_EVALUABLE
    assert logic.registrationRecord(node, found, case)["measured"] is True


def test_a_contour_drawn_anew_is_measured_at_the_next_evaluation(a_planning):
    logic = a_planning.logic
    before = quality_of(a_planning)
    assert before["dsc"] == pytest.approx(1.0, abs=1e-3)
    segmentation = a_planning.found.planned.segmentationNode.GetSegmentation()
    drawn = segmentation.GetNthSegment(1).GetRepresentation("Planar contour")
    points = vtk_to_numpy(drawn.GetPoints().GetData())
    points[:, 0] += 5.0
    drawn.Modified()
    a_planning.found = a_planning.find()
    logic.sampleDoses(a_planning.found, CASE)
    # boxes of 20 mm that are 5 mm apart share 15 of 20 mm
    assert quality_of(a_planning)["dsc"] == pytest.approx(0.75, abs=0.02)


def test_landmarks_given_later_measure_the_registration(a_planning):
    logic, found = a_planning.logic, a_planning.found
    mark = {"name": "tip", "reference_lps": [0, 0, 0], "prior_lps": [0, 3, 0]}
    case = replace(CASE, quality=QualityChoice.from_json({"landmarks": {"prior-1": [mark]}}))
    assert quality_of(a_planning)["tre_mean_mm"] is None
    logic.measureAgain(found, case)
    assert quality_of(a_planning)["tre_mean_mm"] == pytest.approx(3.0, abs=1e-6)


@pytest.mark.parametrize("element", [(2, 2, 1.12), (0, 1, 0.1)], ids=["scaled", "sheared"])
def test_a_transform_of_the_user_that_does_more_than_turn_and_move_is_not_called_rigid(
    a_planning, element
):
    node, matrix = moved_by(a_planning.scene, 0.0), vtk.vtkMatrix4x4()
    matrix.SetElement(*element)
    node.SetMatrixTransformToParent(matrix)
    a_planning.logic.useTransform(a_planning.found, "prior-1", node, CASE)
    match = a_planning.logic.registered(a_planning.found)["prior-1"]
    assert (match.result.mode, match.result.rigid) == ("file", None)
    models = a_planning.logic.sampleDoses(a_planning.found, CASE).models
    assert {model.mapping["prior-1"] for model in models} & {MappingStrategy.RIGID} == set()


def test_a_transform_that_was_fitted_to_what_measures_it_is_refused(a_planning):
    node = moved_by(a_planning.scene, 0.5)
    points = a_planning.scene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode")
    points.AddControlPoint(10.0, 0.0, 0.0)
    LandmarkPairs.keepFitted(node, points)

    def taken(x_mm):
        mark = {"name": "tip", "reference_lps": [x_mm, 0, 0], "prior_lps": [x_mm, 0, 0]}
        case = replace(CASE, quality=QualityChoice.from_json({"landmarks": {"prior-1": [mark]}}))
        return a_planning.logic.useTransform(a_planning.found, "prior-1", node, case)

    with pytest.raises(RefusedError, match="'by hand' was fitted to landmark 'tip', which measur"):
        taken(-10.9)
    assert taken(-11.1) is node
