"""Whole folders become courses, or are refused with every reason."""

import shutil
from datetime import date

import numpy as np
import pytest
from dicom_factory import (
    add_roi,
    box,
    common_of,
    linear_dose,
    make_case,
    make_dose,
    make_plan,
    make_record,
    make_structures,
    reference_to,
    save_case,
)
from reading import read, reasons
from ReirradiationCore.courses import CourseRole, interval_months
from ReirradiationCore.dicom import hash_files
from ReirradiationCore.grids import sample_volume


def two_courses(tmp_path):
    prior = save_case(make_case("20200102", "OLD", 30), tmp_path / "first")
    planned = save_case(make_case("20240301", "NEW", 5), tmp_path / "second")
    return prior, planned


def second_plan(case, label, values, day="20240110", fractions=10):
    """Add a plan with its own dose on the structure set of a case."""
    common = common_of(case.plan)
    plan = make_plan({**common, "StudyDate": day}, case.structures, label, fractions)
    dose = make_dose(common, plan, values)
    case.more = {**case.more, f"RP_{label}": plan, f"RD_{label}": dose}
    return plan, dose


def falling_dose():
    return np.broadcast_to(np.linspace(20, 1, 10), (16, 12, 10))


def test_one_course_alone_is_the_planned_course_with_a_warning(tmp_path):
    result = read(save_case(make_case(), tmp_path))
    (course,) = result.courses
    assert course.id == "planned"
    assert course.role is CourseRole.PLANNED
    assert any("No prior course was given" in warning for warning in result.warnings)
    assert course.phases[0].fractions_planned == 20
    assert course.phases[0].prescribed_dose_gy == 20.0
    assert course.patient.patient_id == "TEST-1"
    assert course.patient_position == "HFS"
    assert [structure.name for structure in course.structures] == ["BODY", "Bladder"]
    assert course.image.grid.size == (16, 16, 8)


def test_the_dose_of_the_phantom_is_read_exactly(tmp_path):
    dose = read(save_case(make_case(), tmp_path)).courses[0].phases[0].dose
    points = np.random.default_rng(1).uniform([-20, -20, -20], [20, 20, 20], (500, 3))
    np.testing.assert_allclose(sample_volume(dose, points), linear_dose(points[:, 2]), atol=1e-5)
    assert dose.array.dtype == np.float32


def test_two_courses_are_ordered_by_date_and_their_interval_is_known(tmp_path):
    result = read(*two_courses(tmp_path))
    assert [course.id for course in result.courses] == ["prior-1", "planned"]
    assert [course.phases[0].plan_label for course in result.courses] == ["OLD", "NEW"]
    days = (date(2024, 3, 1) - date(2020, 1, 2)).days
    assert interval_months(*result.courses) == pytest.approx(days / 30.4375)
    assert result.courses[0].date_source == "RT Plan Date"


def test_any_mix_of_courses_in_one_folder_is_taken_apart(tmp_path):
    one, other = two_courses(tmp_path / "apart")
    mixed = tmp_path / "mixed"
    mixed.mkdir()
    for folder in (one, other):
        for k, path in enumerate(folder.iterdir()):
            shutil.copy(path, mixed / f"{folder.name}{k}")
    result = read(mixed)
    assert [course.phases[0].plan_label for course in result.courses] == ["OLD", "NEW"]


@pytest.mark.parametrize("name", ["OLD", "old", "prior-1", "Study of OLD", "first", "fir"])
def test_the_reference_is_named_by_id_label_description_or_folder(tmp_path, name):
    result = read(*two_courses(tmp_path), reference=name)
    assert [course.phases[0].plan_label for course in result.courses] == ["NEW", "OLD"]
    assert any("newer than the planned course" in warning for warning in result.warnings)


@pytest.mark.parametrize(("name", "found"), [("no such", 0), ("study of", 2)])
def test_a_reference_that_fits_none_or_several_is_refused(tmp_path, name, found):
    (reason,) = reasons(*two_courses(tmp_path), reference=name)
    assert f"names {found} of 2 courses" in reason


def test_courses_of_one_date_are_not_put_in_order_by_chance(tmp_path):
    save_case(make_case(label="A"), tmp_path / "a")
    save_case(make_case(label="B"), tmp_path / "b")
    (reason,) = reasons(tmp_path)
    assert "same date" in reason
    assert read(tmp_path, reference="B").courses[-1].phases[0].plan_label == "B"


