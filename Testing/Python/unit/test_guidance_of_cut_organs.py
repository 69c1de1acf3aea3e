"""Where a CT or the contours stop is no surface of an organ: it does not steer the registration."""

import numpy as np
import pytest
import registration_phantom as phantom
import SimpleITK as sitk
from ReirradiationCore.built_in_registrar import BuiltInRegistrar
from ReirradiationCore.contour_ends import drawn_part
from ReirradiationCore.courses import Structure
from ReirradiationCore.deformable_steps import DeformableOptions
from ReirradiationCore.fine_region import FineRegion
from ReirradiationCore.grids import Grid, Volume, sample_volume
from ReirradiationCore.point_transforms import map_points
from ReirradiationCore.registration_guidance import GuidedOrgan

SPACING = 3.0
STILL = phantom.rigid((0.0, 0.0, 0.0), (0.0, 0.0, 0.0))
OPTIONS = DeformableOptions(spacing_mm=4.0, iterations=(8, 8))
TURNS = np.linspace(0, 2 * np.pi, 40, endpoint=False)
MIDDLE, RADIUS = np.array([5.0, 22.0]), 12.0
FULL, SHORT = (-99.0, 99.0), (-99.0, 30.0)


def heights(ends):
    return np.arange(ends[0] + SPACING / 2, ends[1], SPACING)


def circle(z, radius=RADIUS, middle=MIDDLE):
    x, y = middle[0] + radius * np.cos(TURNS), middle[1] + radius * np.sin(TURNS)
    return np.stack([x, y, np.full(TURNS.shape, z)], axis=1)


def tube(ends, middle=MIDDLE):
    return Structure(1, "SpinalCord", tuple(circle(z, middle=middle) for z in heights(ends)))


def ct(ends, hounsfield=phantom.hounsfield):
    count = round((ends[1] - ends[0]) / SPACING)
    where = Grid((100, 76, count), (SPACING,) * 3, (-148.5, -112.5, ends[0] + SPACING / 2))
    values = hounsfield(where.centers_lps()).reshape(where.shape)
    return Volume(values.astype(np.float32), where)


def muscle(points):
    """An ellipse of muscle: nothing but its skin shows."""
    x, y, _ = points.T
    return np.where((x / 115) ** 2 + (y / 90) ** 2 < 1, 40.0, -1000.0)


def run(reference, prior, drawn, region=None):
    guidance = (GuidedOrgan("SpinalCord", *drawn),) if drawn else ()
    engine = BuiltInRegistrar(
        start=STILL, refine=False, options=OPTIONS, guidance=guidance, region=region
    )
    return engine.register(reference, prior, lambda *_: None)


def largest_error(result, ends, moved=(0.0, 0.0, 0.0)):
    """Over the organ and 48 mm around it, where both CTs see."""
    x, y, z = np.meshgrid(
        np.arange(-55.0, 66.0, 6.0), np.arange(-38.0, 83.0, 6.0),
        np.arange(ends[0] + 3.0, ends[1] - 2.0, 3.0), indexing="ij",
    )  # fmt: skip
    points = np.stack([x, y, z], axis=-1).reshape(-1, 3)
    mapped, known = map_points(result.transform, points)
    assert known.all()
    return np.linalg.norm(mapped - points - moved, axis=1).max()


@pytest.mark.parametrize("cts", [(FULL, SHORT), (SHORT, FULL)], ids=["prior cut", "planned cut"])
def test_an_organ_cut_by_the_end_of_one_ct_keeps_identical_cts_in_place(cts):
    result = run(ct(cts[0]), ct(cts[1]), (tube(cts[0]), tube(cts[1])))
    assert largest_error(result, SHORT) < 0.5
    assert result.guided == ("SpinalCord",)
    assert result.warnings == ()


@pytest.mark.parametrize("drawn", [(FULL, SHORT), (SHORT, FULL), ((-60.0, 60.0), (-30.0, 80.0))])
def test_contours_that_stop_on_other_slices_keep_identical_cts_in_place(drawn):
    whole = ct(FULL)
    assert largest_error(run(whole, whole, tuple(tube(ends) for ends in drawn)), FULL) < 0.5


