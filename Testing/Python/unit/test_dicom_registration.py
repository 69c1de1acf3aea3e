"""DICOM Spatial and Deformable Spatial Registration: direction, chains, grids, and reading back."""

import numpy as np
import pytest
import SimpleITK as sitk
from dicom_factory import common_of, make_case, new_object, save, save_case
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from ReirradiationCore.case import Case
from ReirradiationCore.courses import Patient
from ReirradiationCore.dicom.registration import read_registration, read_registration_file
from ReirradiationCore.dicom.write_common import SeriesInfo, StudyInfo
from ReirradiationCore.dicom.write_registration import write_registration
from ReirradiationCore.errors import RefusedError
from ReirradiationCore.grids import Grid
from ReirradiationCore.pipeline import evaluate_reirradiation
from ReirradiationCore.point_transforms import map_points

SPATIAL = "1.2.840.10008.5.1.4.1.1.66.1"
DEFORMABLE = "1.2.840.10008.5.1.4.1.1.66.3"
TODAY, OLD, THIRD = "2.25.11", "2.25.22", "2.25.33"
POINTS = np.array([[0.0, 0, 0], [10, 20, 30], [-15, 5, -8], [7.5, -2.25, 3]])
TURN = np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]])


def affine(linear=None, offset=(0.0, 0.0, 0.0)):
    matrix = np.eye(4)
    matrix[:3, :3] = np.eye(3) if linear is None else linear
    matrix[:3, 3] = offset
    return matrix


def matrix_item(matrix, kind="RIGID"):
    item = Dataset()
    item.FrameOfReferenceTransformationMatrix = [f"{v:.10g}" for v in np.ravel(matrix)]
    item.FrameOfReferenceTransformationMatrixType = kind
    return item


def spatial(registered, items, kind="RIGID"):
    """Return a Spatial Registration: ``items`` is a list of (source frame, matrices)."""
    common = {
        "PatientID": "TEST-1",
        "StudyInstanceUID": "2.25.5",
        "FrameOfReferenceUID": registered,
    }
    dataset = new_object(common, SPATIAL, "REG")
    dataset.RegistrationSequence = Sequence()
    for source, matrices in items:
        item, registration = Dataset(), Dataset()
        item.FrameOfReferenceUID = source
        registration.MatrixSequence = Sequence([matrix_item(m, kind) for m in matrices])
        item.MatrixRegistrationSequence = Sequence([registration])
        dataset.RegistrationSequence.append(item)
    return dataset


def deformable(registered, source, vectors, grid, before=None, after=None):
    """Return a Deformable Spatial Registration of one item; vectors (k, j, i, 3)."""
    common = {
        "PatientID": "TEST-1",
        "StudyInstanceUID": "2.25.5",
        "FrameOfReferenceUID": registered,
    }
    dataset = new_object(common, DEFORMABLE, "REG")
    item, offsets = Dataset(), Dataset()
    item.SourceFrameOfReferenceUID = source
    if before is not None:
        item.PreDeformationMatrixRegistrationSequence = Sequence([matrix_item(before)])
    if after is not None:
        item.PostDeformationMatrixRegistrationSequence = Sequence([matrix_item(after)])
    offsets.ImagePositionPatient = list(grid.origin_lps)
    offsets.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    offsets.GridDimensions = list(grid.size)
    offsets.GridResolution = list(grid.spacing_mm)
    offsets.VectorGridData = np.asarray(vectors, "<f4").tobytes()
    item.DeformableRegistrationGridSequence = Sequence([offsets])
    dataset.DeformableRegistrationSequence = Sequence([item])
    return dataset


GRID = Grid((9, 8, 7), (10.0, 10.0, 12.0), (-40.0, -35.0, -36.0))


def linear_field(grid=GRID):
    """Offsets (k, j, i, 3) that grow along x: trilinear interpolation of them is exact."""
    centers = grid.centers_lps()
    offsets = np.stack([0.1 * centers[:, 0] + 2, 0.05 * centers[:, 2], -1 + 0 * centers[:, 0]], 1)
    return offsets.reshape(*grid.shape, 3)


def offsets_at(points):
    x, z = points[:, 0], points[:, 2]
    return np.stack([0.1 * x + 2, 0.05 * z, np.full(len(points), -1.0)], axis=1)


def mapped(path, origin=TODAY, goal=OLD, points=POINTS):
    found, known = map_points(read_registration(path, path.name, origin, goal).transform, points)
    assert known.all()
    return found


