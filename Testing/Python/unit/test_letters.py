"""Courses known only from a letter: read, refused, and counted as POINT_SUM with closed forms."""

import json
from datetime import date

import numpy as np
import pytest
from dicom_factory import make_case, save_case
from ReirradiationCore.case import Case
from ReirradiationCore.case_file import case_to_json, read_case
from ReirradiationCore.case_record import case_record
from ReirradiationCore.errors import RefusedError
from ReirradiationCore.letters import Letter, PointDose, letters_of
from ReirradiationCore.metrics import Metric
from ReirradiationCore.pipeline import evaluate_reirradiation
from ReirradiationCore.results import results_json

LETTER = {
    "site": "Pelvis",
    "dose_gy": 45.0,
    "fractions": 25,
    "date": "2014-01-01",
    "point_doses": {"Bladder": {"metric": "D0.1cc", "dose_gy": 40.0}},
}
EQD2_AB3 = 40.0 * (40.0 / 25 + 3) / 5  # 36.8 Gy


def evaluated(folder, letter=LETTER, **choices):
    """Evaluate one planned course and one letter; its structures are BODY and Bladder."""
    save_case(make_case(day="20240101", fractions=20), folder / "dicom")
    content = {"courses": [{"id": "old", "role": "prior", "letter": letter}], **choices}
    content["paths"] = [str(folder / "dicom")]
    path = folder / "choices.json"
    path.write_text(json.dumps(content))
    return evaluate_reirradiation(read_case(path))


def metric(results, structure, course, name, quantity="EQD2"):
    (row,) = (
        m
        for s in results["structures"]
        if s["name"] == structure
        for m in s["metrics"]
        if (m["course"], m["metric"], m["quantity"]) == (course, name, quantity)
    )
    return row


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return results_json(evaluated(tmp_path_factory.mktemp("letter")))


def test_a_typed_near_maximum_is_added_with_the_fractions_of_its_course(results):
    planned = metric(results, "Bladder", "planned", "D0.1cc")["value"]
    total = metric(results, "Bladder", "cumulative", "D0.1cc")["value"]
    assert total - planned == pytest.approx(EQD2_AB3, abs=1e-6)


def test_the_course_alone_shows_what_was_typed_and_its_eqd2(results):
    assert metric(results, "Bladder", "old", "D0.1cc", "PHYSICAL")["value"] == 40.0
    row = metric(results, "Bladder", "old", "D0.1cc")
    assert row["value"] == pytest.approx(EQD2_AB3)
    assert "typed from a letter" in row["note"]


def test_a_typed_dose_bounds_larger_volumes_and_leaves_smaller_ones_unknown(results):
    larger = metric(results, "Bladder", "old", "D1cc")
    assert larger["value"] == pytest.approx(EQD2_AB3)
    assert "upper bound" in larger["note"]
    for name in ("Dmax", "D0.03cc"):
        for course in ("old", "cumulative"):
            row = metric(results, "Bladder", course, name)
            assert row["value"] is None
            assert "may be higher" in row["note"]


def test_means_and_volumes_are_not_made_from_a_letter(results):
    for name in ("Dmean", "D50%"):
        assert metric(results, "Bladder", "cumulative", name)["value"] is None


def test_an_organ_without_a_point_dose_is_unknown_and_never_zero(results):
    row = metric(results, "BODY", "cumulative", "D0.1cc")
    assert row["value"] is None
    assert "known only from a letter without a point dose for BODY" in row["note"]


def test_everything_typed_is_marked_as_typed(results):
    (course,) = (c for c in results["courses"] if c["id"] == "old")
    assert course["typed"] is True
    assert course["letter"] == LETTER
    assert course["phases"][0]["fractions_delivered"] == 25
    assert course["interval_months"] == pytest.approx(3652 / 30.4375)
    assert any("all values are TYPED" in text for text in results["warnings"])
    assert any("maps" in text and "cannot hold" in text for text in results["warnings"])
    assert not any("No prior course was given" in text for text in results["warnings"])


def test_recovery_reduces_a_typed_dose(tmp_path):
    organs = {"Bladder": {"recovery": {"old": {"value": 0.25, "justification": "test"}}}}
    results = results_json(evaluated(tmp_path, organs=organs))
    planned = metric(results, "Bladder", "planned", "D0.1cc")["value"]
    total = metric(results, "Bladder", "cumulative", "D0.1cc")["value"]
    assert total - planned == pytest.approx(0.75 * EQD2_AB3, abs=1e-6)


def test_limits_count_the_letter_and_are_not_evaluable_without_a_point_dose(tmp_path):
    points = {"point_doses": {}}
    rows = evaluated(tmp_path, {**LETTER, **points}, protocols=["STRIDeR2025"]).constraints
    (row,) = (r for r in rows if r["structure"] == "Bladder" and r["scope"] == "cumulative")
    assert row["verdict"] == "NOT EVALUABLE"
    assert "known only from a letter" in row["note"]


