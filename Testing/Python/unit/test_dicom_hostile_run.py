"""Hostile names and lengths through a whole run: nothing outside the folder, report escaped."""

import contextlib
import time
import tracemalloc

import numpy as np
import pytest
from dicom_factory import add_roi, box, make_case, save, save_case
from ReirradiationCore.case import Case
from ReirradiationCore.dicom import read_courses
from ReirradiationCore.errors import RefusedError
from ReirradiationCore.export import write_result_data
from ReirradiationCore.pipeline import evaluate_reirradiation
from ReirradiationCore.report import render_report
from ReirradiationCore.report_data import report_data
from ReirradiationCore.results import results_json
from test_dicom_registration import GRID, deformable, linear_field

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:pydicom.*")
HOSTILE = (
    "../../../escaped",
    "/tmp/escaped",
    "..\\..\\escaped",
    "C:\\escaped.dcm",
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><b>x</b>',
    "=cmd|'/c calc'!A0",
    "{{7*7}}",
    "%s%n",
    "a" * 64,
)


def hostile_case(label):
    case = make_case(label=label[:16])
    case.plan.RTPlanLabel = label[:16]
    for dataset in (*case.ct, case.plan, case.structures, case.dose):
        dataset.StudyDescription = label[:64]
        dataset.PatientName = label[:64].replace("\\", "/")
    levels = [float(plane.ImagePositionPatient[2]) for plane in case.ct]
    for name in HOSTILE:
        add_roi(case.structures, name.replace("\\", "/"), "ORGAN", [box(9, z) for z in levels[2:6]])
    return case


@pytest.mark.parametrize("label", HOSTILE[:7])
def test_hostile_names_write_nothing_outside_the_output_folder(tmp_path, label):
    label = label.replace("\\", "/")
    source = save_case(hostile_case(label), tmp_path / "in")
    output = tmp_path / "deep" / "down" / "out"
    before = {path for path in tmp_path.rglob("*")}
    evaluation = evaluate_reirradiation(Case((source,)))
    results = results_json(evaluation)
    write_result_data(output, evaluation, results)
    page = render_report(report_data(evaluation, {**results, "timings_s": {}}))
    new = {path for path in tmp_path.rglob("*")} - before
    assert all(output in (path, *path.parents) or path in output.parents for path in new)
    for markup in ("<script>alert", "<img src=x", "<b>x</b>"):
        assert markup not in page
    assert "&lt;script&gt;alert(1)" in page


@pytest.mark.parametrize("size", [[2**31 - 1] * 3, [0, 5, 5], [1, 1, 10**9]])
def test_a_deformation_that_lies_about_its_size_is_refused_in_little_memory(tmp_path, size):
    from ReirradiationCore.dicom.registration import read_registration  # noqa: PLC0415

    dataset = deformable("2.25.11", "2.25.22", linear_field(), GRID)
    item = dataset.DeformableRegistrationSequence[0].DeformableRegistrationGridSequence[0]
    item.GridDimensions = size
    path = save(dataset, tmp_path / "dreg.dcm")
    tracemalloc.start()
    start = time.perf_counter()
    with pytest.raises(RefusedError):
        read_registration(path, "dreg.dcm", "2.25.11", "2.25.22")
    assert time.perf_counter() - start < 2
    assert tracemalloc.get_traced_memory()[1] < 50e6
    tracemalloc.stop()


@pytest.mark.parametrize("seed", range(12))
def test_a_registration_with_changed_bytes_ends_in_a_result_or_a_refusal(tmp_path, seed):
    from ReirradiationCore.dicom.registration import read_registration  # noqa: PLC0415

    path = save(deformable("2.25.11", "2.25.22", linear_field(), GRID), tmp_path / "dreg.dcm")
    rng = np.random.default_rng(seed)
    content = bytearray(path.read_bytes())
    for place in rng.integers(132, 1400, 6):
        content[place] = int(rng.integers(0, 256))
    path.write_bytes(bytes(content[: int(rng.integers(len(content) // 2, len(content) + 1))]))
    start = time.perf_counter()
    with contextlib.suppress(RefusedError):
        read_registration(path, "dreg.dcm", "2.25.11", "2.25.22")
    assert time.perf_counter() - start < 5


@pytest.mark.parametrize("seed", range(6))
def test_a_broken_registration_never_stops_the_reading_of_the_courses(tmp_path, seed):
    case = make_case()
    folder = save_case(case, tmp_path)
    dataset = deformable("2.25.11", "2.25.22", linear_field(), GRID)
    for keyword in ("PatientID", "PatientName", "PatientBirthDate", "PatientSex"):
        setattr(dataset, keyword, getattr(case.plan, keyword))
    path = save(dataset, folder / "REG.dcm")
    content = bytearray(path.read_bytes())
    cut = int(np.random.default_rng(seed).integers(600, len(content)))
    path.write_bytes(bytes(content[:cut]))
    assert len(read_courses([folder]).courses) == 1
