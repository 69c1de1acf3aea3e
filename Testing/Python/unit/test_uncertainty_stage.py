"""Uncertainty of whole organs: other mappings of a prior dose whose gradient is known."""

from datetime import date

import numpy as np
import pytest
import SimpleITK as sitk
import solids
from ReirradiationCore.accumulation import CourseDose, OrganDoses
from ReirradiationCore.case import Case, MappingStrategy
from ReirradiationCore.constraint_grammar import parse_constraint
from ReirradiationCore.courses import Course, CourseRole, Patient, Phase, Structure
from ReirradiationCore.ellipsoid_points import EllipsoidNeighbours, points_around
from ReirradiationCore.grids import Grid, Volume
from ReirradiationCore.judgement import OrganJudge
from ReirradiationCore.limits import apply_limits, limit_rows
from ReirradiationCore.mapping_scenarios import (
    MappingContext,
    geometric_scenarios,
    mapping_triplet,
    random_fields,
)
from ReirradiationCore.names import match_name
from ReirradiationCore.organ_models import OrganModel
from ReirradiationCore.pipeline_data import JudgedOrgan, RegisteredCourse
from ReirradiationCore.progress import silent
from ReirradiationCore.recovery import Recovery
from ReirradiationCore.registration import RegistrationResult
from ReirradiationCore.sampling import SamplePoints
from ReirradiationCore.uncertainty_choice import UncertaintyChoice
from ReirradiationCore.uncertainty_stage import judge_uncertainty

# Prior dose in 25 fractions: 50 Gy + 0.5 Gy/mm along x. At 2 Gy per fraction EQD2 is the dose, and
# dE/dD = (2 d + ab) / (2 + ab); with an infinite alpha/beta EQD2 would be the dose everywhere.
GRADIENT = 0.5
AXIS = np.arange(-20.0, 20.5, 1.0)
ALPHA_BETA = 3.0
LIMIT = "Rectum D0.1cc <= {} Gy @EQD2(ab=3)"
HIGH_LIMIT = LIMIT.format(100)


def eqd2(dose, fractions=25):
    return dose * (dose / fractions + ALPHA_BETA) / (2.0 + ALPHA_BETA)


def ramp(low=-40.0, high=40.0):
    """Dose on a grid from ``low`` to ``high`` mm along x; unknown beyond."""
    x = np.arange(low, high + 0.5, 2.0)
    grid = Grid((len(x), 41, 41), (2.0, 2.0, 2.0), (low, -40.0, -40.0))
    return Volume(np.broadcast_to(50 + GRADIENT * x, (41, 41, len(x))).astype(np.float32), grid)


def prior(dose=None, structures=()):
    phase = Phase("P", ramp() if dose is None else dose, 25, 25, 50.0)
    return Course(
        "prior-1", CourseRole.PRIOR, "prior", Patient("1"), (phase,), structures,
        first_fraction_date=date(2020, 1, 1),
    )  # fmt: skip


def planned(structures=()):
    phase = Phase("Q", ramp(), 5, 5, 30.0)
    return Course(
        "planned", CourseRole.PLANNED, "planned", Patient("1"), (phase,), structures,
        first_fraction_date=date(2022, 1, 1),
    )  # fmt: skip


def registered(mode="deformable", shift_mm=0.0):
    bent = sitk.TranslationTransform(3, (shift_mm, 0.0, 0.0))
    rigid = None if mode == "file" else sitk.TranslationTransform(3)
    return {
        "prior-1": RegisteredCourse("prior-1", RegistrationResult(mode, "test", bent, rigid), {})
    }


def line_of_points():
    """Samples every 1 mm along x from -20 to 20 mm, each of 0.1 cc."""
    points = np.zeros((len(AXIS), 3))
    points[:, 0] = AXIS
    return SamplePoints(points, np.full(len(AXIS), 0.1), 1.0)


def organ(strategy=MappingStrategy.DIR, recovery=0.0, name="Rectum", shift_mm=0.0):
    samples = line_of_points()
    model = OrganModel(
        Structure(1, name, ()), match_name(name), ALPHA_BETA, "test",
        {"prior-1": Recovery(recovery, "test", "", "")}, {"prior-1": strategy},
    )  # fmt: skip
    dose = (50 + GRADIENT * (samples.points_lps[:, 0] + shift_mm)).astype(np.float32)
    doses = OrganDoses(
        samples,
        CourseDose((np.zeros(len(AXIS)),), (5,)),
        {"prior-1": CourseDose((dose,), (25,), strategy)},
    )
    return OrganJudge(model, doses, "planned")


