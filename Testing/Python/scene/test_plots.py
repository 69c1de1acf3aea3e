"""Histograms, tolerance bars and prescriptions as plot nodes, and drawn off screen."""

import numpy as np
import pytest

slicer = pytest.importorskip("slicer")

from ReirradiationCore.dvh import Dvh  # noqa: E402
from ReirradiationCore.pipeline_data import DvhCurve  # noqa: E402
from ReirradiationHeadless.charts import render_chart  # noqa: E402
from ReirradiationPlannerLib.DvhPlots import DvhPlots, bandOf  # noqa: E402
from ReirradiationPlannerLib.PlotNodes import seriesOf  # noqa: E402
from ReirradiationPlannerLib.PrescriptionPlot import PrescriptionPlot  # noqa: E402
from ReirradiationPlannerLib.TolerancePlot import TolerancePlot  # noqa: E402
from vtk.util.numpy_support import vtk_to_numpy  # noqa: E402

LIMIT = {
    "structure": "Cord", "metric": "D0.1cc", "quantity": "EQD2", "scope": "cumulative",
    "relation": "<=", "limit": 60.0, "unit": "Gy", "value": 66.0, "verdict": "FAIL",
}  # fmt: skip
ISOTOXIC = {
    "fractions": 5,
    "planned_prescription_gy": 30.0,
    "by_fractions": [
        {"fractions": 1, "max_prescription_gy": 14.0},
        {"fractions": 3, "max_prescription_gy": None},
        {"fractions": 5, "max_prescription_gy": 28.0},
    ],
}


def curve(distribution, last_gy, total_cc=20.0):
    """Volume that falls evenly from everything at 0 to nothing at the last dose."""
    dose = np.linspace(0.0, last_gy, 101)
    return DvhCurve(
        "Cord", distribution, "EQD2", 2.0, Dvh(dose, total_cc * (1 - dose / last_gy), total_cc)
    )


CURVES = [curve("prior-1", 40.0), curve("planned", 30.0), curve("cumulative", 70.0)]


def column(series, name):
    return vtk_to_numpy(series.GetTableNode().GetTable().GetColumnByName(name))


def xy(series):
    return column(series, series.GetXColumnName()), column(series, series.GetYColumnName())


def by_name(chart):
    return {series.GetName(): series for series in seriesOf(chart)}


def test_each_course_and_the_sum_have_a_curve_with_its_own_line(a_host):
    chart = DvhPlots(a_host.scene, {"prior-1": "first course"}).add(CURVES)
    found = by_name(chart)
    assert list(found) == ["first course", "planned", "cumulative"]
    assert len({series.GetLineStyle() for series in found.values()}) == 3
    assert len({series.GetColor() for series in found.values()}) == 3
    dose, percent = xy(found["planned"])
    assert np.interp([0.0, 15.0, 30.0, 60.0], dose, percent) == pytest.approx([100, 50, 0, 0])
    assert "a/b 2 Gy" in chart.GetTitle()


def test_volumes_are_per_cent_or_cc(a_host):
    chart = DvhPlots(a_host.scene).add(CURVES, [LIMIT])
    assert chart.GetYAxisTitle() == "Volume (%)"
    DvhPlots.setAbsolute(chart, True)
    assert chart.GetYAxisTitle() == "Volume (cc)"
    dose, volume = xy(by_name(chart)["cumulative"])
    assert np.interp(35.0, dose, volume) == pytest.approx(10.0)
    DvhPlots.setAbsolute(chart, False)
    assert np.interp(35.0, *xy(by_name(chart)["cumulative"])) == pytest.approx(50.0)


def test_a_limit_stands_at_its_dose_and_volume(a_host):
    chart = DvhPlots(a_host.scene).add(CURVES, [LIMIT])
    dose, percent = xy(by_name(chart)["limit"])
    # 0.1 cc of 20 cc
    assert (dose.tolist(), percent.tolist()) == ([60.0], pytest.approx([0.5]))
    DvhPlots.setAbsolute(chart, True)
    assert xy(by_name(chart)["limit"])[1] == pytest.approx([0.1])


def test_the_interval_runs_on_either_side_of_the_cumulative_curve(a_host):
    metrics = [
        {"metric": metric, "quantity": "EQD2", "course": course, "interval": interval}
        for metric, course, interval in (
            ("D50%", "cumulative", [33.0, 38.0]),
            ("D0.1cc", "cumulative", [64.0, 69.0]),
            ("D1cc", "cumulative", None),
            ("Dmean", "cumulative", [30.0, 40.0]),
            ("D2%", "prior-1", [1.0, 2.0]),
        )
    ]
    assert bandOf(metrics, 20.0).tolist() == [[0.1, 64.0, 69.0], [10.0, 33.0, 38.0]]
    chart = DvhPlots(a_host.scene).add(CURVES, (), metrics)
    bands = [s for s in seriesOf(chart) if s.GetName().startswith("interval")]
    assert [xy(s)[0].tolist() for s in bands] == [[64.0, 33.0], [69.0, 38.0]]
    assert xy(bands[0])[1] == pytest.approx([0.5, 50.0])


def test_a_second_call_updates_the_same_nodes(a_host):
    plots = DvhPlots(a_host.scene)
    chart = plots.add(CURVES, [LIMIT])
    DvhPlots.setAbsolute(chart, True)
    count = a_host.scene.GetNumberOfNodes()
    again = plots.add([curve("planned", 30.0), curve("cumulative", 50.0)], [LIMIT])
    assert again is chart is plots.chartOf("Cord")
    # the curve of the prior course has gone, the choice of cc stays
    assert a_host.scene.GetNumberOfNodes() == count - 1
    assert chart.GetYAxisTitle() == "Volume (cc)"
    assert np.interp(25.0, *xy(by_name(chart)["cumulative"])) == pytest.approx(10.0)


