"""Every stage of the method on nodes, called apart."""

import time
from dataclasses import replace

import pytest

slicer = pytest.importorskip("slicer")

import vtk  # noqa: E402
from planning import CASE, Planning, require_same_rows  # noqa: E402
from ReirradiationCore.case import OrganChoice  # noqa: E402
from ReirradiationCore.errors import RefusedError  # noqa: E402
from ReirradiationCore.pipeline import evaluate_reirradiation  # noqa: E402
from ReirradiationPlannerLib.PlannerLogic import PlannerLogic  # noqa: E402
from shared_data import shared  # noqa: E402
from two_courses import make_courses, save_courses, slicerrt_scene  # noqa: E402
from vtk.util.numpy_support import vtk_to_numpy  # noqa: E402


@pytest.fixture
def a_planning(a_host, tmp_path):
    return Planning(a_host, save_courses(tmp_path / "case", make_courses()))


def test_rows_from_nodes_are_those_from_files(a_planning):
    from_files = evaluate_reirradiation(replace(CASE, paths=(a_planning.folder,)))
    require_same_rows(a_planning.evaluate().constraints, from_files.constraints)


def test_an_organ_is_matched_with_its_partner_and_its_segment(a_planning):
    body, bladder = a_planning.logic.matchOrgans(a_planning.found, CASE)
    assert (body.kind.value, bladder.kind.value) == ("external", "oar")
    assert (bladder.standardName, bladder.certain) == ("Bladder", True)
    assert bladder.priorNames == {"prior-1": "Bladder"}
    assert bladder.alphaBetaSource == "STRIDeR2025"
    segmentation = a_planning.found.planned.segmentationNode.GetSegmentation()
    assert segmentation.GetSegment(bladder.segmentId).GetName() == "Bladder"


def test_choices_that_nothing_answers_to_are_refused(a_planning):
    case = replace(CASE, organs={"Spleen": OrganChoice(alpha_beta_gy=3.0)})
    with pytest.raises(RefusedError, match="Spleen"):
        a_planning.logic.matchOrgans(a_planning.found, case)


def voxels_of(planning, segment_id, j_from, j_to):
    """Draw a segment anew as voxels of 2 mm, as Segment Editor leaves it."""
    node = planning.found.planned.segmentationNode
    segmentation = node.GetSegmentation()
    image = slicer.vtkOrientedImageData()
    image.SetDimensions(20, 20, 4)
    image.SetSpacing(2.0, 2.0, 3.0)
    image.SetOrigin(-19.0, -19.0, -4.5)
    image.AllocateScalars(vtk.VTK_UNSIGNED_CHAR, 1)
    array = vtk_to_numpy(image.GetPointData().GetScalars()).reshape(4, 20, 20)
    array[:] = 0
    array[:, j_from:j_to, 5:15] = 1
    segmentation.GetSegment(segment_id).AddRepresentation("Binary labelmap", image)
    return node


def test_an_edited_organ_alone_is_sampled_again(a_planning):
    logic = a_planning.logic
    live = logic.live(logic.sampleDoses(a_planning.found, CASE))
    ids = {name: i for i, name in a_planning.found.planned.segmentNames.items()}
    segmentation = a_planning.found.planned.segmentationNode.GetSegmentation()
    for segment_id in ids.values():
        node = voxels_of(a_planning, segment_id, 5, 15)
    segmentation.SetSourceRepresentationName("Binary labelmap")
    edited = logic.resample(live, a_planning.found, node, ids["Bladder"])
    assert edited.sampled.doses[0] is live.sampled.doses[0]
    # 10 x 10 voxels of 2 x 2 x 3 mm on 4 planes
    assert edited.sampled.doses[1].samples.volume_cc == pytest.approx(4.8, rel=2e-3)
    wider = voxels_of(a_planning, ids["Bladder"], 3, 17)
    again = logic.resample(edited, a_planning.found, wider, ids["Bladder"])
    assert again.sampled.doses[1].samples.volume_cc == pytest.approx(6.72, rel=2e-3)


