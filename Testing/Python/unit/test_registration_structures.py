"""RIGID and the 2 cm around the target are judged by what was measured there, not by nothing."""

from dataclasses import replace

import numpy as np
import pytest
import SimpleITK as sitk
import synthetic_courses as made
from ReirradiationCore.case import Case, MappingStrategy
from ReirradiationCore.courses import StructureKind
from ReirradiationCore.grids import Grid, Volume
from ReirradiationCore.progress import silent
from ReirradiationCore.quality_choice import Fallback, QualityChoice
from ReirradiationCore.registration import RegistrationResult
from ReirradiationCore.registration_fallback import CourseMap, settle
from ReirradiationCore.registration_record import Backward, quality_record
from ReirradiationCore.registration_regions import (
    measured_box,
    near_targets,
    points_inside,
    unknown_fraction,
)
from test_registration_record import NO_WAY_BACK, by_name, courses

DIR, RIGID = MappingStrategy.DIR, MappingStrategy.RIGID
STILL = made.shift(0)


def landmark(structure, x, missed_mm):
    """A landmark of a structure that the identity misses by so much along z."""
    return {
        "name": "node", "structure": structure,
        "reference_lps": [x, 0, 0], "prior_lps": [x, 0, missed_mm],
    }  # fmt: skip


def record(transform=STILL, mode="deformable", rigid=STILL, landmarks=(), pair=None):
    case = Case(quality=QualityChoice.from_json({"landmarks": {"prior-1": list(landmarks)}}))
    result = RegistrationResult(mode, "test", transform, rigid)
    return quality_record(result, pair or courses(), case, NO_WAY_BACK, silent)


def everything(found):
    return by_name([*found["structures"], *found["not_paired"]])


def settled(found, name, mode="deformable", asked=None, fallback=Fallback.NOT_EVALUABLE):
    (structure,) = [s for s in courses()[0].structures if s.name == name]
    course = CourseMap.of("prior-1", mode, found)
    return settle(structure, asked, "", course, fallback, has_target=True)


@pytest.mark.parametrize("asked", [None, DIR, RIGID])
def test_a_rigid_file_that_fails_is_not_accepted_under_the_name_of_rigid(asked):
    found = settled(record(mode="file"), "Rectum", "file", asked)
    assert found.strategy is MappingStrategy.NOT_EVALUABLE
    assert "prior-1 fails at Rectum (DSC 0.7" in found.statement


def test_the_rigid_part_of_a_rigid_file_has_the_verdict_of_the_file():
    rectum = by_name(record(mode="file")["structures"])["Rectum"]
    assert rectum["rigid"]["verdict"] == rectum["verdict"] == "fail"
    assert rectum["rigid"]["mda_mm"] == rectum["mda_mm"]
    good = settled(record(mode="file"), "Bladder", "file", RIGID)
    assert (good.strategy, good.source) == (RIGID, "user")


def test_landmarks_are_measured_under_the_rigid_part_too():
    # 25 mm off where nothing moves, 9 mm where the deformable map moves 16 mm along z
    moved = sitk.TranslationTransform(3, (0.0, 0.0, 16.0))
    found = record(moved, landmarks=[landmark("Bladder", 20, 25)])
    bladder = by_name(found["structures"])["Bladder"]
    assert bladder["tre_mean_mm"] == pytest.approx(9.0)
    assert bladder["rigid"]["tre_mean_mm"] == pytest.approx(25.0)
    assert bladder["rigid"]["failed"] == ["tre"]
    lost = settled(found, "Bladder", fallback=Fallback.RIGID)
    assert lost.strategy is MappingStrategy.NOT_EVALUABLE
    assert "the rigid part fails too: mean TRE 25 mm" in lost.statement


