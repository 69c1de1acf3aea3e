"""The hatch covers what is unknown inside the patient, and nothing else."""

import numpy as np
import pytest

pytest.importorskip("slicer")

from ReirradiationCore.grids import Volume
from ReirradiationPlannerLib.UnknownRegion import HATCH_MM, LINE_MM, UnknownRegion


@pytest.fixture
def half_known(a_cone_dose):
    array = a_cone_dose.array.copy()
    array[:, :30] = np.nan
    return Volume(array, a_cone_dose.grid)


def hatched_points(node_or_volume):
    return node_or_volume.grid.centers_lps()[node_or_volume.array.ravel() > 0]


def hatch(ct, values):
    known = Volume(np.isfinite(values.array).astype(np.uint8), values.grid)
    return UnknownRegion.hatch(UnknownRegion.patient(ct), known)


def test_lines_of_the_hatch_lie_inside_the_patient_where_the_map_is_unknown(
    a_cylinder_ct, half_known
):
    points = hatched_points(hatch(a_cylinder_ct, half_known))
    # row 30 is the first that is known; its voxels reach half a spacing further, to A 1.5
    assert points[:, 1].max() < -1.5 + 0.01
    assert np.hypot(points[:, 0], points[:, 1]).max() < 73.0


def test_the_hatch_covers_its_share_of_the_unknown_part(a_cylinder_ct, half_known):
    volume = hatch(a_cylinder_ct, half_known)
    points = volume.grid.centers_lps()
    inside = (np.hypot(points[:, 0], points[:, 1]) < 60) & (points[:, 1] < -5)
    share = volume.array.ravel()[inside].mean()
    assert share == pytest.approx(LINE_MM / HATCH_MM, abs=0.03)


def test_beyond_the_grid_of_the_map_is_unknown_too(a_cylinder_ct, a_cone_dose):
    grid = a_cone_dose.grid
    lower = type(grid)((61, 61, 20), grid.spacing_mm, grid.origin_lps)
    points = hatched_points(hatch(a_cylinder_ct, Volume(a_cone_dose.array[:20], lower)))
    # the last plane is at -60 + 19 * 3 mm and reaches 1.5 mm further
    assert points[:, 2].min() == pytest.approx(-1.5, abs=1.3)
    assert points[:, 2].max() > 55


def test_the_couch_is_not_hatched(a_cylinder_ct, half_known):
    array = a_cylinder_ct.array.copy()
    array[:, 2, 5:-5] = 100
    points = hatched_points(hatch(Volume(array, a_cylinder_ct.grid), half_known))
    assert points[:, 1].min() > -75


def test_a_map_that_covers_the_patient_has_no_hatch(a_host, a_cylinder_ct, a_cone_dose):
    assert UnknownRegion(a_host.scene, a_cylinder_ct).add(a_cone_dose, "unknown") is None


def test_maps_unknown_in_the_same_place_share_one_hatch(a_host, a_cylinder_ct, half_known):
    region = UnknownRegion(a_host.scene, a_cylinder_ct)
    twice = Volume(half_known.array * 2, half_known.grid)
    first = region.add(half_known, "Unknown: first")
    assert first.GetName() == "Unknown: first"
    assert region.add(twice, "Unknown: second") is first
    assert first.GetName() == "Not known in several maps"
