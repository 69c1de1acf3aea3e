"""Two lists of points of a scene become the landmarks that measure a registration."""

import pytest

pytest.importorskip("slicer")
from ReirradiationCore.errors import RefusedError
from ReirradiationPlannerLib.LandmarkPairs import LandmarkPairs


class Marked:
    """Two CTs in a scene, and two points on each."""

    def __init__(self, scene):
        self.scene = scene
        self.images = tuple(scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode") for _ in range(2))
        self.today = self.points(("tip", 1.0, 2.0, 3.0), ("edge", 40.0, 50.0, 60.0))
        self.before = self.points(("a", 1.0, 2.0, 5.0), ("b", 41.0, 50.0, 60.0))
        self.start = scene.AddNewNodeByClass("vtkMRMLLinearTransformNode")

    def points(self, *rows):
        node = self.scene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode")
        for name, *position in rows:
            node.SetNthControlPointLabel(node.AddControlPoint(*position), name)
        return node

    def landmarks(self):
        pairs = LandmarkPairs(self.today, self.before)
        return pairs.landmarks("prior-1", self.images, (None, self.start))


@pytest.fixture
def marked(a_host):
    return Marked(a_host.scene)


def test_points_are_named_by_their_labels_in_lps_and_speak_for_what_they_describe(marked):
    marked.today.SetNthControlPointDescription(1, "Rectum")
    tip, edge = marked.landmarks()
    assert (tip.name, tip.structure) == ("tip", "")
    assert (tip.reference_lps, tip.prior_lps) == ((-1.0, -2.0, 3.0), (-1.0, -2.0, 5.0))
    assert (edge.name, edge.structure) == ("edge", "Rectum")


def test_empty_lists_are_no_landmarks(marked):
    marked.today.RemoveAllControlPoints()
    marked.before.RemoveAllControlPoints()
    assert marked.landmarks() == ()


def test_lists_of_different_length_are_refused(marked):
    marked.before.RemoveNthControlPoint(1)
    with pytest.raises(RefusedError, match="2 landmarks today and 1 before"):
        marked.landmarks()


def test_points_of_one_name_are_refused(marked):
    marked.today.SetNthControlPointLabel(1, "tip")
    with pytest.raises(RefusedError, match="tip is given twice"):
        marked.landmarks()


def test_points_that_are_not_where_their_ct_is_shown_are_refused(marked):
    shown = marked.scene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    marked.images[1].SetAndObserveTransformNodeID(shown.GetID())
    with pytest.raises(RefusedError, match="under the same transform"):
        marked.landmarks()
    marked.before.SetAndObserveTransformNodeID(shown.GetID())
    assert len(marked.landmarks()) == 2


def test_points_the_start_was_fitted_to_do_not_measure(marked):
    LandmarkPairs.keepFitted(marked.start, marked.points(("x", 40.0, 50.0, 60.5)))
    with pytest.raises(RefusedError, match="fitted to landmark 'edge'"):
        marked.landmarks()


def test_points_the_start_of_the_registration_was_fitted_to_do_not_measure_it_later(marked):
    LandmarkPairs.keepFitted(marked.start, marked.points(("x", 40.0, 50.0, 60.5)))
    registration = marked.scene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    LandmarkPairs.passOn(marked.start, registration)
    marked.start = registration
    with pytest.raises(RefusedError, match="fitted to landmark 'edge'"):
        marked.landmarks()
    LandmarkPairs.passOn(None, registration)
    assert len(marked.landmarks()) == 2


def test_a_start_is_not_fitted_to_points_that_measure(marked):
    measuring = marked.landmarks()
    LandmarkPairs.requireNotMeasuring(marked.points(("x", 40.0, 50.0, 62.0)), measuring)
    with pytest.raises(RefusedError, match="'tip' measures the registration"):
        LandmarkPairs.requireNotMeasuring(marked.points(("x", 1.0, 2.0, 3.5)), measuring)


def test_points_move_along_with_their_ct_only_from_the_same_place(marked):
    """Points set on a CT under a transform are not where they belong without it."""
    registration, ct = marked.start, marked.images[1]
    LandmarkPairs.moveAlong(marked.before, ct, registration)
    assert marked.before.GetParentTransformNode() is registration
    ct.SetAndObserveTransformNodeID(registration.GetID())
    later = marked.points(("a", 1.0, 2.0, 5.0))
    LandmarkPairs.moveAlong(later, ct, registration)
    assert later.GetParentTransformNode() is None
