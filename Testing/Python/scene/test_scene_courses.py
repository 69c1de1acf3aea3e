"""Courses read from nodes are those read from files, or it is said what is missing."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

slicer = pytest.importorskip("slicer")

import vtk  # noqa: E402
from dicom_factory import add_roi, box, make_case, save_case  # noqa: E402
from ReirradiationCore.case import Case  # noqa: E402
from ReirradiationCore.course_choices import CourseChoice  # noqa: E402
from ReirradiationCore.dicom import read_courses  # noqa: E402
from ReirradiationCore.errors import RefusedError  # noqa: E402
from ReirradiationCore.letters import Letter  # noqa: E402
from ReirradiationPlannerLib.PlannerLogic import PlannerLogic  # noqa: E402
from two_courses import make_courses, said, save_courses, slicerrt_scene  # noqa: E402

SAME = (
    "id", "role", "label", "patient", "frame_of_reference_uid", "patient_position",
    "first_fraction_date", "last_fraction_date", "date_source", "study_uid", "image_series_uid",
    "structure_set_uid", "empty_structures",
)  # fmt: skip
OF_PHASE = (
    "plan_label", "fractions_planned", "fractions_delivered", "prescribed_dose_gy", "plan_uid",
    "dose_uid",
)  # fmt: skip
OF_STRUCTURE = ("roi_number", "name", "interpreted_type", "color_rgb", "kind")
NOTHING = Case()


@pytest.fixture
def a_folder(tmp_path):
    return save_courses(tmp_path / "case", make_courses())


@pytest.fixture
def a_scene(a_host, a_folder):
    """Scene and resolver of two courses that SlicerRT loaded."""
    return a_host.scene, slicerrt_scene(a_host, a_folder)


def require_same(course, other):
    for name in SAME:
        assert getattr(course, name) == getattr(other, name), name
    np.testing.assert_array_equal(course.image.array, other.image.array)
    np.testing.assert_allclose(course.image.grid.origin_lps, other.image.grid.origin_lps)
    for one, two in zip(course.phases, other.phases, strict=True):
        assert [getattr(one, n) for n in OF_PHASE] == [getattr(two, n) for n in OF_PHASE]
        np.testing.assert_allclose(one.dose.array, two.dose.array, rtol=1e-6)
        np.testing.assert_allclose(one.dose.grid.origin_lps, two.dose.grid.origin_lps)
        np.testing.assert_allclose(one.dose.grid.spacing_mm, two.dose.grid.spacing_mm)
    for one, two in zip(course.structures, other.structures, strict=True):
        assert [getattr(one, n) for n in OF_STRUCTURE] == [getattr(two, n) for n in OF_STRUCTURE]
        for drawn, read in zip(one.contours, two.contours, strict=True):
            np.testing.assert_allclose(drawn, read, atol=1e-4)


def first(scene, name, class_name="vtkMRMLScalarVolumeNode"):
    node = scene.GetFirstNode(name, class_name)
    assert node is not None
    return node


def test_nodes_of_slicerrt_give_what_the_files_give(a_scene, a_folder):
    found = PlannerLogic().findCourses(*a_scene)
    assert found.missing == ()
    for course, other in zip(found.read.courses, read_courses([a_folder]).courses, strict=True):
        require_same(course, other)


def test_a_body_of_the_built_in_reader_does_not_hide_its_organs(a_host, a_folder):
    found = PlannerLogic().loadDicomFolder(a_host.scene, a_folder)
    ids = {name: i for i, name in found.planned.segmentNames.items()}
    display = found.planned.segmentationNode.GetDisplayNode()
    opacity = {name: display.GetSegmentOpacity3D(i) for name, i in ids.items()}
    assert opacity["BODY"] < 0.2 < opacity["Bladder"]


def test_nodes_of_the_built_in_reader_give_what_the_files_give(a_host, a_folder):
    found = PlannerLogic().loadDicomFolder(a_host.scene, a_folder)
    for course, other in zip(found.read.courses, read_courses([a_folder]).courses, strict=True):
        require_same(course, other)


def test_warnings_about_the_files_are_the_same(a_host, tmp_path):
    prior, planned = make_courses()
    planned.plan.ApprovalStatus = "UNAPPROVED"
    add_roi(planned.structures, "Marker", "MARKER", [box(5, 0.0)[:2]])
    folder = save_courses(tmp_path / "case", (prior, planned))
    found = PlannerLogic().loadDicomFolder(a_host.scene, folder)
    notes = [note.replace("planned/", "") for note in read_courses([folder]).warnings]
    assert [note.replace("planned/", "") for note in found.read.warnings] == notes
    assert len(notes) == 2


def test_the_same_scene_without_files_gives_the_same_courses_hash_and_notes(a_scene):
    logic = PlannerLogic()
    withFiles = logic.findCourses(*a_scene)
    without = logic.findCourses(a_scene[0])
    assert without.missing == ()
    for course, other in zip(without.read.courses, withFiles.read.courses, strict=True):
        require_same(course, other)
    assert without.read.content_hash == withFiles.read.content_hash
    assert without.notes == withFiles.notes


def test_rows_hold_nodes_phases_dates_and_interval(a_scene):
    found = PlannerLogic().findCourses(*a_scene)
    prior, planned = found.courses
    assert [row.id for row in found.courses] == ["prior-1", "planned"]
    assert {prior.imageNode.GetName(), planned.imageNode.GetName()} == {"CT", "CT_1"}
    assert planned.segmentationNode.GetSegmentation().GetNumberOfSegments() == 2
    assert planned.phases[0].doseNode is planned.doseNodes[0]
    assert (planned.phases[0].fractionsPlanned, planned.phases[0].prescriptionGy) == (5, 20.0)
    assert prior.firstDate == date(2020, 1, 1)
    assert prior.intervalMonths == pytest.approx(1461 / 30.4375)
    assert planned.typed == frozenset()


def test_doses_without_files_and_facts_miss_what_no_scene_holds(a_scene):
    found = PlannerLogic().findCourses(a_scene[0])
    assert not found.isReady
    for row in found.courses:
        assert said(row.missing, "RTDOSE file is not in the DICOM database", "confirm it")
    assert found.planned.imageNode is not None
    assert found.planned.segmentationNode is not None
    assert found.planned.phases[0].fractionsPlanned is None


def test_what_is_missing_can_be_typed_and_is_marked(a_scene):
    logic = PlannerLogic()
    for row in logic.findCourses(a_scene[0]).courses:
        logic.confirmPhysicalDose(row.doseNodes[0], "A. Physicist")
    found = logic.findCourses(a_scene[0])
    assert said(found.missing, "number of fractions", "unknown")
    case = Case(fractions={"prior-1": 20, "planned": 5})
    found = logic.findCourses(a_scene[0], None, case)
    assert found.missing == ()
    assert found.planned.phases[0].fractionsDelivered == 5
    assert "fractions" in found.planned.typed
    assert said(found.notes, "is typed (A. Physicist)")


def test_typed_dates_and_prescription_are_shown_and_marked(a_scene):
    last = date(2020, 2, 1)
    choice = CourseChoice(last_fraction_date=last, prescription_gy=21.0)
    found = PlannerLogic().findCourses(*a_scene, Case(courses={"prior-1": choice}))
    prior = found.byId("prior-1")
    assert prior.lastDate == last
    assert prior.phases[0].prescriptionGy == 21.0
    assert prior.typed == {"last_fraction_date", "prescription_gy"}
    assert prior.intervalMonths == pytest.approx(1430 / 30.4375)


def test_fractions_delivered_can_be_fewer_than_planned(a_scene):
    found = PlannerLogic().findCourses(*a_scene, Case(fractions={"PRIOR": 12}))
    phase = found.byId("prior-1").phases[0]
    assert (phase.fractionsPlanned, phase.fractionsDelivered) == (20, 12)
    assert found.byId("prior-1").typed == {"fractions"}


def test_a_course_from_a_letter_stands_among_the_others(a_scene):
    letter = Letter("left breast", 50.0, 25, date(2015, 5, 1))
    found = PlannerLogic().findCourses(*a_scene, Case(letters={"letter-1": letter}))
    row = found.byId("letter-1")
    assert row.doseNodes == ()
    assert "fractions" in row.typed
    assert row.intervalMonths == pytest.approx((date(2024, 1, 1) - date(2015, 5, 1)).days / 30.4375)


@pytest.mark.parametrize(("unit", "words"), [("RELATIVE", "is RELATIVE"), ("", "is not known")])
def test_a_dose_that_is_not_in_gy_is_refused(a_scene, unit, words):
    tree = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(a_scene[0])
    item = tree.GetItemByDataNode(first(a_scene[0], "RTDOSE"))
    study = tree.GetItemAncestorAtLevel(item, "Study")
    tree.SetItemAttribute(study, "DicomRtImport.DoseUnitName", unit)
    found = PlannerLogic().findCourses(*a_scene)
    assert said(found.missing, "its unit", words, "Gy")
    assert found.read is None


def test_deleted_structures_are_named(a_scene):
    scene, resolver = a_scene
    scene.RemoveNode(PlannerLogic().findCourses(scene, resolver).planned.segmentationNode)
    found = PlannerLogic().findCourses(scene, resolver)
    assert said(found.missing, "no structure set") or said(found.missing, "not in the scene")


def test_a_deleted_ct_is_named_with_and_without_files(a_host, tmp_path):
    folder = save_courses(tmp_path / "case", make_courses(same_frame=False))
    resolver = slicerrt_scene(a_host, folder)
    logic = PlannerLogic()
    a_host.scene.RemoveNode(logic.findCourses(a_host.scene, resolver).planned.imageNode)
    # what was kept while it was there is not forgotten
    found = logic.findCourses(a_host.scene, resolver)
    assert found.planned.imageNode is None
    assert said(found.notes, "no planning CT for 'TODAY'")
    assert said(logic.findCourses(a_host.scene).missing, "planning CT", "not in the scene")


def test_a_course_whose_dose_was_deleted_is_refused_as_a_plan_without_dose(a_scene):
    scene, resolver = a_scene
    scene.RemoveNode(first(scene, "RTDOSE"))
    found = PlannerLogic().findCourses(scene, resolver)
    assert found.read is None
    assert said(found.missing, "no RTDOSE for plan")


def test_without_files_a_prior_course_does_not_become_the_planned_one(a_scene):
    """The dose of today's course is gone, its plan and structures are still there."""
    scene, resolver = a_scene
    logic = PlannerLogic()
    scene.RemoveNode(logic.findCourses(scene, resolver).planned.doseNodes[0])
    found = logic.findCourses(scene)
    assert not found.isReady
    assert said(found.refused, "TODAY", "may be the planned course", "'PRIOR' is not taken")
    assert said(found.refused, "RTSTRUCT", "2024-01-01")
    with pytest.raises(RefusedError, match="may be the planned course"):
        logic.sampleDoses(found)


