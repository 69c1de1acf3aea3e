"""Each mapping strategy on small courses, from contours and dose grids to the cumulative metric.

Expected numbers are EQD2 = D (D/n + ab) / (2 + ab) of uniform doses, worked by hand.
"""

import numpy as np
import pytest
import synthetic_courses as made
from ReirradiationCore.case import Case, MappingStrategy
from ReirradiationCore.constraints import Quantity
from ReirradiationCore.errors import RefusedError
from ReirradiationCore.judgement import CUMULATIVE
from ReirradiationCore.metrics import Metric

AB = 3.0
D01, MEAN = Metric.parse("D0.1cc"), Metric.parse("Dmean")
E40 = 40 * (40 / 25 + 3) / 5
E10 = 10 * (10 / 25 + 3) / 5
P20 = 20 * (20 / 5 + 3) / 5
P30 = 30 * (30 / 5 + 3) / 5
ORGAN, PTV = "Bowel_Small", "PTV_1"


def prior(of_x, *structures, **grid):
    return made.course("prior-1", [(made.dose(of_x, **grid), 25, 50.0)], structures)


def planned(of_x, *structures):
    return made.course("planned", [(made.dose(of_x), 5, 30.0)], structures)


def cumulative(judge, metric=D01):
    return judge.metric(metric, CUMULATIVE, Quantity.EQD2, AB)


def test_dir_and_rigid_read_the_prior_dose_through_their_own_transform():
    old = prior(lambda x: 40.0 if x > 0 else 10.0)
    new = planned(lambda _x: 20.0, made.box(ORGAN, -60, -40))
    match = made.registered([old], made.shift(100), made.shift(0))
    for strategy, expected in ((MappingStrategy.DIR, E40), (MappingStrategy.RIGID, E10)):
        judge = made.judges(new, [old], made.mapped(ORGAN, strategy), match)[ORGAN]
        assert cumulative(judge).value == pytest.approx(expected + P20, rel=1e-5)
        assert cumulative(judge, MEAN).value == pytest.approx(expected + P20, rel=1e-5)


def test_uniform_background_holds_for_the_whole_organ_although_only_a_part_was_near_the_target():
    old = prior(lambda x: 40.0 if x < 60 else 70.0, made.box(ORGAN, 20, 120))
    new = planned(lambda _x: 20.0, made.box(ORGAN, -60, -40), made.box(PTV, 0, 20))
    judge = made.judges(new, [old], made.mapped(ORGAN, MappingStrategy.UNIFORM_BG))[ORGAN]
    assert cumulative(judge).value == pytest.approx(E40 + P20, rel=1e-5)
    assert cumulative(judge, MEAN).value == pytest.approx(E40 + P20, rel=1e-5)
    assert (
        "D0.1cc of the prior dose to Bowel_Small within 2 cm" in judge.doses.priors["prior-1"].note
    )


def test_uniform_background_expands_the_target_where_the_rigid_part_puts_it():
    old = prior(lambda x: 40.0 if x < 50 else 10.0, made.box(ORGAN, 20, 120))
    new = planned(lambda _x: 20.0, made.box(ORGAN, -60, -40), made.box(PTV, -100, -80))
    match = made.registered([old], made.shift(0), made.shift(180))
    judge = made.judges(new, [old], made.mapped(ORGAN, MappingStrategy.UNIFORM_BG), match)[ORGAN]
    assert cumulative(judge).value == pytest.approx(E10 + P20, rel=1e-5)


def test_no_organ_within_two_centimetres_is_a_background_presumed_zero():
    old = prior(lambda _x: 40.0, made.box(ORGAN, 60, 120))
    new = planned(lambda _x: 20.0, made.box(ORGAN, -60, -40), made.box(PTV, 0, 20))
    judge = made.judges(new, [old], made.mapped(ORGAN, MappingStrategy.UNIFORM_BG))[ORGAN]
    assert cumulative(judge).value == pytest.approx(P20, rel=1e-5)
    note = judge.doses.priors["prior-1"].note
    assert note.startswith("presumed 0: no Bowel_Small")
    assert "maximum elsewhere on the prior image is 36.8 Gy EQD2" in note


