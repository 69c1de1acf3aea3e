"""What may enter the conversion, and the notes it must carry."""

import numpy as np
import pytest
from ReirradiationCore.dose_checks import (
    dose_per_fraction_note,
    fractions_per_day_note,
    plausibility_questions,
    radiation_type_note,
    sanitise_dose,
)
from ReirradiationCore.errors import RadiobiologyError


def test_small_negative_noise_is_clamped_without_a_warning():
    found = sanitise_dose(np.array([-0.09, 0.0, 3.0], np.float32))
    assert (found.clamped, found.warning) == (1, "")
    assert found.dose_gy.dtype == np.float32
    assert list(found.dose_gy) == [0, 0, 3]


def test_the_input_is_not_changed():
    dose = np.array([-0.5, 1.0])
    sanitise_dose(dose)
    assert list(dose) == [-0.5, 1.0]


def test_negative_dose_below_a_tenth_is_warned_about_with_numbers():
    found = sanitise_dose([-0.5, -0.2, 1.0], "the dose of plan A")
    assert found.warning.startswith("the dose of plan A held 2 negative values down to -0.50 Gy")


@pytest.mark.parametrize(("lowest", "refused"), [(-1.0, False), (-1.01, True)])
def test_dose_below_minus_one_gray_is_refused(lowest, refused):
    if refused:
        with pytest.raises(RadiobiologyError, match=r"-1\.01 Gy"):
            sanitise_dose([lowest, 1.0])
    else:
        assert sanitise_dose([lowest, 1.0]).clamped == 1


@pytest.mark.parametrize("value", [np.inf, -np.inf])
def test_infinite_dose_is_refused(value):
    with pytest.raises(RadiobiologyError, match="infinite"):
        sanitise_dose([value, 1.0])


def test_a_wholly_unknown_dose_stays_unknown():
    found = sanitise_dose([np.nan, np.nan])
    assert np.isnan(found.dose_gy).all()
    assert found.clamped == 0


@pytest.mark.parametrize(
    ("maximum", "n", "prescription", "questions"),
    [
        (60, 2, None, 0),
        (60.2, 2, None, 1),
        (50, 25, 50, 0),
        (50, 120, 50, 1),
        (35, 1, 35, 2),
        (30, 1, 34, 0),
        (12, 25, 12.5, 0),
    ],
)
def test_implausible_doses_per_fraction_are_asked_about(maximum, n, prescription, questions):
    assert len(plausibility_questions(maximum, n, prescription)) == questions


@pytest.mark.parametrize(
    ("maximum", "level"), [(50.0, None), (50.1, "amber"), (90.0, "amber"), (90.1, "red")]
)
def test_high_doses_per_fraction_carry_a_note(maximum, level):
    note = dose_per_fraction_note(np.array([1.0, np.nan, maximum]), 5, "Rectum")
    assert (note and note.level) == level
    assert level is None or "Rectum" in note.text


def test_an_unknown_dose_carries_no_note():
    assert dose_per_fraction_note(np.array([np.nan]), 5, "Rectum") is None


def test_twice_daily_treatment_states_its_assumption():
    assert fractions_per_day_note(None) == fractions_per_day_note(1) == ""
    assert "full repair" in fractions_per_day_note(2)


def test_photons_and_electrons_need_no_note():
    assert radiation_type_note("PHOTON") == radiation_type_note("electron") == ""


def test_protons_are_taken_as_weighted():
    assert "RBE" in radiation_type_note("PROTON")


@pytest.mark.parametrize("kind", ["ION", "NEUTRON", "BRACHY", ""])
def test_other_radiation_is_refused_without_a_reason(kind):
    with pytest.raises(RadiobiologyError, match="state in the override"):
        radiation_type_note(kind)
    assert "agreed with the board" in radiation_type_note(kind, "agreed with the board")
