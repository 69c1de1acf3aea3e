"""The report is read from the verdict to the signatures, and says what it does not know."""

import re
from pathlib import Path

import pytest
import report_example
from ReirradiationCore.case import Case, RecoveryChoice
from ReirradiationCore.report import HandCheck, ReportData, Source, render_report
from ReirradiationCore.report.checklist import ITEMS
from ReirradiationCore.report_data import chosen
from test_report import Page, page_of

READING = [
    "verdict", "isotoxic", "single-limits", "pictures", "dvh", "registration", "mapping", "sources",
    "assumptions", "choices", "warnings", "not-evaluable", "checklist", "provenance", "hand-checks",
    "signatures",
]  # fmt: skip
CHECK = {
    "match": True, "compared": ["Patient ID", "name"], "missing": ["sex"], "differing": [],
    "files": 156, "courses": 2, "override": None,
}  # fmt: skip


def complete():
    data = report_example.report_data()
    return ReportData(
        {**data.results, "patient_check": CHECK}, data.patient, data.dvh, data.pictures,
        data.hand_checks, data.sources, data.files, choices=[("recovery", "strider_33")],
    )  # fmt: skip


@pytest.fixture
def page():
    return Page(render_report(complete()))


def headings(page):
    return [attributes["id"] for tag, attributes in page.tags if tag == "h2"]


def test_sections_stand_in_the_order_of_reading(page):
    found = headings(page)
    assert [name for name in found if name in READING] == READING


def test_first_page_holds_patient_courses_answer_and_table(page):
    first = page.text.split("Possible prescription")[0]
    for part in (
        "PHANTOM-01", "1950-01-01", "Patient ID, name agree in 156 files of 2 courses; not in "
        "every course: sex", "PROST74", "1 of 7 limits is exceeded", "Most limiting", "29.3",
        "Limits of STRIDeR2025",
    ):  # fmt: skip
        assert part in first, part


@pytest.mark.parametrize(
    ("check", "said"),
    [
        (
            {"differing": ["name"], "override": "maiden name"},
            "accepted as one patient: maiden name",
        ),
        ({"differing": ["name"], "override": "x"}, "IDENTITIES DIFFER"),
        ({"compared": [], "missing": ["Patient ID"]}, "could NOT be checked: Patient ID missing"),
    ],
)
def test_patient_check_does_not_hide_what_differs_or_is_missing(check, said):
    results = {**report_example.results(), "patient_check": {**CHECK, **check}}
    assert said in page_of(results).text


def test_unconfirmed_matches_make_a_draft_of_an_approved_report():
    results = report_example.results()
    results["registrations"][0]["approved_by"] = "A physicist"
    assert 'class="not-approved"' not in render_report(ReportData(results))
    results["unconfirmed_matches"] = [{"structure": "bowl", "proposed": "Bowel", "note": ""}]
    page = render_report(ReportData(results))
    assert "MATCHES NOT CONFIRMED: bowl. Draft" in page
    assert '<body class="not-approved">' in page


def test_approval_is_shown_with_name_date_and_comment():
    results = report_example.results()
    results["approvals"] = {
        "prior-1": {"name": "A physicist", "date": "2026-01-31", "comment": "good in the pelvis"}
    }
    assert (
        "prior-1: approved by A physicist, 2026-01-31, good in the pelvis" in page_of(results).text
    )


def test_all_nineteen_items_of_the_checklist_are_listed(page):
    rows = page.table("Checklist")[1:]
    assert [row[0]["text"] for row in rows] == [str(n) for n in range(1, 20)]
    assert len(ITEMS) == 19
    assert rows[1][3]["text"] == "not available"
    assert all(row[3]["text"] for row in rows)


def test_checklist_points_only_to_sections_that_are_there(page):
    identifiers = {attributes["id"] for _, attributes in page.tags if "id" in attributes}
    links = {a["href"][1:] for tag, a in page.tags if tag == "a"}
    assert links
    assert links <= identifiers


def test_checklist_says_not_available_where_a_section_is_missing():
    results = report_example.results()
    del results["isotoxic"]
    row = page_of(results).row("Checklist", "15")
    assert row[3]["text"] == "not available"


def test_choices_and_assumptions_are_in_words(page):
    assert page.row("Chosen or typed", "recovery")[1]["text"] == "strider_33"
    assert "36 of 37 fractions of PROST74 were delivered" in page.text
    assert "Bladder 33% of prior-1" in page.text


def test_only_choices_that_are_no_default_are_listed():
    case = Case(paths=(Path("a"),), recovery=RecoveryChoice("umich"))
    assert chosen(case) == (("paths", "a"), ("recovery", "umich"))
    assert chosen(Case()) == ()


def test_lines_to_sign_ask_for_a_second_checker_and_follow_up(page):
    last = page.text[page.text.index("Signatures and follow-up", 9000) :]
    assert "Second checker (independent), date" in last
    assert "Late toxicity (grade, date)" in last


def test_prescription_beyond_the_cap_is_no_number():
    results = report_example.results()
    results["isotoxic"]["search_range_gy"] = [25.0, 50.0]
    results["isotoxic"]["per_constraint"][0]["max_prescription_gy"] = 1371.2
    page = page_of(results)
    assert "1371" not in render_report(ReportData(results))
    assert page.row("Largest prescription that", "Bowel_Small")[2]["text"].startswith("above 50.0")


def test_sections_of_another_run_do_not_leak_into_an_empty_one():
    results = report_example.results()
    for key in ("isotoxic", "hot_spots"):
        del results[key]
    assert "isotoxic" not in headings(page_of(results))


def test_file_hashes_and_sources_are_shown():
    data = complete()
    line = re.search(r"SHA-256", render_report(data))
    assert line
    more = ReportData(
        data.results, sources=[Source("alpha/beta of Bladder", "3 Gy", "Someone 2020", "primary")]
    )
    row = Page(render_report(more)).row("Sources of sets", "alpha/beta of Bladder")
    assert [cell["text"] for cell in row[1:]] == ["3 Gy", "Someone 2020", "primary"]


def test_hand_check_shows_its_result_unrounded_behind_two_decimals():
    check = HandCheck("Rectum", (1.0, 2.0, 3.0), ["one", "two"], 12.3456)
    page = render_report(ReportData(report_example.results(), hand_checks=[check]))
    assert '<data value="12.3456">12.35' in page


@pytest.mark.parametrize(
    ("course", "kinds", "said"),
    [
        ({}, ("RTPLAN", "RTDOSE", "RTSTRUCT", "CT"), "full DICOM-RT"),
        ({}, ("RTPLAN", "RTDOSE"), "without RTSTRUCT, CT"),
        ({"typed": True}, (), "summary only, TYPED"),
    ],
)
def test_how_much_is_known_of_a_course_stands_beside_it(course, kinds, said):
    results = report_example.results()
    results["courses"][0].update(course)
    results["files"] = [{"course": "prior-1", "modality": kind} for kind in kinds]
    assert page_of(results).row("Courses", "prior-1")[8]["text"] == said


def test_first_page_says_how_well_the_registration_fits_and_that_there_are_warnings(page):
    first = page.text.split("Possible prescription")[0]
    assert "Registration of prior-1: deformable; organs: 1 fail, 1 pass; not approved." in first
    assert "Warnings: 1 ; read them before use." in first
