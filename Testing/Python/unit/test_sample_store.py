"""samples.npz: what is read is what was written, and nothing else is taken for it."""

import json
import zipfile
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
import synthetic_courses as made
from live_cases import POINT_SUM, STRIDER, UNIFORM_BG, box, falling, mapped, row_of, sampled
from ReirradiationCore.case import Case, MappingStrategy, OrganChoice, RecoveryChoice
from ReirradiationCore.courses import Course, CourseRole, Patient
from ReirradiationCore.dose_models import DoseConversion
from ReirradiationCore.errors import RefusedError
from ReirradiationCore.grids import Grid, Volume
from ReirradiationCore.letters import Letter, PointDose
from ReirradiationCore.live_evaluation import LiveEvaluation
from ReirradiationCore.live_samples import NO_GRIDS
from ReirradiationCore.lql import DoseModel
from ReirradiationCore.metrics import Metric
from ReirradiationCore.point_transforms import map_points
from ReirradiationCore.protocol_library import PROTOCOLS_FOLDER
from ReirradiationCore.sample_store import VERSION, read_samples, write_samples
from ReirradiationCore.uncertainty_choice import UncertaintyChoice

POINT = PointDose(Metric.parse("D0.1cc"), 41.5)
LETTER = Letter("Pelvis", 45.0, 25, date(2012, 3, 1), {"Rectum": POINT})
STRATEGIES = {
    **mapped("Rectum", POINT_SUM),
    **mapped("SacralPlex_L", UNIFORM_BG),
    **mapped("Bladder", MappingStrategy.OVERLAP_POINT_SUM),
    **mapped("loops", MappingStrategy.RIGID),
}
ALL_KINDS = replace(STRIDER, organs=STRATEGIES, recovery=RecoveryChoice("strider_33"))


def stored(folder, source):
    write_samples(folder / "samples.npz", source)
    return read_samples(folder / "samples.npz")


@pytest.fixture(scope="module")
def original():
    planned, prior = falling()
    return sampled(planned, [prior], ALL_KINDS)


@pytest.fixture(scope="module")
def written(original, tmp_path_factory):
    path = tmp_path_factory.mktemp("store") / "samples.npz"
    write_samples(path, original)
    return path


@pytest.fixture(scope="module")
def again(written):
    return read_samples(written)


def test_doses_and_volumes_come_back_bit_for_bit_and_points_to_a_ten_thousandth(original, again):
    for old, new in zip(original.doses, again.doses, strict=True):
        assert np.array_equal(old.samples.volumes_cc, new.samples.volumes_cc)
        np.testing.assert_allclose(old.samples.points_lps, new.samples.points_lps, atol=1e-4)
        for course in (lambda d: d.planned, lambda d: d.priors["prior-1"]):
            pairs = zip(course(old).phase_doses_gy, course(new).phase_doses_gy, strict=True)
            for before, after in pairs:
                assert before.dtype == after.dtype
                assert np.array_equal(before, after, equal_nan=True)


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"recovery": RecoveryChoice("uk_sabr_2022"), "protocols": ("UMich",)},
        {"organs": {**STRATEGIES, "PTV": OrganChoice(alpha_beta_gy=4.0)}},
        {"model": DoseConversion(DoseModel.LQL, 6.0)},
    ],
)
def test_what_is_judged_from_the_file_is_what_is_judged_from_the_doses(original, again, change):
    mine = LiveEvaluation(again).judge(replace(again.source.case, **change))
    theirs = LiveEvaluation(original).judge(replace(original.source.case, **change))
    assert mine.rows == theirs.rows
    assert mine.structures == theirs.structures
    assert mine.tolerance == theirs.tolerance
    solved = [r.isotoxic[0] and r.isotoxic[0]["max_prescription_gy"] for r in (mine, theirs)]
    assert solved[0] == solved[1]


def test_a_scaled_plan_is_judged_from_the_file_too(tmp_path):
    planned, prior = falling()
    source = sampled(planned, [prior], replace(STRIDER, organs=mapped("Rectum", POINT_SUM)))
    again = stored(tmp_path, source)
    mine, theirs = (
        LiveEvaluation(one).judge(replace(one.source.case, planned_scale=1.4))
        for one in (again, source)
    )
    assert mine.rows == theirs.rows
    assert mine.structures == theirs.structures


def test_what_was_not_sampled_is_refused_without_the_grids(again):
    live = LiveEvaluation(again)
    case = replace(again.source.case, organs=mapped("Rectum", MappingStrategy.DIR))
    with pytest.raises(RefusedError, match="its dose was not sampled for prior-1 DIR"):
        live.judge(case)
    with pytest.raises(RefusedError, match=r"Bladder: .*OVERLAP_POINT_SUM.*evaluate"):
        live.judge(replace(again.source.case, planned_scale=1.1))
    for change in (
        lambda: live.with_structure(box("Bladder", 0, 30)),
        lambda: live.with_course(again.source.read.courses[0]),
        lambda: live.judge().targets,
    ):
        with pytest.raises(RefusedError, match=NO_GRIDS):
            change()


