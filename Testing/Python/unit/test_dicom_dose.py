"""RTDOSE: exact in any orientation, refused where it is not the physical dose of a plan in Gy."""

import numpy as np
import pytest
from dicom_factory import (
    common_of,
    linear_dose,
    make_case,
    make_dose,
    reference_to,
    save_case,
    set_dose,
    set_pixels,
)
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from ReirradiationCore.dicom import read_courses
from ReirradiationCore.errors import RefusedError
from ReirradiationCore.grids import sample_volume

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:pydicom.*")


Z = -22.5 + 3.0 * np.arange(16)


def read(case, folder):
    return read_courses([save_case(case, folder)])


def dose_of(case, folder):
    return read(case, folder).courses[0].phases[0].dose


def reason(case, folder):
    with pytest.raises(RefusedError) as refused:
        read(case, folder)
    assert len(refused.value.reasons) == 1
    assert refused.value.reasons[0].startswith("RD")
    return refused.value.reasons[0]


def assert_is_phantom(dose):
    points = np.random.default_rng(3).uniform([-20, -20, -20], [20, 20, 20], (300, 3))
    np.testing.assert_allclose(sample_volume(dose, points), linear_dose(points[:, 2]), atol=2e-3)


@pytest.mark.parametrize("dtype", [np.uint16, np.int16, np.uint32, np.int32])
def test_16_and_32_bits_signed_and_unsigned_are_read(tmp_path, dtype):
    case = make_case()
    values = np.broadcast_to(linear_dose(Z)[:, None, None], (16, 12, 10))
    set_dose(case.dose, values, dtype)
    assert_is_phantom(dose_of(case, tmp_path))


def test_big_endian_pixels_are_read(tmp_path):
    case = make_case()
    values = np.frombuffer(case.dose.PixelData, "<u4").astype(">u4")
    case.dose.PixelData = values.tobytes()
    case.dose.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.2"
    assert_is_phantom(dose_of(case, tmp_path))


def test_planes_in_descending_order_are_turned_round(tmp_path):
    case = make_case()
    values = np.broadcast_to(linear_dose(Z[::-1])[:, None, None], (16, 12, 10))
    set_dose(case.dose, values)
    case.dose.ImagePositionPatient = [-22.5, -27.5, Z[-1]]
    case.dose.GridFrameOffsetVector = [-3.0 * k for k in range(16)]
    dose = dose_of(case, tmp_path)
    assert dose.grid.origin_lps[2] == pytest.approx(Z[0])
    assert_is_phantom(dose)


@pytest.mark.parametrize("sign", [1, -1])
def test_absolute_plane_positions_are_patient_z(tmp_path, sign):
    case = make_case()
    z = Z[::sign]
    set_dose(case.dose, np.broadcast_to(linear_dose(z)[:, None, None], (16, 12, 10)))
    case.dose.ImagePositionPatient = [-22.5, -27.5, z[0]]
    case.dose.GridFrameOffsetVector = z.tolist()
    assert_is_phantom(dose_of(case, tmp_path))


def test_absolute_plane_positions_are_patient_z_also_where_the_normal_points_to_the_feet(tmp_path):
    case = make_case()
    case.dose.ImageOrientationPatient = [-1, 0, 0, 0, 1, 0]
    case.dose.ImagePositionPatient = [22.5, -27.5, Z[0]]
    case.dose.GridFrameOffsetVector = Z.tolist()
    assert_is_phantom(dose_of(case, tmp_path))


def test_uneven_plane_distances_are_kept(tmp_path):
    case = make_case()
    offsets = np.cumsum([0] + [2] * 8 + [4] * 7)
    set_dose(case.dose, np.broadcast_to(linear_dose(-22.5 + offsets)[:, None, None], (16, 12, 10)))
    case.dose.GridFrameOffsetVector = offsets.tolist()
    dose = dose_of(case, tmp_path)
    assert dose.grid.plane_offsets_mm == tuple(offsets.tolist())
    assert_is_phantom(dose)


def test_rounded_plane_positions_stay_an_even_grid(tmp_path):
    case = make_case()
    case.dose.GridFrameOffsetVector = [
        round(3.0 * k + (-1) ** k * 0.004, 4) - 0.004 for k in range(16)
    ]
    assert dose_of(case, tmp_path).grid.plane_offsets_mm is None


