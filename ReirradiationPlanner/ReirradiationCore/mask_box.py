"""The box around everything of a mask."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt


def mask_box(mask: npt.NDArray[Any]) -> tuple[slice, slice, slice]:
    """Return the smallest box with everything of a mask, in the order of its axes.

    Parameters
    ----------
    mask : ndarray
        Of three axes; anything but 0 belongs to it.

    Raises
    ------
    ValueError
        Nothing belongs to it.
    """
    over_j = mask.any(axis=1)
    spans = (over_j.any(axis=1), mask.any(axis=(0, 2)), over_j.any(axis=0))
    if not spans[0].any():
        reason = "a mask of nothing has no box"
        raise ValueError(reason)
    k, j, i = (np.flatnonzero(span)[[0, -1]].tolist() for span in spans)
    return slice(k[0], k[1] + 1), slice(j[0], j[1] + 1), slice(i[0], i[1] + 1)
