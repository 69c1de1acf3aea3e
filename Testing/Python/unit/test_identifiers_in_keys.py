"""A folder or a patient whose name is a word of the program does not break what is written."""

import pytest
from ReirradiationCore.courses import Patient
from ReirradiationCore.identifiers import REMOVED, Scrubber, names_of

RESULT = {"known_prior_dose_fraction": {"prior-1": 1.0}, "planned_scale": 1.0, "course": "prior-1"}


@pytest.mark.parametrize("word", ["prior", "PRIOR", "planned", "course", "scale"])
def test_a_folder_of_that_name_changes_no_key_and_no_course(word):
    assert Scrubber({}, ("prior-1", "planned"), (word,)).json(RESULT) == RESULT


def test_a_patient_of_that_name_changes_no_key_and_no_course_but_every_text():
    names = names_of(Patient("4711", "Prior^Course"))
    scrubber = Scrubber(dict.fromkeys(names, REMOVED), ("prior-1", "planned"))
    assert scrubber.json(RESULT) == RESULT
    assert scrubber.json({"note": "of Mr Prior"}) == {"note": f"of Mr {REMOVED}"}


def test_a_plan_label_that_is_a_key_is_replaced():
    scrubber = Scrubber({"Smith boost": "prior-1 plan 2", "Smith": REMOVED})
    assert scrubber.json({"Smith boost": 5, "Smith": 4}) == {"prior-1 plan 2": 5, REMOVED: 4}