def test_an_organ_not_contoured_before_takes_all_tissue_near_the_target():
    body = made.box("BODY", -80, 140, (-50, 50), (-50, 50))
    old = prior(lambda x: 40.0 if x > 0 else 10.0, body)
    new = planned(lambda _x: 20.0, made.box(ORGAN, -60, -40), made.box(PTV, 0, 20))
    judge = made.judges(new, [old], made.mapped(ORGAN, MappingStrategy.UNIFORM_BG))[ORGAN]
    assert cumulative(judge).value == pytest.approx(E40 + P20, rel=1e-5)
    note = judge.doses.priors["prior-1"].note
    assert "was not contoured" in note
    assert "all tissue within 2 cm" in note


def test_tissue_outside_the_body_is_not_part_of_the_background():
    body = made.box("BODY", -80, -2, (-50, 50), (-50, 50))
    old = prior(lambda x: 40.0 if x > 4 else 10.0, body)
    new = planned(lambda _x: 20.0, made.box(ORGAN, -60, -40), made.box(PTV, 0, 20))
    judge = made.judges(new, [old], made.mapped(ORGAN, MappingStrategy.UNIFORM_BG))[ORGAN]
    assert cumulative(judge).value == pytest.approx(E10 + P20, rel=1e-5)


def test_without_external_contour_the_background_of_an_organ_not_contoured_is_unknown():
    old = prior(lambda _x: 40.0)
    new = planned(lambda _x: 20.0, made.box(ORGAN, -60, -40), made.box(PTV, 0, 20))
    judge = made.judges(new, [old], made.mapped(ORGAN, MappingStrategy.UNIFORM_BG))[ORGAN]
    assert cumulative(judge).value is None
    assert judge.doses.priors["prior-1"].note.startswith("unknown: Bowel_Small was not contoured")


def test_a_region_that_leaves_the_prior_dose_grid_is_unknown_not_zero():
    body = made.box("BODY", -80, 140, (-50, 50), (-50, 50))
    old = prior(lambda _x: 40.0, made.box(ORGAN, 20, 120), body, high=24.0)
    new = planned(lambda _x: 20.0, made.box(ORGAN, -60, -40), made.box(PTV, 0, 20))
    judge = made.judges(new, [old], made.mapped(ORGAN, MappingStrategy.UNIFORM_BG))[ORGAN]
    assert cumulative(judge).value is None
    assert "is not wholly inside the prior dose grid" in judge.doses.priors["prior-1"].note


def test_uniform_background_needs_a_target():
    old = prior(lambda _x: 40.0, made.box(ORGAN, 20, 120))
    new = planned(lambda _x: 20.0, made.box(ORGAN, -60, -40))
    with pytest.raises(RefusedError, match="needs a PTV"):
        made.judges(new, [old], made.mapped(ORGAN, MappingStrategy.UNIFORM_BG))


def test_point_sum_adds_the_near_maxima_of_both_images():
    old = prior(lambda x: 40.0 if x > 0 else 10.0, made.box(ORGAN, -80, 40))
    new = planned(lambda x: 30.0 if x < -50 else 20.0, made.box(ORGAN, -60, -40))
    judge = made.judges(new, [old], made.mapped(ORGAN, MappingStrategy.POINT_SUM))[ORGAN]
    assert cumulative(judge).value == pytest.approx(E40 + P30, rel=1e-5)
    assert cumulative(judge, MEAN).value is None


@pytest.mark.parametrize("strategy", [MappingStrategy.POINT_SUM, MappingStrategy.OVERLAP_POINT_SUM])
def test_point_sums_need_the_organ_on_the_prior_image(strategy):
    new = planned(lambda _x: 20.0, made.box(ORGAN, -60, -40))
    with pytest.raises(RefusedError, match="needs the organ contoured in prior-1"):
        made.judges(new, [prior(lambda _x: 40.0)], made.mapped(ORGAN, strategy))


def overlap_case(prior_dose, planned_dose):
    old = prior(prior_dose, made.box(ORGAN, -60, 60))
    new = planned(planned_dose, made.box(ORGAN, -60, 60))
    return made.judges(new, [old], made.mapped(ORGAN, MappingStrategy.OVERLAP_POINT_SUM))[ORGAN]


def test_overlap_point_sum_adds_only_what_lies_where_both_courses_irradiated():
    # Prior 40 Gy for x > 0 only; planned 30 Gy left of -30, 20 Gy right of it.
    judge = overlap_case(lambda x: 40.0 if x > 0 else 1.0, lambda x: 30.0 if x < -30 else 20.0)
    assert cumulative(judge).value == pytest.approx(E40 + P20, rel=1e-5)
    assert "overlap: both courses at least 5 Gy" in judge.doses.priors["prior-1"].note


