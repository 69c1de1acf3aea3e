"""Standard names: found in many spellings, never on the wrong side, never guessed."""

import pytest
from ReirradiationCore.courses import StructureKind
from ReirradiationCore.names import (
    applies_to,
    grouping_note,
    is_standard_name,
    known_names,
    laterality_of,
    match_name,
)
from ReirradiationCore.protocol_library import available_protocols, load_protocol


@pytest.mark.parametrize(
    ("roi_name", "standard_name"),
    [
        ("Bladder", "Bladder"),
        ("BLADDER", "Bladder"),
        ("Blase", "Bladder"),
        ("vejiga", "Bladder"),
        ("small bowel", "Bowel_Small"),
        ("SB", "Bowel_Small"),
        ("bowel_loops", "Bowel_Small"),
        ("Sigmoid", "Colon_Sigmoid"),
        ("Colon_Sigmoid", "Colon_Sigmoid"),
        ("large bowel", "Bowel_Large"),
        ("lumbosacral plexus", "SacralPlex"),
        ("LSP", "SacralPlex"),
        ("SacralPlexus_L", "SacralPlex_L"),
        ("cauda equina", "CaudaEquina"),
        ("FemoralHead_L", "Femur_Head_L"),
        ("Femoral Head Lt", "Femur_Head_L"),
        ("Femoral Head RT", "Femur_Head_R"),
        ("LFemHead", "Femur_Head_L"),
        ("right femoral head", "Femur_Head_R"),
        ("Hüftkopf rechts", "Femur_Head_R"),
        ("iliac vessels", "Vessels"),
        ("A_Iliac_L", "A_Iliac_L"),
        ("V_Iliac_R", "V_Iliac_R"),
        ("Aorta", "A_Aorta"),
        ("carotid artery left", "A_Carotid_L"),
        ("oesophagus", "Esophagus"),
        ("Œsophage", "Esophagus"),
        ("proximal bronchial tree", "Bronchus"),
        ("PBT", "Bronchus"),
        ("Lungs-GTV", "Lungs-GTV"),
        ("lungs minus GTV", "Lungs-GTV"),
        ("Lung_L", "Lung_L"),
        ("Kidney Rt", "Kidney_R"),
        ("Brachial Plexus Left", "BrachialPlex_L"),
        ("Optic Nerve R", "OpticNrv_R"),
        ("OpticNrv_PRV03_L", "OpticNrv_PRV03_L"),
        ("Chiasm", "OpticChiasm"),
        ("Parotid_R", "Parotid_R"),
        ("brain stem", "Brainstem"),
        ("spinal cord", "SpinalCord"),
        ("Myelon", "SpinalCord"),
        ("Left anterior descending artery", "A_LAD"),
        ("V_VenaCava_S", "V_VenaCava_S"),
        ("PenileBulb", "PenileBulb"),
    ],
)
def test_spellings_of_an_organ_give_its_standard_name(roi_name, standard_name):
    match = match_name(roi_name)
    assert match.standard_name == standard_name
    assert match.certain, match.note
    assert match.kind is StructureKind.OAR


@pytest.mark.parametrize(
    ("roi_name", "standard_name"),
    [
        ("Spinal Cord", "SpinalCord"),
        ("SpinalCanal", "SpinalCanal"),
        ("spinal cord canal", "SpinalCanal"),
        ("Thecal Sac", "ThecalSac"),
        ("dural sac", "ThecalSac"),
        ("CaudaEquina", "CaudaEquina"),
        ("SpinalCord_PRV05", "SpinalCord_PRV05"),
        ("Cord PRV 5mm", "SpinalCord_PRV05"),
        ("PRV03 Spinal Cord", "SpinalCord_PRV03"),
        ("SpinalCord_PRV1.5mm", "SpinalCord_PRV1.5"),
    ],
)
def test_cord_canal_sac_and_prv_are_kept_apart(roi_name, standard_name):
    match = match_name(roi_name)
    assert (match.standard_name, match.certain) == (standard_name, True)


@pytest.mark.parametrize("other", ["SpinalCanal", "ThecalSac", "SpinalCord_PRV05", "CaudaEquina"])
def test_a_limit_of_the_cord_counts_for_nothing_but_the_cord(other):
    assert applies_to("SpinalCord", "SpinalCord")
    assert not applies_to("SpinalCord", other)
    assert not applies_to(other, "SpinalCord")


@pytest.mark.parametrize(
    ("roi_name", "proposal", "word"),
    [
        ("Bowel_Bag", "Bag_Bowel", "not the small bowel"),
        ("BowelSpace", "Spc_Bowel", "not the small bowel"),
        ("Bladder_wall", "Bladder_Wall", "wall"),
        ("anorectum", "Anorectum", "Rectum"),
        ("Femoral Head", "Femur_Head", "side"),
        ("femoral heads", "Femur_Heads", "both sides"),
        ("FEMHEADL", "Femur_Head_L", "side is not set apart"),
        ("Bladder_L", "Bladder_L", "no sides"),
        ("Cord_PRV", "SpinalCord_PRV", "margin"),
        ("SpinalCord_PRV015", "SpinalCord_PRV", "margin"),
        ("SpinalCord_05", "SpinalCord", "only contains"),
        ("Rectum planning", "Rectum", "only contains"),
        ("Canal", None, "cord, the canal"),
        ("Femoral Head L R", None, "both sides"),
        ("Sphere_R12", None, "not known"),
    ],
)
def test_what_is_not_certain_is_asked(roi_name, proposal, word):
    match = match_name(roi_name)
    assert match.standard_name == proposal
    assert not match.certain
    assert word in match.note