def test_a_planned_course_that_the_user_names_is_taken_and_what_is_left_over_is_noted(a_scene):
    scene, resolver = a_scene
    logic = PlannerLogic()
    scene.RemoveNode(logic.findCourses(scene, resolver).planned.doseNodes[0])
    found = logic.findCourses(scene, None, replace(NOTHING, reference="PRIOR"))
    assert found.isReady
    assert said(found.read.warnings, "TODAY", "not counted")


def test_a_prior_plan_without_its_dose_is_refused_because_it_would_not_be_counted(a_scene):
    scene, resolver = a_scene
    logic = PlannerLogic()
    scene.RemoveNode(logic.findCourses(scene, resolver).priors[0].doseNodes[0])
    found = logic.findCourses(scene)
    assert not found.isReady
    assert said(found.refused, "PRIOR", "2020-01-01", "would not be counted", "letter")


def test_an_empty_scene_has_no_courses(a_host):
    found = PlannerLogic().findCourses(a_host.scene)
    assert found.courses == ()
    with pytest.raises(RefusedError, match="no course with a dose"):
        found.requireReady()


def test_courses_of_two_patients_are_refused(a_host, tmp_path):
    folder = save_courses(tmp_path / "case", make_courses(patients=("TEST-1", "TEST-2")))
    found = PlannerLogic().findCourses(a_host.scene, slicerrt_scene(a_host, folder))
    assert said(found.refused, "Patient ID differs")
    with pytest.raises(RefusedError, match="Patient ID differs"):
        PlannerLogic().loadDicomFolder(a_host.scene, folder)


