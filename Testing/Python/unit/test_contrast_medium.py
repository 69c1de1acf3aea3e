"""A part filled with contrast medium in one CT alone is shown as in the other; others stay."""

import numpy as np
import pytest
from ReirradiationCore import contrast_medium
from ReirradiationCore.grids import Grid, Volume

GRID = Grid((40, 40, 40), (3.0, 3.0, 3.0), (-58.5, -58.5, -58.5))
BODY = Volume(np.ones(GRID.shape, dtype=np.uint8), GRID)
DISTANCE = np.linalg.norm(GRID.centers_lps(), axis=1).reshape(GRID.shape)


def ball(level_hu, radius_mm=24.0, noise_hu=12.0):
    """Muscle of 50 HU around a ball, with noise."""
    hu = np.where(radius_mm > DISTANCE, level_hu, 50.0)
    hu = hu + np.random.default_rng(2).normal(0, noise_hu, GRID.shape)
    return Volume(hu.astype(np.float32), GRID)


def without_contrast_medium(image, body, other_hu=5.0):
    """The step against another CT that has one HU everywhere."""

    def elsewhere(part):
        return np.full(np.count_nonzero(part.array), other_hu, dtype=np.float32)

    return contrast_medium.without_contrast_medium(image, body, elsewhere)


def uneven():
    """A bright ball whose HU change by 120 within a few voxels."""
    waves = 60 * np.sin(GRID.centers_lps()[:, 0] / 8).reshape(GRID.shape)
    return Volume(ball(180.0).array + (waves * (DISTANCE < 24)).astype(np.float32), GRID)


def test_a_bladder_full_of_contrast_medium_looks_like_urine():
    image, said = without_contrast_medium(ball(160.0), BODY)
    assert image.array[DISTANCE < 18].mean() == pytest.approx(5.0, abs=5.0)
    assert said.startswith("contrast medium shown as in the other CT: 1")
    assert said.endswith("HU as 5 HU")


def test_an_organ_with_contrast_medium_looks_like_the_organ_without():
    image, _ = without_contrast_medium(ball(160.0), BODY, other_hu=60.0)
    assert image.array[DISTANCE < 18].mean() == pytest.approx(60.0, abs=2.0)


def test_what_has_less_contrast_medium_in_the_other_ct_gets_its_level():
    image, _ = without_contrast_medium(ball(250.0), BODY, other_hu=120.0)
    assert image.array[DISTANCE < 18].mean() == pytest.approx(120.0, abs=5.0)


@pytest.mark.parametrize(
    ("other_hu", "why"),
    [
        (130.0, "alike in both"),
        (250.0, "brighter in the other"),
        (99.0, "not quite bright in the other: the limit decides nothing by itself"),
        (-100.0, "fat in the other: the place tells nothing"),
        (-1000.0, "air in the other, as for a bolus"),
        (-5000.0, "not seen in the other"),
    ],
)
def test_what_the_other_ct_does_not_show_as_distinctly_darker_tissue_stays(other_hu, why):
    image = ball(130.0)
    same, said = without_contrast_medium(image, BODY, other_hu)
    assert same is image, why
    assert said == ""


def test_an_organ_bright_in_both_stays_although_it_moved_by_most_of_its_width():
    def elsewhere(part):
        there = np.full(np.count_nonzero(part.array), 50.0)
        there[: len(there) // 4] = 160.0
        return there

    image = ball(160.0)
    assert contrast_medium.without_contrast_medium(image, BODY, elsewhere)[0] is image


def test_a_part_that_the_other_ct_does_not_reach_stays():
    image = ball(160.0)
    nowhere = contrast_medium.without_contrast_medium(image, BODY, lambda part: np.zeros(0))
    assert nowhere[0] is image


def test_its_surroundings_stay():
    image, _ = without_contrast_medium(ball(160.0), BODY)
    far = DISTANCE > 42
    assert np.array_equal(image.array[far], ball(160.0).array[far])


def test_its_edge_turns_round_at_the_same_place():
    soft = 50.0 + 110.0 * np.clip((24.0 - DISTANCE) / 6.0 + 0.5, 0, 1)
    image, _ = without_contrast_medium(Volume(soft.astype(np.float32), GRID), BODY)
    edge = np.abs(DISTANCE - 24.0) < 1.0
    # half way from 50 to 160 HU becomes half way from about 45 to 5 HU
    assert image.array[edge].mean() == pytest.approx(25.0, abs=6.0)


@pytest.mark.parametrize(
    ("image", "why"),
    [
        (ball(50.0), "nothing is bright"),
        (ball(80.0), "no brighter than an organ with blood"),
        (ball(160.0, radius_mm=11.0), "too small to matter: 6 cc"),
        (uneven(), "uneven as marrow is"),
        (ball(900.0), "as dense as bone or metal"),
    ],
)
def test_what_is_no_contrast_medium_stays(image, why):
    same, said = without_contrast_medium(image, BODY)
    assert same is image, why
    assert said == ""


def test_marrow_inside_cortical_bone_stays():
    hu = ball(200.0).array
    hu[(DISTANCE > 24) & (DISTANCE < 32)] = 900.0
    image = Volume(hu, GRID)
    assert without_contrast_medium(image, BODY)[0] is image


def test_what_lies_outside_the_body_stays():
    image = ball(160.0)
    nobody = Volume(np.zeros(GRID.shape, dtype=np.uint8), GRID)
    assert without_contrast_medium(image, nobody)[0] is image
