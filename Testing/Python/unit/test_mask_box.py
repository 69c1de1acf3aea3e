"""The box around a mask."""

import numpy as np
import pytest
from ReirradiationCore.mask_box import mask_box


def test_the_box_holds_everything_and_no_plane_more():
    mask = np.zeros((5, 6, 7))
    mask[1, 2, 6] = mask[3, 0, 4] = 0.1
    assert mask_box(mask) == (slice(1, 4), slice(0, 3), slice(4, 7))


def test_a_mask_of_nothing_has_no_box():
    with pytest.raises(ValueError, match="no box"):
        mask_box(np.zeros((2, 3, 4), bool))