@pytest.mark.parametrize(
    ("roi_name", "kind"),
    [
        ("PTV", StructureKind.TARGET),
        ("PTVn_4700", StructureKind.TARGET),
        ("PTV66", StructureKind.TARGET),
        ("CTV_6000", StructureKind.TARGET),
        ("GTV_Node", StructureKind.TARGET),
        ("iGTV", StructureKind.TARGET),
        ("ITV", StructureKind.TARGET),
        ("BODY", StructureKind.EXTERNAL),
        ("External", StructureKind.EXTERNAL),
        ("CouchSurface", StructureKind.OTHER),
        ("Couch Interior", StructureKind.OTHER),
        ("Ring_PTV", StructureKind.OTHER),
        ("zRectum", StructureKind.OTHER),
        ("Dose 50[%]", StructureKind.OTHER),
        ("Marker 1", StructureKind.OTHER),
    ],
)
def test_targets_external_and_helpers_are_no_organs(roi_name, kind):
    assert match_name(roi_name).kind is kind


def test_an_organ_minus_a_target_is_not_the_organ():
    assert match_name("Bladder-PTV").standard_name == "Bladder-PTV"
    assert not applies_to("Bladder", "Bladder-PTV")


def test_the_type_in_the_file_decides_where_the_name_says_nothing():
    assert match_name("boost volume", "PTV").kind is StructureKind.TARGET
    assert match_name("contour 7", "EXTERNAL").kind is StructureKind.EXTERNAL
    assert match_name("xyz", "SUPPORT").kind is StructureKind.OTHER


def test_a_type_that_contradicts_the_name_is_asked():
    match = match_name("Bladder", "PTV")
    assert not match.certain
    assert "PTV" in match.note


def test_the_structure_map_wins_and_confirms():
    match = match_name("Bowel_Bag", structure_map={"Bowel_Bag": "Bowel_Small"})
    assert (match.standard_name, match.certain) == ("Bowel_Small", True)
    ignored = match_name("Bladder", structure_map={"Bladder": "ignore"})
    assert (ignored.standard_name, ignored.kind) == (None, StructureKind.OTHER)


def test_a_structure_map_that_changes_the_side_says_so():
    match = match_name("FemoralHead_L", structure_map={"FemoralHead_L": "Femur_Head_R"})
    assert match.laterality == "R"
    assert "the file says L" in match.note


@pytest.mark.parametrize("word", ["L", "lt", "LEFT", "links"])
def test_every_word_for_left_is_left(word):
    assert laterality_of(f"Kidney {word}") == "L"
    assert match_name(f"{word}_Kidney").standard_name == "Kidney_L"


@pytest.mark.parametrize("word", ["R", "rt", "Right", "rechts"])
def test_every_word_for_right_is_right(word):
    assert match_name(f"Kidney_{word}").standard_name == "Kidney_R"


@pytest.mark.parametrize(
    "name", [n for n in known_names() if match_name(f"{n}_L").certain and match_name(n).certain]
)
def test_a_limit_for_one_side_never_counts_for_the_other(name):
    assert match_name(f"{name}_L").standard_name != match_name(f"{name}_R").standard_name
    assert not applies_to(f"{name}_L", f"{name}_R")
    assert applies_to(name, f"{name}_L")


@pytest.mark.parametrize(
    ("organ", "structure"),
    [
        ("Vessels", "A_Iliac_L"),
        ("Vessels", "V_Iliac_R"),
        ("Vessels", "A_Aorta"),
        ("Vessels", "GreatVes"),
        ("GreatVes", "A_Aorta"),
        ("Colon", "Colon_Sigmoid"),
        ("Colon", "Bowel_Large"),
        ("SacralPlex", "SacralPlex_L"),
        ("Femur_Head", "Femur_Head_R"),
        ("A_Carotid", "A_Carotid_Int_L"),
        ("OpticNrv", "OpticNrv_L"),
        ("Lungs", "Lungs-GTV"),
        ("Colon|Rectum", "Rectum"),
        ("Skin|Chestwall", "Chestwall_L"),
    ],
)
def test_a_limit_counts_for_the_members_of_its_group(organ, structure):
    assert applies_to(organ, structure)


@pytest.mark.parametrize(
    ("organ", "structure"),
    [
        ("Bowel_Small", "Bag_Bowel"),
        ("Bowel_Small", "Duodenum"),
        ("Kidneys", "Kidney_L"),
        ("Lungs", "Lung_L"),
        ("Lungs-GTV", "Lungs"),
        ("Vessels", "A_LAD"),
        ("Vessels", "A_Aorta_PRV05"),
        ("Vessels", "A_Aorta-PTV"),
        ("GreatVes", "A_Iliac_L"),
        ("OpticNrv", "OpticNrv_PRV03_L"),
        ("Femur_Head_L", "Femur_Head_R"),
        ("Rectum", "Rectum_Wall"),
        ("SpinalCord_PRV1.5", "SpinalCord_PRV05"),
    ],
)
def test_a_limit_does_not_count_for_what_only_looks_alike(organ, structure):
    assert not applies_to(organ, structure)


def test_counting_as_another_organ_is_said():
    assert grouping_note("Colon", "Colon_Sigmoid") == "Colon_Sigmoid counted as Colon"
    assert grouping_note("Vessels", "A_Iliac_L") == "A_Iliac_L counted as Vessels"
    assert grouping_note("SacralPlex", "SacralPlex_L") == ""
    assert grouping_note("Colon", "Rectum") == ""


def test_every_standard_name_is_found_under_its_own_name():
    for name in known_names():
        assert match_name(name).standard_name == name


def test_every_organ_of_the_shipped_sets_is_a_standard_name():
    for summary in available_protocols():
        for constraint in load_protocol(summary.name).constraints:
            assert all(is_standard_name(organ) for organ in constraint.organs), constraint.id
