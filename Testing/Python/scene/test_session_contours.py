"""Contours drawn after the registration was measured: what the session says, drops and writes."""

import pytest

pytest.importorskip("slicer")
from test_planner_session import new_session
from two_courses import make_courses, save_courses
from vtk.util.numpy_support import vtk_to_numpy

BLADDER = 1  # place of the segment, which is paired with the prior bladder


@pytest.fixture
def a_session(a_host, tmp_path):
    session = new_session(a_host.scene)
    session.readFolder(save_courses(tmp_path / "case", make_courses()))
    session.evaluate()
    return session


def segmentation(session):
    return session.found.planned.segmentationNode.GetSegmentation()


def draw(session, place=BLADDER):
    """Move the contour of a segment by 5 mm."""
    drawn = segmentation(session).GetNthSegment(place).GetRepresentation("Planar contour")
    vtk_to_numpy(drawn.GetPoints().GetData())[:, 0] += 5.0
    drawn.Modified()
    say(session, segmentation(session).GetNthSegmentID(place))


def say(session, segmentId):
    session.invalidateOrgan(session.found.planned.segmentationNode, segmentId)


def names(session):
    return [organ.model.name for organ in session.result.organs]


def test_the_quality_is_not_of_a_contour_that_was_drawn_since(a_session):
    session = a_session
    assert session.registrationRecord(session.priors[0])["measured"] is True
    draw(session)
    session.update()
    assert session.registrationRecord(session.priors[0])["measured"] is False
    session.evaluate()
    assert session.registrationRecord(session.priors[0])["measured"] is True


def test_it_is_not_before_anything_is_evaluated_either(a_session):
    session = a_session
    session.live = session.result = None
    draw(session)
    session.update()
    assert session.registrationRecord(session.priors[0])["measured"] is False


def test_a_report_measures_the_registration_at_the_contours_as_they_are(a_session):
    session = a_session
    draw(session)
    session.update()
    assert "Bladder" in session.result.not_measured
    results = session.logic.results(session.wholeEvaluation())
    (measured,) = results["registrations"][0]["quality"]["structures"]
    # boxes of 20 mm that are 5 mm apart share 15 of 20 mm
    assert measured["dsc"] == pytest.approx(0.75, abs=0.02)
    assert session.result.not_measured == ""


def test_a_segment_renamed_twice_is_judged_once(a_session):
    session = a_session
    segmentId = segmentation(session).GetNthSegmentID(BLADDER)
    for name in ("First", "Second"):
        segmentation(session).GetSegment(segmentId).SetName(name)
        say(session, segmentId)
        session.update()
    assert names(session) == ["BODY", "Second"]


def test_a_segment_renamed_and_then_removed_is_not_judged(a_session):
    session = a_session
    segmentId = segmentation(session).GetNthSegmentID(BLADDER)
    segmentation(session).GetSegment(segmentId).SetName("Other")
    say(session, segmentId)
    session.update()
    segmentation(session).RemoveSegment(segmentId)
    say(session, segmentId)
    session.update()
    assert names(session) == ["BODY"]