def test_a_matrix_takes_points_of_its_source_to_the_registered_frame(tmp_path):
    # old point p is at TURN p + (1, 2, 3) today; so today's q is at TURN^T (q - (1, 2, 3)) then
    matrix = affine(TURN, (1, 2, 3))
    path = save(spatial(TODAY, [(OLD, [matrix])]), tmp_path / "reg.dcm")
    expected = (POINTS - (1, 2, 3)) @ TURN
    np.testing.assert_allclose(mapped(path), expected, atol=1e-9)
    np.testing.assert_allclose(mapped(path, OLD, TODAY), POINTS @ TURN.T + (1, 2, 3), atol=1e-9)


def test_a_registered_frame_that_is_the_prior_one_is_read_the_other_way(tmp_path):
    matrix = affine(TURN, (1, 2, 3))
    path = save(spatial(OLD, [(TODAY, [matrix])]), tmp_path / "reg.dcm")
    np.testing.assert_allclose(mapped(path), POINTS @ TURN.T + (1, 2, 3), atol=1e-9)


def test_two_items_are_chained_through_a_third_frame(tmp_path):
    today, old = affine(TURN, (5, 0, 0)), affine(None, (0, 7, 0))
    path = save(spatial(THIRD, [(TODAY, [today]), (OLD, [old])]), tmp_path / "reg.dcm")
    expected = POINTS @ TURN.T + (5, 0, 0) - np.array([0, 7, 0])
    np.testing.assert_allclose(mapped(path), expected, atol=1e-9)


def test_the_first_matrix_of_a_chain_is_applied_first_and_told(tmp_path):
    chain = [affine(None, (10, 0, 0)), affine(TURN)]
    path = save(spatial(OLD, [(TODAY, chain)]), tmp_path / "reg.dcm")
    found = read_registration(path, "reg.dcm", TODAY, OLD)
    expected = (POINTS + np.array([10, 0, 0])) @ TURN.T
    np.testing.assert_allclose(map_points(found.transform, POINTS)[0], expected, atol=1e-9)
    assert "the first was applied first" in found.notes[0]


def test_a_rigid_registration_has_a_rigid_part_and_an_affine_one_has_none(tmp_path):
    rigid = save(spatial(TODAY, [(OLD, [affine(TURN)])]), tmp_path / "rigid.dcm")
    shear = affine([[1, 0.2, 0], [0, 1.1, 0], [0, 0, 1]])
    other = save(spatial(TODAY, [(OLD, [shear])], "AFFINE"), tmp_path / "affine.dcm")
    assert read_registration(rigid, "r", TODAY, OLD).rigid is not None
    assert read_registration(other, "a", TODAY, OLD).rigid is None


def test_a_deformable_one_takes_points_of_the_registered_frame_to_its_source(tmp_path):
    path = save(deformable(TODAY, OLD, linear_field(), GRID), tmp_path / "dreg.dcm")
    np.testing.assert_allclose(mapped(path), POINTS + offsets_at(POINTS), atol=1e-5)


def test_the_grid_is_added_after_the_first_matrix_and_before_the_last(tmp_path):
    before, after = affine(TURN, (1, 0, 0)), affine(None, (0, 0, 50))
    dataset = deformable(TODAY, OLD, linear_field(), GRID, before, after)
    path = save(dataset, tmp_path / "dreg.dcm")
    # PS3.3 C.20.3.1.1: post (pre x + offset(x)), the grid lying in the registered frame
    expected = POINTS @ TURN.T + (1, 0, 0) + offsets_at(POINTS) + (0, 0, 50)
    np.testing.assert_allclose(mapped(path), expected, atol=1e-4)


def test_a_deformation_made_the_other_way_round_is_inverted_and_told(tmp_path):
    path = save(deformable(OLD, TODAY, linear_field(), GRID), tmp_path / "dreg.dcm")
    inside = np.array([[0.0, 0, 0], [8, -6, 10], [-12, 4, -9]])
    found = read_registration(path, "dreg.dcm", TODAY, OLD)
    back, known = map_points(found.transform, inside + offsets_at(inside))
    assert known.all()
    np.testing.assert_allclose(back, inside, atol=0.05)
    assert "inverted numerically" in found.notes[0]


def test_undefined_offsets_lead_outside_every_image(tmp_path):
    vectors = linear_field()
    vectors[:, :, :4] = np.nan
    path = save(deformable(TODAY, OLD, vectors, GRID), tmp_path / "dreg.dcm")
    there = mapped(path, points=np.array([[-30.0, 0, 0], [30, 0, 0]]))
    assert np.abs(there[0]).max() > 1e5
    np.testing.assert_allclose(there[1], [35, 0, -1], atol=1e-5)


