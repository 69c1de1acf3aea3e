"""Two lists of points of a scene become the landmarks that measure a registration."""

import pytest

pytest.importorskip("slicer")
import vtk
from ReirradiationCore.errors import RefusedError
from ReirradiationPlannerLib.LandmarkPairs import LandmarkPairs
from ReirradiationPlannerLib.LandmarkStart import referenceToPrior
from ReirradiationPlannerLib.SceneNames import SceneNames


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


# --- a start fitted to them --------------------------------------------------------------------

CORNERS = (("a", 0.0, 0.0, 0.0), ("b", 20.0, 0.0, 0.0), ("c", 0.0, 20.0, 0.0))


class Shown(Marked):
    """The prior CT is shown 3 mm higher, where three points were set as they are seen."""

    def __init__(self, scene):
        super().__init__(scene)
        self.shown, up = scene.AddNewNodeByClass("vtkMRMLLinearTransformNode"), vtk.vtkMatrix4x4()
        up.SetElement(2, 3, 3.0)
        self.shown.SetMatrixTransformToParent(up)
        self.images[1].SetAndObserveTransformNodeID(self.shown.GetID())
        self.today = self.points(*CORNERS)
        self.before = self.points(*((name, x, y, z - 3.0) for name, x, y, z in CORNERS))
        self.before.SetAndObserveTransformNodeID(self.shown.GetID())

    def fit(self, before=None, node=None, measuring=()):
        pairs = LandmarkPairs(self.today, before or self.before)
        return pairs.fitStart(self.images, measuring, node)

    @property
    def count(self):
        return self.scene.GetNumberOfNodesByClass("vtkMRMLTransformNode")


@pytest.fixture
def shown(a_host):
    return Shown(a_host.scene)


def test_a_start_is_fitted_to_points_in_the_own_coordinates_of_their_ct(shown):
    node, error_mm = shown.fit()
    assert error_mm == pytest.approx(0.0, abs=1e-6)
    assert referenceToPrior(node).TransformPoint((0, 0, 0)) == pytest.approx((0, 0, -3), abs=1e-6)
    with pytest.raises(RefusedError, match="fitted to landmark 'a'"):
        LandmarkPairs(shown.today, shown.before).landmarks("prior-1", shown.images, (node,))


def test_a_start_is_not_fitted_to_points_that_are_not_where_their_ct_is_shown(shown):
    count = shown.count
    with pytest.raises(RefusedError, match="under the same transform"):
        shown.fit(shown.points(*CORNERS))
    assert shown.count == count


def test_a_start_that_cannot_be_fitted_leaves_no_transform(shown):
    count = shown.count
    for points in (shown.today, shown.before):
        points.RemoveNthControlPoint(2)
    with pytest.raises(RefusedError, match="three or more"):
        shown.fit()
    assert shown.count == count


def test_a_start_is_not_fitted_to_what_measures_the_registration(shown):
    measuring = LandmarkPairs(shown.today, shown.before).landmarks("prior-1", shown.images, ())
    with pytest.raises(RefusedError, match="'a' measures the registration"):
        shown.fit(measuring=measuring)


def test_a_fit_is_written_on_its_own_node_and_on_no_other_transform(shown):
    turned = shown.scene.AddNewNodeByClass("vtkMRMLLinearTransformNode", "turned by hand")
    node, _error_mm = shown.fit(node=turned)
    assert node is not turned
    assert shown.fit(node=node)[0] is node
    node.SetAttribute(SceneNames.REGISTRATION, "{}")
    assert shown.fit(node=node)[0] is not node
    node.RemoveAttribute(SceneNames.REGISTRATION)
    node.SetAndObserveTransformNodeID(shown.shown.GetID())
    assert shown.fit(node=node)[0] is not node