def test_intervals_cannot_be_had_from_the_file_and_are_said_to_be_missing(again):
    live = LiveEvaluation(again)
    case = replace(again.source.case, uncertainty=UncertaintyChoice(mapping=True))
    assert "not computed" in row_of(live.judge(case), "Rectum")["note"]
    with pytest.raises(RefusedError, match=NO_GRIDS):
        live.judge(case, intervals=True)


def test_doses_and_transforms_that_are_not_in_the_file_are_unknown_never_zero(again):
    for course in again.source.read.courses:
        assert course.image is None
        assert all(np.isnan(phase.dose.array).all() for phase in course.phases)
    transform = again.registered["prior-1"].result.transform
    _, known = map_points(transform, np.array([[0.0, 0.0, 0.0], [500.0, -500.0, 1000.0]]))
    assert not known.any()


def test_courses_come_back_with_all_that_judging_needs(original, again):
    for old, new in zip(original.source.read.courses, again.source.read.courses, strict=True):
        assert (old.id, old.role, old.label) == (new.id, new.role, new.label)
        assert old.first_fraction_date == new.first_fraction_date
        assert [p.dose.grid for p in old.phases] == [p.dose.grid for p in new.phases]
        for one, other in zip(old.structures, new.structures, strict=True):
            assert (one.name, one.kind, one.color_rgb) == (other.name, other.kind, other.color_rgb)
            pairs = zip(one.contours, other.contours, strict=True)
            assert all(np.array_equal(a, b) for a, b in pairs)


def test_a_letter_comes_back_as_it_was_typed(tmp_path):
    planned, _ = falling()
    old = Course(
        "old", CourseRole.PRIOR, "Pelvis", Patient("1"), (), last_fraction_date=LETTER.date,
        letter=LETTER, date_source="typed from a letter",
    )  # fmt: skip
    case = replace(STRIDER, recovery=RecoveryChoice("strider_33"), letters={"old": LETTER})
    source = sampled(planned, [old], case, {})
    again = stored(tmp_path, source)
    assert again.source.read.courses[0].letter == LETTER
    mine, theirs = LiveEvaluation(again).judge(), LiveEvaluation(source).judge()
    assert mine.rows == theirs.rows
    assert row_of(mine, "Rectum")["value"] is not None
    assert row_of(mine, "Bladder")["verdict"] == "NOT EVALUABLE"


def test_uneven_planes_and_unknown_doses_come_back(tmp_path):
    planned, prior = falling()
    dose = prior.phases[0].dose
    offsets = tuple(float(k) for k in np.linspace(0, 116, 30) ** 1.02)
    grid = replace(dose.grid, plane_offsets_mm=offsets)
    cut = np.where(np.arange(dose.array.shape[2]) < 45, dose.array, np.nan).astype(np.float32)
    phase = replace(prior.phases[0], dose=Volume(cut, grid))
    source = sampled(planned, [replace(prior, phases=(phase,))])
    again = stored(tmp_path, source)
    assert again.source.read.courses[0].phases[0].dose.grid == grid
    assert isinstance(grid, Grid)
    mine, theirs = LiveEvaluation(again).judge(), LiveEvaluation(source).judge()
    assert mine.rows == theirs.rows
    assert row_of(mine, "SacralPlex_L")["verdict"] == "NOT EVALUABLE"


def test_an_own_constraint_set_is_kept_in_the_file(tmp_path):
    own = tmp_path / "mine.json"
    text = (PROTOCOLS_FOLDER / "STRIDeR2025.json").read_text(encoding="utf-8")
    own.write_text(text.replace('"STRIDeR2025"', '"Mine"'), encoding="utf-8")
    planned, prior = falling()
    source = sampled(planned, [prior], Case(protocols=(str(own), "UMich")))
    theirs = LiveEvaluation(source).judge(replace(source.source.case, planned_scale=1.2))
    write_samples(tmp_path / "samples.npz", source)
    own.unlink()
    again = read_samples(tmp_path / "samples.npz")
    mine = LiveEvaluation(again).judge(replace(again.source.case, planned_scale=1.2))
    assert {row["set"] for row in mine.rows} == {"Mine", "UMich"}
    assert mine.rows == theirs.rows


def test_a_name_of_the_patient_is_not_in_the_file(tmp_path):
    planned, prior = falling()
    patient = Patient("XJ-4711", "Secretson^Zebedeus", "19430217")
    source = sampled(replace(planned, patient=patient), [replace(prior, patient=patient)])
    write_samples(tmp_path / "samples.npz", source)
    with zipfile.ZipFile(tmp_path / "samples.npz") as archive:
        content = b"".join(archive.read(name) for name in archive.namelist())
    assert not [word for word in (b"XJ-4711", b"Secretson", b"19430217") if word in content]


