"""Levels give the verdicts of the table, with the numbers in words."""

import math

import pytest
from ReirradiationCore.errors import RefusedError
from ReirradiationCore.registration_levels import QualityLevels
from ReirradiationCore.registration_quality import JacobianStatistics, StructureQuality
from ReirradiationCore.registration_verdicts import (
    Circumstances,
    Errors,
    Verdict,
    at_least,
    at_most,
    judge_structure,
    why,
    within,
    worst,
)

GOOD = {"dsc": 0.95, "mda_mm": 1.0, "hd95_mm": 3.0, "volume_ratio": 1.0}
STEADY = JacobianStatistics(0.0, 0.9, 1.1)


def judged(known=None, jacobian=STEADY, error=math.nan, volume_cc=100.0, levels=None, **numbers):
    quality = StructureQuality("Bladder", volume_cc, jacobian, error, **{**GOOD, **numbers})
    known = known or Circumstances(voxel_mm=2.0)
    verdict, findings = judge_structure(quality, levels or QualityLevels(), known)
    return verdict.value, why(findings)


@pytest.mark.parametrize(
    ("value", "verdict"),
    [(2.0, "pass"), (2.01, "warn"), (3.0, "warn"), (3.01, "fail"), (math.nan, "unknown")],
)
def test_levels_belong_to_the_better_side(value, verdict):
    assert at_most("mda_mm", "MDA", value, (2.0, 3.0)).verdict.value == verdict


@pytest.mark.parametrize(
    ("value", "verdict"), [(0.9, "pass"), (0.89, "warn"), (0.8, "warn"), (0.79, "fail")]
)
def test_overlap_must_be_at_least_the_level(value, verdict):
    found = at_least("dsc", "DSC", value, (0.9, 0.8))
    assert found.verdict.value == verdict
    assert found.words == f"DSC {value} (levels 0.9 and 0.8)"


@pytest.mark.parametrize(
    ("bounds", "verdict"),
    [
        ((0.5, 2.0), "pass"), ((0.49, 1.0), "warn"), ((0.3, 3.0), "warn"), ((0.29, 1.0), "fail"),
        ((1.0, 3.1), "fail"), ((math.nan, 1.0), "unknown"),
    ],
)  # fmt: skip
def test_a_range_must_lie_inside_that_of_the_levels(bounds, verdict):
    levels = ((0.5, 2.0), (0.3, 3.0))
    assert within("jacobian", "Jacobian", bounds, levels).verdict.value == verdict


def test_fail_outweighs_unknown_and_unknown_outweighs_warn():
    assert worst([Verdict.WARN, Verdict.UNKNOWN, Verdict.FAIL]) is Verdict.FAIL
    assert worst([Verdict.WARN, Verdict.UNKNOWN]) is Verdict.UNKNOWN
    assert worst([]) is Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("numbers", "verdict", "words"),
    [
        ({}, "pass", ""),
        ({"mda_mm": 2.5}, "warn", "MDA 2.5 mm (levels 2 and 3 mm)"),
        ({"mda_mm": 3.1}, "fail", "MDA 3.1 mm (levels 2 and 3 mm)"),
        ({"hd95_mm": 10.5}, "fail", "HD95 10.5 mm (levels 5 and 10 mm)"),
        ({"dsc": 0.7}, "fail", "DSC 0.7 (levels 0.9 and 0.8)"),
        ({"volume_ratio": 0.45, "jacobian": JacobianStatistics(0.0, 0.45, 0.45)}, "fail",
         "volume ratio 0.45 (levels 0.8 to 1.25 and 0.5 to 2)"),
        ({"mda_mm": math.nan}, "unknown", "MDA could not be computed"),
        ({"error": 4.1}, "fail", "inverse consistency 4.1 mm (levels 2 and 4 mm)"),
        ({"error": 3.0}, "warn", "inverse consistency 3 mm (levels 2 and 4 mm)"),
        ({"jacobian": JacobianStatistics(0.25, -0.1, 1.0)}, "fail", "25 % of it folds"),
    ],
)  # fmt: skip
def test_each_metric_alone_can_fail_an_organ(numbers, verdict, words):
    assert judged(**numbers) == (verdict, words)


