"""Contours steer where images cannot, organs are left out, and the result says who steered."""

import numpy as np
import pytest
import registration_phantom as phantom
from ReirradiationCore.built_in_registrar import BuiltInRegistrar
from ReirradiationCore.courses import Course, CourseRole, Patient, Structure
from ReirradiationCore.deformable_steps import DeformableOptions
from ReirradiationCore.errors import RefusedError, RegistrationError
from ReirradiationCore.grids import Volume
from ReirradiationCore.organ_terms import INSIDE_VALUE, made_alike, organ_term, surface_distance
from ReirradiationCore.point_transforms import map_points
from ReirradiationCore.registration_guidance import GuidedOrgan, guided_organs
from ReirradiationCore.registration_images import Images

PRIOR_RADIUS, REFERENCE_RADIUS = 34.0, 22.0
CENTER = np.array([0.0, -20.0, -10.0])
OPTIONS = DeformableOptions(spacing_mm=4.0, iterations=(10, 8))
STILL = phantom.rigid((0.0, 0.0, 0.0), (0.0, 0.0, 0.0))


def ball(name, radius, center=CENTER):
    """Contours every 4 mm of a ball."""
    turns = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    loops = []
    for z in np.arange(-radius + 2.0, radius, 4.0):
        across = np.sqrt(radius**2 - z**2)
        flat = np.stack([across * np.cos(turns), across * np.sin(turns), np.full(60, z)], axis=1)
        loops.append(flat + center)
    return Structure(1, name, tuple(loops))


def uniform_ct(hu_inside, radius):
    """CT of muscle alone: nothing shows where the organ ends but its own HU."""
    where = phantom.grid((50, 40, 36), 5.0)
    points = where.centers_lps()
    x, y, _ = points.T
    hu = np.where((x / 115) ** 2 + (y / 90) ** 2 < 1, 40.0, -1000.0)
    hu[np.linalg.norm(points - CENTER, axis=1) < radius] = hu_inside
    return Volume(hu.reshape(where.shape).astype(np.float32), where)


def surface_error(transform):
    """Distance of mapped points of the reference surface to the prior surface."""
    rng = np.random.default_rng(5)
    along = rng.normal(size=(300, 3))
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    mapped = map_points(transform, CENTER + REFERENCE_RADIUS * along)[0]
    return np.abs(np.linalg.norm(mapped - CENTER, axis=1) - PRIOR_RADIUS)


def run(guidance=(), hu=(40.0, 40.0), **options):
    images = uniform_ct(hu[0], REFERENCE_RADIUS), uniform_ct(hu[1], PRIOR_RADIUS)
    engine = BuiltInRegistrar(start=STILL, refine=False, options=OPTIONS, guidance=guidance)
    return engine.register(*images, lambda *_: None)


ORGAN = GuidedOrgan("Bladder", ball("Bladder", REFERENCE_RADIUS), ball("bladder", PRIOR_RADIUS))


def test_contours_match_an_organ_that_the_images_do_not_show():
    without, guided = run(), run((ORGAN,))
    assert surface_error(without.transform).mean() == pytest.approx(12.0, abs=0.5)
    assert surface_error(guided.transform).mean() < 1.0
    assert guided.parameters["smallest_jacobian"] > 0


def test_contrast_medium_in_one_of_the_images_does_not_matter():
    assert surface_error(run((ORGAN,), (10.0, 300.0)).transform).mean() < 1.0


def test_gas_in_one_of_the_images_does_not_matter():
    assert surface_error(run((ORGAN,), (-900.0, 20.0)).transform).mean() < 1.0


def test_the_result_says_who_steered():
    assert run((ORGAN,)).guided == ("Bladder",)
    assert "guided by Bladder" in run((ORGAN,)).log
    assert run().guided == ()


def test_a_rigid_registration_is_steered_by_no_organ():
    images = uniform_ct(0.0, 22.0), uniform_ct(0.0, 34.0)
    engine = BuiltInRegistrar(deformable=False, start=STILL, refine=False, guidance=(ORGAN,))
    assert engine.register(*images, lambda *_: None).guided == ()


def test_an_organ_outside_the_images_cannot_guide():
    away = GuidedOrgan("Rectum", ball("Rectum", 20.0), ball("Rectum", 20.0, CENTER + 900.0))
    with pytest.raises(RegistrationError, match=r"Rectum cannot guide: less than 0\.5 cc"):
        run((away,))


def test_both_images_get_one_value_inside_an_organ_and_keep_theirs_outside():
    fixed, moving = np.zeros((2, 16, 16, 16), dtype=np.float32)
    fixed[4:8, 4:8, 4:8] = moving[6:12, 6:12, 6:12] = 1.0
    term = organ_term("Bladder", fixed, moving, 4.0, 4)
    one = np.ones((16, 16, 16), dtype=np.float32)
    alike = made_alike(Images(2 * one, 3 * one, one, one, one, 0 * one), [term])
    assert np.array_equal(alike.fixed, np.where(fixed > 0, INSIDE_VALUE, 2.0))
    assert np.array_equal(alike.moving, np.where(moving > 0, INSIDE_VALUE, 3.0))


def test_the_distance_to_a_plane_is_linear_up_to_the_reach():
    cover = np.zeros((4, 4, 24), dtype=np.float32)
    cover[:, :, 12:] = 1.0
    distance = surface_distance(cover, 2.0)[2, 2]
    # in units of 2 mm; the surface lies between voxels 11 and 12, the reach is 12 mm
    expected = np.clip(11.5 - np.arange(24), -6.0, 6.0)
    assert distance[4:20] == pytest.approx(expected[4:20], abs=0.35)
    assert np.all(np.diff(distance) <= 0)


def course(role, names):
    structures = tuple(ball(name, 20.0) for name in names)
    return Course(role.value, role, "label", Patient("1"), (), structures)


PLANNED = course(CourseRole.PLANNED, ("Bladder", "Rectum", "Bowel_Small"))
PRIOR = course(CourseRole.PRIOR, ("bladder", "RECTUM", "Heart"))


def names_of(guide, leave_out=()):
    return [organ.name for organ in guided_organs(PLANNED, PRIOR, guide, leave_out)]


def test_organs_are_chosen_by_name_or_all_together():
    assert names_of(()) == []
    assert names_of(("Bladder",)) == ["Bladder"]
    assert names_of(("*",)) == ["Bladder", "Rectum"]


def test_an_organ_left_out_does_not_guide():
    assert names_of(("*",), ("Rectum",)) == ["Bladder"]


def test_an_organ_of_one_course_alone_is_refused_with_those_that_can():
    with pytest.raises(RefusedError, match=r"Heart is not contoured in both .* Bladder, Rectum"):
        names_of(("Heart",))
    with pytest.raises(RefusedError, match="Bowel_Small is not contoured in both"):
        names_of(("*",), ("Bowel_Small",))