def without(keyword):
    def change(dataset):
        item = dataset.DeformableRegistrationSequence[0].DeformableRegistrationGridSequence[0]
        delattr(item, keyword)

    return change


def short_data(dataset):
    item = dataset.DeformableRegistrationSequence[0].DeformableRegistrationGridSequence[0]
    item.VectorGridData = item.VectorGridData[:-12]


def huge_grid(dataset):
    item = dataset.DeformableRegistrationSequence[0].DeformableRegistrationGridSequence[0]
    item.GridDimensions = [60000, 60000, 60000]


def negative_spacing(dataset):
    item = dataset.DeformableRegistrationSequence[0].DeformableRegistrationGridSequence[0]
    item.GridResolution = [10.0, -10.0, 12.0]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (without("GridDimensions"), "not complete"),
        (without("VectorGridData"), "not complete"),
        (short_data, "holds 503"),
        (huge_grid, "vectors and holds"),
        (negative_spacing, "not a grid"),
    ],
)
def test_a_deformation_grid_that_cannot_be_is_refused(tmp_path, change, reason):
    dataset = deformable(TODAY, OLD, linear_field(), GRID)
    change(dataset)
    path = save(dataset, tmp_path / "dreg.dcm")
    with pytest.raises(RefusedError, match=reason):
        read_registration(path, "dreg.dcm", TODAY, OLD)


BAD_ROW = affine()
BAD_ROW[3, 0] = 0.5


@pytest.mark.parametrize(
    ("matrix", "reason"),
    [
        (np.eye(3), "16 numbers"),
        (BAD_ROW, "last row"),
        (affine(np.diag([1.0, 1, -1])), "mirrors or flattens"),
        (affine(np.diag([1.0, 1, 0])), "mirrors or flattens"),
        (affine(np.diag([1.0, 1, 1.5])), "called RIGID but is not"),
    ],
)
def test_a_matrix_that_cannot_be_is_refused(tmp_path, matrix, reason):
    path = save(spatial(TODAY, [(OLD, [matrix])]), tmp_path / "reg.dcm")
    with pytest.raises(RefusedError, match=reason):
        read_registration(path, "reg.dcm", TODAY, OLD)


def test_an_item_without_a_matrix_is_refused(tmp_path):
    path = save(spatial(TODAY, [(OLD, [])]), tmp_path / "reg.dcm")
    with pytest.raises(RefusedError, match="has no matrix"):
        read_registration(path, "reg.dcm", TODAY, OLD)


def test_a_registration_of_other_frames_is_refused(tmp_path):
    path = save(spatial(TODAY, [(THIRD, [affine()])]), tmp_path / "reg.dcm")
    with pytest.raises(RefusedError, match="does not tie the frames"):
        read_registration(path, "reg.dcm", TODAY, OLD)


def test_two_items_of_one_frame_cannot_be_told_apart_and_are_refused(tmp_path):
    twice = [(OLD, [affine()]), (OLD, [affine(None, (1, 0, 0))])]
    path = save(spatial(TODAY, twice), tmp_path / "reg.dcm")
    with pytest.raises(RefusedError, match="does not tie the frames"):
        read_registration(path, "reg.dcm", TODAY, OLD)


def test_another_object_is_not_a_registration(tmp_path):
    folder = save_case(make_case(), tmp_path)
    with pytest.raises(RefusedError, match="is not a DICOM registration"):
        read_registration_file(folder / "RP.dcm", "RP.dcm")


STUDY = StudyInfo(Patient("TEST-1"), "2.25.5", TODAY)


def written(tmp_path, transform):
    series = SeriesInfo("2.25.6", 1, "Registration", "20240101", "120000")
    path = tmp_path / "out.dcm"
    return write_registration(path, transform, OLD, STUDY, series, "2.25.7", GRID)


def test_a_rigid_registration_is_read_back_in_both_directions(tmp_path):
    transform = sitk.Euler3DTransform((3.0, 4.0, 5.0), 0.1, -0.05, 0.2, (11.0, -7.0, 2.0))
    path = written(tmp_path, sitk.Transform(transform))
    expected, _ = map_points(transform, POINTS)
    np.testing.assert_allclose(mapped(path), expected, atol=1e-3)
    np.testing.assert_allclose(mapped(path, OLD, TODAY, expected), POINTS, atol=1e-3)
    assert read_registration_file(path, "out").links(TODAY, OLD)


