"""The demo case on disk: deterministic, complete, and readable."""

import hashlib
from datetime import date

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from ReirradiationCore.courses import CourseRole, interval_months
from ReirradiationCore.demo import bones, organs, true_transform, write_demo_case
from ReirradiationCore.dicom import ReadOptions, read_courses
from ReirradiationCore.errors import RefusedError
from ReirradiationCore.grids import sample_volume
from ReirradiationCore.outlines import enclosed_area

COARSE = 3.0


@pytest.fixture(scope="module")
def truth(tmp_path_factory):
    return write_demo_case(tmp_path_factory.mktemp("demo"), spacing_factor=COARSE)


@pytest.fixture(scope="module")
def objects(truth):
    """Headers of all files by course folder and modality."""
    result = {}
    for path in sorted(truth.folder.rglob("*.dcm")):
        dataset = pydicom.dcmread(path)
        result.setdefault((path.parent.name, dataset.Modality), []).append(dataset)
    return result


def digests(folder):
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def courses(truth):
    return [(c, c.folder.name) for c in (truth.prior, truth.planned)]


def test_equal_seeds_give_identical_files(truth, tmp_path):
    write_demo_case(tmp_path, spacing_factor=COARSE)
    assert digests(tmp_path) == digests(truth.folder)


def test_another_seed_gives_other_uids_and_other_voxels(truth, tmp_path):
    other = write_demo_case(tmp_path, seed=5, spacing_factor=2 * COARSE)
    assert not set(digests(tmp_path)) & set(digests(truth.folder))
    assert other.planned.frame_of_reference_uid != truth.planned.frame_of_reference_uid


def test_a_course_folder_that_exists_is_refused(truth):
    with pytest.raises(RefusedError, match="course1_prostate exists"):
        write_demo_case(truth.folder, spacing_factor=COARSE)


def test_the_folder_holds_nothing_but_dicom(truth):
    assert {path.suffix for path in truth.folder.rglob("*") if path.is_file()} == {".dcm"}


def test_each_course_is_one_study_in_its_own_frame_of_reference(truth, objects):
    frames = set()
    for _, folder in courses(truth):
        every = [d for (name, _), group in objects.items() if name == folder for d in group]
        assert len({d.StudyInstanceUID for d in every}) == 1
        (frame,) = {d.FrameOfReferenceUID for d in every}
        frames.add(frame)
        assert {(d.PatientID, str(d.PatientName)) for d in every} == {
            ("REIRR-DEMO-01", "DEMO^PHANTOM")
        }
    assert len(frames) == 2


def test_uids_are_valid_unique_and_under_the_uuid_root(objects):
    uids = [d.SOPInstanceUID for group in objects.values() for d in group]
    assert len(set(uids)) == len(uids)
    assert all(uid.is_valid and uid.startswith("2.25.") for uid in uids)


def test_dose_refers_to_plan_to_structure_set_to_ct(truth, objects):
    for _, folder in courses(truth):
        (dose,), (plan,) = objects[folder, "RTDOSE"], objects[folder, "RTPLAN"]
        (structures,) = objects[folder, "RTSTRUCT"]
        planes = {d.SOPInstanceUID for d in objects[folder, "CT"]}
        assert dose.ReferencedRTPlanSequence[0].ReferencedSOPInstanceUID == plan.SOPInstanceUID
        reference = plan.ReferencedStructureSetSequence[0]
        assert reference.ReferencedSOPInstanceUID == structures.SOPInstanceUID
        frame = structures.ReferencedFrameOfReferenceSequence[0]
        series = frame.RTReferencedStudySequence[0].RTReferencedSeriesSequence[0]
        assert series.SeriesInstanceUID == objects[folder, "CT"][0].SeriesInstanceUID
        assert {i.ReferencedSOPInstanceUID for i in series.ContourImageSequence} == planes


def test_contours_lie_on_the_plane_they_refer_to(truth, objects):
    for _, folder in courses(truth):
        heights = {d.SOPInstanceUID: d.ImagePositionPatient[2] for d in objects[folder, "CT"]}
        for roi in objects[folder, "RTSTRUCT"][0].ROIContourSequence:
            for contour in roi.ContourSequence:
                z = np.array(contour.ContourData, dtype=float)[2::3]
                plane = contour.ContourImageSequence[0].ReferencedSOPInstanceUID
                np.testing.assert_allclose(z, float(heights[plane]), atol=1e-3)
                assert len(z) == contour.NumberOfContourPoints


def test_the_plans_say_what_was_prescribed(truth, objects):
    first = objects["course1_prostate", "RTPLAN"][0]
    second = objects["course2_node_sbrt", "RTPLAN"][0]
    for plan, gray, fractions in ((first, 74, 37), (second, 30, 5)):
        assert plan.DoseReferenceSequence[0].TargetPrescriptionDose == gray
        assert plan.FractionGroupSequence[0].NumberOfFractionsPlanned == fractions
        assert plan.ApprovalStatus == "APPROVED"


def test_the_reader_takes_the_case_for_two_courses_thirty_months_apart(truth):
    result = read_courses([truth.folder], ReadOptions(), lambda *_: None)
    prior, planned = result.courses
    assert (prior.role, planned.role) == (CourseRole.PRIOR, CourseRole.PLANNED)
    assert planned.first_fraction_date == date(2025, 8, 14)
    assert interval_months(prior, planned) == pytest.approx(30.0, abs=0.05)
    assert prior.empty_structures == planned.empty_structures == ()
    assert [p.fractions_delivered for p in (*prior.phases, *planned.phases)] == [37, 5]


