"""Volumes keep their voxels and their place on the way into the scene and back."""

import numpy as np
import pytest

slicer = pytest.importorskip("slicer")

import vtk  # noqa: E402
from ReirradiationCore.grids import Grid, Volume, require_same_grid  # noqa: E402
from ReirradiationPlannerLib.VolumeNodes import VolumeNodes  # noqa: E402


def test_an_oblique_volume_comes_back_as_it_was(a_host, an_oblique_volume):
    node = VolumeNodes(a_host.scene).addImage(an_oblique_volume, "CT")
    back = VolumeNodes.toVolume(node)
    require_same_grid(back.grid, an_oblique_volume.grid, "volumes")
    assert np.array_equal(back.array, an_oblique_volume.array)


def test_a_voxel_lies_at_the_same_place_with_two_axes_turned(a_host):
    grid = Grid((4, 3, 2), (1.0, 2.0, 5.0), (10.0, 20.0, 30.0))
    node = VolumeNodes(a_host.scene).addImage(Volume(np.zeros(grid.shape, np.int16), grid), "CT")
    ijk_to_ras = vtk.vtkMatrix4x4()
    node.GetIJKToRASMatrix(ijk_to_ras)
    # voxel (3, 2, 1) is at L 13, P 24, S 35, which is R -13, A -24, S 35
    assert ijk_to_ras.MultiplyPoint((3, 2, 1, 1))[:3] == pytest.approx((-13.0, -24.0, 35.0))


def test_unknown_voxels_of_a_map_stay_unknown(a_host):
    grid = Grid((3, 3, 3), (1.0, 1.0, 1.0))
    array = np.full(grid.shape, 12.5, np.float32)
    array[1] = np.nan
    node = VolumeNodes(a_host.scene).addMap(Volume(array, grid), "Map", "cumulative_eqd2", "Gy")
    assert np.array_equal(slicer.util.arrayFromVolume(node), array, equal_nan=True)


@pytest.mark.parametrize(("unit", "marked"), [("Gy", "1"), ("%", None)])
def test_only_maps_in_gray_carry_the_dose_attribute(a_host, unit, marked):
    grid = Grid((2, 2, 2), (1.0, 1.0, 1.0))
    volume = Volume(np.zeros(grid.shape, np.float32), grid)
    node = VolumeNodes(a_host.scene).addMap(volume, "Map", "any", unit)
    assert node.GetAttribute("DicomRtImport.DoseVolume") == marked
    assert node.GetVoxelValueUnits().GetCodeValue() == unit


def test_uneven_planes_are_resampled_to_the_smallest_distance(a_host):
    offsets = (0.0, 2.0, 6.0, 8.0)
    grid = Grid((2, 2, 4), (1.0, 1.0, 8 / 3), plane_offsets_mm=offsets)
    ramp = np.broadcast_to(np.array(offsets)[:, None, None] * 10, grid.shape).astype(np.float32)
    back = VolumeNodes.toVolume(VolumeNodes(a_host.scene).addImage(Volume(ramp, grid), "CT"))
    assert back.grid.spacing_mm == pytest.approx((1.0, 1.0, 2.0))
    assert back.array[:, 0, 0].tolist() == [0, 20, 40, 60, 80]


def test_fractions_of_hounsfield_units_are_rounded(a_host):
    grid = Grid((1, 1, 3), (1.0, 1.0, 1.0))
    values = np.array([-999.4, 40.6, np.nan]).reshape(grid.shape)
    node = VolumeNodes(a_host.scene).addImage(Volume(values, grid), "CT")
    stored = slicer.util.arrayFromVolume(node)
    assert stored.dtype == np.int16
    assert stored.ravel().tolist() == [-999, 41, -1024]
