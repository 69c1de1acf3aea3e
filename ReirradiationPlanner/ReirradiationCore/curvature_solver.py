"""Linear algebra of a displacement field with a curvature penalty.

Displacements are arrays ``(3, k, j, i)`` in units of the node spacing; the penalty is diagonal
under the cosine transform, which mirrors the field at the borders.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import fft

Array = npt.NDArray[np.float32]

# where the six numbers of a symmetric 3x3 matrix stand in it
PAIRS = ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2))


def penalty_eigenvalues(shape: tuple[int, ...], curvature: float, membrane: float) -> Array:
    """Return the penalty of every cosine mode.

    Parameters
    ----------
    shape : tuple of int
        Nodes ``(k, j, i)``.
    curvature, membrane : float
        Weight of the squared Laplacian and of the squared gradient.

    References
    ----------
    Fischer and Modersitzki, J Math Imaging Vis 18:81 (2003).
    """
    laplace = np.zeros((1, 1, 1))
    for axis, size in enumerate(shape):
        values = 2 - 2 * np.cos(np.pi * np.arange(size) / size)
        laplace = laplace + values.reshape([-1 if a == axis else 1 for a in range(3)])
    return (curvature * laplace**2 + membrane * laplace).astype(np.float32)


def _to_modes(field: Array) -> Array:
    return fft.dctn(field, axes=(1, 2, 3), norm="ortho", workers=-1)


def _from_modes(modes: Array) -> Array:
    return fft.idctn(modes, axes=(1, 2, 3), norm="ortho", workers=-1)


def _multiplied(a: Array, x: Array) -> Array:
    return np.stack([
        a[0] * x[0] + a[3] * x[1] + a[4] * x[2],
        a[3] * x[0] + a[1] * x[1] + a[5] * x[2],
        a[4] * x[0] + a[5] * x[1] + a[2] * x[2],
    ])  # fmt: skip


def _dot(x: Array, y: Array) -> float:
    return float(np.sum(x * y, dtype=np.float64))


def solve(a: Array, b: Array, nodes: Array, penalty: Array, iterations: int) -> Array:
    """Solve ``(A + P) step = b - P nodes`` by preconditioned conjugate gradients.

    The iteration runs on cosine modes, where penalty and preconditioner are diagonal.

    Parameters
    ----------
    a : ndarray, shape (6, k, j, i)
        Symmetric 3x3 matrix of each node: 00, 11, 22, 01, 02, 12.
    b, nodes : ndarray, shape (3, k, j, i)
        Right side, and the displacement from which the step starts.
    penalty : ndarray, shape (k, j, i)
        From `penalty_eigenvalues`.
    iterations : int
        Number of conjugate-gradient iterations.
    """
    precondition = 1 / (np.float32(a[:3].mean(dtype=np.float64)) + penalty + np.float32(1e-6))
    rest = _to_modes(b) - penalty * _to_modes(nodes)
    step = np.zeros_like(b)
    direction = precondition * rest
    rz = _dot(rest, direction)
    for _ in range(iterations):
        if rz <= 0.0:
            break
        image = _to_modes(_multiplied(a, _from_modes(direction))) + penalty * direction
        length = np.float32(rz / _dot(direction, image))
        step += length * direction
        rest -= length * image
        z = precondition * rest
        previous, rz = rz, _dot(rest, z)
        direction = z + np.float32(rz / previous) * direction
    return _from_modes(step)


def jacobian_of_nodes(nodes: Array) -> Array:
    """Return the determinant of the gradient of ``x + u`` at every node, by central differences."""
    gradient = [np.gradient(u) for u in nodes]
    j = [[gradient[m][n] + (1 if m == n else 0) for n in range(3)] for m in range(3)]
    return (
        j[0][0] * (j[1][1] * j[2][2] - j[1][2] * j[2][1])
        - j[0][1] * (j[1][0] * j[2][2] - j[1][2] * j[2][0])
        + j[0][2] * (j[1][0] * j[2][1] - j[1][1] * j[2][0])
    )


def smallest_jacobian(nodes: Array) -> float:
    """Return the smallest determinant of the gradient of ``x + u`` on the node grid."""
    return float(jacobian_of_nodes(nodes).min())


def half(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the shape at half the resolution, rounded up."""
    return tuple(-(-n // 2) for n in shape)


def block_mean(array: Array) -> Array:
    """Return means over blocks of 2x2x2; an odd border counts as half empty."""
    array = np.pad(array, [(0, n % 2) for n in array.shape])
    array = array[0::2] + array[1::2]
    array = array[:, 0::2] + array[:, 1::2]
    return (array[:, :, 0::2] + array[:, :, 1::2]) / np.float32(8)


def upsample(array: Array, shape: tuple[int, ...]) -> Array:
    """Return linear values at twice the resolution, where every voxel is split into 2x2x2."""
    for axis, size in enumerate(shape):
        position = (np.arange(size) - 0.5) / 2
        below = np.clip(np.floor(position).astype(int), 0, array.shape[axis] - 1)
        above = np.minimum(below + 1, array.shape[axis] - 1)
        share = np.clip(position - below, 0, 1).astype(np.float32)
        share = share.reshape([-1 if a == axis else 1 for a in range(3)])
        array = array.take(below, axis) * (1 - share) + array.take(above, axis) * share
    return array
