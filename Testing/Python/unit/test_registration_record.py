"""The record of a registration holds each number where contract.md has it, for every structure."""

from dataclasses import replace

import numpy as np
import pytest
import SimpleITK as sitk
import synthetic_courses as made
from ReirradiationCore.case import Case
from ReirradiationCore.grids import Grid, Volume
from ReirradiationCore.inverse_consistency import backward_of
from ReirradiationCore.progress import silent
from ReirradiationCore.quality_choice import QualityChoice
from ReirradiationCore.registration import RegistrationResult
from ReirradiationCore.registration_record import Backward, quality_record

SIDES = {"y": (-20.0, 20.0), "z": (-20.0, 20.0)}
NO_WAY_BACK = Backward(None, "not asked for")


def box(name, low, high):
    return made.box(name, low, high, **SIDES)


def courses():
    old = made.course(
        "prior-1", [(made.dose(lambda x: 20.0 + 0.1 * x), 25, 50.0)],
        [box("Bladder", 0, 40), box("Rectum", -50, -10)],
    )  # fmt: skip
    new = made.course(
        "planned", [(made.dose(lambda _x: 20.0), 5, 30.0)],
        [box("Bladder", 0, 40), box("Rectum", -40, 0), box("Bowel_Small", 60, 100),
         box("PTV_1", 40, 50)],
    )  # fmt: skip
    return new, old


def record(transform=None, mode="deformable", case=None, backward=NO_WAY_BACK, **more):
    transform = transform or made.shift(0)
    result = RegistrationResult(mode, "test", transform, more.pop("rigid", transform), **more)
    return quality_record(result, courses(), case or Case(), backward, silent)


def by_name(entries):
    return {entry["structure"]: entry for entry in entries}


def test_organs_of_both_courses_are_compared_the_others_are_listed_apart():
    found = record()
    assert list(by_name(found["structures"])) == ["Bladder", "Rectum"]
    assert list(by_name(found["not_paired"])) == ["Bowel_Small", "PTV_1"]
    assert by_name(found["structures"])["Bladder"]["verdict"] == "pass"
    assert by_name(found["not_paired"])["Bowel_Small"]["verdict"] == "not validated"


def test_an_organ_ten_millimetres_off_fails_with_its_numbers():
    rectum = by_name(record()["structures"])["Rectum"]
    assert rectum["verdict"] == "fail"
    # Of the 40 mm cube one face is 10 mm outside the other cube and one inside, from where the
    # sides are nearer at its rim (20/3 (1 - 1/8) mm); a quarter of the sides is 5 mm off.
    assert rectum["mda_mm"] == pytest.approx((10 + 20 / 3 * 7 / 8 + 4 * 5 / 4) / 6, rel=0.02)
    assert rectum["verdicts"]["mda_mm"] == "pass"  # the slices are 4 mm apart
    assert rectum["failed"] == ["dsc"]
    assert rectum["why"].startswith("DSC 0.7")
    assert rectum["why"].endswith("(levels 0.9 and 0.8)")
    assert rectum["dsc"] == pytest.approx(0.75, abs=0.02)


def test_relevance_is_the_gradient_times_the_distance():
    rectum = by_name(record()["structures"])["Rectum"]
    assert rectum["gradient_gy_per_mm"] == pytest.approx(0.1, rel=1e-3)
    assert rectum["relevance_gy"] == pytest.approx(0.1 * rectum["mda_mm"], rel=1e-3)


def test_the_rigid_part_is_measured_beside_the_deformable_map():
    found = by_name(record(made.shift(-10), rigid=made.shift(0))["structures"])
    assert found["Rectum"]["verdict"] == "pass"
    assert found["Rectum"]["rigid"]["verdict"] == "fail"
    assert found["Bladder"]["verdict"] == "fail"
    assert found["Bladder"]["rigid"]["verdict"] == "pass"


@pytest.mark.parametrize("mode", ["rigid", "identity"])
def test_a_map_without_deformation_has_no_rigid_part_of_its_own(mode):
    assert by_name(record(mode=mode)["structures"])["Rectum"]["rigid"] is None


def test_inverse_consistency_is_that_of_the_way_back_in_the_whole_and_per_organ():
    found = record(backward=Backward(made.shift(0.5), "by hand"))
    assert found["inverse_consistency_mm"] == pytest.approx(0.5, abs=1e-6)
    assert found["inverse_consistency_note"] == "by hand"
    bladder = by_name(found["structures"])["Bladder"]
    assert bladder["inverse_consistency_mm"] == pytest.approx(0.5, abs=1e-6)
    far = record(backward=Backward(made.shift(9), "by hand"))
    assert by_name(far["structures"])["Bladder"]["failed"] == ["inverse_consistency"]


def fold(center_x):
    """A field that folds within 8 mm of a plane across x and is still elsewhere."""
    grid = Grid((80, 40, 40), (4.0, 4.0, 4.0), (-160.0, -80.0, -80.0))
    x = grid.centers_lps()[:, 0]
    displacement = np.zeros((len(x), 3))
    displacement[:, 0] = np.where(np.abs(x - center_x) < 6, -1.5 * (x - center_x), 0.0)
    field = Volume(displacement.reshape(*grid.shape, 3), grid).to_sitk()
    return sitk.DisplacementFieldTransform(sitk.Cast(field, sitk.sitkVectorFloat64))


