"""DICOM exports of a run, read back with pydicom, our reader and, where it is, plastimatch."""

import json
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from dicom_factory import make_case, save_case
from installed import program
from ReirradiationCore.case import Case, OrganChoice
from ReirradiationCore.dicom.registration import read_registration
from ReirradiationCore.errors import RefusedError
from ReirradiationCore.grids import Grid, Volume
from ReirradiationCore.letters import Letter
from ReirradiationCore.pipeline import evaluate_reirradiation
from ReirradiationCore.point_transforms import map_points
from ReirradiationCore.result_dicom import write_result_dicom
from ReirradiationCore.result_regions import region_contours, result_regions
from test_dicom_registration import two_courses

EFFECTIVE = ("cumulative_eqd2", "cumulative_eqd2_ab3", "remaining_dose")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Evaluation of two courses matched by a rigid registration, and the folder of its exports."""
    folder = tmp_path_factory.mktemp("run")
    source = two_courses(folder / "in")
    case = Case((source,), registration={"*": "tps"}, protocols=("STRIDeR2025",))
    evaluation = evaluate_reirradiation(case)
    write_result_dicom(folder / "out", evaluation)
    return evaluation, folder / "out"


def dose_of(path):
    dataset = pydicom.dcmread(path)
    return dataset, dataset.pixel_array * float(dataset.DoseGridScaling)


def test_every_export_of_the_issue_is_there(run):
    names = {path.name for path in run[1].iterdir()}
    assert {f"{name}.dcm" for name in EFFECTIVE} <= names
    assert {"mapped_dose_prior-1.dcm", "registration_prior-1.dcm", "regions.dcm"} <= names


@pytest.mark.parametrize("name", EFFECTIVE)
def test_what_a_model_went_into_is_never_physical(run, name):
    dataset, _ = dose_of(run[1] / f"{name}.dcm")
    assert dataset.DoseType == "EFFECTIVE"
    assert "not physical dose" in dataset.ImageComments
    assert [c.CodeValue for c in dataset.DerivationCodeSequence] == ["121371", "121377"]
    assert all(c.CodingSchemeDesignator == "DCM" for c in dataset.DerivationCodeSequence)


def test_a_mapped_prior_dose_is_physical_and_of_its_own_plan(run):
    dataset, _ = dose_of(run[1] / "mapped_dose_prior-1.dcm")
    assert (dataset.DoseType, dataset.DoseSummationType) == ("PHYSICAL", "PLAN")
    (plan,) = dataset.ReferencedRTPlanSequence
    assert plan.ReferencedSOPInstanceUID == run[0].priors[0].phases[0].plan_uid
    assert "background only" in dataset.ImageComments


def test_a_sum_refers_to_all_plans_and_to_structure_set_and_frame_of_today(run):
    evaluation, folder = run
    dataset, _ = dose_of(folder / "cumulative_eqd2.dcm")
    assert dataset.DoseSummationType == "MULTI_PLAN"
    plans = [p.ReferencedSOPInstanceUID for p in dataset.ReferencedRTPlanSequence]
    assert plans == [c.phases[0].plan_uid for c in evaluation.courses]
    structures = dataset.ReferencedStructureSetSequence[0].ReferencedSOPInstanceUID
    assert structures == evaluation.planned.structure_set_uid
    assert dataset.FrameOfReferenceUID == evaluation.planned.frame_of_reference_uid
    assert dataset.StudyInstanceUID == evaluation.planned.study_uid


def test_a_mapped_dose_names_the_registration_it_was_mapped_with(run):
    dataset, _ = dose_of(run[1] / "mapped_dose_prior-1.dcm")
    registration = pydicom.dcmread(run[1] / "registration_prior-1.dcm")
    (used,) = dataset.ReferencedSpatialRegistrationSequence
    assert used.ReferencedSOPInstanceUID == registration.SOPInstanceUID
    assert used.ReferencedSOPClassUID == registration.SOPClassUID
    assert dataset.SpatialTransformOfDose == "RIGID"


def test_alpha_beta_recovery_model_and_software_are_written_into_the_object(run):
    dataset, _ = dose_of(run[1] / "cumulative_eqd2.dcm")
    for part in ("Bladder 3 Gy", "LQ", "prior-1", "ReirradiationPlanner"):
        assert part in dataset.ImageComments
    single, _ = dose_of(run[1] / "cumulative_eqd2_ab3.dcm")
    assert "a/b 3 Gy everywhere, no recovery" in single.ImageComments
    assert "a/b 3 Gy" in single.SeriesDescription


def test_exports_say_that_the_registration_was_not_approved_until_it_is(run, tmp_path):
    dataset, _ = dose_of(run[1] / "cumulative_eqd2.dcm")
    assert dataset.SeriesDescription.startswith("DRAFT: ")
    assert "REGISTRATION NOT APPROVED" in dataset.ImageComments
    match = replace(run[0].registrations["prior-1"], approved_by="A. Physicist")
    write_result_dicom(tmp_path / "out", replace(run[0], registrations={"prior-1": match}))
    dataset, _ = dose_of(tmp_path / "out" / "cumulative_eqd2.dcm")
    assert not dataset.SeriesDescription.startswith("DRAFT")
    assert "NOT APPROVED" not in dataset.ImageComments


def test_the_sum_of_one_alpha_beta_is_that_of_the_phantom(run):
    # Dose 16 + 0.2 z in 20 fractions; the old course lies 3 mm lower: 0.6 Gy less.
    evaluation, folder = run
    _, dose = dose_of(folder / "cumulative_eqd2_ab3.dcm")
    z = evaluation.maps["cumulative_eqd2"].grid.points_at(
        np.array([[0.0, 0, k] for k in range(16)])
    )
    now, old = 16 + 0.2 * z[:, 2], 16 + 0.2 * (z[:, 2] - 3)
    expected = now * (now / 20 + 3) / 5 + old * (old / 20 + 3) / 5
    np.testing.assert_allclose(dose[1:, 5, 5], expected[1:], rtol=1e-4)


@pytest.mark.parametrize("name", ["cumulative_eqd2", "mapped_dose_prior-1", "remaining_dose"])
def test_the_scaling_error_is_at_most_a_hundredth_of_a_percent(run, name):
    evaluation, folder = run
    dataset, dose = dose_of(folder / f"{name}.dcm")
    wanted = evaluation.maps[name].array
    known = np.isfinite(wanted)
    assert np.abs(dose[known] - wanted[known]).max() <= 1e-4 * wanted[known].max()
    if not known.all():
        assert dataset.DoseComment.startswith("Unknown is stored as 0")


def test_uids_are_our_own_and_the_same_again(run, tmp_path):
    evaluation, folder = run
    write_result_dicom(tmp_path / "again", evaluation)
    for path in sorted(folder.iterdir()):
        first, again = pydicom.dcmread(path), pydicom.dcmread(tmp_path / "again" / path.name)
        assert first.SOPInstanceUID.startswith("2.25.")
        assert first.SOPInstanceUID == again.SOPInstanceUID
        assert first.SeriesInstanceUID == again.SeriesInstanceUID
    used = {uid for _, uid, _ in evaluation.files}
    assert not used & {pydicom.dcmread(p).SOPInstanceUID for p in folder.iterdir()}


def test_the_registration_reads_back_as_the_transform_that_was_used(run):
    evaluation, folder = run
    path = folder / "registration_prior-1.dcm"
    frames = (c.frame_of_reference_uid for c in (evaluation.planned, evaluation.priors[0]))
    found = read_registration(path, path.name, *frames)
    points = np.random.default_rng(1).uniform(-40, 40, (50, 3))
    used = evaluation.registrations["prior-1"].result.transform
    difference = map_points(found.transform, points)[0] - map_points(used, points)[0]
    assert np.abs(difference).max() < 0.1


def test_nothing_is_overwritten(run):
    with pytest.raises(RefusedError, match="is not overwritten"):
        write_result_dicom(run[1], run[0])


def test_regions_are_drawn_on_the_planning_ct(run):
    evaluation, folder = run
    dataset = pydicom.dcmread(folder / "regions.dcm")
    names = [roi.ROIName for roi in dataset.StructureSetROISequence]
    assert names == ["Overlap_5Gy"]
    planes = {uid for path, uid, kind in evaluation.files if kind == "CT"}
    for contour in dataset.ROIContourSequence[0].ContourSequence:
        (image,) = contour.ContourImageSequence
        assert image.ReferencedSOPInstanceUID in planes
    assert dataset.StructureSetROISequence[0].ROIGenerationAlgorithm == "AUTOMATIC"


def test_a_letter_is_named_as_left_out_and_no_remaining_dose_is_written(tmp_path):
    save_case(make_case(), tmp_path / "in")
    case = Case((tmp_path / "in",), letters={"old": Letter("Pelvis", 45.0, 25)})
    write_result_dicom(tmp_path / "out", evaluate_reirradiation(case))
    assert not (tmp_path / "out" / "remaining_dose.dcm").exists()
    dataset = pydicom.dcmread(tmp_path / "out" / "cumulative_eqd2.dcm")
    assert "WITHOUT old, known only from a letter" in dataset.ImageComments


def test_a_sum_that_is_unknown_everywhere_is_left_out(run, tmp_path):
    evaluation = run[0]
    unknown = evaluation.maps["cumulative_eqd2"]
    nothing = Volume(np.full(unknown.grid.shape, np.nan, np.float32), unknown.grid)
    maps = {**evaluation.maps, "cumulative_eqd2": nothing}
    write_result_dicom(tmp_path / "out", replace(evaluation, maps=maps))
    assert not (tmp_path / "out" / "cumulative_eqd2.dcm").exists()
    assert (tmp_path / "out" / "mapped_dose_prior-1.dcm").exists()


def cylinder(radius=12.0):
    """Depth of an axial cylinder on a 2 mm grid: exact between samples along its radius."""
    grid = Grid((40, 40, 10), (2.0, 2.0, 2.0), (-39.0, -39.0, -9.0))
    x, y, _ = grid.centers_lps().T
    return Volume((radius - np.hypot(x, y)).reshape(grid.shape), grid)


def test_region_contours_enclose_the_area_of_the_region():
    heights = np.array([-30.0, -9.0, 0.0, 8.5, 30.0])
    loops = list(region_contours(cylinder(), heights))
    assert [float(loop[0, 2]) for loop in loops] == [-9.0, 0.0, 8.5]
    for loop in loops:
        np.testing.assert_allclose(np.hypot(loop[:, 0], loop[:, 1]), 12.0, atol=0.05)


def test_a_region_at_the_border_of_the_map_stays_closed_inside_half_a_voxel():
    grid = Grid((10, 10, 1), (2.0, 2.0, 2.0))
    (loop,) = region_contours(Volume(np.full((1, 10, 10), 5.0), grid), np.array([0.0]))
    assert loop[:, :2].min() > -1.0
    assert loop[:, :2].max() < 19.0


def test_unknown_dose_is_in_no_region():
    volume = cylinder()
    volume.array[:, :, :20] = np.nan
    for loop in region_contours(volume, np.array([0.0])):
        assert loop[:, 0].min() > -1.0


def test_over_limit_regions_are_where_the_limit_is_exceeded():
    grid = cylinder().grid
    depth = cylinder().array
    maps = {
        "cumulative_eqd2": Volume(depth, grid),
        "tolerance_percent": Volume(100 + depth, grid),
        "over_limit": Volume((depth > 4).astype(float), grid),
        "eqd2_prior-1": Volume(5 + depth, grid),
        "eqd2_planned": Volume(np.full(grid.shape, 9.0), grid),
    }
    found = {s.name: s for s in result_regions(maps, ("prior-1",), "planned", np.array([0.0]))}
    assert set(found) == {"OverLimit", "OverLimit_Prior", "Overlap_5Gy"}
    radii = {n: np.hypot(*s.contours[0][:, :2].T).mean() for n, s in found.items()}
    assert radii["OverLimit"] == pytest.approx(12, abs=0.05)
    assert radii["Overlap_5Gy"] == pytest.approx(12, abs=0.05)
    assert radii["OverLimit_Prior"] == pytest.approx(8, abs=0.6)


def _missing(dataset, modules, attributes):
    """Attributes the standard requires of the mandatory modules that are not there or empty."""
    for module in (m["key"] for m in modules if m["usage"] == "M"):
        for rule in (r for r in attributes[module] if r["type"] in ("1", "2")):
            items = [dataset]
            for keyword in rule["path"]:
                items = [one for item in items for one in (item.get(keyword) or [])]
            for item in items:
                if rule["keyword"] not in item or (
                    rule["type"] == "1" and item[rule["keyword"]].is_empty
                ):
                    yield "/".join([*rule["path"], rule["keyword"]])


def test_every_attribute_the_standard_requires_is_there(run):
    highdicom = pytest.importorskip("highdicom", reason="its tables of the standard are needed")
    tables = Path(highdicom.__file__).parent / "_standard"
    names = ("sop_class_iod_map", "iod_module_map", "module_attribute_map")
    kinds, modules, attributes = (json.loads((tables / f"{n}.json").read_text()) for n in names)
    for path in sorted(run[1].iterdir()):
        dataset = pydicom.dcmread(path)
        missing = list(_missing(dataset, modules[kinds[dataset.SOPClassUID]], attributes))
        assert not missing, path.name


def test_plastimatch_reads_the_same_dose(run, tmp_path):
    plastimatch = program("plastimatch", "PyPI")
    source, target = run[1] / "cumulative_eqd2.dcm", tmp_path / "dose.nrrd"
    command = [plastimatch, "convert", "--input-dose-img", source, "--output-dose-img", target]
    subprocess.run(command, check=True, capture_output=True)
    image = sitk.ReadImage(str(target))
    dataset, dose = dose_of(source)
    np.testing.assert_allclose(sitk.GetArrayFromImage(image), dose, rtol=1e-4, atol=1e-3)
    np.testing.assert_allclose(image.GetOrigin(), dataset.ImagePositionPatient, atol=1e-3)


def dvh_of(dataset, number):
    """Doses (Gy) and volumes (cc) of the DVH of one ROI, and its item."""
    (found,) = [
        item
        for item in dataset.DVHSequence
        if item.DVHReferencedROISequence[0].ReferencedROINumber == number
    ]
    data = np.array(found.DVHData, dtype=float).reshape(-1, 2)
    return np.concatenate([[0.0], np.cumsum(data[:-1, 0])]), data[:, 1], found


def test_a_dose_carries_the_dvh_of_each_structure_all_of_whose_dose_is_known(run):
    evaluation, folder = run
    dataset, _ = dose_of(folder / "mapped_dose_prior-1.dcm")
    known = [o for o in evaluation.organs if o.known_prior_dose["prior-1"] == 1]
    assert known
    assert len(dataset.DVHSequence) == len(known)
    for organ in known:
        dose, volume, item = dvh_of(dataset, organ.model.structure.roi_number)
        values = organ.doses.priors["prior-1"].physical()
        weights = organ.doses.samples.volumes_cc
        assert (item.DVHType, item.DoseUnits, item.DoseType) == ("CUMULATIVE", "GY", "PHYSICAL")
        assert len(volume) == item.DVHNumberOfBins
        for level in (0, len(dose) // 2, -1):
            received = weights[values >= dose[level]].sum()
            assert volume[level] == pytest.approx(received, rel=1e-5, abs=1e-5)
        assert float(item.DVHMeanDose) == pytest.approx(np.average(values, weights=weights))
        assert float(item.DVHMaximumDose) == pytest.approx(values.max())


def test_the_dvh_of_a_sum_is_effective_and_with_the_alpha_beta_of_its_dose(run):
    evaluation, folder = run
    dataset, _ = dose_of(folder / "cumulative_eqd2_ab3.dcm")
    organ = next(o for o in evaluation.organs if o.known_prior_dose["prior-1"] == 1)
    *_, item = dvh_of(dataset, organ.model.structure.roi_number)
    eqd2 = organ.doses.planned.eqd2(3.0) + organ.doses.priors["prior-1"].eqd2(3.0)
    assert item.DoseType == "EFFECTIVE"
    assert float(item.DVHMaximumDose) == pytest.approx(eqd2.max())


def test_comment_and_dvh_of_the_painted_sum_are_of_the_alpha_beta_its_voxels_have(tmp_path):
    # the limit of the bladder is in EQD2 of alpha/beta 3, which the voxels are painted with
    source = two_courses(tmp_path / "in")
    case = Case(
        (source,), registration={"*": "tps"}, protocols=("STRIDeR2025",),
        organs={"Bladder": OrganChoice(alpha_beta_gy=8.0)},
    )  # fmt: skip
    evaluation = evaluate_reirradiation(case)
    write_result_dicom(tmp_path / "out", evaluation)
    dataset, _ = dose_of(tmp_path / "out" / "cumulative_eqd2.dcm")
    assert "Bladder 3 Gy" in dataset.ImageComments
    assert "Bladder 8 Gy" not in dataset.ImageComments
    organ = next(o for o in evaluation.organs if o.model.name == "Bladder")
    *_, item = dvh_of(dataset, organ.model.structure.roi_number)
    eqd2 = organ.doses.planned.eqd2(3.0) + organ.doses.priors["prior-1"].eqd2(3.0)
    assert float(item.DVHMaximumDose) == pytest.approx(eqd2.max())


def test_a_dose_names_every_image_of_the_planning_ct(run):
    evaluation, folder = run
    images = {uid for path, uid, modality in evaluation.files if modality == "CT"}
    own = {
        uid for path, uid, _ in evaluation.files if path in set(evaluation.planned.files)
    } & images
    dataset, _ = dose_of(folder / "cumulative_eqd2.dcm")
    assert own
    assert {i.ReferencedSOPInstanceUID for i in dataset.ReferencedImageSequence} == own


def narrowed(dataset):
    """A dose with 16 bits per cell: the validator stops at 32, which the standard allows."""
    if dataset.Modality == "RTDOSE":
        high = np.frombuffer(dataset.PixelData, "<u4") >> 16
        dataset.PixelData = high.astype("<u2").tobytes()
        dataset.BitsAllocated = dataset.BitsStored = 16
        dataset.HighBit = 15
    return dataset


# asked for whatever the body part is, which the validator cannot know
LATERALITY = "Missing attribute Type 2C Conditional Element=<Laterality>"


def test_a_validator_of_the_standard_finds_no_error(run, tmp_path):
    validator = program("dciodvfy", "Debian package dicom3tools")
    for path in sorted(run[1].iterdir()):
        copy = tmp_path / path.name
        narrowed(pydicom.dcmread(path)).save_as(copy)
        said = subprocess.run([validator, copy], check=False, capture_output=True, text=True).stderr
        errors = [line for line in said.splitlines() if line.startswith("Error")]
        assert [line for line in errors if LATERALITY not in line] == [], path.name
        assert any(name in said for name in ("RTDose", "RTStructureSet", "SpatialRegistration"))
