"""Targets of whole cases: coverage, overlap, type and eligibility, by hand."""

import numpy as np
import pytest
import synthetic_courses as made
from ReirradiationCore.case import Case
from ReirradiationCore.constraints import Constraint, Quantity, Relation
from ReirradiationCore.limits import apply_limits
from ReirradiationCore.map_stage import voxel_maps
from ReirradiationCore.metrics import Metric
from ReirradiationCore.progress import silent
from ReirradiationCore.target_stage import eligibility, target_record
from ReirradiationCore.type_choice import TypeChoice

PTV = "PTV_1"


def record(old_dose, new_dose, old_target=(0, 40), new_target=(20, 60), case=None, match=None):
    old = made.course("prior-1", [(old_dose, 25, 50.0)], [made.box("PTV_old", *old_target)])
    structures = [made.box(PTV, *new_target)]
    new = made.course("planned", [(new_dose, 5, 30.0)], structures)
    match = match or made.registered([old])
    organs = list(made.judges(new, [old], match=match).values())
    return target_record(organs, new, [old], match, case or Case())


def uniform(value, **grid):
    return made.dose(lambda _x: value, **grid)


def test_half_of_the_new_target_was_target_before():
    found = record(uniform(40.0), uniform(30.0))["overlaps"][0]
    assert found["share_of_planned"] == pytest.approx(0.5, abs=0.02)
    assert found["dice"] == pytest.approx(0.5, abs=0.02)
    assert found["planned_cc"] == pytest.approx(16.0, rel=0.01)
    assert (found["prior_structure"], found["structure"]) == ("PTV_old", PTV)


def test_overlap_is_sought_where_the_registration_puts_the_target():
    old = made.course("prior-1", [(uniform(40.0), 25, 50.0)], [made.box("PTV_old", 0, 40)])
    match = made.registered([old], made.shift(-20))
    found = record(uniform(40.0), uniform(30.0), match=match)["overlaps"][0]
    assert found["share_of_planned"] == pytest.approx(1.0, abs=0.01)


def test_coverage_is_that_of_the_planned_course():
    found = record(uniform(40.0), uniform(30.0))["coverage"][0]
    assert (found["d95_gy"], found["d98_gy"], found["d2_gy"]) == pytest.approx((30.0, 30.0, 30.0))


def test_both_courses_at_the_isodose_are_type_1_with_the_volume_by_hand():
    # 40/25 is 36.8 Gy EQD2 for x > 0, 30/5 everywhere: half of 304 x 120 x 120 mm3
    found = record(made.dose(lambda x: 40.0 if x > 0 else 0.0), uniform(30.0))
    assert found["suggested_type"] == "reirradiation type 1"
    assert found["irradiated_overlap"][0]["volume_cc"] == pytest.approx(2188.8)


def test_the_isodose_is_an_input():
    # 10 Gy in 25 fractions is 6.8 Gy EQD2: inside 5 Gy, outside 7 Gy
    assert record(uniform(10.0), uniform(30.0))["suggested_type"] == "reirradiation type 1"
    case = Case(type_choice=TypeChoice(isodose_gy=7.0, cumulative_concern=True))
    assert record(uniform(10.0), uniform(30.0), case=case)["suggested_type"] == (
        "reirradiation type 2"
    )


def test_without_overlap_the_clinician_is_asked():
    found = record(uniform(1.0), uniform(30.0))
    assert found["suggested_type"] is None
    assert found["reason"].endswith("is cumulative toxicity a concern?")


def test_unknown_prior_dose_suggests_nothing():
    found = record(uniform(1.0, high=0.0), uniform(30.0))
    assert found["suggested_type"] is None
    assert found["reason"].startswith("dose is unknown in 2188.8 cc")


def criteria(dose, *structures, prescription=30.0, chosen=()):
    new = made.course("planned", [(dose, 5, prescription)], structures)
    organs = list(made.judges(new, []).values())
    found = eligibility(organs, new, prescription, chosen)
    return [(c.number, None if c.value is None else round(c.value, 3), c.holds) for c in found]


