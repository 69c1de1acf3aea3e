"""Sections on prescription, targets and cord say what results.json says."""

import report_example
from ReirradiationCore.report import ReportData, render_report
from test_report import Page

ISOTOXIC = {
    "method": "scaled plan", "planned_prescription_gy": 30.0, "fractions": 5,
    "search_range_gy": [25.0, 50.0], "max_prescription_gy": 50.0, "capped": True,
    "stepwise_prescription_gy": 50.0,
    "limiting": [{"structure": None, "metric": "prescription cap"}],
    "notes": ["made-up remark"],
    "criteria": [
        {"number": 2, "text": "made-up criterion", "value": 1.0, "limit": 2.0, "unit": "Gy",
         "holds": False},
    ],
    "per_constraint": [
        {"structure": "Rectum", "metric": "D0.1cc", "max_prescription_gy": 1371.2,
         "status": "limited", "above_cap": True, "note": ""},
        {"structure": "Bladder", "metric": "D0.1cc", "max_prescription_gy": 43.21,
         "status": "limited", "above_cap": False, "note": ""},
        {"structure": "Colon", "metric": "D0.1cc", "max_prescription_gy": None,
         "status": "prior dose alone exceeds the limit", "above_cap": False,
         "over_limit_cc": 3.21, "over_limit_point_lps": [11.0, -22.0, 33.0],
         "note": "the prior dose alone exceeds the limit, 110.0 Gy in 3.21 cc"},
    ],
    "by_fractions": [
        {"fractions": 1, "max_prescription_gy": 13.5, "status": "limited", "above_cap": False,
         "limiting": [{"structure": "Bladder", "metric": "D0.1cc"}], "left_out": ["a", "b"]},
        {"fractions": 30, "max_prescription_gy": 88.8, "status": "limited", "above_cap": True,
         "limiting": [{"structure": "Bladder", "metric": "D0.1cc"}], "left_out": []},
    ],
}  # fmt: skip
TARGETS = {
    "isodose_eqd2_gy": 5.0,
    "coverage": [{"structure": "PTV_1", "volume_cc": 12.3, "d95_gy": 29.1, "d98_gy": 28.2,
                  "d2_gy": 33.3, "d50_gy": 31.4, "d05cc_gy": 32.5, "dmean_gy": 31.6}],
    "overlaps": [{"course": "prior-1", "prior_structure": "PTV_old", "structure": "PTV_1",
                  "prior_cc": 45.6, "planned_cc": 12.3, "overlap_cc": 7.8, "known_share": 1.0,
                  "share_of_planned": 0.634, "dice": 0.27}],
    "irradiated_overlap": [
        {"course": "prior-1", "volume_cc": 73.8, "unknown_cc": 0.0, "overlaps": True}
    ],
    "suggested_type": "reirradiation type 1", "reason": "made-up reason", "chosen_type": None,
}  # fmt: skip
CORD = [
    {"structure": "Sac", "standard_name": "ThecalSac", "criteria": "Sahgal 2012 / HyTEC 2021",
     "alpha_beta_gy": 2.0, "holds": False, "source": "made-up source", "note": "made-up note",
     "tests": [
         {"test": "cumulative EQD2", "value": 71.23, "limit": 70.0, "unit": "Gy", "holds": False},
         {"test": "interval", "value": 12.0, "limit": 5.0, "unit": "months", "holds": True},
     ]},
]  # fmt: skip


def page(**changes):
    return Page(render_report(ReportData({**report_example.results(), **changes})))


def cells(row):
    return [cell["text"].replace("\N{NO-BREAK SPACE}", " ") for cell in row]


def test_what_is_beyond_the_cap_is_no_number_to_aim_at():
    shown = page(isotoxic=ISOTOXIC)
    rectum = cells(shown.row("Largest prescription that keeps each limit", "Rectum"))
    bladder = cells(shown.row("Largest prescription that keeps each limit", "Bladder"))
    assert rectum[2] == "above 50.0 Gy (cap)"
    assert bladder[2] == "43.2 Gy"
    assert "1371" not in shown.text


def test_prior_dose_alone_is_shown_with_volume_and_place():
    remark = cells(page(isotoxic=ISOTOXIC).row("Largest prescription that keeps", "Colon"))[3]
    assert "110.0 Gy in 3.21 cc" in remark
    assert "L 11.0, P \N{MINUS SIGN}22.0, S 33.0 mm" in remark


def test_other_numbers_of_fractions_are_tabled():
    shown = page(isotoxic=ISOTOXIC)
    one, thirty = (cells(shown.row("The same dose shape", n)) for n in ("1", "30"))
    assert one == ["1", "13.5 Gy", "13.50 Gy", "Bladder D0.1cc", "2"]
    assert thirty[1] == "above 50.0 Gy (cap)"
    assert thirty[3] == "prescription cap"


def test_target_criteria_stand_beside_the_answer():
    row = cells(page(isotoxic=ISOTOXIC).row("Target criteria", "(2)"))
    assert row == ["(2)", "made-up criterion", "FAIL"]


def test_targets_have_coverage_overlap_and_type():
    shown = page(targets=TARGETS)
    assert cells(shown.row("Targets of the planned course", "PTV_1"))[1:4] == [
        "12.3 cc", "28.2 Gy", "29.1 Gy",
    ]  # fmt: skip
    overlap = cells(shown.row("Overlap of planned and prior targets", "PTV_1"))
    assert overlap[-2:] == ["7.8 cc", "63 %"]
    assert "reirradiation type 1" in shown.text
    assert "made-up reason" in shown.text
    assert "not yet" in shown.text


def test_cord_criteria_are_shown_test_by_test():
    rows = [cells(row) for row in page(cord_criteria=CORD).table("Cord criteria")[1:]]
    assert [row[5] for row in rows] == ["FAIL", "FAIL", "PASS"]
    assert rows[1][3:5] == ["71.23 Gy", "at most 70.0 Gy"]
    assert rows[2][4] == "at least 5.0 months"


def test_sections_without_content_are_left_out():
    shown = page(isotoxic=None, targets={}, cord_criteria=[])
    identifiers = {attributes.get("id") for tag, attributes in shown.tags if tag == "h2"}
    assert not identifiers & {"isotoxic", "targets", "type", "cord"}