def test_a_removed_a_renamed_and_a_new_segment_follow(a_planning):
    logic, found = a_planning.logic, a_planning.found
    live = logic.live(logic.sampleDoses(found, CASE))
    node = found.planned.segmentationNode
    segmentation = node.GetSegmentation()
    bladder = segmentation.GetNthSegmentID(1)
    segmentation.GetSegment(bladder).SetName("Rectum")
    renamed = logic.resample(live, found, node, bladder)
    assert [m.name for m in renamed.sampled.models] == ["BODY", "Rectum"]
    copy = slicer.vtkSegment()
    copy.DeepCopy(segmentation.GetSegment(bladder))
    copy.SetName("Colon")
    segmentation.AddSegment(copy, "new")
    added = logic.resample(renamed, found, node, "new")
    assert [m.name for m in added.sampled.models] == ["BODY", "Rectum", "Colon"]
    segmentation.RemoveSegment(bladder)
    gone = logic.resample(live, found, node, bladder)
    assert [m.name for m in gone.sampled.models] == ["BODY"]


def test_a_contour_of_a_prior_course_needs_a_new_evaluation(a_planning):
    logic, found = a_planning.logic, a_planning.found
    live = logic.live(logic.sampleDoses(found, CASE))
    node = found.byId("prior-1").segmentationNode
    with pytest.raises(RefusedError, match="evaluate again"):
        logic.resample(live, found, node, node.GetSegmentation().GetNthSegmentID(0))


def test_report_and_case_file_are_written_once(a_planning, tmp_path):
    logic, evaluation = a_planning.logic, a_planning.evaluate()
    report = logic.writeReport(evaluation, tmp_path / "result")
    assert report.read_text(encoding="utf-8").startswith("<!")
    assert (tmp_path / "result" / "dicom").is_dir()
    with pytest.raises(RefusedError, match="earlier run"):
        logic.writeReport(evaluation, tmp_path / "result")
    assert any(logic.exportDicom(evaluation, tmp_path / "dicom").glob("*.dcm"))
    assert logic.loadCase(logic.saveCase(CASE, tmp_path / "case.json")) == CASE


def test_a_folder_is_evaluated_without_a_scene(tmp_path):
    a_folder = save_courses(tmp_path / "case", make_courses())
    report = PlannerLogic().evaluateFolder(a_folder, tmp_path / "result", "STRIDeR2025")
    assert report.exists()
    with pytest.raises(RefusedError, match="earlier run"):
        PlannerLogic().evaluateFolder(a_folder, tmp_path / "result", "STRIDeR2025")


@pytest.mark.slow
def test_pelvis_from_nodes_of_slicerrt_gives_the_rows_of_the_files(a_host):
    """Real contours; a rigid registration, and an edit of the rectum under half a second."""
    folder = shared("data/pelvis")
    case = replace(CASE, registration={"*": "rigid"})
    resolver, logic = slicerrt_scene(a_host, folder), PlannerLogic()
    found = logic.findCourses(a_host.scene, resolver, case)
    logic.registerCourse(found, "prior-1", case)
    sampled = logic.sampleDoses(found, case)
    from_files = evaluate_reirradiation(replace(case, paths=(folder,)))
    rows = logic.live(sampled).judge(case).rows
    assert len(rows) == len(from_files.constraints)
    for one, two in zip(rows, from_files.constraints, strict=True):
        assert one["verdict"] == two["verdict"]
        known = two["value"] is not None
        assert one["value"] == (pytest.approx(two["value"], abs=0.02) if known else None)
    ids = {name: i for i, name in found.planned.segmentNames.items()}
    live, began = logic.live(sampled), time.process_time()
    logic.resample(live, found, found.planned.segmentationNode, ids["Rectum"])
    assert time.process_time() - began < 0.5