def oblique(degrees, ends):
    """CT whose planes are turned about x, and the tube cut where that CT ends."""
    turn = phantom.matrix_of(phantom.rigid((degrees, 0.0, 0.0), (0.0, 0.0, 0.0)))[0]
    count = round((ends[1] - ends[0]) / SPACING)
    origin = turn @ np.array([-148.5, -130.5, ends[0] + SPACING / 2])
    where = Grid((100, 88, count), (SPACING,) * 3, tuple(origin), tuple(turn.ravel()))
    values = phantom.hounsfield(where.centers_lps()).reshape(where.shape)
    loops = []
    for w in heights(ends):
        level = turn @ np.array([0.0, 0.0, w])
        loop = circle(0.0)
        normal = turn[:, 2]
        loop[:, 2] = ((level - loop) @ normal) / normal[2]
        loops.append(loop)
    return Volume(values.astype(np.float32), where), Structure(1, "Cord", tuple(loops))


@pytest.mark.parametrize("turned_first", [False, True])
def test_an_oblique_end_of_one_ct_keeps_identical_cts_in_place(turned_first):
    short, cut = oblique(20.0, (-60.0, 25.0))
    images, drawn = (ct(FULL), short), (tube(FULL), cut)
    if turned_first:
        images, drawn = images[::-1], drawn[::-1]
    result = run(*images, drawn)
    # the turned CT ends at z = 25 / cos 20 + y tan 20, from z = 13 to 56 mm over these points
    assert largest_error(result, (-30.0, 13.0)) < 0.5
    for z in (13.0, 20.0, 26.0, 30.0):
        on_axis = np.array([[*MIDDLE, z]])
        assert np.linalg.norm(map_points(result.transform, on_axis)[0] - on_axis) < 0.5


def test_an_organ_cut_by_the_side_of_one_ct_keeps_identical_cts_in_place():
    whole = ct(FULL)
    where = whole.grid
    kept = int((MIDDLE[0] - where.origin_lps[0]) / SPACING) + 1
    narrow = Grid((kept, *where.size[1:]), where.spacing_mm, where.origin_lps)
    border = where.origin_lps[0] + (kept - 0.5) * SPACING
    half = []
    for z in heights(FULL):
        loop = circle(z)
        loop[:, 0] = np.minimum(loop[:, 0], border)
        half.append(loop)
    drawn = (tube(FULL), Structure(1, "Cord", tuple(half)))
    cut = Volume(whole.array[:, :, :kept].copy(), narrow)
    results = run(whole, cut, ()), run(whole, cut, drawn)
    rows = np.stack([np.linspace(-60.0, border - 1.0, 20), np.full(20, 22.0), np.zeros(20)], axis=1)
    # the skin that one CT cuts off moves the images too, so the way without guidance is the truth
    alone, steered = (map_points(result.transform, rows)[0] for result in results)
    assert np.linalg.norm(steered - alone, axis=1).max() < 0.5


def test_the_finer_step_does_not_pull_at_the_end_of_a_ct_either():
    near = Structure(1, "PTV", tuple(circle(z, 20.0) for z in heights((-10.0, 25.0))))
    result = run(ct(FULL), ct(SHORT), (tube(FULL), tube(SHORT)), FineRegion((near,), 3.0))
    assert any("region of" in line for line in result.log)
    assert largest_error(result, SHORT) < 0.5


@pytest.mark.parametrize("drawn", [FULL, SHORT, (-99.0, 0.0)])
def test_the_sides_of_a_cut_organ_steer_as_before(drawn):
    moved = np.array([9.0, 0.0])
    images = ct(FULL, muscle), ct(FULL, muscle)
    result = run(*images, (tube(FULL), tube(drawn, MIDDLE + moved)))
    for z in (-60.0, -30.0, drawn[1] - 30.0):
        mapped = map_points(result.transform, circle(z))[0]
        gap = np.linalg.norm(mapped[:, :2] - MIDDLE - moved, axis=1) - RADIUS
        assert np.abs(gap).mean() < 1.0
        assert np.abs(mapped[:, 2] - z).max() < 1.0


def test_gas_in_a_cut_organ_does_not_pull():
    def gas(points):
        inside = np.linalg.norm(points[:, :2] - MIDDLE, axis=1) < RADIUS
        return np.where(inside, -900.0, phantom.hounsfield(points))

    # with the whole organ on both CTs the gas itself leaves 0.7 mm; the cut added 9 mm
    result = run(ct(FULL, gas), ct(SHORT), (tube(FULL), tube(SHORT)))
    assert largest_error(result, (-90.0, 30.0)) < 1.5


