"""Legends carry round numbers, and lines lie on them."""

import pytest

pytest.importorskip("slicer")

from ReirradiationPlannerLib.MapStyle import MapStyle


@pytest.mark.parametrize(
    ("maximum", "upper", "levels"),
    [
        (116.9, 120.0, (20.0, 40.0, 60.0, 80.0, 100.0)),
        (120.0, 120.0, (20.0, 40.0, 60.0, 80.0, 100.0)),
        (31.0, 35.0, (5.0, 10.0, 15.0, 20.0, 25.0, 30.0)),
        (7.9, 8.0, (1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0)),
    ],
)
def test_dose_colours_end_at_the_next_round_number(maximum, upper, levels):
    style = MapStyle.forKey("cumulative_eqd2")
    assert style.range(maximum) == (0.0, upper)
    assert style.levels(maximum) == levels


def test_tolerance_is_always_shown_up_to_150_percent_with_a_line_at_the_limit():
    style = MapStyle.forKey("tolerance_percent")
    assert style.range(40.0) == style.range(900.0) == (0.0, 150.0)
    assert style.step(40.0) == 25.0
    assert style.levels(143.0) == (100.0,)
    assert style.levels(99.0) == ()


def test_a_map_of_nothing_still_has_a_range():
    lower, upper = MapStyle.forKey("eqd2_planned").range(0.0)
    assert upper > lower


@pytest.mark.parametrize(
    ("key", "title"),
    [
        ("eqd2_prior-1", "EQD2"),
        ("mapped_dose_prior-2", "Physical dose"),
        ("alpha_beta", None),
        ("recovery_prior-1", None),
    ],
)
def test_styles_are_found_by_the_name_of_the_map(key, title):
    style = MapStyle.forKey(key)
    assert (style.title if style else None) == title
