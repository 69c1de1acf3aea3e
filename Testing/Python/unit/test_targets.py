"""Overlap of targets and irradiated volumes, and the suggested type of reirradiation."""

import numpy as np
import pytest
from golden import golden
from ReirradiationCore.errors import RadiobiologyError
from ReirradiationCore.targets import (
    IrradiatedOverlap,
    ReirradiationType,
    irradiated_overlap,
    suggest_type,
    target_overlap,
)

VOLUMES = np.array([1.0, 2.0, 3.0, 4.0])
KNOWN = np.ones(4, bool)


def test_overlap_of_targets_is_weighted_by_volume():
    found = target_overlap(VOLUMES, np.array([1, 0, 1, 0], bool), KNOWN, prior_cc=6.0)
    assert found.overlap_cc == golden(4.0)
    assert found.share_of_planned == golden(0.4)
    assert found.dice == golden(8 / 16)


def test_overlap_of_a_target_with_itself_is_complete():
    found = target_overlap(VOLUMES, KNOWN, KNOWN, prior_cc=10.0)
    assert found.share_of_planned == found.dice == golden(1.0)


def test_a_target_the_registration_does_not_reach_has_no_share():
    known = np.array([1, 1, 1, 0], bool)
    found = target_overlap(VOLUMES, KNOWN, known, prior_cc=10.0)
    assert found.overlap_cc == golden(6.0)
    assert found.known_share == golden(0.6)
    assert found.share_of_planned is None
    assert found.dice is None


def test_targets_without_volume_are_refused():
    with pytest.raises(RadiobiologyError):
        target_overlap(np.array([]), np.array([], bool), np.array([], bool), 5.0)
    with pytest.raises(RadiobiologyError):
        target_overlap(VOLUMES, KNOWN, KNOWN, 0.0)


PRIOR = np.array([5.0, 4.9, 50.0, np.nan, np.nan])
PLANNED = np.array([5.0, 30.0, 0.0, 6.0, 1.0])


def test_irradiated_volumes_overlap_where_both_reach_the_isodose():
    found = irradiated_overlap(PRIOR, PLANNED, 0.5)
    assert found.volume_cc == golden(0.5)
    assert found.unknown_cc == golden(0.5)


def test_the_isodose_is_an_input():
    assert irradiated_overlap(PRIOR, PLANNED, 0.5, 4.9).volume_cc == golden(1.0)
    assert irradiated_overlap(PRIOR, PLANNED, 0.5, 6.1).unknown_cc == 0.0


def test_doses_that_do_not_match_and_isodoses_of_zero_are_refused():
    with pytest.raises(RadiobiologyError):
        irradiated_overlap(PRIOR, PLANNED[:3], 0.5)
    with pytest.raises(RadiobiologyError):
        irradiated_overlap(PRIOR, PLANNED, 0.5, 0.0)


@pytest.mark.parametrize(
    ("volume", "unknown", "concern", "same_organ", "expected"),
    [
        (2.0, 0.0, None, None, ReirradiationType.TYPE_1),
        (2.0, 9.0, False, False, ReirradiationType.TYPE_1),
        (0.0, 3.0, True, True, None),
        (0.0, 0.0, None, None, None),
        (0.0, 0.0, True, None, ReirradiationType.TYPE_2),
        (0.0, 0.0, False, None, None),
        (0.0, 0.0, False, True, ReirradiationType.REPEAT_ORGAN),
        (0.0, 0.0, False, False, ReirradiationType.REPEAT),
    ],
)
def test_the_type_is_suggested_or_what_is_missing_is_said(
    volume, unknown, concern, same_organ, expected
):
    found = suggest_type(IrradiatedOverlap(volume, unknown, 5.0), concern, same_organ)
    assert found.type is expected
    assert found.reason
