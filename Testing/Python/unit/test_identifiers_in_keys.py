"""A folder or a patient whose name is a word of the program does not break what is written."""

from dataclasses import replace

import pytest
from live_cases import evaluated, two_courses
from ReirradiationCore.case import Case
from ReirradiationCore.courses import Patient
from ReirradiationCore.deidentification import scrubber_of
from ReirradiationCore.identifiers import REMOVED, Scrubber, names_of
from ReirradiationCore.uncertainty_choice import UncertaintyChoice

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


def test_the_folder_by_which_two_transforms_are_told_apart_is_not_named():
    files = ("/data/Ward Seven/t.tfm", "/data/other/t.tfm")
    case = Case(uncertainty=UncertaintyChoice(engines=tuple(f"prior-1={f}" for f in files)))
    planned, prior = two_courses()
    scrubber = scrubber_of(replace(evaluated(planned, [prior]), case=case))
    text = "{} does not agree"
    assert scrubber.text(text.format("Ward Seven/t.tfm")) == text.format("prior-1 transform 1")
