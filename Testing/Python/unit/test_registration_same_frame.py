"""A DICOM registration cannot hold a movement inside one frame of reference: refused, not lost."""

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from dicom_factory import make_case, save, save_case, set_dose
from ReirradiationCore.case import Case
from ReirradiationCore.dicom.registration import read_registration
from ReirradiationCore.errors import RefusedError
from ReirradiationCore.pipeline import evaluate_reirradiation
from ReirradiationCore.point_transforms import map_points
from ReirradiationCore.result_dicom import write_result_dicom
from synthetic_courses import shift
from test_dicom_registration import GRID, OLD, TODAY, affine, deformable, linear_field, spatial

UP = affine(None, (0, 0, 3))
EXPORTS = ["cumulative_eqd2", "mapped_dose_prior-1"]


@pytest.mark.parametrize("frame", [TODAY, OLD])
def test_a_matrix_inside_one_frame_of_reference_is_refused(tmp_path, frame):
    path = save(spatial(TODAY, [(TODAY, [affine()]), (OLD, [UP])]), tmp_path / "reg.dcm")
    with pytest.raises(RefusedError, match=rf"reg.dcm: .* both courses have one \({frame}\)"):
        read_registration(path, "reg.dcm", frame, frame)


def test_a_deformation_inside_one_frame_of_reference_is_refused(tmp_path):
    path = save(deformable(TODAY, TODAY, linear_field(), GRID), tmp_path / "dreg.dcm")
    with pytest.raises(RefusedError, match="take identity, rigid, deformable or an ITK transform"):
        read_registration(path, "dreg.dcm", TODAY, TODAY)


def test_a_registered_frame_with_two_items_is_refused_not_taken_for_the_identity(tmp_path):
    items = [(TODAY, [affine()]), (TODAY, [UP]), (OLD, [affine(None, (5, 0, 0))])]
    path = save(spatial(TODAY, items), tmp_path / "reg.dcm")
    with pytest.raises(RefusedError, match=f"{TODAY} is not in it once"):
        read_registration(path, "reg.dcm", TODAY, OLD)


def test_an_item_of_the_registered_frame_counts(tmp_path):
    path = save(spatial(TODAY, [(TODAY, [UP]), (OLD, [affine()])]), tmp_path / "reg.dcm")
    moved, _ = map_points(read_registration(path, "r", TODAY, OLD).transform, np.zeros((1, 3)))
    np.testing.assert_allclose(moved, [[0, 0, 3]], atol=1e-9)


def one_frame(folder):
    """Two courses of the phantom on images of one frame of reference."""
    new = make_case(day="20240101", label="B")
    frame = new.plan.FrameOfReferenceUID
    old = make_case(day="20200101", label="A", frame=frame)
    set_dose(old.dose, np.broadcast_to(16 + np.arange(10.0), (16, 12, 10)))
    save_case(old, folder / "old")
    save_case(new, folder / "new")
    return folder


def evaluated(folder, transform):
    """Evaluate both courses of one frame, registered by an ITK file."""
    path = folder / "shift.tfm"
    sitk.WriteTransform(transform, str(path))
    case = Case((one_frame(folder / "in"),), registration={"prior-1": str(path)})
    return evaluate_reirradiation(case)


@pytest.fixture(scope="module")
def moved(tmp_path_factory):
    return evaluated(tmp_path_factory.mktemp("moved"), shift(3))


@pytest.fixture(scope="module")
def identical(tmp_path_factory):
    folder = tmp_path_factory.mktemp("identical")
    return evaluate_reirradiation(Case((one_frame(folder),)))


def test_a_registration_inside_one_frame_is_not_exported_and_no_dose_refers_to_it(moved, tmp_path):
    write_result_dicom(tmp_path / "out", moved)
    assert not (tmp_path / "out" / "registration_prior-1.dcm").exists()
    for name in EXPORTS:
        dataset = pydicom.dcmread(tmp_path / "out" / f"{name}.dcm")
        assert "ReferencedSpatialRegistrationSequence" not in dataset
        assert "prior-1 moved inside its frame of reference" in dataset.ImageComments


def test_what_is_not_moved_is_not_called_moved(identical, tmp_path):
    assert identical.registrations["prior-1"].result.mode == "identity"
    write_result_dicom(tmp_path / "out", identical)
    for name in EXPORTS:
        comment = pydicom.dcmread(tmp_path / "out" / f"{name}.dcm").ImageComments
        assert "moved inside" not in comment


def test_the_warnings_say_where_the_registration_is_to_be_found(moved, identical):
    (said,) = [text for text in moved.warnings if "is not written as DICOM" in text]
    assert said.startswith("prior-1: ")
    assert "transforms/prior-1.h5" in said
    assert not [text for text in identical.warnings if "is not written as DICOM" in text]