def test_large_voxels_widen_the_distance_of_the_surfaces_but_not_hd95():
    coarse = Circumstances(voxel_mm=3.0)
    assert judged(coarse, mda_mm=4.4)[0] == "warn"
    assert judged(coarse, mda_mm=4.6)[0] == "fail"
    assert judged(coarse, hd95_mm=10.1)[0] == "fail"


def test_small_and_thin_organs_are_not_judged_by_dice():
    assert judged(dsc=0.5, volume_cc=9.0)[0] == "pass"
    assert judged(Circumstances(2.0, is_thin=True), dsc=0.5)[0] == "pass"
    assert judged(dsc=0.5)[0] == "fail"


def test_an_organ_that_shrank_as_drawn_is_not_failed_for_it():
    shrunk = JacobianStatistics(0.0, 0.287, 1.2)
    assert judged(jacobian=shrunk, volume_ratio=0.588)[0] == "warn"
    assert judged(jacobian=shrunk)[0] == "fail"


def alone(**known):
    return Circumstances(2.0, is_paired=False, **known)


def test_a_structure_of_one_course_only_is_not_validated_by_contours():
    nothing = {name: math.nan for name in GOOD}
    assert judged(alone(), **nothing) == ("not validated", "")
    assert judged(alone(), error=1.0, **nothing)[0] == "not validated"
    folded = JacobianStatistics(0.01, -0.1, 1.0)
    assert judged(alone(), jacobian=folded, **nothing) == ("fail", "1 % of it folds")
    torn = JacobianStatistics(0.0, 0.2, 1.0)
    assert judged(alone(), jacobian=torn, **nothing)[0] == "fail"
    unseen = JacobianStatistics(math.nan, math.nan, math.nan)
    assert judged(alone(), jacobian=unseen, **nothing)[0] == "unknown"


def test_a_target_may_come_and_go_but_not_fold():
    nothing = {name: math.nan for name in GOOD}
    grown = JacobianStatistics(0.0, 0.1, 5.0)
    assert judged(alone(is_target=True), jacobian=grown, **nothing)[0] == "not validated"
    folded = JacobianStatistics(0.01, -0.1, 1.0)
    assert judged(alone(is_target=True), jacobian=folded, **nothing)[0] == "fail"


def test_contours_that_steered_the_registration_cannot_validate_it_but_can_fail_it():
    guided = Circumstances(2.0, is_guided=True)
    assert judged(guided)[0] == "not validated"
    assert judged(guided, mda_mm=5.0)[0] == "fail"


@pytest.mark.parametrize(
    ("mean", "largest", "verdict"),
    [(2.0, 5.0, "pass"), (2.5, 5.0, "warn"), (2.0, 6.0, "warn"), (3.1, 5.0, "fail"),
     (1.0, 7.1, "fail"), (math.nan, math.nan, "unknown")],
)  # fmt: skip
def test_landmarks_validate_where_contours_cannot(mean, largest, verdict):
    landmarks = Errors(mean, largest, 4)
    assert judged(Circumstances(2.0, is_guided=True, landmarks=landmarks))[0] == verdict
    nothing = {name: math.nan for name in GOOD}
    assert judged(alone(landmarks=landmarks), **nothing)[0] == verdict


@pytest.mark.parametrize(
    ("mean", "largest", "verdict"),
    [(2.0, 5.0, "not validated"), (2.5, 5.0, "not validated"), (3.1, 5.0, "fail"),
     (math.nan, math.nan, "unknown")],
)  # fmt: skip
def test_landmarks_elsewhere_count_against_a_structure_and_never_for_it(mean, largest, verdict):
    elsewhere = Errors(mean, largest, 4)
    assert judged(Circumstances(2.0, is_guided=True, landmarks_anywhere=elsewhere))[0] == verdict
    own = Errors(1.0, 1.0, 1)
    both = Circumstances(2.0, landmarks=own, landmarks_anywhere=elsewhere)
    assert judged(both)[0] == {(2.0, 5.0): "pass", (2.5, 5.0): "warn"}.get((mean, largest), verdict)


def test_landmarks_that_are_all_near_are_told_once():
    errors = Errors(4.0, 4.0, 2)
    found = judged(Circumstances(2.0, landmarks=errors, landmarks_anywhere=errors))
    assert found[1].count("mean TRE") == 1


def test_folding_near_the_target_fails_what_reaches_there():
    found = judged(Circumstances(2.0, folds_near_target=True))
    assert found == ("fail", "the map folds within 2 cm of the planned target")


