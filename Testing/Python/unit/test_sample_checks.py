"""Samples that do not belong together are refused, each with its reason, never judged."""

import copy
import json
import zipfile
from dataclasses import replace

import numpy as np
import pytest
from live_cases import POINT_SUM, STRIDER, UNIFORM_BG, falling, mapped, sampled
from ReirradiationCore import sample_store
from ReirradiationCore.case import MappingStrategy
from ReirradiationCore.errors import RefusedError
from ReirradiationCore.sample_pack import SamplePack, pack_samples
from ReirradiationCore.sample_store import read_samples, write_pack

# organs in the order of the structure set
BLADDER, RECTUM, PLEXUS, PTV, LOOPS = (f"organ{n}" for n in range(5))
ORGANS = {
    **mapped("Bladder", MappingStrategy.OVERLAP_POINT_SUM),
    **mapped("Rectum", POINT_SUM),
    **mapped("SacralPlex_L", UNIFORM_BG),
}


@pytest.fixture(scope="module")
def pack():
    planned, prior = falling()
    return pack_samples(sampled(planned, [prior], replace(STRIDER, organs=ORGANS)))


def read(folder, pack, header=None, **arrays):
    path = folder / "samples.npz"
    write_pack(path, SamplePack(header or pack.header, {**pack.arrays, **arrays}))
    return read_samples(path)


@pytest.mark.parametrize(
    ("name", "change", "reason"),
    [
        # one value would be broadcast over the organ, and give a sum of its own
        (f"{RECTUM}_prior0_dose0", lambda a: a[:1], r"Rectum: prior-1: \(1,\) float32 doses for"),
        (f"{PTV}_prior0_dose1", lambda a: a[:1], r"PTV: prior-1: \(1,\) float32 doses"),
        (f"{PTV}_planned_dose0", lambda a: a[:-1], r"PTV: planned: \(\d+,\) float32 doses"),
        (f"{PTV}_planned_dose0", lambda a: a.astype(complex), "complex128 doses for"),
        (f"{PTV}_planned_dose0", lambda a: a.astype("U8"), "<U8 doses for"),
        (f"{PTV}_planned_dose0", lambda a: -a, "PTV: planned: a dose is below 0 Gy"),
        (f"{PTV}_planned_dose0", lambda a: a + np.inf, "below 0 Gy or infinite"),
        (f"{PTV}_volumes", lambda a: a * np.nan, "volumes of its sample points are not all"),
        (f"{PTV}_volumes", lambda a: -a, "volumes of its sample points are not all"),
        (f"{PTV}_points", lambda a: a[:1], "its sample points have the shape"),
        (f"{RECTUM}_prior0_volumes", lambda a: -a, "Rectum: prior-1: the volumes of its points"),
        (f"{BLADDER}_prior0_overlap_prior", lambda a: a[:1], "both courses overlap is not known"),
        (f"{BLADDER}_prior0_overlap_planned", lambda a: a * 1.0, "overlap is not known for each"),
        ("course0_contours0", lambda a: a[:, :2], "prior-1: its contours are no points"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(pack, tmp_path, name, change, reason):
    with pytest.raises(RefusedError, match=reason):
        read(tmp_path, pack, **{name: change(pack.arrays[name])})


def without_prior(header):
    header["organs"][3]["priors"] = {}


def wrong_fractions(header):
    header["organs"][3]["priors"]["prior-1"]["fractions"] = [20, 5]


def lost_phase(header):
    header["organs"][3]["priors"]["prior-1"]["fractions"] = [25]


def other_strategy(header):
    header["organs"][1]["priors"]["prior-1"].update(strategy="DIR", note="with a note")


def no_overlap(header):
    header["organs"][0]["priors"]["prior-1"]["overlap_known"] = None


def no_set(header):
    header["case"]["protocols"] = []


def no_prescription(header):
    header["courses"][1]["phases"][0]["prescribed_dose_gy"] = -30.0


def no_case(header):
    header["case"]["approvals"] = 0


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (without_prior, "PTV: its dose is sampled for prior courses none; the case has prior-1"),
        (wrong_fractions, r"sampled for \(20, 5\) fractions, delivered \(25, 5\)"),
        (lost_phase, r"sampled for \(25,\) fractions, delivered \(25, 5\)"),
        (other_strategy, "Rectum: prior-1 is sampled as DIR, not POINT_SUM"),
        (no_overlap, "OVERLAP_POINT_SUM and where both courses overlap do not go together"),
        (no_set, "1 constraint sets are kept, 0 are chosen"),
        (no_prescription, "planned: the prescription is -30.0, not a dose above 0 Gy"),
        (no_case, "the file is not whole|approvals"),
    ],
)
def test_a_header_that_does_not_fit_is_refused(pack, tmp_path, change, reason):
    header = copy.deepcopy(dict(pack.header))
    change(header)
    with pytest.raises(RefusedError, match=reason):
        read(tmp_path, pack, header)


def test_an_array_that_is_said_to_be_larger_than_any_memory_is_refused(pack, tmp_path):
    read(tmp_path, pack)
    shape = b"{'descr': '<f8', 'fortran_order': False, 'shape': (999999999999999,), }"
    head = b"\x93NUMPY\x01\x00" + len(shape).to_bytes(2, "little") + shape
    with zipfile.ZipFile(tmp_path / "samples.npz", "a") as archive:
        archive.writestr("huge.npy", head)
    with pytest.raises(RefusedError, match="the file is not whole"):
        read_samples(tmp_path / "samples.npz")


def test_a_header_nested_without_end_is_refused(tmp_path):
    text = np.frombuffer(b"[" * 200_000, np.uint8)
    np.savez(tmp_path / "samples.npz", header=text)
    with pytest.raises(RefusedError, match="cannot be read as samples"):
        read_samples(tmp_path / "samples.npz")


def test_a_header_that_is_no_object_is_refused(tmp_path):
    text = np.frombuffer(json.dumps([1]).encode(), np.uint8)
    np.savez(tmp_path / "samples.npz", header=text)
    with pytest.raises(RefusedError, match="is not a file of samples"):
        read_samples(tmp_path / "samples.npz")


def test_a_small_file_that_unpacks_to_more_than_any_case_is_refused(pack, tmp_path, monkeypatch):
    read(tmp_path, pack)
    monkeypatch.setattr(sample_store, "MOST_BYTES", 1_000_000)
    with pytest.raises(RefusedError, match="GB of memory; no case needs that"):
        read_samples(tmp_path / "samples.npz")
