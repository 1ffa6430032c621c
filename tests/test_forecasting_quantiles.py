from itertools import pairwise
from math import erf, exp, pi, sqrt
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import mean_pinball_loss

from rnnbook.forecasting import (
    EmpiricalQuantiles,
    coverage,
    crps,
    mae,
    mase,
    mend_crossing,
    pinball,
    rmse,
    width,
)

RNG = np.random.default_rng(0)
MIDDLES = (np.arange(1, 200) - 0.5) / 199


def crps_gaussian(mean, std, y):
    """The closed form (Gneiting et al. 2005)."""
    z = (y - mean) / std
    density = exp(-z * z / 2) / sqrt(2 * pi)
    return std * (z * erf(z / sqrt(2)) + 2 * density - 1 / sqrt(pi))


def test_pinball_against_scikit_learn_and_its_minimum():
    quantiles, y, levels = RNG.standard_normal((7, 3)), RNG.standard_normal(7), [0.1, 0.4, 0.9]
    expected = [mean_pinball_loss(y, q, alpha=a) for q, a in zip(quantiles.T, levels, strict=True)]
    assert pinball(quantiles, y, levels) == pytest.approx(expected)
    y = RNG.standard_normal(2001)
    grid = np.linspace(-3, 3, 601)
    losses = [pinball(np.full((2001, 1), q), y, [0.8])[0] for q in grid]
    assert grid[np.argmin(losses)] == pytest.approx(np.quantile(y, 0.8), abs=0.02)


@given(
    st.lists(st.floats(-5, 5), min_size=1, max_size=6),
    st.floats(-6, 6),
    st.integers(0, 10**6),
)
def test_crps_is_the_integral_of_its_definition(values, y, seed):
    """Brute force over x, with levels that are not spread evenly."""
    q = np.sort(values)
    levels = np.sort(np.random.default_rng(seed).uniform(0.01, 0.99, len(q)))
    if (np.diff(levels) <= 0).any():
        return
    edges = np.concatenate([[0], (levels[1:] + levels[:-1]) / 2, [1]])
    corners = np.sort(np.concatenate([q, [y]]))
    integral = 0.0
    for a, b in pairwise(corners):
        x = (a + b) / 2
        F = np.diff(edges)[q <= x].sum()
        integral += (b - a) * (F - (x >= y)) ** 2
    assert crps(q[None], [y], levels) == pytest.approx(integral, abs=1e-9)


def test_crps_tends_to_the_closed_form_of_the_gaussian():
    for mean, std, y in ((0, 1, 0.3), (2, 0.5, 4), (-1, 3, -1)):
        quantiles = np.array([[NormalDist(mean, std).inv_cdf(a) for a in MIDDLES]])
        exact = crps_gaussian(mean, std, y)
        assert crps(quantiles, [y], MIDDLES) == pytest.approx(exact, rel=0.01)


def test_crps_of_one_quantile_is_the_absolute_error():
    y = RNG.standard_normal(9)
    assert crps(np.zeros((9, 1)), y, [0.5]) == pytest.approx(mae(np.zeros(9), y))


def test_crps_with_even_levels_is_twice_the_mean_pinball():
    quantiles, y = np.sort(RNG.standard_normal((5, 199))), RNG.standard_normal(5)
    assert crps(quantiles, y, MIDDLES) == pytest.approx(2 * pinball(quantiles, y, MIDDLES).mean())


def test_the_true_distribution_has_the_smallest_crps():
    y = RNG.standard_normal(4000)
    scores = {}
    for std in (0.5, 0.8, 1.0, 1.25, 2.0):
        q = np.array([NormalDist(0, std).inv_cdf(a) for a in MIDDLES])
        scores[std] = crps(np.repeat(q[None], 4000, 0), y, MIDDLES)
    assert min(scores, key=scores.get) == 1.0


@given(st.lists(st.floats(-5, 5), min_size=2, max_size=9), st.floats(-6, 6))
def test_mending_never_costs(values, y):
    levels = (np.arange(len(values)) + 0.5) / len(values)
    q = np.array([values])
    mended = mend_crossing(q)
    assert (np.diff(mended) >= 0).all() and sorted(values) == mended[0].tolist()
    assert pinball(mended, [y], levels).sum() <= pinball(q, [y], levels).sum() + 1e-12