def test_typed_levels_are_used_and_named():
    levels = QualityLevels().with_json({"mda_mm": [4, 6], "jacobian": [[0.4, 2.5], [0.2, 4]]})
    assert judged(levels=levels, mda_mm=5.5)[0] == "warn"
    assert levels.typed == ("mda_mm", "jacobian")
    assert levels.to_json() == {"mda_mm": [4.0, 6.0], "jacobian": [[0.4, 2.5], [0.2, 4.0]]}
    record = levels.record()
    assert record["mda_mm"] == {"levels": [4.0, 6.0], "source": "typed in the case file"}
    assert record["dsc"]["source"] == "TG-132"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"mda": [1, 2]}, "'mda'"),
        ({"mda_mm": [3, 2]}, "mda_mm is"),
        ({"mda_mm": [-1, 2]}, "mda_mm is"),
        ({"mda_mm": 2}, "must be numbers"),
        ({"mda_mm": [1, float("nan")]}, "mda_mm is"),
        ({"dsc": [0.8, 0.9]}, "dsc is"),
        ({"dsc": [1.1, 0.9]}, "dsc is"),
        ({"dsc_from_cc": -1}, "dsc_from_cc is"),
        ({"jacobian": [[0.3, 3], [0.5, 2]]}, "jacobian is"),
        ({"jacobian": [[0.5, 2], [0, 3]]}, "jacobian is"),
        ({"jacobian": [0.5, 2]}, "must be numbers"),
    ],
)
def test_levels_that_are_none_are_refused(content, words):
    with pytest.raises(RefusedError, match="registration_levels") as refused:
        QualityLevels().with_json(content)
    assert words in str(refused.value)


def test_a_guided_organ_of_which_nothing_is_known_is_unknown_and_loses_its_map():
    nothing = {name: math.nan for name in GOOD}
    nowhere = JacobianStatistics(math.nan, math.nan, math.nan)
    guided = Circumstances(2.0, is_guided=True)
    assert judged(guided, jacobian=nowhere, **nothing)[0] == "unknown"


def test_landmarks_do_not_take_back_the_warning_of_another_metric():
    landmarks = Errors(1.0, 2.0, 4)
    grown = JacobianStatistics(0.0, 0.9, 2.5)
    assert judged(Circumstances(2.0, is_guided=True, landmarks=landmarks), jacobian=grown)[0] == (
        "warn"
    )


@pytest.mark.parametrize(
    ("mda_mm", "mobile", "noted"),
    [(3.5, True, True), (4.4, True, True), (4.5, True, False), (3.5, False, False),
     (1.5, True, False)],
)  # fmt: skip
def test_bowel_and_thorax_get_the_note_of_the_benchmark_but_no_other_verdict(mda_mm, mobile, noted):
    known = Circumstances(voxel_mm=2.0, is_mobile=mobile)
    quality = StructureQuality("Bowel", 100.0, STEADY, **{**GOOD, "mda_mm": mda_mm})
    verdict, findings = judge_structure(quality, QualityLevels(), known)
    assert ("4.4 mm was usual" in findings[0].words) is noted
    assert verdict is (Verdict.FAIL if mda_mm > 3 else Verdict.PASS)


@pytest.mark.parametrize(
    "content",
    [
        {"mda_mm": [2, 20.1]}, {"mda_voxels": [1, 11]}, {"hd95_mm": [5, 51]},
        {"tre_mean_mm": [2, 21]}, {"tre_max_mm": [5, 51]}, {"dsc": [0.9, 0.29]},
        {"inverse_consistency_voxels": [1, 11]}, {"dsc_from_cc": 1001},
        {"jacobian": [[0.5, 2], [0.04, 3]]}, {"volume_ratio": [[0.8, 1.25], [0.5, 21]]},
    ],
)  # fmt: skip
def test_levels_that_judge_nothing_are_refused(content):
    with pytest.raises(RefusedError, match="judges nothing"):
        QualityLevels().with_json(content)


@pytest.mark.parametrize("value", ["12", ["1", "2"], [True, True], [1, None], 3])
def test_levels_that_are_no_numbers_are_refused(value):
    with pytest.raises(RefusedError, match="it must be numbers"):
        QualityLevels().with_json({"mda_mm": value})