def test_bars_are_shares_of_limits_with_those_over_apart(a_host):
    rows = [
        LIMIT,
        {**LIMIT, "structure": "Rectum", "value": 30.0, "verdict": "PASS"},
        {**LIMIT, "structure": "Rectum", "value": 15.0, "verdict": "PASS"},
        {**LIMIT, "structure": "Bowel", "value": None, "verdict": "NOT EVALUABLE"},
        {**LIMIT, "structure": "Skin", "scope": "rert_only"},
    ]
    chart = TolerancePlot(a_host.scene).update(rows)
    found = by_name(chart)
    assert xy(found["over the limit"])[1] == pytest.approx([110.0, 0.0])
    assert xy(found["within the limit"])[1] == pytest.approx([0.0, 50.0])
    assert xy(found["limit"])[1].tolist() == [100.0, 100.0]
    # what could not be evaluated is said, never drawn as zero
    assert "1 not evaluable" in chart.GetTitle()
    assert TolerancePlot(a_host.scene).update(rows[:1]) is chart
    assert TolerancePlot(a_host.scene).update(rows[3:4]) is None


def test_prescriptions_stand_over_their_fractions_beside_the_plan(a_host):
    chart = PrescriptionPlot(a_host.scene).update(ISOTOXIC)
    largest, planned = seriesOf(chart)
    assert [c.tolist() for c in xy(largest)] == [[1.0, 5.0], [14.0, 28.0]]
    assert [c.tolist() for c in xy(planned)] == [[5.0], [30.0]]
    assert PrescriptionPlot(a_host.scene).update(None) is None


def nodes_of(scene):
    """Charts, series and tables of a scene by name."""
    classes = ("vtkMRMLPlotChartNode", "vtkMRMLPlotSeriesNode", "vtkMRMLTableNode")
    nodes = [scene.GetNthNode(place) for place in range(scene.GetNumberOfNodes())]
    return sorted(node.GetName() for node in nodes if node.GetClassName() in classes)


def test_a_plot_of_which_nothing_is_known_any_more_is_taken_away_with_its_old_numbers(a_host):
    scene = a_host.scene
    before = nodes_of(scene)
    PrescriptionPlot(scene).update(ISOTOXIC)
    TolerancePlot(scene).update([LIMIT])
    assert len(nodes_of(scene)) > len(before)
    PrescriptionPlot(scene).update(None)
    TolerancePlot(scene).update([{**LIMIT, "value": None, "verdict": "NOT EVALUABLE"}])
    assert nodes_of(scene) == before


def test_the_line_of_the_limit_is_a_line_over_a_single_bar_too(a_host):
    places, shares = xy(by_name(TolerancePlot(a_host.scene).update([LIMIT]))["limit"])
    assert places.tolist() == [0.5, 1.5]
    assert shares.tolist() == [100.0, 100.0]


@pytest.mark.usefixtures("a_screen")
def test_a_drawn_histogram_has_its_curves_where_they_belong(a_host):
    chart = DvhPlots(a_host.scene).add([curve("planned", 50.0)])
    pixels = render_chart(chart, (600, 400)).astype(int)
    assert pixels.shape == (400, 600, 3)
    brown = (pixels[..., 0] - pixels[..., 2]) > 60
    # leave out the legend in the upper right
    brown[:80, 400:] = False
    rows, columns = np.nonzero(brown)
    falling = np.polyfit(columns, rows, 1)
    assert falling[0] > 0.4
    assert np.abs(np.polyval(falling, columns) - rows).max() < 6


@pytest.mark.usefixtures("a_screen")
def test_a_bar_over_the_limit_is_drawn_orange_and_higher(a_host):
    rows = [LIMIT, {**LIMIT, "structure": "Rectum", "value": 30.0, "verdict": "PASS"}]
    pixels = render_chart(TolerancePlot(a_host.scene).update(rows), (600, 400)).astype(int)
    orange = np.abs(pixels - [255, 148, 0]).max(axis=-1) < 12
    blue = np.abs(pixels - [51, 117, 204]).max(axis=-1) < 12
    for color in (orange, blue):
        color[:80, 380:] = False
    heights = [np.ptp(np.nonzero(color)[0]) for color in (orange, blue)]
    assert heights[0] / heights[1] == pytest.approx(2.2, rel=0.05)


@pytest.mark.usefixtures("a_screen")
def test_the_legend_does_not_cover_a_rising_curve_or_the_bars(a_host):
    rising = render_chart(PrescriptionPlot(a_host.scene).update(ISOTOXIC), (600, 400)).astype(int)
    rows = [{**LIMIT, "structure": name} for name in "ABCDEFGH"]
    rows[0]["value"] = 6.0
    bars = render_chart(TolerancePlot(a_host.scene).update(rows), (600, 400)).astype(int)
    # the frame of the legend is the only long dark line inside the axes
    for pixels, is_above in ((rising, False), (bars, True)):
        dark = (pixels[20:330, 300:590].max(axis=-1) < 30).sum(axis=1)
        edges = np.flatnonzero((dark > 80) & (dark < 250)) + 20
        assert len(edges)
        assert (edges.max() < 150) == is_above