def stage(judge, choice, limits=(HIGH_LIMIT,), course=None, way=None):
    applied = apply_limits([parse_constraint(line) for line in limits], [judge])
    case, course = Case(uncertainty=choice), course or prior()
    found = judge_uncertainty(
        [judge], applied, planned(), [course], way or registered(), case, silent
    )
    rows = limit_rows(applied, planned(), [course], bands=found.bands)
    return found, rows


def values(found, group):
    rows = found.record["structures"][0]["rows"]
    return {row["scenario"]: row["values"][0] for row in rows if row["group"] == group}


def stage_with_partner(structure, way=None):
    """Examine the organ where ``structure`` is what is drawn of it on both images."""
    judge, course = organ(), prior(structures=(structure,))
    applied = apply_limits([parse_constraint(HIGH_LIMIT)], [judge])
    way = way or registered()
    return judge_uncertainty([judge], applied, planned((structure,)), [course], way, Case(), silent)


def test_a_shift_changes_the_dose_by_gradient_times_shift():
    # hottest sample at x = 20 mm: 60 Gy; 4 mm further it is 62 Gy, 4 mm back 58 Gy
    found, rows = stage(organ(), UncertaintyChoice(shifts_mm=(4.0, 4.0, 4.0)))
    shifted = values(found, "shifts")
    assert len(shifted) == 6
    assert shifted["4 mm towards the left"] == pytest.approx(eqd2(62.0), rel=1e-5)
    assert shifted["4 mm towards the right"] == pytest.approx(eqd2(58.0), rel=1e-5)
    assert shifted["4 mm towards the head"] == pytest.approx(eqd2(60.0), rel=1e-5)
    assert rows[0]["interval"] == pytest.approx([eqd2(58.0), eqd2(62.0)], rel=1e-5)


def test_the_ellipsoid_finds_the_dose_at_its_tip_but_not_beyond_the_organ():
    judge = organ()
    context = MappingContext([prior()], registered(), UncertaintyChoice(ellipsoid_mm=(3.0,) * 3))
    (scenario,) = geometric_scenarios(judge.doses, context)
    wanted = eqd2(50 + GRADIENT * np.minimum(AXIS + 3, 20))
    np.testing.assert_allclose(scenario.doses.priors["prior-1"].eqd2(3.0), wanted, rtol=1e-5)


def test_the_unrestricted_ellipsoid_also_looks_outside_the_organ():
    judge = organ()
    choice = UncertaintyChoice(ellipsoid_mm=(3.0,) * 3, unrestricted=True)
    (scenario,) = geometric_scenarios(judge.doses, MappingContext([prior()], registered(), choice))
    wanted = eqd2(50 + GRADIENT * (AXIS + 3))
    np.testing.assert_allclose(scenario.doses.priors["prior-1"].eqd2(3.0), wanted, rtol=1e-5)


def test_unknown_dose_just_outside_the_organ_makes_the_unrestricted_search_unknown_there():
    choice = UncertaintyChoice(ellipsoid_mm=(3.0,) * 3, unrestricted=True)
    known_to = prior(ramp(high=20.0))  # the last voxel at 20 mm is known to 21 mm
    context = MappingContext([known_to], registered(), choice)
    (scenario,) = geometric_scenarios(organ().doses, context)
    found = scenario.doses.priors["prior-1"].eqd2(3.0)
    np.testing.assert_array_equal(np.isnan(found), AXIS >= 19)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_searches_are_ordered_nominal_restricted_unrestricted_and_grow_with_the_axes(seed):
    random = np.random.default_rng(seed)
    points = np.argwhere(random.random((9, 8, 7)) < 0.6).astype(float)
    inside = points[:, 0] < 6
    dose = random.random(len(points)).astype(np.float32)
    own = dose[inside]
    restricted, free, larger = (
        EllipsoidNeighbours(where, axes, 1.0).largest(values_)[: inside.sum()]
        for where, axes, values_ in (
            (points[inside], (2.0, 1.0, 3.0), own),
            (points[np.argsort(~inside, kind="stable")], (2.0, 1.0, 3.0),
             dose[np.argsort(~inside, kind="stable")]),
            (points[inside], (2.0, 2.0, 4.0), own),
        )
    )  # fmt: skip
    assert (own <= restricted).all()
    assert (restricted <= free).all()
    assert (restricted <= larger).all()


