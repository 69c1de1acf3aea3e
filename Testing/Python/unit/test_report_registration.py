"""The registration section says which level failed, what is not validated, and by which levels."""

import copy

import pytest
import report_example
from ReirradiationCore.registration_levels import QualityLevels
from ReirradiationCore.report import render_report
from ReirradiationCore.report.registration import registrations
from ReirradiationCore.report.verdicts import isotoxic_line
from test_report import Page

ENTRY = {
    "structure": "Rectum", "dsc": 0.742, "mda_mm": 3.61, "hd95_mm": 9.93, "volume_ratio": 0.588,
    "folding_fraction": 0.0, "jacobian_min": 0.287, "jacobian_max": 1.276,
    "jacobian_relative_min": 0.488, "jacobian_relative_max": 2.17, "inverse_consistency_mm": 1.27,
    "tre_mean_mm": None, "relevance_eqd2_gy": 4.87, "guided": False, "verdict": "fail",
    "failed": ["mda_mm"], "why": "MDA 3.61 mm (at most 3 mm)",
    "rigid": {"mda_mm": 6.43, "verdict": "fail"},
}  # fmt: skip
ALONE = {
    "structure": "GTV_Node", "folding_fraction": 0.0, "jacobian_min": 0.91, "jacobian_max": 1.03,
    "inverse_consistency_mm": 0.63, "tre_mean_mm": 1.88, "guided": False,
    "verdict": "not validated", "failed": [], "why": "",
}  # fmt: skip
MARK = {
    "name": "promontory", "reference_lps": [1.5, 2.5, 3.5], "prior_lps": [4.5, 5.5, 6.5],
    "error_mm": 2.31, "guided": False,
}  # fmt: skip


def page(entries=(ENTRY,), **more):
    results = copy.deepcopy(report_example.report_data().results)
    quality = results["registrations"][0]["quality"]
    quality["structures"] = list(entries)
    quality |= more
    return Page(f"<html><body>{registrations(results)}</body></html>")


def test_every_number_of_an_organ_stands_in_its_row():
    row = page().row("Agreement", "Rectum")
    shown = [cell["text"] for cell in row[1:]]
    for text, expected in zip(
        shown,
        ("0.74", "3.6 mm", "9.9 mm", "0.59", "0.29 to 1.28", "1.3 mm", "4.9 Gy", "6.4 mm", "FAIL"),
        strict=True,
    ):
        assert text.replace("\N{NO-BREAK SPACE}", " ").startswith(expected)
    assert "relative 0.49 to 2.17" in shown[4]


def test_the_number_that_failed_is_bold_and_no_other():
    found = page()
    assert [tag for tag, _ in found.tags].count("b") == 1
    kept = page([{**ENTRY, "failed": []}])
    assert "b" not in [tag for tag, _ in kept.tags]


def test_a_comparison_of_a_part_only_is_said():
    entry = {**ENTRY, "common_share": 0.874}
    said = "compared in the 87 % that both CTs show"
    assert said in page([entry]).row("Agreement", "Rectum")[9]["text"]
    assert "both CTs" not in page().row("Agreement", "Rectum")[9]["text"]


def test_the_level_that_failed_is_said_beside_the_verdict():
    assert "MDA 3.61 mm (at most 3 mm)" in page().row("Agreement", "Rectum")[9]["text"]


@pytest.mark.parametrize(
    ("word", "shown"),
    [("warn", "MARGINAL"), ("unknown", "NOT EVALUABLE"), ("not validated", "NOT VALIDATED")],
)
def test_no_verdict_but_pass_looks_like_one(word, shown):
    entry = {**ENTRY, "verdict": word, "failed": [], "why": ""}
    assert page([entry]).row("Agreement", "Rectum")[9]["text"] == shown


def test_structures_without_a_contour_before_are_listed_as_not_validated():
    row = page(not_paired=[ALONE]).row("Structures that", "GTV_Node")
    assert row[5]["text"] == "NOT VALIDATED"
    assert row[4]["text"].startswith("1.9")


def test_organs_that_steered_the_registration_are_named():
    found = page([{**ENTRY, "guided": True, "verdict": "not validated"}], guided_by=["Rectum"])
    assert "Steered by Rectum: these cannot validate it." in found.text
    assert "its contours steered" in found.row("Agreement", "Rectum")[9]["text"]


def test_landmarks_are_listed_with_their_error():
    found = page(landmarks=[MARK, {**MARK, "name": "start", "guided": True}])
    assert found.row("Landmarks", "promontory")[4]["text"].startswith("2.3")
    assert "does not validate" in found.row("Landmarks", "start")[5]["text"]


def test_typed_levels_are_said_with_all_levels_and_their_sources():
    levels = QualityLevels().with_json({"hd95_mm": [7, 12]})
    found = page(levels=levels.record(), typed_levels=list(levels.typed))
    assert "Levels typed in the case file: HD95 at most, mm." in found.text
    row = [cell["text"] for cell in found.row("Levels", "HD95 at most, mm")]
    assert row[1:] == ["7", "12", "typed in the case file"]
    assert found.row("Levels", "DSC at least")[3]["text"] == "TG-132"


def test_why_inverse_consistency_is_missing_is_said():
    note = "not measured: switched off in the case file"
    assert note in page(inverse_consistency_mm=None, inverse_consistency_note=note).text


def test_numbers_around_the_target_and_of_bone_are_shown():
    near = {"folding_fraction": 0.0, "jacobian_min": 0.83, "jacobian_max": 1.17,
            "correlation": 0.987}  # fmt: skip
    strain = {"mean": 0.01, "p95": 0.034, "max": 0.2, "volume_cc": 300.0}
    found = page(near_target=near, bone_strain=strain).text
    for part in ("0.83 to 1.17", "0.99", "0.034"):
        assert part in found


def test_a_map_that_is_not_known_around_the_target_is_said_to_be_so():
    near = {"folding_fraction": 0.0, "jacobian_min": 0.83, "jacobian_max": 1.17,
            "correlation": 0.987, "unknown_fraction": 0.0}  # fmt: skip
    assert "Map unknown there" not in page(near_target=near).text
    found = page(near_target={**near, "unknown_fraction": 0.125}).text
    assert "Map unknown there in" in found
    assert "12.5" in found


def test_the_answer_names_what_it_does_not_count_on():
    results = copy.deepcopy(report_example.report_data().results)
    assert "NOT count" not in isotoxic_line(results)
    results["isotoxic"]["not_counted"] = [{"structure": "Rectum", "reason": "failed"}]
    assert "does NOT count on Rectum" in isotoxic_line(results)


def test_pictures_carry_the_mark_of_a_draft_until_the_registration_is_approved():
    data = report_example.report_data()
    marked = "DRAFT, REGISTRATION NOT APPROVED. "
    assert render_report(data).count(marked) == len(data.pictures) > 0
    data.results["registrations"][0]["approved_by"] = "A. Physicist"
    assert marked not in render_report(data)