def test_without_overlap_the_larger_course_counts():
    judge = overlap_case(lambda x: 40.0 if x > 4 else 1.0, lambda x: 30.0 if x < -4 else 1.0)
    found = cumulative(judge)
    assert found.value == pytest.approx(max(E40, P30), rel=1e-5)
    assert found.note.startswith("no overlap")


def test_an_overlap_sum_has_no_mean():
    found = cumulative(overlap_case(lambda _x: 40.0, lambda _x: 20.0), MEAN)
    assert found.value is None
    assert "three-dimensional sum" in found.note


def test_recovery_is_taken_off_the_prior_part_of_an_overlap_sum():
    judge = overlap_case(lambda _x: 40.0, lambda _x: 20.0)
    value = judge.doses.overlap_sum_eqd2(D01, AB, {"prior-1": 0.5}).value
    assert value == pytest.approx(0.5 * E40 + P20, rel=1e-5)


def test_unknown_dose_that_could_overlap_leaves_the_sum_unknown():
    old = prior(lambda _x: 40.0, made.box(ORGAN, -60, 40), high=50.0)
    new = planned(lambda _x: 20.0, made.box(ORGAN, -60, 60))
    case = made.mapped(ORGAN, MappingStrategy.OVERLAP_POINT_SUM)
    found = cumulative(made.judges(new, [old], case)[ORGAN])
    assert found.value is None
    assert "not known" in found.note


def test_with_a_second_prior_course_the_whole_near_maximum_is_added():
    old = prior(lambda x: 40.0 if x > 4 else 1.0, made.box(ORGAN, -60, 60))
    older = made.course("prior-2", [(made.dose(lambda _x: 10.0), 25, 50.0)], [])
    new = planned(lambda x: 30.0 if x < -4 else 1.0, made.box(ORGAN, -60, 60))
    choice = made.OrganChoice(
        mapping={"prior-1": MappingStrategy.OVERLAP_POINT_SUM, "prior-2": MappingStrategy.DIR}
    )
    judge = made.judges(new, [old, older], Case(organs={ORGAN: choice}))[ORGAN]
    assert cumulative(judge).value == pytest.approx(E40 + E10 + P30, rel=1e-5)


def test_zero_is_proved_by_the_prior_dose_around_the_organ():
    old = prior(lambda x: 40.0 if x > 0 else 0.0)
    new = planned(lambda _x: 20.0, made.box(ORGAN, -60, -40))
    judge = made.judges(new, [old], made.mapped(ORGAN, MappingStrategy.ZERO))[ORGAN]
    assert cumulative(judge).value == pytest.approx(P20, rel=1e-5)
    assert judge.doses.priors["prior-1"].note.startswith("prior EQD2 at the organ and 2 cm")


def test_zero_is_refused_with_dose_within_two_centimetres():
    old = prior(lambda x: 40.0 if x > -30 else 0.0)
    new = planned(lambda _x: 20.0, made.box(ORGAN, -60, -40))
    with pytest.raises(RefusedError, match="cannot be taken as zero"):
        made.judges(new, [old], made.mapped(ORGAN, MappingStrategy.ZERO, "far away"))


def test_zero_outside_the_prior_grid_needs_the_words_of_the_user():
    old = prior(lambda _x: 0.0, low=0.0)
    new = planned(lambda _x: 20.0, made.box(ORGAN, -60, -40))
    with pytest.raises(RefusedError, match="state why"):
        made.judges(new, [old], made.mapped(ORGAN, MappingStrategy.ZERO))
    case = made.mapped(ORGAN, MappingStrategy.ZERO, "head and neck course, organ in the pelvis")
    judge = made.judges(new, [old], case)[ORGAN]
    assert cumulative(judge).value == pytest.approx(P20, rel=1e-5)
    note = judge.doses.priors["prior-1"].note
    assert note == "documented as out of field: head and neck course, organ in the pelvis"


def test_voxelwise_maximum_stays_below_the_point_sum():
    old = prior(lambda x: 20.0 + x / 10, made.box(ORGAN, -60, 60))
    new = planned(lambda x: 20.0 - x / 10, made.box(ORGAN, -60, 60))
    found = [
        cumulative(made.judges(new, [old], made.mapped(ORGAN, strategy))[ORGAN]).value
        for strategy in (
            MappingStrategy.DIR, MappingStrategy.OVERLAP_POINT_SUM, MappingStrategy.POINT_SUM,
        )
    ]  # fmt: skip
    assert found[0] < found[1] <= found[2] + 1e-9
    assert np.isfinite(found).all()
