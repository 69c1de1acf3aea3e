"""RTSTRUCT: planar closed contours, in the frame of the plan, each once."""

import numpy as np
import pytest
from dicom_factory import add_roi, box, common_of, contour_item, make_case, make_structures, save
from ReirradiationCore.courses import StructureKind
from ReirradiationCore.dicom.findings import Findings
from ReirradiationCore.dicom.index import index_files
from ReirradiationCore.dicom.structures import read_structures, structure_kind
from ReirradiationCore.errors import RefusedError

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:pydicom.*")


@pytest.fixture
def dataset():
    case = make_case()
    return make_structures(common_of(case.plan), case.ct, [])


def read(dataset, tmp_path, frame=None):
    save(dataset, tmp_path / "RS.dcm")
    findings = Findings()
    index = index_files([tmp_path], findings, lambda *_: None)
    frame = dataset.FrameOfReferenceUID if frame is None else frame
    return read_structures(index.entries[0], frame, findings), findings.warnings


def only(structures):
    (structure,) = structures.structures
    return structure


def test_contours_color_and_type_are_as_written(dataset, tmp_path):
    contours = [box(10, z) for z in (-3, 0, 3)]
    add_roi(dataset, "Bladder", "organ", contours)
    structures, warnings = read(dataset, tmp_path)
    structure = only(structures)
    np.testing.assert_allclose(np.array(structure.contours), np.array(contours))
    assert structure.color_rgb == (255, 0, 1)
    assert structure.interpreted_type == "ORGAN"
    assert structure.frame_of_reference_uid == dataset.FrameOfReferenceUID
    assert warnings == []


def test_contours_need_not_be_axial(dataset, tmp_path):
    tilted = [contour[:, [2, 0, 1]] for contour in (box(10, -2), box(12, 2))]
    add_roi(dataset, "Bladder", "ORGAN", tilted)
    structures, _ = read(dataset, tmp_path)
    np.testing.assert_allclose(only(structures).contours[1], tilted[1])


def test_islands_and_holes_are_kept_as_contours_of_their_own(dataset, tmp_path):
    add_roi(dataset, "Ring", "ORGAN", [box(10), box(5), box(5, center=(40, 0))])
    assert len(only(read(dataset, tmp_path)[0]).contours) == 3


@pytest.mark.parametrize("geometric_type", ["POINT", "OPEN_PLANAR", "OPEN_NONPLANAR"])
def test_points_and_open_contours_are_dropped_and_noted(dataset, tmp_path, geometric_type):
    roi = add_roi(dataset, "Bladder", "ORGAN", [box(10)])
    roi.ContourSequence.append(contour_item(box(5), geometric_type))
    structures, warnings = read(dataset, tmp_path)
    assert len(only(structures).contours) == 1
    assert warnings == [
        "RS.dcm: structure 'Bladder': 1 points, open contours or contours of fewer than 3 points "
        "were dropped"
    ]


def test_rois_without_a_closed_contour_are_listed_as_empty(dataset, tmp_path):
    add_roi(dataset, "Nothing", "ORGAN", [])
    add_roi(dataset, "Two points", "ORGAN", [box(5)[:2]])
    add_roi(dataset, "Point", "ISOCENTER", [box(5)[:1]], "POINT")
    line = np.array([[0, 0, 0], [10, 0, 0], [20, 0, 0], [5, 0, 0]])
    add_roi(dataset, "Line", "ORGAN", [line])
    del dataset.ROIContourSequence[0].ContourSequence
    structures, warnings = read(dataset, tmp_path)
    assert structures.structures == ()
    assert structures.empty == ("Nothing", "Two points", "Point", "Line")
    assert any("4 structures have no closed contour" in warning for warning in warnings)


def test_a_contour_that_is_there_twice_is_used_once(dataset, tmp_path):
    again = np.roll(box(10)[::-1], 1, axis=0)
    add_roi(dataset, "Bladder", "ORGAN", [box(10), again, box(10, 3.0)])
    structures, warnings = read(dataset, tmp_path)
    assert len(only(structures).contours) == 2
    assert any("there twice" in warning for warning in warnings)


def bent_contour():
    contour = box(10)
    contour[2, 2] = 6.0
    return contour_item(contour)


def turned_contour():
    return contour_item(box(10)[:, [2, 0, 1]])


def not_a_number():
    item = contour_item(box(10))
    item.ContourData = ["0"] * 11 + ["nan"]
    return item


