"""What one structure cannot see takes its pass back: a slide along it, a part cut off."""

from dataclasses import replace

import numpy as np
import pytest
import SimpleITK as sitk
import synthetic_courses as made
from ReirradiationCore.case import Case
from ReirradiationCore.dicom import ReadResult
from ReirradiationCore.grids import Volume
from ReirradiationCore.pipeline_data import RegisteredCourse
from ReirradiationCore.progress import silent
from ReirradiationCore.registration import RegistrationResult
from ReirradiationCore.registration_levels import QualityLevels
from ReirradiationCore.registration_quality import JacobianStatistics, StructureQuality
from ReirradiationCore.registration_record import quality_record
from ReirradiationCore.registration_verdicts import Circumstances, judge_structure, why
from ReirradiationCore.remarks import remarks
from ReirradiationCore.report.registration import registrations
from test_registration_record import NO_WAY_BACK, by_name

ORGANS = ("Bladder", "Rectum", "Prostate", "Femur_Head_L", "Femur_Head_R")
VERTEBRA = sitk.TranslationTransform(3, (0.0, 0.0, 24.0))
STILL = made.shift(0)


def organ(name, middle, half=20.0):
    sides = {"y": (-half, half), "z": (-half, half)}
    return made.box(name, middle - half, middle + half, **sides)


def cord():
    """A tube of 800 mm along z: off by 24 mm, 1.5 % of its surface have no counterpart."""
    return made.box("SpinalCord", -10, 10, y=(60, 80), z=(-400, 400))


def courses(names=ORGANS, target=True):
    both = [cord(), *(organ(name, 60.0 * n - 120) for n, name in enumerate(names))]
    alone = [organ("PTV_1", 30)] if target else []
    old = made.course("prior-1", [(made.dose(lambda _x: 20.0), 25, 50.0)], both)
    new = made.course("planned", [(made.dose(lambda _x: 20.0), 5, 30.0)], [*both, *alone])
    return new, old


def record(transform=VERTEBRA, mode="file", pair=None, rigid=None, **more):
    result = RegistrationResult(mode, "test", transform, rigid, **more)
    return quality_record(result, pair or courses(), Case(), NO_WAY_BACK, silent)


def verdicts(found):
    entries = [*found["structures"], *found["not_paired"]]
    return {entry["structure"]: entry["verdict"] for entry in entries}


def test_a_map_one_vertebra_off_does_not_pass_at_the_cord():
    found = record()
    assert verdicts(found) == {
        "SpinalCord": "warn", **dict.fromkeys(ORGANS, "fail"), "PTV_1": "not validated"
    }  # fmt: skip
    tube = by_name(found["structures"])["SpinalCord"]
    assert tube["mda_mm"] < 2
    assert tube["why"].startswith("the map fails at 5 of 6 organs that both courses draw")
    assert tube["verdicts"]["mda_mm"] == "pass"
    assert tube["verdicts"]["whole_map"] == "warn"
    assert tube["failed"] == []


def test_one_warning_on_top_names_the_organs():
    found = record(warnings=("another warning",))
    assert found["warnings"][0].startswith("THE MAP AS A WHOLE IS IN DOUBT: it fails at 5 of 6")
    assert "Bladder, Rectum, Prostate" in found["warnings"][0]
    assert found["warnings"][1:] == ["another warning"]


def test_a_map_that_fits_keeps_its_verdicts():
    found = record(STILL)
    assert verdicts(found) == {
        "SpinalCord": "pass", **dict.fromkeys(ORGANS, "pass"), "PTV_1": "not validated"
    }  # fmt: skip
    assert found["warnings"] == []


def slid(count, total):
    """Courses of which some organs lie 24 mm higher in the prior course; nothing else moved."""
    new, old = courses(ORGANS[: total - 1], target=False)
    changed = [
        made.box(s.name, -80, -40, y=(-20, 20), z=(4, 44)) if n in range(1, count + 1) else s
        for n, s in enumerate(old.structures)
    ]
    placed = [
        made.box(s.name, -80, -40, y=(-20, 20), z=(-20, 20)) if n in range(1, count + 1) else s
        for n, s in enumerate(new.structures)
    ]
    return (
        made.course("planned", [(made.dose(lambda _x: 20.0), 5, 30.0)], placed),
        made.course("prior-1", [(made.dose(lambda _x: 20.0), 25, 50.0)], changed),
    )


