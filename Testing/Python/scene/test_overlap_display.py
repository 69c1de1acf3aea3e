"""Overlap of courses at isodoses that the user chooses."""

import dataclasses

import numpy as np
import pytest

slicer = pytest.importorskip("slicer")

from ReirradiationCore.grids import Volume  # noqa: E402
from ReirradiationPlannerLib.CaseNodes import CaseNodes  # noqa: E402
from ReirradiationPlannerLib.DoseDisplay import DoseDisplay  # noqa: E402
from ReirradiationPlannerLib.OverlapDisplay import OverlapDisplay  # noqa: E402
from ReirradiationPlannerLib.ResultNodes import ResultNodes  # noqa: E402
from vtk.util.numpy_support import vtk_to_numpy  # noqa: E402


@pytest.fixture
def a_scene(a_host, a_request, a_cone_dose):
    """The prior course gives 100 - 2 r Gy at r mm from the axis at L 30, the planned one half."""
    half = Volume(a_cone_dose.array / 2, a_cone_dose.grid)
    maps = {"eqd2_prior-1": a_cone_dose, "eqd2_planned": half, "overlap_eqd2": half}
    ResultNodes(a_host.scene).addCase(dataclasses.replace(a_request, maps=maps))
    return a_host.scene


def radii(model):
    points = vtk_to_numpy(model.GetPolyData().GetPoints().GetData())
    return np.hypot(points[:, 0] + 30.0, points[:, 1])


def test_only_where_both_reach_their_isodose_is_overlap(a_scene, a_cone_dose):
    OverlapDisplay(a_scene).choose(priorGy=80.0, plannedGy=20.0)
    values = slicer.util.arrayFromVolume(CaseNodes(a_scene).maps()["overlap_eqd2"])
    prior = a_cone_dose.array
    # 80 Gy of the prior course ends within 20 Gy of the planned one; the smaller dose is shown
    assert np.array_equal(values > 0, prior >= 80.0)
    assert values[prior >= 80.0] == pytest.approx(prior[prior >= 80.0] / 2)


def test_the_isodose_of_each_course_is_drawn_and_goes_with_the_map(a_scene):
    overlap = OverlapDisplay(a_scene)
    overlap.choose(priorGy=80.0, plannedGy=20.0)
    overlap.choose(priorGy=60.0, plannedGy=30.0)
    lines = CaseNodes(a_scene).all(CaseNodes.COURSE_LINE)
    assert [m.GetName() for m in lines] == [
        "Prior courses 60 Gy EQD2",
        "Planned course 30 Gy EQD2",
    ]
    assert [float(np.median(radii(m))) for m in lines] == pytest.approx([20.0, 20.0], abs=0.2)
    DoseDisplay(a_scene).showMap("eqd2_planned", [])
    assert not any(m.GetDisplayNode().GetVisibility() for m in lines)


def test_both_doses_at_a_point_are_given_apart(a_scene):
    assert OverlapDisplay(a_scene).givenAt((30.0, 0.0, 0.0)) == {"prior-1": 100.0, "planned": 50.0}
    assert OverlapDisplay(a_scene).givenAt((900.0, 0.0, 0.0)) == {"prior-1": None, "planned": None}