def test_the_file_holds_plain_arrays_and_equal_content_makes_an_equal_file(original, tmp_path):
    for name in ("a", "b"):
        write_samples(tmp_path / name, original)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    with np.load(tmp_path / "a", allow_pickle=False) as content:
        assert all(content[name].dtype.kind in "fub" for name in content.files)


def header_with(path, out, **changes):
    """Copy a file of samples with another header."""
    with zipfile.ZipFile(path) as archive, zipfile.ZipFile(out, "w") as copy:
        for name in archive.namelist():
            if name != "header.npy":
                copy.writestr(name, archive.read(name))
        with np.load(path, allow_pickle=False) as content:
            header = json.loads(content["header"].tobytes())
        text = json.dumps({**header, **changes}).encode()
        with copy.open("header.npy", "w") as stream:
            np.lib.format.write_array(stream, np.frombuffer(text, np.uint8))


def test_another_version_is_refused(written, tmp_path):
    header_with(written, tmp_path / "samples.npz", version=VERSION + 1)
    with pytest.raises(RefusedError, match=f"version {VERSION + 1}, this program reads"):
        read_samples(tmp_path / "samples.npz")


def test_samples_of_another_run_are_refused(written, original, tmp_path):
    (tmp_path / "samples.npz").write_bytes(written.read_bytes())
    results = tmp_path / "results.json"
    results.write_text(json.dumps({"input_hash": original.source.input_hash}))
    assert read_samples(tmp_path / "samples.npz").source.input_hash == original.source.input_hash
    results.write_text(json.dumps({"input_hash": f"sha256:{'0' * 64}"}))
    with pytest.raises(RefusedError, match="belongs to another run"):
        read_samples(tmp_path / "samples.npz")
    results.write_text("{")
    with pytest.raises(RefusedError, match=r"results\.json beside samples\.npz cannot be read"):
        read_samples(tmp_path / "samples.npz")


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9, 0.999])
def test_a_file_that_was_cut_short_is_refused(written, tmp_path, share):
    content = written.read_bytes()
    (tmp_path / "samples.npz").write_bytes(content[: int(share * len(content))])
    with pytest.raises(RefusedError, match="the file is not whole"):
        read_samples(tmp_path / "samples.npz")


def test_a_file_with_a_changed_byte_is_refused(written, tmp_path):
    content = bytearray(written.read_bytes())
    content[len(content) // 2] ^= 0xFF
    (tmp_path / "samples.npz").write_bytes(content)
    with pytest.raises(RefusedError, match="the file is not whole"):
        read_samples(tmp_path / "samples.npz")


def test_other_files_are_refused(tmp_path):
    path = tmp_path / "samples.npz"
    with pytest.raises(RefusedError, match="cannot be read as samples"):
        read_samples(path)
    np.savez(path, points=np.zeros(3))
    with pytest.raises(RefusedError, match="cannot be read as samples"):
        read_samples(path)
    np.savez(path, header=np.frombuffer(b'{"version": 1}', np.uint8))
    with pytest.raises(RefusedError, match="is not a file of samples"):
        read_samples(path)
    np.savez(path, header=np.array([{"a": 1}], dtype=object))
    with pytest.raises(RefusedError, match="cannot be read as samples"):
        read_samples(path)


def test_a_missing_array_is_refused(written, tmp_path):
    with zipfile.ZipFile(written) as archive, zipfile.ZipFile(tmp_path / "s", "w") as copy:
        for name in archive.namelist():
            if name != "organ1_volumes.npy":
                copy.writestr(name, archive.read(name))
    with pytest.raises(RefusedError, match="organ1_volumes"):
        read_samples(tmp_path / "s")


def test_doses_that_do_not_answer_to_the_choices_are_refused(written, tmp_path):
    with np.load(written, allow_pickle=False) as content:
        case = json.loads(content["header"].tobytes())["case"]
    case["organs"]["Rectum"]["mapping"]["prior-1"]["strategy"] = "DIR"
    header_with(written, tmp_path / "samples.npz", case=case)
    with pytest.raises(RefusedError, match="Rectum: prior-1 is sampled as POINT_SUM, not"):
        read_samples(tmp_path / "samples.npz")


def test_several_prior_courses_are_kept_apart(tmp_path):
    planned, prior = falling()
    other = made.course(
        "prior-2", [(made.dose(lambda x: 20 + 0.2 * x), 10, 20.0)], prior.structures,
        date(2022, 1, 1),
    )  # fmt: skip
    source = sampled(planned, [prior, other])
    mine = LiveEvaluation(stored(tmp_path, source)).judge()
    assert mine.rows == LiveEvaluation(source).judge().rows
    assert set(row_of(mine, "Bladder")["course_values"]) == {"prior-1", "prior-2", "planned"}
