"""The hash of contents changes with everything that matters, and with nothing else."""

from dataclasses import replace

import numpy as np
import pytest
import SimpleITK as sitk
from ReirradiationCore.content_hash import structure_digest, transform_digest, volume_digest
from ReirradiationCore.courses import Structure, StructureKind
from ReirradiationCore.grids import Grid, Volume

GRID = Grid((4, 3, 2), (1.0, 2.0, 3.0))
VALUES = np.arange(24, dtype=np.float32).reshape(GRID.shape)


def changed_value():
    array = VALUES.copy()
    array[1, 2, 3] += 1e-4
    return Volume(array, GRID)


@pytest.mark.parametrize(
    "other",
    [
        changed_value(),
        Volume(VALUES, replace(GRID, origin_lps=(0.01, 0.0, 0.0))),
        Volume(VALUES, replace(GRID, spacing_mm=(1.0, 2.0, 3.001))),
        Volume(VALUES, replace(GRID, direction=(1, 0, 0, 0, -1, 0, 0, 0, -1))),
    ],
)
def test_another_volume_has_another_hash(other):
    assert volume_digest(other) != volume_digest(Volume(VALUES, GRID))


def test_the_same_volume_has_the_same_hash_wherever_it_is_in_memory():
    rounded = replace(GRID, origin_lps=(1e-9, 0.0, 0.0))
    assert volume_digest(Volume(VALUES.copy(), rounded)) == volume_digest(Volume(VALUES, GRID))


SQUARE = np.array([(0.0, 0.0, 0.0), (10.0, 0.0, 0.0), (10.0, 10.0, 0.0), (0.0, 10.0, 0.0)])
BLADDER = Structure(1, "Bladder", (SQUARE,))


@pytest.mark.parametrize(
    "other",
    [
        replace(BLADDER, name="Rectum"),
        replace(BLADDER, contours=(SQUARE + 0.01,)),
        replace(BLADDER, contours=(SQUARE, SQUARE + np.array([0, 0, 3]))),
        replace(BLADDER, interpreted_type="PTV"),
        replace(BLADDER, kind=StructureKind.TARGET),
    ],
)
def test_another_structure_has_another_hash(other):
    assert structure_digest(other) != structure_digest(BLADDER)


def test_a_colour_is_no_part_of_the_hash_of_a_structure():
    assert structure_digest(replace(BLADDER, color_rgb=(1, 2, 3))) == structure_digest(BLADDER)


def moved(x_mm):
    return sitk.TranslationTransform(3, (x_mm, 0.0, 0.0))


def field(x_mm, origin=0.0):
    array = np.zeros((4, 4, 4, 3))
    array[..., 0] = x_mm
    image = sitk.GetImageFromArray(array, isVector=True)
    image.SetOrigin((origin, 0.0, 0.0))
    return sitk.DisplacementFieldTransform(image)


def test_the_same_transform_has_one_hash_whatever_its_class():
    affine = sitk.AffineTransform(3)
    affine.SetTranslation((5.0, 0.0, 0.0))
    assert transform_digest(affine) == transform_digest(moved(5.0))
    both = [sitk.CompositeTransform([part, field(1.0)]) for part in (affine, moved(5.0))]
    assert transform_digest(both[0]) == transform_digest(both[1])


@pytest.mark.parametrize("other", [moved(5.01), field(5.0), field(0.0)])
def test_another_transform_has_another_hash(other):
    assert transform_digest(sitk.Transform(other)) != transform_digest(moved(5.0))


def test_the_domain_of_a_field_is_part_of_its_hash():
    assert transform_digest(field(5.0)) != transform_digest(field(5.0, origin=1.0))
