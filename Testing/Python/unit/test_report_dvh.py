"""Dose-volume histograms of the report: places of curves and limits, and what they look like."""

import re
from xml.etree import ElementTree as ET

import pytest
import report_example
from ReirradiationCore.report import DvhCurve
from ReirradiationCore.report.dvh_svg import (
    FLOOR,
    LEFT,
    POINTS,
    RIGHT,
    TOP,
    WIDTH,
    dvh_charts,
    limit_marks,
)


def limit(metric, value, unit="Gy", **more):
    row = {"structure": "Rectum", "metric": metric, "quantity": "EQD2", "scope": "cumulative"}
    return {**row, "limit": value, "unit": unit, **more}


@pytest.mark.parametrize(
    ("row", "place"),
    [
        (limit("D0.1cc", 110.0), (110.0, 0.2)),
        (limit("D5%", 80.0), (80.0, 5.0)),
        (limit("Dmax", 120.0), (120.0, 0.0)),
        (limit("V20Gy", 30.0, "%"), (20.0, 30.0)),
        (limit("V20Gy", 10.0, "cc"), (20.0, 20.0)),
    ],
)
def test_limit_stands_where_its_metric_is_read(row, place):
    (mark,) = limit_marks("Rectum", "EQD2", 50.0, [row])
    assert mark[:2] == pytest.approx(place)


@pytest.mark.parametrize(
    "row",
    [
        limit("Dmean", 40.0),
        limit("D0.1cc", "70 to 75"),
        limit("interval", 6.0, "months"),
        limit("D0.1cc", 38.0, quantity="PHYSICAL"),
        limit("D0.1cc", 38.0, scope="rert_only"),
        limit("D0.1cc", 38.0, structure="Bladder"),
    ],
)
def test_limit_that_is_no_point_of_this_chart_is_left_out(row):
    assert limit_marks("Rectum", "EQD2", 50.0, [row]) == []


def test_limit_in_the_eqd2_of_another_alpha_beta_than_the_curve_is_left_out():
    row = limit("D0.1cc", 110.0, alpha_beta_gy=3.0)
    assert limit_marks("Rectum", "EQD2", 50.0, [row], 10.0) == []
    assert len(limit_marks("Rectum", "EQD2", 50.0, [row], 3.0)) == 1
    assert (
        len(limit_marks("Rectum", "EQD2", 50.0, [limit("Dmax", 1.0, alpha_beta_gy=None)], 3.0)) == 1
    )


def test_volume_limit_of_a_structure_without_volume_is_left_out():
    assert limit_marks("Rectum", "EQD2", None, [limit("D0.1cc", 110.0)]) == []


def chart(curves, constraints=()):
    structure = {"name": "Rectum", "volume_cc": 50.0, "alpha_beta_gy": 3.0}
    results = {"structures": [structure], "constraints": list(constraints)}
    return ET.fromstring(dvh_charts(curves, results))


def places(drawing):
    line = next(drawing.iter("polyline"))
    return [tuple(map(float, pair.split(","))) for pair in line.get("points").split()]


def test_curve_starts_at_full_volume_and_ends_at_its_last_dose():
    drawn = places(chart([DvhCurve("Rectum", "planned", [0, 10, 20], [100, 50, 0])]))
    right = LEFT + (WIDTH - LEFT - RIGHT) * 20 / 25
    middle = (TOP + FLOOR) / 2
    expected = [(LEFT, TOP), ((LEFT + right) / 2, middle), (right, FLOOR)]
    assert drawn == [pytest.approx(place, abs=0.06) for place in expected]


def test_thinned_curve_keeps_both_ends():
    doses = [i * 0.01 for i in range(5000)]
    volumes = [100 * (1 - d / 49.99) for d in doses]
    drawn = places(chart([DvhCurve("Rectum", "planned", doses, volumes)]))
    assert len(drawn) <= POINTS + 1
    assert drawn[0] == (LEFT, TOP)
    assert drawn[-1][1] == pytest.approx(FLOOR)


def test_courses_differ_in_dashes_not_only_in_colour():
    names = ["prior-1", "prior-2", "prior-3", "prior-4", "planned"]
    names += ["cumulative", "cumulative_no_recovery"]
    drawing = chart([DvhCurve("Rectum", name, [0, 10], [100, 0]) for name in names])
    dashes = [line.get("stroke-dasharray") for line in drawing.iter("polyline")]
    assert len(set(dashes)) == len(names)
    height = float(next(drawing.iter("svg")).get("viewBox").split()[3])
    assert max(float(text.get("y")) for text in drawing.iter("text")) < height


def test_legend_names_the_curves_that_are_drawn_and_the_limit():
    drawing = chart([DvhCurve("Rectum", "prior-1", [0, 10], [100, 0])], [limit("D0.1cc", 110.0)])
    words = [text.text for text in drawing.iter("text")]
    assert {"prior-1", "limit", "D0.1cc 110 Gy", "EQD2 (Gy)", "Volume (%)"} <= set(words)
    assert "planned" not in words


def test_limit_beyond_all_curves_is_inside_the_chart():
    drawing = chart([DvhCurve("Rectum", "prior-1", [0, 10], [100, 0])], [limit("D0.1cc", 110.0)])
    tip = next(p.get("d") for p in drawing.iter("path"))
    assert float(re.match(r"M([\d.]+)", tip).group(1)) < WIDTH - RIGHT


def test_structures_with_limits_come_first():
    curves = [DvhCurve(name, "planned", [0, 10], [100, 0]) for name in ("Skin", "Rectum")]
    titles = [
        caption.text for caption in chart(curves, [limit("D0.1cc", 110.0)]).iter("figcaption")
    ]
    assert titles[0].startswith("Rectum")


def test_a_structure_without_dose_still_gets_axes():
    drawing = chart([DvhCurve("Rectum", "planned", [0.0], [0.0])])
    assert len(list(drawing.iter("line"))) > 8


def test_no_curves_give_no_charts():
    assert dvh_charts([], report_example.results()) == ""
