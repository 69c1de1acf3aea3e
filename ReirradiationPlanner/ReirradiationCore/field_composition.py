"""Displacements on nodes put one after another, and made free of folds.

Displacements are arrays ``(3, k, j, i)`` in units of the node spacing, linear between the nodes;
beyond the border the value at the border goes on.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from .curvature_solver import jacobian_of_nodes

Array = npt.NDArray[np.float32]

SMALL_STEP = 0.2
MOST_SQUARINGS = 8
CALM_NODES = 2.0
CALM_ROUNDS = 40


def composed(first: Array, second: Array) -> Array:
    """Return the displacement of moving by ``first`` and then, from there, by ``second``.

    ``u(x) = first(x) + second(x + first(x))``.
    """
    where = np.indices(first.shape[1:], dtype=np.float32) + first
    moved = [ndimage.map_coordinates(c, where, np.float32, order=1, mode="nearest") for c in second]
    return first + np.stack(moved)


def exponential(velocity: Array) -> Array:
    """Return the displacement that follows a stationary velocity field for one unit of time.

    Scaling and squaring: the field is halved until it moves by less than a fifth of a node, and
    that small step is put after itself as often as it was halved. The result has no fold as long
    as neighbouring small steps differ by less than a node.

    References
    ----------
    Arsigny et al., MICCAI, LNCS 4190:924 (2006).
    """
    largest = float(np.abs(velocity).max(initial=0.0))
    halvings = int(np.ceil(np.log2(max(largest / SMALL_STEP, 1.0))))
    halvings = min(halvings, MOST_SQUARINGS)
    step = velocity / np.float32(2**halvings)
    for _ in range(halvings):
        step = composed(step, step)
    return step


def without_folds(nodes: Array, smallest: float) -> tuple[Array, int]:
    """Smooth a displacement only around the nodes where it folds, until none is left.

    Parameters
    ----------
    nodes : ndarray, shape (3, k, j, i)
        Displacement.
    smallest : float
        Jacobian determinant below which a node counts as folded.

    Returns
    -------
    nodes : ndarray
        The displacement; still folded if the rounds were not enough (measure it).
    rounds : int
        How often it was smoothed; 0 for a field without folds.
    """
    for done in range(CALM_ROUNDS):
        folded = jacobian_of_nodes(nodes) < smallest
        if not folded.any():
            return nodes, done
        share = ndimage.gaussian_filter(ndimage.binary_dilation(folded, iterations=3) * 1.0, 1.0)
        smooth = [ndimage.gaussian_filter(u, CALM_NODES, mode="nearest") for u in nodes]
        nodes = nodes + share.astype(np.float32) * (np.stack(smooth) - nodes)
    return nodes, CALM_ROUNDS
