"""The demo command, looked at as a user would: every output, against the true deformation."""

import csv
import json

import jsonschema
import numpy as np
import pytest
import SimpleITK as sitk
from conftest import metric, run
from ReirradiationCore.demo import true_displacement_field, true_transform
from ReirradiationCore.grids import Grid, Volume, sample_volume
from ReirradiationCore.point_transforms import map_points, read_transform
from ReirradiationCore.warning import WARNING
from source_tree import REPOSITORY

SCHEMAS = REPOSITORY / "ReirradiationPlanner" / "ReirradiationCore" / "schemas"
MAPS = {
    "alpha_beta", "recovery_prior-1", "mapped_dose_prior-1", "mapped_dose_planned",
    "eqd2_prior-1", "eqd2_planned", "cumulative_eqd2", "tolerance_percent", "overlap_eqd2",
    "remaining_dose", "over_limit", "cumulative_no_recovery", "recovery_difference",
    "mapping_difference",
}  # fmt: skip


def read_map(demo_folder, name):
    return Volume.from_sitk(sitk.ReadImage(str(demo_folder / "result" / "maps" / f"{name}.nrrd")))


@pytest.fixture(scope="session")
def true_results(demo_folder, tmp_path_factory):
    """The same case evaluated with the deformation it was made with."""
    folder = tmp_path_factory.mktemp("truth")
    reference = read_map(demo_folder, "cumulative_eqd2").grid
    grid = Grid(
        tuple(int(n * reference.spacing_mm[0] / 3) + 30 for n in reference.size),
        (3.0, 3.0, 3.0),
        tuple(o - 42 for o in reference.origin_lps),
    )
    field = true_displacement_field(grid)
    image = sitk.Cast(field.to_sitk(), sitk.sitkVectorFloat64)
    sitk.WriteImage(image, str(folder / "truth.nrrd"))
    arguments = ("--registration", str(folder / "truth.nrrd"), "--protocol", "STRIDeR2025")
    case = str(demo_folder / "case")
    return run(folder / "result", "evaluate", case, *arguments, "--recovery", "strider_33")


def test_every_file_of_the_contract_is_written(demo_folder):
    result = demo_folder / "result"
    names = {"results.json", "case.json", "metrics.csv", "dvh.csv", "report.html", "scene.mrb"}
    assert names <= {path.name for path in result.iterdir()}
    assert {path.stem for path in (result / "maps").glob("*.nrrd")} == MAPS
    assert [path.name for path in (result / "transforms").iterdir()] == ["prior-1.h5"]
    assert list((result / "dicom").glob("*.dcm"))
    assert not list(demo_folder.glob(".unfinished*"))


def test_results_and_case_file_follow_their_published_schemas(demo_folder, demo_results):
    schema = json.loads((SCHEMAS / "results.schema.json").read_text())
    jsonschema.validate(demo_results, schema)
    case = json.loads((demo_folder / "result" / "case.json").read_text())
    jsonschema.validate(case, json.loads((SCHEMAS / "case.schema.json").read_text()))


def test_both_courses_are_read_with_their_fractions_and_interval(demo_results):
    prior, planned = demo_results["courses"]
    assert (prior["id"], prior["role"]) == ("prior-1", "prior")
    assert (planned["id"], planned["role"]) == ("planned", "planned")
    assert prior["phases"][0]["fractions_delivered"] == 37
    assert prior["phases"][0]["prescribed_dose_gy"] == pytest.approx(74)
    assert planned["phases"][0]["fractions_delivered"] == 5
    assert prior["interval_months"] == pytest.approx(30, abs=0.5)
    assert prior["frame_of_reference_uid"] != planned["frame_of_reference_uid"]


def test_every_metric_of_the_contract_is_given_or_explained(demo_results):
    names = {
        "Dmax", "D0.03cc", "D0.035cc", "D0.1cc", "D1cc", "D10cc",
        "D2%", "D50%", "D95%", "D98%", "Dmean",
    }  # fmt: skip
    combinations = {("PHYSICAL", "prior-1"), ("EQD2", "prior-1"), ("PHYSICAL", "planned"),
                    ("EQD2", "planned"), ("EQD2", "cumulative"),
                    ("EQD2", "cumulative_no_recovery")}  # fmt: skip
    for structure in demo_results["structures"]:
        rows = structure["metrics"]
        for quantity, course in combinations:
            found = {
                r["metric"] for r in rows if (r["quantity"], r["course"]) == (quantity, course)
            }
            assert names <= found, (structure["name"], quantity, course)
        assert all(r["value"] is not None or r["note"] for r in rows)


