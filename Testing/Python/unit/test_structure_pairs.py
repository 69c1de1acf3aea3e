"""Organs of two courses are paired by meaning and side, and never silently."""

import numpy as np
import pytest
from ReirradiationCore.courses import Structure
from ReirradiationCore.names import match_name
from ReirradiationCore.structure_pairs import pair_structures, side_warning

SQUARE = np.array([[0.0, 0, 0], [10, 0, 0], [10, 10, 0], [0, 10, 0]])


def structures(*names):
    return [Structure(number, name, (SQUARE,)) for number, name in enumerate(names)]


def test_organs_are_paired_across_spellings():
    found = pair_structures(
        structures("Bladder", "FemoralHead_L", "Bowel_Bag"),
        structures("Femoral Head Lt", "BLADDER", "Bowel Bag"),
    )
    assert [(p.reference.name, p.prior.name) for p in found.pairs] == [
        ("Bladder", "BLADDER"),
        ("FemoralHead_L", "Femoral Head Lt"),
        ("Bowel_Bag", "Bowel Bag"),
    ]
    assert not found.reference_only
    assert not found.prior_only


def test_left_is_never_paired_with_right():
    found = pair_structures(structures("FemoralHead_L"), structures("FemoralHead_R"))
    assert not found.pairs
    assert [s.name for s in found.reference_only] == ["FemoralHead_L"]
    assert [s.name for s in found.prior_only] == ["FemoralHead_R"]


def test_a_proposal_that_is_not_confirmed_is_not_paired():
    found = pair_structures(structures("FEMHEADL"), structures("FemoralHead_L"))
    assert not found.pairs
    confirmed = {"FEMHEADL": "Femur_Head_L"}
    found = pair_structures(structures("FEMHEADL"), structures("FemoralHead_L"), confirmed)
    assert [p.name for p in found.pairs] == ["Femur_Head_L"]


def test_cord_is_never_paired_with_canal_or_prv():
    found = pair_structures(structures("SpinalCord"), structures("SpinalCanal", "SpinalCord_PRV05"))
    assert not found.pairs


def test_targets_are_not_paired():
    found = pair_structures(structures("PTV"), structures("PTV"))
    assert not found.pairs
    assert not found.reference_only


def test_two_structures_for_one_name_are_not_paired_but_reported():
    found = pair_structures(structures("Bladder"), structures("Bladder", "Blase"))
    assert not found.pairs
    assert "structure_map" in found.notes[0]
    assert len(found.prior_only) == 2


def test_the_structure_map_brings_a_pair_together():
    found = pair_structures(
        structures("Bladder"), structures("bladder old CT"), {"bladder old CT": "Bladder"}
    )
    assert [p.name for p in found.pairs] == ["Bladder"]


def test_an_unknown_name_is_paired_with_the_same_name_only():
    found = pair_structures(structures("Anastomosis", "Flap"), structures("anastomosis"))
    assert [p.reference.name for p in found.pairs] == ["Anastomosis"]
    assert [s.name for s in found.reference_only] == ["Flap"]


@pytest.mark.parametrize(
    ("name", "centroid_x_mm", "warned"),
    [
        ("FemoralHead_L", 90.0, False),
        ("FemoralHead_L", -90.0, True),
        ("FemoralHead_R", -90.0, False),
        ("FemoralHead_R", 90.0, True),
        ("Bladder", -90.0, False),
        ("SacralPlexus_L", -4.0, False),
    ],
)
def test_a_structure_on_the_wrong_side_is_warned_of(name, centroid_x_mm, warned):
    warning = side_warning(name, match_name(name), centroid_x_mm, 0.0)
    assert (warning is not None) is warned


def test_the_side_is_seen_from_the_midline_of_the_patient():
    assert side_warning("Kidney_L", match_name("Kidney_L"), 40.0, 100.0) is not None
