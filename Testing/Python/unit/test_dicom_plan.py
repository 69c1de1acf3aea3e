"""RTPLAN: fractions are never guessed, and what the LQ model does not cover is refused."""

import pytest
from dicom_factory import make_case, save_case
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from ReirradiationCore.dicom import ReadOptions, read_courses
from ReirradiationCore.errors import RefusedError

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:pydicom.*")


def read(case, folder, **options):
    return read_courses([save_case(case, folder)], ReadOptions(**options))


def reason(case, folder):
    with pytest.raises(RefusedError) as refused:
        read(case, folder)
    (found,) = refused.value.reasons
    assert found.startswith("RP.dcm")
    return found


@pytest.mark.parametrize("n", [0, -5, None])
def test_fractions_that_are_not_there_are_refused_unless_stated(tmp_path, n):
    case = make_case()
    if n is None:
        del case.plan.FractionGroupSequence[0].NumberOfFractionsPlanned
    else:
        case.plan.FractionGroupSequence[0].NumberOfFractionsPlanned = n
    assert "number of fractions of plan 'PLAN1' is unknown" in reason(case, tmp_path)
    phase = read(case, tmp_path, fractions={"planned": 20}).courses[0].phases[0]
    assert (phase.fractions_planned, phase.fractions_delivered) == (20, 20)


def test_several_fraction_groups_are_refused(tmp_path):
    case = make_case()
    case.plan.FractionGroupSequence += case.plan.FractionGroupSequence
    assert "has 2 items" in reason(case, tmp_path)


@pytest.mark.parametrize("radiation", ["PROTON", "ION", "NEUTRON"])
def test_particles_are_refused(tmp_path, radiation):
    case = make_case()
    case.plan.BeamSequence[0].RadiationType = radiation
    assert f"has {radiation} treatment" in reason(case, tmp_path)


def test_brachytherapy_is_refused(tmp_path):
    case = make_case()
    case.plan.ApplicationSetupSequence = Sequence([Dataset()])
    assert "has BRACHY treatment" in reason(case, tmp_path)


def test_setup_beams_do_not_treat(tmp_path):
    case = make_case()
    case.plan.BeamSequence[1].TreatmentDeliveryType = "SETUP"
    case.plan.BeamSequence[1].RadiationType = "PROTON"
    assert read(case, tmp_path).courses


def targets(*doses_and_types):
    items = []
    for dose, kind in doses_and_types:
        item = Dataset()
        item.DoseReferenceType, item.DoseReferenceStructureType = "TARGET", kind
        item.TargetPrescriptionDose = dose
        items.append(item)
    return Sequence(items)


def test_the_highest_of_several_prescriptions_is_taken_and_said(tmp_path):
    case = make_case()
    case.plan.DoseReferenceSequence = targets((60, "VOLUME"), (47, "VOLUME"))
    result = read(case, tmp_path)
    assert result.courses[0].phases[0].prescribed_dose_gy == 60
    assert any("prescribes 47, 60 Gy" in warning for warning in result.warnings)


def test_prescriptions_to_points_give_way_to_those_of_volumes(tmp_path):
    case = make_case()
    case.plan.DoseReferenceSequence = targets((14, "SITE"), (15.5, "COORDINATES"))
    result = read(case, tmp_path)
    assert result.courses[0].phases[0].prescribed_dose_gy == 14
    assert not any("prescribes" in warning for warning in result.warnings)


def test_limits_of_organs_are_no_prescription(tmp_path):
    case = make_case()
    case.plan.DoseReferenceSequence[0].DoseReferenceType = "ORGAN_AT_RISK"
    result = read(case, tmp_path)
    assert result.courses[0].phases[0].prescribed_dose_gy is None
    assert any("prescription is unknown" in warning for warning in result.warnings)


@pytest.mark.parametrize(
    ("pattern", "warned"), [("1010101010", True), ("1000101010", True), ("1000100010", False)]
)
def test_more_than_one_fraction_on_a_day_is_pointed_out(tmp_path, pattern, warned):
    case = make_case()
    group = case.plan.FractionGroupSequence[0]
    group.NumberOfFractionPatternDigitsPerDay = 2 if not warned else 4
    group.FractionPattern = pattern
    warnings = read(case, tmp_path).warnings
    assert any("more than one fraction on a day" in warning for warning in warnings) is warned


@pytest.mark.parametrize(
    ("plan", "review", "study", "source"),
    [
        ("20200101", "20200201", "20200301", "RT Plan Date"),
        ("", "20200101", "20200301", "Review Date"),
        ("", "", "20200101", "Study Date"),
        ("19010101", "2020.01.01", "", "Review Date"),
        ("garbage", "", "20200101", "Study Date"),
    ],
)
def test_the_date_of_a_course_is_the_best_known_one(tmp_path, plan, review, study, source):
    case = make_case()
    case.plan.RTPlanDate, case.plan.ReviewDate, case.plan.StudyDate = plan, review, study
    (course,) = read(case, tmp_path).courses
    assert course.first_fraction_date.isoformat() == "2020-01-01"
    assert course.date_source == source


def test_a_plan_label_is_never_empty(tmp_path):
    case = make_case()
    del case.plan.RTPlanLabel
    assert read(case, tmp_path).courses[0].phases[0].plan_label == "RP.dcm"