def test_points_around_an_organ_are_outside_it_and_within_the_ellipsoid():
    points = np.argwhere(np.ones((5, 5, 5))).astype(float)
    around = points_around(points, (3.0, 3.0, 3.0), 1.0)
    nearest = np.linalg.norm(around[:, None] - points[None], axis=2).min(axis=1)
    assert nearest.min() == pytest.approx(1.0)
    assert nearest.max() == pytest.approx(3.0)
    faces, edges, corners = 6 * 25 * 3, 12 * 5 * 4, 8  # edges: (1,1) (1,2) (2,1) (2,2); 4+4 < 9
    near_corners = sum(a * a + b * b + c * c <= 9 for a in (1, 2) for b in (1, 2) for c in (1, 2))
    assert len(around) == faces + edges + corners * near_corners


def test_random_displacements_are_the_same_for_the_same_seed_only():
    size = {"fields_mm": (3.0,) * 3, "fields": 4}
    first, _ = stage(organ(), UncertaintyChoice(**size, seed=5))
    again, _ = stage(organ(), UncertaintyChoice(**size, seed=5))
    other, _ = stage(organ(), UncertaintyChoice(**size, seed=6))
    assert values(first, "fields") == values(again, "fields")
    assert values(first, "fields") != values(other, "fields")
    assert len(set(values(first, "fields").values())) == 4


def test_every_course_gets_a_displacement_of_its_own():
    choice = UncertaintyChoice(fields_mm=(3.0,) * 3, fields=1)
    courses = [prior(), Course("prior-2", CourseRole.PRIOR, "", Patient("1"), ())]
    (fields,) = random_fields(line_of_points().points_lps, courses, choice)
    assert not np.array_equal(fields["prior-1"].array, fields["prior-2"].array)


def test_rigid_and_deformable_mapping_stand_side_by_side():
    # the deformable match reads the dose 6 mm further along x: 63 Gy instead of 60 Gy
    judge = organ(shift_mm=6.0)
    found, rows = stage(judge, UncertaintyChoice(), way=registered(shift_mm=6.0))
    table = values(found, "mapping")
    assert table["DIR"] == pytest.approx(eqd2(63.0), rel=1e-5)
    assert table["RIGID"] == pytest.approx(eqd2(60.0), rel=1e-5)
    assert "interval" not in rows[0]


def test_a_transform_file_has_no_rigid_part_to_compare_with():
    found, _ = stage(organ(), UncertaintyChoice(), way=registered("file"))
    assert list(values(found, "mapping")) == ["DIR"]


def test_point_sum_stands_beside_the_map_where_the_organ_is_drawn_on_both_images():
    structure = solids.structure(solids.sphere(10.0), "Rectum")
    near = {"prior-1": CourseDose((np.array([60.0, 55.0]),), (25,), MappingStrategy.POINT_SUM,
                                  np.array([0.1, 5.0]))}  # fmt: skip
    context = MappingContext([prior()], registered("file"), UncertaintyChoice())
    names = [one.name for one in mapping_triplet(organ().doses, near, context)]
    assert names == ["DIR", "POINT_SUM"]
    found = stage_with_partner(structure, registered("file"))
    # sphere of 10 mm in a ramp along x: the cap of 0.1 cc, height h with pi h^2 (10 - h/3) = 100
    height = 1.848
    assert values(found, "mapping")["POINT_SUM"] == pytest.approx(
        eqd2(50 + GRADIENT * (10 - height)), abs=0.1
    )


def test_sensitivity_has_three_alpha_betas_times_three_recoveries():
    found, _ = stage(organ(recovery=0.2), UncertaintyChoice())
    table = values(found, "sensitivity")
    assert len(table) == 9

    def left(alpha_beta, recovery):
        return (1 - recovery) * 60 * (60 / 25 + alpha_beta) / (2 + alpha_beta)

    for alpha_beta in (2, 3, 4):
        for name, recovery in (("none", 0.0), ("chosen", 0.2), ("high", 0.5)):
            row = f"alpha/beta {alpha_beta} Gy, recovery {name}"
            assert table[row] == pytest.approx(left(alpha_beta, recovery), rel=1e-5)