def test_doses_and_ct_numbers_read_back_as_made(truth):
    result = read_courses([truth.folder], ReadOptions(), lambda *_: None)
    for read, made in zip(result.courses, (truth.prior, truth.planned), strict=True):
        np.testing.assert_allclose(
            read.phases[0].dose.array, made.dose.array, atol=1e-4 * made.dose.array.max()
        )
        np.testing.assert_array_equal(read.image.array, made.ct.array)
        np.testing.assert_allclose(read.image.grid.origin_lps, made.ct.grid.origin_lps, atol=1e-3)


def planimetry_cc(course, name):
    (structure,) = [s for s in course.structures if s.name == name]
    return sum(enclosed_area(c[:, :2]) for c in structure.contours) * (
        course.ct.grid.spacing_mm[2] / 1000
    )


@pytest.mark.parametrize("name", ["Femur_Head_L", "Femur_Head_R"])
def test_contours_of_the_femoral_heads_have_the_volume_of_the_sphere(truth, name):
    expected = 4 / 3 * np.pi * bones.HEAD_RADIUS_MM**3 / 1000
    assert planimetry_cc(truth.planned, name) == pytest.approx(expected, rel=0.03)


def test_the_bladder_is_fuller_at_the_first_course(truth):
    before, now = (planimetry_cc(c, "Bladder") for c in (truth.prior, truth.planned))
    assert 1.1 < before / now < 1.4


def test_prior_contours_are_those_of_today_seen_through_the_true_map(truth):
    (region,) = [r for r in truth.prior.course.regions if r.name == "Bladder"]
    (drawn,) = [s for s in truth.prior.structures if s.name == "Bladder"]
    today = true_transform().inverse(np.concatenate(drawn.contours))
    assert np.abs(region.shape(today.T)).max() < 0.4


def test_tissues_have_their_ct_numbers_on_both_cts(truth):
    places = {"urine": (0.0, -27.0, 15.0), "bone": (88.0, 2.0, 0.0), "muscle": (84.0, 84.0, 0.0)}
    expected = {"urine": (5, 40), "bone": (250, 120), "muscle": (55, 60)}
    for name, place in places.items():
        here = np.array([place]) + np.random.default_rng(1).uniform(-5, 5, (300, 3))
        for course, points in ((truth.planned, here), (truth.prior, true_transform()(here))):
            middle, tolerance = expected[name]
            values = sample_volume(course.ct, points)
            assert values.mean() == pytest.approx(middle, abs=tolerance), (name, course.folder)


def test_the_node_is_on_the_second_ct_only(truth):
    here = np.array([organs.NODE_CENTER])
    assert sample_volume(truth.planned.ct, here)[0] > 0
    assert sample_volume(truth.prior.ct, true_transform()(here))[0] < -20


def test_both_cts_show_a_couch_under_the_patient(truth):
    for course in (truth.prior, truth.planned):
        couch = course.course.couch
        foam = [[couch.middle_x, couch.top_y + couch.thickness / 2, course.ct.grid.origin_lps[2]]]
        assert -990 < sample_volume(course.ct, np.array(foam))[0] < -500


def test_the_true_field_is_written_outside_of_the_case_only(truth, tmp_path):
    with pytest.raises(RefusedError, match="keep the true transform outside"):
        truth.write_displacement_field(truth.folder / "truth.nrrd")
    path = truth.write_displacement_field(tmp_path / "truth.nrrd", spacing_mm=40.0)
    field = sitk.ReadImage(str(path))
    point = np.array(field.TransformIndexToPhysicalPoint((4, 3, 2)))[None]
    np.testing.assert_allclose(field[4, 3, 2], (true_transform()(point) - point)[0], atol=1e-6)


REQUIRED = {
    "CT": "ImageType InstanceNumber PixelSpacing ImageOrientationPatient SliceThickness KVP "
    "AcquisitionNumber RescaleIntercept RescaleSlope PositionReferenceIndicator PatientPosition",
    "RTSTRUCT": "StructureSetLabel StructureSetDate StructureSetTime StructureSetROISequence "
    "ROIContourSequence RTROIObservationsSequence OperatorsName",
    "RTPLAN": "RTPlanLabel RTPlanDate RTPlanTime RTPlanGeometry FractionGroupSequence "
    "BeamSequence PatientSetupSequence ReviewDate ReviewTime ReviewerName OperatorsName",
    "RTDOSE": "DoseUnits DoseType DoseSummationType GridFrameOffsetVector DoseGridScaling "
    "FrameIncrementPointer NumberOfFrames InstanceNumber SliceThickness OperatorsName",
}
EVERYWHERE = (
    "PatientName PatientID PatientBirthDate PatientSex StudyInstanceUID StudyDate StudyTime "
    "ReferringPhysicianName StudyID AccessionNumber Modality SeriesInstanceUID SeriesNumber "
    "Manufacturer SOPClassUID SOPInstanceUID FrameOfReferenceUID"
)


@pytest.mark.parametrize("modality", list(REQUIRED))
def test_attributes_that_dicom_requires_are_there(objects, modality):
    for dataset in objects["course2_node_sbrt", modality]:
        for keyword in f"{EVERYWHERE} {REQUIRED[modality]}".split():
            assert keyword in dataset, keyword
