"""Structures of simple shape."""

import numpy as np
from ReirradiationCore.courses import Structure, StructureKind


def box_structure(number, name, low, high, *, spacing=3.0, color=(255, 0, 0), kind=None):
    """Box with contours at every ``spacing`` mm from low to high S."""
    heights = np.arange(low[2], high[2] + 1e-6, spacing)
    corners = [(low[0], low[1]), (high[0], low[1]), (high[0], high[1]), (low[0], high[1])]
    contours = tuple(np.array([(x, y, z) for x, y in corners], dtype=float) for z in heights)
    kind = kind or StructureKind.OAR
    return Structure(number, name, contours, color_rgb=color, kind=kind)
