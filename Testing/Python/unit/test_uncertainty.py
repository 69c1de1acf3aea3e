"""Ellipsoid search, perturbed mappings, spreads and sensitivity."""

import numpy as np
import pytest
from golden import golden
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from ReirradiationCore.ellipsoid_search import ellipsoid_search, ellipsoid_search_points
from ReirradiationCore.errors import RadiobiologyError
from ReirradiationCore.grids import Grid
from ReirradiationCore.perturbation import axis_shifts, displace, random_displacement
from ReirradiationCore.radiobiology import cumulative_eqd2, eqd2
from ReirradiationCore.uncertainty import holds_over, sensitivity, spread, verdict_over

SPACING = (1.0, 2.0, 3.0)
volumes = hnp.arrays(float, (4, 5, 6), elements=st.floats(0, 90))
masks = hnp.arrays(bool, (4, 5, 6))
axes = st.tuples(*[st.floats(0, 7)] * 3)


def brute_force(values, spacing, semi_axes, mask):
    places = np.argwhere(mask)
    out = np.full(values.shape, np.nan)
    for place in places:
        offsets = (places - place)[:, ::-1] * spacing
        scaled = np.divide(offsets, semi_axes, out=np.zeros(offsets.shape), where=offsets != 0)
        near = places[np.sum(scaled**2, axis=1) <= 1 + 1e-9]
        out[tuple(place)] = values[tuple(near.T)].max()
    return out


@settings(max_examples=40, deadline=None)
@given(volumes, masks, st.tuples(st.floats(1, 7), st.floats(2, 7), st.floats(3, 7)))
def test_search_on_a_grid_is_exact(values, mask, semi_axes):
    found = ellipsoid_search(values, SPACING, semi_axes, mask)
    np.testing.assert_allclose(found, brute_force(values, SPACING, semi_axes, mask))


@settings(max_examples=40, deadline=None)
@given(volumes, masks, axes)
def test_search_never_lowers_and_the_restricted_never_exceeds_the_free_one(values, mask, semi):
    free = ellipsoid_search(values, SPACING, semi)
    restricted = ellipsoid_search(values, SPACING, semi, mask)
    assert (free >= values).all()
    assert (restricted[mask] >= values[mask]).all()
    assert (restricted[mask] <= free[mask]).all()
    assert np.isnan(restricted[~mask]).all()


@settings(max_examples=40, deadline=None)
@given(volumes, axes, st.floats(1.0, 2.0))
def test_a_larger_ellipsoid_never_finds_less(values, semi, factor):
    # The tips of an ellipsoid finer than the grid are interpolated: compare lattice with lattice.
    small = tuple(max(a, s) for a, s in zip(semi, SPACING, strict=True))
    large = tuple(a * factor for a in small)
    assert (
        ellipsoid_search(values, SPACING, large) >= ellipsoid_search(values, SPACING, small)
    ).all()


@settings(max_examples=40, deadline=None)
@given(volumes, volumes, masks, axes)
def test_restricted_cumulative_maximum_is_bounded_by_the_sum_of_maxima(prior, planned, mask, semi):
    if mask.any():
        found = ellipsoid_search(prior, SPACING, semi, mask) + planned
        assert found[mask].max() <= prior[mask].max() + planned[mask].max() + 1e-9


def test_a_point_without_size_finds_its_own_dose():
    values = np.random.default_rng(1).random((3, 3, 3))
    np.testing.assert_array_equal(ellipsoid_search(values, SPACING, (0.0, 0.0, 0.0)), values)


def test_below_the_spacing_the_dose_is_interpolated():
    ramp = np.arange(5.0).reshape(1, 1, 5) * 10
    found = ellipsoid_search(ramp, (2.0, 2.0, 2.0), (0.5, 0.0, 0.0)).ravel()
    assert list(found) == golden([2.5, 12.5, 22.5, 32.5, 40.0])


def test_interpolated_search_stays_inside_the_organ():
    ramp = np.arange(5.0).reshape(1, 1, 5) * 10
    organ = np.array([0, 1, 1, 0, 0], bool).reshape(1, 1, 5)
    found = ellipsoid_search(ramp, (2.0, 2.0, 2.0), (1.5, 0.0, 0.0), organ).ravel()
    assert found[1] == golden(17.5)
    assert found[2] == golden(20.0)


def test_unknown_dose_is_not_searched_and_stays_unknown():
    values = np.array([10.0, np.nan, 30.0, 5.0]).reshape(1, 1, 4)
    found = ellipsoid_search(values, (2.0, 2.0, 2.0), (2.0, 2.0, 2.0)).ravel()
    np.testing.assert_array_equal(found, [10.0, np.nan, 30.0, 30.0])


def test_impossible_ellipsoids_are_refused():
    with pytest.raises(RadiobiologyError, match="ellipsoid"):
        ellipsoid_search(np.zeros((2, 2, 2)), SPACING, (-1.0, 1.0, 1.0))
    with pytest.raises(RadiobiologyError, match="ellipsoid"):
        ellipsoid_search(np.zeros((2, 2, 2)), SPACING, (1.0, 1.0, 1.0), np.ones((2, 2, 3), bool))


def test_search_on_samples_agrees_with_the_grid():
    grid = Grid((6, 5, 4), (1.0, 1.0, 1.0), (-3.0, 7.0, 40.0))
    values = np.random.default_rng(2).random(grid.shape) * 60
    inside = np.random.default_rng(3).random(grid.shape) < 0.7
    values[0, 0, 0] = np.nan
    semi = (2.0, 1.0, 3.0)
    expected = ellipsoid_search(values, (1.0,) * 3, semi, inside)[inside]
    points = grid.centers_lps()[inside.ravel()]
    found = ellipsoid_search_points(values[inside], points, semi, 1.0)
    np.testing.assert_allclose(found, expected)


