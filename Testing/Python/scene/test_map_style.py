"""Legends carry round numbers, and lines lie on them."""

import pytest

pytest.importorskip("slicer")

from ReirradiationPlannerLib.ColorTables import displayData
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


def test_maps_that_are_compared_share_the_range_of_their_colours():
    groups = [MapStyle.forKey(k).group for k in ("cumulative_eqd2", "cumulative_no_recovery")]
    assert groups[0] == groups[1]
    assert MapStyle.forKey("mapping_difference").group not in groups


def test_levels_relative_to_a_prescription_carry_per_cent_and_dose():
    levels = MapStyle.forKey("eqd2_planned").relativeLevels(30.0, maximum=29.0)
    assert levels == {
        6.0: "20 % (6 Gy)", 15.0: "50 % (15 Gy)", 24.0: "80 % (24 Gy)", 27.0: "90 % (27 Gy)",
        28.5: "95 % (28.5 Gy)",
    }  # fmt: skip


def test_every_map_of_the_data_names_a_table_of_the_data():
    maps, tables = displayData("maps.json"), displayData("colors.json")["tables"]
    shown = {**maps["maps"], **maps["prefixes"]}
    assert {style["table"] for style in shown.values()} <= set(tables)
    for key in shown:
        assert MapStyle.forKey(key).title


@pytest.mark.parametrize(
    "name", ["Dose", "Tolerance", "Overlap", "Remaining", "Recovered", "Uncertain"]
)
def test_stops_of_a_table_rise_from_0_to_1(name):
    stops = displayData("colors.json")["tables"][name]["stops"]
    places = [stop[0] for stop in stops]
    assert (places[0], places[-1]) == (0.0, 1.0)
    assert places == sorted(places)
    assert all(0.0 <= channel <= 1.0 for stop in stops for channel in stop)
