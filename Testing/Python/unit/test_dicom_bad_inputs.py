"""Each input of the shared folder of bad inputs gets what its index asks for."""

import json

import numpy as np
import pytest
from dicom_factory import (
    linear_dose,
)
from reading import read, reasons
from ReirradiationCore.grids import sample_volume
from shared_data import shared


def bad_inputs():
    return json.loads(shared("data/bad/INDEX.json").read_text())


BAD_INPUTS = {
    "01a_rtdose_truncated_file": "RD.dcm: Pixel Data has 60744 bytes",
    "01b_rtdose_short_pixeldata": "RD.dcm: Pixel Data has 51200 bytes",
    "02_rtdose_relative_units": "RD.dcm: Dose Units are RELATIVE",
    "03_summation_fraction": "FRACTION",
    "03_summation_beam": "BEAM",
    "03_summation_multi_plan": "MULTI_PLAN",
    "04a_no_dosegridscaling": "Dose Grid Scaling is missing",
    "04b_zero_dosegridscaling": "Dose Grid Scaling is 0",
    "05a_rtstruct_unknown_frame": "RS.dcm: the structures are drawn in frame of reference",
    "05b_rtdose_other_frame": "RD.dcm: the dose is in frame of reference",
    "06_patient_id_mismatch": "'REIRR-BAD' (CT.00.dcm) and 'SOMEONE-ELSE' (RD.dcm)",
    "07a_negative_dose_signed": "ERROR",
    "07b_negative_dose_physical": "-8.22",
    "07c_nan_scaling": "Dose Grid Scaling is NaN",
    "07e_float_pixeldata_nan": "RD.dcm: has floating-point pixels",
    "08a_plan_no_fraction_count": "Number of Fractions Planned is missing",
    "08b_plan_zero_fractions": "Number of Fractions Planned is 0",
    "08c_plan_no_fractiongroup": "Fraction Group Sequence is missing",
    "09a_wrong_modality_ct_as_dose": "RD.dcm",
    "09b_not_dicom": "1 file is not DICOM: RD.dcm",
    "09c_modality_sop_conflict": "RD.dcm: Modality is 'RTPLAN'",
    "13d_gfov_wrong_length": "13 numbers for 16 dose planes",
    "15_dosetype_effective": "EFFECTIVE",
    "17_two_plan_doses": "RD.dcm and RD2.dcm",
}
READ_WITH_WARNING = {
    "08e_plan_no_prescription": "no Target Prescription Dose",
    "08f_plan_unapproved": "not approved",
    "11_empty_contours": "EmptyROI, EmptySeq, TwoPoints, PointROI",
    "18_ct_slice_missing": "1 slice is missing",
    "20_rtstruct_off_slice": "1.2 mm beside the CT planes",
}
READ_EXACTLY = (
    "00_good_reference",
    "12c_dose_sagittal_planes",
    "13a_nonuniform_gfov",
    "13c_absolute_gfov",
)


@pytest.mark.parametrize(("folder", "text"), BAD_INPUTS.items())
def test_each_bad_input_is_refused_for_its_defect(folder, text):
    assert any(text in reason for reason in reasons(shared(f"data/bad/{folder}")))


@pytest.mark.parametrize(("folder", "text"), READ_WITH_WARNING.items())
def test_inputs_with_a_remark_are_read_and_the_remark_is_made(folder, text):
    assert any(text in warning for warning in read(shared(f"data/bad/{folder}")).warnings)


@pytest.mark.parametrize("folder", READ_EXACTLY)
def test_odd_but_valid_dose_grids_are_read_exactly(folder):
    dose = read(shared(f"data/bad/{folder}")).courses[0].phases[0].dose
    points = np.random.default_rng(2).uniform([-60, -60, -20], [60, 60, 20], (500, 3))
    np.testing.assert_allclose(sample_volume(dose, points), linear_dose(points[:, 2]), atol=1e-5)


def test_a_tilted_dose_grid_is_read_in_three_dimensions():
    dose = read(shared("data/bad/12a_dose_oblique_x10")).courses[0].phases[0].dose
    down, normal = np.array([0, 0.984808, 0.173648]), np.array([0, -0.173648, 0.984808])
    points = np.array([-97.5, -97.5, -22.5]) + 50 * np.array([1, 0, 0]) + 100 * down + 20 * normal
    assert sample_volume(dose, points[None])[0] == pytest.approx(16 + 0.2 * (-22.5 + 20), abs=1e-4)


def test_no_bad_input_is_forgotten():
    covered = {*BAD_INPUTS, *READ_WITH_WARNING, *READ_EXACTLY}
    covered |= {"12a_dose_oblique_x10", "10_dose_grid_not_covering", "14_holes_keyhole_xor"}
    assert set(bad_inputs()) == covered
    rejected = {name for name, entry in bad_inputs().items() if entry["kind"] == "reject"}
    assert rejected <= set(BAD_INPUTS)


def test_the_planes_beside_a_missing_slice_stay_where_they_are():
    image = read(shared("data/bad/18_ct_slice_missing")).courses[0].image
    assert image.grid.size[2] == 12
    assert image.grid.spacing_mm[2] == pytest.approx(3.0)
    assert image.grid.origin_lps[2] == pytest.approx(-16.5)


def test_both_pelvis_courses_are_read_together():
    result = read(shared("data/pelvis"))
    assert [course.phases[0].fractions_planned for course in result.courses] == [20, 5]
    assert [len(course.structures) for course in result.courses] == [18, 15]
    assert result.warnings == ()
    assert result.skipped_files == 7


def test_one_of_five_plans_on_a_structure_set_can_be_given_by_its_files():
    folder = shared("data/analytic/ANA_3mm")
    plan = next(p for p in folder.glob("RP.*") if b"LIN_SI" in p.read_bytes())
    files = [path for path in folder.iterdir() if path.name.startswith(("CT.", "RS.", "RD.LIN_SI"))]
    (course,) = read(*files, plan).courses
    assert [phase.plan_label for phase in course.phases] == ["LIN_SI"]
    assert "is not among the files" in reasons(*files)[0]
