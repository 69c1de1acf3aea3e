"""Isodose surfaces lie where the dose says."""

import numpy as np
import pytest

pytest.importorskip("slicer")

from ReirradiationCore.grids import Grid, Volume
from ReirradiationPlannerLib.IsodoseModels import IsodoseModels
from ReirradiationPlannerLib.VolumeNodes import VolumeNodes
from vtk.util.numpy_support import vtk_to_numpy

GRID = Grid((41, 41, 41), (2.0, 2.0, 2.0), (-30.0, -45.0, -38.0))
CENTER = np.array([10.0, -5.0, 2.0])


@pytest.fixture
def a_ball_of_dose():
    distance = np.linalg.norm(GRID.centers_lps() - CENTER, axis=1).reshape(GRID.shape)
    return Volume((100.0 - 2.0 * distance).astype(np.float32), GRID)


def points_lps(surface):
    return vtk_to_numpy(surface.GetPoints().GetData()) * [-1, -1, 1]


def test_a_level_of_a_ball_of_dose_is_a_sphere(a_ball_of_dose):
    radii = np.linalg.norm(points_lps(IsodoseModels.surface(a_ball_of_dose, 60.0)) - CENTER, axis=1)
    # 60 Gy is 20 mm from the centre; a chord of a 2 mm voxel sags by less than 0.1 mm
    assert radii == pytest.approx(20.0, abs=0.1)


def test_the_surface_ends_where_the_dose_is_unknown(a_ball_of_dose):
    array = a_ball_of_dose.array.copy()
    array[:20] = np.nan
    surface = IsodoseModels.surface(Volume(array, GRID), 60.0)
    points = points_lps(surface)
    # plane 20 is the first that is known, at S 2
    assert points[:, 2].min() >= 2.0 - 1e-4
    assert points[:, 2].max() == pytest.approx(22.0, abs=0.1)
    assert np.linalg.norm(points - CENTER, axis=1) == pytest.approx(20.0, abs=0.1)


def test_levels_that_do_not_occur_make_no_model(a_host, a_ball_of_dose):
    node = VolumeNodes(a_host.scene).addMap(a_ball_of_dose, "Dose", "eqd2_planned", "Gy")
    models = IsodoseModels(a_host.scene).add(node, (50.0, 500.0), lambda _: (1, 0, 0), "Gy")
    assert [model.GetName() for model in models] == ["Dose 50 Gy"]
    assert models[0].GetDisplayNode().GetVisibility2D()