def test_shifts_go_both_ways_along_each_axis():
    shifts = axis_shifts((1.0, 2.0, 3.0))
    assert len(set(shifts)) == 6
    assert np.sum(shifts, axis=0).tolist() == [0, 0, 0]
    assert np.abs(shifts).max(axis=0).tolist() == [1, 2, 3]


FIELD_GRID = Grid((60, 60, 60), (5.0, 5.0, 5.0))


def test_random_fields_are_the_same_for_the_same_seed():
    a, b, c = (random_displacement(FIELD_GRID, (2, 2, 2), 15, seed).array for seed in (7, 7, 8))
    np.testing.assert_array_equal(a, b)
    assert np.abs(a - c).max() > 0.1


def test_random_fields_have_the_asked_size_and_correlation():
    field = random_displacement(FIELD_GRID, (1.0, 2.0, 3.0), 15.0, 11).array.astype(float)
    rms = np.sqrt((field**2).mean(axis=(0, 1, 2)))
    np.testing.assert_allclose(rms, [1.0, 2.0, 3.0], rtol=0.05)
    for axis in range(3):
        moved = np.roll(field, 3, axis=axis)
        correlation = (field * moved).mean(axis=(0, 1, 2)) / (field**2).mean(axis=(0, 1, 2))
        np.testing.assert_allclose(correlation, np.exp(-1), atol=0.05)


def test_random_fields_change_from_voxel_to_voxel_by_the_closed_form():
    field = random_displacement(FIELD_GRID, (3.0, 3.0, 3.0), 15.0, 5).array.astype(float)
    expected = np.sqrt(2 * 3.0**2 * (1 - np.exp(-((5.0 / 15.0) ** 2))))
    rms = np.sqrt((np.diff(field, axis=0) ** 2).mean())
    assert rms == pytest.approx(expected, rel=0.05)


def test_points_move_with_the_field_and_are_unknown_outside():
    grid = Grid((4, 4, 4), (10.0, 10.0, 10.0))
    field = random_displacement(grid, (2.0, 2.0, 2.0), 20.0, 1)
    moved = displace(np.array([[10.0, 20.0, 30.0], [500.0, 0.0, 0.0]]), field)
    np.testing.assert_allclose(moved[0], [10, 20, 30] + field.array[3, 2, 1], rtol=1e-6)
    assert np.isnan(moved[1]).all()


def test_a_field_needs_a_correlation_length():
    with pytest.raises(RadiobiologyError, match="correlation length"):
        random_displacement(FIELD_GRID, (1, 1, 1), 0.0, 1)


def test_a_spread_holds_nominal_and_perturbed_values():
    found = spread(50.0, [52.0, 47.0, 51.0])
    assert (found.minimum, found.median, found.maximum) == (47.0, 50.5, 52.0)
    assert found.band == (47.0, 52.0)


@pytest.mark.parametrize("unknown", [None, float("nan")])
def test_an_unknown_value_leaves_the_spread_open(unknown):
    assert spread(50.0, [52.0, unknown]).band is None
    assert spread(unknown, [52.0]).band is None


@pytest.mark.parametrize(
    ("band", "upper", "expected"),
    [
        ((40.0, 60.0), True, True),
        ((40.0, 60.1), True, False),
        ((60.0, 70.0), False, True),
        ((59.9, 70.0), False, False),
        (None, True, None),
    ],
)
def test_a_limit_holds_over_a_band_or_not(band, upper, expected):
    assert holds_over(band, 60.0, upper=upper) is expected


@pytest.mark.parametrize(
    ("nominal", "holds", "verdict"),
    [
        ("PASS", True, "PASS"),
        ("PASS", False, "MARGINAL"),
        ("PASS", None, "MARGINAL"),
        ("MARGINAL", True, "MARGINAL"),
        ("FAIL", True, "FAIL"),
        ("NOT EVALUABLE", True, "NOT EVALUABLE"),
    ],
)
def test_pass_needs_the_whole_interval(nominal, holds, verdict):
    assert verdict_over(nominal, holds) == verdict


def cumulative_maximum(alpha_beta, recovery):
    return cumulative_eqd2(
        [eqd2(50.0, 25, alpha_beta), eqd2(20.0, 5, alpha_beta)], [*recovery, 0.0]
    )


def test_sensitivity_covers_alpha_beta_and_recovery():
    rows = sensitivity(cumulative_maximum, 3.0, [0.33])
    assert [row.alpha_beta_gy for row in rows] == [2.0] * 3 + [3.0] * 3 + [4.0] * 3
    assert [row.recovery for row in rows[:3]] == ["none", "chosen", "high"]
    assert [row.recovery_fractions for row in rows[:3]] == [(0.0,), (0.33,), (0.5,)]
    chosen = next(row for row in rows if (row.alpha_beta_gy, row.recovery) == (3.0, "chosen"))
    assert chosen.value == golden(0.67 * 50 + 28)


def test_sensitivity_takes_a_range_of_the_user():
    rows = sensitivity(cumulative_maximum, 3.0, [0.6], alpha_betas_gy=(1.5, 10.0))
    assert {row.alpha_beta_gy for row in rows} == {1.5, 10.0}
    assert rows[2].recovery_fractions == (0.6,)


def test_sensitivity_never_asks_for_an_impossible_alpha_beta():
    rows = sensitivity(cumulative_maximum, 1.2, [0.0])
    assert [row.alpha_beta_gy for row in rows[::3]] == [0.5, 1.2, 2.2]
    with pytest.raises(RadiobiologyError):
        sensitivity(cumulative_maximum, 3.0, [0.0], high_recovery=1.5)