def test_a_deformation_is_read_back_within_a_tenth_of_a_millimetre(tmp_path):
    rng = np.random.default_rng(3)
    image = sitk.GetImageFromArray(rng.normal(0, 4, (*GRID.shape, 3)), isVector=True)
    image.SetSpacing(GRID.spacing_mm)
    image.SetOrigin(GRID.origin_lps)
    both = sitk.CompositeTransform(3)
    both.AddTransform(sitk.Euler3DTransform((0.0, 0, 0), 0.1, 0.0, 0.05, (4.0, 0, 1)))
    both.AddTransform(sitk.DisplacementFieldTransform(image))
    path = written(tmp_path, sitk.Transform(both))
    points = rng.uniform(-30, 30, (500, 3))
    expected, _ = map_points(both, points)
    found = mapped(path, points=points)
    assert np.abs(found - expected).max() < 0.1
    assert np.abs(found - expected).max() < 1e-4  # the field's own grid makes it exact


def test_an_output_file_is_never_overwritten(tmp_path):
    written(tmp_path, sitk.Transform(3, sitk.sitkIdentity))
    with pytest.raises(RefusedError, match="is not overwritten"):
        written(tmp_path, sitk.Transform(3, sitk.sitkIdentity))


def two_courses(folder, shift=(0.0, 0.0, 3.0)):
    """Write two courses of the phantom and the registration of the planning system."""
    old, new = make_case(day="20200101", label="A"), make_case(day="20240101", label="B")
    save_case(old, folder / "old")
    save_case(new, folder / "new")
    frames = old.plan.FrameOfReferenceUID, new.plan.FrameOfReferenceUID
    registration = spatial(frames[1], [(frames[0], [affine(None, shift)])])
    for keyword, value in common_of(new.plan).items():
        setattr(registration, keyword, value)
    save(registration, folder / "new" / "REG.dcm")
    return folder


def prior_maximum(evaluation):
    (bladder,) = (o for o in evaluation.organs if o.model.name == "Bladder")
    return float(np.nanmax(bladder.doses.priors["prior-1"].physical()))


def test_mode_tps_uses_the_registration_found_among_the_files(tmp_path):
    folder = two_courses(tmp_path)
    evaluation = evaluate_reirradiation(Case((folder,), registration={"prior-1": "tps"}))
    result = evaluation.registrations["prior-1"].result
    assert result.engine == "DICOM Spatial Registration REG.dcm"
    # the matrix moves old points 3 mm up, so today's z is read 3 mm lower in the old dose
    still = evaluate_reirradiation(
        Case((two_courses(tmp_path / "b", (0.0, 0.0, 0.0)),), registration={"*": "tps"})
    )
    assert prior_maximum(evaluation) - prior_maximum(still) == pytest.approx(-0.6, abs=1e-3)
    assert any(str(f[0]).endswith("REG.dcm") for f in evaluation.files)


def test_a_registration_file_can_be_given_by_name(tmp_path):
    folder = two_courses(tmp_path)
    chosen = {"prior-1": str(folder / "new" / "REG.dcm")}
    evaluation = evaluate_reirradiation(Case((folder,), registration=chosen))
    assert "Spatial Registration" in evaluation.registrations["prior-1"].result.engine


def test_a_registration_that_is_found_and_not_used_is_told_with_the_way_to_use_it(tmp_path):
    folder = two_courses(tmp_path)
    from ReirradiationCore.dicom import read_courses  # noqa: PLC0415
    from ReirradiationCore.dicom_registrar import offered_registrations  # noqa: PLC0415

    (text,) = offered_registrations(read_courses([folder]), Case())
    assert "--registration prior-1=tps" in text
    assert "not used" in text


def test_mode_tps_without_a_fitting_registration_is_refused(tmp_path):
    folder = two_courses(tmp_path)
    (folder / "new" / "REG.dcm").unlink()
    with pytest.raises(RefusedError, match="found none"):
        evaluate_reirradiation(Case((folder,), registration={"*": "tps"}))


def test_a_broken_registration_is_told_and_not_used(tmp_path):
    from ReirradiationCore.dicom import read_courses  # noqa: PLC0415

    folder = two_courses(tmp_path)
    broken = spatial("", [("", [affine()])])
    broken.PatientName, broken.PatientBirthDate, broken.PatientSex = "TEST^CASE", "19500101", "O"
    save(broken, folder / "new" / "REG.2.dcm")
    found = read_courses([folder])
    assert sorted(len(r.frames) for r in found.registrations) == [0, 2]
