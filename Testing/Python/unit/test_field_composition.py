"""Displacements in closed form are put one after another, exponentiated and unfolded."""

import numpy as np
import pytest
from ReirradiationCore.curvature_solver import smallest_jacobian
from ReirradiationCore.field_composition import composed, exponential, without_folds
from scipy.linalg import expm

SHAPE = (17, 18, 19)
MIDDLE = (np.array(SHAPE) - 1) / 2
INNER = (slice(None), *(slice(5, -5),) * 3)


def linear(matrix):
    """Displacement matrix @ (x - middle) on the nodes."""
    gap = np.indices(SHAPE).astype(float) - MIDDLE.reshape(3, 1, 1, 1)
    return np.einsum("mn,n...->m...", matrix, gap).astype(np.float32)


def test_two_linear_maps_are_multiplied():
    a, b = np.diag([0.1, -0.05, 0.0]), np.array([[0, 0.08, 0], [0, 0, 0.1], [0, 0, 0]])
    both = (np.eye(3) + b) @ (np.eye(3) + a) - np.eye(3)
    found = composed(linear(a), linear(b))
    assert found[INNER] == pytest.approx(linear(both)[INNER], abs=1e-4)


def test_the_exponential_of_a_linear_velocity_is_that_of_its_matrix():
    velocity = np.array([[0.2, -0.3, 0.0], [0.3, -0.1, 0.0], [0.0, 0.05, -0.2]])
    found = exponential(linear(velocity))
    assert found[INNER] == pytest.approx(linear(expm(velocity) - np.eye(3))[INNER], abs=0.05)


def test_a_velocity_that_would_fold_if_added_does_not_fold_as_exponential():
    k, j, i = np.indices(SHAPE).astype(np.float32)
    r2 = sum((a - m) ** 2 for a, m in zip((k, j, i), MIDDLE, strict=True))
    push = np.stack([0 * k, 0 * j, -7.0 * np.exp(-r2 / 18)]).astype(np.float32)
    assert smallest_jacobian(push) < 0
    assert smallest_jacobian(exponential(push)) > 0


def test_a_fold_is_smoothed_away_and_the_rest_stays():
    nodes = linear(np.diag([0.05, 0.0, 0.0]))
    nodes[2, 8, 9, 9] += 3.0
    nodes[2, 8, 9, 10] -= 3.0
    assert smallest_jacobian(nodes) < 0
    better, rounds = without_folds(nodes, 0.1)
    assert rounds > 0
    assert smallest_jacobian(better) >= 0.1
    assert np.array_equal(better[..., :1], nodes[..., :1])


def test_a_field_without_folds_stays_bit_for_bit():
    nodes = linear(np.diag([0.1, -0.2, 0.3]))
    same, rounds = without_folds(nodes, 0.1)
    assert rounds == 0
    assert same is nodes