def test_folding_near_the_target_fails_every_structure_that_reaches_there():
    found = record(fold(56.0))
    assert found["near_target"]["folding_fraction"] > 0
    assert "folding_near_target" in by_name(found["structures"])["Bladder"]["failed"]
    assert "folding_near_target" in by_name(found["not_paired"])["PTV_1"]["failed"]
    assert "folding_near_target" not in by_name(found["structures"])["Rectum"]["failed"]


def test_folding_far_from_the_target_fails_only_what_it_is_in():
    found = record(fold(-20.0))
    assert found["near_target"]["folding_fraction"] == 0
    assert "jacobian" in by_name(found["structures"])["Rectum"]["failed"]
    assert by_name(found["structures"])["Bladder"]["verdict"] == "pass"


def test_an_organ_that_steered_the_registration_is_marked():
    bladder = by_name(record(guided=("Bladder",))["structures"])["Bladder"]
    assert (bladder["guided"], bladder["verdict"]) == (True, "not validated")


def test_landmarks_are_measured_and_judged():
    point = {"name": "node", "reference_lps": [80, 0, 0], "prior_lps": [80, 0, 9]}
    typed = {"landmarks": {"prior-1": [{**point, "structure": "Bowel_Small"}]}}
    found = record(case=Case(quality=QualityChoice.from_json(typed)))
    assert found["landmarks"][0]["error_mm"] == pytest.approx(9.0)
    bowel = by_name(found["not_paired"])["Bowel_Small"]
    assert (bowel["verdict"], bowel["tre_mean_mm"]) == ("fail", pytest.approx(9.0))
    assert by_name(found["structures"])["Bladder"]["verdict"] == "pass"


def with_landmark(x_mm, error_mm=0.0):
    """Verdicts where nothing but a landmark of no structure could validate."""
    mark = {"name": "spine", "reference_lps": [x_mm, 0, 0], "prior_lps": [x_mm, 0, error_mm]}
    case = Case(quality=QualityChoice.from_json({"landmarks": {"prior-1": [mark]}}))
    found = record(case=case, guided=("Bladder",))
    return by_name([*found["structures"], *found["not_paired"]])


def test_a_landmark_far_away_validates_nothing():
    found = with_landmark(400.0)
    verdicts = {name: entry["verdict"] for name, entry in found.items()}
    assert verdicts.pop("Rectum") == "fail"  # its contours are 10 mm off
    assert set(verdicts.values()) == {"not validated"}
    assert {entry["tre_mean_mm"] for entry in found.values()} == {None}


def test_a_landmark_within_two_centimetres_validates_what_is_there_and_nothing_else():
    """The bladder ends at 40 mm, the target at 50 mm; the bowel begins at 60 mm."""
    found = with_landmark(30.0)
    names = ("Bladder", "PTV_1", "Bowel_Small")
    assert [found[name]["verdict"] for name in names] == ["pass", "pass", "not validated"]
    assert found["Bladder"]["tre_mean_mm"] == pytest.approx(0.0, abs=1e-6)


def test_a_landmark_that_is_missed_counts_against_structures_far_away_as_well():
    found = with_landmark(400.0, error_mm=9.0)
    assert {entry["verdict"] for entry in found.values()} == {"fail"}
    assert found["PTV_1"]["failed"] == ["tre_anywhere"]
    assert found["PTV_1"]["why"].startswith("with landmarks elsewhere mean TRE 9 mm")


def test_typed_levels_decide_and_are_named():
    typed = {"registration_levels": {"mda_mm": [8, 9], "dsc": [0.5, 0.4]}}
    found = record(case=Case(quality=QualityChoice.from_json(typed)))
    assert found["typed_levels"] == ["mda_mm", "dsc"]
    assert found["levels"]["mda_mm"]["levels"] == [8.0, 9.0]
    assert by_name(found["structures"])["Rectum"]["verdict"] == "warn"


def test_thin_organs_are_not_judged_by_their_overlap():
    new, old = courses()
    named = [replace(s, name="A_Iliac_L") if s.name == "Rectum" else s for s in old.structures]
    old = replace(old, structures=tuple(named))
    renamed = [replace(s, name="A_Iliac_L") if s.name == "Rectum" else s for s in new.structures]
    new = replace(new, structures=tuple(renamed))
    result = RegistrationResult("deformable", "test", made.shift(0), made.shift(0))
    found = quality_record(result, (new, old), Case(), NO_WAY_BACK, silent)
    assert by_name(found["structures"])["A_Iliac_L"]["verdict"] == "warn"


@pytest.mark.parametrize(
    ("mode", "rigid", "choice", "words"),
    [
        ("identity", made.shift(0), {}, "share a frame of reference"),
        ("file", None, {}, "no engine could run backwards"),
        ("deformable", made.shift(0), {"inverse_consistency": False}, "switched off"),
        ("deformable", made.shift(0), {}, "has no CT"),
    ],
)
def test_without_a_way_back_the_record_says_why(mode, rigid, choice, words):
    result = RegistrationResult(mode, "test", made.shift(0), rigid)
    case = Case(quality=QualityChoice.from_json(choice))
    found = backward_of(result, *courses(), case, silent)
    assert found.transform is None
    assert words in found.note
