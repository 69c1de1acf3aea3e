"""RT Dose files: values, geometry, what they say about themselves, and what is refused."""

from dataclasses import replace

import numpy as np
import pydicom
import pytest
from ReirradiationCore.courses import Patient
from ReirradiationCore.dicom.write_common import SeriesInfo, StudyInfo, new_uid
from ReirradiationCore.dicom.write_dose import DoseInfo, DoseSummationType, DoseType, write_dose
from ReirradiationCore.errors import RefusedError
from ReirradiationCore.grids import Grid, Volume
from scipy.spatial.transform import Rotation

PLAN = DoseInfo(DoseType.PHYSICAL, DoseSummationType.PLAN, ("1.2.3",), structure_set_uid="1.2.4")
CUMULATIVE = DoseInfo(
    DoseType.EFFECTIVE,
    DoseSummationType.MULTI_PLAN,
    ("1.2.3", "1.2.5"),
    "EQD2 alpha/beta 3 Gy",
)
STUDY = StudyInfo(Patient("REIRR-T", "TEST^ONE", "19500101", "M"), "1.2.9", "1.2.8")
GRID = Grid((5, 4, 3), (2.0, 2.5, 3.0), (-10.0, 20.0, -30.5))


def a_volume(grid=GRID, top=66.6):
    array = np.random.default_rng(3).uniform(0, top, grid.shape)
    array[0, 0, 0] = top
    return Volume(array, grid)


def write(folder, volume, info=PLAN, description="Dose"):
    path = folder / "RD.dcm"
    written = write_dose(path, volume, info, STUDY, SeriesInfo(new_uid(), 1, description))
    return pydicom.dcmread(path), written


def stored_gray(dataset):
    return dataset.pixel_array * float(dataset.DoseGridScaling)


@pytest.mark.parametrize("bits", [16, 32])
def test_values_read_back_within_a_hundredth_of_a_percent_of_the_maximum(tmp_path, bits):
    volume = a_volume()
    dataset, written = write(tmp_path, volume, replace(PLAN, bits=bits))
    error = np.abs(stored_gray(dataset) - volume.array).max()
    assert error <= 1e-4 * 66.6
    assert dataset.BitsStored == bits
    assert written.maximum_gy == pytest.approx(66.6)


def test_a_dose_of_zero_everywhere_is_written(tmp_path):
    dataset, _ = write(tmp_path, Volume(np.zeros(GRID.shape), GRID))
    assert stored_gray(dataset).max() == 0


def test_unknown_cells_are_zero_and_the_comment_says_so(tmp_path):
    volume = a_volume()
    volume.array[:, :, 0] = np.nan
    dataset, written = write(tmp_path, volume, CUMULATIVE)
    assert stored_gray(dataset)[:, :, 0].max() == 0
    assert written.unknown_share == pytest.approx(0.2)
    assert dataset.DoseComment.startswith("Unknown is stored as 0: 20 % of cells")
    assert len(dataset.DoseComment) <= 64
    assert dataset.ImageComments.endswith("EQD2 alpha/beta 3 Gy")


def test_without_unknown_cells_the_comment_stands_alone(tmp_path):
    dataset, _ = write(tmp_path, a_volume(), CUMULATIVE)
    assert dataset.DoseComment == "EQD2 alpha/beta 3 Gy"


def test_cumulative_eqd2_is_an_effective_dose_of_several_plans(tmp_path):
    dataset, _ = write(tmp_path, a_volume(), CUMULATIVE, "Cumulative EQD2 (not physical dose)")
    assert (dataset.DoseType, dataset.DoseUnits) == ("EFFECTIVE", "GY")
    assert dataset.DoseSummationType == "MULTI_PLAN"
    plans = [item.ReferencedSOPInstanceUID for item in dataset.ReferencedRTPlanSequence]
    assert plans == ["1.2.3", "1.2.5"]
    assert dataset.SeriesDescription == "Cumulative EQD2 (not physical dose)"
    assert dataset.FrameOfReferenceUID == "1.2.8"