def test_a_course_without_any_date_is_not_put_in_order_by_chance(tmp_path):
    undated = make_case(label="A")
    undated.plan.RTPlanDate = undated.plan.StudyDate = "19010101"
    save_case(undated, tmp_path / "a")
    save_case(make_case(label="B"), tmp_path / "b")
    (reason,) = reasons(tmp_path)
    assert "no date" in reason


def test_treatment_records_give_first_and_last_date(tmp_path):
    case = make_case(fractions=2)
    case.more = {"R1": make_record(case, "20240205", 1), "R2": make_record(case, "20240206", 2)}
    (course,) = read(save_case(case, tmp_path)).courses
    assert course.first_fraction_date == date(2024, 2, 5)
    assert course.last_fraction_date == date(2024, 2, 6)
    assert course.date_source == "Treatment Date"


def test_fewer_records_than_fractions_are_pointed_out(tmp_path):
    case = make_case(fractions=20)
    case.more = {"R1": make_record(case, "20240205", 1)}
    result = read(save_case(case, tmp_path))
    assert any("treatment records of 1 fraction" in warning for warning in result.warnings)


def test_plans_on_one_structure_set_are_phases_and_are_listed(tmp_path):
    case = make_case(label="PHASE1")
    second_plan(case, "BOOST", falling_dose())
    result = read(save_case(case, tmp_path))
    (course,) = result.courses
    assert [phase.plan_label for phase in course.phases] == ["PHASE1", "BOOST"]
    assert course.fractions_delivered == 30
    (warning,) = [w for w in result.warnings if "summed as phases" in w]
    assert "'PHASE1' (prescription 20 Gy, 20 fractions)" in warning
    assert "'BOOST' (prescription 20 Gy, 10 fractions)" in warning


def test_plans_far_apart_in_time_are_different_courses(tmp_path):
    case = make_case("20200101", label="OLD")
    second_plan(case, "NEW", falling_dose(), day="20210101")
    result = read(save_case(case, tmp_path))
    assert [course.phases[0].plan_label for course in result.courses] == ["OLD", "NEW"]


def test_plans_on_other_structure_sets_are_different_courses(tmp_path):
    case = make_case("20240101", label="OLD")
    plan, _ = second_plan(case, "NEW", falling_dose(), day="20240102")
    other = make_structures(common_of(case.plan), case.ct)
    plan.ReferencedStructureSetSequence = reference_to(other)
    case.more["RS2"] = other
    assert len(read(save_case(case, tmp_path)).courses) == 2


def test_two_doses_of_one_plan_must_be_chosen_between(tmp_path):
    case = make_case()
    case.more["RD2"] = make_dose(common_of(case.plan), case.plan, falling_dose())
    (reason,) = reasons(save_case(case, tmp_path))
    assert "RD.dcm and RD2.dcm" in reason
    assert "choose one" in reason


def test_a_plan_sum_of_type_multi_plan_is_left_aside_when_the_plan_has_its_dose(tmp_path):
    case = make_case()
    total = make_dose(common_of(case.plan), case.plan, falling_dose())
    total.DoseSummationType = "MULTI_PLAN"
    case.more["SUM"] = total
    result = read(save_case(case, tmp_path))
    assert any("SUM.dcm: not used" in warning for warning in result.warnings)
    assert result.courses[0].phases[0].dose_uid == case.dose.SOPInstanceUID


def test_a_multi_plan_dose_of_a_plan_that_is_not_there_is_pointed_out(tmp_path):
    case = make_case()
    total = make_dose(common_of(case.plan), case.plan, falling_dose())
    total.DoseSummationType = "MULTI_PLAN"
    total.ReferencedRTPlanSequence += reference_to(make_case().plan)
    case.more["SUM"] = total
    result = read(save_case(case, tmp_path))
    assert any("refers to 1 plan that is not among the files" in w for w in result.warnings)


def test_a_plan_without_dose_is_refused(tmp_path):
    case = make_case()
    second_plan(case, "LOST", falling_dose())
    del case.more["RD_LOST"]
    (reason,) = reasons(save_case(case, tmp_path))
    assert reason.startswith("RP_LOST.dcm: there is no RTDOSE for plan 'LOST'")


def test_a_dose_without_its_plan_needs_the_number_of_fractions(tmp_path):
    case = make_case()
    case.plan = None
    folder = save_case(case, tmp_path)
    (reason,) = reasons(folder)
    assert "the RTPLAN it refers to is not among the files" in reason
    (course,) = read(folder, fractions={"planned": 20}).courses
    assert course.phases[0].fractions_planned == 20


