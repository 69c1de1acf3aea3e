"""Voxel maps: paint order, unknown voxels, and values by hand."""

import numpy as np
import pytest
from ReirradiationCore.courses import Structure, StructureKind
from ReirradiationCore.grids import Grid
from ReirradiationCore.heatmaps import CourseOnGrid, PaintedOrgan, make_maps, overlap, paint_organs

GRID = Grid((6, 4, 4), (5.0, 5.0, 5.0))


def box(name, x0, x1, kind=StructureKind.OAR):
    square = [[x0, -3, 0], [x1, -3, 0], [x1, 18, 0], [x0, 18, 0]]
    contours = tuple(np.array(square, dtype=float) + np.array([0, 0, z]) for z in (0, 5, 10, 15))
    return Structure(1, name, contours, kind=kind)


def course(name, dose, n):
    array = np.full(GRID.shape, dose, dtype=np.float32)
    return CourseOnGrid(name, (array,), (n,))


def maps_of(organs, prior=50.0, planned=30.0, rigid=None):
    paint = paint_organs(organs, GRID)
    rigidly = () if rigid is None else [course("prior-1", rigid, 25)]
    return make_maps(paint, [course("prior-1", prior, 25)], course("planned", planned, 5), rigidly)


def test_where_organs_overlap_the_smallest_limit_is_shown():
    organs = [
        PaintedOrgan(box("Cord", -3, 12), 2.0, {}, 67.2),
        PaintedOrgan(box("Bladder", -3, 28), 3.0, {}, 110.0),
    ]
    alpha_beta = maps_of(organs)["alpha_beta"].array
    assert alpha_beta[1, 1].tolist() == [2.0, 2.0, 2.0, 3.0, 3.0, 3.0]


def test_an_organ_at_risk_is_shown_over_a_target():
    organs = [
        PaintedOrgan(box("Bowel", -3, 12), 3.0),
        PaintedOrgan(box("PTV", -3, 28, StructureKind.TARGET), 10.0),
    ]
    assert maps_of(organs)["alpha_beta"].array[1, 1, :4].tolist() == [3.0, 3.0, 3.0, 10.0]


def test_cumulative_eqd2_and_tolerance_are_those_of_the_painted_organ():
    organs = [PaintedOrgan(box("Bladder", -3, 12), 3.0, {"prior-1": 0.5}, 110.0)]
    maps = maps_of(organs)
    # 0.5 x 50 + 54 = 79; outside the organ 50 + 54 = 104
    assert maps["cumulative_eqd2"].array[1, 1, 0] == pytest.approx(79.0)
    assert maps["cumulative_eqd2"].array[1, 1, 4] == pytest.approx(104.0)
    assert maps["tolerance_percent"].array[1, 1, 0] == pytest.approx(100 * 79 / 110)
    assert np.isnan(maps["tolerance_percent"].array[1, 1, 4])


def test_remaining_dose_is_the_inverse_of_what_is_left_and_zero_over_the_limit():
    organs = [PaintedOrgan(box("Bladder", -3, 12), 3.0, {}, 110.0)]
    maps = maps_of(organs, prior=50.0)
    # physics.md remaining_map: B 40, L 110, n 5, ab 3 leaves 35; here B 50 leaves 60 Gy EQD2
    left = maps["remaining_dose"].array[1, 1, 0]
    assert left * (left / 5 + 3) / 5 == pytest.approx(60.0)
    over = maps_of(organs, prior=120.0)
    assert over["remaining_dose"].array[1, 1, 0] == 0
    assert over["over_limit"].array[1, 1, 0] == 1
    assert np.isnan(over["remaining_dose"].array[1, 1, 5])


def test_unknown_prior_dose_stays_unknown_in_every_sum():
    organs = [PaintedOrgan(box("Bladder", -3, 28), 3.0, {}, 110.0)]
    maps = maps_of(organs, prior=np.nan)
    for name in ("cumulative_eqd2", "tolerance_percent", "overlap_eqd2", "remaining_dose"):
        assert np.isnan(maps[name].array[1, 1, 1]), name


