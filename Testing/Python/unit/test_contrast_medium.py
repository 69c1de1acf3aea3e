"""A part filled with contrast medium is shown as urine; bone and tissue are not."""

import numpy as np
import pytest
from ReirradiationCore.contrast_medium import without_contrast_medium
from ReirradiationCore.grids import Grid, Volume

GRID = Grid((40, 40, 40), (3.0, 3.0, 3.0), (-58.5, -58.5, -58.5))
BODY = Volume(np.ones(GRID.shape, dtype=np.uint8), GRID)
DISTANCE = np.linalg.norm(GRID.centers_lps(), axis=1).reshape(GRID.shape)


def ball(level_hu, radius_mm=24.0, noise_hu=12.0):
    """Muscle of 50 HU around a ball, with noise."""
    hu = np.where(radius_mm > DISTANCE, level_hu, 50.0)
    hu = hu + np.random.default_rng(2).normal(0, noise_hu, GRID.shape)
    return Volume(hu.astype(np.float32), GRID)


def uneven():
    """A bright ball whose HU change by 120 within a few voxels."""
    waves = 60 * np.sin(GRID.centers_lps()[:, 0] / 8).reshape(GRID.shape)
    return Volume(ball(180.0).array + (waves * (DISTANCE < 24)).astype(np.float32), GRID)


def test_a_bladder_full_of_contrast_medium_looks_like_urine():
    image, said = without_contrast_medium(ball(160.0), BODY)
    assert image.array[DISTANCE < 18].mean() == pytest.approx(5.0, abs=5.0)
    assert said.startswith("contrast medium shown as urine: 1")


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
