"""Damaged and malicious files: a refusal or a result, never a crash or a hang."""

import time

import pytest
from dicom_factory import add_roi, box, make_case, save_case
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ReirradiationCore.dicom import read_courses
from ReirradiationCore.errors import RefusedError

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:pydicom.*")
NAMES = ("RD", "RP", "RS", "CT.03")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return save_case(make_case(), tmp_path_factory.mktemp("case"))


def outcome(folder, name, content):
    """Read a case one file of which has other content; None if it was refused."""
    path = folder / f"{name}.dcm"
    original = path.read_bytes()
    path.write_bytes(content)
    start = time.perf_counter()
    try:
        return read_courses([folder])
    except RefusedError:
        return None
    finally:
        path.write_bytes(original)
        assert time.perf_counter() - start < 5


@pytest.mark.parametrize("name", ["RD", "RP"])
@pytest.mark.parametrize("share", [0.01, 0.2, 0.4, 0.6, 0.8, 0.97])
def test_a_cut_dose_or_plan_is_never_used(folder, name, share):
    content = (folder / f"{name}.dcm").read_bytes()
    result = outcome(folder, name, content[: int(len(content) * share)])
    assert result is None or (name, share > 0.4) == ("RP", True)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    name=st.sampled_from(NAMES),
    places=st.lists(st.integers(0, 5000), min_size=1, max_size=12),
    byte=st.integers(0, 255),
    keep=st.integers(200, 20000),
)
def test_changed_bytes_and_cut_files_end_in_a_result_or_a_refusal(folder, name, places, byte, keep):
    content = bytearray((folder / f"{name}.dcm").read_bytes()[:keep])
    for place in places:
        content[place % len(content)] = byte
    outcome(folder, name, bytes(content))


def test_a_value_that_says_it_is_longer_than_the_file_is_refused(folder):
    content = bytearray((folder / "RD.dcm").read_bytes())
    place = content.index(b"\x04\x30\x0c\x00DS") + 6
    content[place : place + 2] = b"\xfe\xff"
    assert outcome(folder, "RD", bytes(content)) is None


def test_pixels_that_say_they_are_four_gigabytes_do_not_fill_the_memory(folder):
    content = bytearray((folder / "RD.dcm").read_bytes())
    place = content.index(b"\xe0\x7f\x10\x00OW") + 8
    content[place : place + 4] = (0xFFFFFFF0).to_bytes(4, "little")
    result = outcome(folder, "RD", bytes(content))
    assert result is None or result.courses[0].phases[0].dose.array.size == 16 * 12 * 10


@pytest.mark.parametrize(
    "name", ["../../evil", "<script>alert(1)</script>", "a" * 5000, "\x1b[31m"]
)
def test_names_like_paths_or_markup_are_only_names(tmp_path, name):
    case = make_case()
    add_roi(case.structures, name, "ORGAN", [box(5)])
    case.plan.RTPlanLabel = name[:16]
    (course,) = read_courses([save_case(case, tmp_path)]).courses
    assert course.structures[-1].name == name
    assert sorted(path.suffix for path in tmp_path.rglob("*")) == [".dcm"] * 11