def test_a_dose_that_was_moved_is_refused(a_scene):
    node = first(a_scene[0], "RTDOSE")
    node.SetOrigin(node.GetOrigin()[0] + 1.0, *node.GetOrigin()[1:])
    found = PlannerLogic().findCourses(*a_scene)
    assert said(found.missing, "do not lie where its file")


def test_planes_at_uneven_distances_are_refused_from_slicerrt_and_read_by_the_reader(
    a_host, tmp_path
):
    prior, planned = make_courses()
    offsets = [3.0 * k for k in range(16)]
    offsets[-1] += 1.5
    planned.dose.GridFrameOffsetVector = offsets
    folder = save_courses(tmp_path / "case", (prior, planned))
    found = PlannerLogic().findCourses(a_host.scene, slicerrt_scene(a_host, folder))
    assert said(found.missing, "uneven distances")
    a_host.scene.Clear(0)
    assert PlannerLogic().loadDicomFolder(a_host.scene, folder).missing == ()


def a_transform(scene, shift=7.0):
    node = scene.AddNewNodeByClass("vtkMRMLLinearTransformNode", "moved")
    matrix = vtk.vtkMatrix4x4()
    matrix.SetElement(0, 3, shift)
    node.SetMatrixTransformToParent(matrix)
    return node


