"""A DICOM registration of the planning system is found beside the courses and used."""

import pydicom
import pytest
import SimpleITK as sitk

pytest.importorskip("slicer")
from ReirradiationCore.courses import Patient
from ReirradiationCore.dicom.write_common import SeriesInfo, StudyInfo
from ReirradiationCore.dicom.write_registration import write_registration
from ReirradiationCore.errors import RefusedError
from ReirradiationCore.grids import Grid
from test_planner_session import new_session
from two_courses import make_courses, save_courses

SPATIAL_FIDUCIALS = "1.2.840.10008.5.1.4.1.1.66.2"
SHIFT_MM = (0.5, -0.25, 1.0)


def save_registration(path, prior, planned, number):
    """Write that a point of today lies ``SHIFT_MM`` further on the prior CT."""
    frames = [str(course.ct[0].FrameOfReferenceUID) for course in (planned, prior)]
    study = StudyInfo(Patient("TEST-1"), str(planned.plan.StudyInstanceUID), frames[0])
    series = SeriesInfo(f"2.25.6{number}", 1, "Registration", "20240101", "120000")
    grid = Grid((4, 4, 4), (20.0, 20.0, 20.0))
    transform = sitk.TranslationTransform(3, SHIFT_MM)
    return write_registration(path, transform, frames[1], study, series, f"2.25.7{number}", grid)


@pytest.fixture
def a_case(tmp_path):
    courses = make_courses(same_frame=False)
    save_courses(tmp_path, courses)
    return tmp_path, courses


def session_of(host, folder):
    session = new_session(host.scene)
    session.readFolder(folder)
    session.requireCourses()
    return session


def mapped(session):
    match = session.logic.registered(session.found)["prior-1"]
    return match.result.engine, match.result.transform.TransformPoint((0.0, 0.0, 0.0))


def test_the_only_one_between_the_courses_is_found_beside_them(a_host, a_case):
    folder, courses = a_case
    save_registration(folder / "reg.dcm", *courses, 1)
    session = session_of(a_host, folder)
    session.useSystemRegistration(session.priors[0], None)
    engine, point = mapped(session)
    assert engine == "DICOM Spatial Registration reg.dcm"
    assert point == pytest.approx(SHIFT_MM, abs=1e-6)


def test_a_case_file_that_asks_for_it_gets_it_at_the_evaluation(a_host, a_case):
    folder, courses = a_case
    save_registration(folder / "reg.dcm", *courses, 1)
    session = session_of(a_host, folder)
    session.choices = session.choices.withRegistration("prior-1", "tps")
    session.registerMissing()
    assert mapped(session)[1] == pytest.approx(SHIFT_MM, abs=1e-6)


def save_unreadable(folder):
    """Write what calls itself a registration and is of another kind."""
    path = folder / "broken.dcm"
    data = pydicom.dcmread(folder / "reg.dcm")
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = "2.25.799"
    data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = SPATIAL_FIDUCIALS
    data.save_as(path)


def test_one_that_cannot_be_read_is_named_with_the_registration(a_host, a_case):
    folder, courses = a_case
    save_registration(folder / "reg.dcm", *courses, 1)
    save_unreadable(folder)
    session = session_of(a_host, folder)
    session.useSystemRegistration(session.priors[0], None)
    assert mapped(session)[0].endswith("reg.dcm")
    warnings = session.registrationRecord(session.priors[0])["warnings"]
    assert any("passed over" in text and "broken.dcm" in text for text in warnings)


@pytest.mark.parametrize("length", [180, 600])
def test_one_that_is_cut_off_is_named_with_the_registration(a_host, a_case, length):
    folder, courses = a_case
    save_registration(folder / "one.dcm", *courses, 1)
    (folder / "more").mkdir()
    path = save_registration(folder / "more" / "two.dcm", *courses, 2)
    path.write_bytes(path.read_bytes()[:length])
    session = session_of(a_host, folder)
    session.useSystemRegistration(session.priors[0], None)
    assert mapped(session)[0].endswith("one.dcm")
    warnings = session.registrationRecord(session.priors[0])["warnings"]
    assert any("passed over" in text and "two.dcm" in text for text in warnings)


def test_one_without_a_modality_is_found_all_the_same(a_host, a_case):
    folder, courses = a_case
    path = save_registration(folder / "reg.dcm", *courses, 1)
    data = pydicom.dcmread(path)
    data.Modality = ""
    data.save_as(path)
    session = session_of(a_host, folder)
    session.useSystemRegistration(session.priors[0], None)
    assert mapped(session)[1] == pytest.approx(SHIFT_MM, abs=1e-6)


def test_one_that_cannot_be_read_is_named_where_none_fits(a_host, a_case):
    folder, courses = a_case
    save_registration(folder / "reg.dcm", *courses, 1)
    save_unreadable(folder)
    (folder / "reg.dcm").unlink()
    session = session_of(a_host, folder)
    with pytest.raises(RefusedError, match=r"found none.*passed over.*broken\.dcm"):
        session.useSystemRegistration(session.priors[0], None)


def test_with_two_of_them_the_file_has_to_be_named(a_host, a_case):
    folder, courses = a_case
    save_registration(folder / "one.dcm", *courses, 1)
    path = save_registration(folder / "two.dcm", *courses, 2)
    session = session_of(a_host, folder)
    with pytest.raises(RefusedError, match=r"found one\.dcm, two\.dcm"):
        session.useSystemRegistration(session.priors[0], None)
    session.useSystemRegistration(session.priors[0], path)
    assert mapped(session)[0].endswith("two.dcm")


def test_without_one_it_is_refused(a_host, a_case):
    session = session_of(a_host, a_case[0])
    with pytest.raises(RefusedError, match="found none"):
        session.useSystemRegistration(session.priors[0], None)