def test_coverage_and_width():
    y = RNG.standard_normal((2000, 3))
    q = EmpiricalQuantiles([0.1, 0.9]).fit(y, y).predict(y)
    assert coverage(q[..., 0], q[..., 1], y) == pytest.approx(0.8, abs=0.002)
    assert width(q[..., 0], q[..., 1]) == pytest.approx(2 * 1.2816, abs=0.1)


def test_masked_targets_do_not_count():
    y, mask = np.array([[1.0, np.nan], [3.0, 4.0]]), np.array([[True, False], [True, True]])
    forecast = np.array([[2.0, np.nan], [3.0, 2.0]])
    assert mae(forecast, y, mask) == 1 and rmse(forecast, y, mask) == pytest.approx(sqrt(5 / 3))
    quantiles = np.stack([forecast - 1, forecast + 1], axis=-1)
    flat = quantiles[mask], y[mask], [0.25, 0.75]
    assert pinball(quantiles, y, [0.25, 0.75], mask) == pytest.approx(pinball(*flat))
    assert crps(quantiles, y, [0.25, 0.75], mask) == pytest.approx(crps(*flat))
    assert coverage(quantiles[..., 0], quantiles[..., 1], y, mask) == pytest.approx(2 / 3)
    lower, upper = np.array([[1.0, np.nan], [3.0, 2.0]]), np.array([[2.0, 0.0], [5.0, 5.0]])
    assert width(lower, upper, mask) == pytest.approx(2)
    training, there = [0.0, 2.0, np.nan, 5.0, 7.0], [True, True, False, True, True]
    assert mase(forecast, y, training, mask=mask, training_mask=there) == pytest.approx(0.5)


def test_errors():
    with pytest.raises(ValueError, match=r"targets\[1\] is not finite; expected a number, or a m"):
        mae([1.0, 2.0], [1.0, np.nan])
    with pytest.raises(ValueError, match=r"forecasts\[0, 1\] is not finite"):
        rmse([[1.0, np.nan]], [[1.0, 2.0]])
    with pytest.raises(ValueError, match=r"mask has shape \(1,\), dtype bool; expected \(2,\)"):
        mae([1.0, 2.0], [1.0, 2.0], mask=[True])
    with pytest.raises(ValueError, match="mask leaves no target"):
        mae([1.0], [1.0], mask=[False])
    with pytest.raises(ValueError, match=r"quantiles has shape \(2,\); expected \(2, 1\)"):
        pinball([1.0, 2.0], [1.0, 2.0], [0.5])
    with pytest.raises(ValueError, match=r"levels is \[0.  0.5\]"):
        crps([[1.0, 2.0]], [1.0], [0.0, 0.5])
    with pytest.raises(ValueError, match="lower is above upper"):
        width([1.0], [0.0])
    with pytest.raises(ValueError, match="lower is above upper"):
        coverage([2.0], [1.0], [1.5])
    with pytest.raises(ValueError, match=r"lower\[1\] is not finite; expected a number, or a mask"):
        width([1.0, np.nan], [2.0, 3.0])
    with pytest.raises(ValueError, match="mask leaves no target"):
        width([], [])
    with pytest.raises(ValueError, match=r"upper has shape \(2,\); expected \(1,\)"):
        width([1.0], [2.0, 3.0])
    with pytest.raises(ValueError, match=r"lower has shape \(2, 1\); expected \(2,\)"):
        coverage([[0.0], [0.0]], [1.0, 1.0], [0.5, 0.5])
    with pytest.raises(ValueError, match=r"lower has shape \(1,\); expected \(2,\)"):
        coverage([0.0], [1.0, 1.0], [0.5, 0.5])
    with pytest.raises(ValueError, match="no two values that are season = 2 steps apart"):
        mase([1.0], [1.0], [1.0, 2.0, 3.0], season=2, training_mask=[True, True, False])