def test_overlap_is_where_both_courses_reach_the_threshold():
    prior = np.array([50.0, 4.0, 50.0, np.nan], dtype=np.float32)
    planned = np.array([20.0, 20.0, 1.0, 20.0], dtype=np.float32)
    both = overlap(prior, planned, 5.0)
    assert both[:3].tolist() == [20.0, 0.0, 0.0]
    assert np.isnan(both[3])


def test_a_structure_thinner_than_a_voxel_does_not_vanish():
    paint = paint_organs([PaintedOrgan(box("Nerve", 4.2, 5.4), 2.0, {}, 67.2)], GRID)
    assert (paint.index == 0).sum() >= 4


def test_a_uniform_background_is_shown_instead_of_the_mapped_dose():
    organ = PaintedOrgan(box("Bowel", -3, 12), 3.0, {"prior-1": 0.5}, 78.8, {"prior-1": 40.0})
    maps = maps_of([organ])
    # 0.5 x 40 + 54 inside, 50 + 54 outside
    assert maps["cumulative_eqd2"].array[1, 1, 0] == pytest.approx(74.0)
    assert maps["cumulative_eqd2"].array[1, 1, 5] == pytest.approx(104.0)


@pytest.mark.parametrize("course", ["prior-1", "a-letter"])
def test_an_organ_known_by_point_doses_only_is_unknown_on_the_maps(course):
    organ = PaintedOrgan(box("Bowel", -3, 12), 3.0, {}, 78.8, {course: np.nan})
    maps = maps_of([organ])
    for name in ("cumulative_eqd2", "tolerance_percent", "remaining_dose"):
        assert np.isnan(maps[name].array[1, 1, 0]), name
    assert maps["cumulative_eqd2"].array[1, 1, 5] == pytest.approx(104.0)


def test_what_recovery_takes_off_is_its_share_of_the_prior_eqd2():
    organs = [PaintedOrgan(box("Bladder", -3, 12), 3.0, {"prior-1": 0.4}, 110.0)]
    maps = maps_of(organs)
    # 0.4 x 50 Gy EQD2 in the organ, nothing outside; 50 + 54 without recovery
    assert maps["recovery_difference"].array[1, 1, [0, 4]] == pytest.approx([20.0, 0.0])
    assert maps["cumulative_no_recovery"].array[1, 1, 0] == pytest.approx(104.0)


def test_what_recovery_takes_off_is_unknown_where_the_sum_is():
    organs = [PaintedOrgan(box("Bladder", -3, 12), 3.0, {"prior-1": 0.4}, 110.0)]
    assert np.isnan(maps_of(organs, planned=np.nan)["recovery_difference"].array).all()


def test_without_recovery_there_is_no_map_of_it():
    maps = maps_of([PaintedOrgan(box("Bladder", -3, 12), 3.0, {"prior-1": 0.0}, 110.0)])
    assert not {"recovery_difference", "cumulative_no_recovery"} & set(maps)


def test_mapping_difference_is_the_change_of_the_sum_after_recovery():
    organs = [PaintedOrgan(box("Bladder", -3, 12), 3.0, {"prior-1": 0.5}, 110.0)]
    # 25 x 2 Gy is 50 Gy EQD2; 25 x 1 Gy with a/b 3 is 25 x 4 / 5 = 20 Gy EQD2
    for deformable, rigid in ((50.0, 25.0), (25.0, 50.0)):
        found = maps_of(organs, prior=deformable, rigid=rigid)["mapping_difference"].array
        assert found[1, 1, [0, 4]] == pytest.approx([15.0, 30.0])


def test_mapping_difference_is_unknown_where_one_mapping_is_or_none_enters_the_sum():
    organ = PaintedOrgan(box("Bowel", -3, 12), 3.0, {}, 78.8, {"prior-1": 40.0})
    found = maps_of([organ], rigid=25.0)["mapping_difference"].array
    assert np.isnan(found[1, 1, 0])
    assert found[1, 1, 4] == pytest.approx(30.0)
    assert np.isnan(maps_of([], rigid=np.nan)["mapping_difference"].array).all()


def test_without_a_rigid_part_there_is_no_mapping_difference():
    assert "mapping_difference" not in maps_of([])
