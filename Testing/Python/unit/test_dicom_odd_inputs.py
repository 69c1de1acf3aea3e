"""Valid but unusual exports: encodings, character sets, other images, unknown objects."""

import numpy as np
import pytest
from dicom_factory import (
    add_roi,
    box,
    common_of,
    make_case,
    new_object,
    new_uid,
    save,
    save_case,
    set_dose,
)
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import RLELossless
from ReirradiationCore.dicom import ReadOptions, read_courses
from ReirradiationCore.errors import RefusedError

IMPLICIT_LITTLE, DEFLATED = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1.99"
JPEG_2000 = "1.2.840.10008.1.2.4.90"
PET_CLASS, SR_CLASS = "1.2.840.10008.5.1.4.1.1.128", "1.2.840.10008.5.1.4.1.1.88.11"


def read(*folders, **options):
    return read_courses(list(folders), ReadOptions(**options))


def reasons(*folders):
    with pytest.raises(RefusedError) as refused:
        read(*folders)
    return refused.value.reasons


@pytest.mark.parametrize("syntax", [IMPLICIT_LITTLE, DEFLATED])
def test_other_encodings_of_the_file_are_read_exactly(tmp_path, syntax):
    plain = read(save_case(make_case(), tmp_path / "plain")).courses[0]
    case = make_case()
    for dataset in (*case.ct, case.structures, case.plan, case.dose):
        dataset.file_meta.TransferSyntaxUID = syntax
    course = read(save_case(case, tmp_path / "other")).courses[0]
    assert np.array_equal(course.phases[0].dose.array, plain.phases[0].dose.array)
    assert np.array_equal(course.image.array, plain.image.array)
    assert len(course.structures) == len(plain.structures)


def test_compressed_pixels_are_read_exactly(tmp_path):
    plain = read(save_case(make_case(), tmp_path / "plain")).courses[0]
    case = make_case()
    try:
        for dataset in case.ct:
            dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
            dataset.compress(RLELossless)
    except (AttributeError, RuntimeError):
        pytest.skip("this pydicom cannot write RLE")
    course = read(save_case(case, tmp_path / "rle")).courses[0]
    assert np.array_equal(course.phases[0].dose.array, plain.phases[0].dose.array)
    assert np.array_equal(course.image.array, plain.image.array)


def test_pixels_that_cannot_be_decompressed_are_refused_with_the_way_out(tmp_path):
    case = make_case()
    case.dose.file_meta.TransferSyntaxUID = JPEG_2000
    case.dose.PixelData = encapsulate([b"\xff\x4f\xff\x51" + b"\0" * 60] * 16)
    case.dose["PixelData"].VR = "OB"
    case.dose["PixelData"].is_undefined_length = True
    (reason,) = [r for r in reasons(save_case(case, tmp_path)) if "RD.dcm" in r]
    assert "export the object uncompressed" in reason


@pytest.mark.parametrize(
    ("charset", "name"),
    [
        ("ISO_IR 100", "Vésicule"),
        ("ISO_IR 144", "Пузырь"),
        ("ISO_IR 192", "膀胱 Blåsa"),
        ("GB18030", "膀胱"),
        (["", "ISO 2022 IR 87"], "膀胱"),
        ("ISO_IR 13", "ﾎﾞｳｺｳ"),
    ],
)
def test_names_in_other_character_sets_are_read(tmp_path, charset, name):
    case = make_case()
    case.structures.SpecificCharacterSet = charset
    levels = [float(plane.ImagePositionPatient[2]) for plane in case.ct]
    add_roi(case.structures, name, "ORGAN", [box(8, z) for z in levels[2:-2]])
    course = read(save_case(case, tmp_path)).courses[0]
    assert name in [structure.name for structure in course.structures]


def test_structures_drawn_on_a_pet_in_the_frame_of_the_ct_are_used(tmp_path):
    case = make_case()
    pet = new_object(common_of(case.plan), PET_CLASS, "PT")
    reference = case.structures.ReferencedFrameOfReferenceSequence[0]
    series = reference.RTReferencedStudySequence[0].RTReferencedSeriesSequence[0]
    series.SeriesInstanceUID = pet.SeriesInstanceUID
    case.more["PT"] = pet
    course = read(save_case(case, tmp_path)).courses[0]
    assert [s.name for s in course.structures] == ["BODY", "Bladder"]
    assert course.image is not None


