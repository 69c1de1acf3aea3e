"""Both CTs in the slice views: which is where, and what the checkerboard shows."""

import numpy as np
import pytest

slicer = pytest.importorskip("slicer")
from ReirradiationCore.grids import Grid, Volume  # noqa: E402
from ReirradiationPlannerLib.CaseNodes import CaseNodes  # noqa: E402
from ReirradiationPlannerLib.CtComparison import CtComparison  # noqa: E402
from ReirradiationPlannerLib.VolumeNodes import VolumeNodes  # noqa: E402

GRID = Grid((16, 16, 16), (2.0, 2.0, 2.0), (-10.0, 4.0, 7.0))


@pytest.fixture
def two_cts(a_host):
    volumes = VolumeNodes(a_host.scene)
    today = Volume(np.full(GRID.shape, 100, np.int16), GRID)
    prior = Volume(np.full(GRID.shape, 40, np.int16), GRID)
    composite = a_host.scene.AddNewNodeByClass("vtkMRMLSliceCompositeNode")
    return volumes.addImage(today, "today"), volumes.addImage(prior, "prior"), composite


def test_fade_mixes_both_cts(a_host, two_cts):
    today, prior, composite = two_cts
    CtComparison(a_host.scene, today).show(prior, "fade", 0.3)
    assert composite.GetBackgroundVolumeID() == today.GetID()
    assert composite.GetForegroundVolumeID() == prior.GetID()
    assert composite.GetForegroundOpacity() == pytest.approx(0.3)
    assert composite.GetCompositing() == slicer.vtkMRMLSliceCompositeNode.Alpha


def test_difference_subtracts_the_whole_prior_ct_and_ends_with_hide(a_host, two_cts):
    today, prior, composite = two_cts
    comparison = CtComparison(a_host.scene, today)
    comparison.show(prior, "difference", 0.3)
    assert composite.GetForegroundOpacity() == 1.0
    assert composite.GetCompositing() == slicer.vtkMRMLSliceCompositeNode.Subtract
    comparison.hide()
    assert composite.GetForegroundVolumeID() is None
    assert composite.GetCompositing() == slicer.vtkMRMLSliceCompositeNode.Alpha


def test_checkerboard_shows_the_two_cts_by_turns_and_is_made_once(a_host, two_cts):
    today, prior, composite = two_cts
    comparison = CtComparison(a_host.scene, today)
    comparison.show(prior, "checkerboard", 0.5)
    comparison.show(prior, "checkerboard", 0.5)
    boards = CaseNodes(a_host.scene).all("checkerboard")
    assert [board.GetID() for board in boards] == [composite.GetBackgroundVolumeID()]
    array = slicer.util.arrayFromVolume(boards[0])
    assert (array[:2, :2, :2] == 100).all()
    assert (array[:2, :2, 2:4] == 40).all()
    assert (array == 100).sum() == (array == 40).sum()


def test_the_checkerboard_has_the_window_of_todays_ct(a_host, two_cts):
    today, prior, _composite = two_cts
    today.GetDisplayNode().SetAutoWindowLevel(False)
    today.GetDisplayNode().SetWindowLevel(1500.0, 300.0)
    CtComparison(a_host.scene, today).show(prior, "checkerboard", 0.5)
    display = CaseNodes(a_host.scene).first("checkerboard").GetDisplayNode()
    assert (display.GetWindow(), display.GetLevel()) == (1500.0, 300.0)