def test_a_structure_of_one_course_is_judged_by_its_landmarks_under_the_rigid_part():
    moved = sitk.TranslationTransform(3, (0.0, 0.0, 25.0))
    found = record(moved, landmarks=[landmark("Bowel_Small", 80, 25)])
    bowel = by_name(found["not_paired"])["Bowel_Small"]
    assert (bowel["verdict"], bowel["rigid"]["verdict"]) == ("pass", "fail")
    assert settled(found, "Bowel_Small").strategy is DIR
    lost = settled(found, "Bowel_Small", asked=RIGID)
    assert lost.strategy is MappingStrategy.NOT_EVALUABLE
    assert "RIGID was chosen without a reason" in lost.statement


def test_a_landmark_that_the_rigid_part_meets_makes_it_a_fallback():
    moved = sitk.TranslationTransform(3, (0.0, 0.0, 25.0))
    found = record(moved, landmarks=[landmark("Bowel_Small", 80, 0)])
    assert by_name(found["not_paired"])["Bowel_Small"]["verdict"] == "fail"
    assert settled(found, "Bowel_Small", fallback=Fallback.RIGID).strategy is RIGID


def test_a_rigid_part_that_nothing_validates_is_no_fallback():
    entry = {"structure": "PTV_1", "verdict": "fail", "rigid": {"verdict": "not validated"}}
    lost = settled({"structures": [], "not_paired": [entry]}, "PTV_1", fallback=Fallback.RIGID)
    assert lost.strategy is MappingStrategy.NOT_EVALUABLE
    assert "nothing validates the rigid part there" in lost.statement


def test_rigid_without_a_measurement_of_its_own_is_judged_as_the_whole_map():
    entry = {"structure": "Rectum", "verdict": "fail", "why": "DSC 0.7", "rigid": None}
    lost = settled({"structures": [entry]}, "Rectum", asked=RIGID)
    assert lost.strategy is MappingStrategy.NOT_EVALUABLE


@pytest.mark.parametrize("mode", ["identity", "rigid"])
def test_a_map_that_is_rigid_itself_is_judged_as_it_always_was(mode):
    found = record(mode=mode)
    assert {entry.get("rigid") for entry in everything(found).values()} == {None}
    kept = {name: settled(found, name, mode).strategy for name in ("Bladder", "Bowel_Small")}
    assert kept == {"Bladder": RIGID, "Bowel_Small": RIGID}
    assert settled(found, "Rectum", mode).strategy is MappingStrategy.NOT_EVALUABLE


def folding_across_y(center_y):
    """A field that folds within 6 mm of a plane across y, outside of every structure."""
    grid = Grid((80, 40, 40), (4.0, 4.0, 4.0), (-160.0, -80.0, -80.0))
    y = grid.centers_lps()[:, 1]
    shift = np.zeros((len(y), 3))
    shift[:, 1] = np.where(np.abs(y - center_y) < 6, -1.5 * (y - center_y), 0.0)
    image = Volume(shift.reshape(*grid.shape, 3), grid).to_sitk()
    return sitk.DisplacementFieldTransform(sitk.Cast(image, sitk.sitkVectorFloat64))


def after_a_step(transform):
    """The same map behind a shift by half a millimetre, so that no field is applied first."""
    both = sitk.CompositeTransform(3)
    both.AddTransform(transform)
    both.AddTransform(sitk.TranslationTransform(3, (0.0, 0.0, 0.5)))
    return sitk.Transform(both)


@pytest.mark.parametrize("of", [sitk.Transform, after_a_step])
def test_a_fold_beside_the_target_is_found_whatever_step_comes_first(of):
    # structures reach to y = 20, the 2 cm around PTV_1 to y = 40
    found = record(of(folding_across_y(32.0)), "file", None)
    assert found["near_target"]["folding_fraction"] > 0.01
    assert found["near_target"]["jacobian_min"] == pytest.approx(-0.5, abs=0.01)
    assert by_name(found["structures"])["Bladder"]["failed"] == ["folding_near_target"]
    assert by_name(found["not_paired"])["PTV_1"]["failed"] == ["folding_near_target"]


