"""Values at a point: unknown is said, and whose alpha/beta."""

from ReirradiationHeadless.review.limit_table import ALPHA_BETA
from ReirradiationHeadless.review.readout import Readout

POINT = (0.0, 0.0, 0.0)
KNOWN = {
    "mapped_dose_prior-1": 50.0,
    "eqd2_prior-1": 48.0,
    "mapped_dose_planned": 20.0,
    "eqd2_planned": 30.0,
    "cumulative_eqd2": 78.0,
    "tolerance_percent": 70.9,
    "remaining_dose": 12.0,
}
COURSES = (("prior-1", "first course"), ("planned", "second course"))


def readings(values=KNOWN, owner=("Rectum", 3.0), stale=(), alpha_beta=3.0):
    values = {**values, "alpha_beta": alpha_beta}
    read = Readout(COURSES, lambda key, _point: values.get(key), tuple(KNOWN), lambda _point: owner)
    return {r.label: r for r in read.at(POINT, lambda key: key in stale)}


def test_each_course_has_physical_dose_and_eqd2_with_the_organ_of_its_alpha_beta():
    found = readings()["first course"]
    assert (found.physical, found.value) == ("50.0 Gy", "48.0 Gy")
    assert found.detail == f"{ALPHA_BETA} 3 Gy of Rectum"


def test_dose_that_is_not_known_is_unknown_and_never_zero():
    found = readings({**KNOWN, "mapped_dose_prior-1": None, "eqd2_prior-1": None})["first course"]
    assert (found.physical, found.value, found.detail) == ("unknown", "unknown", "")


def test_sum_and_tolerance_are_unknown_where_a_course_is():
    values = {**KNOWN, "cumulative_eqd2": None, "tolerance_percent": None}
    found = readings(values)
    assert found["All courses, cumulative"].value == "unknown"
    assert found["Tolerance used"].value == "unknown"


def test_known_dose_without_an_organ_with_a_limit_is_no_limit_instead_of_unknown():
    found = readings({**KNOWN, "tolerance_percent": None}, owner=None)
    assert found["Tolerance used"].value == "no limit"
    assert found["first course"].detail == f"{ALPHA_BETA} 3 Gy, no organ here"


def test_tolerance_is_in_per_cent():
    assert readings()["Tolerance used"].value == "70.9 %"


def test_value_of_a_stale_map_is_marked_and_its_neighbour_is_not():
    found = readings(stale={"eqd2_planned", "cumulative_eqd2"})
    assert found["second course"].stale == (False, True)
    assert found["All courses, cumulative"].stale == (False, True)
    assert found["first course"].stale == (False, False)


def test_map_that_is_not_there_is_left_out():
    keys = [key for key in KNOWN if key not in ("tolerance_percent", "remaining_dose")]
    read = Readout(COURSES, lambda *_: None, keys, lambda _point: None)
    labels = [r.label for r in read.at(POINT, lambda _key: False)]
    assert labels == ["first course", "second course", "All courses, cumulative"]


def test_organ_that_is_not_looked_up_is_not_said_to_be_missing():
    found = readings(owner=("", 3.0))["first course"]
    assert found.detail == f"{ALPHA_BETA} 3 Gy"


def test_sum_that_lacks_a_course_without_dose_distribution_is_not_said_to_be_of_all():
    courses = (("letter-1", "a letter"), *COURSES)
    read = Readout(courses, lambda key, _point: KNOWN.get(key), tuple(KNOWN), lambda _point: None)
    found = {r.label: r for r in read.at(POINT, lambda _key: False)}
    assert "All courses, cumulative" not in found
    assert found["Cumulative without letter-1"].value == "78.0 Gy"
    assert (found["a letter"].physical, found["a letter"].value) == ("unknown", "unknown")