def test_recovery_is_given_to_plexus_and_cauda_only(demo_results):
    for structure in demo_results["structures"]:
        neural = structure["standard_name"] in ("SacralPlex_L", "SacralPlex_R", "CaudaEquina")
        assert structure["recovery"]["prior-1"] == (0.33 if neural else 0.0), structure["name"]


def test_limits_are_judged_in_both_layers(demo_results):
    scopes = {row["scope"] for row in demo_results["constraints"]}
    assert scopes == {"cumulative", "rert_only"}
    verdicts = {row["verdict"] for row in demo_results["constraints"]}
    assert verdicts <= {"PASS", "MARGINAL", "FAIL", "NOT EVALUABLE"}
    assert {"PASS", "FAIL"} <= verdicts


def test_registration_error_is_at_most_one_millimetre_on_average(demo_folder):
    """Against the closed-form deformation, inside the body and the field of view of both CTs."""
    alpha_beta = read_map(demo_folder, "mapped_dose_prior-1")
    known = ~np.isnan(alpha_beta.array.ravel())
    points = alpha_beta.grid.centers_lps()[known]
    body = sample_volume(read_map(demo_folder, "eqd2_prior-1"), points) > 0.3
    points = points[body][::7]
    mapped, inside = map_points(
        read_transform(demo_folder / "result" / "transforms" / "prior-1.h5"), points
    )
    error = np.linalg.norm(mapped - true_transform()(points), axis=1)[inside]
    assert error.mean() <= 1.0
    assert np.percentile(error, 95) <= 2.5


def test_cumulative_d01cc_agrees_with_the_true_deformation(demo_results, true_results):
    for structure in true_results["structures"]:
        name = structure["name"]
        if structure["kind"] not in ("oar", "target"):
            continue
        true = metric(true_results, name, "D0.1cc", "cumulative")
        found = metric(demo_results, name, "D0.1cc", "cumulative")
        assert found == pytest.approx(true, rel=0.03, abs=1.5), name


def test_the_same_run_from_case_json_is_equal_bit_for_bit(demo_folder, demo_results, tmp_path):
    again = run(tmp_path / "again", "evaluate", "--case", str(demo_folder / "result" / "case.json"))
    for key in set(demo_results) - {"timings_s", "peak_memory_mb", "registrations"}:
        assert again[key] == demo_results[key], key
    assert again["registrations"][0]["quality"] == demo_results["registrations"][0]["quality"]
    for name in MAPS:
        first, second = (
            (folder / "maps" / f"{name}.nrrd").read_bytes()
            for folder in (demo_folder / "result", tmp_path / "again")
        )
        assert first == second, name


def test_the_sum_without_recovery_is_the_sum_and_what_recovery_takes_off(demo_folder):
    names = ("cumulative_eqd2", "cumulative_no_recovery", "recovery_difference")
    after, before, taken = (read_map(demo_folder, name).array for name in names)
    known = np.isfinite(after)
    assert np.allclose(before[known], after[known] + taken[known], atol=1e-4)
    assert taken[known].max() > 10.0
    assert taken[known].min() == 0.0
    assert np.isnan(before[~known]).all()


def test_maps_are_unknown_outside_the_prior_dose_never_zero(demo_folder):
    prior = read_map(demo_folder, "mapped_dose_prior-1").array
    total = read_map(demo_folder, "cumulative_eqd2").array
    assert np.isnan(prior).any()
    assert np.isnan(total[np.isnan(prior)]).all()


def test_spreadsheets_hold_every_structure(demo_folder, demo_results):
    names = {structure["name"] for structure in demo_results["structures"]}
    for file in ("metrics.csv", "dvh.csv"):
        with (demo_folder / "result" / file).open(encoding="utf-8-sig") as stream:
            assert {row["structure"] for row in csv.DictReader(stream)} == names, file


def test_the_report_shows_the_warning_the_verdicts_and_pictures(demo_folder, demo_results):
    report = (demo_folder / "result" / "report.html").read_text(encoding="utf-8")
    assert WARNING in report
    assert "REGISTRATION NOT APPROVED" in report
    assert report.count("data:image/png;base64,") >= 8
    assert len(report) < 6e6 * 1.35
    for row in demo_results["constraints"]:
        assert row["structure"] in report


def test_geometric_scenarios_widen_the_interval_of_every_limit(demo_folder, tmp_path):
    transform = demo_folder / "result" / "transforms" / "prior-1.h5"
    results = run(
        tmp_path / "out", "evaluate", str(demo_folder / "case"), "--registration", str(transform),
        "--protocol", "STRIDeR2025", "--uncertainty", "ellipsoid=2",
    )  # fmt: skip
    rows = [row for row in results["constraints"] if row["scope"] == "cumulative"]
    assert all(row["interval"][0] <= row["value"] <= row["interval"][1] for row in rows)
    assert any(row["interval"][1] > row["value"] + 0.5 for row in rows)