@pytest.mark.parametrize(
    ("orientation", "position"),
    [
        ([-1, 0, 0, 0, -1, 0], [22.5, 27.5]),  # prone
        ([-1, 0, 0, 0, 1, 0], [22.5, -27.5]),  # feet first: the normal points to the feet
        ([0, 1, 0, -1, 0, 0], [27.5, -22.5]),  # decubitus
    ],
)
def test_axial_planes_of_any_patient_position_are_read(tmp_path, orientation, position):
    case = make_case()
    normal_z = np.cross(orientation[:3], orientation[3:])[2]
    set_dose(case.dose, np.broadcast_to(linear_dose(Z)[:, None, None], (16, 12, 10)))
    case.dose.ImageOrientationPatient = orientation
    case.dose.ImagePositionPatient = [*position, -22.5]
    case.dose.GridFrameOffsetVector = [float(normal_z) * 3.0 * k for k in range(16)]
    assert_is_phantom(dose_of(case, tmp_path))


def test_pixels_that_are_not_square_are_not_swapped(tmp_path):
    case = make_case()
    x = -22.5 + 3.0 * np.arange(16)
    set_dose(case.dose, np.broadcast_to(1 + (x + 22.5) / 3, (16, 8, 16)))
    case.dose.PixelSpacing = [8.0, 3.0]
    dose = dose_of(case, tmp_path)
    assert dose.grid.spacing_mm[:2] == (3.0, 8.0)
    assert sample_volume(dose, np.array([[6.0, 0, 0]]))[0] == pytest.approx(10.5)


def test_a_dose_of_one_file_per_plane_is_put_together(tmp_path):
    case = make_case()
    series = case.dose.SeriesInstanceUID
    for k, z in enumerate(Z[::-1]):
        plane = make_dose(common_of(case.plan), case.plan, np.full((1, 12, 10), linear_dose(z)))
        plane.SeriesInstanceUID = series
        plane.ImagePositionPatient = [-22.5, -27.5, z]
        del plane.GridFrameOffsetVector
        case.more[f"RD{k}"] = plane
    case.dose = None
    result = read(case, tmp_path)
    assert_is_phantom(result.courses[0].phases[0].dose)
    assert any("16 files of one plane" in warning for warning in result.warnings)


def beam_dose(case, number, share):
    values = share * np.broadcast_to(linear_dose(Z)[:, None, None], (16, 12, 10))
    dose = make_dose(common_of(case.plan), case.plan, values)
    dose.DoseSummationType = "BEAM"
    beam, group = Dataset(), Dataset()
    beam.ReferencedBeamNumber = number
    group.ReferencedBeamSequence = Sequence([beam])
    dose.ReferencedRTPlanSequence = reference_to(
        case.plan, ReferencedFractionGroupSequence=Sequence([group])
    )
    return dose


def test_doses_of_all_beams_are_summed(tmp_path):
    case = make_case()
    case.dose = beam_dose(case, 1, 0.25)
    case.more = {"RD2": beam_dose(case, 2, 0.75)}
    result = read(case, tmp_path)
    assert_is_phantom(result.courses[0].phases[0].dose)
    assert any("sum of the doses of its 2 beams" in warning for warning in result.warnings)


@pytest.mark.parametrize("numbers", [(1,), (1, 1), (1, 3)])
def test_doses_of_some_beams_are_refused(tmp_path, numbers):
    case = make_case()
    case.dose = None
    case.more = {f"RD{k}": beam_dose(case, number, 0.5) for k, number in enumerate(numbers)}
    assert f"of beams {sorted(numbers)} where plan 'PLAN1' has [1, 2]" in reason(case, tmp_path)


def test_doses_of_beams_on_different_grids_are_refused(tmp_path):
    case = make_case()
    case.dose = beam_dose(case, 1, 0.5)
    other = beam_dose(case, 2, 0.5)
    other.ImagePositionPatient = [-20, -27.5, -22.5]
    case.more = {"RD2": other}
    assert "RD.dcm and RD2.dcm are on different grids" in reason(case, tmp_path)


@pytest.mark.parametrize(
    "summation", ["FRACTION", "MULTI_PLAN", "CONTROL_POINT", "RECORD", "PLAN_OVERVIEW", ""]
)
def test_doses_that_are_not_of_a_whole_plan_are_refused(tmp_path, summation):
    case = make_case()
    case.dose.DoseSummationType = summation
    assert (summation or "has no Dose Summation Type") in reason(case, tmp_path)