def test_all_reasons_are_found_at_once(tmp_path):
    case = make_case()
    case.dose.DoseUnits = "RELATIVE"
    case.dose.DoseGridScaling = 0
    case.dose.GridFrameOffsetVector = [0, 3]
    other = make_case(day="20230101", label="B")
    other.plan.FractionGroupSequence[0].NumberOfFractionsPlanned = 0
    found = " ".join(reasons(save_case(case, tmp_path / "a"), save_case(other, tmp_path / "b")))
    for part in ("Dose Units", "Dose Grid Scaling", "Grid Frame Offset Vector", "fractions"):
        assert part in found


def test_structures_in_another_frame_of_reference_are_refused(tmp_path):
    case = make_case()
    case.structures = make_structures(
        {**common_of(case.plan), "FrameOfReferenceUID": "2.25.7"}, case.ct
    )
    case.plan.ReferencedStructureSetSequence = reference_to(case.structures)
    (reason,) = reasons(save_case(case, tmp_path))
    assert reason.startswith("RS.dcm: the structures are drawn in frame of reference")


def test_a_dose_in_another_frame_of_reference_is_refused(tmp_path):
    case = make_case()
    case.dose.FrameOfReferenceUID = "2.25.8"
    (reason,) = reasons(save_case(case, tmp_path))
    assert reason.startswith("RD.dcm: the dose is in frame of reference")


def test_a_course_without_ct_or_structures_is_read_with_warnings(tmp_path):
    case = make_case()
    case.ct, case.structures = [], None
    result = read(save_case(case, tmp_path))
    assert result.courses[0].image is None
    assert result.courses[0].structures == ()
    assert any("no planning CT" in warning for warning in result.warnings)
    assert any("no structure set" in warning for warning in result.warnings)


def test_contours_beside_the_ct_planes_are_read_and_noted(tmp_path):
    case = make_case()
    case.structures = make_structures(
        common_of(case.plan), case.ct, [("Bladder", "ORGAN", [box(10, 0.3), box(10, 3.3)])]
    )
    case.plan.ReferencedStructureSetSequence = reference_to(case.structures)
    result = read(save_case(case, tmp_path))
    assert any("1.2 mm beside the CT planes" in warning for warning in result.warnings)
    assert {contour[0, 2] for contour in result.courses[0].structures[0].contours} == {0.3, 3.3}


def test_structures_without_area_are_listed_not_drawn(tmp_path):
    case = make_case()
    add_roi(case.structures, "Empty", "ORGAN", [])
    result = read(save_case(case, tmp_path))
    assert result.courses[0].empty_structures == ("Empty",)
    assert any("no closed contour" in warning for warning in result.warnings)


def test_an_unapproved_plan_is_read_with_a_warning(tmp_path):
    case = make_case()
    case.plan.ApprovalStatus = "UNAPPROVED"
    assert any("not approved" in w for w in read(save_case(case, tmp_path)).warnings)


def test_patient_positions_that_differ_are_pointed_out(tmp_path):
    case = make_case()
    case.plan.PatientSetupSequence[0].PatientPosition = "HFP"
    assert any("HFP in the plan and HFS" in w for w in read(save_case(case, tmp_path)).warnings)


def test_messages_name_files_without_the_path_of_this_machine(tmp_path):
    case = make_case()
    del case.dose.DoseGridScaling
    for reason in reasons(save_case(case, tmp_path / "inside")):
        assert str(tmp_path) not in reason


def test_images_can_be_left_out(tmp_path):
    (course,) = read(save_case(make_case(), tmp_path), images=False).courses
    assert course.image is None


def test_used_files_are_returned_with_uid_and_modality(tmp_path):
    case = make_case()
    result = read(save_case(case, tmp_path))
    assert len(result.files) == 11
    by_uid = {file.sop_instance_uid: file.modality for file in result.files}
    assert by_uid[case.dose.SOPInstanceUID] == "RTDOSE"


def test_the_hash_of_files_depends_on_their_bytes_alone(tmp_path):
    for name, content in (("a", b"1"), ("b", b"2"), ("c", b"1"), ("d", b"3")):
        (tmp_path / name).write_bytes(content)
    a, b, c, d = (tmp_path / name for name in "abcd")
    assert hash_files([a, b]) == hash_files([b, c])
    assert hash_files([a, b]) != hash_files([a, d])
    assert hash_files([a, a]) != hash_files([a])
    assert hash_files([a]).startswith("sha256:")