def test_the_isotoxic_answer_leaves_room_for_the_typed_dose(tmp_path):
    answer = evaluated(tmp_path, protocols=["STRIDeR2025"]).isotoxic
    (item,) = (
        i for i in answer["per_constraint"] if i["structure"] == "Bladder" and i["limit"] == 110
    )
    # Dose of the phantom in the hottest 0.1 cc is scaled until its EQD2 is 110 - 36.8 Gy.
    left, n, ab = 110 - EQD2_AB3, 20, 3
    allowed = n / 2 * (-ab + np.sqrt(ab**2 + 4 * (2 + ab) * left / n))
    planned = metric(
        results_json(evaluated(tmp_path / "b")), "Bladder", "planned", "D0.1cc", "PHYSICAL"
    )
    expected = answer["planned_prescription_gy"] * allowed / planned["value"]
    assert item["max_prescription_gy"] == pytest.approx(expected, rel=1e-4)


def test_zero_needs_the_reason_why_the_organ_was_out_of_the_field(tmp_path):
    organs = {"Bladder": {"mapping": {"old": "ZERO"}}}
    with pytest.raises(RefusedError, match="reason why the organ was out of the field"):
        evaluated(tmp_path, organs=organs)
    organs = {"Bladder": {"mapping": {"old": {"strategy": "ZERO", "reason": "breast treated"}}}}
    results = results_json(evaluated(tmp_path / "b", organs=organs))
    planned = metric(results, "Bladder", "planned", "D0.1cc")["value"]
    total = metric(results, "Bladder", "cumulative", "D0.1cc")["value"]
    assert total == pytest.approx(planned)


def test_a_strategy_that_needs_the_distribution_is_refused(tmp_path):
    organs = {"Bladder": {"mapping": {"old": "DIR"}}}
    with pytest.raises(RefusedError, match="known only from a letter"):
        evaluated(tmp_path, organs=organs)


def test_a_point_dose_of_an_organ_that_is_not_there_is_said(tmp_path):
    points = {"Blader": {"metric": "Dmax", "dose_gy": 40.0}}
    warnings = evaluated(tmp_path, {**LETTER, "point_doses": points}).warnings
    assert any("typed point dose of Blader is not used" in text for text in warnings)


def test_the_case_file_of_a_run_keeps_the_letter(tmp_path):
    evaluation = evaluated(tmp_path)
    record = case_record(evaluation)
    path = tmp_path / "again.json"
    path.write_text(json.dumps(record))
    again = read_case(path)
    assert again.letters == evaluation.case.letters
    (kept,) = (c for c in case_to_json(again)["courses"] if c.get("letter"))
    assert (kept["id"], kept["letter"]) == ("old", LETTER)
    assert evaluate_reirradiation(again).input_hash == evaluation.input_hash


def test_an_id_that_a_course_of_the_files_has_is_refused(tmp_path):
    save_case(make_case(day="20200101", label="A"), tmp_path / "a")
    save_case(make_case(day="20240101", label="B"), tmp_path / "b")
    letters = {"prior-1": Letter("Pelvis", 45.0, 25)}
    with pytest.raises(RefusedError, match="as a letter and as DICOM-RT"):
        evaluate_reirradiation(Case(paths=(tmp_path,), letters=letters))


def test_a_letter_dated_after_the_planned_course_is_refused(tmp_path):
    with pytest.raises(RefusedError, match="is not before the planned course"):
        evaluated(tmp_path, {**LETTER, "date": "2024-02-01"})


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"dose_gy": 0}, "dose_gy is 0"),
        ({"dose_gy": 4500}, "at most 200"),
        ({"dose_gy": True}, "dose_gy is True"),
        ({"fractions": 0}, "fractions is 0"),
        ({"fractions": 2.5}, "fractions is 2.5"),
        ({"date": "01/03/2014"}, "YYYY-MM-DD"),
        ({"point_doses": []}, None),
        ({"point_doses": [1]}, "must be an object"),
        ({"point_doses": {"Bladder": 40}}, "give metric and dose_gy"),
        ({"point_doses": {"Bladder": {"metric": "Dmean", "dose_gy": 40}}}, "not a near-maximum"),
        ({"point_doses": {"Bladder": {"metric": "D0.1", "dose_gy": 40}}}, "is not a metric"),
        ({"point_doses": {"Bladder": {"metric": "Dmax", "dose_gy": -1}}}, "dose_gy is -1"),
        ({"who": "x"}, "keys"),
    ],
)
def test_a_letter_with_a_value_that_cannot_be_is_refused(change, reason):
    entry = [{"id": "old", "letter": {**LETTER, **change}}]
    if reason is None:
        assert letters_of(entry)["old"].point_doses == {}
        return
    with pytest.raises(RefusedError, match=reason):
        letters_of(entry)


@pytest.mark.parametrize("name", ["", "*", "planned"])
def test_a_letter_needs_an_id_of_its_own(name):
    with pytest.raises(RefusedError, match="id of its own"):
        letters_of([{"id": name, "letter": LETTER}])


def test_a_planned_course_cannot_be_known_from_a_letter():
    with pytest.raises(RefusedError, match="only a prior course"):
        letters_of([{"id": "old", "role": "planned", "letter": LETTER}])


def test_a_letter_is_read_as_typed():
    letter = letters_of([{"id": "old", "letter": LETTER}])["old"]
    point = PointDose(Metric.parse("D0.1cc"), 40.0)
    assert letter == Letter("Pelvis", 45.0, 25, date(2014, 1, 1), {"Bladder": point})
    assert letter.to_json() == LETTER