def test_eligibility_of_a_plan_by_hand():
    # Voxel centres are 2, 6, 10 ... mm. 36 Gy up to 6, 30 Gy up to 26, 16 Gy (above half) up to 34,
    # and in y and z up to 14. The PTV ends at 18 along x and at 10 along y and z.
    levels = ((10, 36.0), (30, 30.0), (38, 16.0))
    dose = made.dose(lambda x: next((d for end, d in levels if abs(x) < end), 0.0), width=16.0)
    ptv = made.box(PTV, -20, 20, (-12, 12), (-12, 12))
    found = criteria(dose, made.box("GTV", -6, 6), ptv)
    assert found[0] == (2, 30.0, True)
    assert found[1] == (3, pytest.approx((16**2 + 4**2 + 4**2) ** 0.5, abs=1e-3), True)
    assert found[2] == (4, 36.0, True)
    assert found[3] == (4, pytest.approx(36.0, abs=0.1), True)


def test_a_half_isodose_beyond_two_centimetres_fails():
    dose = made.dose(lambda x: 30.0 if abs(x) < 46 else 0.0, width=16.0)
    found = criteria(dose, made.box(PTV, -20, 20, (-12, 12), (-12, 12)))
    assert found[1] == (3, pytest.approx((24**2 + 4**2 + 4**2) ** 0.5, abs=1e-3), False)


def test_a_hot_spot_outside_the_gtv_is_found_there():
    # 39 Gy is 130 %; 40 Gy lies in the PTV only
    dose = made.dose(lambda x: 40.0 if x > 10 else 30.0)
    found = criteria(dose, made.box("GTV", -16, 0), made.box(PTV, -20, 20))
    assert found[2] == (4, 30.0, True)
    assert found[3] == (4, 40.0, False)


def test_a_half_isodose_that_leaves_the_dose_grid_is_not_known():
    found = criteria(uniform(30.0, low=-12.0, high=12.0, width=16.0), made.box(PTV, -8, 8))
    assert found[1] == (3, None, None)


def test_every_ptv_has_to_be_covered_unless_the_user_names_those_that_count():
    dose = made.dose(lambda x: 30.0 if x > 0 else 20.0)
    targets = (made.box(PTV, 20, 40), made.box("PTV_2", -40, -20))
    assert criteria(dose, *targets)[0] == (2, 20.0, False)
    assert criteria(dose, *targets, chosen=(PTV,))[0] == (2, 30.0, True)


def test_without_targets_the_criteria_stay_open():
    found = criteria(uniform(30.0), made.box("Rectum", 0, 20))
    assert [holds for _, _, holds in found] == [None] * 4


def limit_on(metric, organ="Bladder", limit=90.0):
    quantity = Quantity.EQD2
    return Constraint("x/1", "x", organ, metric, Relation.AT_MOST, limit, "Gy", quantity, 3.0)


@pytest.mark.parametrize(("name", "is_shown"), [("D0.1cc", True), ("Dmax", True), ("Dmean", False)])
def test_the_remaining_dose_map_is_for_near_maximum_limits_only(name, is_shown):
    # prior 40/25 leaves 90 - 36.8 = 53.2 Gy EQD2, in 5 fractions D with D (D/5 + 3) / 5 = 53.2
    organ = made.box("Bladder", 0, 40)
    old = made.course("prior-1", [(uniform(40.0), 25, 50.0)], [])
    new = made.course("planned", [(uniform(30.0), 5, 30.0)], [organ])
    match = made.registered([old])
    organs = list(made.judges(new, [old]).values())
    applied = apply_limits([limit_on(Metric.parse(name))], organs)
    maps = voxel_maps(organs, applied, [old, new], match, Case(), silent)
    inside = maps["remaining_dose"].array[15, 15, 40]
    assert np.isfinite(inside) == is_shown
    if is_shown:
        assert inside * (inside / 5 + 3) / 5 == pytest.approx(53.2, rel=1e-4)
        assert maps["over_limit"].array[15, 15, 40] == 0
    assert np.isnan(maps["remaining_dose"].array[15, 15, 10])