def test_structures_drawn_on_a_pet_in_a_frame_of_its_own_are_refused(tmp_path):
    case = make_case()
    frame = new_uid()
    case.structures.FrameOfReferenceUID = frame
    case.structures.ReferencedFrameOfReferenceSequence[0].FrameOfReferenceUID = frame
    for roi in case.structures.StructureSetROISequence:
        roi.ReferencedFrameOfReferenceUID = frame
    assert any(
        "RS.dcm" in r and "frame of reference" in r for r in reasons(save_case(case, tmp_path))
    )


def test_private_attributes_are_ignored(tmp_path):
    case = make_case()
    for dataset in (case.structures, case.plan, case.dose, *case.ct):
        block = dataset.private_block(0x3287, "ANY MAKER", create=True)
        block.add_new(1, "OB", b"\0" * 4096)
        block.add_new(2, "UN", b"<xml/>")
    plain = read(save_case(make_case(), tmp_path / "plain")).courses[0]
    course = read(save_case(case, tmp_path / "private")).courses[0]
    assert np.array_equal(course.phases[0].dose.array, plain.phases[0].dose.array)


def test_objects_of_unknown_kind_are_counted_and_named(tmp_path):
    case = make_case()
    for number in range(3):
        case.more[f"SR{number}"] = new_object(common_of(case.plan), SR_CLASS, "SR")
    warnings = read(save_case(case, tmp_path)).warnings
    assert any("3 DICOM objects were not used (SR)" in text for text in warnings)


@pytest.mark.parametrize(
    ("keyword", "value"),
    [("PatientID", "TEST-2"), ("PatientBirthDate", "19600202"), ("PatientSex", "F")],
)
def test_each_part_of_the_identity_is_compared(tmp_path, keyword, value):
    case = make_case()
    setattr(case.dose, keyword, value)
    case.plan.PatientSex = case.structures.PatientSex = "M"
    for ct in case.ct:
        ct.PatientSex = "M"
    if keyword != "PatientSex":
        case.dose.PatientSex = "M"
    assert any(value in reason for reason in reasons(save_case(case, tmp_path)))


@pytest.mark.parametrize("kind", ["FRACTION", "BEAM", "BRACHY", "CONTROL_POINT", "RECORD", ""])
def test_each_summation_type_that_is_no_whole_plan_is_refused(tmp_path, kind):
    case = make_case()
    case.dose.DoseSummationType = kind
    assert any("RD.dcm" in reason for reason in reasons(save_case(case, tmp_path)))


@pytest.mark.parametrize("kind", ["EFFECTIVE", "ERROR", "", "OTHER"])
def test_each_dose_type_that_is_not_physical_is_refused(tmp_path, kind):
    case = make_case()
    case.dose.DoseType = kind
    assert any("RD.dcm" in reason for reason in reasons(save_case(case, tmp_path)))


@pytest.mark.parametrize("units", ["RELATIVE", "CGY", ""])
def test_each_unit_that_is_not_gray_is_refused(tmp_path, units):
    case = make_case()
    case.dose.DoseUnits = units
    assert any("Dose Units" in reason for reason in reasons(save_case(case, tmp_path)))


def test_our_own_effective_export_is_not_taken_for_physical_dose(tmp_path):
    case = make_case()
    effective = new_object(common_of(case.plan), case.dose.SOPClassUID, "RTDOSE")
    for element in case.dose:
        if element.keyword not in ("SOPInstanceUID", "SeriesInstanceUID"):
            effective.add_new(element.tag, element.VR, element.value)
    effective.DoseType = "EFFECTIVE"
    set_dose(effective, np.full((16, 12, 10), 90.0))
    case.more["RD2"] = effective
    found = read(save_case(case, tmp_path))
    assert found.courses[0].phases[0].dose.array.max() < 25
    assert any("RD2.dcm" in text and "not used" in text for text in found.warnings)


def test_a_directory_file_is_not_counted_as_broken(tmp_path):
    folder = save_case(make_case(), tmp_path)
    directory = Dataset()
    directory.file_meta = make_case().plan.file_meta
    directory.SOPClassUID, directory.SOPInstanceUID = "1.2.840.10008.1.3.10", new_uid()
    save(directory, folder / "DICOMDIR")
    assert len(read(folder).courses) == 1
