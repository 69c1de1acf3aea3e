"""DICOM SEG objects beside or instead of an RTSTRUCT."""

import importlib.util

import numpy as np
import pytest
from dicom_factory import make_case, new_uid, save, save_case
from ReirradiationCore.dicom import ReadOptions, read_courses
from ReirradiationCore.sampling import sample_structure

highdicom = pytest.importorskip("highdicom", reason="the optional package that reads DICOM SEG")

VOXEL_CC = 5.0 * 5.0 * 3.0 / 1000


def segment(number, label):
    tissue = highdicom.sr.CodedConcept("85756007", "SCT", "Tissue")
    return highdicom.seg.SegmentDescription(
        number, label, tissue, tissue, highdicom.seg.SegmentAlgorithmTypeValues.MANUAL
    )


def segmentation_of(ct, masks, kind="BINARY", reverse=False):
    """SEG on the slices of a CT; ``masks`` maps labels to arrays (slices, rows, columns)."""
    for plane in ct:
        plane.StudyTime = plane.StudyID = plane.AccessionNumber = plane.ReferringPhysicianName = ""
        plane.SliceThickness = 3.0
        plane.PositionReferenceIndicator = ""
    pixels = np.stack(list(masks.values()), axis=-1)
    return highdicom.seg.Segmentation(
        source_images=ct[::-1] if reverse else ct,
        pixel_array=pixels[::-1] if reverse else pixels,
        segmentation_type=kind,
        segment_descriptions=[segment(n, label) for n, label in enumerate(masks, 1)],
        series_instance_uid=new_uid(),
        series_number=1,
        sop_instance_uid=new_uid(),
        instance_number=1,
        manufacturer="test",
        manufacturer_model_name="test",
        software_versions="1",
        device_serial_number="1",
        omit_empty_frames=True,
    )


def block(shape=(8, 16, 16)):
    """Mask of 3 planes, 2 rows and 4 columns."""
    mask = np.zeros(shape, dtype=bool)
    mask[3:6, 5:7, 6:10] = True
    return mask


@pytest.fixture
def case():
    return make_case()


def read(folder):
    result = read_courses([folder], ReadOptions())
    return result.courses[-1], result.warnings


def named(course, name):
    (found,) = [structure for structure in course.structures if structure.name == name]
    return found


@pytest.mark.parametrize("reverse", [False, True])
def test_a_segment_has_the_place_and_the_volume_of_its_voxels(tmp_path, case, reverse):
    seg = segmentation_of(case.ct, {"Rectum": block()}, reverse=reverse)
    save_case(case, tmp_path)
    save(seg, tmp_path / "seg.dcm")
    course, _ = read(tmp_path)
    rectum = named(course, "Rectum")
    points = np.concatenate(rectum.contours)
    # CT: columns and rows at -37.5 + 5 i, planes at -10.5 + 3 k, all mm
    np.testing.assert_allclose(points.min(axis=0), [-37.5 + 27.5, -37.5 + 22.5, -10.5 + 9])
    np.testing.assert_allclose(points.max(axis=0), [-37.5 + 47.5, -37.5 + 32.5, -10.5 + 15])
    samples = sample_structure(rectum, slice_spacing_mm=3.0)
    assert samples.volume_cc == pytest.approx(24 * VOXEL_CC, rel=0.005)
    assert {"BODY", "Bladder"} < {structure.name for structure in course.structures}
    assert len({structure.roi_number for structure in course.structures}) == 3


def test_a_segment_with_the_name_of_a_structure_is_called_by_another(tmp_path, case):
    save(segmentation_of(case.ct, {"Bladder": block()}), tmp_path / "seg.dcm")
    save_case(case, tmp_path)
    course, warnings = read(tmp_path)
    assert named(course, "Bladder (SEG 1)")
    assert any("has the name 'Bladder' already" in text for text in warnings)


def test_segments_of_several_files_never_share_a_name(tmp_path, case):
    for number in range(3):
        save(segmentation_of(case.ct, {"Bladder": block()}), tmp_path / f"seg{number}.dcm")
    save_case(case, tmp_path)
    course, _ = read(tmp_path)
    names = [structure.name for structure in course.structures]
    assert len(names) == len(set(names)) == 5


def test_a_segment_without_voxels_is_listed_not_drawn(tmp_path, case):
    masks = {"Rectum": block(), "Empty": np.zeros((8, 16, 16), dtype=bool)}
    save(segmentation_of(case.ct, masks), tmp_path / "seg.dcm")
    save_case(case, tmp_path)
    course, _ = read(tmp_path)
    assert "Empty" in course.empty_structures


def test_fractional_segments_are_cut_at_one_half_and_told(tmp_path, case):
    share = np.where(block(), 0.8, 0.2).astype(np.float32)
    save(segmentation_of(case.ct, {"Rectum": share}, "FRACTIONAL"), tmp_path / "seg.dcm")
    save_case(case, tmp_path)
    course, warnings = read(tmp_path)
    rectum = sample_structure(named(course, "Rectum"), slice_spacing_mm=3.0)
    assert rectum.volume_cc == pytest.approx(24 * VOXEL_CC, rel=0.005)
    assert any("at least 0.5" in text for text in warnings)


def test_a_segmentation_on_another_series_is_not_used_and_counted(tmp_path, case):
    other = make_case(label="OTHER")
    save(segmentation_of(other.ct, {"Rectum": block()}), tmp_path / "seg.dcm")
    save_case(case, tmp_path)
    course, warnings = read(tmp_path)
    assert "Rectum" not in {structure.name for structure in course.structures}
    assert any("1 DICOM object was not used (SEG)" in text for text in warnings)


def test_a_segmentation_of_another_frame_is_left_out_and_told(tmp_path, case):
    seg = segmentation_of(case.ct, {"Rectum": block()})
    seg.FrameOfReferenceUID = new_uid()
    save(seg, tmp_path / "seg.dcm")
    save_case(case, tmp_path)
    course, warnings = read(tmp_path)
    assert "Rectum" not in {structure.name for structure in course.structures}
    assert any("seg.dcm: the segmentation is in another frame" in text for text in warnings)


def test_a_segmentation_that_is_broken_is_left_out_and_told(tmp_path, case):
    seg = segmentation_of(case.ct, {"Rectum": block()})
    del seg.SegmentSequence
    save(seg, tmp_path / "seg.dcm")
    save_case(case, tmp_path)
    course, warnings = read(tmp_path)
    assert {structure.name for structure in course.structures} == {"BODY", "Bladder"}
    assert any("seg.dcm: the segmentation cannot be read" in text for text in warnings)


def test_without_highdicom_segmentations_are_named_with_the_way_out(tmp_path, case, monkeypatch):
    save(segmentation_of(case.ct, {"Rectum": block()}), tmp_path / "seg.dcm")
    save_case(case, tmp_path)
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "highdicom" else find(name)
    )
    course, warnings = read(tmp_path)
    assert "Rectum" not in {structure.name for structure in course.structures}
    assert any("highdicom is not installed" in text and "seg.dcm" in text for text in warnings)


def test_segments_serve_where_there_is_no_structure_set(tmp_path, case):
    save(segmentation_of(case.ct, {"Rectum": block()}), tmp_path / "seg.dcm")
    case.structures = None
    save_case(case, tmp_path)
    course, _ = read(tmp_path)
    assert [structure.name for structure in course.structures] == ["Rectum"]
