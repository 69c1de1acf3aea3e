"""Seeded texture of tissues (moves with the anatomy) and noise of the scanner (does not)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from ..grids import Grid, Volume, sample_volume
from .shapes import Array

LATTICE_MM = 3.0
FINE_SIGMA_MM = 2.6
COARSE_SIGMA_MM = 8.0
_BOX = ((-200.0, -145.0, -165.0), (200.0, 145.0, 170.0))


@dataclass(frozen=True)
class Texture:
    """Two band-limited random fields of unit variance over today's anatomy.

    Parameters
    ----------
    fine, coarse : Volume
        Fields with features of about 8 and 25 mm.
    """

    fine: Volume
    coarse: Volume

    def sample(self, points: Array) -> tuple[Array, Array]:
        """Return fine and coarse values (N,) at points (3, N) of today's anatomy, LPS, mm."""
        inside = np.clip(points.T, _BOX[0], _BOX[1])
        return (
            sample_volume(self.fine, inside).astype(float),
            sample_volume(self.coarse, inside).astype(float),
        )


def make_texture(seed: int) -> Texture:
    """Return the texture that belongs to a seed."""
    lower, upper = np.array(_BOX)
    size = np.ceil((upper - lower) / LATTICE_MM).astype(int) + 1
    grid = Grid(tuple(size.tolist()), (LATTICE_MM,) * 3, tuple(lower.tolist()))
    rng = np.random.default_rng([seed, 1])
    fields = []
    for sigma in (FINE_SIGMA_MM, COARSE_SIGMA_MM):
        white = rng.standard_normal(grid.shape, dtype=np.float32)
        smooth = ndimage.gaussian_filter(white, sigma / LATTICE_MM)
        fields.append(Volume(smooth / smooth.std(), grid))
    return Texture(*fields)


def scanner_noise(
    shape: tuple[int, int, int], seed: int, course: int, sigma_hu: float
) -> npt.NDArray[np.float32]:
    """Noise of a reconstructed CT: correlated within a slice, independent between slices."""
    rng = np.random.default_rng([seed, 2, course])
    white = rng.standard_normal(shape, dtype=np.float32)
    smooth = ndimage.gaussian_filter(white, (0, 0.7, 0.7))
    return smooth * np.float32(sigma_hu / smooth.std())
