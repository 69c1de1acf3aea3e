"""The report of the demo says what results.json says, quickly and in a file that can be mailed."""

import json
import re
import time

import pytest
from ReirradiationCore.report import ReportData, render_report

LARGEST_MB, SLOWEST_S = 6.0, 3.0


@pytest.fixture(scope="module")
def report(demo_folder):
    return (demo_folder / "result" / "report.html").read_text(encoding="utf-8")


def numbers_in(content):
    """Every number of JSON content."""
    if isinstance(content, bool):
        return
    if isinstance(content, int | float):
        yield float(content)
    elif isinstance(content, dict | list):
        for one in content.values() if isinstance(content, dict) else content:
            yield from numbers_in(one)


def doses_per_fraction(results):
    phases = [phase for course in results["courses"] for phase in course["phases"]]
    yield from (p["prescribed_dose_gy"] / p["fractions_planned"] for p in phases)
    for row in results["isotoxic"].get("by_fractions", ()):
        if row["max_prescription_gy"] is not None:
            yield row["max_prescription_gy"] / row["fractions"]


def test_every_figure_of_the_report_stands_in_the_results(report, demo_results):
    known = {*numbers_in(demo_results), *doses_per_fraction(demo_results)}
    body = report.split('<h2 id="timings">')  # times are taken again while the report is written
    rest = body[0] + body[1].split("</section>", 1)[1]
    shown = [float(value) for value in re.findall(r'<data value="([^"]+)"', rest)]
    assert len(shown) > 500
    assert [value for value in shown if value not in known] == []


def test_lines_to_check_by_hand_arrive_at_the_hot_spot(demo_results):
    spots = {spot["structure"]: spot["cumulative_eqd2_gy"] for spot in demo_results["hot_spots"]}
    checked = {check["structure"]: check for check in demo_results["hand_checks"]}
    assert set(spots) <= set(checked)
    for name, value in spots.items():
        assert checked[name]["result_gy"] == pytest.approx(value, abs=0.01), name
        total = sum(by_hand(line) for line in checked[name]["lines"])
        assert total == pytest.approx(checked[name]["result_gy"], abs=0.01), name


def by_hand(line):
    """EQD2 after recovery from the numbers written in a line: D, n, alpha/beta and recovery."""
    number = r"([\d.]+)"
    dose, n, alpha_beta = map(
        float, re.search(rf"\({number}/{number} \+ {number}\)", line).groups()
    )
    recovery = re.search(rf"x \(1 - {number}\)", line)
    kept = 1 - float(recovery[1]) if recovery else 1.0
    return kept * dose * (dose / n + alpha_beta) / (2 + alpha_beta)


def test_report_is_small_enough_to_mail(demo_folder):
    assert (demo_folder / "result" / "report.html").stat().st_size < LARGEST_MB * 1e6


def test_report_is_rendered_in_a_moment(demo_results):
    start = time.perf_counter()
    render_report(ReportData(demo_results))
    assert time.perf_counter() - start < SLOWEST_S


def test_report_is_a_draft_with_its_checklist(report):
    assert '<body class="not-approved">' in report
    assert len(re.findall(r'<th scope="row">\d+</th>', report.split('id="checklist"')[1])) >= 19


def test_results_name_every_file_with_its_hash(demo_results):
    kinds = sorted(file["modality"] for file in demo_results["files"])
    assert kinds == sorted(["CT", "RTDOSE", "RTPLAN", "RTSTRUCT"] * 2)
    assert json.dumps(demo_results["patient_check"]["compared"]).count(",") == 3