def test_contours_that_hardly_steer_are_warned_of_with_the_share():
    whole = ct(FULL)
    result = run(whole, whole, (tube((-6.0, 6.0)), tube(FULL)))
    said = " ".join(result.warnings)
    assert "SpinalCord steers with 0% of its surface" in said
    assert largest_error(result, FULL) < 0.5


def tapered(ends, length=12.0):
    """A tube whose upper end is round, as that of an organ is."""
    left = np.clip((ends[1] - heights(ends)) / length, 0.05, 1.0)
    radii = RADIUS * np.sqrt(1 - (1 - left) ** 2)
    loops = tuple(circle(z, r) for z, r in zip(heights(ends), radii, strict=True))
    return Structure(1, "SpinalCord", loops)


def test_tapering_ends_far_apart_are_warned_of_with_their_places():
    whole = ct(FULL)
    result = run(whole, whole, (tapered((-99.0, 0.0)), tapered((-99.0, 60.0))))
    said = " ".join(result.warnings)
    assert "the upper ends of SpinalCord lie 6" in said
    assert "check that both contours reach to the end" in said
    assert "lower ends" not in said
    same = run(whole, whole, (tapered(SHORT), tapered(SHORT)))
    assert same.warnings == ()


def known_at(structure, points):
    drawn = drawn_part(structure, SPACING, 4.0)
    return sample_volume(drawn, np.array(points)) > 0.5


def test_nothing_is_known_beyond_a_flat_end_and_all_beyond_a_round_one():
    structure = tapered((-60.0, 60.0))
    found = known_at(
        structure, [(5, 22, 0), (5, 22, 70), (40, 22, 70), (5, 22, -66), (40, 22, -66)]
    )
    assert found.tolist() == [True, True, True, False, False]


def test_each_part_of_an_organ_has_its_own_flat_end():
    far = np.array([-60.0, 22.0])
    loops = tube((-60.0, 60.0)).contours + tube((-30.0, 60.0), far).contours
    points = [(-60, 22, -40), (5, 22, -40), (5, 40, -40), (5, 22, -66), (-60, 22, 0), (-60, 22, 66)]
    found = known_at(Structure(1, "Femurs", loops), points)
    assert found.tolist() == [False, True, True, False, True, False]


def test_an_organ_that_tapers_at_both_ends_is_known_everywhere():
    radii = np.sqrt(900.0 - np.arange(-28.0, 29.0, 4.0) ** 2)
    loops = tuple(circle(z, r) for z, r in zip(np.arange(-28.0, 29.0, 4.0), radii, strict=True))
    assert drawn_part(Structure(1, "Bladder", loops), 4.0, 4.0) is None


def test_the_ends_of_contours_in_another_direction_are_found_too():
    turn = np.array([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])  # along x
    loops = tuple(loop @ turn.T for loop in tube((-60.0, 60.0)).contours)
    points = np.array([(5, 22, 0), (5, 22, 70), (5, 22, -70)], dtype=float) @ turn.T
    assert known_at(Structure(1, "Cord", loops), points).tolist() == [True, False, False]


def test_a_single_contour_is_known_in_its_own_plane_alone():
    found = known_at(Structure(1, "Lens", (circle(0.0),)), [(5, 22, 9), (5, 22, -9)])
    assert not found.any()


def test_a_transform_to_another_frame_takes_the_end_along():
    shift = (0.0, 0.0, 300.0)
    start = sitk.TranslationTransform(3, shift)
    there = ct(SHORT)
    there = Volume(
        there.array,
        Grid(there.grid.size, there.grid.spacing_mm, tuple(np.add(there.grid.origin_lps, shift))),
    )
    cut = Structure(1, "Cord", tuple(loop + shift for loop in tube(SHORT).contours))
    organ = GuidedOrgan("SpinalCord", tube(FULL), cut)
    engine = BuiltInRegistrar(start=start, refine=False, options=OPTIONS, guidance=(organ,))
    result = engine.register(ct(FULL), there, lambda *_: None)
    assert largest_error(result, SHORT, shift) < 0.5