def test_the_user_can_give_the_alpha_betas_and_the_high_recovery():
    choice = UncertaintyChoice(alpha_beta_range_gy=(1.5, 6.0), recovery_high=0.6)
    found, _ = stage(organ(), choice)
    table = values(found, "sensitivity")
    assert len(table) == 6
    high = 0.4 * 60 * (60 / 25 + 1.5) / 3.5
    assert table["alpha/beta 1.5 Gy, recovery high"] == pytest.approx(high, rel=1e-5)


def test_the_default_table_does_not_change_a_verdict():
    nominal = eqd2(60.0)
    found, rows = stage(organ(), UncertaintyChoice(), (LIMIT.format(nominal + 1.0),))
    assert rows[0]["verdict"] == "PASS"
    assert max(values(found, "sensitivity").values()) > nominal + 1.0
    assert found.record["in_verdicts"] == []


def test_a_limit_that_holds_nominally_but_not_over_the_interval_is_marginal():
    between = (eqd2(60.0) + eqd2(62.0)) / 2
    _, rows = stage(
        organ(), UncertaintyChoice(shifts_mm=(4.0,) * 3), (LIMIT.format(between), LIMIT.format(90))
    )
    assert [row["verdict"] for row in rows] == ["MARGINAL", "PASS"]
    assert "not kept over the uncertainty" in rows[0]["note"]


def test_a_scenario_that_leaves_the_dose_grid_makes_the_interval_unknown_and_no_pass():
    edge = prior(ramp(high=20.0))
    found, rows = stage(organ(), UncertaintyChoice(shifts_mm=(4.0,) * 3), course=edge)
    column = found.record["structures"][0]["columns"][0]
    assert (column["interval"], column["interval_known"]) == (None, False)
    assert column["nominal"] == pytest.approx(eqd2(60.0), rel=1e-5)
    assert rows[0]["verdict"] == "MARGINAL"
    assert "interval" not in rows[0]
    assert "Rectum: the uncertainty of D0.1cc is not known" in found.warnings[0]


def test_metrics_of_the_organ_carry_the_interval_of_the_scenarios():
    judge = organ()
    found, _ = stage(judge, UncertaintyChoice(shifts_mm=(4.0, 0.0, 0.0)))
    rows = JudgedOrgan.of(judge, (), found.metric_intervals[judge]).metrics
    given = {row.metric: row.interval for row in rows if row.course == "cumulative"}
    mean = [np.mean(eqd2(50 + GRADIENT * (AXIS + s))) for s in (-4, 4)]
    assert given["Dmean"] == pytest.approx(mean, rel=1e-5)
    assert given["Dmax"] == pytest.approx([eqd2(58.0), eqd2(62.0)], rel=1e-5)
    assert all(row.interval is None for row in rows if row.course != "cumulative")


def test_an_organ_without_a_limit_shows_its_near_maximum():
    found, _ = stage(organ(), UncertaintyChoice(), ())
    column = found.record["structures"][0]["columns"][0]
    assert (column["metric"], column["limit"]) == ("D0.1cc", None)
    assert column["nominal"] == pytest.approx(eqd2(60.0), rel=1e-5)


def test_a_prior_dose_known_as_zero_is_not_moved():
    found, rows = stage(organ(MappingStrategy.ZERO), UncertaintyChoice(shifts_mm=(4.0,) * 3))
    assert values(found, "shifts") == {}
    assert "interval" not in rows[0]


def test_dose_pulled_in_from_outside_the_organ_raises_the_registration_alarm():
    # on the prior image the organ reaches x = 10 mm (55 Gy), the mapped dose reaches 60 Gy
    structure = solids.structure(solids.sphere(10.0), "Rectum")
    found = stage_with_partner(structure)
    # the outermost sample is within half a cell of 0.5 mm of the tip: 0.25 mm of 0.74 Gy/mm
    bounds = found.record["structures"][0]["bounds"]
    assert bounds["native_point_sum_gy"] == pytest.approx(eqd2(55.0), abs=0.25)
    assert any("pulled dose in from outside" in text for text in found.warnings)


def test_no_alarm_where_the_organ_on_the_prior_image_reaches_as_far():
    structure = solids.structure(solids.sphere(21.0), "Rectum")
    found = stage_with_partner(structure)
    assert found.warnings == ()