def test_nodes_of_a_course_under_different_transforms_are_refused(a_scene):
    first(a_scene[0], "CT").SetAndObserveTransformNodeID(a_transform(a_scene[0]).GetID())
    found = PlannerLogic().findCourses(*a_scene)
    assert said(found.missing, "different transforms", "CT under moved")


def test_a_course_under_one_transform_keeps_its_own_coordinates_and_says_so(a_scene):
    before = PlannerLogic().findCourses(*a_scene)
    node = a_transform(a_scene[0])
    for part in before.byId("prior-1").nodes:
        part.SetAndObserveTransformNodeID(node.GetID())
    found = PlannerLogic().findCourses(*a_scene)
    assert found.read.content_hash == before.read.content_hash
    assert said(found.notes, "under the transform 'moved'", "not used")


def test_a_transform_that_moves_nothing_does_not_matter(a_scene):
    node = a_transform(a_scene[0], 0.0)
    first(a_scene[0], "CT").SetAndObserveTransformNodeID(node.GetID())
    assert PlannerLogic().findCourses(*a_scene).missing == ()


def test_results_in_the_scene_are_no_input(a_scene):
    logic = PlannerLogic()
    before = logic.findCourses(*a_scene)
    dose = first(a_scene[0], "RTDOSE")
    tree = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(a_scene[0])
    result = a_scene[0].AddNewNodeByClass("vtkMRMLScalarVolumeNode", "sum")
    result.CopyContent(dose)
    result.SetAttribute("DicomRtImport.DoseVolume", "1")
    result.RemoveAttribute("ReirradiationPlanner.CourseFacts")
    result.SetAttribute("ReirradiationPlanner.Map", "cumulative_eqd2")
    tree.CreateItem(tree.GetSceneItemID(), result)
    found = logic.findCourses(*a_scene)
    assert found.missing == ()
    assert len(found.courses) == len(before.courses)


def test_facts_that_cannot_be_read_are_refused(a_scene):
    logic = PlannerLogic()
    row = logic.findCourses(*a_scene).planned
    row.doseNodes[0].SetAttribute("ReirradiationPlanner.CourseFacts", '{"version": 9}')
    found = logic.findCourses(a_scene[0])
    assert said(found.refused, "load its DICOM files again")


def test_the_planned_course_can_be_chosen(a_scene):
    found = PlannerLogic().findCourses(*a_scene, replace(NOTHING, reference="PRIOR"))
    assert found.planned.phases[0].planLabel == "PRIOR"
    assert said(found.notes, "newer than the planned course")


def test_a_course_of_two_plans_has_two_phases(a_host, tmp_path):
    case = make_case("20240101", "MAIN", 20)
    boost = make_case("20240201", "BOOST", 5, frame=case.plan.FrameOfReferenceUID)
    boost.plan.ReferencedStructureSetSequence = case.plan.ReferencedStructureSetSequence
    boost.plan.StudyInstanceUID = boost.dose.StudyInstanceUID = case.plan.StudyInstanceUID
    from dicom_factory import set_dose  # noqa: PLC0415

    values = np.zeros((16, 12, 10))
    values[4:8] = 10.0 + np.arange(10)
    set_dose(boost.dose, values)
    case.more = {"RP2": boost.plan, "RD2": boost.dose}
    folder = save_case(case, tmp_path / "case")
    found = PlannerLogic().findCourses(a_host.scene, slicerrt_scene(a_host, folder))
    (row,) = found.courses
    assert [phase.planLabel for phase in row.phases] == ["MAIN", "BOOST"]
    assert len(row.doseNodes) == 2
    require_same(row.course, read_courses([folder]).courses[0])
    again = PlannerLogic().findCourses(a_host.scene)
    assert again.read.content_hash == found.read.content_hash
