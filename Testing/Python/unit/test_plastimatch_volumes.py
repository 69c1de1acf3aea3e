"""Volumes of the analytic phantom beside plastimatch, which counts voxels of the CT."""

import csv
import subprocess

import numpy as np
import pytest
import SimpleITK as sitk
from installed import program
from ReirradiationCore.dicom import ReadOptions, read_courses
from ReirradiationCore.sampling import sample_structure
from shared_data import shared

SLICES = "3mm"
SMALLEST_CC = 0.5


@pytest.fixture(scope="module")
def exact_cc():
    with shared("data/analytic/exact_values.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["dose"] == "LIN_SI"]
    exact = {row["structure"]: float(row["vol_cc"]) for row in rows}
    return {name: volume for name, volume in exact.items() if volume >= SMALLEST_CC}


@pytest.fixture(scope="module")
def of_plastimatch(tmp_path_factory):
    """Volume of each structure, cc, as plastimatch converts it to a mask on the CT."""
    folder = shared(f"data/analytic/ANA_{SLICES}")
    scratch = tmp_path_factory.mktemp("plastimatch")
    command = [program("plastimatch", "PyPI"), "convert", "--input", folder]
    command += ["--referenced-ct", folder, "--output-prefix", scratch, "--prefix-format", "nrrd"]
    subprocess.run([str(part) for part in command], check=True, capture_output=True)
    volumes = {}
    for path in scratch.glob("*.nrrd"):
        mask = sitk.ReadImage(str(path))
        voxels = np.count_nonzero(sitk.GetArrayViewFromImage(mask))
        volumes[path.stem] = voxels * float(np.prod(mask.GetSpacing())) / 1000
    return volumes


@pytest.fixture(scope="module")
def ours():
    folder = shared(f"data/analytic/ANA_{SLICES}")
    course = read_courses([folder], ReadOptions(images=False)).courses[0]
    return {s.name: sample_structure(s).volume_cc for s in course.structures}


def test_both_see_the_same_shapes(exact_cc, of_plastimatch, ours):
    both = set(exact_cc) & set(of_plastimatch) & set(ours)
    assert len(both) >= 8


def test_each_volume_is_that_of_plastimatch_within_its_voxels(exact_cc, of_plastimatch, ours):
    for name in set(exact_cc) & set(of_plastimatch):
        assert ours[name] == pytest.approx(of_plastimatch[name], rel=0.08, abs=0.02), name


def test_ours_are_nearer_to_the_closed_form_on_the_whole(exact_cc, of_plastimatch, ours):
    def error(found):
        return np.mean([abs(found[n] / exact_cc[n] - 1) for n in exact_cc if n in of_plastimatch])

    assert error(ours) < 0.25 * error(of_plastimatch)