@pytest.mark.parametrize(
    ("count", "total", "cords"), [(1, 2, "pass"), (1, 3, "warn"), (1, 4, "pass"), (2, 6, "warn")]
)
def test_a_third_of_at_least_three_organs_is_too_many(count, total, cords):
    found = record(STILL, pair=slid(count, total))
    assert list(verdicts(found).values()).count("fail") == count
    assert verdicts(found)["SpinalCord"] == cords


def test_organs_that_steered_do_not_count():
    found = record(mode="deformable", guided=ORGANS[:4])
    assert by_name(found["structures"])["Bladder"]["verdict"] == "fail"
    assert by_name(found["structures"])["SpinalCord"]["verdict"] == "pass"


def test_the_rigid_part_is_doubted_by_its_own_failures():
    found = by_name(record(STILL, rigid=VERTEBRA, mode="deformable")["structures"])["SpinalCord"]
    assert (found["verdict"], found["rigid"]["verdict"]) == ("pass", "warn")
    other = by_name(record(VERTEBRA, rigid=STILL, mode="deformable")["structures"])["SpinalCord"]
    assert (other["verdict"], other["rigid"]["verdict"]) == ("warn", "pass")


def told(quality, result=None):
    new, old = courses()
    result = result or RegistrationResult("file", "test", VERTEBRA)
    match = RegisteredCourse("prior-1", result, quality, "A. Physicist")
    read = ReadResult((old, new), ("a warning of the files",), (), ())
    return remarks(read, [], {"prior-1": match}, Case())


def test_the_doubt_is_the_first_warning_of_a_result_and_every_other_one_is_told():
    said = told(record(warnings=("the HU differ",)))
    assert said[0].startswith("prior-1: THE MAP AS A WHOLE IS IN DOUBT: it fails at 5 of 6")
    assert "prior-1: the HU differ" in said
    assert said.index("a warning of the files") < said.index("prior-1: the HU differ")


def test_a_warning_that_names_its_course_is_not_told_twice():
    result = RegistrationResult("file", "test", VERTEBRA, warnings=("prior-1: look at it",))
    assert told(record(), result).count("prior-1: look at it") == 1


def test_the_report_says_why_the_cord_does_not_pass():
    shown = str(registrations({"registrations": [
        {"course": "prior-1", "mode": "file", "engine": "test", "quality": record()}
    ]}))  # fmt: skip
    assert "the map fails at 5 of 6 organs that both courses draw" in shown


# --- near the target ----------------------------------------------------------------------------


def textured(shift_mm):
    """Courses with a CT of waves along z, 40 mm long; half a wave off it correlates by -1."""
    grid = made.dose(lambda _x: 0.0).grid
    z = grid.centers_lps()[:, 2] + shift_mm
    hu = (100 * np.sin(2 * np.pi * z / 40)).reshape(grid.shape).astype(np.float32)
    return Volume(hu, grid)


@pytest.mark.parametrize(
    ("shift_mm", "mode", "warns"),
    [(0.0, "file", False), (20.0, "file", True), (20.0, "deformable", True),
     (20.0, "rigid", False)],
)  # fmt: skip
def test_unlike_cts_around_the_target_are_warned_of(shift_mm, mode, warns):
    new, old = (
        replace(one, image=textured(by)) for one, by in zip(courses(), (0.0, shift_mm), strict=True)
    )
    found = record(STILL, mode=mode, pair=(new, old))
    said = [text for text in found["warnings"] if "within 2 cm of the planned target" in text]
    assert bool(said) is warns
    assert all("correlate only by -1.00 (usual is 0.5 or more)" in text for text in said)


# --- organs that are cut off --------------------------------------------------------------------


@pytest.mark.parametrize(("share", "verdict"), [(0.24, "warn"), (0.49, "warn"), (0.5, "pass")])
def test_an_organ_seen_by_less_than_half_does_not_pass(share, verdict):
    steady = JacobianStatistics(0.0, 0.9, 1.1)
    heart = StructureQuality("Heart", 600.0, steady, 1.0, 0.95, 1.0, 3.0, 1.0, share)
    found, findings = judge_structure(heart, QualityLevels(), Circumstances(voxel_mm=2.0))
    assert found.value == verdict
    assert (f"only {100 * share:.0f} % of it is seen by both CTs" in why(findings)) is (
        verdict == "warn"
    )