def short_field(highest_y):
    """A field of no displacement that ends above the structures."""
    size = int((highest_y + 80) / 4)
    grid = Grid((80, size, 40), (4.0, 4.0, 4.0), (-158.0, -78.0, -78.0))
    image = Volume(np.zeros((*grid.shape, 3)), grid).to_sitk()
    return sitk.DisplacementFieldTransform(sitk.Cast(image, sitk.sitkVectorFloat64))


@pytest.mark.parametrize("of", [sitk.Transform, after_a_step])
def test_what_the_map_does_not_know_beside_the_target_is_unknown_and_not_free_of_folds(of):
    found = record(of(short_field(28.0)), "file", None)
    assert found["near_target"]["folding_fraction"] == 0.0
    share = found["near_target"]["unknown_fraction"]
    assert 0.01 < share < 0.2
    for name in ("Bladder", "PTV_1"):
        entry = everything(found)[name]
        assert (entry["verdict"], entry["failed"]) == ("unknown", ["folding_near_target"])
        assert entry["why"] == (
            f"folding could not be measured in {100 * share:.2g} % of the 2 cm around the planned "
            "target, which are outside the domain of the map"
        )
    assert "folding_near_target" not in everything(found)["Rectum"]["verdicts"]


def test_a_map_that_is_known_all_around_the_target_says_so():
    found = record(short_field(60.0), "file", None)
    assert found["near_target"]["unknown_fraction"] == 0.0
    assert by_name(found["structures"])["Bladder"]["verdict"] == "pass"


def test_nothing_known_around_the_target_is_unknown_altogether():
    far = sitk.CompositeTransform(3)
    far.AddTransform(short_field(28.0))
    far.AddTransform(sitk.TranslationTransform(3, (900.0, 0.0, 0.0)))
    found = record(sitk.Transform(far), "file", None)
    assert found["near_target"]["folding_fraction"] is None
    assert found["near_target"]["unknown_fraction"] == 1.0
    assert "folding_near_target" in by_name(found["not_paired"])["PTV_1"]["failed"]


def with_body(high_y):
    new = courses()[0]
    body = made.box("BODY", -60, 110, (-30.0, high_y), (-60.0, 60.0))
    assert body.kind is StructureKind.EXTERNAL
    return replace(new, structures=(*new.structures, body))


def test_air_outside_the_body_need_not_be_known():
    assert unknown_fraction(near_targets(courses()[0]), short_field(28.0), courses()[0]) > 0
    planned = with_body(26.0)
    assert unknown_fraction(near_targets(planned), short_field(28.0), planned) == 0.0


def test_what_the_planning_ct_does_not_show_need_not_be_known():
    planned = courses()[0]
    grid = Grid((100, 14, 30), (4.0, 4.0, 4.0), (-200.0, -28.0, -60.0))
    image = Volume(np.zeros(grid.shape, np.float32), grid)
    shown = replace(planned, image=image)
    assert unknown_fraction(near_targets(planned), short_field(28.0), shown) == 0.0


def test_determinants_are_taken_in_a_box_that_holds_the_surroundings_of_the_target():
    planned = courses()[0]
    near = near_targets(planned)
    box = measured_box(planned, near)
    for points in (points_inside(near), np.concatenate(planned.structures[0].contours)):
        index = box.indices_of(points)
        assert index.min() >= 1.0 - 1e-9
        assert (np.array(box.size) - 1 - index).min() >= 1.0 - 1e-9


def test_the_way_back_does_not_change_the_rigid_part():
    result = RegistrationResult("deformable", "test", made.shift(-10), STILL)
    back = Backward(made.shift(19), "by hand")
    found = quality_record(result, courses(), Case(), back, silent)
    rectum = by_name(found["structures"])["Rectum"]
    assert rectum["failed"] == ["inverse_consistency"]
    assert rectum["rigid"]["inverse_consistency_mm"] is None
