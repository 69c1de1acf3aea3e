"""The section of the report on uncertainty: every number as in the results."""

import re

import report_example
from ReirradiationCore.report.uncertainty import uncertainty

ROWS = [
    ("mapping", "RIGID", [61.25, 12.5]),
    ("mapping", "POINT_SUM", [70.75, None]),
    ("shifts", "4 mm towards the left", [66.125, 13.0]),
    ("sensitivity", "alpha/beta 2 Gy, recovery none", [55.5, 11.0]),
]


def column(metric, nominal):
    return {
        "metric": metric, "quantity": "EQD2", "alpha_beta_gy": 3.0, "unit": "Gy",
        "nominal": nominal, "minimum": 0.0, "maximum": 0.0, "interval": None,
    }  # fmt: skip


def results(in_verdicts=()):
    table = {
        "structure": "Rectum<b>",
        "columns": [column("D0.1cc", 65.5), column("Dmean", 12.25)],
        "rows": [{"group": g, "scenario": s, "values": v} for g, s, v in ROWS],
        "bounds": None,
    }
    return {"uncertainty": {"in_verdicts": list(in_verdicts), "structures": [table]}}


def test_every_value_stands_in_the_table_of_its_organ():
    details = uncertainty(results()).partition("<details>")[2]
    shown = [float(value) for value in re.findall(r'<data value="([^"]+)"', details)]
    expected = [65.5, 12.25] + [v for _, _, row in ROWS for v in row if v is not None]
    assert shown == expected


def test_summary_gives_the_range_of_each_kind():
    summary = uncertainty(results()).partition("<details>")[0]
    shown = [float(value) for value in re.findall(r'<data value="([^"]+)"', summary)]
    first = [65.5, 61.25, 70.75, 66.125, 66.125, 55.5, 55.5]
    assert shown == [*first, 12.25, 12.5, 12.5, 13.0, 13.0, 11.0, 11.0]


def test_a_value_that_is_not_known_is_said_to_be_missing_from_its_range():
    given = results()
    given["uncertainty"]["structures"][0]["rows"][1].update(values=[None, None], note="not known")
    assert uncertainty(given).partition("<details>")[0].count("not all known") == 2


def test_it_is_said_whether_the_verdicts_depend_on_it():
    assert "None of it enters the verdicts" in uncertainty(results())
    assert "over all of them: shifts." in uncertainty(results(["shifts"]))


def test_names_are_shown_as_text():
    assert "Rectum<b>" not in uncertainty(results())


def test_without_tables_there_is_nothing_to_show():
    assert uncertainty(report_example.report_data().results) == ""


def test_the_disagreement_of_the_maps_is_shown_in_millimetres_and_gray():
    spread = {"mean_mm": 3.25, "p95_mm": 5.5, "max_mm": 8.125}
    maps = [
        {"name": "deformable", "mean_mm": 0.0, "p95_mm": 0.0, "max_mm": 0.0, "eqd2_gy": None},
        {"name": "demons", "mean_mm": 2.75, "p95_mm": 4.5, "max_mm": 6.5, "eqd2_gy": None},
    ]
    entry = {"structure": "Rectum", "course": "prior-1", "maps": maps, "spread_mm": spread}
    doses = {**entry, "spread_eqd2_gy": {"D0.1cc": 1.875, "Dmean": None}}
    given = {"uncertainty": {"structures": [], "disagreement": [doses]}}
    shown = [float(value) for value in re.findall(r'<data value="([^"]+)"', uncertainty(given))]
    assert shown == [2.75, 3.25, 5.5, 8.125, 1.875]
    failed = {**entry, "spread_eqd2_gy": None}
    given["uncertainty"]["disagreement"] = [failed]
    assert uncertainty(given).count("<data") == 4
