"""Axes of image planes from Image Orientation (Patient)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ..errors import RefusedError

_TOLERANCE = 2e-3


def plane_axes(orientation: Sequence[float] | None, name: str) -> npt.NDArray[np.float64]:
    """Return the 3x3 matrix whose columns are the unit vectors of columns, rows and planes, LPS.

    Parameters
    ----------
    orientation : sequence of 6 float, optional
        Image Orientation (Patient): direction of a row (along which the column index grows),
        then direction of a column. The planes grow along their cross product.
    name : str
        File named in messages.

    Raises
    ------
    RefusedError
        Missing, or not two unit vectors at right angles.
    """
    if orientation is None:
        msg = f"{name}: Image Orientation (Patient) is missing or not six numbers"
        raise RefusedError(msg)
    across, down = np.array(orientation[:3], float), np.array(orientation[3:], float)
    lengths = np.linalg.norm(across), np.linalg.norm(down)
    if not np.allclose(lengths, 1, atol=_TOLERANCE) or abs(across @ down) > _TOLERANCE:
        msg = (
            f"{name}: Image Orientation (Patient) {tuple(orientation)} is not two unit vectors at "
            "right angles; export the object again"
        )
        raise RefusedError(msg)
    across /= lengths[0]
    normal = np.cross(across, down)
    normal /= np.linalg.norm(normal)
    return np.stack([across, np.cross(normal, across), normal], axis=1)


def pixel_spacing(values: npt.NDArray[np.floating] | None, name: str) -> tuple[float, float]:
    """Return spacing along i (between columns) and j (between rows), mm.

    Parameters
    ----------
    values : ndarray, optional
        Pixel Spacing (0028,0030): between rows first, then between columns.
    name : str
        File named in messages.

    Raises
    ------
    RefusedError
        Missing, or not two positive numbers.
    """
    if values is None or values.size != 2 or not np.all(values > 0) or not np.all(values < 1e3):
        msg = f"{name}: Pixel Spacing is missing or not two positive numbers"
        raise RefusedError(msg)
    return float(values[1]), float(values[0])