def missing_coordinate():
    item = contour_item(box(10))
    item.ContourData = item.ContourData[:-1]
    return item


def fewer_points_than_stated():
    item = contour_item(box(10))
    item.NumberOfContourPoints = 40
    return item


@pytest.mark.parametrize(
    ("make_item", "text"),
    [
        (bent_contour, "not planar"),
        (not_a_number, "not numbers"),
        (missing_coordinate, "11 coordinates"),
        (fewer_points_than_stated, "40.0 points has 12 coordinates"),
        (turned_contour, "not parallel"),
    ],
)
def test_a_structure_with_an_unclear_contour_is_left_out_as_a_whole(
    dataset, tmp_path, make_item, text
):
    roi = add_roi(dataset, "Bladder", "ORGAN", [box(10)])
    roi.ContourSequence.append(make_item())
    structures, warnings = read(dataset, tmp_path)
    assert structures.structures == ()
    assert structures.empty == ("Bladder",)
    assert any("'Bladder' was left out" in w and text in w for w in warnings)


def test_a_structure_set_in_another_frame_of_reference_is_refused(dataset, tmp_path):
    add_roi(dataset, "Bladder", "ORGAN", [box(10)])
    with pytest.raises(RefusedError, match="frame of reference"):
        read(dataset, tmp_path, frame="2.25.99")


def test_single_rois_in_another_frame_of_reference_are_left_out_and_named(dataset, tmp_path):
    add_roi(dataset, "Bladder", "ORGAN", [box(10)])
    add_roi(dataset, "GTV_PET", "GTV", [box(5)])
    dataset.StructureSetROISequence[1].ReferencedFrameOfReferenceUID = "2.25.99"
    structures, warnings = read(dataset, tmp_path)
    assert only(structures).name == "Bladder"
    assert structures.empty == ("GTV_PET",)
    assert any("another frame of reference" in w and "GTV_PET" in w for w in warnings)


def test_a_roi_that_names_no_frame_is_in_that_of_the_set(dataset, tmp_path):
    add_roi(dataset, "Bladder", "ORGAN", [box(10)])
    del dataset.StructureSetROISequence[0].ReferencedFrameOfReferenceUID
    assert only(read(dataset, tmp_path)[0]).name == "Bladder"


def test_structures_of_one_name_are_told_apart(dataset, tmp_path):
    add_roi(dataset, "Bladder", "ORGAN", [box(10)])
    add_roi(dataset, "Bladder", "ORGAN", [box(5)])
    structures, warnings = read(dataset, tmp_path)
    assert [s.name for s in structures.structures] == ["Bladder (ROI 1)", "Bladder (ROI 2)"]
    assert len(warnings) == 2


def test_a_contour_of_thousands_of_points_is_read(dataset, tmp_path):
    angle = np.linspace(0, 2 * np.pi, 5000, endpoint=False)
    circle = np.stack([20 * np.cos(angle), 20 * np.sin(angle), 0 * angle], axis=1)
    add_roi(dataset, "Circle", "ORGAN", [circle])
    np.testing.assert_allclose(only(read(dataset, tmp_path)[0]).contours[0], circle, atol=1e-4)


@pytest.mark.parametrize(
    ("name", "interpreted", "kind"),
    [
        ("Bladder", "ORGAN", StructureKind.OAR),
        ("Lt Lung", "AVOIDANCE", StructureKind.OAR),
        ("SpinalCord_PRV05", "", StructureKind.OAR),
        ("Skin", "ORGAN", StructureKind.OAR),
        ("BODY", "", StructureKind.EXTERNAL),
        ("Outline", "EXTERNAL", StructureKind.EXTERNAL),
        ("PTV_6000", "ORGAN", StructureKind.TARGET),
        ("GTVn", "", StructureKind.TARGET),
        ("iCTV", "", StructureKind.TARGET),
        ("zPTV_opt", "", StructureKind.TARGET),
        ("Tumor Bed", "CTV", StructureKind.TARGET),
        ("CouchSurface", "ORGAN", StructureKind.OTHER),
        ("Bolus 5mm", "", StructureKind.OTHER),
        ("Table", "SUPPORT", StructureKind.OTHER),
        ("Ring", "CONTROL", StructureKind.OTHER),
    ],
)
def test_kind_follows_type_and_name(name, interpreted, kind):
    assert structure_kind(name, interpreted) is kind
