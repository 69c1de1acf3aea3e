"""Finding DICOM objects in folders of any layout, and checking that they are of one patient."""

import shutil

import pytest
from dicom_factory import make_case, save, save_case
from ReirradiationCore.dicom import ReadOptions, read_courses
from ReirradiationCore.dicom.findings import Findings
from ReirradiationCore.dicom.index import Kind, index_files
from ReirradiationCore.errors import CancelledError, RefusedError


def index_of(*paths):
    findings = Findings()
    return index_files(list(paths), findings, lambda *_: None), findings


def reasons(folder, **options):
    with pytest.raises(RefusedError) as refused:
        read_courses([folder], ReadOptions(**options))
    return refused.value.reasons


def test_files_of_any_name_and_depth_are_found(tmp_path):
    case = make_case()
    save(case.plan, tmp_path / "a" / "b" / "IM00001")
    save(case.dose, tmp_path / "x.y.z")
    index, _ = index_of(tmp_path)
    assert {entry.kind for entry in index.entries} == {Kind.PLAN, Kind.DOSE}
    assert {entry.name for entry in index.entries} == {"a/b/IM00001", "x.y.z"}


def test_a_file_given_twice_is_read_once(tmp_path):
    path = save(make_case().plan, tmp_path / "RP.dcm")
    index, findings = index_of(tmp_path, path)
    assert len(index.entries) == 1
    assert findings.warnings == []


def test_files_that_are_not_dicom_are_counted_and_named(tmp_path):
    (tmp_path / "notes.txt").write_text("no DICOM here")
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "RD.dcm").write_text("neither here")
    result = read_courses([save_case(make_case(), tmp_path / "case"), tmp_path])
    assert result.skipped_files == 3
    assert any("RD.dcm: not DICOM in spite of the name" in warning for warning in result.warnings)


def test_dicom_without_preamble_is_found(tmp_path):
    case = make_case()
    path = save(case.plan, tmp_path / "RP.dcm")
    content = path.read_bytes()
    path.write_bytes(content[132:])
    index, _ = index_of(tmp_path)
    assert [entry.sop_uid for entry in index.entries] == [case.plan.SOPInstanceUID]


def test_broken_dicom_is_counted_and_named(tmp_path):
    folder = save_case(make_case(), tmp_path)
    (folder / "junk.dcm").write_bytes(bytes(128) + b"DICM" + bytes(range(256)) * 4)
    result = read_courses([folder])
    assert result.skipped_files == 1
    assert any("junk.dcm: broken DICOM" in warning for warning in result.warnings)


def test_copies_of_files_are_left_out_with_a_warning(tmp_path):
    folder = save_case(make_case(), tmp_path / "one")
    shutil.copytree(folder, tmp_path / "two")
    result = read_courses([tmp_path])
    assert len(result.courses) == 1
    assert any("11 files are copies of another" in warning for warning in result.warnings)


def test_different_objects_of_one_uid_are_refused(tmp_path):
    case = make_case()
    folder = save_case(case, tmp_path)
    case.plan.FractionGroupSequence[0].NumberOfFractionsPlanned = 30
    save(case.plan, folder / "RP2.dcm")
    assert any("RP2.dcm: has the same SOP Instance UID as RP.dcm" in r for r in reasons(folder))


def test_modality_and_sop_class_that_disagree_are_refused(tmp_path):
    case = make_case()
    case.dose.Modality = "RTPLAN"
    found = reasons(save_case(case, tmp_path))
    assert found[0].startswith("RD.dcm: Modality is 'RTPLAN'")


def test_a_path_that_does_not_exist_is_refused(tmp_path):
    assert reasons(tmp_path / "nowhere")[0].startswith("nowhere: there is no such file")


def test_files_without_any_dose_are_refused(tmp_path):
    case = make_case()
    case.dose = None
    (reason,) = reasons(save_case(case, tmp_path))
    assert (
        reason
        == "RP.dcm: there is no RTDOSE (found 8 CT, 1 RTPLAN, 1 RTSTRUCT); add the dose of the plan"
    )


def test_reading_can_be_cancelled(tmp_path):
    def cancel(message, fraction=None):
        raise CancelledError(message)

    with pytest.raises(CancelledError):
        read_courses([save_case(make_case(), tmp_path)], progress=cancel)


def test_each_copy_of_a_thousand_files_is_found(tmp_path):
    folder = save_case(make_case(), tmp_path / "0")
    for k in range(1, 91):
        shutil.copytree(folder, tmp_path / str(k))
    index, _ = index_of(tmp_path)
    assert len(index.copies) == 990


@pytest.mark.parametrize(
    ("keyword", "label", "value"),
    [
        ("PatientID", "Patient ID", "TEST-2"),
        ("PatientName", "Patient's Name", "OTHER^CASE"),
        ("PatientBirthDate", "Patient's Birth Date", "19600101"),
        ("PatientSex", "Patient's Sex", "F"),
    ],
)
def test_files_of_different_patients_are_refused_with_both_values(tmp_path, keyword, label, value):
    case = make_case()
    for dataset in (*case.ct, case.structures, case.plan):
        dataset.PatientSex = "M"
    setattr(case.dose, keyword, value)
    (reason,) = reasons(save_case(case, tmp_path))
    assert reason.startswith(f"RD.dcm: {label} differs between the files")
    assert f"'{value}' (RD.dcm)" in reason
    assert "(CT.00.dcm)" in reason


def test_a_stated_reason_turns_the_mismatch_into_a_warning(tmp_path):
    case = make_case()
    case.dose.PatientID = "TEST-2"
    folder = save_case(case, tmp_path)
    result = read_courses([folder], ReadOptions(identity_override="same person, new number"))
    (warning,) = [w for w in result.warnings if "Patient ID differs" in w]
    assert "'TEST-1'" in warning
    assert "'TEST-2'" in warning
    assert "same person, new number" in warning


@pytest.mark.parametrize("name", ["test^case", "TEST^CASE^^^", "TEST  CASE", ""])
def test_names_written_differently_are_one_name(tmp_path, name):
    case = make_case()
    case.dose.PatientName = name
    assert read_courses([save_case(case, tmp_path)]).courses


def test_files_without_patient_id_are_pointed_out(tmp_path):
    result = read_courses([save_case(make_case(patient=""), tmp_path)])
    assert any("No file has a Patient ID" in warning for warning in result.warnings)