@pytest.mark.parametrize("dose_type", ["EFFECTIVE", "ERROR", "NOVEL", ""])
def test_doses_that_are_not_physical_are_refused(tmp_path, dose_type):
    case = make_case()
    case.dose.DoseType = dose_type
    assert (dose_type or "has no Dose Type") in reason(case, tmp_path)


@pytest.mark.parametrize("units", ["RELATIVE", ""])
def test_doses_that_are_not_in_gray_are_refused(tmp_path, units):
    case = make_case()
    case.dose.DoseUnits = units
    assert f"Dose Units are {units or 'missing'}" in reason(case, tmp_path)


@pytest.mark.parametrize("scaling", ["0", "-1e-6", "NaN", "inf", None])
def test_dose_grid_scaling_must_be_a_positive_number(tmp_path, scaling):
    case = make_case()
    if scaling is None:
        del case.dose.DoseGridScaling
    else:
        case.dose.DoseGridScaling = scaling
    assert f"Dose Grid Scaling is {scaling or 'missing'}" in reason(case, tmp_path)


@pytest.mark.parametrize("cut", [4, 100])
def test_pixel_data_of_the_wrong_length_are_refused(tmp_path, cut):
    case = make_case()
    case.dose.PixelData = case.dose.PixelData[:-cut]
    assert f"{16 * 12 * 10 * 4 - cut} bytes where" in reason(case, tmp_path)


def test_pixel_data_that_are_too_long_are_refused(tmp_path):
    case = make_case()
    case.dose.PixelData += bytes(1000)
    assert f"{16 * 12 * 10 * 4 + 1000} bytes where" in reason(case, tmp_path)


@pytest.mark.parametrize(
    ("vector", "text"),
    [
        ([0, 3, 6], "3 numbers for 16 dose planes"),
        ([0.0] * 16, "not in order"),
        ([0, 3, 6, 3, *range(12, 48, 3)], "not in order"),
        ([7.0 + 3 * k for k in range(16)], "begins with 7"),
        ([], "0 numbers for 16"),
    ],
)
def test_plane_positions_that_are_not_clear_are_refused(tmp_path, vector, text):
    case = make_case()
    case.dose.GridFrameOffsetVector = vector
    assert text in reason(case, tmp_path)


def test_a_dose_of_one_plane_is_refused(tmp_path):
    case = make_case()
    set_dose(case.dose, np.full((1, 12, 10), 20.0))
    case.dose.GridFrameOffsetVector = [0.0]
    assert "at least 2 planes" in reason(case, tmp_path)


@pytest.mark.parametrize("orientation", [[1, 0, 0, 1, 0, 0], [1, 0, 0, 0, 0.5, 0], [1, 0, 0, 0, 1]])
def test_axes_that_cannot_be_are_refused(tmp_path, orientation):
    case = make_case()
    case.dose.ImageOrientationPatient = orientation
    assert "Image Orientation" in reason(case, tmp_path)


@pytest.mark.parametrize(("lowest", "size"), [(-0.02, "noise"), (-0.5, "more than noise")])
def test_small_negative_values_become_zero_and_are_counted(tmp_path, lowest, size):
    case = make_case()
    values = np.tile(np.linspace(0.5, 20, 10), (16, 12, 1))
    values[0, 0, :3] = lowest
    set_dose(case.dose, values, np.int32)
    result = read(case, tmp_path)
    assert result.courses[0].phases[0].dose.array.min() == 0
    (warning,) = [w for w in result.warnings if "negative" in w]
    assert warning.startswith("RD.dcm: 3 voxels with negative dose")
    assert f"({size})" in warning


def test_clearly_negative_doses_are_refused(tmp_path):
    case = make_case()
    values = np.tile(np.linspace(-1.5, 20, 10), (16, 12, 1))
    set_dose(case.dose, values, np.int32)
    assert "from -1.50 to 20.00 Gy" in reason(case, tmp_path)


def test_a_dose_of_zeros_is_refused(tmp_path):
    case = make_case()
    set_pixels(case.dose, np.zeros((16, 12, 10), np.uint32))
    assert "all zero" in reason(case, tmp_path)


def test_the_dose_of_a_plan_with_two_referenced_plans_is_refused(tmp_path):
    case = make_case()
    case.dose.ReferencedRTPlanSequence += reference_to(make_case().plan)
    assert "dose of several plans" in reason(case, tmp_path)
