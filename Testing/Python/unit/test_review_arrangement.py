"""Which arrangements of views a review offers: only those for which there are maps."""

import pytest

pytest.importorskip("trame_slicer", reason="the web viewer is not installed")

from ReirradiationHeadless.review.arrangement import FOUR, arrangements

COURSES = [("prior-1", "prior-1 (50 Gy)"), ("prior-2", "prior-2 (20 Gy)"), ("planned", "now")]
DOSES = ["mapped_dose_prior-1", "eqd2_prior-1", "mapped_dose_planned", "eqd2_planned"]


def test_each_prior_course_with_a_dose_stands_beside_the_planned_one():
    # prior-2 is known from a letter and has no map
    assert list(arrangements(COURSES, DOSES)) == [FOUR, "eqd2_prior-1", "mapped_dose_prior-1"]
    found = arrangements(COURSES, DOSES)["eqd2_prior-1"]
    assert found.sides == ("eqd2_prior-1", "eqd2_planned")
    assert found.heads() == {
        "ReirrLeftAxial": "Axial: EQD2, prior-1 (50 Gy)",
        "ReirrRightAxial": "Axial: EQD2, now",
        "ReirrLeftCoronal": "Coronal: EQD2, prior-1 (50 Gy)",
        "ReirrRightCoronal": "Coronal: EQD2, now",
    }


def test_recovery_is_offered_only_where_something_recovers():
    maps = ["cumulative_eqd2", "cumulative_no_recovery"]
    assert list(arrangements(COURSES, maps[:1])) == [FOUR]
    assert list(arrangements(COURSES, maps)) == [FOUR, "recovery"]


def test_four_views_show_every_direction_and_the_organs():
    found = arrangements(COURSES, [])[FOUR]
    assert found.views == tuple(found.heads()) == ("Axial", "Coronal", "Sagittal", "ThreeD")