def test_a_dose_without_uid_gets_a_new_one_each_time(tmp_path):
    uids = set()
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        uids.add(write(tmp_path / name, a_volume())[0].SOPInstanceUID)
    assert len(uids) == 2


def geometry_points(dataset, index):
    """Position of a voxel (i, j, k) by the formulas of PS3.3 C.7.6.2 and C.8.8.3.2."""
    rows, columns = np.array(dataset.ImageOrientationPatient, float).reshape(2, 3)
    spacing = [float(v) for v in dataset.PixelSpacing]
    position = np.array(dataset.ImagePositionPatient, float)
    position += rows * spacing[1] * index[0] + columns * spacing[0] * index[1]
    return position + np.cross(rows, columns) * float(dataset.GridFrameOffsetVector[index[2]])


OBLIQUE = tuple(Rotation.from_euler("xyz", (10, -20, 35), degrees=True).as_matrix().ravel())


@pytest.mark.parametrize(
    "grid",
    [
        GRID,
        replace(GRID, direction=OBLIQUE),
        replace(GRID, plane_offsets_mm=(0.0, 2.0, 7.0)),
    ],
    ids=["axial", "oblique", "uneven planes"],
)
def test_cells_are_where_the_grid_says(tmp_path, grid):
    dataset, _ = write(tmp_path, a_volume(grid))
    for index in ((0, 0, 0), (4, 0, 1), (2, 3, 2)):
        expected = grid.points_at(np.array([index]))[0]
        np.testing.assert_allclose(geometry_points(dataset, index), expected, atol=1e-5)


def test_planes_of_a_left_handed_grid_are_turned_round(tmp_path):
    grid = replace(GRID, direction=(1, 0, 0, 0, 1, 0, 0, 0, -1.0), plane_offsets_mm=(0.0, 2.0, 7.0))
    volume = a_volume(grid)
    dataset, _ = write(tmp_path, volume)
    for k in range(3):
        expected = grid.points_at(np.array([[1, 2, k]]))[0]
        np.testing.assert_allclose(geometry_points(dataset, (1, 2, 2 - k)), expected, atol=1e-5)
        assert stored_gray(dataset)[2 - k, 2, 1] == pytest.approx(volume.array[k, 2, 1], rel=1e-4)


def test_negative_doses_are_refused(tmp_path):
    volume = a_volume()
    volume.array[1, 1, 1] = -0.5
    with pytest.raises(RefusedError, match=r"from -0\.5 to"):
        write(tmp_path, volume)
    assert not list(tmp_path.iterdir())


def test_infinite_doses_are_refused(tmp_path):
    volume = a_volume()
    volume.array[1, 1, 1] = np.inf
    with pytest.raises(RefusedError, match="inf Gy"):
        write(tmp_path, volume)


def test_a_dose_unknown_everywhere_is_refused(tmp_path):
    with pytest.raises(RefusedError, match="unknown in every cell"):
        write(tmp_path, Volume(np.full(GRID.shape, np.nan), GRID))


def test_an_existing_file_is_refused(tmp_path):
    write(tmp_path, a_volume())
    with pytest.raises(RefusedError, match="not overwritten"):
        write(tmp_path, a_volume())


@pytest.mark.parametrize(
    ("kind", "plans"),
    [
        (DoseSummationType.MULTI_PLAN, ("1.2.3",)),
        (DoseSummationType.PLAN, ()),
        (DoseSummationType.PLAN, ("1.2.3", "1.2.5")),
    ],
)
def test_a_number_of_plans_that_contradicts_the_summation_type_is_refused(kind, plans):
    with pytest.raises(RefusedError, match=f"cannot refer to {len(plans)} plans"):
        replace(PLAN, summation_type=kind, plan_uids=plans)


def test_other_numbers_of_bits_are_refused():
    with pytest.raises(RefusedError, match="choose 16 or 32"):
        replace(PLAN, bits=8)
