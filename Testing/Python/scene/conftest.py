"""A scene, and a small case with values known in closed form."""

import numpy as np
import pytest
from ReirradiationCore.grids import Grid, Volume
from ReirradiationCore.pictures_data import HotSpot, PictureRequest
from scene_shapes import box_structure

RADIUS_MM = 70.0


@pytest.fixture
def a_host():
    pytest.importorskip("slicer")
    from ReirradiationHeadless.host import boot  # noqa: PLC0415 - only where slicer is there

    return boot()


@pytest.fixture(scope="session")
def a_screen():
    """Skip where nothing can be rendered."""
    pytest.importorskip("slicer")
    from ReirradiationHeadless.offscreen import prepare_rendering  # noqa: PLC0415

    missing = prepare_rendering()
    if missing:
        pytest.skip(missing.reason)


@pytest.fixture
def an_oblique_volume():
    angle = np.radians(20)
    tilt = np.radians(-10)
    about_z = [[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]]
    about_x = [[1, 0, 0], [0, np.cos(tilt), -np.sin(tilt)], [0, np.sin(tilt), np.cos(tilt)]]
    direction = tuple((np.array(about_z) @ np.array(about_x)).ravel().tolist())
    grid = Grid((7, 6, 5), (1.5, 2.0, 3.0), (-12.0, 34.0, -56.0), direction)
    array = np.arange(7 * 6 * 5, dtype=np.int16).reshape(grid.shape)
    return Volume(array, grid)


@pytest.fixture(scope="session")
def a_cylinder_ct():
    """Water cylinder along S-I, radius 70 mm, in air; centres of voxels at multiples of 3 mm."""
    grid = Grid((61, 61, 41), (3.0, 3.0, 3.0), (-90.0, -90.0, -60.0))
    points = grid.centers_lps().reshape(*grid.shape, 3)
    inside = np.hypot(points[..., 0], points[..., 1]) < RADIUS_MM
    return Volume(np.where(inside, 0, -1000).astype(np.int16), grid)


@pytest.fixture(scope="session")
def a_cone_dose(a_cylinder_ct):
    """100 Gy on an axis along S-I at L 30, falling by 2 Gy each mm to 0."""
    points = a_cylinder_ct.grid.centers_lps().reshape(*a_cylinder_ct.grid.shape, 3)
    distance = np.hypot(points[..., 0] - 30.0, points[..., 1])
    return Volume(np.maximum(0.0, 100.0 - 2.0 * distance).astype(np.float32), a_cylinder_ct.grid)


@pytest.fixture
def make_box():
    return box_structure


@pytest.fixture(scope="session")
def a_request(a_cylinder_ct, a_cone_dose):
    cube = box_structure(4, "Cube", (20, -20, -30), (60, 20, 30))
    percent = Volume(a_cone_dose.array * np.float32(1.4), a_cone_dose.grid)
    half = Volume(a_cone_dose.array / 2, a_cone_dose.grid)
    return PictureRequest(
        ct=a_cylinder_ct,
        maps={
            "alpha_beta": half,
            "cumulative_eqd2": a_cone_dose,
            "tolerance_percent": percent,
            "overlap_eqd2": half,
            "eqd2_prior-1": half,
            "eqd2_planned": half,
        },
        structures=(cube,),
        hot_spots=(HotSpot("Cube", (30.0, 0.0, 0.0), "100.0 Gy EQD2"),),
        course_labels={"prior-1": "first course", "planned": "second course"},
        patient_label="PHANTOM",
    )
