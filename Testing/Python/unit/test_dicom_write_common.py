"""UIDs, decimal strings and careful saving of DICOM objects."""

import pytest
from pydicom.uid import UID
from ReirradiationCore.courses import Patient
from ReirradiationCore.dicom.write_common import (
    SeriesInfo,
    StudyInfo,
    decimal,
    new_object,
    new_uid,
    save,
    uid_from,
)
from ReirradiationCore.errors import RefusedError

CT = "1.2.840.10008.5.1.4.1.1.2"


def an_object(description="a description"):
    study = StudyInfo(Patient("REIRR-T"), new_uid(), new_uid())
    return new_object(CT, new_uid(), "CT", study, SeriesInfo(new_uid(), 1, description))


def test_names_give_the_same_uid_every_time_and_others_another():
    assert uid_from("demo", 1, "plan") == uid_from("demo", 1, "plan")
    assert uid_from("demo", 1, "plan") != uid_from("demo", 2, "plan")
    assert new_uid() != new_uid()


def test_uids_are_valid_and_under_the_uuid_root():
    for uid in (uid_from("a", 1), new_uid()):
        assert UID(uid).is_valid
        assert uid.startswith("2.25.")


@pytest.mark.parametrize(
    "value", [0.0, 1 / 3, -1234.56789012345, 1.637410208e-8, 2.5, 1e-300, 123456789012345678.0]
)
def test_decimal_strings_fit_in_sixteen_characters_and_keep_nine_digits(value):
    text = decimal(value)
    assert len(text) <= 16
    assert float(text) == pytest.approx(value, rel=1e-9)


def test_an_existing_file_is_not_overwritten(tmp_path):
    path = tmp_path / "a.dcm"
    path.write_bytes(b"mine")
    with pytest.raises(RefusedError, match=r"a\.dcm exists and is not overwritten"):
        save(an_object(), path)
    assert path.read_bytes() == b"mine"


def test_a_missing_folder_is_refused(tmp_path):
    with pytest.raises(RefusedError, match="folder does not exist"):
        save(an_object(), tmp_path / "no" / "a.dcm")


def test_a_description_longer_than_dicom_allows_is_refused():
    with pytest.raises(RefusedError, match="longer than the 64 characters"):
        an_object("x" * 65)
